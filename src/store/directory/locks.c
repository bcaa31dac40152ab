/* Locks: every look-up is answered from memory, and every change is in the journal before it is in
 * memory (store/lock_journal.h), so that what was acknowledged is there after a restart. */
#include "store/directory/locks.h"

#include "base/clock.h"
#include "store/directory/dir.h"
#include "store/directory/state/kept.h"
#include "store/directory/upload.h"
#include "store/lock_journal.h"
#include "store/lock_table.h"

bool dir_has_locks(struct store *store)
{
    return lock_table_count(dir_of(store)->kept->locks) > 0;
}

enum store_rc dir_locks(struct store *store, struct arena *arena, struct res_path path,
                        enum lock_query query, struct lock_list *locks_out)
{
    lock_table_query(dir_of(store)->kept->locks, arena, path, query, locks_out);
    return STORE_OK;
}

/* The journal need not be told: it says of each lock when it expires. */
static void forget_expired(const struct dir_store *dir)
{
    (void)lock_table_expire(dir->kept->locks, clock_boot_ms()); /* how many is no matter */
}

enum store_rc dir_lock(struct store *store, const struct lock *lock)
{
    const struct dir_store *dir = dir_of(store);
    if (dir->is_read_only)
        return STORE_DENIED;
    forget_expired(dir);
    if (!lock_table_has_room(dir->kept->locks, lock, dir->limits))
        return STORE_NO_SPACE;
    return lock_journal_put(dir->kept->journal, lock);
}

/* The lock comes first: a crash between the two leaves a lock without a resource, which start-up
 * drops; the other way round an empty file would stay that nobody was told of. */
enum store_rc dir_lock_new(struct store *store, const struct lock *lock)
{
    enum store_rc rc = dir_lock(store, lock);
    if (rc != STORE_OK)
        return rc;
    rc = dir_make_empty(store, lock->root);
    if (rc != STORE_OK && rc != STORE_UNKNOWN) /* then both are there, as long as they are */
        (void)!dir_unlock(store, lock->token); /* it expires otherwise */
    return rc;
}

enum store_rc dir_unlock(struct store *store, struct str token)
{
    const struct dir_store *dir = dir_of(store);
    struct lock lock = {.token = token};
    struct lock_list locks = {&lock, 1};
    if (dir->is_read_only)
        return STORE_DENIED;
    forget_expired(dir);
    if (!lock_table_has(dir->kept->locks, token))
        return STORE_NOT_FOUND;
    return lock_journal_remove(dir->kept->journal, &locks);
}
