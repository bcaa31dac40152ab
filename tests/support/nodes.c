#include "support/nodes.h"

#include "access/secret.h"
#include "support/test.h"

static struct node *node_of(struct shared_state *state)
{
    return CONTAINER_OF(state, struct node, state);
}

static void derive(struct shared_state *state, const char *name, uint64_t generation,
                   unsigned char out[SHARED_SECRET_BYTES])
{
    struct buf text = {0};
    buf_addf(&text, "%s %llu", name, (unsigned long long)generation);
    struct sha256 secret = secret_hmac(str_of_c(node_of(state)->hub->root), buf_str(&text));
    memcpy(out, secret.bytes, SHARED_SECRET_BYTES);
    buf_done(&text);
}

static int64_t now_ms(struct shared_state *state)
{
    const struct node *node = node_of(state);
    return shared_now_ms(node->hub->records) + node->ahead_ms;
}

/* Decides first by a look that was too early, as one would that finds out when it writes. */
static bool update_records(struct shared_state *state, struct shared_update *update)
{
    struct node *node = node_of(state);
    check_that("not where nothing may wait", !node->is_on_loop);
    if (node->is_cut_off)
        return false;
    for (size_t i = 0; i < update->count; i++) {
        struct shared_slot *slot = &update->slots[i];
        slot->is_there = slot->is_changed = false;
        slot->record = (struct shared_record){0};
        slot->lost_ms = INT64_MIN;
    }
    update->decide(update);
    node->updates++;
    return shared_update(node->hub->records, update);
}

void node_init(struct node *node, struct node_hub *hub)
{
    static const struct shared_state_ops ops = {derive, now_ms, update_records};
    *node = (struct node){.state = {&ops, .may_block = true}, .hub = hub};
}
