/* PUT (RFC 4918 §9.7): the body goes to a staged file that becomes visible in one step; or, of a
 * request for a part, the whole with the part in it (dav/upload/part.c), which is PATCH, too.
 *
 * All that can refuse the request is asked under the change, when the body is there: it may have
 * taken an hour. It is asked on the loop, which has looked there a moment ago, and the commit, on a
 * worker, is told what was seen: where another program has made something else of it since, all is
 * asked again. Before a long body it is asked as well, and where a client waits for "100
 * Continue", which then need not send it; a short one is received in less time than that takes. A
 * body that ends early, or is longer or shorter than was announced, or has another hash, leaves the
 * old content as it was. */
#include "dav/kept.h"
#include "dav/lock/if_check.h"
#include "dav/method.h"
#include "dav/method/content.h"
#include "dav/precondition.h"
#include "dav/prop/synced.h"
#include "dav/target.h"
#include "dav/upload/part.h"
#include "dav/upload/receive.h"
#include "dav/upload/replace.h"
#include "exchange/body.h"
#include "exchange/respond.h"

enum { ASKS_FIRST_BYTES_MIN = 65536 }; /* what is shorter may as well try */

struct put {
    uint64_t announced_bytes;         /* LENGTH_UNKNOWN: it was not said */
    struct content_check *hash_check; /* NULL: no hash of the whole was announced */
    struct store_upload *upload;
    struct receiving receiving; /* its source NULL: there is nothing */
    struct store_seen seen;     /* what was judged */
    struct store_commit commit;
    bool is_part;
    struct upload_part wish;
    struct part part;
};

/* --- before the body --- */

/* Finder sends files in chunks and says their length here. A proxy that wants a length first may
 * have lost the body, and then it says which. */
static struct dav_result read_expected(struct str expected, struct put *state)
{
    uint64_t bytes;
    if (!expected.at)
        return DAV_FINE;
    if (!str_parse_u64(expected, &bytes))
        return dav_error(HTTP_BAD_REQUEST, "X-Expected-Entity-Length is not a number");
    if (state->announced_bytes != LENGTH_UNKNOWN && state->announced_bytes != bytes)
        return dav_error(HTTP_BAD_REQUEST,
                         "the content does not have the length that "
                         "X-Expected-Entity-Length says; a proxy may have lost it");
    state->announced_bytes = bytes;
    return DAV_FINE;
}

/* RFC 9530 §3: a PUT of a part has hashes of the part, and of the whole that comes of it. Of a
 * PATCH all are of its content, which is a representation by itself. */
static struct dav_result read_hashes(struct exchange *x, struct put *state)
{
    bool is_patch = x->method->id == METHOD_PATCH;
    if (!state->is_part)
        return exchange_announced(x, ANNOUNCED_OF_EITHER, &state->hash_check);
    struct dav_result result = exchange_announced(
        x, is_patch ? ANNOUNCED_OF_EITHER : ANNOUNCED_OF_CONTENT, &state->part.check);
    if (dav_is_fine(result) && !is_patch)
        result = exchange_announced(x, ANNOUNCED_OF_WHOLE, &state->hash_check);
    return result;
}

static struct dav_result read_fields(struct exchange *x, struct put *state)
{
    const struct http_request *request = &x->stream->request;
    struct str complete = exchange_field(x, FIELD_UPLOAD_COMPLETE);
    struct dav_result result = part_read(x, &state->is_part, &state->wish);
    if (complete.at && str_eq(str_trim(complete), STR("?0"))) /* a half is no whole */
        return dav_error(HTTP_BAD_REQUEST,
                         "an upload in parts is not offered here, or not in this version");
    if (dav_is_fine(result))
        result = exchange_check_coding(x);
    if (dav_is_fine(result))
        result = replace_check_length(x);
    if (dav_is_fine(result))
        result = replace_read_dates(x, &state->commit);
    if (!dav_is_fine(result))
        return result;
    state->announced_bytes = request->has_body ? request->body_bytes : 0;
    result = read_expected(exchange_field(x, FIELD_X_EXPECTED_ENTITY_LENGTH), state);
    return dav_is_fine(result) ? read_hashes(x, state) : result;
}

static void free_put(void *arg)
{
    struct put *state = arg;
    receive_done(&state->receiving);
    store_upload_close(&state->upload);
}

static struct dav_result check_first(struct exchange *x, const struct put *state)
{
    struct store_stat stat;
    bool exists;
    if (state->announced_bytes < ASKS_FIRST_BYTES_MIN && !state->is_part &&
        !http_fields_has(&x->stream->request.fields, FIELD_EXPECT))
        return DAV_FINE;
    struct dav_result result = replace_check_first(x, &stat, &exists);
    return dav_is_fine(result) ? replace_check_space(x, state->announced_bytes) : result;
}

/* From where the upload is filled, and with how much. */
static struct dav_result find_source(struct exchange *x, struct put *state)
{
    state->receiving.source = x->stream->body;
    if (!state->is_part)
        return DAV_FINE;
    struct dav_result result = part_open(x, &state->wish, &state->part);
    state->receiving.source = state->part.source;
    state->announced_bytes = state->part.bytes;
    return result;
}

static struct dav_result begin_upload(struct exchange *x, struct put *state)
{
    const struct target *target = target_of(x);
    replace_make_room(x, state->announced_bytes);
    enum store_rc rc =
        store_upload(target->store, target->real, state->announced_bytes, &state->upload);
    if (rc != STORE_OK)
        return replace_refusal(x, rc);
    state->receiving.sink = &state->upload->sink;
    state->receiving.check = state->hash_check;
    state->receiving.announced_bytes = state->announced_bytes;
    return DAV_FINE;
}

/* RFC 8144 §3.2: where a condition has failed, what is there now may be shown. */
static enum stage_end refuse(struct exchange *x, struct dav_result result)
{
    if (result.status == HTTP_PRECONDITION_FAILED &&
        content_respond_wish(x, HTTP_PRECONDITION_FAILED))
        return STAGE_DONE;
    return respond_error(x, result);
}

static enum stage_end put_check(struct exchange *x)
{
    struct target *target = target_of(x);
    struct put *state = ARENA_NEW(x->arena, struct put);
    if ((target->store->traits.quota_blocks || content_is_wished(x)) && !x->is_on_worker)
        return STAGE_BLOCKS;
    x->state = state;
    struct dav_result result = read_fields(x, state);
    if (dav_is_fine(result))
        result = target_locate(x);
    if (dav_is_fine(result))
        result = check_first(x, state);
    if (dav_is_fine(result))
        result = find_source(x, state);
    if (dav_is_fine(result))
        result = begin_upload(x, state);
    if (!dav_is_fine(result))
        return refuse(x, result);
    arena_on_reset(x->arena, free_put, state);
    return STAGE_NEXT;
}

/* --- the body --- */

static enum stage_end put_receive(struct exchange *x)
{
    struct put *state = x->state;
    struct pump *pump = &state->receiving.pump;
    if (!state->receiving.source)
        return STAGE_NEXT;
    enum pump_state pumped = receive_run(x, &state->receiving);
    if (pumped == PUMP_WAIT)
        return STAGE_WAIT;
    if (pumped == PUMP_SOURCE_FAILED)
        return respond_error(x, exchange_body_failure(&pump->err));
    if (pumped == PUMP_SINK_FAILED)
        return STAGE_NEXT; /* under the change it is known what is to be said of it */
    if (state->announced_bytes != LENGTH_UNKNOWN && pump->moved_bytes != state->announced_bytes)
        return respond_error(
            x, dav_error(HTTP_BAD_REQUEST, "the content does not have the announced length"));
    return STAGE_NEXT;
}

/* --- after the body --- */

/* The content is where it was sent to before the body came. */
static enum stage_end put_find(struct exchange *x)
{
    struct target *target = target_of(x);
    const struct put *state = x->state;
    struct dav_result result = target_locate(x);
    if (dav_is_fine(result) && !path_eq(target->real, state->upload->path))
        result = dav_from_store(STORE_AGAIN);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    change_add(&target->change, target->real, CLAIM_SELF, true);
    change_add(&target->change, path_parent(target->real), CLAIM_SELF, false);
    return STAGE_NEXT;
}

static enum stage_end put_judge(struct exchange *x)
{
    struct put *state = x->state;
    struct store_stat stat;
    bool exists;
    if (content_is_wished(x) && !x->is_on_worker)
        return STAGE_BLOCKS;
    struct dav_result result = replace_check(x, &stat, &exists);
    if (dav_is_fine(result) && state->is_part)
        result = part_check(&state->part, &stat, exists);
    if (!dav_is_fine(result))
        return refuse(x, result);
    bool has_version = state->is_part || precondition_is_about_version(x);
    state->seen = (struct store_seen){exists, has_version, stat.version};
    return STAGE_NEXT;
}

/* What was announced, if anything was. */
static bool holds(struct content_check *check)
{
    return !check || content_check_holds(check);
}

static enum stage_end put_commit(struct exchange *x)
{
    struct put *state = x->state;
    struct store_stat stat;
    bool exists = state->seen.exists;
    enum store_rc rc = receive_end(&state->receiving);
    if (rc != STORE_OK)
        return refuse(x, replace_refusal(x, rc));
    if (!holds(state->hash_check) || !holds(state->part.check))
        return respond_error(x, exchange_is_not_announced());
    if (state->hash_check) /* that of a part says nothing of the whole */
        state->commit.hashes = content_check_found(state->hash_check);
    /* "*" holds only as long as nobody, another program included, makes the resource first. */
    state->commit.expects_absent =
        !exists && str_eq(str_trim(exchange_field(x, FIELD_IF_NONE_MATCH)), STR("*"));
    state->commit.seen = &state->seen;
    rc = store_upload_commit(state->upload, &target_of(x)->change, &state->commit, &stat);
    if (rc == STORE_AGAIN)
        return target_refused(x, rc);
    if (rc != STORE_OK)
        return refuse(x, replace_refusal(x, rc));
    rc = state->is_part && exists ? STORE_OK
                                  : kept_type_set(x, exchange_field(x, FIELD_CONTENT_TYPE), exists);
    if (rc != STORE_OK)
        return respond_error(x, dav_from_store(rc));
    http_response_set(x->stream, FIELD_ETAG, etag_of_stat(x->arena, &stat));
    synced_tell(x, target_of(x)->real, &stat);
    replace_tell_dates(x, &state->commit, &stat);
    if (content_respond_wish(x, exists ? HTTP_OK : HTTP_CREATED)) /* RFC 8144 §3.1 */
        return STAGE_DONE;
    return respond_status(x, exists ? HTTP_NO_CONTENT : HTTP_CREATED);
}

const struct stage put_stages[] = {
    {"check", put_check, ON_READ},
    {"receive", put_receive, ON_LOOP},
    {"find", put_find, ON_READ, .looks = true},
    {"if", if_header_cover, ON_READ},
    {"begin", target_begin, ON_LOOP},
    {"judge", put_judge, ON_READ},
    {"commit", put_commit, ON_WORKER},
};
