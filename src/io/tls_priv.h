/* io/tls_priv.h: shared by the tls_*.c files. */
#pragma once

#include <pthread.h>

#include <openssl/ssl.h>

#include "base/shared_state.h"
#include "io/tls.h"

/* --- tls_files.c: certificates and keys as they stand on disk --- */

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

/* --- tls_tickets.c: the keys of session tickets --- */

enum { TICKET_KEYS = 4, TICKET_NAME_BYTES = 16 };

/* How long a session can be resumed. */
enum { TICKET_LIFETIME_S = 12 * 3600 };

struct ticket_key {
    uint64_t generation;                     /* 0: it has not been made */
    unsigned char name[SHARED_SECRET_BYTES]; /* a ticket has TICKET_NAME_BYTES of it */
    unsigned char cipher_key[SHARED_SECRET_BYTES];
    unsigned char mac_key[SHARED_SECRET_BYTES];
};

struct tls_tickets {
    struct shared_state *shared;
    EVP_CIPHER *cipher;
    pthread_mutex_t mutex;               /* guards the keys */
    struct ticket_key keys[TICKET_KEYS]; /* each generation in the place that is its own */
};

/* `shared` must outlive them. */
NODISCARD bool tls_tickets_init(struct tls_tickets *tickets, struct shared_state *shared,
                                struct err *err);
void tls_tickets_done(struct tls_tickets *tickets);

/* One ticket, as SSL_CTX_set_tlsext_ticket_key_evp_cb(3) shows it. */
struct ticket_use {
    unsigned char *name;
    unsigned char *iv;
    EVP_CIPHER_CTX *cipher;
    EVP_MAC_CTX *mac;
    bool is_renewed; /* opened, it is to be replaced whatever its age */
};

/* Fill in what the ticket is sealed or opened with. Return what that callback is to return. */
int tls_tickets_seal(struct tls_tickets *tickets, const struct ticket_use *use);
int tls_tickets_open(struct tls_tickets *tickets, const struct ticket_use *use);

/* --- tls.c --- */

/* A context to begin a connection with. Gives; free with SSL_CTX_free(3). */
SSL_CTX *tls_server_context(struct tls_server *server);
