/* io/self_signed.h: certificates to try TLS with. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

struct self_signed_wish {
    const char *const *names; /* host names ("*.example.org" too) and IP addresses */
    size_t name_count;        /* at least 1; the first is the subject */
    unsigned days;            /* that it is valid */
};

struct self_signed {
    struct buf certificate; /* PEM */
    struct buf key;         /* PEM; not encrypted */
    struct buf fingerprint; /* of the certificate: SHA-256 as AB:CD:... */
    int64_t until_s;        /* since 1970 */
};

/* False: `err` says why. self_signed_done() frees in either case, and wipes the key. */
NODISCARD bool self_signed_make(const struct self_signed_wish *wish, struct self_signed *made,
                                struct err *err);
void self_signed_done(struct self_signed *made);
