/* What is deleted is moved: into a collection that was made for it, where a record has been put
 * before. That is one rename however much it is, it takes the dead properties along, and of a tree
 * in which something may not go it leaves that, as a removal would; so what a store promises of a
 * move is what is promised here. A crash leaves a resource where it was, or kept; and perhaps a
 * collection with a record of nothing, which is shown to nobody and goes when the sweeper comes.
 *
 * The record is two texts, each with a NUL behind it: where it was, from the collection that has
 * the trash; and who has deleted it. When that was the name tells.
 *
 * What cannot be kept since there is no room for the record is deleted for good, and that is
 * logged: a full disk is emptied by deleting.
 *
 * Rejected: the record as dead properties of what is kept. They would have to be set before the
 * move, on what is not deleted yet, or after it, and then a crash loses them. */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "store/acl/table.h"
#include "store/silent.h"
#include "store/trash/kept_priv.h"
#include "store/upload.h"

enum {
    NAME_BYTES_MAX = 255,
    RECORD_BYTES_MAX = 65536, /* beyond that it is no record */
};

/* --- the record --- */

static enum store_rc write_record(struct store_change *inside, struct res_path path,
                                  struct str from)
{
    const struct store_commit options = {.expects_absent = true};
    struct store_upload *upload;
    struct store_stat stat;
    struct buf text = {0};
    buf_add(&text, from);
    buf_add_char(&text, '\0');
    buf_add(&text, inside->who);
    buf_add_char(&text, '\0');
    enum store_rc rc = store_upload(inside->store, path, text.len, &upload);
    if (rc == STORE_OK) {
        rc = store_upload_write(upload, buf_str(&text));
        if (rc == STORE_OK)
            rc = store_upload_end(upload);
        if (rc == STORE_OK)
            rc = store_upload_commit(upload, inside, &options, &stat);
        store_upload_close(&upload);
    }
    buf_done(&text);
    return rc;
}

static enum store_rc read_all(struct store *store, struct res_path path, struct buf *into)
{
    struct store_content *content;
    struct arena arena = {0};
    struct err err;
    enum store_rc rc = store_content_open(store, path, &content);
    if (rc != STORE_OK)
        return rc;
    uint64_t len = u64_min(content->stat.size_bytes, RECORD_BYTES_MAX);
    struct source *source = store_content_source(content, &arena, 0, len);
    enum pull pulled;
    do {
        pulled = source_pull(source, into, RECORD_BYTES_MAX, &err);
    } while (pulled == PULL_DATA);
    source_close(&source);
    store_content_close(&content);
    arena_done(&arena);
    return pulled == PULL_END ? STORE_OK : STORE_FAILED;
}

enum store_rc keep_read(struct trash_store *trash, struct arena *arena, const struct spot *spot,
                        struct store_kept *kept_out)
{
    struct buf text = {0};
    int64_t gone_us;
    if (!moment_parse(path_name(spot->slot), &gone_us))
        return STORE_NOT_FOUND;
    enum store_rc rc = read_all(trash->inner, path_join(arena, spot->slot, SPOT_ABOUT), &text);
    struct str rest = arena_str(arena, buf_str(&text));
    buf_done(&text);
    if (rc != STORE_OK)
        return rc == STORE_NO_PARENT ? STORE_NOT_FOUND : rc;
    struct str from = str_cut(&rest, '\0');
    struct str by = str_cut(&rest, '\0');
    if (from.len == 0)
        return STORE_NOT_FOUND;
    *kept_out = (struct store_kept){.by = by, .gone_us = gone_us, .is_member = spot->rest.len > 0};
    kept_out->from = path_join(arena, spot->base, from);
    if (spot->rest.len)
        kept_out->from = path_join(arena, kept_out->from, spot->rest);
    return STORE_OK;
}

/* --- keeping --- */

/* "20261130T200102.123456Z-3f9c-letter.txt", cut off where a name would be too long. */
static struct res_path name_slot(struct arena *arena, const struct spot *spot, struct str name)
{
    struct buf text = {0};
    uint16_t number;
    random_name_bytes(&number, sizeof(number));
    moment_add(&text, clock_wall_us());
    BUF_ADD(&text, "-");
    buf_add_hex(&text, number, 4);
    BUF_ADD(&text, "-");
    size_t len = size_min(name.len, NAME_BYTES_MAX - text.len);
    while (len < name.len && len > 0 && ((unsigned char)name.at[len] & 0xc0) == 0x80)
        len--; /* not within a character of UTF-8 */
    buf_add(&text, str_first(name, len));
    struct res_path path = path_join(arena, spot->trash, buf_str(&text));
    buf_done(&text);
    return path;
}

/* That others have come first (AGAIN) does not last, where it is about a slot that nobody else has
 * heard of; and to begin anew would be with another slot. */

static enum store_rc make_slot(struct store_change *inside, struct res_path slot)
{
    enum store_rc rc = STORE_AGAIN;
    for (unsigned i = 0; i < KEEP_TRIES && rc == STORE_AGAIN; i++)
        rc = store_mkcol(inside, slot);
    return rc;
}

static enum store_rc record_slot(struct store_change *inside, struct res_path slot, struct str from)
{
    struct res_path about = path_join(&inside->arena, slot, SPOT_ABOUT);
    enum store_rc rc = STORE_AGAIN;
    for (unsigned i = 0; i < KEEP_TRIES && rc == STORE_AGAIN; i++)
        rc = write_record(inside, about, from);
    return rc;
}

/* Or the sweeper will. */
static void remove_slot(struct store_change *inside, struct res_path slot)
{
    struct store_visitor silent = silent_visitor();
    enum store_rc rc = STORE_AGAIN;
    for (unsigned i = 0; i < KEEP_TRIES && rc == STORE_AGAIN; i++)
        rc = store_remove(inside, slot, &silent);
}

/* Makes the collection that something is put into, with its record. Nothing stays of it where that
 * fails. */
static enum store_rc open_slot(struct trash_store *trash, struct store_change *inside,
                               const struct spot *spot, struct res_path slot)
{
    struct arena *arena = &inside->arena;
    struct res_path all = path_join(arena, spot->trash, SPOT_VERSIONS);
    enum store_rc rc = versions_make_way(trash, inside, path_join(arena, all, SPOT_KEPT));
    trash_cover(inside, slot);
    if (rc == STORE_OK)
        rc = make_slot(inside, slot);
    if (rc != STORE_OK)
        return rc == STORE_NO_PARENT ? STORE_AGAIN : rc; /* somebody has removed the trash */
    rc = record_slot(inside, slot, spot->rest);
    if (rc != STORE_OK)
        remove_slot(inside, slot);
    return rc;
}

static enum store_rc put_aside(struct trash_store *trash, struct store_change *inside,
                               const struct spot *spot, struct store_visitor *visitor,
                               struct res_path *slot_out)
{
    struct arena *arena = &inside->arena;
    struct res_path path = path_join(arena, spot->base, spot->rest);
    struct res_path slot = name_slot(arena, spot, path_name(path));
    struct store_transfer transfer = {.from = path, .is_deep = true, .expects_absent = true};
    enum store_rc rc = open_slot(trash, inside, spot, slot);
    if (rc != STORE_OK)
        return rc;
    transfer.to = path_join(arena, slot, SPOT_KEPT);
    rc = STORE_AGAIN;
    for (unsigned i = 0; i < KEEP_TRIES && rc == STORE_AGAIN; i++)
        rc = store_move(inside, &transfer, visitor);
    if (rc == STORE_OK)
        rc = versions_move(trash, inside, spot_versions(arena, spot),
                           path_join(arena, slot, SPOT_OF_KEPT));
    else if (rc != STORE_PARTIAL && rc != STORE_UNKNOWN && rc != STORE_FAILED)
        remove_slot(inside, slot);
    if (rc == STORE_OK || rc == STORE_PARTIAL) {
        *slot_out = slot;
        sweeper_ring(trash);
    }
    return rc;
}

/* There is no room. */
static bool is_full(enum store_rc rc)
{
    return rc == STORE_NO_SPACE || rc == STORE_OVER_QUOTA;
}

/* What held for it where it was stays with it, whatever becomes of what it was in. Nobody sees it
 * less bound meanwhile: the place where it was is asked about as well. */
static void keep_acl(struct store_change *inside, struct res_path slot, struct str text)
{
    const struct store_patch patch = {.sets_acl = true, .acl = text};
    (void)!store_patch(inside, path_join(&inside->arena, slot, SPOT_KEPT), &patch);
}

/* Of the collections above it; empty: it has its own, which goes along, or there is none. */
static struct str inherited_acl(struct store_change *inside, struct res_path path)
{
    struct acl_place place = store_acls(inside->store, &inside->arena, path);
    const struct kept_acl *kept =
        place.table ? acl_table_find(place.table, &inside->arena, place.path) : NULL;
    return kept && kept->levels ? kept->text : STR_NONE;
}

enum store_rc keep_deleted(struct trash_store *trash, struct store_change *inside,
                           struct res_path path, struct store_visitor *visitor,
                           struct res_path *slot_out)
{
    struct spot spot = trash_spot(trash, &inside->arena, path);
    struct store_stat stat;
    *slot_out = (struct res_path){0};
    /* What is no resource, or holds the trash, or cannot go, is the store's to say. */
    if (!spot.base.at || !spot.rest.len || store_stat(inside->store, path, 0, &stat) != STORE_OK)
        return store_remove(inside, path, visitor);
    struct str acl = inherited_acl(inside, path);
    enum store_rc rc = put_aside(trash, inside, &spot, visitor, slot_out);
    if (acl.len && slot_out->at && !is_full(rc))
        keep_acl(inside, *slot_out, acl);
    if (!is_full(rc))
        return rc;
    log_line(LOG_WARN, "'/%.*s' is deleted for good: there is no room to keep it", STR_ARGS(path));
    sweeper_ring(trash);
    return store_remove(inside, path, visitor);
}
