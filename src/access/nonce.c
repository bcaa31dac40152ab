/* A nonce costs nothing until somebody has used it with success: it carries the time at which it
 * was made, something random, and a keyed hash of both, so one that is ours is known as such
 * without a table. Whoever has no password can therefore ask for as many as he likes.
 *
 * What must be remembered is which counts of a nonce have been used (RFC 7616 §3.4, nc): that is a
 * window of the last 64 below the highest, since a client with several connections does not send
 * them in order. The memory is bounded. A nonce whose uses are forgotten must not be taken for one
 * that was never used: `floor_ms` is the time of the newest that was forgotten, and whatever was
 * made no later than that and is not in the table is stale. Then clients ask for a new one, which
 * costs them a round trip and no word to the user. */
#include "access/nonce.h"

#include <pthread.h>

#include "access/lru.h"
#include "access/secret.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "text/base64.h"

enum { ID_BYTES = 16, MAC_BYTES = 16, WINDOW = 64 };

struct use {
    struct lru_entry lru;
    char id[ID_BYTES];
    int64_t made_ms;
    uint64_t user; /* a hash of the name of who used it first */
    uint64_t highest;
    uint64_t window; /* bit i: highest - i has been used */
};

struct nonces {
    pthread_mutex_t mutex;
    struct lru uses;
    unsigned char key[SHA256_BYTES];
    int64_t life_ms;
    int64_t floor_ms;
};

static void forgetting(struct lru *lru, struct lru_entry *entry)
{
    struct nonces *nonces = CONTAINER_OF(lru, struct nonces, uses);
    const struct use *use = CONTAINER_OF(entry, struct use, lru);
    if (use->made_ms > nonces->floor_ms)
        nonces->floor_ms = use->made_ms;
}

struct nonces *nonces_new(size_t max, int64_t life_ms)
{
    struct nonces *nonces = MEM_NEW(struct nonces);
    (void)pthread_mutex_init(&nonces->mutex, NULL); /* cannot fail without attributes */
    lru_init(&nonces->uses, max);
    nonces->uses.forgetting = forgetting;
    nonces->life_ms = life_ms;
    nonces->floor_ms = INT64_MIN;
    random_bytes(nonces->key, sizeof(nonces->key));
    return nonces;
}

void nonces_free(struct nonces *nonces)
{
    if (!nonces)
        return;
    lru_done(&nonces->uses);
    (void)pthread_mutex_destroy(&nonces->mutex); /* nobody holds it */
    secret_wipe(nonces->key, sizeof(nonces->key));
    mem_free(nonces);
}

static struct sha256 mac_of(const struct nonces *nonces, const char *id)
{
    return secret_hmac(str_of((const char *)nonces->key, sizeof(nonces->key)),
                       str_of(id, ID_BYTES));
}

void nonce_make(struct nonces *nonces, struct buf *to)
{
    char nonce[ID_BYTES + MAC_BYTES];
    int64_t now_ms = clock_mono_ms();
    memcpy(nonce, &now_ms, sizeof(now_ms));
    random_bytes(nonce + sizeof(now_ms), ID_BYTES - sizeof(now_ms));
    struct sha256 mac = mac_of(nonces, nonce);
    memcpy(nonce + ID_BYTES, mac.bytes, MAC_BYTES);
    base64_encode(to, str_of(nonce, sizeof(nonce)), BASE64_URL);
}

/* False: not ours. */
static bool open_nonce(const struct nonces *nonces, struct str text, char id[ID_BYTES],
                       int64_t *made_ms)
{
    struct arena arena = {0};
    struct str bytes;
    bool is_ours = text.len == NONCE_TEXT_BYTES &&
                   base64_decode(text, BASE64_URL, &arena, &bytes) &&
                   bytes.len == ID_BYTES + MAC_BYTES;
    if (is_ours) {
        struct sha256 mac = mac_of(nonces, bytes.at);
        is_ours = secret_eq(str_from(bytes, ID_BYTES), str_first(sha256_str(&mac), MAC_BYTES));
        memcpy(id, bytes.at, ID_BYTES);
        memcpy(made_ms, id, sizeof(*made_ms));
    }
    arena_done(&arena);
    return is_ours;
}

enum nonce_state nonce_look(struct nonces *nonces, struct str text)
{
    char id[ID_BYTES];
    int64_t made_ms;
    if (!open_nonce(nonces, text, id, &made_ms))
        return NONCE_FOREIGN;
    return clock_mono_ms() - made_ms > nonces->life_ms ? NONCE_STALE : NONCE_FRESH;
}

static enum nonce_state note(struct use *use, uint64_t count)
{
    if (count > use->highest) {
        uint64_t step = count - use->highest;
        use->window = step < WINDOW ? use->window << step : 0;
        use->window |= 1;
        use->highest = count;
        return NONCE_FRESH;
    }
    uint64_t age = use->highest - count;
    if (age >= WINDOW || (use->window >> age & 1))
        return NONCE_REPLAYED;
    use->window |= (uint64_t)1 << age;
    return NONCE_FRESH;
}

static struct use *find_or_add(struct nonces *nonces, const char *id, int64_t made_ms,
                               struct str user)
{
    struct lru_entry *found = lru_find(&nonces->uses, str_of(id, ID_BYTES));
    if (found)
        return CONTAINER_OF(found, struct use, lru);
    if (made_ms <= nonces->floor_ms)
        return NULL;
    struct use *use = MEM_NEW(struct use);
    memcpy(use->id, id, ID_BYTES);
    use->made_ms = made_ms;
    use->user = hash_bytes(user);
    lru_add(&nonces->uses, &use->lru, str_of(use->id, ID_BYTES));
    return use;
}

enum nonce_state nonce_use(struct nonces *nonces, struct str text, uint64_t count, struct str user)
{
    char id[ID_BYTES];
    int64_t made_ms;
    if (count == 0 || !open_nonce(nonces, text, id, &made_ms))
        return NONCE_FOREIGN;
    if (clock_mono_ms() - made_ms > nonces->life_ms)
        return NONCE_STALE;
    (void)pthread_mutex_lock(&nonces->mutex); /* cannot fail: not recursive, not robust */
    struct use *use = find_or_add(nonces, id, made_ms, user);
    enum nonce_state state = use ? note(use, count) : NONCE_STALE;
    (void)pthread_mutex_unlock(&nonces->mutex); /* held */
    return state;
}

bool nonce_is_known(struct nonces *nonces, struct str text, struct str user)
{
    char id[ID_BYTES];
    int64_t made_ms;
    if (!open_nonce(nonces, text, id, &made_ms))
        return false;
    (void)pthread_mutex_lock(&nonces->mutex); /* cannot fail: not recursive, not robust */
    struct lru_entry *found = lru_find(&nonces->uses, str_of(id, ID_BYTES));
    bool is_known = found && CONTAINER_OF(found, struct use, lru)->user == hash_bytes(user);
    (void)pthread_mutex_unlock(&nonces->mutex); /* held */
    return is_known;
}

size_t nonces_used(struct nonces *nonces)
{
    (void)pthread_mutex_lock(&nonces->mutex); /* cannot fail: not recursive, not robust */
    size_t count = nonces->uses.map.count;
    (void)pthread_mutex_unlock(&nonces->mutex); /* held */
    return count;
}
