#include "store/directory/acls.h"

#include "store/acl/table.h"
#include "store/directory/dir.h"
#include "store/directory/state/kept.h"
#include "store/directory/state/state.h"

/* They are few among many properties, and must be known before the first request. */
static enum store_rc make_index(struct state_change *change, struct state_db *db)
{
    (void)change; /* nothing else is in it */
    return state_run(state_prepare(db, SQL_ACLS_INDEX));
}

static enum store_rc read_rows(struct state_db *db, struct acl_table *table)
{
    sqlite3_stmt *statement = state_prepare(db, SQL_ACLS_ALL);
    enum store_rc rc;
    while ((rc = state_step(statement)) == STORE_OK) {
        struct str path = state_column(statement, 0);
        acl_table_set(table, (struct res_path){path.at, path.len}, state_column(statement, 1));
    }
    return rc == STORE_END ? STORE_OK : rc;
}

bool dir_acls_open(struct dir_store *dir, struct err *err)
{
    struct state *state = dir->kept->state;
    struct state_change change = {.run = make_index};
    enum store_rc rc = STORE_OK;
    dir->base.acls = acl_table_new((size_t)dir->limits->acl_count);
    dir->base.traits.has_acls = true;
    if (!state) /* nothing is kept, and nothing can be */
        return true;
    if (!dir->is_read_only)
        rc = state_write(state, &change);
    struct state_db *db = rc == STORE_OK ? state_read(state) : NULL;
    rc = db ? read_rows(db, dir->base.acls) : STORE_FAILED;
    state_read_end(state, db);
    return rc == STORE_OK ||
           err_set(err, 0, "it cannot be read in '%s' who may do what with which resource",
                   dir->kept->name);
}
