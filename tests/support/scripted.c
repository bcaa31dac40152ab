#include "support/scripted.h"

char scripted_byte(uint64_t offset)
{
    return (char)(offset * 31 + (offset >> 8) * 7 + (offset >> 16));
}

bool scripted_is(struct str bytes, uint64_t offset)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.at[i] != scripted_byte(offset + i))
            return false;
    }
    return true;
}

static enum pull give(struct scripted *scripted, struct buf *into, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf_add_char(into, scripted_byte(scripted->given++));
    return PULL_DATA;
}

static enum pull scripted_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct scripted *scripted = CONTAINER_OF(self, struct scripted, base);
    assert(!scripted->closed && !scripted->is_awaited);
    char action = scripted->script[scripted->at];
    if (action && action != '$')
        scripted->at++;
    switch (action) {
    case 'd':
        return give(scripted, into, size_min(want, 16));
    case 'D':
        return give(scripted, into, want);
    case '1':
        return give(scripted, into, 1);
    case 'w':
        scripted->is_awaited = true;
        return PULL_WAIT;
    case 'f':
        (void)err_set(err, 42, "as scripted"); /* always false; FAIL says it */
        return PULL_FAIL;
    default:
        return PULL_END;
    }
}

static void scripted_close(struct source *self)
{
    struct scripted *scripted = CONTAINER_OF(self, struct scripted, base);
    scripted->closed++;
}

static const struct source_ops scripted_ops = {
    .name = "scripted",
    .pull = scripted_pull,
    .close = scripted_close,
};

void scripted_init(struct scripted *scripted, const char *script)
{
    *scripted = (struct scripted){.base.ops = &scripted_ops, .script = script};
}

void scripted_wake(struct scripted *scripted)
{
    assert(scripted->is_awaited);
    scripted->is_awaited = false;
    source_wake(&scripted->base);
}
