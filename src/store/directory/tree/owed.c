/* A tree changes by a rename, its properties by a transaction, and the second can fail when the
 * first is done: the disk is full, or has an error. To tell the client that nothing has changed
 * would be wrong, and so would be to forget the change: what the database says of these paths is no
 * longer so. Such a change is owed. It stays in memory, and
 *
 *  (1) reads see it as made: dir_owed_find() says under which path the rows are for now;
 *  (2) no change of the same paths is made before it: dir_owed_settle() tries again, and who wanted
 *      to change something there fails when that does;
 *  (3) the database makes it ahead of any other change, in one transaction with that (state.c): the
 *      order in which rows change is the order in which it was promised.
 *
 * (3) is asserted where the database commits. (1) and (2) are about what others do at the same
 * time: the tests of a failing database hold them.
 *
 * For a copy or move the database has its intent from before (follow.c), and by (2) nothing that
 * was acknowledged has overtaken that: after a crash, start-up can believe it. What is owed for a
 * removal is lost by a crash. This leaves rows without a resource, which do no harm: whatever is
 * made at a path clears it first.
 *
 * What was rejected: to undo the change of the tree, which may fail in turn, and cannot bring back
 * what it has replaced; and to write the new rows along with the intent, which makes the last step
 * smaller but not sure. */
#include "store/directory/tree/owed.h"

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/directory/dir.h"
#include "store/directory/state/kept.h"
#include "store/directory/state/state.h"
#include "store/lock_journal.h"

void dir_paths_add(struct arena *arena, struct dir_paths *paths, struct res_path path)
{
    if (paths->count == paths->cap) {
        paths->cap = paths->cap ? paths->cap * 2 : 16;
        struct res_path *items = arena_alloc(arena, paths->cap * sizeof(*items));
        if (paths->count)
            memcpy(items, paths->items, paths->count * sizeof(*items));
        paths->items = items;
    }
    paths->items[paths->count++] = path_copy(arena, path);
}

/* --- the change --- */

static enum store_rc run_on_paths(struct state_db *db, enum state_sql sql, struct res_path first,
                                  const struct res_path *second)
{
    sqlite3_stmt *statement = state_prepare(db, sql);
    state_bind(statement, 1, path_str(first));
    if (second)
        state_bind(statement, 2, path_str(*second));
    return state_run(statement);
}

static enum store_rc close_intent(struct state_db *db, int64_t intent)
{
    static const enum state_sql sqls[] = {SQL_INTENT_LOCKS_REMOVE, SQL_INTENT_REMOVE};
    enum store_rc rc = STORE_OK;
    for (size_t i = 0; i < ARRAY_LEN(sqls) && rc == STORE_OK; i++) {
        sqlite3_stmt *statement = state_prepare(db, sqls[i]);
        if (statement)
            (void)sqlite3_bind_int64(statement, 1, intent); /* the step would fail */
        rc = state_run(statement);
    }
    return rc;
}

static enum store_rc run_rows(struct state_change *change, struct state_db *db)
{
    const struct dir_rows *rows = CONTAINER_OF(change, struct dir_rows, change);
    /* As long as the journal has locks of what was replaced, the intent is what tells of it. */
    enum store_rc rc = rows->intent ? lock_journal_settle(rows->dir->kept->journal) : STORE_OK;
    for (size_t i = 0; i < rows->gone.count && rc == STORE_OK; i++)
        rc = run_on_paths(db, SQL_PROPS_REMOVE, rows->gone.items[i], NULL);
    for (size_t i = 0; i < rows->sources.count && rc == STORE_OK; i++) {
        struct res_path source = rows->sources.items[i];
        struct res_path target = rows->targets.items[i];
        rc = run_on_paths(db, SQL_PROPS_REMOVE, target, NULL);
        if (rc == STORE_OK)
            rc = run_on_paths(db, rows->is_copy ? SQL_PROPS_COPY : SQL_PROPS_RENAME, source,
                              &target);
    }
    return rc == STORE_OK && rows->intent ? close_intent(db, rows->intent) : rc;
}

/* Makes the change; `rows` keeps what it holds. */
static enum store_rc write_rows(struct dir_rows *rows)
{
    rows->change = (struct state_change){.run = run_rows};
    if (!rows->gone.count && !rows->sources.count && !rows->intent)
        return STORE_OK;
    /* Noted first: a reader that looks between commit and note would miss them. */
    for (size_t i = 0; i < rows->targets.count; i++)
        state_note_props(rows->dir->kept->state, rows->targets.items[i]);
    return state_write(rows->dir->kept->state, &rows->change);
}

enum store_rc dir_rows_write(struct dir_rows *rows)
{
    enum store_rc rc = write_rows(rows);
    arena_done(&rows->arena);
    return rc;
}

/* --- what is owed --- */

/* Where the rows of a path are for now. */
struct detour {
    struct map_entry entry;
    bool is_nowhere;
    struct res_path at;
};

struct owed {
    struct dir_rows rows;
    struct map detours; /* by path */
};

static struct owed *owed_of(struct state_change *change)
{
    return CONTAINER_OF(change, struct owed, rows.change);
}

static void add_detour(struct owed *owed, struct res_path path, const struct res_path *at)
{
    if (map_find(&owed->detours, path_str(path)))
        return;
    struct detour *detour = ARENA_NEW(&owed->rows.arena, struct detour);
    detour->is_nowhere = at == NULL;
    if (at)
        detour->at = *at;
    map_add(&owed->detours, &detour->entry, path_str(path));
}

static void free_owed(struct state_change *change)
{
    struct owed *owed = owed_of(change);
    map_done(&owed->detours);
    arena_done(&owed->rows.arena);
    mem_free(owed);
}

void dir_rows_follow(struct dir_rows *rows)
{
    enum store_rc rc = write_rows(rows);
    if (rc == STORE_OK || rc == STORE_UNKNOWN) { /* made, though perhaps not for ever */
        arena_done(&rows->arena);
        return;
    }
    struct owed *owed = MEM_NEW(struct owed);
    owed->rows = *rows;
    rows = &owed->rows;
    rows->from = path_copy(&rows->arena, rows->from);
    rows->to = path_copy(&rows->arena, rows->to);
    rows->change.made = free_owed;
    for (size_t i = 0; i < rows->targets.count; i++)
        add_detour(owed, rows->targets.items[i], &rows->sources.items[i]);
    for (size_t i = 0; i < rows->gone.count; i++)
        add_detour(owed, rows->gone.items[i], NULL);
    for (size_t i = 0; i < rows->sources.count && !rows->is_copy; i++)
        add_detour(owed, rows->sources.items[i], NULL);
    log_line(LOG_WARN, "state database: the properties of changed resources are kept in memory, "
                       "and written as soon as possible");
    state_owe(rows->dir->kept->state, &rows->change);
}

/* --- settling --- */

static bool overlap(struct res_path a, struct res_path b)
{
    return path_is_within(a, b) || path_is_within(b, a);
}

struct search {
    struct res_path path;
    bool is_owed;
    bool is_nowhere;
    struct res_path at;
    struct arena *arena;
};

static void look_for_overlap(struct state_change *change, void *arg)
{
    struct search *search = arg;
    const struct dir_rows *rows = &owed_of(change)->rows;
    search->is_owed =
        search->is_owed || overlap(search->path, rows->from) || overlap(search->path, rows->to);
}

static enum store_rc run_nothing(struct state_change *change, struct state_db *db)
{
    (void)change, (void)db; /* what is owed goes ahead of it */
    return STORE_OK;
}

enum store_rc dir_owed_settle(struct dir_store *dir, struct res_path path)
{
    struct state_change nothing = {.run = run_nothing};
    struct search search = {.path = path};
    if (!dir->kept->state || !state_is_owed(dir->kept->state))
        return STORE_OK;
    (void)state_each_owed(dir->kept->state, look_for_overlap, &search); /* nothing is read by it */
    return search.is_owed ? state_write(dir->kept->state, &nothing) : STORE_OK;
}

void dir_owed_settle_all(struct dir_store *dir)
{
    (void)!dir_owed_settle(dir, PATH_ROOT); /* it was tried */
}

/* --- reading --- */

static void look_for_detour(struct state_change *change, void *arg)
{
    struct search *search = arg;
    struct map_entry *entry = map_find(&owed_of(change)->detours, path_str(search->path));
    if (!entry)
        return;
    const struct detour *detour = CONTAINER_OF(entry, struct detour, entry);
    search->is_nowhere = detour->is_nowhere;
    search->at = path_copy(search->arena, detour->at);
}

bool dir_owed_find(const struct dir_store *dir, struct res_path path, struct arena *arena,
                   struct res_path *at_out, unsigned *seen_out)
{
    struct search search = {.path = path, .at = path, .arena = arena};
    *seen_out =
        state_each_owed(dir->kept->state, look_for_detour, &search); /* the last one counts */
    *at_out = search.at;
    return !search.is_nowhere;
}

bool dir_owed_has_changed(const struct dir_store *dir, unsigned seen)
{
    return state_owed_changes(dir->kept->state) != seen;
}
