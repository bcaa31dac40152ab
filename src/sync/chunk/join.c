/* The chunks become a file. The request has been turned into a PUT of its Destination
 * (handler.c), and its content is what has come: the engine has appended most of it already, and
 * joins what is left. All else is a PUT's, under its change (dav/method/put.c).
 *
 * The answer may get lost, and a client that asks once more, or that was told 404 then, would send
 * all of it again: for an hour the engine knows what the folder has become, and as long as that is
 * at the destination, he is told so. Of another destination that would be a lie, for which clients
 * throw away what they have; so it is of one where something else is by now. Two MOVEs of one
 * folder may be under way at once, when a client did not wait: the later one finds its conditions
 * failed, or the folder over, since the earlier one has made it so, and is no failure. */
#include "dav/kept.h"
#include "dav/lock/if_check.h"
#include "dav/precondition.h"
#include "dav/prop/synced.h"
#include "dav/upload/replace.h"
#include "exchange/body.h"
#include "exchange/respond.h"
#include "sync/chunk/chunk.h"

static void free_end(void *arg)
{
    struct chunks *chunks = arg;
    resumable_commit_close(&chunks->end);
}

static struct dav_result read_checksums(const struct exchange *x, struct content_hashes *hashes)
{
    const struct http_fields *fields = &x->stream->request.fields;
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->lines[i].id == FIELD_OC_CHECKSUM &&
            !content_hashes_parse(fields->lines[i].value, hashes))
            return dav_error(HTTP_BAD_REQUEST, "the hash in OC-Checksum is none");
    }
    return DAV_FINE;
}

static enum stage_end read_fields(struct exchange *x)
{
    struct chunks *chunks = chunks_of(x);
    struct dav_result result = chunk_read_total(x, &chunks->wish.size_bytes);
    if (dav_is_fine(result))
        result = read_checksums(x, &chunks->wish.hashes);
    if (dav_is_fine(result))
        result = replace_read_dates(x, &chunks->commit);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    arena_on_reset(x->arena, free_end, chunks);
    return STAGE_NEXT;
}

/* --- the answer --- */

static enum stage_end answer(struct exchange *x, const struct store_stat *stat, bool is_new)
{
    if (stat) {
        respond_field(x, FIELD_ETAG, etag_of_stat(x->arena, stat));
        synced_tell(x, target_of(x)->real, stat);
    }
    replace_tell_dates(x, &chunks_of(x)->commit, stat);
    return respond_status(x, is_new ? HTTP_CREATED : HTTP_NO_CONTENT);
}

/* The destination has become what they were to become: by an earlier request. */
static bool is_made(struct exchange *x)
{
    struct chunks *chunks = chunks_of(x);
    const struct resumable *now = &chunks->now;
    struct store_stat stat;
    bool exists;
    enum store_rc rc =
        resumable_look(target_of(x)->store, x->arena, &chunks->key, LOOK_ONLY, &chunks->now);
    if (rc != STORE_OK || !now->is_done)
        return false;
    bool is_known = dav_is_fine(target_stat(x, &stat, &exists)) && exists;
    return is_known && (!now->has_stat || stat.version == now->stat.version);
}

static enum stage_end refuse(struct exchange *x, struct dav_result why)
{
    const struct resumable *now = &chunks_of(x)->now;
    if (!is_made(x))
        return respond_error(x, why);
    return answer(x, now->has_stat ? &now->stat : NULL, now->was_new);
}

/* --- before the change --- */

/* In the order in which they are joined, what is in the content already can have come too soon, if
 * it is called as the first and is not. A length that is wrong the engine is not told: it would be
 * that of the whole from then on, and the client may know better the next time. */
static enum store_rc check_pieces(struct exchange *x)
{
    const struct chunks *chunks = chunks_of(x);
    struct resumable_pieces pieces = {0};
    uint64_t bytes = 0;
    enum store_rc rc = resumable_pieces(target_of(x)->store, x->arena, &chunks->key, &pieces);
    for (size_t i = 0; i < pieces.count && rc == STORE_OK; i++) {
        bytes += pieces.items[i].bytes;
        if (i && pieces.items[i].key <= pieces.items[i - 1].key)
            rc = STORE_LENGTH;
    }
    uint64_t wanted = chunks->wish.size_bytes;
    return rc == STORE_OK && wanted != LENGTH_UNKNOWN && wanted != bytes ? STORE_LENGTH : rc;
}

static enum store_rc prepare(struct exchange *x)
{
    struct chunks *chunks = chunks_of(x);
    struct target *target = target_of(x);
    if (chunks->end && path_eq(chunks->end->upload->path, target->real))
        return STORE_OK;
    resumable_commit_close(&chunks->end);
    enum store_rc rc =
        resumable_look(target->store, x->arena, &chunks->key, LOOK_SETTLE, &chunks->now);
    if (rc == STORE_OK && chunks->now.is_done)
        return STORE_DONE;
    if (rc == STORE_OK)
        rc = check_pieces(x);
    chunks->wish.target = target->real;
    if (rc == STORE_OK)
        rc = resumable_prepare(target->store, x->arena, &chunks->key, &chunks->wish, &chunks->end);
    return rc;
}

static enum stage_end find(struct exchange *x)
{
    struct target *target = target_of(x);
    struct dav_result result = target_locate(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    enum store_rc rc = prepare(x);
    bool is_over = rc == STORE_NOT_FOUND || rc == STORE_DONE;
    if (rc != STORE_OK)
        return refuse(x, is_over ? chunk_result(rc) : replace_refusal(x, rc));
    change_add(&target->change, target->real, CLAIM_SELF, true);
    change_add(&target->change, path_parent(target->real), CLAIM_SELF, false);
    return STAGE_NEXT;
}

/* --- under the change --- */

static enum stage_end commit(struct exchange *x)
{
    struct chunks *chunks = chunks_of(x);
    struct store_stat stat;
    struct dav_result result = replace_check(x, &stat, &chunks->exists);
    if (dav_is_fine(result) && chunks->exists && !chunks->overwrites)
        result = dav_error(HTTP_PRECONDITION_FAILED, "there is something at the destination");
    if (!dav_is_fine(result))
        return refuse(x, result);
    const struct store_seen seen = {chunks->exists, precondition_is_about_version(x), stat.version};
    bool wants_absent =
        !chunks->overwrites || str_eq(str_trim(exchange_field(x, FIELD_IF_NONE_MATCH)), STR("*"));
    chunks->commit.expects_absent = !chunks->exists && wants_absent;
    chunks->commit.seen = &seen;
    chunks->commit.hashes = &chunks->wish.hashes;
    enum store_rc rc = resumable_commit(chunks->end, &target_of(x)->change, &chunks->commit,
                                        !chunks->exists, &stat);
    if (rc == STORE_AGAIN) { /* perhaps since one more chunk has come */
        resumable_commit_close(&chunks->end);
        return target_refused(x, rc);
    }
    if (rc == STORE_DONE)
        return refuse(x, chunk_result(rc));
    if (rc == STORE_OK)
        rc = kept_type_set(x, STR_NONE, chunks->exists);
    if (rc != STORE_OK)
        return respond_error(x, replace_refusal(x, rc));
    return answer(x, &stat, !chunks->exists);
}

const struct stage chunk_join_stages[] = {
    {"no body", exchange_expect_no_body, ON_LOOP},
    {"read", read_fields, ANYWHERE},
    {"find", find, ON_WORKER, .looks = true},
    {"if", if_header_cover, ON_READ},
    {"begin", target_begin, ON_LOOP},
    {"commit", commit, ON_WORKER},
};
