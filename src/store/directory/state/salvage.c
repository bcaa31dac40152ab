#include "store/directory/state/salvage.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

bool salvage_set_aside(int dir_fd, char name_out[SALVAGE_NAME_BYTES], struct err *err)
{
    char wal[SALVAGE_NAME_BYTES + 8];
    str_print(name_out, SALVAGE_NAME_BYTES, STATE_NAME ".damaged-%lld",
              (long long)(clock_wall_ms() / 1000));
    str_print(wal, sizeof(wal), "%s-wal", name_out);
    if (renameat(dir_fd, STATE_NAME, dir_fd, name_out) < 0)
        return err_sys(err, errno, "cannot set " STATE_NAME " aside");
    (void)renameat(dir_fd, STATE_NAME "-wal", dir_fd, wal); /* there need not be one */
    (void)unlinkat(dir_fd, STATE_NAME "-shm", 0);           /* it says nothing by itself */
    return true;
}

/* What is saved of a table. OR IGNORE, since rows that were copied from the other end may come
 * again. */
struct table {
    const char *forth;
    const char *back; /* NULL: it is never long */
    const char *insert;
    int columns;
};

static const struct table props = {
    "SELECT path, ns, name, xml FROM prop NOT INDEXED ORDER BY rowid",
    "SELECT path, ns, name, xml FROM prop NOT INDEXED ORDER BY rowid DESC",
    "INSERT OR IGNORE INTO prop(path, ns, name, xml) VALUES(?1, ?2, ?3, ?4)", 4};

/* What is under way: the database may be found damaged while it is in use. */
static const struct table under_way[] = {
    {"SELECT id, source, target, inode, is_copy FROM intent", NULL,
     "INSERT OR IGNORE INTO intent(id, source, target, inode, is_copy) VALUES(?1, ?2, ?3, ?4, ?5)",
     5},
    {"SELECT intent, token FROM intent_lock", NULL,
     "INSERT OR IGNORE INTO intent_lock(intent, token) VALUES(?1, ?2)", 2},
    {"SELECT path FROM stray", NULL, "INSERT OR IGNORE INTO stray(path) VALUES(?1)", 1},
};

/* Copies rows until there is none any more, or one cannot be read. True: all were read. */
static bool copy_rows(sqlite3 *from, const char *query, const struct table *table,
                      struct state_db *to, size_t *count)
{
    sqlite3_stmt *rows = NULL;
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(from, query, -1, &rows, NULL);
    bool is_fine = code == SQLITE_OK &&
                   sqlite3_prepare_v2(to->handle, table->insert, -1, &row, NULL) == SQLITE_OK;
    while (is_fine && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        for (int i = 0; i < table->columns; i++) /* NOMEM makes the step fail */
            (void)sqlite3_bind_value(row, i + 1, sqlite3_column_value(rows, i));
        is_fine = state_run(row) == STORE_OK;
        *count += (size_t)sqlite3_changes(to->handle);
    }
    sqlite3_finalize(rows);
    sqlite3_finalize(row);
    return code == SQLITE_DONE;
}

/* From one end, and when that comes to something that cannot be read, from the other. */
static size_t copy_table(sqlite3 *from, const struct table *table, struct state_db *to)
{
    size_t count = 0;
    if (!copy_rows(from, table->forth, table, to, &count) && table->back)
        (void)copy_rows(from, table->back, table, to, &count); /* as far as it goes */
    return count;
}

size_t salvage_props(int dir_fd, const char *name, struct state_db *to)
{
    char file[96];
    sqlite3 *from = NULL;
    size_t count = 0;
    str_print(file, sizeof(file), "file:/proc/self/fd/%d/%s", dir_fd, name);
    int code = sqlite3_open_v2(file, &from, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL);
    bool is_begun = sqlite3_exec(to->handle, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
    if (code == SQLITE_OK && is_begun) {
        count = copy_table(from, &props, to);
        for (size_t i = 0; i < ARRAY_LEN(under_way); i++)
            (void)copy_table(from, &under_way[i], to); /* mostly there is none */
    }
    if (sqlite3_exec(to->handle, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
        log_line(LOG_ERROR, "saving dead properties: %s", sqlite3_errmsg(to->handle));
        count = 0;
    }
    (void)sqlite3_close(from); /* nothing was written to it */
    return count;
}
