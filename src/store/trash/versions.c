/* Content that is about to be overwritten is kept as a version: a copy of the resource that may be
 * a second name of its file, so nothing is copied where there can be one, and what is put in the
 * place of the first leaves the second. It is there before the new content is; a crash in between
 * leaves a version that is what is there as well, and is kept but once.
 *
 * The versions of /a/f are members of the collection /a/f below that of all versions, each named by
 * the moment it was overwritten. So they follow a MOVE of a tree by one rename.
 *
 * A program that saves each second would leave 86,400 a day. So those that follow each other too
 * closely go, the more closely the longer ago: of the last ten seconds all are kept, of the last
 * minute one each ten seconds, of the last hour one a minute, of the last day one an hour, then one
 * a day. What is too close is told from the next older one that stays: measured from the newest, of
 * a program that saves each second none would ever grow old. */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/silent.h"
#include "store/trash/kept_priv.h"

enum store_rc versions_make_way(struct trash_store *trash, struct store_change *inside,
                                struct res_path collection)
{
    struct spot spot = trash_spot(trash, &inside->arena, collection);
    struct res_path path = path_parent(collection);
    struct store_stat stat;
    if (path.len < spot.trash.len)
        return STORE_OK;
    enum store_rc rc = store_stat(inside->store, path, 0, &stat);
    if (rc == STORE_OK && stat.is_collection)
        return STORE_OK;
    if (rc != STORE_NOT_FOUND)
        return rc == STORE_OK || rc == STORE_ALIAS ? STORE_DENIED : rc; /* what is no trash */
    if (!change_covers(inside, path, CLAIM_SELF, true))
        return STORE_AGAIN;
    rc = versions_make_way(trash, inside, path);
    if (rc == STORE_OK)
        rc = store_mkcol(inside, path);
    return rc == STORE_EXISTS ? STORE_OK : rc;
}

/* --- what there is --- */

struct moments {
    struct moment {
        int64_t us;
        struct str name;
        uint64_t version;
    } * items;
    size_t count, room;
};

static int compare(const void *a, const void *b)
{
    int64_t first = ((const struct moment *)a)->us;
    int64_t second = ((const struct moment *)b)->us;
    return first < second ? -1 : first > second;
}

/* The versions in a collection, the oldest first; none where it cannot be listed. Of them there are
 * few: they are thinned out. */
static struct moments list_moments(struct store *store, struct arena *arena,
                                   struct res_path collection)
{
    struct moments moments = {0};
    struct store_cursor *cursor = NULL;
    struct store_member member;
    if (store_list(store, collection, 0, &cursor) != STORE_OK)
        return moments;
    while (store_cursor_next(cursor, &member) == STORE_OK) {
        struct moment moment = {.version = member.stat.version};
        if (member.rc != STORE_OK || member.stat.is_collection ||
            !moment_parse(member.name, &moment.us))
            continue;
        moment.name = arena_str(arena, member.name);
        if (moments.count == moments.room) {
            moments.room = moments.room ? 2 * moments.room : 16;
            moments.items = mem_resize(moments.items, moments.room * sizeof(*moments.items));
        }
        moments.items[moments.count++] = moment;
    }
    store_cursor_close(&cursor);
    if (moments.count)
        qsort(moments.items, moments.count, sizeof(*moments.items), compare);
    return moments;
}

/* --- keeping --- */

static enum store_rc copy_aside(struct store_change *inside, struct res_path path,
                                struct res_path collection, struct res_path *version_out)
{
    struct store_visitor silent = silent_visitor();
    struct store_transfer transfer = {.from = path, .expects_absent = true, .shares_content = true};
    struct buf name = {0};
    moment_add(&name, clock_wall_us());
    transfer.to = path_join(&inside->arena, collection, buf_str(&name));
    buf_done(&name);
    enum store_rc rc = STORE_AGAIN;
    for (unsigned i = 0; i < KEEP_TRIES && rc == STORE_AGAIN; i++)
        rc = store_copy(inside, &transfer, &silent); /* to begin anew would be by another name */
    if (rc == STORE_OK)
        *version_out = transfer.to;
    return rc == STORE_EXISTS ? STORE_AGAIN : rc; /* the clock stands still */
}

/* A crash has left it, or an upload that failed in the end. */
static bool is_kept_already(struct store_change *inside, struct res_path collection,
                            const struct store_stat *stat)
{
    struct arena arena = {0};
    struct moments moments = list_moments(inside->store, &arena, collection);
    bool is_kept = moments.count && moments.items[moments.count - 1].version == stat->version;
    mem_free(moments.items);
    arena_done(&arena);
    return is_kept;
}

enum store_rc versions_keep(struct trash_store *trash, struct store_change *inside,
                            struct res_path path, struct res_path *version_out)
{
    struct spot spot = trash_spot(trash, &inside->arena, path);
    struct store_stat stat;
    *version_out = (struct res_path){0};
    if (spot.zone != ZONE_OUTSIDE || !spot.base.at || !spot.rest.len ||
        store_stat(inside->store, path, 0, &stat) != STORE_OK || stat.is_collection)
        return STORE_OK;
    struct res_path collection = spot_versions(&inside->arena, &spot);
    enum store_rc rc = versions_make_way(trash, inside, collection);
    if (rc == STORE_OK)
        rc = store_mkcol(inside, collection);
    if (rc == STORE_EXISTS)
        rc = is_kept_already(inside, collection, &stat) ? STORE_END : STORE_OK;
    if (rc == STORE_OK)
        rc = copy_aside(inside, path, collection, version_out);
    if (rc == STORE_NO_SPACE || rc == STORE_OVER_QUOTA) {
        log_line(LOG_WARN, "what '/%.*s' was is not kept: there is no room for it", STR_ARGS(path));
        rc = STORE_END;
    }
    return rc == STORE_END ? STORE_OK : rc;
}

void versions_drop(struct store_change *inside, struct res_path version)
{
    struct store_visitor silent = silent_visitor();
    if (version.at)
        (void)!store_remove(inside, version, &silent); /* it is one more, and does no harm */
}

/* So far apart are those that stay, by how long ago it was. */
static int64_t step_of(int64_t age_s)
{
    static const struct {
        int64_t age_s, step_s;
    } steps[] = {{10, 0}, {60, 10}, {3600, 60}, {86400, 3600}};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (age_s <= steps[i].age_s)
            return steps[i].step_s;
    }
    return 86400;
}

void versions_thin(struct store_change *inside, struct res_path version)
{
    struct arena arena = {0};
    struct res_path collection = path_parent(version);
    struct moments moments = {0};
    int64_t now_us = clock_wall_us();
    int64_t stays_us = INT64_MIN / 2;
    if (version.at)
        moments = list_moments(inside->store, &arena, collection);
    for (size_t i = 0; i + 1 < moments.count; i++) { /* the newest stays */
        int64_t us = moments.items[i].us;
        if (us - stays_us < step_of((now_us - us) / 1000000) * 1000000)
            versions_drop(inside, path_join(&arena, collection, moments.items[i].name));
        else
            stays_us = us;
    }
    mem_free(moments.items);
    arena_done(&arena);
}

/* --- moving --- */

/* What was there belongs to what was there before, and goes. */
enum store_rc versions_move(struct trash_store *trash, struct store_change *inside,
                            struct res_path from, struct res_path to)
{
    struct store_visitor silent = silent_visitor();
    struct store_transfer transfer = {.from = from, .to = to, .is_deep = true};
    struct store_stat stat;
    enum store_rc rc = store_stat(inside->store, from, 0, &stat);
    if (rc != STORE_OK)
        return rc == STORE_NOT_FOUND ? STORE_OK : rc;
    rc = versions_make_way(trash, inside, to);
    return rc == STORE_OK ? store_move(inside, &transfer, &silent) : rc;
}
