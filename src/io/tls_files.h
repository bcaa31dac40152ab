/* io/tls_files.h: certificates and keys as they stand on disk. */
#pragma once

#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/err.h"
#include "io/tls_options.h"

struct tls_pair {
    X509 *leaf;
    STACK_OF(X509) * chain;
    EVP_PKEY *key;
    struct buf names; /* host names it is for, lower case, each with a newline behind it */
    struct buf ocsp;  /* empty: there is none */
    int64_t ocsp_until_s;
};

/* Adds to `remarks` what is noteworthy. The pair is to be freed, also when this fails. */
NODISCARD bool tls_pair_read(struct tls_pair *pair, const struct tls_pair_files *files,
                             struct buf *remarks, struct err *err);
void tls_pair_done(struct tls_pair *pair);

/* How well the certificate fits: 0 not at all, 1 by a wildcard (RFC 6125 §6.4.3), 2 by name. */
unsigned tls_pair_fit(const struct tls_pair *pair, struct str host);

/* Reads certificates in PEM; at least one. Gives. */
NODISCARD STACK_OF(X509) *
    tls_read_certificates(const char *file, struct buf *text, struct err *err);

/* Reads revocation lists in PEM, which are in force now; at least one. *until_s_out: until when all
 * of them are. Gives. */
NODISCARD STACK_OF(X509_CRL) * tls_read_revocations(const char *file, struct buf *text,
                                                    int64_t *until_s_out, struct buf *remarks,
                                                    struct err *err);

/* Sets `err` to the text with the reason that OpenSSL gave last. Always false. */
bool tls_fail(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);
