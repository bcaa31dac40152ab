#include "exchange/exchange.h"

#include "stream/offload.h"

void exchange_wake(struct exchange *x)
{
    if (!x->is_waiting || x->is_woken)
        return;
    x->is_woken = true;
    executor_post(x->stream->executor, &x->job);
}

enum stage_end exchange_again(struct exchange *x, struct dav_result failure)
{
    x->failure = failure;
    return STAGE_AGAIN;
}

enum stage_end exchange_go_on(struct exchange *x, const struct stage *stages)
{
    x->onward = stages;
    return STAGE_NEXT;
}

struct str exchange_field(const struct exchange *x, enum http_field id)
{
    return http_fields_get(&x->stream->request.fields, id);
}

bool exchange_place(const struct exchange *x, struct arena *arena, struct res_path *path)
{
    if (!x->seen.prefix.at)
        return true;
    bool is_aside = x->seen.aside.at && path_is_within(*path, x->seen.aside);
    struct res_path prefix = is_aside ? x->seen.aside : x->seen.prefix;
    if (!path_is_within(*path, prefix))
        return false;
    *path = path_rebase(arena, *path, prefix, is_aside ? x->seen.aside_place : x->seen.place);
    return true;
}

/* All loops write to the budget. So no less than a step is taken of it at a time, and a step is
 * kept of what is given back: most requests need no more. */
enum { TAKEN_STEP_BYTES = 4096 };

static void release_all(void *arg)
{
    const struct exchange *x = arg;
    budget_give(x->stream->memory, x->taken_bytes);
}

bool exchange_hold(struct exchange *x, uint64_t bytes)
{
    uint64_t spare = x->taken_bytes - x->held_bytes;
    if (bytes > spare) {
        uint64_t more = u64_max(bytes - spare, TAKEN_STEP_BYTES);
        if (!budget_take(x->stream->memory, more))
            return false;
        if (!x->has_taken)
            arena_on_reset(x->arena, release_all, x);
        x->has_taken = true;
        x->taken_bytes += more;
    }
    x->held_bytes += bytes;
    return true;
}

bool exchange_hold_spare(struct exchange *x, uint64_t bytes)
{
    return bytes <= budget_spare(x->stream->memory) && exchange_hold(x, bytes);
}

void exchange_release(struct exchange *x, uint64_t bytes)
{
    assert(bytes <= x->held_bytes);
    x->held_bytes -= bytes;
    uint64_t spare = x->taken_bytes - x->held_bytes;
    if (spare <= TAKEN_STEP_BYTES)
        return;
    x->taken_bytes -= spare - TAKEN_STEP_BYTES;
    budget_give(x->stream->memory, spare - TAKEN_STEP_BYTES);
}

struct source *exchange_offload(struct exchange *x, struct source *inner)
{
    enum { AHEAD_BYTES = 65536, AHEAD_BYTES_POOR = 4096 };
    /* What is gathered, what the client takes, and what the inner source has ready. */
    bool is_fine = exchange_hold_spare(x, 3 * (uint64_t)AHEAD_BYTES);
    return source_offload(inner, x->stream->executor, &x->stream->refs,
                          is_fine ? AHEAD_BYTES : AHEAD_BYTES_POOR);
}
