#include "store/directory/state/salvage.h"

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

/* From one database to another. */
struct salvage {
    sqlite3 *from;
    sqlite3 *to;
    bool is_full; /* what was read could not be written */
};

/* Copies rows until there is none any more, or one cannot be read. True: all were read. */
static bool copy_rows(struct salvage *salvage, const char *query, const struct table *table,
                      size_t *count)
{
    sqlite3_stmt *rows = NULL;
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(salvage->from, query, -1, &rows, NULL);
    salvage->is_full = salvage->is_full ||
                       sqlite3_prepare_v2(salvage->to, table->insert, -1, &row, NULL) != SQLITE_OK;
    while (code == SQLITE_OK && !salvage->is_full && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        for (int i = 0; i < table->columns; i++) /* NOMEM makes the step fail */
            (void)sqlite3_bind_value(row, i + 1, sqlite3_column_value(rows, i));
        salvage->is_full = state_run(row) != STORE_OK;
        *count += (size_t)sqlite3_changes(salvage->to);
        code = SQLITE_OK;
    }
    sqlite3_finalize(rows);
    sqlite3_finalize(row);
    return code == SQLITE_DONE;
}

/* From one end, and when that comes to something that cannot be read, from the other. */
static size_t copy_table(struct salvage *salvage, const struct table *table)
{
    size_t count = 0;
    if (!copy_rows(salvage, table->forth, table, &count) && table->back)
        (void)copy_rows(salvage, table->back, table, &count); /* as far as it goes */
    return count;
}

bool salvage_rows(int dir_fd, sqlite3 *to, size_t *count_out)
{
    char file[96];
    struct salvage salvage = {.to = to};
    str_print(file, sizeof(file), "file:/proc/self/fd/%d/" STATE_NAME, dir_fd);
    int code = sqlite3_open_v2(file, &salvage.from, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, NULL);
    bool is_begun = db_run(to, "BEGIN");
    *count_out = 0;
    if (code == SQLITE_OK && is_begun) {
        *count_out = copy_table(&salvage, &props);
        for (size_t i = 0; i < ARRAY_LEN(under_way); i++)
            (void)copy_table(&salvage, &under_way[i]); /* mostly there is none */
    }
    (void)sqlite3_close(salvage.from); /* nothing was written to it */
    return is_begun && !salvage.is_full && db_run(to, "COMMIT");
}
