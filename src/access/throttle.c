/* Guessing passwords must cost time: after a few wrong sign-ins for a user name, or from an
 * address, no more are looked at for a second, then for two, four, and so on up to a minute. What
 * is not looked at is answered with 429 and Retry-After and costs no password hash, so that a flood
 * of guesses does not keep the workers busy either.
 *
 * Names that no user has are counted the same: the answers must not tell which names there are.
 *
 * Who knows the name of a user could keep him out by guessing for him. He is let in all the same
 * where his credentials are among those that were right lately (access/memory.h), which are asked
 * first; a user who signs in for the first time waits a minute at worst. A right sign-in clears the
 * count of its user and halves that of its address: one good account is no licence to guess at the
 * others.
 *
 * The keys are hashed, so that an entry has one size, whatever a client sends; the table forgets
 * who was longest quiet, and whoever has been quiet for FORGET_MS begins anew. */
#include "access/throttle.h"

#include <pthread.h>

#include "access/lru.h"
#include "access/secret.h"
#include "base/clock.h"
#include "base/mem.h"

enum { FREE_TRIES = 8, STEP_MS = 1000, WAIT_MAX_MS = 60000, FORGET_MS = 900000, KEY_BYTES = 16 };

struct culprit {
    struct lru_entry lru;
    char key[KEY_BYTES];
    unsigned failures;
    int64_t last_ms;
    int64_t until_ms;
};

struct throttle {
    pthread_mutex_t mutex;
    struct lru culprits;
};

struct throttle *throttle_new(size_t max)
{
    struct throttle *throttle = MEM_NEW(struct throttle);
    (void)pthread_mutex_init(&throttle->mutex, NULL); /* cannot fail without attributes */
    lru_init(&throttle->culprits, max);
    return throttle;
}

void throttle_free(struct throttle *throttle)
{
    if (!throttle)
        return;
    lru_done(&throttle->culprits);
    (void)pthread_mutex_destroy(&throttle->mutex); /* nobody holds it */
    mem_free(throttle);
}

static void make_key(char key[KEY_BYTES], enum throttle_kind kind, struct str name)
{
    struct sha256 hash = secret_hmac(kind == THROTTLE_USER ? STR("user") : STR("address"), name);
    memcpy(key, hash.bytes, KEY_BYTES);
}

static struct culprit *find(struct throttle *throttle, const char key[KEY_BYTES])
{
    struct lru_entry *found = lru_find(&throttle->culprits, str_of(key, KEY_BYTES));
    if (!found)
        return NULL;
    struct culprit *culprit = CONTAINER_OF(found, struct culprit, lru);
    if (clock_mono_ms() - culprit->last_ms <= FORGET_MS)
        return culprit;
    lru_remove(&throttle->culprits, found);
    return NULL;
}

int64_t throttle_wait_ms(struct throttle *throttle, enum throttle_kind kind, struct str name)
{
    char key[KEY_BYTES];
    int64_t wait_ms = 0;
    make_key(key, kind, name);
    (void)pthread_mutex_lock(&throttle->mutex); /* cannot fail: not recursive, not robust */
    const struct culprit *culprit = find(throttle, key);
    if (culprit)
        wait_ms = culprit->until_ms - clock_mono_ms();
    (void)pthread_mutex_unlock(&throttle->mutex); /* held */
    return wait_ms > 0 ? wait_ms : 0;
}

static int64_t wait_after(unsigned failures)
{
    if (failures < FREE_TRIES)
        return 0;
    unsigned doublings = failures - FREE_TRIES;
    int64_t wait_ms = doublings < 16 ? (int64_t)STEP_MS << doublings : WAIT_MAX_MS;
    return wait_ms < WAIT_MAX_MS ? wait_ms : WAIT_MAX_MS;
}

void throttle_failed(struct throttle *throttle, enum throttle_kind kind, struct str name)
{
    char key[KEY_BYTES];
    int64_t now_ms = clock_mono_ms();
    make_key(key, kind, name);
    (void)pthread_mutex_lock(&throttle->mutex); /* cannot fail: not recursive, not robust */
    struct culprit *culprit = find(throttle, key);
    if (!culprit) {
        culprit = MEM_NEW(struct culprit);
        memcpy(culprit->key, key, KEY_BYTES);
        lru_add(&throttle->culprits, &culprit->lru, str_of(culprit->key, KEY_BYTES));
    }
    culprit->failures++;
    culprit->last_ms = now_ms;
    culprit->until_ms = now_ms + wait_after(culprit->failures);
    (void)pthread_mutex_unlock(&throttle->mutex); /* held */
}

void throttle_passed(struct throttle *throttle, enum throttle_kind kind, struct str name)
{
    char key[KEY_BYTES];
    make_key(key, kind, name);
    (void)pthread_mutex_lock(&throttle->mutex); /* cannot fail: not recursive, not robust */
    struct culprit *culprit = find(throttle, key);
    if (culprit)
        culprit->failures = kind == THROTTLE_ADDRESS ? culprit->failures / 2 : 0;
    if (culprit && culprit->failures == 0)
        lru_remove(&throttle->culprits, &culprit->lru);
    (void)pthread_mutex_unlock(&throttle->mutex); /* held */
}

size_t throttle_count(struct throttle *throttle)
{
    (void)pthread_mutex_lock(&throttle->mutex); /* cannot fail: not recursive, not robust */
    size_t count = throttle->culprits.map.count;
    (void)pthread_mutex_unlock(&throttle->mutex); /* held */
    return count;
}
