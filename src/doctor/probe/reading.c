/* Probes of what is read: of the URL itself, where nothing may be changed, and of the room.
 *
 * What a server may do in several ways is no mistake, whichever it does: GET of a collection may be
 * a page or a refusal, a collection without its slash may be answered or redirected, and there need
 * not be calendars. Where a redirect leads is looked at in all of these, since there a proxy that
 * does not map Location is found first. From http to https it may lead. */
#include "base/random.h"
#include "doctor/listing.h"
#include "doctor/probes.h"
#include "http/status.h"

static const struct address_mistakes of_redirect = {.where = "Location",
                                                    .origin = MISTAKE_REDIRECT_INNER,
                                                    .path = MISTAKE_REDIRECT_INNER,
                                                    .may_be_upgraded = true,
                                                    .may_be_relative = true};

static bool is_redirect(const struct reply *reply)
{
    return reply_field(reply, STR("Location")).len && reply->status >= HTTP_MOVED_PERMANENTLY &&
           reply->status <= HTTP_PERMANENT_REDIRECT;
}

/* --- of the URL --- */

void probe_options(struct visit *visit)
{
    const struct question question = {.method = "OPTIONS", .url = visit->options->url};
    const struct reply *reply = visit_ask(visit, &question);
    if (!http_is_success(reply->status)) {
        visit_refused(visit, "OPTIONS", reply);
        return;
    }
    struct str classes = http_fields_join(reply->fields, FIELD_DAV, visit->arena);
    struct str allow = http_fields_join(reply->fields, FIELD_ALLOW, visit->arena);
    visit->allow = arena_str(visit->arena, allow);
    visit->has_locks = http_list_has(classes, STR("2"));
    if (!http_list_has(classes, STR("1")))
        visit_found(visit, MISTAKE_NOT_DAV,
                    visit_text(visit, "OPTIONS is answered %s, without DAV: 1",
                               visit_describe(visit, reply)));
    else
        visit_note(visit, visit_text(visit, "DAV: %.*s", STR_ARGS(classes)));
}

static const struct reply *ask_anonymously(struct visit *visit, const char *method)
{
    const struct question question = {.method = method,
                                      .url = visit->options->url,
                                      .fields = {{.name = STR("Depth"), .value = STR("0")}},
                                      .is_anonymous = true};
    return visit_ask(visit, &question);
}

/* RFC 9110 §15.5.2; and a page to sign in at is for browsers only. */
static void judge_challenge(struct visit *visit, const char *method, const struct reply *reply)
{
    const char *detail =
        visit_text(visit, "%s is answered %s", method, visit_describe(visit, reply));
    bool has_challenge = reply_field(reply, STR("WWW-Authenticate")).len;
    if (reply->status == HTTP_UNAUTHORIZED && !has_challenge)
        visit_found(visit, MISTAKE_NO_CHALLENGE, detail);
    else if (is_redirect(reply) && visit->has_credentials)
        visit_found(visit, MISTAKE_NO_CHALLENGE,
                    visit_text(visit, "%s, to %.*s", detail,
                               STR_ARGS(reply_field(reply, STR("Location")))));
}

void probe_sign_in(struct visit *visit)
{
    const struct reply *propfind = ask_anonymously(visit, "PROPFIND");
    const struct reply *options = ask_anonymously(visit, "OPTIONS");
    const struct reply *get = ask_anonymously(visit, "GET");
    if (!propfind->status) {
        visit_refused(visit, "PROPFIND", propfind);
        return;
    }
    judge_challenge(visit, "PROPFIND", propfind);
    judge_challenge(visit, "OPTIONS", options);
    if (propfind->status == HTTP_MULTI_STATUS && get->status == HTTP_UNAUTHORIZED)
        visit_found(visit, MISTAKE_AUTH_SKIPPED, "GET is answered 401, PROPFIND 207");
    else if (propfind->status == HTTP_MULTI_STATUS)
        visit_note(visit, "it can be read without a password");
    else if (propfind->status == HTTP_UNAUTHORIZED && !visit->has_credentials)
        visit_unknown(visit, "a password is asked for, and none was given");
}

void probe_propfind(struct visit *visit)
{
    struct listing listing;
    if (!visit_list(visit, visit->options->url, "0", &listing))
        return;
    visit_judge_listing(visit, &listing);
    if (listing.count != 1)
        visit_unknown(visit,
                      visit_text(visit, "Depth 0 is answered with %zu responses", listing.count));
    else if (!listing.members[0].is_collection)
        visit_unknown(visit, "it is not a collection");
}

static void judge_missing(struct visit *visit, const char *method, const struct reply *reply)
{
    bool is_replaced = http_is_success(reply->status) || is_redirect(reply);
    if (is_replaced)
        visit_found(visit, MISTAKE_ERRORS_REPLACED,
                    visit_text(visit, "%s of what does not exist is answered %s", method,
                               visit_describe(visit, reply)));
    else if (reply->status != HTTP_NOT_FOUND)
        visit_refused(visit, method, reply);
}

void probe_missing(struct visit *visit)
{
    const char *url = visit_text(visit, "%sdavit-doctor-missing-%016llx", visit->options->url,
                                 (unsigned long long)random_u64());
    const struct question question = {
        .method = "PROPFIND", .url = url, .fields = {{.name = STR("Depth"), .value = STR("0")}}};
    judge_missing(visit, "GET", visit_get(visit, url));
    judge_missing(visit, "PROPFIND", visit_ask(visit, &question));
}

/* RFC 6764 §5: it leads to where calendars are, which may be anywhere at this host. */
void probe_well_known(struct visit *visit)
{
    static const char *const names[] = {"caldav", "carddav"};
    struct address_mistakes kind = of_redirect;
    struct str origin = str_of_c(visit->options->url);
    size_t path_at = (size_t)(visit->url.path.at - origin.at);
    bool leads_anywhere = false;
    kind.path = MISTAKE_COUNT;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *url = visit_text(visit, "%.*s/.well-known/%s",
                                     STR_ARGS(str_first(origin, path_at)), names[i]);
        const struct reply *reply = visit_get(visit, url);
        if (is_redirect(reply)) {
            leads_anywhere = true;
            (void)visit_address(visit, reply_field(reply, STR("Location")), &kind); /* it says it */
        } else if (!reply->status) {
            visit_refused(visit, "GET", reply);
        }
    }
    if (!leads_anywhere && visit->result->outcome == OUTCOME_OK)
        visit_note(visit, "they lead nowhere, as where there are no calendars");
}

/* --- of the room --- */

void probe_listing(struct visit *visit)
{
    static const char *const names[] = {"one.txt", "two.txt"};
    static const struct str text = STR_INIT("thirteen byte");
    struct listing listing;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!visit_can_put(visit, visit_url(visit, names[i]), text))
            return;
    }
    if (!visit_list(visit, visit->room, "1", &listing))
        return;
    visit_judge_listing(visit, &listing);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct member *member = listing_member(&listing, str_of_c(names[i]));
        if (!member)
            visit_found(visit, MISTAKE_MEMBER_MISSING,
                        visit_text(visit, "%s was written and is not listed", names[i]));
        else if (member->has_length && member->length != text.len)
            visit_found(visit, MISTAKE_BODY_LOST,
                        visit_text(visit, "%zu bytes were sent, %llu are listed", text.len,
                                   (unsigned long long)member->length));
    }
}

/* RFC 4918 §9.4: what it gives is up to the server; a refusal is an answer, too. */
void probe_get_collection(struct visit *visit)
{
    const struct reply *reply = visit_get(visit, visit->room);
    const char *detail = visit_text(visit, "GET is answered %s", visit_describe(visit, reply));
    if (reply->status == HTTP_MULTI_STATUS)
        visit_found(visit, MISTAKE_GET_207, detail);
    else if (is_redirect(reply))
        (void)visit_address(visit, reply_field(reply, STR("Location")),
                            &of_redirect); /* it says it */
    else if (!reply->status || reply->status >= HTTP_BAD_GATEWAY)
        visit_refused(visit, "GET", reply);
    else
        visit_note(visit, detail);
}

void probe_redirect(struct visit *visit)
{
    static const char *const methods[] = {"GET", "PROPFIND"};
    struct str room = str_of_c(visit->room);
    const char *url = arena_text(visit->arena, str_first(room, room.len - 1));
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        const struct question question = {.method = methods[i],
                                          .url = url,
                                          .fields = {{.name = STR("Depth"), .value = STR("0")}}};
        const struct reply *reply = visit_ask(visit, &question);
        if (is_redirect(reply))
            (void)visit_address(visit, reply_field(reply, STR("Location")),
                                &of_redirect); /* likewise */
        else if (!reply->status)
            visit_refused(visit, methods[i], reply);
    }
}
