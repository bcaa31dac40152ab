/* io/tls_tickets.h: the keys of session tickets. */
#pragma once

#include <pthread.h>

#include <openssl/ssl.h>

#include "base/err.h"
#include "base/shared_state.h"

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
