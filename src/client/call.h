/* client/call.h: a request to another server, and what came of it. */
#pragma once

#include "http/fields.h"
#include "http/message.h"
#include "stream/source.h"

struct transfer;

/* A request takes at most so much memory, whatever its body and its answer are. */
enum { CALL_MEMORY_MAX = 262144 };

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
    CALL_UPLOAD,   /* the request's body failed, or was not as long as it should be */
    CALL_OWN,      /* trouble of this machine: descriptors, memory, its resolver */
};

/* A request, and what came of it. Embedded in who asks. A zeroed one is empty. */
struct call {
    /* Set before the start; borrowed until it has ended. */
    const char *url;
    const char *method;
    const struct http_field_line *fields; /* in this order; not those of framing, which are ours */
    size_t field_count;
    struct str text;       /* a body that is there; at == NULL: none */
    struct source *upload; /* one that comes; taken at the start */
    uint64_t upload_bytes; /* of it, or LENGTH_UNKNOWN */
    bool is_alone;         /* on a connection of its own */
    bool is_anonymous;     /* without credentials, and headers that are meant for few */
    bool is_unverified;    /* any certificate will do: nothing of it is believed; anonymous */
    /* It changes nothing: so it is sent again when a connection that was kept turns out to be dead.
     * Any other is sent once (RFC 9110 §9.2.2). */
    bool is_safe;
    /* It goes on a kept connection only when that was idle no longer: what is sent once should not
     * meet one that the server is about to close. 0: on any. */
    unsigned idle_s_max;

    /* The head of the answer is there: status, status_line and answer are set. `body` must be
     * closed, sooner or later; what is left then is read over when it is short, and the connection
     * ended when not. NULL: only the head is wanted. */
    void (*head)(struct call *call, struct source *body);
    /* It has ended, and the body was closed. May start another one, also the same struct again. */
    void (*done)(struct call *call);

    /* What came of it; until the next start. */
    enum call_end end;
    char message[256]; /* what was wrong, when it was not answered; no secrets */
    unsigned status;   /* 0: no head came */
    struct str status_line;
    struct http_fields answer; /* all lines, in their order; no trailers */
    const char *redirect_url;  /* where a redirect leads (RFC 9110 §15.4); NULL: nowhere */
    bool was_sent;             /* a byte of it may have arrived */
    bool had_token;            /* of those for origins */
    uint64_t body_bytes;
    uint32_t time_ms;
    char address[64]; /* of the peer */

    struct arena arena;
    struct transfer *transfer; /* the client's; NULL: not under way */
};

/* The value of the last line of that name; at == NULL: there is none. */
struct str call_field(const struct call *call, struct str name);

/* Not while it is under way. */
void call_free(struct call *call);
