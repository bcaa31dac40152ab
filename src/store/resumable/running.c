/* Hashes that run along with what comes, so that the commit of an upload whose hash is announced at
 * its end need not read 20 GiB.
 *
 * What is kept is the hash of the first `at` bytes of the content. An append that begins there goes
 * on with a copy, and this takes the place of what is kept when its bytes count; so of an append
 * that came to nothing, nothing is in it. The commit reads what is behind `at`: that is nothing if
 * all came in order, and all if nothing is kept; and what it has read is kept, too, so that who
 * asks again and again for a commit that cannot be has nothing read for it. A piece that came too
 * early is read when it is joined.
 *
 * Invariant: nothing is kept of bytes that are written over. So it is forgotten where the content
 * is cut, or an append begins, before `at`.
 *
 * In memory, of the uploads that were written to last, and of those kinds only that their front end
 * expects to be asked for; a restart forgets it. Rejected: to keep the state of a hash with each
 * note. libcrypto gives none out that another process could go on with, and hashes of our own, of
 * five kinds, would be one more thing to be wrong. */
#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/resumable/engine_priv.h"

enum {
    RUNNINGS_MAX = 256, /* of half a kilobyte for each kind: more than are written to at a time */
    READ_BYTES = 1 << 18
};

struct running {
    struct list link;
    struct arena arena;
    uint64_t mark;
    char id[RESUMABLE_ID_BYTES_MAX + 1];
    uint64_t at;
    struct content_hashes kinds; /* those that have a length */
    struct content_check *check;
};

/* --- reading --- */

enum store_rc read_bytes(int fd, uint64_t from, uint64_t to,
                         enum store_rc (*show)(void *arg, struct str bytes), void *arg)
{
    char *batch = mem_new(1, READ_BYTES);
    enum store_rc rc = STORE_OK;
    while (from < to && rc == STORE_OK) {
        ssize_t got = pread(fd, batch, u64_min(READ_BYTES, to - from), (off_t)from);
        if (got < 0 && errno == EINTR)
            continue;
        rc = got > 0 ? show(arg, str_of(batch, (size_t)got))
                     : resumable_rc(got ? errno : EIO, "cannot read");
        from += got > 0 ? (uint64_t)got : 0;
    }
    mem_free(batch);
    return rc;
}

/* --- one --- */

static struct running *new_running(uint64_t mark, struct str id)
{
    struct running *running = MEM_NEW(struct running);
    list_init(&running->link);
    running->mark = mark;
    memcpy(running->id, id.at, id.len);
    return running;
}

void running_free(struct running *running)
{
    if (!running)
        return;
    arena_done(&running->arena);
    mem_free(running);
}

static struct running *copy_of(const struct running *running)
{
    struct running *copy = new_running(running->mark, str_of_c(running->id));
    copy->at = running->at;
    copy->kinds = running->kinds;
    copy->check = content_check_copy(&copy->arena, running->check);
    return copy;
}

void running_add(struct running *running, struct str bytes)
{
    if (!running)
        return;
    content_check_add(running->check, bytes);
    running->at += bytes.len;
}

/* --- those that are kept --- */

/* With the mutex held. NULL: none is. */
static struct running *find(struct resumables *of, uint64_t mark, struct str id)
{
    LIST_EACH (&of->runnings, link) {
        struct running *running = CONTAINER_OF(link, struct running, link);
        if (running->mark == mark && str_eq(str_of_c(running->id), id))
            return running;
    }
    return NULL;
}

static void drop(struct running *running)
{
    list_remove(&running->link);
    running_free(running);
}

void running_keep(struct resumables *of, struct running **keeping)
{
    struct running *running = *keeping;
    *keeping = NULL;
    if (!running)
        return;
    pthread_mutex_lock(&of->mutex);
    struct running *old = find(of, running->mark, str_of_c(running->id));
    if (old)
        drop(old);
    list_append(&of->runnings, &running->link);
    size_t count = 0;
    LIST_EACH (&of->runnings, link)
        count++;
    if (count > RUNNINGS_MAX)
        drop(CONTAINER_OF(of->runnings.next, struct running, link));
    pthread_mutex_unlock(&of->mutex);
}

void running_begin(struct resumables *of, const struct record *record, unsigned kinds)
{
    const struct resumable_wish *wish = &record->told.wish;
    struct running *running = new_running(owner_mark(wish->owner), wish->id);
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        if (kinds >> kind & 1 || wish->hashes.of[kind].len)
            running->kinds.of[kind].len = content_hash_bytes((enum content_hash)kind);
    }
    running->check = content_check_new(&running->arena, &running->kinds);
    if (!content_hashes_are_none(&running->kinds))
        running_keep(of, &running);
    running_free(running);
}

/* Of so many bytes at most. Gives. */
static struct running *copy_kept(const struct opened *opened, uint64_t bytes)
{
    struct resumables *of = opened->of;
    pthread_mutex_lock(&of->mutex);
    struct running *running = find(of, opened->mark, opened->record.told.wish.id);
    struct running *copy = running && running->at <= bytes ? copy_of(running) : NULL;
    if (running && !copy)
        drop(running);
    pthread_mutex_unlock(&of->mutex);
    return copy;
}

struct running *running_at(const struct opened *opened, uint64_t bytes)
{
    struct running *copy = copy_kept(opened, bytes);
    if (!copy || copy->at == bytes)
        return copy;
    running_free(copy); /* what is kept of fewer is still true of those */
    return NULL;
}

void running_forget(const struct opened *opened, uint64_t bytes)
{
    running_free(copy_kept(opened, bytes));
}

void runnings_free(struct resumables *of)
{
    LIST_EACH (&of->runnings, link)
        drop(CONTAINER_OF(link, struct running, link));
}

/* --- the end --- */

static bool has_all(const struct content_hashes *kinds, const struct content_hashes *wanted)
{
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        if (wanted->of[kind].len && !kinds->of[kind].len)
            return false;
    }
    return true;
}

/* From the beginning on, for those and for what is kept. */
static struct running *begin_again(const struct opened *opened, const struct running *kept,
                                   const struct content_hashes *wanted)
{
    struct running *running = new_running(opened->mark, opened->record.told.wish.id);
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        if (wanted->of[kind].len || (kept && kept->kinds.of[kind].len))
            running->kinds.of[kind].len = content_hash_bytes((enum content_hash)kind);
    }
    running->check = content_check_new(&running->arena, &running->kinds);
    return running;
}

static enum store_rc add_to_running(void *arg, struct str bytes)
{
    running_add(arg, bytes);
    return STORE_OK;
}

enum store_rc running_finish(const struct opened *opened, int content_fd,
                             const struct content_hashes *wanted, struct content_hashes *found_out)
{
    uint64_t bytes = opened->record.told.received_bytes;
    struct running *running = copy_kept(opened, bytes);
    if (!running || !has_all(&running->kinds, wanted)) {
        struct running *again = begin_again(opened, running, wanted);
        running_free(running);
        running = again;
    }
    bool is_new = running->at < bytes;
    enum store_rc rc = read_bytes(content_fd, running->at, bytes, add_to_running, running);
    if (rc == STORE_OK && is_new) { /* who asks again has it not read again */
        struct running *kept = copy_of(running);
        running_keep(opened->of, &kept);
    }
    if (rc == STORE_OK)
        *found_out = *content_check_found(running->check);
    running_free(running);
    return rc;
}
