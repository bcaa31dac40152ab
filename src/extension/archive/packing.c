/* An archive is written while it is sent: one member's head, then its content as it is read, then
 * the next member. Nothing is gathered before the first byte, and what is held is one piece of
 * content, whatever there is of it.
 *
 *     WALK -> CONTENT -> PAD -> WALK ... -> NOTES -> DIRECTORY -> END
 *               '------> WALK
 *
 * The status has left when a member turns out not to be readable. What is not in the archive, or
 * not as it is there, is named in a text that is its last member, and that is there only if there
 * is something to be said: nobody takes an archive for whole that is not. That a listing broke off
 * is more than that: what is missing has no name. Then the source fails, and the wire breaks the
 * framing.
 *
 * Invariants
 *  (1) a member is judged before anything is said of it, as in a listing (dav/listing.c): what the
 *      rules hide is neither in the archive nor in its notes;
 *  (2) what is read of a member is what one open gave, with its size and its time; where it becomes
 *      shorter meanwhile, the notes say so;
 *  (3) what has gone since it was listed is no member any more, and is left out without a word;
 *  (4) links are what they lead to, but collections behind links are not entered: they might lead
 *      in circles. The notes name them. */
#include "extension/archive/packing.h"

#include <stdatomic.h>

#include "dav/target.h"
#include "exchange/admit.h"
#include "exchange/handler.h"

enum { PIECE_BYTES = 65536, NOTES_MEMORY_BYTES = 16384 };

#define NOTES_NAME "NOT IN THIS ARCHIVE"

enum packing_state {
    PACKING_WALK,      /* the next member is to be found */
    PACKING_CONTENT,   /* of a member, which is being read */
    PACKING_PAD,       /* what is missing of it is being filled */
    PACKING_NOTES,     /* the last member is being written */
    PACKING_DIRECTORY, /* what the format has at its end */
    PACKING_END,
};

struct packing {
    struct source base;
    struct exchange *x;
    enum packing_state state;
    struct walk walk;
    struct archive archive;
    struct str folder;
    struct buf name; /* of the member in the archive */
    struct buf piece;
    struct spool notes;
    struct store_content *content; /* of the member that is being read */
    struct source *body;
    struct arena arena; /* of that */
};

/* --- how many at a time --- */

static atomic_uint under_way;

bool packing_enter(const struct limits *limits)
{
    if (atomic_fetch_add(&under_way, 1) < limits->archive_count)
        return true;
    packing_leave();
    return false;
}

void packing_leave(void)
{
    atomic_fetch_sub(&under_way, 1);
}

/* --- notes --- */

static void note(struct packing *packing, const char *what)
{
    struct buf *to = spool_buf(&packing->notes);
    buf_add(to, buf_str(&packing->name));
    buf_addf(to, ": %s\r\n", what);
}

static const char *reason_of(enum store_rc rc)
{
    const char *text = dav_from_store(rc).text;
    return text ? text : "cannot be read";
}

/* --- members --- */

/* Its name in the archive; the URL's path is what clients know it by. */
static void set_name(struct packing *packing, struct res_path path)
{
    size_t above = packing->x->path.len;
    struct buf plain = {0};
    struct str below = str_from(path_str(path), size_min(path.len, above ? above + 1 : 0));
    buf_add(&plain, packing->folder);
    if (plain.len && below.len)
        buf_add_char(&plain, '/');
    buf_add(&plain, below);
    buf_clear(&packing->name);
    if (!archive_name_add(&packing->name, buf_str(&plain)))
        note(packing, "is called otherwise on the server, by what no archive can name");
    buf_done(&plain);
}

static void add_head(struct packing *packing, const struct store_stat *stat)
{
    const struct archive_member member = {
        .name = buf_str(&packing->name),
        .is_collection = stat->is_collection,
        .is_executable = stat->is_executable,
        .size_bytes = stat->size_bytes,
        .modified_s = stat->modified_s,
    };
    archive_member(&packing->archive, &member);
}

static bool add_collection(struct packing *packing, const struct store_stat *stat, struct err *err)
{
    if (packing->name.len == 0) /* the root */
        return true;
    add_head(packing, stat);
    return archive_member_end(&packing->archive, err);
}

static void open_content(struct packing *packing, struct res_path real)
{
    enum store_rc rc = store_content_open(target_of(packing->x)->store, real, &packing->content);
    if (rc == STORE_NOT_FOUND || rc == STORE_NO_PARENT) /* (3) */
        return;
    if (rc != STORE_OK) {
        note(packing, reason_of(rc));
        return;
    }
    const struct store_stat *stat = &packing->content->stat;
    packing->body = store_content_source(packing->content, &packing->arena, 0, stat->size_bytes);
    add_head(packing, stat);
    packing->state = PACKING_CONTENT;
}

/* Whether it is another handler's, or out of reach; it is a collection in any case. */
static bool is_elsewhere(const struct packing *packing, const struct walk_item *item)
{
    return item->is_mount && (item->rc != STORE_OK || !handler_reaches(packing->x, item->path));
}

/* True: there is nothing more to be done for it, but what *part_out says. */
static bool is_withheld(struct packing *packing, const struct walk_item *item,
                        struct walk_item *part_out)
{
    const struct exchange *x = packing->x;
    switch (admit_judge(x, ACCESS_READ, item->path, item->real)) {
    case ACCESS_HIDDEN:
        return true;
    case ACCESS_GRANTED:
        *part_out = *item;
        return false;
    case ACCESS_SIGN_IN:
    case ACCESS_REFUSED:
        break;
    }
    if (target_show_part(x, item, part_out))
        return false;
    set_name(packing, item->path);
    if (!item->is_of_part)
        note(packing, "may not be read");
    return true;
}

static bool add_item(struct packing *packing, const struct walk_item *item, struct err *err)
{
    struct walk_item shown;
    if (is_withheld(packing, item, &shown))
        return true;
    set_name(packing, item->path);
    if (is_elsewhere(packing, item))
        note(packing, "is on another server, or out of reach at present");
    else if (item->is_listing_rc || (item->is_link && item->stat.is_collection))
        note(packing, item->is_link ? "a link to a collection: what is in it is left out"
                                    : "its members cannot be listed");
    else if (item->rc != STORE_OK)
        note(packing, reason_of(item->rc));
    bool is_known = item->rc == STORE_OK || item->is_listing_rc;
    if (shown.stat.is_collection)
        return !is_known || add_collection(packing, &shown.stat, err);
    if (is_known)
        open_content(packing, item->real);
    return true;
}

static void close_content(struct packing *packing)
{
    source_close(&packing->body);
    store_content_close(&packing->content);
    arena_reset(&packing->arena);
}

/* --- the last member --- */

/* One that is not there. */
static void name_notes(struct packing *packing)
{
    struct target *target = target_of(packing->x);
    struct store_stat stat;
    struct buf name = {0};
    struct arena arena = {0};
    bool is_taken = true;
    for (unsigned i = 1; is_taken && i < 100; i++) {
        arena_reset(&arena);
        buf_clear(&name);
        BUF_ADD(&name, NOTES_NAME);
        if (i > 1)
            buf_addf(&name, " (%u)", i);
        BUF_ADD(&name, ".txt");
        struct res_path at = path_join(&arena, target_read(packing->x), buf_str(&name));
        is_taken = store_stat(target->store, at, 0, &stat) != STORE_NOT_FOUND;
    }
    buf_clear(&packing->name);
    buf_add(&packing->name, packing->folder);
    if (packing->name.len)
        buf_add_char(&packing->name, '/');
    buf_add(&packing->name, buf_str(&name));
    buf_done(&name);
    arena_done(&arena);
}

static void begin_notes(struct packing *packing)
{
    const struct store_stat stat = {.size_bytes = spool_len(&packing->notes),
                                    .modified_s = STORE_TIME_UNKNOWN};
    name_notes(packing);
    add_head(packing, &stat);
    packing->state = PACKING_NOTES;
}

static void end_members(struct packing *packing)
{
    archive_end(&packing->archive);
    packing->state = PACKING_DIRECTORY;
}

/* --- steps --- */

static bool step_walk(struct packing *packing, struct err *err)
{
    struct walk_item item;
    switch (walk_next(&packing->walk, &item)) {
    case STORE_OK:
        return add_item(packing, &item, err) && spool_settle(&packing->notes, err);
    case STORE_END:
        if (spool_len(&packing->notes))
            begin_notes(packing);
        else
            end_members(packing);
        return true;
    default:
        return err_set(err, 0, "listing a collection failed");
    }
}

static bool end_member(struct packing *packing, struct err *err)
{
    close_content(packing);
    packing->state = PACKING_WALK;
    return archive_member_end(&packing->archive, err);
}

static bool step_content(struct packing *packing, struct err *err)
{
    struct err why;
    buf_clear(&packing->piece);
    switch (source_pull(packing->body, &packing->piece, PIECE_BYTES, &why)) {
    case PULL_DATA:
        archive_content(&packing->archive, buf_str(&packing->piece));
        return true;
    case PULL_END:
        return end_member(packing, err);
    case PULL_FAIL:
        break;
    case PULL_WAIT:
        BUG("what is read on a worker waits");
    }
    note(packing, "could not be read to its end: it is not whole here");
    packing->state = PACKING_PAD;
    return spool_settle(&packing->notes, err);
}

static bool step_notes(struct packing *packing, struct err *err)
{
    buf_clear(&packing->piece);
    if (spool_len(&packing->notes) == 0) {
        bool is_fine = archive_member_end(&packing->archive, err);
        end_members(packing);
        return is_fine;
    }
    if (!spool_take(&packing->notes, &packing->piece, PIECE_BYTES, err))
        return false;
    archive_content(&packing->archive, buf_str(&packing->piece));
    return true;
}

/* Appends something to the archive, or goes to the next state. False: it has failed. */
static bool step(struct packing *packing, struct err *err)
{
    switch (packing->state) {
    case PACKING_WALK:
        return step_walk(packing, err);
    case PACKING_CONTENT:
        return step_content(packing, err);
    case PACKING_PAD:
        return archive_pad(&packing->archive, PIECE_BYTES) || end_member(packing, err);
    case PACKING_NOTES:
        return step_notes(packing, err);
    case PACKING_DIRECTORY:
        if (!archive_rest(&packing->archive, PIECE_BYTES, err))
            return false;
        if (packing->archive.out.len == 0)
            packing->state = PACKING_END;
        return true;
    case PACKING_END:
        break;
    }
    BUG("no such packing state");
}

/* --- the source --- */

static enum pull packing_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct packing *packing = CONTAINER_OF(self, struct packing, base);
    struct buf *out = &packing->archive.out;
    while (out->len == 0 && packing->state != PACKING_END) {
        if (!step(packing, err))
            return PULL_FAIL;
    }
    if (out->len == 0)
        return PULL_END;
    size_t len = size_min(want, out->len);
    buf_add(into, str_first(buf_str(out), len));
    archive_taken(&packing->archive, len);
    return PULL_DATA;
}

static void packing_close(struct source *self)
{
    struct packing *packing = CONTAINER_OF(self, struct packing, base);
    close_content(packing);
    walk_done(&packing->walk);
    archive_done(&packing->archive);
    spool_done(&packing->notes);
    buf_done(&packing->name);
    buf_done(&packing->piece);
    arena_done(&packing->arena);
    packing_leave();
}

static const struct source_ops packing_ops = {
    .name = "archive", .pull = packing_pull, .close = packing_close};

static enum walk_entry may_enter(struct walk *walk, struct res_path path, struct res_path real)
{
    const struct packing *packing = CONTAINER_OF(walk, struct packing, walk);
    return target_entry(packing->x, path, real);
}

/* The collection itself comes first, and says whether it can be listed. */
static enum store_rc begin_walk(struct packing *packing, struct err *err)
{
    struct exchange *x = packing->x;
    struct walk_item item = {.path = x->path, .real = target_read(x)};
    struct store *store = target_of(x)->store;
    enum store_rc rc = store_stat(store, item.real, 0, &item.stat);
    if (rc != STORE_OK)
        return rc;
    walk_init(&packing->walk, store, &item, DEPTH_INFINITY,
              (unsigned)x->service->limits->walk_depth);
    if (x->service->access)
        packing->walk.may_enter = may_enter;
    rc = walk_next(&packing->walk, &item);
    if (rc != STORE_OK || item.rc != STORE_OK)
        return rc == STORE_OK ? item.rc : rc;
    return add_item(packing, &item, err) ? STORE_OK : STORE_NO_SPACE;
}

enum store_rc packing_begin(struct exchange *x, const struct archive_format *format,
                            struct str folder, struct source **source_out)
{
    struct packing *packing = ARENA_NEW(x->arena, struct packing);
    const struct service *service = x->service;
    struct err err;
    packing->base.ops = &packing_ops;
    packing->x = x;
    packing->folder = folder;
    spool_init(&packing->notes, service->spool_dir_fd, NOTES_MEMORY_BYTES);
    archive_begin(&packing->archive, format, service->spool_dir_fd,
                  service->limits->answer_memory_bytes);
    enum store_rc rc = begin_walk(packing, &err);
    *source_out = &packing->base;
    if (rc != STORE_OK)
        source_close(source_out);
    return rc;
}
