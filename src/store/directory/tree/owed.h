/* store/directory/tree/owed.h: what is to become of the properties of resources that have been
 * removed, copied or moved: at once or, when the database fails, as soon as it does not. */
#pragma once

#include "store/directory/dir.h"
#include "store/directory/state/state.h"

struct dir_paths {
    struct res_path *items;
    size_t count;
    size_t cap;
};
/* Copies. */
void dir_paths_add(struct arena *arena, struct dir_paths *paths, struct res_path path);

/* One change of the database. `from` and `to` are the trees that it is about; the rest is empty at
 * first. */
struct dir_rows {
    struct dir_store *dir;
    struct res_path from, to;
    struct dir_paths gone;    /* their properties go */
    struct dir_paths sources; /* the properties of the n-th become those of the n-th target */
    struct dir_paths targets;
    bool is_copy;       /* and stay what they are at the sources */
    int64_t intent;     /* is closed by the same step; 0: there is none */
    struct arena arena; /* of the lists */
    struct state_change change;
};

/* Makes the change, or nothing. Takes what `rows` holds. */
NODISCARD enum store_rc dir_rows_write(struct dir_rows *rows);

/* The same for a change that follows what has happened: when it fails it is owed, and every read
 * sees it as made. Takes. */
void dir_rows_follow(struct dir_rows *rows);

/* Before a change at `path`, above or below it: makes what is owed there. Any other than OK: it
 * cannot be made now, and the change must not be. */
NODISCARD enum store_rc dir_owed_settle(struct dir_store *dir, struct res_path path);

/* At the end: a last attempt. */
void dir_owed_settle_all(struct dir_store *dir);

/* The path under which the database has the properties of `path`. False: it has none, whatever
 * stands there. *seen_out goes to dir_owed_has_changed(): true when the answer may be no longer so,
 * and what was read with it is void. Gives memory from the arena. */
NODISCARD bool dir_owed_find(const struct dir_store *dir, struct res_path path, struct arena *arena,
                             struct res_path *at_out, unsigned *seen_out);
bool dir_owed_has_changed(const struct dir_store *dir, unsigned seen);
