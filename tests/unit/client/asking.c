#include "asking.h"

#include "support/test.h"

enum { TURN_MS = 20 };

static void pull_rang(struct waker *waker)
{
    struct asking *asking = CONTAINER_OF(waker, struct asking, waker);
    if (asking->pull_bytes)
        asking_pull(asking);
}

void asking_pull(struct asking *asking)
{
    struct err err;
    enum pull pulled = PULL_DATA;
    while (pulled == PULL_DATA && asking->body) {
        size_t before = asking->got.len;
        size_t want = size_max(asking->pull_bytes, 1);
        pulled = source_pull(asking->body, &asking->got, want, &err);
        assert_true(asking->got.len - before <= want);
    }
    asking->last = pulled;
    if (pulled != PULL_WAIT)
        source_close(&asking->body);
}

static void on_head(struct call *call, struct source *body)
{
    struct asking *asking = CONTAINER_OF(call, struct asking, call);
    asking->heads++;
    asking->body = body;
    body->waker = &asking->waker;
    pull_rang(&asking->waker);
}

static void on_done(struct call *call)
{
    struct asking *asking = CONTAINER_OF(call, struct asking, call);
    assert_null(asking->body);
    asking->dones++;
}

void asking_init(struct asking *asking, struct solo *solo, const char *origin, const char *path)
{
    *asking = (struct asking){.solo = solo, .pull_bytes = SIZE_MAX, .last = PULL_WAIT};
    (void)snprintf(asking->url, sizeof(asking->url), "%s%s", origin, path); /* fits */
    asking->waker.ring = pull_rang;
    asking->call.url = asking->url;
    asking->call.method = "GET";
    asking->call.is_safe = true;
    asking->call.head = on_head;
    asking->call.done = on_done;
}

void asking_upload(struct asking *asking, const char *script, uint64_t bytes)
{
    scripted_init(&asking->script, script);
    asking->call.method = "PUT";
    asking->call.is_safe = false;
    asking->call.upload = &asking->script.base;
    asking->call.upload_bytes = bytes;
}

void asking_start(struct asking *asking)
{
    client_start(solo_client(asking->solo), &asking->call);
}

void asking_turn(struct asking *asking)
{
    solo_turn(asking->solo, TURN_MS);
    if (asking->script.is_awaited && !asking->script.closed && !asking->never_wakes)
        scripted_wake(&asking->script);
}

void asking_end(struct asking *asking)
{
    while (!asking->dones)
        asking_turn(asking);
    assert_int_equal(asking->dones, 1);
    assert_true(asking->heads <= 1);
}

void asking_free(struct asking *asking)
{
    assert_int_equal(asking->script.closed, asking->script.script != NULL);
    call_free(&asking->call);
    buf_done(&asking->got);
}

struct solo *asking_client(const struct client_options *options)
{
    struct err err = {0};
    struct solo *solo = solo_new(options, &err);
    if (!solo)
        fail_msg("%s", err.text);
    return solo;
}
