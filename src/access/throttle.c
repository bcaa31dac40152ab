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
 * makes a record, so that a flood from one network fills it no faster than the network's measure.
 * What is decided about an attempt is decided by all its counts in one step of the shared state
 * (base/shared_state.h), so that two nodes do not both give the last free try away.
 *
 * Rejected: doubling the wait (one address could keep a user out for a minute, again and again, for
 * the price of one guess); letting a right sign-in clear the count of others (one good account
 * would be a licence to guess at the rest). */
#include "access/throttle.h"

#include "access/net.h"
#include "access/secret.h"

enum { KEY_BYTES = SHARED_KEY_BYTES };

static const struct kind {
    bool has_user;
    unsigned char ipv6_bytes; /* of a network; 0: from everywhere, but where he is known */
    int free_tries;
    int refill_ms; /* until another one is free */
} kinds[] = {
    {true, 8, 8, 30000},  {true, 6, 32, 7500}, {false, 8, 64, 1000},
    {false, 6, 256, 250}, {true, 0, 64, 5000},
};

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

/* --- what is decided about a party, with all that counts it --- */

enum { SLOTS = ARRAY_LEN(kinds) + 1 };

struct counts {
    struct shared_update update;
    struct shared_slot slots[SLOTS];
    const struct kind *kinds[SLOTS]; /* what a slot counts */
    const struct shared_slot *known; /* the last one, which counts nothing; NULL: no user */
    int64_t now_ms;
    int64_t wait_ms;
};

static void counts_find(struct counts *counts, struct shared_state *shared,
                        const struct throttle_party *party)
{
    size_t count = 0;
    *counts = (struct counts){.now_ms = shared_now_ms(shared)};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!make_key(counts->slots[count].key, &kinds[i], party))
            continue;
        counts->slots[count].table = SHARED_GUESSES;
        counts->kinds[count++] = &kinds[i];
    }
    if (counts->kinds[0] == &kinds[0]) { /* whose key stands for the user and the network */
        counts->slots[count] = counts->slots[0];
        counts->slots[count].table = SHARED_KNOWN;
        counts->known = &counts->slots[count++];
    }
    counts->update = (struct shared_update){.slots = counts->slots, .count = count};
}

/* Where the user is known, what counts him from everywhere does not. */
static bool does_count(const struct counts *counts, size_t i)
{
    const struct kind *kind = counts->kinds[i];
    bool is_known = counts->known && counts->known->is_there;
    return kind && (kind->ipv6_bytes || !is_known);
}

/* When nothing is left of it. */
static int64_t clear_ms(const struct counts *counts, size_t i)
{
    int64_t expires_ms = counts->slots[i].record.expires_ms;
    return expires_ms > counts->now_ms ? expires_ms : counts->now_ms;
}

static int64_t wait_for(const struct counts *counts, size_t i)
{
    const struct kind *kind = counts->kinds[i];
    int64_t full_ms = (int64_t)kind->free_tries * kind->refill_ms;
    int64_t after_ms = clear_ms(counts, i) - counts->now_ms + kind->refill_ms;
    return after_ms > full_ms ? after_ms - full_ms : 0;
}

/* What is left of a count is when it expires. */
static void set_clear(struct counts *counts, size_t i, int64_t clear)
{
    counts->slots[i].record.expires_ms = clear;
    counts->slots[i].is_changed = true;
}

static void decide_charge(struct shared_update *update)
{
    struct counts *counts = CONTAINER_OF(update, struct counts, update);
    counts->wait_ms = 0;
    for (size_t i = 0; i < update->count; i++) {
        int64_t wait_ms = does_count(counts, i) ? wait_for(counts, i) : 0;
        counts->wait_ms = wait_ms > counts->wait_ms ? wait_ms : counts->wait_ms;
    }
    for (size_t i = 0; i < update->count && counts->wait_ms == 0; i++) {
        if (does_count(counts, i))
            set_clear(counts, i, clear_ms(counts, i) + counts->kinds[i]->refill_ms);
    }
}

int64_t throttle_charge(struct shared_state *shared, const struct throttle_party *party)
{
    struct counts counts;
    counts_find(&counts, shared, party);
    counts.update.decide = decide_charge;
    return shared_update(shared, &counts.update) ? counts.wait_ms : THROTTLE_UNKNOWN;
}

static void decide_refund(struct shared_update *update)
{
    struct counts *counts = CONTAINER_OF(update, struct counts, update);
    for (size_t i = 0; i < update->count; i++) {
        int64_t left_ms = clear_ms(counts, i) - counts->now_ms;
        if (does_count(counts, i) && left_ms)
            set_clear(counts, i, clear_ms(counts, i) - counts->kinds[i]->refill_ms);
    }
}

void throttle_refund(struct shared_state *shared, const struct throttle_party *party)
{
    struct counts counts;
    counts_find(&counts, shared, party);
    counts.update.decide = decide_refund;
    (void)!shared_update(shared, &counts.update); /* then the count stays, and wears off */
}

/* --- where users are known --- */

static void decide_know(struct shared_update *update)
{
    struct shared_slot *slot = update->slots;
    slot->is_changed = !slot->is_there;
    slot->record.expires_ms = INT64_MAX; /* while there is room for it */
}

void throttle_know(struct shared_state *shared, const struct throttle_party *party)
{
    struct shared_slot slot = {.table = SHARED_KNOWN};
    struct shared_update update = {&slot, 1, decide_know};
    if (make_key(slot.key, &kinds[0], party))
        (void)!shared_update(shared, &update); /* then he is a stranger there a little longer */
}
