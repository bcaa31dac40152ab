/* The keys of session tickets (RFC 5077, RFC 8446 §4.6.1). A ticket holds the session itself,
 * sealed with a key that only we have, so that every loop can resume what any of them began and
 * nothing is kept for clients that never return.
 *
 * Who learns a key can read what was said over sessions of TLS 1.2 that were resumed with it; keys
 * are therefore ours alone, never on disk, and short-lived: each seals for ROTATE_MS and opens for
 * as long as a ticket of its last moment lives, which are two more such times. Then it is wiped. No
 * timer does that: whoever uses a key first looks at the clock.
 *
 * Rejected: the keys that OpenSSL makes by itself; they live as long as the context, that is, until
 * the next reload, and a reload would end all sessions. */
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/clock.h"
#include "base/random.h"
#include "io/tls_priv.h"

enum { ROTATE_MS = TICKET_LIFETIME_S * 1000 / (TICKET_KEYS - 1) };

bool tls_tickets_init(struct tls_tickets *tickets, struct err *err)
{
    *tickets = (struct tls_tickets){.cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL)};
    pthread_mutex_init(&tickets->mutex, NULL);
    return tickets->cipher || tls_fail(err, "there is no AES-256-CBC");
}

void tls_tickets_done(struct tls_tickets *tickets)
{
    OPENSSL_cleanse(tickets->keys, sizeof(tickets->keys));
    pthread_mutex_destroy(&tickets->mutex);
    EVP_CIPHER_free(tickets->cipher);
}

/* Wipes what is too old, and sees to it that the first key may seal. */
static void rotate(struct tls_tickets *tickets)
{
    int64_t now_ms = clock_mono_ms();
    struct ticket_key *keys = tickets->keys;
    while (tickets->count &&
           now_ms - keys[tickets->count - 1].made_ms >= (int64_t)TICKET_KEYS * ROTATE_MS)
        OPENSSL_cleanse(&keys[--tickets->count], sizeof(keys[0]));
    if (tickets->count && now_ms - keys[0].made_ms < ROTATE_MS)
        return;
    tickets->count = size_min(tickets->count + 1, TICKET_KEYS);
    memmove(&keys[1], &keys[0], (tickets->count - 1) * sizeof(keys[0]));
    random_bytes(&keys[0], sizeof(keys[0]));
    keys[0].made_ms = now_ms;
}

/* NULL: it was not ours, or is no more. */
static const struct ticket_key *find(const struct tls_tickets *tickets, const unsigned char *name)
{
    for (size_t i = 0; i < tickets->count; i++) {
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
    rotate(tickets);
    struct ticket_key key = tickets->keys[0];
    pthread_mutex_unlock(&tickets->mutex);
    memcpy(use->name, key.name, sizeof(key.name));
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
    rotate(tickets);
    const struct ticket_key *found = find(tickets, use->name);
    bool is_newest = found == &tickets->keys[0];
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
