#include "dav/lock/describe.h"

#include "base/clock.h"
#include "dav/lock/permit.h"
#include "dav/target.h"
#include "store/store.h"
#include "xml/writer.h"

static void describe_one(struct buf *to, const struct exchange *x, const struct lock *lock)
{
    int64_t left_ms = lock->expires_ms - clock_boot_ms();
    BUF_ADD(to, "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope>");
    if (lock->is_exclusive)
        BUF_ADD(to, "<D:exclusive/>");
    else
        BUF_ADD(to, "<D:shared/>");
    BUF_ADD(to, "</D:lockscope><D:depth>");
    if (lock->is_infinite)
        BUF_ADD(to, "infinity");
    else
        BUF_ADD(to, "0");
    BUF_ADD(to, "</D:depth>");
    buf_add(to, lock->owner_xml);
    BUF_ADD(to, "<D:timeout>Second-");
    buf_add_u64(to, left_ms > 0 ? (uint64_t)(left_ms + 999) / 1000 : 0);
    BUF_ADD(to, "</D:timeout>");
    if (!dav_service_of(x)->hides_lock_tokens || lock_is_own(x, lock)) { /* §14.1: it is optional */
        BUF_ADD(to, "<D:locktoken><D:href>");
        xml_add_text(to, lock->token);
        BUF_ADD(to, "</D:href></D:locktoken>");
    }
    BUF_ADD(to, "<D:lockroot>");
    lock_add_root_href(to, target_of(x)->store, lock);
    BUF_ADD(to, "</D:lockroot></D:activelock>");
}

void lock_describe(struct buf *to, const struct exchange *x, const struct lock_list *locks)
{
    for (size_t i = 0; i < locks->count; i++)
        describe_one(to, x, &locks->items[i]);
}
