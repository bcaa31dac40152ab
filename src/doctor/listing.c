/* A 207 is read by libdavit's reader, and of each response that is kept which probes look at: its
 * href, and four live properties where their propstat says 2xx.
 *
 * So many members are kept as a room can have at most; of a body that has more, the rest is read
 * over. Reading and judging are two steps: a listing that is read to see whether an upload has
 * arrived should not say once more that its hrefs are wrong, which two probes are there to say.
 *
 * A path that cannot be decoded is empty here; visit_judge_listing() says so of its href. */
#include "doctor/listing.h"

#include "davit/multistatus.h"
#include "http/status.h"

static const struct address_mistakes of_href = {
    .where = "an href", .origin = MISTAKE_HREF_ORIGIN, .path = MISTAKE_HREF_PREFIX};

static struct str text_of(struct davit_ms_text text)
{
    return str_of(text.at, text.len);
}

static void take_prop(struct visit *visit, struct member *member,
                      const struct davit_ms_element *prop)
{
    struct str name = text_of(prop->name);
    struct str text = str_trim(text_of(prop->text));
    if (!str_eq(text_of(prop->ns), STR("DAV:")))
        return;
    if (str_eq(name, STR("resourcetype")))
        member->is_collection = prop->has_elements;
    else if (str_eq(name, STR("supportedlock")))
        member->has_lock_entries = prop->has_elements;
    else if (str_eq(name, STR("getetag")))
        member->tag = arena_str(visit->arena, text);
    else if (str_eq(name, STR("getcontentlength")))
        member->has_length = str_parse_u64(text, &member->length);
}

static void take_response(struct visit *visit, struct listing *listing,
                          const struct davit_ms_response *response)
{
    struct uri uri;
    bool has_slash;
    if (listing->count == MEMBERS_MAX || !response->href_count)
        return;
    struct member *member = &listing->members[listing->count++];
    *member = (struct member){.href = arena_str(visit->arena, text_of(response->hrefs[0].uri))};
    if (uri_parse(member->href, &uri) &&
        path_decode(visit->arena, uri.path, &member->path, &has_slash) != PATH_OK)
        member->path = PATH_ROOT;
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        for (size_t j = 0; j < propstat->prop_count && http_is_success(propstat->status); j++)
            take_prop(visit, member, &propstat->props[j]);
    }
}

static bool read_body(struct visit *visit, struct str body, struct listing *listing)
{
    const struct davit_ms_response *response;
    struct davit_ms_reader *reader = davit_ms_reader_new(NULL);
    enum davit_ms_rc rc = reader ? davit_ms_reader_feed(reader, body.at, body.len) : DAVIT_MS_OK;
    while (reader && (rc == DAVIT_MS_OK || rc == DAVIT_MS_RESPONSE)) {
        rc = davit_ms_reader_next(reader, &response);
        if (rc == DAVIT_MS_RESPONSE)
            take_response(visit, listing, response);
    }
    if (rc == DAVIT_MS_MORE)
        rc = davit_ms_reader_finish(reader);
    if (reader && rc != DAVIT_MS_END)
        visit_found(visit, MISTAKE_BROKEN_XML,
                    visit_text(visit, "the 207: %s", davit_ms_reader_message(reader)));
    davit_ms_reader_free(reader);
    return rc == DAVIT_MS_END;
}

bool visit_read_listing(struct visit *visit, const struct reply *reply, struct listing *listing_out)
{
    *listing_out = (struct listing){0};
    listing_out->type = reply_field(reply, STR("Content-Type"));
    return read_body(visit, reply->body, listing_out);
}

void visit_judge_listing(struct visit *visit, const struct listing *listing)
{
    if (str_starts_nocase(listing->type, STR("text/html")))
        visit_found(visit, MISTAKE_WRONG_TYPE,
                    visit_text(visit, "the 207 has Content-Type: %.*s", STR_ARGS(listing->type)));
    for (size_t i = 0; i < listing->count; i++)
        (void)visit_address(visit, listing->members[i].href, &of_href); /* it says it */
}

bool visit_list(struct visit *visit, const char *url, const char *depth,
                struct listing *listing_out)
{
    const struct question question = {
        .method = "PROPFIND",
        .url = url,
        .fields = {{.name = STR("Depth"), .value = str_of_c(depth)},
                   {.name = STR("Content-Type"), .value = STR("application/xml; charset=utf-8")}},
        .body = STR("<?xml version=\"1.0\" encoding=\"utf-8\"?>"
                    "<D:propfind xmlns:D=\"DAV:\"><D:prop><D:resourcetype/><D:getcontentlength/>"
                    "<D:getetag/><D:supportedlock/></D:prop></D:propfind>"),
    };
    const struct reply *reply = visit_ask(visit, &question);
    if (reply->status == HTTP_MULTI_STATUS)
        return visit_read_listing(visit, reply, listing_out);
    if (http_is_success(reply->status))
        visit_found(visit, MISTAKE_NOT_A_207,
                    visit_text(visit, "PROPFIND is answered %s", visit_describe(visit, reply)));
    else if (reply->status == HTTP_NOT_FOUND && visit->room)
        visit_found(visit, MISTAKE_MEMBER_MISSING,
                    visit_text(visit, "PROPFIND of %s, which was just made, is answered %s", url,
                               visit_describe(visit, reply)));
    else
        visit_refused(visit, "PROPFIND", reply);
    return false;
}

const struct member *listing_member(const struct listing *listing, struct str name)
{
    for (size_t i = 0; i < listing->count; i++) {
        if (str_eq(path_name(listing->members[i].path), name))
            return &listing->members[i];
    }
    return NULL;
}
