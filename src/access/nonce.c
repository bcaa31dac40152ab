/* A nonce costs nothing until somebody has used it with success: it carries the time at which it
 * was made, something random, and a keyed hash of both, so one that is ours is known as such
 * without a table. Whoever has no password can therefore ask for as many as he likes.
 *
 * What must be remembered is which counts of a nonce have been used (RFC 7616 §3.4, nc): that is a
 * window of the last 64 below the highest, since a client with several connections does not send
 * them in order. All nodes share it (base/shared_state.h), and it is bounded.
 *
 * A nonce that nobody has used is good for a while after it was made; one that was used, for as
 * long after its last use that was taken, however old it is: who works all day is never told that
 * his is stale, which costs a round trip, or an upload that is sent twice. Only how often it may be
 * used is bounded in all.
 *
 * A nonce whose uses are forgotten must not be taken for one that was never used: what expires no
 * later than something that was forgotten early, and is not in the table, is stale. That holds
 * since a record never expires before its nonce would have without a use, not even when it was used
 * where the clock is behind. Then clients ask for a new one, which costs them a round trip and no
 * word to the user. */
#include "access/nonce.h"

#include "access/secret.h"
#include "base/map.h"
#include "base/random.h"
#include "text/base64.h"

enum { ID_BYTES = SHARED_KEY_BYTES, MAC_BYTES = 16, WINDOW = 64 };

/* The words of a record. */
enum {
    USER,    /* a hash of the name of who used it first */
    HIGHEST, /* count */
    USED,    /* bit i: HIGHEST - i has been used */
};

void nonces_init(struct nonces *nonces, struct shared_state *shared, int64_t life_ms)
{
    *nonces = (struct nonces){.shared = shared, .life_ms = life_ms};
    shared_secret(shared, "nonces", 0, nonces->key);
}

void nonces_done(struct nonces *nonces)
{
    secret_wipe(nonces->key, sizeof(nonces->key));
}

static struct sha256 mac_of(const struct nonces *nonces, const char *id)
{
    return secret_hmac(str_of((const char *)nonces->key, sizeof(nonces->key)),
                       str_of(id, ID_BYTES));
}

void nonce_make(const struct nonces *nonces, struct buf *to)
{
    char nonce[ID_BYTES + MAC_BYTES];
    int64_t now_ms = shared_now_ms(nonces->shared);
    memcpy(nonce, &now_ms, sizeof(now_ms));
    random_bytes(nonce + sizeof(now_ms), ID_BYTES - sizeof(now_ms));
    struct sha256 mac = mac_of(nonces, nonce);
    memcpy(nonce + ID_BYTES, mac.bytes, MAC_BYTES);
    base64_encode(to, str_of(nonce, sizeof(nonce)), BASE64_URL);
}

/* One that was opened. */
struct nonce {
    char id[ID_BYTES];
    int64_t made_ms;
    uint64_t user_key[2]; /* what is left of its hash: the same on every node, and nobody's guess */
};

/* False: not ours. */
static bool open_nonce(const struct nonces *nonces, struct str text, struct nonce *out)
{
    struct arena arena = {0};
    struct str bytes;
    bool is_ours = text.len == NONCE_TEXT_BYTES &&
                   base64_decode(text, BASE64_URL, &arena, &bytes) &&
                   bytes.len == ID_BYTES + MAC_BYTES;
    if (is_ours) {
        struct sha256 mac = mac_of(nonces, bytes.at);
        is_ours = secret_eq(str_from(bytes, ID_BYTES), str_first(sha256_str(&mac), MAC_BYTES));
        memcpy(out->id, bytes.at, ID_BYTES);
        memcpy(&out->made_ms, out->id, sizeof(out->made_ms));
        memcpy(out->user_key, mac.bytes + MAC_BYTES, sizeof(out->user_key));
    }
    arena_done(&arena);
    return is_ours;
}

/* Until when it is good if nobody uses it. */
static int64_t unused_until_ms(const struct nonces *nonces, const struct nonce *nonce)
{
    return nonce->made_ms + nonces->life_ms;
}

enum nonce_state nonce_look(const struct nonces *nonces, struct str text)
{
    struct nonce nonce;
    if (!open_nonce(nonces, text, &nonce))
        return NONCE_FOREIGN;
    bool is_old = shared_now_ms(nonces->shared) > unused_until_ms(nonces, &nonce);
    return is_old ? NONCE_STALE : NONCE_FRESH;
}

/* --- uses --- */

struct use {
    struct shared_update update;
    struct shared_slot slot;
    int64_t now_ms;
    int64_t unused_until_ms;
    int64_t used_until_ms; /* if it is taken */
    uint64_t user;
    uint64_t count;
    enum nonce_state state;
};

static struct use use_of(const struct nonces *nonces, const struct nonce *nonce, struct str user)
{
    struct use use = {.slot.table = SHARED_NONCES,
                      .now_ms = shared_now_ms(nonces->shared),
                      .unused_until_ms = unused_until_ms(nonces, nonce),
                      .user = hash_bytes_with(nonce->user_key, user)};
    use.used_until_ms = use.now_ms + nonces->life_ms;
    memcpy(use.slot.key, nonce->id, ID_BYTES);
    return use;
}

static bool update_use(const struct nonces *nonces, struct use *use,
                       void (*decide)(struct shared_update *update))
{
    use->update = (struct shared_update){&use->slot, 1, decide};
    return shared_update(nonces->shared, &use->update);
}

static enum nonce_state note(uint64_t words[SHARED_WORDS], uint64_t count)
{
    if (count > words[HIGHEST]) {
        uint64_t step = count - words[HIGHEST];
        words[USED] = step < WINDOW ? words[USED] << step : 0;
        words[USED] |= 1;
        words[HIGHEST] = count;
        return NONCE_FRESH;
    }
    uint64_t age = words[HIGHEST] - count;
    if (age >= WINDOW || (words[USED] >> age & 1))
        return NONCE_REPLAYED;
    words[USED] |= (uint64_t)1 << age;
    return NONCE_FRESH;
}

static bool is_stale(const struct use *use)
{
    const struct shared_slot *slot = &use->slot;
    if (slot->is_there)
        return use->now_ms > slot->record.expires_ms;
    return use->now_ms > use->unused_until_ms ||
           use->unused_until_ms <= slot->lost_ms; /* it may have been used before */
}

static void extend(int64_t *expires_ms, int64_t until_ms)
{
    if (*expires_ms < until_ms)
        *expires_ms = until_ms;
}

static void note_use(struct shared_update *update)
{
    struct use *use = CONTAINER_OF(update, struct use, update);
    struct shared_slot *slot = &use->slot;
    use->state = NONCE_STALE;
    if (is_stale(use))
        return;
    if (!slot->is_there)
        slot->record = (struct shared_record){use->unused_until_ms, {[USER] = use->user}};
    use->state = note(slot->record.words, use->count);
    slot->is_changed = use->state == NONCE_FRESH;
    extend(&slot->record.expires_ms, use->used_until_ms); /* kept only where it is fresh */
}

enum nonce_state nonce_use(const struct nonces *nonces, struct str text, uint64_t count,
                           struct str user)
{
    struct nonce nonce;
    if (count == 0 || !open_nonce(nonces, text, &nonce))
        return NONCE_FOREIGN;
    if (count > NONCE_COUNT_MAX)
        return NONCE_STALE;
    struct use use = use_of(nonces, &nonce, user);
    use.count = count;
    return update_use(nonces, &use, note_use) ? use.state : NONCE_UNKNOWN;
}

static void look_at_use(struct shared_update *update)
{
    struct use *use = CONTAINER_OF(update, struct use, update);
    bool is_his = use->slot.is_there && use->slot.record.words[USER] == use->user;
    use->state = is_his ? NONCE_FRESH : NONCE_FOREIGN;
}

bool nonce_is_known(const struct nonces *nonces, struct str text, struct str user)
{
    struct nonce nonce;
    if (!open_nonce(nonces, text, &nonce))
        return false;
    struct use use = use_of(nonces, &nonce, user);
    return update_use(nonces, &use, look_at_use) && use.state == NONCE_FRESH;
}
