/* A body whose length is not known. HTTP/1.1 has chunks for it, and HTTP/2 needs nothing; but some
 * origins store nothing of what comes in chunks, and say that all is well (PHP behind FastCGI). For
 * those the length must be known before the first byte is sent, and it is never guessed:
 *
 *  - Finder says it in X-Expected-Entity-Length, and Nextcloud's clients in OC-Total-Length, unless
 *    that is about a file of which this is a chunk. Is the body not so long, it fails;
 *  - otherwise it is kept, in memory up to a bound and beyond that in a file without a name.
 *
 * The body is pulled on the loop and written on a worker: the stage goes back and forth. */
#include "gateway/spool.h"

#include "exchange/body.h"
#include "exchange/respond.h"
#include "stream/spool.h"

enum { STEP_BYTES = 65536 };

static uint64_t announced_bytes(const struct exchange *x)
{
    const struct http_fields *fields = &x->stream->request.fields;
    uint64_t length = LENGTH_UNKNOWN;
    struct str total = STR_NONE;
    bool is_chunk = false;
    if (str_parse_u64(http_fields_get(fields, FIELD_X_EXPECTED_ENTITY_LENGTH), &length))
        return length;
    for (size_t i = 0; i < fields->count; i++) {
        is_chunk |= str_eq_nocase(fields->lines[i].name, STR("OC-Chunked"));
        if (str_eq_nocase(fields->lines[i].name, STR("OC-Total-Length")))
            total = fields->lines[i].value;
    }
    return !is_chunk && str_parse_u64(total, &length) ? length : LENGTH_UNKNOWN;
}

uint64_t spool_upload_bytes(const struct exchange *x)
{
    uint64_t length = x->stream->request.body_bytes;
    if (relay_of(x)->spool)
        return spool_len(relay_of(x)->spool);
    if (length == LENGTH_UNKNOWN && gateway_of(x)->lacks_chunks)
        return announced_bytes(x);
    return length;
}

static void free_spool(void *arg)
{
    spool_done(arg);
}

static struct dav_result begin(struct exchange *x)
{
    struct relay *relay = relay_of(x);
    size_t memory_bytes = x->service->limits->answer_memory_bytes;
    if (!exchange_hold(x, memory_bytes + STEP_BYTES))
        return dav_busy();
    relay->spool = ARENA_NEW(x->arena, struct spool);
    spool_init(relay->spool, x->service->spool_dir_fd, memory_bytes);
    arena_on_reset(x->arena, free_spool, relay->spool);
    x->stream->body->waker = &x->waker;
    x->stream->ops->proceed(x->stream);
    return DAV_FINE;
}

static enum stage_end settle(struct exchange *x)
{
    struct err err;
    if (spool_settle(relay_of(x)->spool, &err))
        return STAGE_RETURNS;
    x->stream->response.note = arena_str(x->arena, str_of_c(err.text));
    return respond_error(x, dav_error(HTTP_INSUFFICIENT_STORAGE,
                                      "the gateway has no room to keep the body until it is all "
                                      "there"));
}

enum stage_end spool_upload(struct exchange *x)
{
    struct relay *relay = relay_of(x);
    struct source *body = x->stream->body;
    struct dav_result result = DAV_FINE;
    struct err err;
    if (!body || (!relay->spool &&
                  (!gateway_of(x)->lacks_chunks || spool_upload_bytes(x) != LENGTH_UNKNOWN)))
        return STAGE_NEXT;
    if (x->is_on_worker)
        return settle(x);
    if (!relay->spool)
        result = begin(x);
    while (dav_is_fine(result)) {
        if (spool_buf(relay->spool)->len > relay->spool->memory_bytes_max)
            return STAGE_BLOCKS;
        if (spool_len(relay->spool) > x->service->limits->spool_bytes)
            result = dav_error(HTTP_CONTENT_TOO_LARGE,
                               "the origin must know how long the request body is: send it with "
                               "its Content-Length");
        else
            switch (source_pull(body, spool_buf(relay->spool), STEP_BYTES, &err)) {
            case PULL_DATA:
                break;
            case PULL_WAIT:
                return STAGE_WAIT;
            case PULL_END:
                return STAGE_NEXT;
            case PULL_FAIL:
                result = exchange_body_failure(&err);
                break;
            }
    }
    return respond_error(x, result);
}
