/* The keys of session tickets (RFC 5077, RFC 8446 §4.6.1). A ticket holds the session itself,
 * sealed with a key that only we have, so that every loop, and every node, can resume what any of
 * them began and nothing is kept for clients that never return.
 *
 * Who learns a key can read what was said over sessions of TLS 1.2 that were resumed with it; keys
 * are therefore ours alone and short-lived. Each generation seals for ROTATE_MS and opens for as
 * long as a ticket of its last moment lives, which are two more such times. Generations are counted
 * by the clock that nodes share, but for a little (base/shared_state.h): so there is a key of the
 * next one, too, which a node that is ahead may have used.
 *
 *     generation     now-2      now-1       now       now+1
 *                    opens      opens   seals, opens  opens
 *
 * Each has the place in `keys` that is its number modulo TICKET_KEYS, where the key of four
 * generations ago was: making one wipes the other. No timer does that: whoever uses a key first
 * looks at the clock.
 *
 * Rejected: the keys that OpenSSL makes by itself; they live as long as the context, that is, until
 * the next reload, and a reload would end all sessions. */
#include "io/tls_tickets.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/random.h"
#include "io/tls_files.h"

enum { OLD_KEYS = 2, ROTATE_MS = TICKET_LIFETIME_S * 1000 / OLD_KEYS };

bool tls_tickets_init(struct tls_tickets *tickets, struct shared_state *shared, struct err *err)
{
    *tickets = (struct tls_tickets){.shared = shared,
                                    .cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL)};
    pthread_mutex_init(&tickets->mutex, NULL);
    return tickets->cipher || tls_fail(err, "this OpenSSL has no AES-256-CBC");
}

void tls_tickets_done(struct tls_tickets *tickets)
{
    OPENSSL_cleanse(tickets->keys, sizeof(tickets->keys));
    pthread_mutex_destroy(&tickets->mutex);
    EVP_CIPHER_free(tickets->cipher);
}

static struct ticket_key *key_of(struct tls_tickets *tickets, uint64_t generation)
{
    return &tickets->keys[generation % TICKET_KEYS];
}

/* Makes the keys that may be used now, and says which of them seals. */
static const struct ticket_key *rotate(struct tls_tickets *tickets)
{
    uint64_t now = (uint64_t)shared_now_ms(tickets->shared) / ROTATE_MS + TICKET_KEYS;
    for (uint64_t i = now - OLD_KEYS; i < now - OLD_KEYS + TICKET_KEYS; i++) {
        struct ticket_key *key = key_of(tickets, i);
        if (key->generation == i)
            continue;
        key->generation = i;
        shared_secret(tickets->shared, "ticket names", i, key->name);
        shared_secret(tickets->shared, "ticket ciphers", i, key->cipher_key);
        shared_secret(tickets->shared, "ticket MACs", i, key->mac_key);
    }
    return key_of(tickets, now);
}

/* NULL: it was not ours, or is no more. */
static const struct ticket_key *find_key(const struct tls_tickets *tickets,
                                         const unsigned char *name)
{
    for (size_t i = 0; i < TICKET_KEYS; i++) {
        if (memcmp(tickets->keys[i].name, name, TICKET_NAME_BYTES) == 0)
            return &tickets->keys[i];
    }
    return NULL;
}

static bool key_mac(EVP_MAC_CTX *mac, struct ticket_key *key)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac_key, sizeof(key->mac_key)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* What the callback may return; see its man page. */
enum { FAILED = -1, UNKNOWN = 0, FINE = 1, FINE_AND_RENEW = 2 };

int tls_tickets_seal(struct tls_tickets *tickets, const struct ticket_use *use)
{
    pthread_mutex_lock(&tickets->mutex);
    struct ticket_key key = *rotate(tickets);
    pthread_mutex_unlock(&tickets->mutex);
    memcpy(use->name, key.name, TICKET_NAME_BYTES);
    random_bytes(use->iv, (size_t)EVP_CIPHER_get_iv_length(tickets->cipher));
    bool is_fine =
        EVP_EncryptInit_ex2(use->cipher, tickets->cipher, key.cipher_key, use->iv, NULL) == 1 &&
        key_mac(use->mac, &key);
    OPENSSL_cleanse(&key, sizeof(key));
    return is_fine ? FINE : FAILED;
}

int tls_tickets_open(struct tls_tickets *tickets, const struct ticket_use *use)
{
    struct ticket_key key = {0};
    pthread_mutex_lock(&tickets->mutex);
    const struct ticket_key *sealing = rotate(tickets);
    const struct ticket_key *found = find_key(tickets, use->name);
    bool is_newest = found && found->generation >= sealing->generation;
    if (found)
        key = *found;
    pthread_mutex_unlock(&tickets->mutex);
    if (!found)
        return UNKNOWN;
    bool is_fine =
        EVP_DecryptInit_ex2(use->cipher, tickets->cipher, key.cipher_key, use->iv, NULL) == 1 &&
        key_mac(use->mac, &key);
    OPENSSL_cleanse(&key, sizeof(key));
    if (!is_fine)
        return FAILED;
    return is_newest && !use->is_renewed ? FINE : FINE_AND_RENEW;
}
