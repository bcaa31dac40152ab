#include "support/drip.h"

static enum pull drip_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct drip *drip = CONTAINER_OF(self, struct drip, base);
    if (drip->rest.len == 0 && drip->fails) {
        (void)err_set(err, 0, "cut off"); /* FAIL says it */
        return PULL_FAIL;
    }
    if (drip->rest.len == 0)
        return PULL_END;
    drip->has_waited = !drip->has_waited;
    if (drip->has_waited)
        return PULL_WAIT;
    struct str piece = str_first(drip->rest, size_min(want, drip->step));
    buf_add(into, piece);
    drip->rest = str_from(drip->rest, piece.len);
    return PULL_DATA;
}

static const struct source_ops drip_ops = {.name = "drip", .pull = drip_pull};

struct drip drip_of(struct str text, size_t step)
{
    return (struct drip){.base.ops = &drip_ops, .rest = text, .step = step};
}
