/* client/options.h: how a client makes its requests. */
#pragma once

#include "base/base.h"

/* A secret for one server. */
struct client_token {
    const char *origin; /* "https://host:port" */
    const char *bearer;
};

/* How all requests of a client are made. Strings are borrowed for its life; NULL: nothing. */
struct client_options {
    /* Whom to connect to, and how. */
    const char *proxy;            /* NULL: what the environment names; "": none */
    const char *ca_file;          /* trusted beside nobody else; NULL: the system's */
    const char *certificate_file; /* to be shown, PEM */
    const char *key_file;
    bool is_insecure;    /* any certificate will do */
    bool is_public_only; /* refuse addresses that are not on the public Internet */
    bool is_http1_only;
    bool is_http2_only;       /* over plain TCP, too: both sides must know (RFC 9113 §3.3) */
    unsigned connections_max; /* kept for the next request */
    unsigned origin_connections_max; /* to one server; who comes later waits. 0: any number */

    /* How long to wait. 0: for ever. */
    unsigned connect_ms;  /* with names and TLS */
    unsigned progress_ms; /* without a byte moving, while neither side of ours makes it wait */
    unsigned answer_ms;   /* for the answer to begin, when all of the request has been sent */
    unsigned total_ms;
    unsigned expect_ms; /* for "100 Continue", where a request asks for it */

    /* What they say. */
    const char *user_agent;
    const char *accept;        /* where a request has no such field */
    bool decodes;              /* asks for codings, and undoes them */
    const char *user_password; /* "name:password" */
    const char *bearer;
    const struct client_token *tokens; /* also, each for its own; not if is_insecure */
    size_t token_count;
    const char *auth_host;   /* the only host that these two are sent to; */
    const char *auth_scheme; /* by that scheme and to that port alone, unless NULL */
    const char *auth_port;
    const char *const *headers; /* "Name: value", ended by NULL; to where credentials go, and */
    const char *const *header_hosts; /* to these hosts, ended by NULL */
    bool is_basic;              /* user_password by Basic, at once, without asking what is wanted */
    bool takes_any_scheme;      /* also those that sign in a connection; else Basic and Digest */
    bool has_netrc;             /* the passwords of a .netrc, each for its host: by https, or */
    const char *const *origins; /* where "scheme://host:port" is one of these; NULL: anyhow */
    bool takes_netrc_default;   /* its entry "default" is for where credentials go */
    const char *netrc_file;     /* NULL: ~/.netrc */
    const char *cookie_file; /* read at the start, written at the end; "": cookies, and no file */
};
