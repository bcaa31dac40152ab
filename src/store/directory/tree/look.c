/* A directory is read a buffer of entries at a time (entry.c), and its members are looked at a
 * batch at a time: the kernel's part and ours would otherwise push each other out of the
 * processor's caches at each of them, which costs a tenth. A batch holds no more than one buffer
 * has, so that names are borrowed and not copied. The first ones are small, since they may be on a
 * loop, and somebody waits for the first byte.
 *
 * To look at a member is one statx(2), and most of a cold listing's time. A large batch is
 * therefore shared with workers that have nothing to do (base/crew.h): each takes the next few
 * members and writes what it finds in their places, so that the order is the directory's whoever
 * has looked. The batch is the bound of what is held, and nobody looks beyond it: a listing that is
 * given up leaves nobody behind.
 *
 * How many are asked to help: with what the kernel knows already, looking computes, and more
 * threads than processors would only push each other aside. Where the members before have made us
 * wait (a disk, a network), it is the waiting that is shared, and processors do not count. How
 * often a thread has waited the kernel counts; it is asked once for a batch.
 *
 * Rejected: io_uring, which has no statx that does not block, and so gives each to a thread of the
 * kernel: more work for the same, and often forbidden. To let helpers look ahead while answers are
 * written: it would gain a fifth, and whoever closes the listing would have to wait for them. */
#include "store/directory/tree/look.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "base/turn.h"
#include "store/directory/beside/created.h"
#include "store/directory/entry.h"

enum {
    LOOK_FIRST = 16,
    LOOK_MAX = 256,
    SHARED_MIN = 128, /* members of a batch: fewer are done sooner than anybody has come */
    LARGE_MIN = 2048, /* members of a listing: fewer are not worth waking somebody for */
    PART = 16,        /* of which each takes so many at a time */
    HELPERS_MAX = 3,
    WAITED_PART = 8, /* of the members were waited for: the disk is what it depends on */
};

struct dir_looks {
    struct crew_work work; /* the batch */
    struct crew *crew;
    unsigned wants; /* of each member: store_wants */
    struct dir_entries entries;
    size_t read_count;
    enum store_rc end; /* what comes behind the batch; OK: more members */
    bool has_waited;   /* for those of the last batch */
    size_t want, count, at;
    atomic_size_t taken;                   /* members that somebody looks at, or has looked at */
    struct store_member members[LOOK_MAX]; /* without a name: it is none after all */
};

bool dir_look_at(int fd, unsigned wants, struct store_member *member)
{
    struct statx stx;
    if (!dir_statx_member(fd, member->name.at, &stx)) {
        if (errno == ENOENT) /* it went after its name was read */
            return false;
        member->rc = dir_rc(errno, "cannot look at a member");
        return true;
    }
    member->is_link = S_ISLNK(stx.stx_mode);
    return member->is_link || created_stat_wanted(fd, member->name.at, wants, &stx, &member->stat);
}

/* --- a batch --- */

static bool look_at_some(struct crew_work *work)
{
    struct dir_looks *looks = CONTAINER_OF(work, struct dir_looks, work);
    size_t from = atomic_fetch_add_explicit(&looks->taken, PART, memory_order_relaxed);
    if (from >= looks->count)
        return false;
    size_t until = size_min(from + PART, looks->count);
    for (size_t i = from; i < until; i++) {
        struct store_member *member = &looks->members[i];
        if (!dir_look_at(looks->entries.fd, looks->wants, member))
            member->name = STR_NONE;
    }
    return until < looks->count;
}

/* The next names, as many as there is room for and as were read in one call. */
static void read_names(struct dir_looks *looks)
{
    struct dir_entry entry;
    looks->count = looks->at = 0;
    looks->want = size_min(looks->want * 4, LOOK_MAX);
    while (looks->end == STORE_OK && looks->count < looks->want) {
        if (looks->count && !dir_entries_has_more(&looks->entries))
            return;
        looks->end = dir_entries_next(&looks->entries, &entry);
        if (looks->end != STORE_OK)
            return;
        looks->read_count++;
        if (!dir_is_reserved_name(entry.name))
            looks->members[looks->count++] = (struct store_member){.name = entry.name};
    }
}

/* How often this thread has waited for something. */
static long count_waits(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nvcsw : 0;
}

static unsigned count_helpers(const struct dir_looks *looks)
{
    size_t others = looks->read_count < LARGE_MIN ? 0 : looks->crew->processors - 1;
    return looks->has_waited ? HELPERS_MAX : (unsigned)size_min(others, HELPERS_MAX);
}

static void look_ahead(struct dir_looks *looks)
{
    read_names(looks);
    atomic_store_explicit(&looks->taken, 0, memory_order_relaxed);
    if (!looks->crew || looks->count < SHARED_MIN || turn_current() != 0) {
        crew_share(NULL, &looks->work, 0);
        return;
    }
    long waits = count_waits();
    crew_share(looks->crew, &looks->work, count_helpers(looks));
    looks->has_waited = count_waits() - waits > (long)(looks->count / WAITED_PART);
}

/* --- the members --- */

struct dir_looks *dir_looks_new(int fd, unsigned wants, struct crew *crew)
{
    struct dir_looks *looks = mem_resize(NULL, sizeof(*looks));
    memset(looks, 0, offsetof(struct dir_looks, members)); /* those are written as they are read */
    looks->work.step = look_at_some;
    looks->crew = crew;
    looks->wants = wants;
    looks->end = STORE_OK;
    looks->want = LOOK_FIRST / 4;
    dir_entries_init(&looks->entries, fd);
    return looks;
}

void dir_looks_free(struct dir_looks *looks)
{
    if (!looks)
        return;
    dir_entries_done(&looks->entries);
    mem_free(looks);
}

enum store_rc dir_looks_next(struct dir_looks *looks, struct store_member *member_out)
{
    for (;;) {
        if (looks->at == looks->count && looks->end == STORE_OK)
            look_ahead(looks);
        if (looks->at == looks->count)
            return looks->end;
        const struct store_member *member = &looks->members[looks->at++];
        if (member->name.len == 0)
            continue;
        *member_out = *member;
        return STORE_OK;
    }
}

size_t dir_looks_count(const struct dir_looks *looks)
{
    return looks->read_count;
}
