/* PUT (RFC 4918 §9.7): the body goes to a staged file that becomes visible in one step.
 *
 * All that can refuse the request is asked under the change, when the body is there: it may have
 * taken an hour. Before a long body it is asked as well, and where a client waits for "100
 * Continue", which then need not send it; a short one is received in less time than that takes. A
 * body that ends early, or is longer or shorter than was announced, or has another hash, leaves the
 * old content as it was. */
#include <errno.h>

#include "dav/kept.h"
#include "dav/lock/if_check.h"
#include "dav/lock/permit.h"
#include "dav/method.h"
#include "dav/precondition.h"
#include "dav/target.h"
#include "exchange/body.h"
#include "exchange/respond.h"
#include "stream/pump.h"
#include "text/date.h"

enum {
    BATCH_BYTES = 262144,
    BATCH_BYTES_MIN = 4096,
    BATCH_BYTES_POOR = 16384,     /* when memory is short: slow, but it goes on */
    ASKS_FIRST_BYTES_MIN = 65536, /* what is shorter may as well try */
};

struct put {
    uint64_t announced_bytes;         /* LENGTH_UNKNOWN: it was not said */
    struct content_check *hash_check; /* NULL: no hash was announced */
    struct store_upload *upload;
    struct pump pump;
    bool is_pumping;
    struct store_commit commit;
};

/* --- what is asked before and after the body --- */

static struct dav_result check(struct exchange *x, bool *exists_out)
{
    const struct target *target = target_of(x);
    struct store_stat stat;
    struct dav_result result = target_stat(x, &stat, exists_out);
    bool exists = *exists_out;
    if (dav_is_fine(result) && exists && stat.is_collection)
        result = dav_from_store(STORE_IS_COLLECTION);
    if (dav_is_fine(result) && x->has_slash) /* RFC 4918 §5.2 */
        result = dav_error(HTTP_CONFLICT, "a URL that ends with a slash is for a collection");
    if (!dav_is_fine(result))
        return result;
    result = precondition_check(x, &stat, exists);
    if (dav_is_fine(result))
        result = lock_permit(x, x->arena, target->real, exists ? PERMIT_SELF : PERMIT_MEMBER);
    if (dav_is_fine(result) || exists)
        return result; /* the store says itself where a parent is missing */
    /* RFC 9110 §13.2.1: comes before those */
    struct dav_result parent = parent_check(x, target->real);
    return dav_is_fine(parent) ? result : parent;
}

/* --- before the body --- */

/* ownCloud's and rclone's header. */
static bool read_mtime(const struct exchange *x, struct store_commit *commit)
{
    struct str value = exchange_field(x, FIELD_X_OC_MTIME);
    commit->sets_modified = value.at != NULL;
    return !value.at || unix_date_parse(value, &commit->modified_s);
}

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

static struct dav_result read_fields(struct exchange *x, struct put *state)
{
    const struct http_request *request = &x->stream->request;
    if (http_fields_has(&request->fields, FIELD_CONTENT_RANGE)) /* RFC 9110 §14.5 */
        return dav_error(HTTP_BAD_REQUEST, "a partial PUT is not supported");
    struct dav_result result = exchange_check_coding(x);
    if (!dav_is_fine(result))
        return result;
    if (request->version == HTTP_1_0 &&
        !http_fields_has(&request->fields, FIELD_CONTENT_LENGTH)) /* it might be anything */
        return dav_error(HTTP_LENGTH_REQUIRED, "HTTP/1.0 needs a Content-Length");
    if (!read_mtime(x, &state->commit))
        return dav_error(HTTP_BAD_REQUEST, "X-OC-Mtime is not a number of seconds");
    state->announced_bytes = request->has_body ? request->body_bytes : 0;
    result = read_expected(exchange_field(x, FIELD_X_EXPECTED_ENTITY_LENGTH), state);
    return dav_is_fine(result) ? exchange_announced(x, &state->hash_check) : result;
}

static struct dav_result check_space(struct exchange *x, const struct put *state)
{
    const struct target *target = target_of(x);
    struct store_quota quota;
    /* Where that blocks, the upload itself will ask, and knows what it replaces. */
    if (target->store->traits.quota_blocks)
        return DAV_FINE;
    if (state->announced_bytes == LENGTH_UNKNOWN ||
        store_quota(target->store, path_parent(target->real), &quota) != STORE_OK ||
        !quota.is_known || state->announced_bytes <= quota.available_bytes)
        return DAV_FINE;
    return dav_from_store(STORE_NO_SPACE);
}

static void free_put(void *arg)
{
    struct put *state = arg;
    if (state->is_pumping)
        pump_done(&state->pump);
    store_upload_close(&state->upload);
}

static struct dav_result check_with_parent(struct exchange *x)
{
    bool exists;
    struct dav_result result = check(x, &exists);
    return dav_is_fine(result) && !exists ? parent_check(x, target_of(x)->real) : result;
}

static struct dav_result check_first(struct exchange *x, const struct put *state)
{
    if (state->announced_bytes < ASKS_FIRST_BYTES_MIN &&
        !http_fields_has(&x->stream->request.fields, FIELD_EXPECT))
        return DAV_FINE;
    struct dav_result result = check_with_parent(x);
    return dav_is_fine(result) ? check_space(x, state) : result;
}

/* Why the store has refused it: what a check has to say goes first. */
static struct dav_result refusal(struct exchange *x, enum store_rc rc)
{
    struct dav_result checked = check_with_parent(x);
    return dav_is_fine(checked) ? dav_from_store(rc) : checked;
}

static struct dav_result begin_upload(struct exchange *x, struct put *state)
{
    const struct target *target = target_of(x);
    enum store_rc rc =
        store_upload(target->store, target->real, state->announced_bytes, &state->upload);
    return rc == STORE_OK ? DAV_FINE : refusal(x, rc);
}

static enum stage_end put_check(struct exchange *x)
{
    struct target *target = target_of(x);
    struct put *state = ARENA_NEW(x->arena, struct put);
    if (target->store->traits.quota_blocks && !x->is_on_worker)
        return STAGE_BLOCKS;
    x->state = state;
    struct dav_result result = read_fields(x, state);
    if (dav_is_fine(result))
        result = target_locate(x);
    if (dav_is_fine(result))
        result = check_first(x, state);
    if (dav_is_fine(result))
        result = begin_upload(x, state);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    arena_on_reset(x->arena, free_put, state);
    return STAGE_NEXT;
}

/* --- the body --- */

/* How much is kept in memory before it is written; all of a small body, and a byte's room to see
 * that it has ended. */
static size_t batch_bytes(struct exchange *x, const struct put *state)
{
    uint64_t whole = u64_min(state->announced_bytes, BATCH_BYTES - 1) + 1;
    size_t bytes = size_max((size_t)whole, BATCH_BYTES_MIN);
    bool is_fine = bytes <= BATCH_BYTES_POOR || exchange_hold(x, bytes);
    return is_fine ? bytes : BATCH_BYTES_POOR;
}

static enum stage_end put_receive(struct exchange *x)
{
    struct put *state = x->state;
    if (!x->stream->body)
        return STAGE_NEXT;
    if (!state->is_pumping) {
        struct sink *sink = &state->upload->sink;
        state->is_pumping = true;
        state->pump = (struct pump){
            .source = x->stream->body,
            .sink = state->hash_check ? content_check_before(state->hash_check, sink) : sink,
            .executor = x->stream->executor,
            .waker = &x->waker,
            .batch_bytes = batch_bytes(x, state)};
        pump_init(&state->pump);
        x->stream->ops->proceed(x->stream);
    }
    enum pump_state pumped = pump_run(&state->pump);
    if (pumped == PUMP_WAIT)
        return STAGE_WAIT;
    if (pumped == PUMP_SOURCE_FAILED)
        return respond_error(x, exchange_body_failure(&state->pump.err));
    if (pumped == PUMP_SINK_FAILED)
        return STAGE_NEXT; /* under the change it is known what is to be said of it */
    if (state->announced_bytes != LENGTH_UNKNOWN &&
        state->pump.moved_bytes != state->announced_bytes)
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

static enum stage_end put_commit(struct exchange *x)
{
    struct put *state = x->state;
    struct store_stat stat;
    bool exists;
    struct dav_result result = check(x, &exists);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    enum store_rc rc = (enum store_rc)state->pump.sink_code;
    if (rc == STORE_OK && state->is_pumping)
        rc = (enum store_rc)pump_write_tail(&state->pump); /* nothing, when this runs again */
    if (rc != STORE_OK)
        return respond_error(x, refusal(x, rc));
    if (state->hash_check && !content_check_holds(state->hash_check))
        return respond_error(x, exchange_is_not_announced());
    /* "*" holds only as long as nobody, another program included, makes the resource first. */
    state->commit.expects_absent =
        !exists && str_eq(str_trim(exchange_field(x, FIELD_IF_NONE_MATCH)), STR("*"));
    rc = store_upload_commit(state->upload, &target_of(x)->change, &state->commit, &stat);
    if (rc == STORE_AGAIN)
        return target_refused(x, rc);
    if (rc != STORE_OK)
        return respond_error(x, refusal(x, rc));
    rc = kept_type_set(x, exists);
    if (rc != STORE_OK)
        return respond_error(x, dav_from_store(rc));
    http_response_set(x->stream, FIELD_ETAG, etag_of_stat(x->arena, &stat));
    if (state->commit.sets_modified)
        respond_field(x, FIELD_X_OC_MTIME, STR("accepted"));
    return respond_status(x, exists ? HTTP_NO_CONTENT : HTTP_CREATED);
}

const struct stage put_stages[] = {
    {"check", put_check, ON_READ},
    {"receive", put_receive, ON_LOOP},
    {"find", put_find, ON_READ, .looks = true},
    {"if", if_header_cover, ON_READ},
    {"begin", target_begin, ON_LOOP},
    {"commit", put_commit, ON_WORKER},
};
