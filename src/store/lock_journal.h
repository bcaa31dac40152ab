/* store/lock_journal.h: locks that survive a restart, for backends that keep them in a lock table:
 * each change goes to an append-only file before it is in the table. Any thread. */
#pragma once

#include "store/journal.h"
#include "store/lock_table.h"

#define JOURNAL_NAME "locks.journal"

struct lock_journal;

/* When a lock expires by this boot's clock that was to expire at `wall_ms` (since 1970): never
 * later than it would if it had just been granted. */
int64_t lock_expiry_of_wall(int64_t wall_ms, uint32_t timeout_s);

/* Puts into the table what the journal in `dir_fd` says; nothing where there is none. What a crash
 * has left half written at its end was promised to nobody. Of a journal that is damaged, all is
 * taken that can be read, and the log says how much that is. False: it cannot even be opened. */
NODISCARD bool lock_journal_read(int dir_fd, struct lock_table *table, bool *is_damaged_out,
                                 struct err *err);

/* Begins a new journal, of what is in the table now, in the place of the one that was there. From
 * here on the table is changed by the functions below only. Borrows `home` and the table until
 * closed. Gives; NULL: `err` says why. */
NODISCARD struct lock_journal *lock_journal_open(struct state_home *home, struct lock_table *table,
                                                 enum journal_open how, struct err *err);
void lock_journal_close(struct lock_journal *journal); /* NULL is fine */

/* Adds, or replaces the lock with the same token. Copies. On failure nothing has changed. */
NODISCARD enum store_rc lock_journal_put(struct lock_journal *journal, const struct lock *lock);

/* Removes the locks with these tokens; the rest of them is not looked at. On failure some of many
 * may be gone; UNKNOWN: all of them are, but a crash may bring them back. */
NODISCARD enum store_rc lock_journal_remove(struct lock_journal *journal,
                                            const struct lock_list *locks);

/* The same when their resources are gone: they go from the table in any case. When the journal
 * cannot be told, it is behind until the next change, or settling, has succeeded. */
void lock_journal_forget(struct lock_journal *journal, const struct lock_list *locks);

/* OK: the journal is not behind (any more). Quick when it was not. */
NODISCARD enum store_rc lock_journal_settle(struct lock_journal *journal);
