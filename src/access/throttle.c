/* Guessing passwords must cost time, and nobody else's. An attempt is counted before it is looked
 * at, and the count is taken back when it was right: forty that come together are forty, and what
 * is beyond the measure costs no password hash. It is answered with 429 and Retry-After.
 *
 * What counts is a user together with a network; so a guesser slows himself, and neither the user
 * elsewhere nor his neighbours. Beyond that there are wider and more lenient measures: for a
 * network, which bounds who tries one password with many names, and for a user from everywhere he
 * has not signed in from, which bounds who guesses from many networks. Each is a number of tries at
 * once and a time in which one of them comes back (`kinds`); it never shuts for longer than that
 * time, so that nobody is kept out by what is over. Of IPv6 the /64 and the /48 count, since who
 * rents a machine may have 65,536 of the former.
 *
 * Names that no user has are counted the same: the answers must not tell which names there are.
 * Where a user has signed in from is told to who would guess at him from the same network, and
 * only after the user's measure was exhausted from many others.
 *
 * A count is one number, the time at which nothing is left of it. Its key is a hash, so that it has
 * one size, whatever a client sends; the table forgets who was longest quiet. Only what is counted
 * makes an entry, so that a flood from one network fills it no faster than the network's measure.
 *
 * Rejected: doubling the wait (one address could keep a user out for a minute, again and again, for
 * the price of one guess); letting a right sign-in clear the count of others (one good account
 * would be a licence to guess at the rest). */
#include "access/throttle.h"

#include <pthread.h>

#include "access/lru.h"
#include "access/net.h"
#include "access/secret.h"
#include "base/clock.h"
#include "base/mem.h"

enum { KEY_BYTES = 16 };

static const struct kind {
    bool has_user;
    unsigned char ipv6_bytes; /* of a network; 0: from everywhere, but where he is known */
    int free_tries;
    int refill_ms; /* until another one is free */
} kinds[] = {
    {true, 8, 8, 30000},  {true, 6, 32, 7500}, {false, 8, 64, 1000},
    {false, 6, 256, 250}, {true, 0, 64, 5000},
};

struct count {
    struct lru_entry lru;
    char key[KEY_BYTES];
    int64_t clear_ms; /* when nothing is left */
};

struct known {
    struct lru_entry lru;
    char key[KEY_BYTES];
};

struct throttle {
    pthread_mutex_t mutex; /* guards both */
    struct lru counts;
    struct lru known; /* users with the networks that they have signed in from */
};

struct throttle *throttle_new(size_t max)
{
    struct throttle *throttle = MEM_NEW(struct throttle);
    (void)pthread_mutex_init(&throttle->mutex, NULL); /* cannot fail without attributes */
    lru_init(&throttle->counts, max);
    lru_init(&throttle->known, max);
    return throttle;
}

void throttle_free(struct throttle *throttle)
{
    if (!throttle)
        return;
    lru_done(&throttle->counts);
    lru_done(&throttle->known);
    (void)pthread_mutex_destroy(&throttle->mutex); /* nobody holds it */
    mem_free(throttle);
}

/* False: that kind does not count this party. */
static bool make_key(char key[KEY_BYTES], const struct kind *kind,
                     const struct throttle_party *party)
{
    unsigned char bytes[NET_BYTES];
    struct str network = STR_NONE;
    struct buf text = {0};
    if (kind->has_user && party->user.len == 0)
        return false;
    if (kind->ipv6_bytes)
        network = net_of(party->address, kind->ipv6_bytes, bytes);
    if (kind->ipv6_bytes == 6 && network.len != 6) /* the one before has counted it */
        return false;
    buf_addf(&text, "%zu:", network.len);
    buf_add(&text, network);
    buf_add(&text, kind->has_user ? party->user : STR_NONE);
    struct sha256 hash = secret_hmac(kind->has_user ? STR("user") : STR("all"), buf_str(&text));
    memcpy(key, hash.bytes, KEY_BYTES);
    buf_done(&text);
    return true;
}

static void lock(struct throttle *throttle)
{
    (void)pthread_mutex_lock(&throttle->mutex); /* cannot fail: not recursive, not robust */
}

static void unlock(struct throttle *throttle)
{
    (void)pthread_mutex_unlock(&throttle->mutex); /* held */
}

static struct count *find(struct throttle *throttle, const char key[KEY_BYTES])
{
    struct lru_entry *found = lru_find(&throttle->counts, str_of(key, KEY_BYTES));
    struct count *count = found ? CONTAINER_OF(found, struct count, lru) : NULL;
    if (!count || count->clear_ms > clock_mono_ms())
        return count;
    lru_remove(&throttle->counts, found);
    return NULL;
}

static int64_t wait_for(const struct kind *kind, const struct count *count)
{
    int64_t full_ms = (int64_t)kind->free_tries * kind->refill_ms;
    int64_t after_ms = count ? count->clear_ms - clock_mono_ms() + kind->refill_ms : 0;
    return after_ms > full_ms ? after_ms - full_ms : 0;
}

static void add(struct throttle *throttle, const char key[KEY_BYTES], int refill_ms)
{
    struct count *count = find(throttle, key);
    if (!count) {
        count = MEM_NEW(struct count);
        memcpy(count->key, key, KEY_BYTES);
        count->clear_ms = clock_mono_ms();
        lru_add(&throttle->counts, &count->lru, str_of(count->key, KEY_BYTES));
    }
    count->clear_ms += refill_ms;
}

/* Which kinds count the party, and under which keys. */
struct keys {
    bool counts[ARRAY_LEN(kinds)];
    char key[ARRAY_LEN(kinds)][KEY_BYTES];
};

static struct keys keys_of(const struct throttle_party *party)
{
    struct keys keys;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        keys.counts[i] = make_key(keys.key[i], &kinds[i], party);
    return keys;
}

/* With the mutex. The first kind's key stands for the user and the network. */
static void spare_the_known(struct throttle *throttle, struct keys *keys)
{
    bool is_known =
        keys->counts[0] && lru_find(&throttle->known, str_of(keys->key[0], KEY_BYTES)) != NULL;
    for (size_t i = 0; is_known && i < ARRAY_LEN(kinds); i++)
        keys->counts[i] = keys->counts[i] && kinds[i].ipv6_bytes;
}

int64_t throttle_charge(struct throttle *throttle, const struct throttle_party *party)
{
    struct keys keys = keys_of(party);
    int64_t longest_ms = 0;
    lock(throttle);
    spare_the_known(throttle, &keys);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        int64_t wait_ms = keys.counts[i] ? wait_for(&kinds[i], find(throttle, keys.key[i])) : 0;
        longest_ms = wait_ms > longest_ms ? wait_ms : longest_ms;
    }
    for (size_t i = 0; i < ARRAY_LEN(kinds) && longest_ms == 0; i++) {
        if (keys.counts[i])
            add(throttle, keys.key[i], kinds[i].refill_ms);
    }
    unlock(throttle);
    return longest_ms;
}

void throttle_refund(struct throttle *throttle, const struct throttle_party *party)
{
    struct keys keys = keys_of(party);
    lock(throttle);
    spare_the_known(throttle, &keys);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct count *count = keys.counts[i] ? find(throttle, keys.key[i]) : NULL;
        if (count)
            count->clear_ms -= kinds[i].refill_ms;
    }
    unlock(throttle);
}

void throttle_know(struct throttle *throttle, const struct throttle_party *party)
{
    struct known *known = MEM_NEW(struct known);
    bool is_somebody = make_key(known->key, &kinds[0], party);
    struct str key = str_of(known->key, KEY_BYTES);
    lock(throttle);
    if (is_somebody && !lru_find(&throttle->known, key)) {
        lru_add(&throttle->known, &known->lru, key);
        known = NULL;
    }
    unlock(throttle);
    mem_free(known);
}

size_t throttle_count(struct throttle *throttle)
{
    lock(throttle);
    size_t count = throttle->counts.map.count;
    unlock(throttle);
    return count;
}
