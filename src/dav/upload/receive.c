#include "dav/upload/receive.h"

enum {
    BATCH_BYTES = 262144,
    BATCH_BYTES_MIN = 4096,
    BATCH_BYTES_POOR = 16384, /* when memory is short: slow, but it goes on */
};

/* How much is kept in memory before it is written, which is taken from the budget; all of a small
 * body, and a byte's room to see that it has ended. */
static size_t batch_bytes(struct exchange *x, uint64_t announced_bytes)
{
    uint64_t whole = u64_min(announced_bytes, BATCH_BYTES - 1) + 1;
    size_t bytes = size_max((size_t)whole, BATCH_BYTES_MIN);
    bool is_fine = bytes <= BATCH_BYTES_POOR || exchange_hold_spare(x, bytes);
    return is_fine ? bytes : BATCH_BYTES_POOR;
}

static void begin(struct exchange *x, struct receiving *receiving)
{
    struct content_check *check = receiving->check;
    receiving->has_begun = true;
    receiving->pump = (struct pump){.source = receiving->source,
                                    .sink = check ? content_check_before(check, receiving->sink)
                                                  : receiving->sink,
                                    .executor = x->stream->executor,
                                    .waker = &x->waker,
                                    .batch_bytes = batch_bytes(x, receiving->announced_bytes)};
    pump_init(&receiving->pump);
    x->stream->ops->proceed(x->stream);
}

enum pump_state receive_run(struct exchange *x, struct receiving *receiving)
{
    if (!receiving->has_begun)
        begin(x, receiving);
    return pump_run(&receiving->pump);
}

enum store_rc receive_end(struct receiving *receiving)
{
    enum store_rc rc = (enum store_rc)receiving->pump.sink_code;
    return rc == STORE_OK && receiving->has_begun ? (enum store_rc)pump_write_tail(&receiving->pump)
                                                  : rc;
}

void receive_done(struct receiving *receiving)
{
    if (receiving->has_begun)
        pump_done(&receiving->pump);
}
