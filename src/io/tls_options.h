/* io/tls_options.h: what a server is told of TLS. */
#pragma once

#include "base/base.h"

enum { TLS_PAIRS_MAX = 16 };

/* Where a certificate and its key are. PEM; the certificate's chain stands behind it. */
struct tls_pair_files {
    const char *certificate;
    const char *key;  /* may be the same file */
    const char *ocsp; /* an OCSP response to staple, DER; NULL: none */
};

struct tls_options {
    struct tls_pair_files pairs[TLS_PAIRS_MAX]; /* the first is for clients that name no host */
    size_t pair_count;
    const char *client_ca;  /* PEM; who may sign clients' certificates. NULL: none is asked for */
    const char *client_crl; /* PEM; which of those they have revoked. NULL: it is not asked */
    bool demands_client;    /* no connection without such a certificate */
    bool offers_h2;         /* by ALPN, besides HTTP/1.1 */
};
