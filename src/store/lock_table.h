/* store/lock_table.h: the locks of a store in memory, for backends that keep them there: every
 * write asks it, so it never touches the disk. Any thread. */
#pragma once

#include "base/limits.h"
#include "store/types.h"

struct lock_table;

NODISCARD struct lock_table *lock_table_new(void);
void lock_table_free(struct lock_table *table);

size_t lock_table_count(struct lock_table *table);

/* Adds, or replaces the lock with the same token. Copies. */
void lock_table_put(struct lock_table *table, const struct lock *lock);

/* Whether the limits allow to put it. What is put between this and that is not counted. */
NODISCARD bool lock_table_has_room(struct lock_table *table, const struct lock *lock,
                                   const struct limits *limits);

/* Whether there is a lock with that token, live or not yet dropped: put() would replace it. */
bool lock_table_has(struct lock_table *table, struct str token);

/* False: there was no such lock, or it had expired. */
bool lock_table_remove(struct lock_table *table, struct str token);

/* Removes all locks rooted at `path` or below it; only those below it. */
void lock_table_remove_tree(struct lock_table *table, struct res_path path);
void lock_table_remove_below(struct lock_table *table, struct res_path path);

/* Whether those would find one. */
bool lock_table_has_within(struct lock_table *table, struct res_path path);
bool lock_table_has_below(struct lock_table *table, struct res_path path);

/* Live locks, sorted by root and then by token. Gives memory from the arena. */
void lock_table_query(struct lock_table *table, struct arena *arena, struct res_path path,
                      enum lock_query query, struct lock_list *locks_out);

/* Calls fn with each lock, in no order. It must not call the table. */
void lock_table_each(struct lock_table *table, void (*fn)(const struct lock *lock, void *arg),
                     void *arg);

/* Drops the locks that have expired by `now_ms` (clock_boot_ms()). Says how many. */
size_t lock_table_expire(struct lock_table *table, int64_t now_ms);
