/* client/pool.h: many HTTP requests at a time, over libcurl. One thread. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct client_pool;

/* How all requests of a pool are made. Strings are borrowed for its life; NULL: nothing. */
struct client_options {
    const char *user_agent;
    const char *proxy;
    const char *user_password; /* "name:password" */
    const char *auth_host;     /* the only host that they and the token are sent to */
    const char *bearer;
    const char *const *headers; /* "Name: value", ended by NULL */
    const char *cookie_file;    /* read at the start, written at the end */
    const char *ca_file;        /* trusted beside nobody else; NULL: the system's */
    bool has_netrc;
    bool is_insecure;    /* any certificate will do */
    bool is_public_only; /* refuse addresses that are not on the public Internet */
    bool is_http1_only;
    unsigned connect_ms;
    unsigned total_ms; /* of a request without a byte moving */
    unsigned connections_max;
};

/* How a request ended. */
enum call_end {
    CALL_ANSWERED, /* the whole answer is there, or as much of it as was wanted */
    CALL_DNS,
    CALL_REFUSED,
    CALL_TIMEOUT,
    CALL_CUT_OFF, /* the answer ended too early */
    CALL_TLS_EXPIRED,
    CALL_TLS_NAME,
    CALL_TLS_UNTRUSTED,
    CALL_TLS_PROTOCOL,
    CALL_NOT_HTTP, /* what came was no HTTP, or broke its rules */
    CALL_PRIVATE,  /* is_public_only, and the address is not */
    CALL_PROXY,    /* the proxy failed, not the host */
    CALL_OWN,      /* trouble of this machine: descriptors, memory, its resolver */
};

/* A request, and what came of it. Embedded in who asks. */
struct call {
    /* Set before the start; borrowed until done. */
    const char *url;
    const char *method; /* GET, HEAD, or another one */
    const char *depth;  /* of a PROPFIND; NULL: none */
    struct str body;
    bool is_alone; /* on a connection of its own */
    /* The head of the answer is there: status and fields are set. Returns whether the body is
     * wanted; otherwise it is read over when it is short, and the connection closed when not. */
    bool (*head)(struct call *call);
    /* More of the body, which is wanted. False: no more of it is. */
    bool (*data)(struct call *call, struct str bytes);
    /* It has ended; may start another one, also the same struct again. */
    void (*done)(struct call *call);

    /* The result. */
    enum call_end end;
    char message[256]; /* what libcurl says, when it was not answered */
    unsigned status;   /* 0: no head came */
    struct buf type;   /* Content-Type */
    struct buf location;
    struct buf retry_after; /* as it stands there */
    bool sets_cookie;
    uint64_t body_bytes;
    uint32_t time_ms;
    char address[64]; /* of the peer */

    struct call_priv *priv; /* the pool's */
};

/* A zeroed struct call is an empty one. Not while it is under way. */
void call_free(struct call *call);

/* Borrows options. NULL: `err` says why. Gives. */
NODISCARD struct client_pool *client_pool_new(const struct client_options *options,
                                              struct err *err);
/* Ends what is under way without telling. */
void client_pool_free(struct client_pool *pool);

void client_pool_start(struct client_pool *pool, struct call *call);
unsigned client_pool_under_way(const struct client_pool *pool);

/* Waits for something to happen, `wait_ms` at most (negative: any time), and deals with it. */
void client_pool_turn(struct client_pool *pool, int64_t wait_ms);

/* Ends a request; its done() is not called. */
void client_pool_cancel(struct client_pool *pool, struct call *call);
