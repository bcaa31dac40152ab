#include "multistatus/tally.h"

#include "http/status.h"

void tally_add(struct tally *tally, unsigned status)
{
    size_t i = 0;
    if (http_is_success(status)) {
        tally->success_count++;
        return;
    }
    while (i < tally->kind_count && tally->kinds[i].status != status)
        i++;
    if (i == TALLY_KINDS_MAX)
        i--;
    if (i == tally->kind_count) {
        tally->kind_count++;
        tally->kinds[i].status = status;
    }
    tally->kinds[i].count++;
}

void tally_format(const struct tally *tally, struct buf *to)
{
    BUF_ADD(to, "ok=");
    buf_add_u64(to, tally->success_count);
    for (size_t i = 0; i < tally->kind_count; i++) {
        buf_add_char(to, ',');
        buf_add_u64(to, tally->kinds[i].status);
        buf_add_char(to, '=');
        buf_add_u64(to, tally->kinds[i].count);
    }
}

static unsigned rank(unsigned status)
{
    if (status == HTTP_NOT_FOUND || status == 0)
        return 0;
    return http_is_success(status) ? 1 : status;
}

unsigned tally_worse(unsigned a, unsigned b)
{
    unsigned worse = rank(b) > rank(a) ? b : a;
    return rank(worse) == 0 ? HTTP_OK : worse;
}
