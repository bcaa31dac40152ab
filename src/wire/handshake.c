/* What a TLS connection is before it is one. A handshake costs its server a signature and a key
 * agreement, a third of a millisecond with an elliptic curve and more than one with RSA, and
 * nothing else may wait for that: its steps run on threads of their own (handshake_pool), not on
 * the loop, and not on the workers either, where they would queue behind flushes and long copies.
 *
 *   WAITING --something came--> AWAY (a thread computes) --AGAIN--> WAITING
 *                                 |--OK----> h1_conn.c or h2_conn.c, as ALPN says (RFC 7301)
 *                                 '--FAILED> gone; a client that spoke HTTP is told of https
 *
 * While it is AWAY the channel belongs to that thread. What should end the connection then (drain,
 * abort) is noted (OVER) and done when it is back, which is soon: no step waits for the peer. A
 * deadline that passes meanwhile (LATE) ends it only if what had come is not the end of the
 * handshake. The deadline is that of a request head, and stands for the handshake as a
 * whole. */
#include "wire/handshake.h"

#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/tls_channel.h"
#include "io/worker.h"
#include "wire/h1_conn.h"
#include "wire/h2_conn.h"

enum handshake_state {
    HANDSHAKE_WAITING, /* for the client */
    HANDSHAKE_AWAY,    /* a thread computes, and has the channel */
    HANDSHAKE_LATE,    /* the same; the deadline has passed */
    HANDSHAKE_OVER,    /* the same; it ends when the thread has done its step */
};

struct handshake {
    struct conn base;
    struct channel *channel;
    struct task task; /* the channel's */
    struct job job;
    struct deadline deadline;
    enum channel_rc result; /* of the last step */
    struct err err;
    enum handshake_state state;
};

/* The channel has gone, to another or for good. */
static void free_handshake(struct handshake *handshake)
{
    assert(handshake->state == HANDSHAKE_WAITING && !handshake->channel);
    deadline_cancel(&handshake->deadline);
    loop_unqueue(&handshake->task);
    list_remove(&handshake->base.link);
    conn_done(&handshake->base);
    mem_free(handshake);
}

static void end(struct handshake *handshake)
{
    struct wire *wire = handshake->base.wire;
    if (handshake->state != HANDSHAKE_WAITING) {
        handshake->state = HANDSHAKE_OVER;
        return;
    }
    channel_close(&handshake->channel, false);
    free_handshake(handshake);
    wire_conn_gone(wire);
}

/* Takes its channel. */
static struct incoming incoming_of(struct handshake *handshake)
{
    struct incoming incoming = {handshake->channel, handshake->base.endpoint, handshake->base.peer};
    handshake->channel = NULL;
    return incoming;
}

/* RFC 9110 §15.5.1; a name in the clear is not repeated in a Location, it may not be ours. */
static void answer_in_the_clear(struct handshake *handshake)
{
    static const struct refusal refusal = {
        HTTP_BAD_REQUEST, "this port speaks TLS: the address begins with https://, not http://"};
    struct wire *wire = handshake->base.wire;
    struct share *share = handshake->channel->share;
    struct err err;
    int fd = tls_channel_give_socket(&handshake->channel);
    struct incoming plain = incoming_of(handshake);
    plain.channel = channel_of_socket(wire->loop, fd, NULL, &err);
    if (plain.channel) {
        plain.channel->share = share;
        h1_conn_refuse(wire, &plain, &refusal);
    } else {
        if (share)
            budget_give(&share->connections, 1);
        wire_conn_gone(wire);
    }
    free_handshake(handshake);
}

static void hand_on(struct handshake *handshake)
{
    struct wire *wire = handshake->base.wire;
    struct incoming incoming = incoming_of(handshake);
    if (tls_channel_protocol(incoming.channel) == TLS_HTTP_2)
        h2_conn_open(wire, &incoming, STR_NONE);
    else
        h1_conn_open(wire, &incoming);
    free_handshake(handshake);
}

static void handshake_step(struct job *job)
{
    struct handshake *handshake = CONTAINER_OF(job, struct handshake, job);
    handshake->result = tls_channel_handshake(handshake->channel, &handshake->err);
}

static void step_done(struct job *job)
{
    struct handshake *handshake = CONTAINER_OF(job, struct handshake, job);
    enum handshake_state state = handshake->state;
    assert(state != HANDSHAKE_WAITING);
    handshake->state = HANDSHAKE_WAITING;
    tls_channel_take_back(handshake->channel); /* queues the task if more has come */
    if (state == HANDSHAKE_OVER) {
        end(handshake);
    } else if (handshake->result == CHANNEL_OK) {
        hand_on(handshake);
    } else if (state == HANDSHAKE_LATE) {
        end(handshake);
    } else if (handshake->result != CHANNEL_AGAIN) {
        bool is_ours = handshake->err.code == EKEYEXPIRED; /* and not the client's fault */
        log_line(is_ours ? LOG_ERROR : LOG_DEBUG, "%s: %s", handshake->base.peer,
                 handshake->err.text);
        if (tls_channel_got_http(handshake->channel))
            answer_in_the_clear(handshake);
        else
            end(handshake);
    }
}

static void handshake_run(struct task *task)
{
    struct handshake *handshake = CONTAINER_OF(task, struct handshake, task);
    if (!tls_channel_can_handshake(handshake->channel))
        return;
    assert(handshake->state == HANDSHAKE_WAITING); /* a channel that is lent cannot */
    handshake->state = HANDSHAKE_AWAY;
    tls_channel_lend(handshake->channel);
    handshake->job.home = loop_executor(handshake->base.wire->loop);
    worker_pool_submit(handshake->base.endpoint->handshake_pool, &handshake->job);
}

static void deadline_expired(struct deadline *deadline)
{
    struct handshake *handshake = CONTAINER_OF(deadline, struct handshake, deadline);
    if (handshake->state == HANDSHAKE_WAITING)
        end(handshake);
    else if (handshake->state == HANDSHAKE_AWAY)
        handshake->state = HANDSHAKE_LATE;
}

static void end_now(struct conn *base)
{
    end(CONTAINER_OF(base, struct handshake, base));
}

/* Nothing was asked yet, so drain, too, ends it at once. */
static const struct conn_ops handshake_ops = {.drain = end_now, .abort = end_now};

void handshake_open(struct wire *wire, struct incoming *incoming)
{
    struct handshake *handshake = MEM_NEW(struct handshake);
    conn_link(&handshake->base, wire, &handshake_ops, incoming);
    handshake->task.run = handshake_run;
    handshake->job.work = handshake_step;
    handshake->job.done = step_done;
    handshake->channel = incoming->channel;
    handshake->channel->ready = &handshake->task;
    incoming->channel = NULL;
    deadline_init(&handshake->deadline, deadline_expired);
    deadline_arm(wire->loop, &wire->head_deadlines, &handshake->deadline);
}
