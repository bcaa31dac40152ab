/* What is asked of a resource is always the same, and all that a store may be asked next: its type,
 * length, dates and tag, and its locks; of a listing that wants properties it is all properties,
 * which says whether there are dead ones. So one request answers stat(), locks() and tag(), as long
 * as they are about what was looked at last (origin->seen).
 *
 * A listing is read to its end before it is given: only then is it known to be complete, and an
 * origin does not wait for as long as it may take to deal with a member. It is kept as records in a
 * spool, so memory does not grow with the number of members. The member at which the cursor stands
 * is what was looked at last, until something else is, or the listing is older than FRESH_MS.
 *
 * What stands in a listing and is no member of the collection, or has a name that a store cannot
 * hold, makes it one that cannot be believed: who copies by it would leave out what he takes for
 * copied. So does one without the collection itself (RFC 4918 §9.1), or that says of it that there
 * is more (507, as of a report in RFC 6578 §3.6). */
#include "store/origin/look.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "multistatus/facts.h"
#include "multistatus/keep.h"
#include "store/origin/dead.h"
#include "store/origin/locks.h"
#include "store/origin/responses.h"
#include "stream/spool.h"
#include "text/date.h"

enum { FRESH_MS = 5000, LISTING_MEMORY = 1 << 16 };

#define NS_APACHE "http://apache.org/dav/props/"

static const char wanted[] =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?><D:propfind xmlns:D=\"DAV:\"><D:prop>"
    "<D:resourcetype/><D:getcontentlength/><D:getlastmodified/><D:getetag/><D:creationdate/>"
    "<D:lockdiscovery/><A:executable xmlns:A=\"" NS_APACHE "\"/></D:prop></D:propfind>";

static const char all[] = "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
                          "<D:propfind xmlns:D=\"DAV:\"><D:allprop/></D:propfind>";

struct str look_all(void)
{
    return str_of_c(all);
}

/* --- one resource --- */

uint64_t version_of(struct str tag, const struct store_stat *stat)
{
    static const uint64_t key[2]; /* from run to run the same: clients may have a tag of it */
    const uint64_t known[] = {stat->size_bytes, (uint64_t)stat->modified_s};
    return hash_bytes_with(key, tag.len ? tag : str_of((const char *)known, sizeof(known)));
}

static struct str text_of(const struct davit_ms_response *response, struct str name)
{
    const struct davit_ms_element *prop = fact_prop(response, name);
    return prop ? str_trim(str_of_text(prop->text)) : STR_NONE;
}

static void take_executable(const struct davit_ms_response *response, struct seen *seen)
{
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        for (size_t k = 0; http_is_success(propstat->status) && k < propstat->prop_count; k++) {
            const struct davit_ms_element *prop = &propstat->props[k];
            if (!str_eq(str_of_text(prop->ns), STR(NS_APACHE)) ||
                !str_eq(str_of_text(prop->name), STR("executable")))
                continue;
            seen->has_executable = true;
            seen->stat.is_executable = str_eq(str_trim(str_of_text(prop->text)), STR("T"));
        }
    }
}

/* All but what is known by where it stands: seen->path is set. */
static void take(struct origin *origin, const struct davit_ms_response *response, struct seen *seen)
{
    const struct davit_ms_element *type = fact_prop(response, STR("resourcetype"));
    const struct davit_ms_element *locks = fact_prop(response, STR("lockdiscovery"));
    struct store_stat *stat = &seen->stat;
    seen->rc = type ? STORE_OK : store_rc_of_status(davit_ms_response_status(response));
    if (seen->rc == STORE_OK && !type)
        seen->rc = STORE_BAD_ORIGIN;
    *stat = store_stat_unknown(type && fact_is_collection(type));
    if (!stat->is_collection &&
        !str_parse_u64(text_of(response, STR("getcontentlength")), &stat->size_bytes))
        stat->size_bytes = UINT64_MAX; /* it does not say */
    (void)!http_date_parse(text_of(response, STR("getlastmodified")), &stat->modified_s);
    seen->tag = arena_str(&seen->arena, text_of(response, STR("getetag")));
    stat->version = version_of(seen->tag, stat);
    take_executable(response, seen);
    seen->has_locks = locks && locks->has_elements;
    if (seen->has_locks && !seen->is_listed)
        locks_of_xml(origin, &seen->arena, str_of_text(locks->value), seen->path, &seen->locks);
}

static struct seen *begin_seen(struct origin *origin, struct res_path path)
{
    struct seen *seen = &origin->seen;
    struct buf copy = {0};
    buf_add(&copy, path_str(path)); /* it may stand in what is about to go */
    arena_reset(&seen->arena);
    *seen = (struct seen){.arena = seen->arena};
    struct str text = arena_str(&seen->arena, buf_str(&copy));
    seen->path = (struct res_path){text.at, text.len};
    buf_done(&copy);
    return seen;
}

/* Of Depth 0 there is one response, whatever the origin calls the resource. */
static enum store_rc read_one(struct origin *origin, struct inquiry *inquiry)
{
    struct responses responses;
    const struct davit_ms_response *response;
    enum store_rc rc = responses_begin(&responses, inquiry);
    bool has_one = false;
    while (rc == STORE_OK && (rc = responses_next(&responses, &response)) == STORE_OK) {
        if (!has_one)
            take(origin, response, &origin->seen);
        has_one = true;
    }
    responses_end(&responses);
    if (rc == STORE_END && !has_one)
        return inquiry_refuse(inquiry, "it answers with a 207 that says nothing");
    return rc == STORE_END ? origin->seen.rc : rc;
}

/* Whether the same with a slash at its end is meant. */
static bool wants_slash(const struct inquiry *inquiry)
{
    const struct call *call = inquiry->call;
    return call && !inquiry->question->is_collection && call->status >= HTTP_MULTIPLE_CHOICES &&
           call->status < HTTP_BAD_REQUEST && str_ends(call_field(call, STR("Location")), STR("/"));
}

static struct question question_about(struct res_path path, struct str depth, const char *text)
{
    return (struct question){.method = "PROPFIND",
                             .path = path,
                             .names = {STR("Depth")},
                             .values = {depth},
                             .text = str_of_c(text),
                             .is_safe = true};
}

/* Awaits the answer, also to the question with a slash. */
static enum store_rc ask(struct origin *origin, struct question *question, struct inquiry *inquiry)
{
    inquiry_begin(inquiry, origin, question);
    enum store_rc rc = inquiry_await(inquiry);
    if (!wants_slash(inquiry))
        return rc;
    inquiry_close(inquiry);
    question->is_collection = true;
    inquiry_begin(inquiry, origin, question);
    return inquiry_await(inquiry);
}

enum store_rc look_at(struct origin *origin, struct res_path path)
{
    struct seen *seen = begin_seen(origin, path);
    struct question question = question_about(seen->path, STR("0"), wanted);
    struct inquiry inquiry;
    enum store_rc rc = ask(origin, &question, &inquiry);
    if (rc == STORE_OK)
        rc = read_one(origin, &inquiry);
    inquiry_close(&inquiry);
    seen->rc = rc;
    return rc;
}

enum store_rc look_lately(struct origin *origin, struct res_path path)
{
    const struct seen *seen = &origin->seen;
    return seen->path.at && path_eq(seen->path, path) ? seen->rc : look_at(origin, path);
}

void look_made(struct origin *origin, struct res_path path, bool is_collection)
{
    begin_seen(origin, path)->stat = store_stat_unknown(is_collection);
}

void look_forget(struct origin *origin)
{
    arena_reset(&origin->seen.arena);
    origin->seen = (struct seen){.arena = origin->seen.arena};
}

/* --- a collection --- */

/* A member, as it is kept; its name stands behind it. */
struct record {
    enum store_rc rc;
    struct store_stat stat;
    bool has_locks;
    bool has_props;
    size_t name_len;
};

struct listing {
    struct store_cursor base;
    struct origin *origin;
    struct arena arena;
    struct res_path path;
    struct spool spool;
    struct buf record;
    int64_t read_at_ms;
    bool knows_props;
    bool has_own; /* a response of the collection itself */
};

static struct listing *listing_of(struct store_cursor *cursor)
{
    return CONTAINER_OF(cursor, struct listing, base);
}

static bool keep_member(struct listing *listing, const struct davit_ms_response *response,
                        struct str name)
{
    struct seen seen = {.is_listed = true};
    struct err err;
    bool has_dead = response_has_dead(response, (struct res_path){name.at, name.len});
    take(listing->origin, response, &seen);
    const struct record record = {.rc = seen.rc,
                                  .stat = seen.stat,
                                  .has_locks = seen.has_locks,
                                  .has_props = !listing->knows_props || has_dead,
                                  .name_len = name.len};
    struct buf *to = spool_buf(&listing->spool);
    buf_add(to, str_of((const char *)&record, sizeof(record)));
    buf_add(to, name);
    arena_done(&seen.arena);
    return spool_len(&listing->spool) <= listing->origin->x->service->limits->spool_bytes &&
           spool_settle(&listing->spool, &err);
}

static enum store_rc keep_response(struct listing *listing, struct inquiry *inquiry,
                                   const struct davit_ms_response *response)
{
    struct arena arena = {0};
    struct res_path path;
    enum store_rc rc = STORE_OK;
    bool is_path = response->href_count == 1 &&
                   origin_path(&arena, str_of_text(response->hrefs[0].uri), &path);
    bool is_own = is_path && path_eq(path, listing->path);
    bool is_member = is_path && !is_own && path_eq(path_parent(path), listing->path);
    listing->has_own |= is_own;
    if (!is_own && !is_member)
        rc = inquiry_refuse(inquiry, "it lists what is no member, or has a name that cannot be");
    else if (is_own && response->status && !http_is_success(response->status))
        rc = inquiry_refuse(inquiry, "it says that its listing is not the whole");
    else if (is_member && !keep_member(listing, response, path_name(path)))
        rc = STORE_NO_SPACE;
    arena_done(&arena);
    return rc;
}

static enum store_rc read_all(struct listing *listing, struct inquiry *inquiry)
{
    struct responses responses;
    const struct davit_ms_response *response;
    enum store_rc rc = responses_begin(&responses, inquiry);
    while (rc == STORE_OK && (rc = responses_next(&responses, &response)) == STORE_OK)
        rc = keep_response(listing, inquiry, response);
    if (rc == STORE_END && !listing->has_own)
        rc = inquiry_refuse(inquiry, "it lists a collection without the collection itself");
    responses_end(&responses);
    return rc == STORE_END ? STORE_OK : rc;
}

/* Exactly so many bytes. */
static bool take_bytes(struct listing *listing, size_t len)
{
    struct err err;
    bool is_fine = true;
    buf_clear(&listing->record);
    while (is_fine && listing->record.len < len)
        is_fine = spool_take(&listing->spool, &listing->record, len - listing->record.len, &err);
    return is_fine;
}

/* It is what was looked at last. */
static void stand_at(struct listing *listing, const struct record *record, struct str name)
{
    struct origin *origin = listing->origin;
    struct arena arena = {0};
    if (clock_mono_ms() - listing->read_at_ms <= FRESH_MS) {
        struct seen *seen = begin_seen(origin, path_join(&arena, listing->path, name));
        seen->rc = record->rc;
        seen->stat = record->stat;
        seen->has_locks = record->has_locks;
        seen->has_props = record->has_props;
        seen->is_listed = true;
    } else {
        look_forget(origin);
    }
    arena_done(&arena);
}

static enum store_rc listing_next(struct store_cursor *cursor, struct store_member *member_out)
{
    struct listing *listing = listing_of(cursor);
    struct record record;
    if (spool_len(&listing->spool) == 0)
        return STORE_END;
    if (!take_bytes(listing, sizeof(record)))
        return STORE_FAILED;
    memcpy(&record, listing->record.at, sizeof(record));
    if (!take_bytes(listing, record.name_len))
        return STORE_FAILED;
    struct str name = buf_str(&listing->record);
    *member_out = (struct store_member){.name = name, .rc = record.rc, .stat = record.stat};
    stand_at(listing, &record, name);
    return STORE_OK;
}

static void listing_close(struct store_cursor *cursor)
{
    struct listing *listing = listing_of(cursor);
    spool_done(&listing->spool);
    buf_done(&listing->record);
    arena_done(&listing->arena);
    mem_free(listing);
}

static const struct store_cursor_ops listing_ops = {listing_next, listing_close};

enum store_rc look_list(struct store *store, struct res_path path, unsigned wants,
                        struct store_cursor **cursor_out)
{
    struct origin *origin = origin_of(store);
    struct question question = question_about(path, STR("1"), wants & WANTS_PROPS ? all : wanted);
    struct inquiry inquiry;
    struct listing *listing = MEM_NEW(struct listing);
    question.is_collection = true;
    listing->base.ops = &listing_ops;
    listing->origin = origin;
    listing->path = path_copy(&listing->arena, path);
    listing->knows_props = wants & WANTS_PROPS;
    spool_init(&listing->spool, origin->x->service->spool_dir_fd, LISTING_MEMORY);
    enum store_rc rc = ask(origin, &question, &inquiry);
    if (rc == STORE_OK)
        rc = read_all(listing, &inquiry);
    inquiry_close(&inquiry);
    listing->read_at_ms = clock_mono_ms();
    if (rc == STORE_OK)
        *cursor_out = &listing->base;
    else
        listing_close(&listing->base);
    return rc;
}
