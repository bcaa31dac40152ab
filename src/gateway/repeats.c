/* A MOVE that puts an upload together, or takes a large tree, may take longer than somebody between
 * the client and the origin waits: a proxy, or the client itself. The origin has done it all the
 * same. Clients make it again, are told that the source is not there, and send gigabytes once more.
 *
 * So it is remembered that the outcome of a MOVE was told to nobody: of which method, source,
 * destination and user, as a hash. When the same is asked for again, the source is gone and
 * something is at the destination, it has been done (gateway/forward.c).
 *
 * The records are with those of sign-ins, which all threads have together, and expire. Where they
 * are at the other end of a network nothing is remembered: a loop cannot wait for them. */
#include "gateway/repeats.h"

#include "access/secret.h"

enum { REMEMBERED_MS = 900000 };

static void add_part(struct buf *to, struct str part)
{
    buf_addf(to, "%zu:", part.len);
    buf_add(to, part);
}

/* False: there is nowhere to remember it. */
static bool make_slot(const struct exchange *x, struct shared_slot *slot_out)
{
    const struct gateway *gateway = gateway_of(x);
    struct shared_slot slot = {.table = SHARED_REPEATS};
    struct buf text = {0};
    if (!gateway->all->shared || gateway->all->shared->may_block)
        return false;
    add_part(&text, x->signed_in.principal.name);
    add_part(&text,
             gateway->passes_credentials ? exchange_field(x, FIELD_AUTHORIZATION) : STR_NONE);
    add_part(&text, gateway->place->authority);
    add_part(&text, path_str(x->path));
    add_part(&text, path_str(relay_of(x)->to));
    struct sha256 hash = secret_sha256(buf_str(&text));
    memcpy(slot.key, hash.bytes, sizeof(slot.key));
    buf_done(&text);
    *slot_out = slot;
    return true;
}

struct look {
    struct shared_update update;
    int64_t now_ms;
};

static void decide_note(struct shared_update *update)
{
    const struct look *look = CONTAINER_OF(update, struct look, update);
    update->slots->record.expires_ms = look->now_ms + REMEMBERED_MS;
    update->slots->is_changed = true;
}

static void decide_nothing(struct shared_update *update)
{
    update->slots->is_changed = false;
}

/* False: it is not known, or cannot be asked. */
static bool update(const struct exchange *x, void (*decide)(struct shared_update *update))
{
    struct shared_slot slot;
    if (!make_slot(x, &slot))
        return false;
    struct shared_state *shared = gateway_of(x)->all->shared;
    struct look look = {{&slot, 1, decide}, shared_now_ms(shared)};
    return shared_update(shared, &look.update) && slot.is_there &&
           slot.record.expires_ms > look.now_ms;
}

void repeats_note(const struct exchange *x)
{
    (void)update(x, decide_note); /* whether it was known before is of no interest */
}

bool repeats_knows(const struct exchange *x)
{
    return update(x, decide_nothing);
}
