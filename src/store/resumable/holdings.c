/* What each owner holds, which the limits are about: how many uploads that are not done, and how
 * many bytes. To find that out is to read all of his records; so it is remembered of the owners who
 * came last, and every note changes what is remembered by as much as it changes the record.
 *
 * Of some changes nobody knows here: of `davit upload expire` in another process, of one whose time
 * is over before it is swept. By all of these there is less than is remembered. So an owner is let
 * in by what is remembered, and refused only by what is there: then it is counted once more.
 *
 * While it is counted others may change it. Then the sum was right at some moment of the count,
 * which is enough for who has asked, and is not remembered. */
#include "store/resumable/holdings.h"

#include "base/mem.h"

enum { OWNERS_MAX = 256 };

struct holder {
    struct list link; /* the one that was asked for last is the last */
    uint64_t mark;
    struct holdings sum;
    bool is_counted;  /* false: somebody is counting */
    bool has_changed; /* meanwhile */
};

void holders_init(struct holders *holders, holdings_ask_fn *ask)
{
    pthread_mutex_init(&holders->mutex, NULL);
    list_init(&holders->list);
    holders->ask = ask;
}

struct holdings held_by(const struct record *record)
{
    const struct resumable *told = &record->told;
    if (told->is_done)
        return (struct holdings){0};
    uint64_t size_bytes = told->wish.size_bytes;
    return (struct holdings){1, size_bytes == UINT64_MAX ? told->received_bytes : size_bytes};
}

/* --- those that are remembered; with the mutex held --- */

static struct holder *find(struct holders *holders, uint64_t mark)
{
    LIST_EACH (&holders->list, link) {
        struct holder *holder = CONTAINER_OF(link, struct holder, link);
        if (holder->mark == mark)
            return holder;
    }
    return NULL;
}

static void drop(struct holders *holders, struct holder *holder)
{
    list_remove(&holder->link);
    mem_free(holder);
    holders->count--;
}

/* The one that nobody has asked for longest; who counts keeps his. */
static void make_room(struct holders *holders)
{
    LIST_EACH (&holders->list, link) {
        struct holder *holder = CONTAINER_OF(link, struct holder, link);
        if (holders->count >= OWNERS_MAX && holder->is_counted)
            drop(holders, holder);
    }
}

static struct holder *begin_count(struct holders *holders, uint64_t mark)
{
    make_room(holders);
    struct holder *holder = MEM_NEW(struct holder);
    holder->mark = mark;
    list_append(&holders->list, &holder->link);
    holders->count++;
    return holder;
}

void holdings_change(struct holders *holders, uint64_t mark, const struct holdings *before,
                     const struct holdings *after)
{
    pthread_mutex_lock(&holders->mutex);
    struct holder *holder = find(holders, mark);
    if (holder) {
        holder->has_changed = true;
        holder->sum.count += after->count - before->count; /* modulo 2^64: both are sums of such */
        holder->sum.bytes += after->bytes - before->bytes;
    }
    pthread_mutex_unlock(&holders->mutex);
}

void holdings_forget(struct holders *holders, uint64_t mark)
{
    pthread_mutex_lock(&holders->mutex);
    struct holder *holder = find(holders, mark);
    if (holder && holder->is_counted)
        drop(holders, holder);
    else if (holder)
        holder->has_changed = true;
    pthread_mutex_unlock(&holders->mutex);
}

void holders_done(struct holders *holders)
{
    LIST_EACH (&holders->list, link)
        drop(holders, CONTAINER_OF(link, struct holder, link));
    pthread_mutex_destroy(&holders->mutex);
}

/* --- counting --- */

static void end(struct holders *holders, struct holder *holder, const struct holdings *sum)
{
    pthread_mutex_lock(&holders->mutex);
    holder->sum = *sum;
    holder->is_counted = true;
    if (holder->has_changed)
        drop(holders, holder);
    pthread_mutex_unlock(&holders->mutex);
}

struct holdings holdings_of(struct holders *holders, uint64_t mark, enum holdings_by by)
{
    pthread_mutex_lock(&holders->mutex);
    struct holder *holder = find(holders, mark);
    bool is_known = holder && holder->is_counted;
    if (is_known && by == HOLDINGS_REMEMBERED) {
        struct holdings sum = holder->sum;
        list_remove(&holder->link);
        list_append(&holders->list, &holder->link);
        pthread_mutex_unlock(&holders->mutex);
        return sum;
    }
    if (is_known)
        drop(holders, holder);
    holder = !holder || is_known ? begin_count(holders, mark) : NULL; /* or another counts, too */
    pthread_mutex_unlock(&holders->mutex);
    struct holdings sum = holders->ask(holders, mark);
    if (holder)
        end(holders, holder, &sum);
    return sum;
}
