/* Locks: every look-up is answered from memory; every change is in the database before it is in
 * memory, so that what was acknowledged is there after a restart. */
#include "base/clock.h"
#include "store/directory/dir_priv.h"

bool dir_has_locks(struct store *store)
{
    return lock_table_count(dir_of(store)->locks) > 0;
}

enum store_rc dir_locks(struct store *store, struct arena *arena, struct res_path path,
                        enum lock_query query, struct lock_list *locks_out)
{
    lock_table_query(dir_of(store)->locks, arena, path, query, locks_out);
    return STORE_OK;
}

struct lock_change {
    struct state_change change;
    const struct lock *lock; /* NULL: remove */
    struct str token;
    bool expires_others;
};

static enum store_rc expire(struct state_db *db)
{
    sqlite3_stmt *statement = state_prepare(db, SQL_LOCKS_EXPIRE);
    if (statement)
        (void)sqlite3_bind_int64(statement, 1, clock_wall_ms()); /* the step would fail */
    return state_run(statement);
}

static enum store_rc set_lock(struct state_db *db, const struct lock *lock)
{
    sqlite3_stmt *statement = state_prepare(db, SQL_LOCK_SET);
    if (!statement)
        return STORE_FAILED;
    state_bind(statement, 1, lock->token);
    state_bind(statement, 2, path_str(lock->root));
    (void)sqlite3_bind_int(statement, 3, lock->is_exclusive); /* these cannot fail in range */
    (void)sqlite3_bind_int(statement, 4, lock->is_infinite);
    state_bind(statement, 5, lock->owner_xml);
    state_bind(statement, 6, lock->principal);
    (void)sqlite3_bind_int64(statement, 7, lock->timeout_s);
    (void)sqlite3_bind_int64(statement, 8, lock->expires_ms);
    return state_run(statement);
}

static enum store_rc run_lock(struct state_change *change, struct state_db *db)
{
    const struct lock_change *self = CONTAINER_OF(change, struct lock_change, change);
    enum store_rc rc = self->expires_others ? expire(db) : STORE_OK;
    if (rc != STORE_OK)
        return rc;
    if (self->lock)
        return set_lock(db, self->lock);
    sqlite3_stmt *statement = state_prepare(db, SQL_LOCK_REMOVE);
    state_bind(statement, 1, self->token);
    return state_run(statement);
}

enum store_rc dir_lock(struct store *store, const struct lock *lock)
{
    struct dir_store *dir = dir_of(store);
    struct lock_change self = {.change.run = run_lock, .lock = lock};
    if (dir->is_read_only)
        return STORE_DENIED;
    self.expires_others = lock_table_expire(dir->locks, clock_wall_ms()) > 0;
    if (lock_table_count(dir->locks) >= dir->limits->lock_count &&
        !lock_table_has(dir->locks, lock->token)) /* a refresh adds none */
        return STORE_NO_SPACE;
    enum store_rc rc = state_write(dir->state, &self.change);
    if (rc == STORE_OK)
        lock_table_put(dir->locks, lock);
    return rc;
}

enum store_rc dir_unlock(struct store *store, struct str token)
{
    struct dir_store *dir = dir_of(store);
    struct lock_change self = {.change.run = run_lock, .token = token};
    if (dir->is_read_only)
        return STORE_DENIED;
    enum store_rc rc = state_write(dir->state, &self.change);
    if (rc != STORE_OK)
        return rc;
    return lock_table_remove(dir->locks, token) ? STORE_OK : STORE_NOT_FOUND;
}
