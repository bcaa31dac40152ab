/* A chunk comes: its bytes go to the engine, and count when all of them are there. One that breaks
 * off is not there at all: a client that looks which it need not send again would leave a hole.
 *
 * Where it goes among the others its name says (name.c), and whether it has its place in the
 * content already, or waits beside it, is the engine's to know. A hash that is announced with it is
 * of the chunk; that of the file comes with the MOVE. Conditions are about the file, too, and
 * nothing is asked here but whether the file may be put where the client says that it will go. */
#include "exchange/body.h"
#include "exchange/respond.h"
#include "sync/chunk/chunk.h"
#include "sync/chunk/name.h"

static void free_append(void *arg)
{
    struct chunks *chunks = arg;
    receive_done(&chunks->receiving);
    resumable_append_close(&chunks->append);
}

static struct dav_result read_place(struct exchange *x, struct resumable_part *part)
{
    const struct http_request *request = &x->stream->request;
    struct chunk_place place;
    const struct chunk_said said = {
        .name = chunks_of(x)->name,
        .offset = str_trim(exchange_field(x, FIELD_OC_CHUNK_OFFSET)),
        .size_bytes = request->has_body ? request->body_bytes : 0,
    };
    if (!chunk_place(&said, &place))
        return dav_error(HTTP_BAD_REQUEST,
                         "the name of a chunk is a number, which says its place, perhaps with "
                         "letters, digits and -_. behind it");
    *part = (struct resumable_part){
        .is_whole = true,
        .size_bytes = LENGTH_UNKNOWN,
        .piece = said.name,
        .key = place.key,
        .next = place.next,
        .is_first = place.is_first,
        .key_is_offset = place.key_is_offset,
    };
    return DAV_FINE;
}

static enum stage_end begin(struct exchange *x)
{
    struct chunks *chunks = chunks_of(x);
    struct resumable_part part;
    struct dav_result result = exchange_check_coding(x);
    if (dav_is_fine(result))
        result = exchange_announced(x, ANNOUNCED_OF_EITHER, &chunks->check);
    if (dav_is_fine(result))
        result = chunk_may_go(x);
    if (dav_is_fine(result))
        result = read_place(x, &part);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    enum store_rc rc = resumable_append(target_of(x)->store, &chunks->key, &part, &chunks->append);
    if (rc != STORE_OK)
        return respond_error(x, chunk_result(rc));
    arena_on_reset(x->arena, free_append, chunks);
    return STAGE_NEXT;
}

static enum stage_end receive(struct exchange *x)
{
    struct chunks *chunks = chunks_of(x);
    if (!x->stream->body)
        return STAGE_NEXT;
    chunks->receiving.source = x->stream->body;
    chunks->receiving.sink = &chunks->append->sink;
    chunks->receiving.check = chunks->check;
    chunks->receiving.announced_bytes = x->stream->request.body_bytes;
    enum pump_state pumped = receive_run(x, &chunks->receiving);
    if (pumped == PUMP_WAIT)
        return STAGE_WAIT;
    if (pumped == PUMP_SOURCE_FAILED)
        return respond_error(x, exchange_body_failure(&chunks->receiving.pump.err));
    return STAGE_NEXT;
}

static enum stage_end keep(struct exchange *x)
{
    struct chunks *chunks = chunks_of(x);
    bool was_there = false;
    enum store_rc rc = receive_end(&chunks->receiving);
    if (rc == STORE_OK && chunks->check && !content_check_holds(chunks->check))
        return respond_error(x, exchange_is_not_announced());
    if (rc == STORE_OK)
        rc = resumable_append_end(chunks->append, &was_there);
    if (rc == STORE_AGAIN)
        return respond_error(x, dav_error(HTTP_CONFLICT, "the chunk has come once more"));
    if (rc != STORE_OK)
        return respond_error(x, chunk_result(rc));
    return respond_status(x, was_there ? HTTP_NO_CONTENT : HTTP_CREATED);
}

const struct stage chunk_put_stages[] = {
    {"begin", begin, ON_WORKER},
    {"receive", receive, ON_LOOP},
    {"keep", keep, ON_WORKER},
};
