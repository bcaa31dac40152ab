/* What can be asked of a resumable upload, and its coming and going; append.c, piece.c and commit.c
 * are what happens in between.
 *
 * Each call opens what it is about, does its work when it is its turn (queues.c), and closes it
 * (opened_get). What a client sends is written outside of that, into a file that the append has
 * open; only what it notes of that takes a turn. So two calls about one upload are one after the
 * other, and thousands that are about others are not.
 *
 * Invariants
 *  (1) what is told as received is in the file, and as durable as the store is: it is noted after
 *      the bytes were flushed, and of what was noted no more is told than the file has;
 *  (2) what is behind it in the file is nothing, and is written over;
 *  (3) the content goes only by the rename of its commit, before which that was noted: so content
 *      that is missing was committed, if that was noted, and is lost otherwise.
 *
 * Room. What an owner has begun counts against the quota of where it goes to, and against the
 * limits; and where its size is known, the disk's blocks are set aside, so that what was promised
 * at the beginning is still true at the end. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "store/resumable/answers.h"
#include "store/resumable/engine_priv.h"

/* --- the engine --- */

struct resumables *resumables_open(int fd, const struct resumables_options *options)
{
    struct resumables *of = MEM_NEW(struct resumables);
    of->options = *options;
    of->fd = fd;
    pthread_mutex_init(&of->mutex, NULL);
    pthread_cond_init(&of->is_idle, NULL);
    list_init(&of->appends);
    list_init(&of->runnings);
    queues_init(&of->queues);
    holders_init(&of->holders, shelf_holdings);
    shelf_recover(of);
    sweeper_sweep(of);
    sweeper_start(of);
    return of;
}

void resumables_close(struct resumables *of)
{
    if (!of)
        return;
    sweeper_stop(of);
    LIST_EACH (&of->appends, link)
        append_leave(CONTAINER_OF(link, struct append, link)); /* all have been left */
    runnings_free(of);
    holders_done(&of->holders);
    queues_done(&of->queues);
    pthread_cond_destroy(&of->is_idle);
    pthread_mutex_destroy(&of->mutex);
    fd_close(of->fd);
    mem_free(of);
}

void resumables_remove_all(struct resumables *of)
{
    answers_remove_all(of);
    shelf_remove_all(of);
}

/* --- coming --- */

static size_t text_bytes(const struct resumable_wish *wish)
{
    return wish->owner.len + wish->id.len + wish->target.len + wish->if_match.len +
           wish->if_none_match.len + wish->if_header.len + wish->note.len;
}

/* The limits, and the quota of where it goes to: an upload of what all of them will be is asked
 * for, which changes nothing. */
static enum store_rc check_room_beside(struct store *store, const struct limits *limits,
                                       const struct resumable_wish *wish, struct holdings holdings)
{
    struct arena arena = {0};
    struct store_upload *upload;
    uint64_t more = wish->size_bytes == UINT64_MAX ? 0 : wish->size_bytes;
    bool has_target = wish->target.len > 0;
    struct res_path path = has_target ? wish->target : path_join(&arena, wish->near, STR("x"));
    enum store_rc rc = STORE_OK;
    uint64_t all = UINT64_MAX;
    bool is_beyond = __builtin_add_overflow(holdings.bytes, more, &all);
    if (holdings.count >= limits->uploads_per_user || is_beyond ||
        all > limits->upload_bytes_per_user)
        rc = STORE_NO_SPACE;
    if (rc == STORE_OK)
        rc = store_upload(store, path, all, &upload);
    if (rc == STORE_OK)
        store_upload_close(&upload);
    arena_done(&arena);
    bool counts = rc == STORE_NO_SPACE || rc == STORE_OVER_QUOTA || rc == STORE_DENIED ||
                  rc == STORE_READ_ONLY;
    return counts ? rc : STORE_OK; /* all else is asked at the commit */
}

/* Nobody is refused for what is only remembered. */
static enum store_rc check_room(struct store *store, struct resumables *of,
                                const struct resumable_wish *wish)
{
    uint64_t mark = owner_mark(wish->owner);
    enum store_rc rc = STORE_NO_SPACE;
    for (int by = HOLDINGS_REMEMBERED; by <= HOLDINGS_COUNTED && rc != STORE_OK; by++)
        rc = check_room_beside(store, of->options.limits, wish,
                               holdings_of(&of->holders, mark, (enum holdings_by)by));
    return rc;
}

/* In the owner's turn. */
static enum store_rc create(struct store *store, struct resumables *of, struct record *record)
{
    struct resumable_wish *wish = &record->told.wish;
    const struct holdings none = {0};
    if (!shelf_is_there(of))
        return STORE_FAILED;
    enum store_rc rc = check_room(store, of, wish);
    if (rc == STORE_OK)
        rc = shelf_make(of, record, wish->size_bytes == UINT64_MAX ? 0 : wish->size_bytes);
    if (rc != STORE_OK)
        return rc;
    struct holdings held = held_by(record);
    holdings_change(&of->holders, owner_mark(wish->owner), &none, &held);
    return STORE_OK;
}

static void make_id(struct arena *arena, struct resumable_wish *wish)
{
    struct buf text = {0};
    buf_add_hex(&text, random_u64(), 16);
    buf_add_hex(&text, random_u64(), 16);
    wish->id = arena_str(arena, buf_str(&text));
    buf_done(&text);
}

enum store_rc resumable_create(struct store *store, struct arena *arena,
                               const struct resumable_wish *wish, struct resumable *resumable_out)
{
    struct resumables *of;
    struct record record = {.told.wish = *wish};
    enum store_rc rc = store_resumables(store, wish->near, &of);
    if (rc != STORE_OK)
        return rc;
    if (text_bytes(wish) > RESUMABLE_TEXT_BYTES_MAX || (wish->id.len && !id_is_fine(wish->id)))
        return STORE_DENIED;
    if (!wish->id.len)
        make_id(arena, &record.told.wish);
    struct queue *queue =
        queue_enter(&of->queues, owner_mark(wish->owner), STR_NONE, ENTERS_ALWAYS);
    rc = create(store, of, &record);
    queue_leave(&of->queues, queue);
    record.told.expires_s = expires_s(of, &record);
    if (rc == STORE_OK) {
        running_begin(of, &record, wish->hash_kinds);
        *resumable_out = record.told;
    }
    return rc == STORE_NOT_FOUND ? STORE_FAILED : rc; /* the directory went at this moment */
}

/* --- looking --- */

/* What is not in its record. */
static enum store_rc complete(struct opened *opened, struct arena *arena)
{
    struct resumable_pieces pieces;
    struct resumable *told = &opened->record.told;
    told->expires_s = expires_s(opened->of, &opened->record);
    if (told->is_done)
        return STORE_OK;
    enum store_rc rc = pieces_list(opened, arena, &pieces);
    uint64_t all = 0;
    for (size_t i = 0; rc == STORE_OK && i < pieces.count; i++)
        all += pieces.items[i].bytes;
    told->piece_bytes = all > told->received_bytes ? all - told->received_bytes : 0;
    return rc;
}

enum store_rc resumable_look(struct store *store, struct arena *arena,
                             const struct resumable_key *key, enum resumable_look how,
                             struct resumable *resumable_out)
{
    struct opened opened;
    struct str none = STR_NONE;
    enum store_rc rc = opened_get(store, arena, key, &opened);
    if (rc != STORE_OK)
        return rc;
    if (how == LOOK_SETTLE && !opened.record.told.is_done)
        rc = settle_appends(&opened, &none);
    if (rc == STORE_OK)
        rc = complete(&opened, arena);
    opened_done(&opened);
    if (rc == STORE_OK)
        *resumable_out = opened.record.told;
    return rc;
}

struct listing {
    struct shelf_visitor visitor;
    struct resumables *of;
    const struct resumable_key *key;
    struct buf found; /* struct resumable */
};

static void list_one(struct shelf_visitor *visitor, int owner_fd, const char *name, int info_fd,
                     struct record *record)
{
    struct listing *listing = CONTAINER_OF(visitor, struct listing, visitor);
    (void)owner_fd, (void)name, (void)info_fd; /* what the record says is enough */
    if (!str_eq(record->told.wish.owner, listing->key->owner) ||
        !str_starts(record->told.wish.id, listing->key->id) || is_expired(listing->of, record))
        return;
    record->told.expires_s = expires_s(listing->of, record);
    record->told.wish.near = listing->key->near;
    buf_add(&listing->found, str_of((const char *)&record->told, sizeof(record->told)));
}

enum store_rc resumable_list(struct store *store, struct arena *arena,
                             const struct resumable_key *key, struct resumable_list *list_out)
{
    struct resumables *of;
    enum store_rc rc = store_resumables(store, key->near, &of);
    if (rc != STORE_OK)
        return rc;
    struct listing listing = {.visitor = {.show = list_one, .arena = arena}, .of = of, .key = key};
    shelf_visit(of, owner_mark(key->owner), &listing.visitor);
    size_t bytes = listing.found.len;
    list_out->count = bytes / sizeof(*list_out->items);
    list_out->items = arena_alloc(arena, bytes);
    if (bytes)
        memcpy(list_out->items, listing.found.at, bytes);
    buf_done(&listing.found);
    return STORE_OK;
}

/* --- going --- */

/* Its owner has been told that it is over: so it stays away when the power goes. */
static enum store_rc remove_opened(struct opened *opened, const char *id)
{
    (void)!settle_appends(opened, NULL); /* what they have written goes, too */
    int owner_fd = shelf_open_owner(opened->of, opened->mark, false);
    if (owner_fd < 0)
        return resumable_rc(errno, "cannot open a directory");
    enum store_rc rc = shelf_remove(opened->of, owner_fd, id);
    opened->record.told.is_done |= rc == STORE_OK;
    opened_count(opened);
    if (rc == STORE_OK && opened->of->options.is_flushed && fsync(owner_fd) < 0) {
        (void)resumable_rc(errno, "cannot flush");
        rc = STORE_UNKNOWN;
    }
    fd_close(owner_fd);
    return rc;
}

enum store_rc resumable_remove(struct store *store, const struct resumable_key *key)
{
    struct arena arena = {0};
    struct opened opened;
    enum store_rc rc = opened_get(store, &arena, key, &opened);
    if (rc == STORE_OK) {
        rc = remove_opened(&opened, arena_text(&arena, key->id));
        opened_done(&opened);
    }
    arena_done(&arena);
    return rc;
}
