/* A connection to the database: how it is opened, what is said on it, and what SQLite's codes mean.
 *
 * The statements have numbers, and their text stands here; each connection prepares one when it is
 * first used and keeps it. A statement that cannot be prepared is NULL, and every call takes that:
 * the step fails, so that who uses it looks at one result.
 *
 * The path is that of an open directory by way of /proc: SQLite takes names only, and the one that
 * the administrator knows may lead elsewhere by now. */
#include "store/directory/state/db.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"

enum { BEYOND_ALL_BYTES = 256 }; /* one more than a name can have */

static const char *const sql_texts[STATE_SQL_COUNT] = {
    [SQL_PROPS_OF] = "SELECT ns, name, xml FROM prop WHERE path = ?1 ORDER BY ns, name",
    [SQL_PROP_SIZE] = "SELECT count(*), coalesce(sum(length(ns) + length(name) + length(xml)), 0)"
                      " FROM prop WHERE path = ?1",
    [SQL_PROP_SET] = "INSERT INTO prop(path, ns, name, xml) VALUES(?1, ?2, ?3, ?4)"
                     " ON CONFLICT DO UPDATE SET xml = excluded.xml",
    [SQL_PROP_REMOVE] = "DELETE FROM prop WHERE path = ?1 AND ns = ?2 AND name = ?3",
    [SQL_PROPS_WITHIN] = "SELECT DISTINCT path FROM prop"
                         " WHERE path = ?1 OR (path > ?2 AND path < ?3)",
    [SQL_PROP_KEYS] = "SELECT path, ns, name FROM prop WHERE (path, ns, name) > (?1, ?2, ?3)"
                      " ORDER BY path, ns, name",
    [SQL_PROP_ROWS] = "SELECT rowid FROM prop NOT INDEXED WHERE rowid > ?1 ORDER BY rowid",
    [SQL_PROPS_REMOVE] = "DELETE FROM prop WHERE path = ?1",
    /* But for who may do what, which is no copy's (store/store.c). */
    [SQL_PROPS_COPY] =
        "INSERT INTO prop(path, ns, name, xml)"
        " SELECT ?2, ns, name, xml FROM prop WHERE path = ?1 AND name <> x'2061636c'",
    [SQL_ACLS_INDEX] = "CREATE INDEX IF NOT EXISTS acl ON prop(path) WHERE name = x'2061636c'",
    [SQL_ACLS_ALL] = "SELECT path, xml FROM prop WHERE name = x'2061636c'",
    [SQL_PROPS_RENAME] = "UPDATE prop SET path = ?2 WHERE path = ?1",
    [SQL_INTENT_ADD] = "INSERT INTO intent(source, target, inode, is_copy)"
                       " VALUES(?1, ?2, ?3, ?4)",
    [SQL_INTENT_REMOVE] = "DELETE FROM intent WHERE id = ?1",
    [SQL_INTENTS_ALL] = "SELECT id, source, target, inode, is_copy FROM intent ORDER BY id",
    [SQL_INTENT_LOCK_ADD] = "INSERT INTO intent_lock(intent, token) VALUES(?1, ?2)",
    [SQL_INTENT_LOCKS_OF] = "SELECT token FROM intent_lock WHERE intent = ?1",
    [SQL_INTENT_LOCKS_REMOVE] = "DELETE FROM intent_lock WHERE intent = ?1",
    [SQL_STRAY_ADD] = "INSERT OR IGNORE INTO stray VALUES(?1)",
    [SQL_STRAYS_REMOVE] = "DELETE FROM stray",
    [SQL_STRAYS_ALL] = "SELECT path FROM stray",
    [SQL_HAS_LOCKS] = "SELECT 1 FROM sqlite_schema WHERE name = 'lock'",
    [SQL_LOCKS_ALL] = "SELECT token, path, is_exclusive, is_infinite, owner, principal,"
                      " timeout_s, expires_ms FROM lock",
    [SQL_LOCKS_DROP] = "DROP TABLE lock",
};

/* --- what SQLite says --- */

/* SQLite says of a file system that has become read-only no more than that a write has failed. */
static bool is_on_read_only(sqlite3 *handle)
{
    char folder[64] = "";
    const char *file = handle ? sqlite3_db_filename(handle, "main") : NULL;
    const char *slash = file ? strrchr(file, '/') : NULL;
    if (!slash || (size_t)(slash - file) >= sizeof(folder))
        return false;
    memcpy(folder, file, (size_t)(slash - file));
    int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EROFS;
    fd_close(fd); /* it has no name, and is gone */
    return false;
}

enum store_rc db_rc(int code, sqlite3 *handle, const char *what)
{
    if (code == SQLITE_OK || code == SQLITE_DONE)
        return STORE_OK;
    if (code == SQLITE_FULL)
        return STORE_NO_SPACE;
    if (code == SQLITE_NOMEM)
        return STORE_BUSY;
    if (is_on_read_only(handle))
        return STORE_READ_ONLY;
    log_line(LOG_ERROR, "state database: %s: %s", what, sqlite3_errmsg(handle));
    return STORE_FAILED;
}

bool db_run(sqlite3 *handle, const char *text)
{
    int code = sqlite3_exec(handle, text, NULL, NULL, NULL);
    return db_rc(code, handle, text) == STORE_OK;
}

void db_close(struct state_db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < STATE_SQL_COUNT; i++)
        sqlite3_finalize(db->statements[i]);
    (void)sqlite3_close(db->handle); /* all statements are gone: it cannot be busy */
    mem_free(db);
}

int db_code(sqlite3 *handle)
{
    int code = sqlite3_errcode(handle) & 0xff;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? EUCLEAN : 0;
}

static bool configure(struct state_db *db, const struct db_options *options)
{
    db->file = state_file_at(options->home->fd, options->name);
    if (!db->file.ino)
        return false;
    (void)sqlite3_busy_timeout(db->handle, 10000); /* fails only for a NULL handle */
    return db_run(db->handle, options->durability == DURABILITY_FLUSH
                                  ? "PRAGMA synchronous = FULL; PRAGMA cache_size = -512;"
                                  : "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -512;");
}

struct state_db *db_open(const struct db_options *options, struct err *err)
{
    struct state_db *db = MEM_NEW(struct state_db);
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;
    flags |= options->is_read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    int code = sqlite3_open_v2(options->file, &db->handle, flags, NULL);
    if (code == SQLITE_OK && configure(db, options))
        return db;
    if (code == SQLITE_OK)
        err_set(err, db_code(db->handle), STATE_NAME " is not a usable database");
    else
        err_set(err, 0, "cannot open " STATE_NAME ": %s", /* likewise */
                db->handle ? sqlite3_errmsg(db->handle) : "out of memory");
    db_close(db);
    return NULL;
}

/* --- statements --- */

sqlite3_stmt *state_prepare(struct state_db *db, enum state_sql sql)
{
    sqlite3_stmt **statement = &db->statements[sql];
    if (!*statement) {
        int code = sqlite3_prepare_v3(db->handle, sql_texts[sql], -1, SQLITE_PREPARE_PERSISTENT,
                                      statement, NULL);
        if (code != SQLITE_OK) {
            log_line(LOG_ERROR, "state database: %s", sqlite3_errmsg(db->handle));
            return NULL; /* state_step() makes it a failure */
        }
    }
    (void)sqlite3_reset(*statement); /* repeats the error of the last run, already dealt with */
    return *statement;
}

void state_bind(sqlite3_stmt *statement, int index, struct str bytes)
{
    if (statement) /* a copy: SQLite keeps no pointer into our arenas */
        (void)sqlite3_bind_blob64(statement, index, bytes.len ? bytes.at : "", bytes.len,
                                  SQLITE_TRANSIENT); /* NOMEM makes the step fail */
}

/* A tree is its root and all that sorts between "root/" and "root0", '0' being behind '/'. */
void state_bind_tree(sqlite3_stmt *statement, int index, struct res_path path)
{
    struct buf bound = {0};
    state_bind(statement, index, path_str(path));
    buf_add(&bound, path_str(path));
    if (path.len)
        buf_add_char(&bound, '/');
    state_bind(statement, index + 1, buf_str(&bound));
    if (path.len)
        bound.at[bound.len - 1] = '0';
    while (path.len == 0 && bound.len < BEYOND_ALL_BYTES) /* paths are bytes, 0xff is the last */
        buf_add_char(&bound, '\xff');
    state_bind(statement, index + 2, buf_str(&bound));
    buf_done(&bound);
}

struct str state_column(sqlite3_stmt *statement, int column)
{
    const char *bytes = sqlite3_column_blob(statement, column);
    return str_of(bytes, (size_t)sqlite3_column_bytes(statement, column));
}

enum store_rc state_step(sqlite3_stmt *statement)
{
    if (!statement)
        return STORE_FAILED;
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        return STORE_OK;
    if (code == SQLITE_DONE)
        return STORE_END;
    return db_rc(code, sqlite3_db_handle(statement), sqlite3_sql(statement));
}

enum store_rc state_run(sqlite3_stmt *statement)
{
    enum store_rc rc = state_step(statement);
    if (statement)
        (void)sqlite3_reset(statement); /* the step has reported already */
    return rc == STORE_END ? STORE_OK : rc;
}
