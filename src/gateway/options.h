/* gateway/options.h: what a configuration says of an origin. */
#pragma once

#include "gateway/origin/health.h"

enum origin_credentials {
    CREDENTIALS_OWN,  /* those that are named here, or none */
    CREDENTIALS_PASS, /* the client's */
};

/* Of which a mount may be the union. */
enum { UNION_ORIGINS_MAX = 16 };

enum origin_version { ORIGIN_HTTP_1, ORIGIN_HTTP_2, ORIGIN_HTTP_AUTO };

/* Strings live as long as it does; NULL: not set. */
struct gateway_options {
    const char *url;
    const char *user;
    const char *password_file;
    const char *token_file;
    enum origin_credentials credentials;
    const char *ca_file;
    const char *certificate_file;
    const char *key_file;
    enum origin_version version;
    bool lacks_chunks;   /* it must be told how long a body is */
    bool takes_lost;     /* empty PUTs where a body was refused with a 401: gateway/repeats.h */
    unsigned connect_ms; /* 0: for ever; likewise below */
    unsigned progress_ms;
    unsigned answer_ms;
    unsigned listing_ms;      /* how long the listing of the collection above waits */
    unsigned connections_max; /* of all loops; 0: any number */
    struct health_options health;
};
