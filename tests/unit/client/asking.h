/* tests/unit/client/asking.h: who asks: a request, and all that is told of it. */
#pragma once

#include "client/solo.h"
#include "support/scripted.h"

struct asking {
    struct solo *solo;
    struct call call;
    char url[128];
    struct scripted script; /* the request's body, where there is one */
    bool never_wakes;       /* what waits for the script waits for ever */
    size_t pull_bytes;      /* how much is pulled at a time; 0: nothing is */
    struct source *body;
    struct waker waker;
    enum pull last;
    struct buf got;
    unsigned heads;
    unsigned dones;
};

/* A GET that pulls all; change it before it starts. */
void asking_init(struct asking *asking, struct solo *solo, const char *origin, const char *path);
/* Uploads what a script of support/scripted.h says, by PUT. */
void asking_upload(struct asking *asking, const char *script, uint64_t bytes);
void asking_start(struct asking *asking);
/* One turn; what the script waits for is there then. */
void asking_turn(struct asking *asking);
/* Turns until it has ended. */
void asking_end(struct asking *asking);
/* Pulls what there is. */
void asking_pull(struct asking *asking);
void asking_free(struct asking *asking);

struct solo *asking_client(const struct client_options *options);
