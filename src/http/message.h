/* http/message.h: a request and its answer, as every wire carries them (RFC 9110 §6). */
#pragma once

#include "base/budget.h"
#include "base/executor.h"
#include "base/refs.h"
#include "http/fields.h"
#include "http/status.h"
#include "stream/source.h"

struct davit_ms_verdict;
struct socket_user;

enum http_version { HTTP_1_0, HTTP_1_1, HTTP_2 };

#define LENGTH_UNKNOWN UINT64_MAX

struct http_request {
    struct str method; /* as sent; methods are case-sensitive */
    struct str target; /* as sent, for logs */
    struct str path;   /* raw path of the target; empty for "*" */
    struct str query;  /* without the '?' */
    struct str host;   /* from the target or the Host field; empty only in HTTP/1.0 */
    struct str port;
    enum http_version version;
    struct http_fields fields;
    bool has_body;
    uint64_t body_bytes;        /* LENGTH_UNKNOWN when it is not declared */
    struct str peer;            /* the client's address, for logs */
    bool is_secure;             /* it came encrypted */
    struct str forwarded_for;   /* the client's address, where `peer` is a proxy that is believed */
    struct str forwarded_proto; /* and how it came there: "http" or "https" */
    struct str forwarded_host;  /* and the hosts that it asked for, a list; empty: not said */
    struct str client;          /* whose certificate the client has shown (RFC 4514); empty: none */
    struct endpoint *endpoint;  /* where the client came in, for who listens there; may be NULL */
};

struct http_response {
    unsigned status;
    struct http_fields fields;   /* without those that the wire adds: Date, framing, connection */
    struct source *body;         /* NULL: none */
    uint64_t body_bytes;         /* LENGTH_UNKNOWN: not known before it has been sent */
    struct http_fields trailers; /* sent behind a body of unknown length, where that can be; read
                                  * when it has ended (RFC 9110 §6.5) */
    const struct davit_ms_verdict *verdict; /* of a 207 whose inside is known; NULL otherwise */
    struct str origins; /* whom a gateway has asked, and what came of it; may be empty */
    struct str note;    /* for the administrator's log; may be empty */
    struct str user;    /* who has signed in, for the access log; empty: nobody */
    struct socket_user *socket_user; /* whose the connection is behind a 101; NULL: nobody's */
};

/* One request and its answer, whichever wire carries it: a turn of an HTTP/1.1 connection or an
 * HTTP/2 stream. Made and owned by the wire; whoever handles the request must answer exactly once,
 * also after the peer has gone. One thread, except for `arena` while a worker has the exchange. */
struct http_stream {
    const struct http_stream_ops *ops;
    struct refs refs;          /* held by all that uses `arena` */
    struct arena *arena;       /* dies with the stream */
    struct executor *executor; /* of the loop that the stream lives on */
    struct budget *memory;     /* what bodies and answers take memory from; NULL: no bound */
    struct budget *sockets;    /* what WebSockets take their places from; likewise */
    struct http_request request;
    struct source *body; /* the request's body; NULL: none. Owned by the wire. */
    struct http_response response;
    struct waker *waker; /* set by the handler: rung when `has_gone` becomes true */
    bool has_gone;       /* the peer will not see an answer: no need to go on */
    int64_t started_us;  /* when its head was complete, by clock_mono_us() */
};

struct http_stream_ops {
    /* Lets a client that waits for "100 Continue" send its body (RFC 9110 §10.1.1). */
    void (*proceed)(struct http_stream *stream);

    /* `stream->response` is complete but for its body's bytes. Takes the body. */
    void (*respond)(struct http_stream *stream);

    /* Whether the peer has said that it sends no more: it may have gone, or await the answer. NULL:
     * who is there does not say so. */
    bool (*has_ended)(struct http_stream *stream);
};

/* Who handles requests. One for each loop. */
struct http_handler {
    /* A complete head has come; the body, if any, is to be pulled from stream->body. */
    void (*handle)(struct http_handler *handler, struct http_stream *stream);

    /* The answer has been sent or given up; `sent_bytes` of its body left. For the access log. */
    void (*finished)(struct http_handler *handler, const struct http_stream *stream,
                     uint64_t sent_bytes, bool is_complete);
};

/* The address that it came from, without port and brackets. */
struct str http_peer_address(const struct http_request *request);

void http_response_set(struct http_stream *stream, enum http_field id, struct str value);
