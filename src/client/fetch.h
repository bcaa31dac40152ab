/* client/fetch.h: one request, over HTTP/1.1 or HTTP/2; its answer in pieces as they come. Blocks.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum { FETCH_HEADERS_MAX = 32 };

enum fetch_version { FETCH_ANY, FETCH_1_1, FETCH_2 };

struct fetch_request {
    const char *url;
    const char *method;
    const char *headers[FETCH_HEADERS_MAX]; /* "Name: value" */
    size_t header_count;
    struct str body;    /* at == NULL: none */
    const char *user;   /* "NAME:PASSWORD"; NULL: none */
    const char *bearer; /* a token instead; NULL: none */
    bool has_netrc;     /* sign in with what it has for a host, unless one of these two is there */
    const char *netrc_file; /* NULL: ~/.netrc */
    const char *ca_file;    /* trusted instead of the system's; NULL: those */
    enum fetch_version version;
    bool follows;       /* redirects, with the same method: for those that are safe */
    bool is_insecure;   /* takes any certificate */
    bool is_direct;     /* through no proxy, whatever the environment names */
    unsigned timeout_s; /* without a byte coming; 0: the default */
};

/* Embedded by who wants the answer. Each returns false to stop. */
struct fetch_events {
    /* A line of a head without its end; the status line first, an empty line last. Answers that
     * are not final (1xx, a redirect that is followed, a challenge that is met) have heads, too. */
    bool (*head_line)(struct fetch_events *events, struct str line);
    bool (*body)(struct fetch_events *events, struct str bytes);
};

enum fetch_rc {
    FETCH_OK,
    FETCH_STOPPED, /* by an event */
    FETCH_BROKEN,  /* an answer began and did not end: `err` says why */
    FETCH_FAILED,  /* there was none */
};

NODISCARD enum fetch_rc fetch(const struct fetch_request *request, struct fetch_events *events,
                              struct err *err);
