/* client/transfer_priv.h: what the files of the client share. */
#pragma once

#include "client/call.h"
#include "client/curl.h"
#include "client/options.h"
#include "client/proxy.h"
#include "client/sockets.h"
#include "text/netrc.h"

/* A request under way, or a handle that waits for the next one. */
struct transfer {
    struct client *client;
    struct call *call;
    CURL *easy;
    struct curl_slist *headers;
    struct list link;  /* in client->under_way or client->idle */
    struct list noted; /* in client->noted: there is something to do or to tell */
    int64_t started_ms;
    struct deadline deadline;

    /* The request's body. */
    struct source *upload;
    struct waker upload_waker;
    struct buf piece; /* room for a pull */
    uint64_t uploaded_bytes;
    bool has_ended;      /* nothing more is to be sent */
    bool is_send_paused; /* libcurl was told that there is nothing yet */
    bool has_rung;       /* and there is now */

    /* The answer. */
    struct source body;
    struct buf ready; /* what was received */
    size_t taken;     /* of it, by pulling */
    size_t head_bytes;
    bool is_within_head; /* a status line has come, and no empty line since */
    bool has_head;       /* the head of the answer is complete */
    bool is_told;        /* head() was called */
    bool is_awaited;     /* who pulls was told to wait */
    bool is_recv_paused; /* libcurl keeps what comes */
    bool is_closed;      /* the rest is not wanted */
    uint64_t drained_bytes;
    bool is_over; /* all has been received that will be */

    /* Why it ends, where libcurl cannot know. */
    bool is_refused;      /* the address is not public */
    bool is_stopped;      /* enough has come */
    bool is_long;         /* the head is */
    bool is_misframed;    /* the head leaves open where the body ends */
    bool has_upload_fail; /* message says why */
    bool is_unsafe_again; /* it would have been sent twice */
    int own_errno;        /* why there is no socket */
    struct proxy proxy;   /* that it goes through */
    char error[CURL_ERROR_SIZE];
    struct name_check *name_check;
};

struct client {
    struct loop *loop;
    const struct client_options *options;
    struct proxies proxies;
    CURLM *multi;
    CURLSH *share;
    CURL *cookies; /* asks for nothing: reads and writes the file of the shared cookies */
    struct task task;
    struct sockets sockets;
    bool is_due;                  /* libcurl's timer is */
    struct deadline_queue timers; /* one: libcurl's */
    struct deadline timer;
    struct deadline_queue progress_deadlines;
    struct deadline_queue answer_deadlines;
    struct deadline_queue drain_deadlines; /* of what is not wanted */
    struct list under_way;
    struct list noted;
    struct list idle;
    unsigned idle_count;
    struct arena arena; /* of the netrc */
    struct netrc netrc;
    struct list name_checks;
    int64_t no_names_until_ms; /* the resolver did not answer */
};

/* Its turn comes, soon. */
static inline void transfer_note(struct transfer *transfer)
{
    list_remove(&transfer->noted);
    list_append(&transfer->client->noted, &transfer->noted);
    loop_queue(transfer->client->loop, &transfer->client->task);
}

/* transfer.c: what libcurl asks of a request. */
void transfer_setup(struct transfer *transfer);
void transfer_touch(struct transfer *transfer); /* a byte has moved, or may */
void transfer_resume(struct transfer *transfer);
void transfer_close_upload(struct transfer *transfer);

/* ends.c: what an end means. It may take a while to find out. */
void transfer_end(struct transfer *transfer, CURLcode code);
void transfer_over(struct transfer *transfer); /* call->end is known */
void name_check_forget(struct transfer *transfer);
void name_checks_forget(struct client *client);
