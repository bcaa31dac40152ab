/* store/acl/table.h: who may do what with a resource, kept with it: all that a store keeps, in
 * memory, by path, so that a right is judged without a look at the disk. What the texts say is
 * access/acl/acl.h's. Any thread. */
#pragma once

#include "base/list.h"
#include "text/path.h"

struct acl_table;

/* What holds for a path: the text of the resource itself, or of the nearest collection above it
 * that has one. */
struct kept_acl {
    struct str text;
    size_t levels; /* it is kept so many levels above the path; 0: at it */
    const struct kept_acl
        *next; /* one that must grant it, too: what it is with is being moved there */
};

/* A tree that is being moved. Embedded in who moves it, whose paths outlive that. */
struct acl_move {
    struct list link; /* the table's */
    struct res_path from;
    struct res_path to;
};

/* Takes texts for so many paths. */
NODISCARD struct acl_table *acl_table_new(size_t count_max);
void acl_table_free(struct acl_table *table); /* NULL is fine */

bool acl_table_is_empty(struct acl_table *table);

/* Whether one for that path would be taken. */
bool acl_table_has_room(struct acl_table *table, struct res_path path);

/* Sets it, or, empty, removes it. Copies. */
void acl_table_set(struct acl_table *table, struct res_path path, struct str text);

/* NULL: none holds for the path. Gives memory from the arena. */
const struct kept_acl *acl_table_find(struct acl_table *table, struct arena *arena,
                                      struct res_path path);

/* Whether what holds for the path may be another than what holds below it. */
bool acl_table_differs_below(struct acl_table *table, struct res_path path);

/* The paths at or below `tree` that have one of their own. Gives memory from the arena. */
struct res_path *acl_table_paths(struct acl_table *table, struct arena *arena, struct res_path tree,
                                 size_t *count_out);

/* From now on what is kept in the one tree holds in the other, too; until the end. */
void acl_table_begin_move(struct acl_table *table, struct acl_move *move);
void acl_table_end_move(struct acl_table *table, struct acl_move *move);

/* Another number whenever anything is another; the same after a restart. */
uint64_t acl_table_mark(struct acl_table *table);
