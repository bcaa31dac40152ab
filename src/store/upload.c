#include "store/upload.h"

#include "store/notice/wait_room.h"

/* Where a thread waits until a sink rings, for as long as one call takes. A sink rings once for
 * each WAIT, and that is waited for; so nobody knows of it any more when it goes. */
struct ringing {
    struct wait_room room;
    struct waker waker;
    bool is_rung;
};

static void ring(struct waker *waker)
{
    CONTAINER_OF(waker, struct ringing, waker)->is_rung = true;
}

static void enter(struct ringing *ringing, struct sink *sink)
{
    *ringing = (struct ringing){.waker.ring = ring};
    wait_room_init(&ringing->room);
    sink->waker = &ringing->waker;
    sink->executor = &ringing->room.executor;
}

static void wait_for_ring(struct ringing *ringing)
{
    while (!ringing->is_rung)
        wait_room_run(&ringing->room);
    ringing->is_rung = false;
}

/* bytes == NULL: ends it. */
static enum store_rc push_all(struct sink *sink, struct str *bytes)
{
    struct ringing ringing;
    enum push pushed;
    unsigned code = STORE_OK;
    enter(&ringing, sink);
    while ((pushed = bytes ? sink_push(sink, bytes, &code) : sink_end(sink, &code)) == PUSH_WAIT)
        wait_for_ring(&ringing);
    wait_room_done(&ringing.room);
    return pushed == PUSH_FAIL ? (enum store_rc)code : STORE_OK;
}

enum store_rc store_upload_write(struct store_upload *upload, struct str bytes)
{
    struct sink *sink = &upload->sink;
    return sink->waits ? push_all(sink, &bytes) : (enum store_rc)sink_write(sink, bytes);
}

enum store_rc store_upload_end(struct store_upload *upload)
{
    return upload->sink.waits ? push_all(&upload->sink, NULL) : STORE_OK;
}
