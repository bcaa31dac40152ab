/* What a TLS connection is before it is one. A handshake costs its server a signature and a key
 * agreement, a third of a millisecond with an elliptic curve and more than one with RSA, and
 * nothing else may wait for that: its steps run on threads of their own (endpoint->greeters), not
 * on the loop, and not on the workers either, where they would queue behind flushes and long
 * copies.
 *
 *   WAITING --something came--> AWAY (a greeter computes) --AGAIN--> WAITING
 *                                 |--OK----> h1_conn.c or h2_conn.c, as ALPN says (RFC 7301)
 *                                 '--FAILED> gone; a client that spoke HTTP is told of https
 *
 * While it is AWAY the channel belongs to the greeter. What should end the connection then (drain,
 * abort) is noted in `is_over` and done when it is back, which is soon: no step waits for the peer.
 * A deadline that passes meanwhile (`is_late`) ends it only if what had come is not the end of the
 * handshake. The deadline is that of a request head, and stands for the handshake as a
 * whole. */
#include "wire/greeting.h"

#include <errno.h>

#include "base/log.h"
#include "base/mem.h"
#include "io/tls_channel.h"
#include "io/worker.h"
#include "wire/h1_conn.h"
#include "wire/h2_conn.h"

struct greeting {
    struct conn base;
    struct channel *channel;
    struct task task; /* the channel's */
    struct job job;
    struct deadline deadline;
    enum channel_rc result; /* of the last step */
    struct err err;
    bool is_away;
    bool is_over;
    bool is_late;
};

/* The channel has gone, to another or for good. */
static void free_greeting(struct greeting *greeting)
{
    assert(!greeting->is_away && !greeting->channel);
    deadline_cancel(&greeting->deadline);
    loop_unqueue(&greeting->task);
    list_remove(&greeting->base.link);
    conn_done(&greeting->base);
    mem_free(greeting);
}

static void end(struct greeting *greeting)
{
    struct wire *wire = greeting->base.wire;
    if (greeting->is_away) {
        greeting->is_over = true;
        return;
    }
    channel_close(&greeting->channel, false);
    free_greeting(greeting);
    wire_conn_gone(wire);
}

/* Takes its channel. */
static struct incoming incoming_of(struct greeting *greeting)
{
    struct incoming incoming = {greeting->channel, greeting->base.endpoint, greeting->base.peer};
    greeting->channel = NULL;
    return incoming;
}

/* RFC 9110 §15.5.1; a name in the clear is not repeated in a Location, it may not be ours. */
static void answer_in_the_clear(struct greeting *greeting)
{
    static const struct refusal refusal = {
        HTTP_BAD_REQUEST, "this port speaks TLS: the address begins with https://, not http://"};
    struct wire *wire = greeting->base.wire;
    struct share *share = greeting->channel->share;
    struct err err;
    int fd = tls_channel_give_socket(&greeting->channel);
    struct incoming plain = incoming_of(greeting);
    plain.channel = channel_of_socket(wire->loop, fd, NULL, &err);
    if (plain.channel) {
        plain.channel->share = share;
        h1_conn_refuse(wire, &plain, &refusal);
    } else {
        if (share)
            budget_give(&share->connections, 1);
        wire_conn_gone(wire);
    }
    free_greeting(greeting);
}

static void hand_on(struct greeting *greeting)
{
    struct wire *wire = greeting->base.wire;
    struct incoming incoming = incoming_of(greeting);
    if (tls_channel_protocol(incoming.channel) == TLS_HTTP_2)
        h2_conn_open(wire, &incoming, STR_NONE);
    else
        h1_conn_open(wire, &incoming);
    free_greeting(greeting);
}

static void step(struct job *job)
{
    struct greeting *greeting = CONTAINER_OF(job, struct greeting, job);
    greeting->result = tls_channel_greet(greeting->channel, &greeting->err);
}

static void step_done(struct job *job)
{
    struct greeting *greeting = CONTAINER_OF(job, struct greeting, job);
    greeting->is_away = false;
    tls_channel_take_back(greeting->channel); /* queues the task if more has come */
    if (greeting->is_over) {
        end(greeting);
    } else if (greeting->result == CHANNEL_OK) {
        hand_on(greeting);
    } else if (greeting->is_late) {
        end(greeting);
    } else if (greeting->result != CHANNEL_AGAIN) {
        bool is_ours = greeting->err.code == EKEYEXPIRED; /* and not the client's fault */
        log_line(is_ours ? LOG_ERROR : LOG_DEBUG, "%s: %s", greeting->base.peer,
                 greeting->err.text);
        if (tls_channel_got_http(greeting->channel))
            answer_in_the_clear(greeting);
        else
            end(greeting);
    }
}

static void run(struct task *task)
{
    struct greeting *greeting = CONTAINER_OF(task, struct greeting, task);
    if (!tls_channel_can_greet(greeting->channel))
        return;
    greeting->is_away = true;
    tls_channel_lend(greeting->channel);
    greeting->job.home = loop_executor(greeting->base.wire->loop);
    worker_pool_submit(greeting->base.endpoint->greeters, &greeting->job);
}

static void deadline_expired(struct deadline *deadline)
{
    struct greeting *greeting = CONTAINER_OF(deadline, struct greeting, deadline);
    greeting->is_late = true;
    if (!greeting->is_away)
        end(greeting);
}

static void end_now(struct conn *base)
{
    end(CONTAINER_OF(base, struct greeting, base));
}

/* Nothing was asked yet, so drain, too, ends it at once. */
static const struct conn_ops greeting_ops = {.drain = end_now, .abort = end_now};

void greeting_open(struct wire *wire, struct incoming *incoming)
{
    struct greeting *greeting = MEM_NEW(struct greeting);
    conn_link(&greeting->base, wire, &greeting_ops, incoming);
    greeting->task.run = run;
    greeting->job.work = step;
    greeting->job.done = step_done;
    greeting->channel = incoming->channel;
    greeting->channel->ready = &greeting->task;
    incoming->channel = NULL;
    deadline_init(&greeting->deadline, deadline_expired);
    deadline_arm(wire->loop, &wire->head_deadlines, &greeting->deadline);
}
