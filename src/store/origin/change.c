/* What an origin does to a tree it does by itself, and says in a 207 what it has left out; it asks
 * no visitor. So where one may refuse something, a tree is removed member by member, and is neither
 * copied nor moved within the origin.
 *
 * Of the 207 each href is reported that failed. One that cannot be read to its end says that
 * something was done, and not what: that is NO_ANSWER, whatever stood in its first half.
 *
 * A file that was read goes only as it was read (If-Match): between the two, somebody may have put
 * something there that was copied nowhere. */
#include "store/origin/change.h"

#include "multistatus/keep.h"
#include "store/origin/look.h"
#include "store/origin/responses.h"
#include "text/etag.h"

enum store_rc origin_mkcol(struct store_change *change, struct res_path path)
{
    struct origin *origin = origin_of(change->store);
    struct inquiry inquiry;
    const struct question question = {.method = "MKCOL", .path = path, .is_collection = true};
    inquiry_begin(&inquiry, origin, &question);
    enum store_rc rc = inquiry_await(&inquiry);
    if (inquiry.call && inquiry.call->status == HTTP_METHOD_NOT_ALLOWED) /* RFC 4918 §9.3.1 */
        rc = STORE_EXISTS;
    else if (rc == STORE_OK && inquiry.call->status != HTTP_CREATED)
        rc = inquiry_refuse(&inquiry, "it does not say that it has made the collection");
    inquiry_close(&inquiry);
    if (rc == STORE_OK)
        look_made(origin, path, true);
    return rc;
}

/* --- trees --- */

/* The members that a 207 names as failed. */
static enum store_rc report(struct inquiry *inquiry, struct store_visitor *visitor)
{
    struct responses responses;
    const struct davit_ms_response *response;
    size_t failures = 0;
    enum store_rc rc = responses_begin(&responses, inquiry);
    while (rc == STORE_OK && (rc = responses_next(&responses, &response)) == STORE_OK) {
        enum store_rc failed = store_rc_of_status(davit_ms_response_status(response));
        for (size_t i = 0; i < response->href_count && failed != STORE_OK; i++) {
            struct arena arena = {0};
            struct str href = str_of_text(response->hrefs[i].uri);
            struct res_path whole = inquiry->question->path;
            struct res_path path;
            if (!origin_path(&arena, href, &path) || !path_is_within(path, whole))
                path = whole; /* what it names is none of what was asked for */
            visitor->failed(visitor, path, str_ends(href, STR("/")), failed, 0);
            failures++;
            arena_done(&arena);
        }
    }
    responses_end(&responses);
    if (rc != STORE_END) /* something was done, and it is not known what */
        return STORE_NO_ANSWER;
    return failures ? STORE_PARTIAL : STORE_OK;
}

static enum store_rc change_tree(struct origin *origin, const struct question *question,
                                 struct store_visitor *visitor)
{
    struct inquiry inquiry;
    inquiry_begin(&inquiry, origin, question);
    enum store_rc rc = inquiry_await(&inquiry);
    if (rc == STORE_OK && inquiry.call->status == HTTP_MULTI_STATUS)
        rc = report(&inquiry, visitor);
    else if (rc == STORE_OK && inquiry.call->status == HTTP_ACCEPTED) /* it may be, later */
        rc = STORE_NO_ANSWER;
    inquiry_close(&inquiry);
    look_forget(origin);
    return rc;
}

/* What was read there is what goes, and nothing that was put there since. */
static void add_guard(const struct origin *origin, struct question *question)
{
    const struct seen *read = &origin->read;
    struct str rest = read->tag;
    struct etag tag;
    if (!read->path.at || !path_eq(read->path, question->path) || !etag_take(&rest, &tag) ||
        tag.is_weak)
        return;
    question->names[0] = STR("If-Match");
    question->values[0] = tag.opaque;
}

/* In one request, with all that is in it. */
static enum store_rc remove_whole(struct origin *origin, struct res_path path,
                                  struct store_visitor *visitor)
{
    struct question question = {.method = "DELETE", .path = path};
    enum store_rc rc = look_lately(origin, path);
    if (rc != STORE_OK)
        return rc;
    question.is_collection = origin->seen.stat.is_collection;
    if (!question.is_collection)
        add_guard(origin, &question);
    return change_tree(origin, &question, visitor);
}

/* Asking about each. True: it has gone. */
static bool remove_asking(struct store *store, struct res_path path, struct store_visitor *visitor,
                          unsigned depth)
{
    struct origin *origin = origin_of(store);
    struct store_cursor *cursor = NULL;
    struct store_member member;
    bool is_empty = true;
    enum store_rc rc = look_lately(origin, path);
    bool is_collection = rc == STORE_OK && origin->seen.stat.is_collection;
    unsigned reason = rc == STORE_OK ? visitor->refuse(visitor, path) : 0;
    if (rc == STORE_OK && depth > origin->x->service->limits->walk_depth)
        rc = STORE_TOO_DEEP;
    if (reason)
        rc = STORE_REFUSED;
    if (rc == STORE_OK && is_collection)
        rc = look_list(store, path, 0, &cursor);
    while (cursor && (rc = store_cursor_next(cursor, &member)) == STORE_OK) {
        struct arena arena = {0};
        struct res_path below = path_join(&arena, path, member.name);
        is_empty = remove_asking(store, below, visitor, depth + 1) && is_empty;
        arena_done(&arena);
    }
    store_cursor_close(&cursor);
    if ((rc == STORE_OK || rc == STORE_END) && is_empty)
        rc = remove_whole(origin, path, visitor);
    if (rc != STORE_OK && rc != STORE_END && rc != STORE_PARTIAL && rc != STORE_NOT_FOUND)
        visitor->failed(visitor, path, is_collection, rc, reason);
    return rc == STORE_OK || rc == STORE_NOT_FOUND;
}

enum store_rc origin_remove(struct store_change *change, struct res_path path,
                            struct store_visitor *visitor)
{
    struct origin *origin = origin_of(change->store);
    if (path_is_root(path))
        return STORE_DENIED;
    if (!visitor->may_refuse(visitor, path))
        return remove_whole(origin, path, visitor);
    enum store_rc rc = look_at(origin, path);
    if (rc != STORE_OK)
        return rc;
    return remove_asking(change->store, path, visitor, 0) ? STORE_OK : STORE_PARTIAL;
}

static enum store_rc transfer_tree(struct store_change *change,
                                   const struct store_transfer *transfer,
                                   struct store_visitor *visitor, const char *method)
{
    struct origin *origin = origin_of(change->store);
    struct buf url = {0};
    if (path_is_root(transfer->to) || path_is_within(transfer->from, transfer->to) ||
        path_is_within(transfer->to, transfer->from) ||
        visitor->may_refuse(visitor, transfer->from))
        return STORE_DENIED;
    enum store_rc rc = look_lately(origin, transfer->from);
    if (rc != STORE_OK)
        return rc;
    bool is_collection = origin->seen.stat.is_collection;
    if (!origin_add_url(origin, transfer->to, is_collection, &url)) {
        buf_done(&url);
        return STORE_DENIED;
    }
    const struct question question = {
        .method = method,
        .path = transfer->from,
        .is_collection = is_collection,
        .names = {STR("Destination"), STR("Overwrite"), STR("Depth")},
        .values = {buf_str(&url), transfer->expects_absent ? STR("F") : STR("T"),
                   transfer->is_deep || !is_collection ? STR("infinity") : STR("0")}};
    rc = change_tree(origin, &question, visitor);
    buf_done(&url);
    return rc;
}

enum store_rc origin_copy(struct store_change *change, const struct store_transfer *copy,
                          struct store_visitor *visitor)
{
    return transfer_tree(change, copy, visitor, "COPY");
}

enum store_rc origin_move(struct store_change *change, const struct store_transfer *move,
                          struct store_visitor *visitor)
{
    return transfer_tree(change, move, visitor, "MOVE");
}
