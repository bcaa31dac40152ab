/* The memory of runs. A row for each address that was ever linked: when it was first seen, when it
 * was last good, since when it is bad and for how many runs in a row. And the bad ones of each run
 * by themselves, so that two runs can be compared.
 *
 * What an address was is only changed at the end of a run and in one transaction
 * (history_record.c). A quota is counted at once (history_quota.c).
 *
 * A run has a row from its beginning on; what it has found is in a file of its own until its end,
 * or until the next run finds that it was killed (run_log.c). Recorded twice, when it was gone on
 * with, it counts once: a row keeps what it was before the run that it is of (since_before,
 * runs_before). It also keeps the run before that (run_before), so that of two runs that are
 * compared it is known whether both have looked; only for runs that are not complete, since a link
 * that a complete one has not seen is not there.
 *
 * The text of a statement stands in one table; each is prepared once (enum statement). */
#include <fcntl.h>

#include "base/fd.h"
#include "base/mem.h"
#include "check/model/history_priv.h"

enum { BUSY_MS = 5000 };

static const char *const texts[STATEMENT_COUNT] = {
    [KNOWN] = "SELECT verdict, status, last_good FROM link WHERE url = ?1",
    [FAULTS] = "SELECT url, bad_since, bad_runs FROM link WHERE bad_runs > 0"
               " AND verdict IN ('fragment-missing', 'bad-url')"
               " UNION SELECT url, since_before, runs_before FROM link WHERE run = ?1"
               " AND runs_before > 0",
    [PUT_LINK] =
        "INSERT INTO link (url, verdict, status, first_seen, checked, last_good, bad_since,"
        " bad_runs, run, run_before, since_before, runs_before)"
        " VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"
        " ON CONFLICT (url) DO UPDATE SET verdict = ?2, status = ?3, checked = ?4,"
        " last_good = coalesce(?5, last_good), bad_since = ?6, bad_runs = ?7, run = ?8,"
        " run_before = ?9, since_before = ?10, runs_before = ?11",
    [KEEP_LINK] = "UPDATE link SET run = ?2, run_before = ?3, since_before = ?4, runs_before = ?5"
                  " WHERE url = ?1",
    [GET_LINK] = "SELECT CASE run WHEN ?2 THEN since_before ELSE bad_since END,"
                 " CASE run WHEN ?2 THEN runs_before ELSE bad_runs END,"
                 " CASE run WHEN ?2 THEN run_before ELSE run END FROM link WHERE url = ?1",
    [PUT_BAD] = "INSERT OR REPLACE INTO bad (run, url, verdict, status) VALUES (?1, ?2, ?3, ?4)",
    [ADD_RUN] = "INSERT INTO run (started, mark) VALUES (?1, ?2)",
    [GET_RUN] = "SELECT ended, complete FROM run WHERE id = ?1 AND mark = ?2",
    [REOPEN_RUN] = "UPDATE run SET ended = NULL WHERE id = ?1",
    [END_RUN] = "UPDATE run SET ended = ?2, complete = ?3 WHERE id = ?1",
    [FORGET_BAD] = "DELETE FROM bad WHERE run = ?1 OR run <= ?2",
    [ADD_FETCHED] = "INSERT OR IGNORE INTO fetched (account, day, url) VALUES (?1, ?2, ?3)",
    [TAKE_QUOTA] = "INSERT INTO quota (account, day, used) VALUES (?1, ?2, 1)"
                   " ON CONFLICT (account, day) DO UPDATE SET used = used + 1 WHERE used < ?3",
    [FORGET_FETCHED] = "DELETE FROM fetched WHERE day < ?1",
    [COMPARE] = "SELECT CASE WHEN ?4 OR ?2 IN (l.run, l.run_before) THEN 0 ELSE 3 END,"
                " n.url, n.verdict, n.status, l.bad_since FROM bad n JOIN link l USING"
                " (url) WHERE n.run = ?1 AND NOT EXISTS (SELECT 1 FROM bad o WHERE o.run = ?2 AND"
                " o.url = n.url) UNION ALL "
                "SELECT CASE WHEN ?3 OR l.run = ?1 THEN 1 ELSE 3 END, o.url, o.verdict, o.status, 0"
                " FROM bad o JOIN link l USING (url) WHERE o.run = ?2 AND NOT EXISTS"
                " (SELECT 1 FROM bad n WHERE n.run = ?1 AND n.url = o.url) UNION ALL "
                "SELECT 2, n.url, n.verdict, n.status, l.bad_since FROM bad n JOIN link l USING"
                " (url) WHERE n.run = ?1 AND EXISTS (SELECT 1 FROM bad o WHERE o.run = ?2 AND"
                " o.url = n.url) ORDER BY 1, 2",
};

static const char schema[] =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
    "CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY, started INTEGER, ended INTEGER);"
    "CREATE TABLE IF NOT EXISTS link (url TEXT PRIMARY KEY, verdict TEXT, status INTEGER,"
    " first_seen INTEGER, checked INTEGER, last_good INTEGER, bad_since INTEGER,"
    " bad_runs INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS bad (run INTEGER, url TEXT, verdict TEXT, status INTEGER,"
    " PRIMARY KEY (run, url)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS fetched (account TEXT, day INTEGER, url TEXT,"
    " PRIMARY KEY (account, day, url)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS quota (account TEXT, day INTEGER, used INTEGER,"
    " PRIMARY KEY (account, day)) WITHOUT ROWID;";

/* What files of earlier versions lack; runs that they have were complete, as far as they know. */
static const char second_schema[] =
    "ALTER TABLE run ADD COLUMN mark INTEGER; ALTER TABLE run ADD COLUMN complete INTEGER;"
    "UPDATE run SET complete = 1;"
    "ALTER TABLE link ADD COLUMN run INTEGER; ALTER TABLE link ADD COLUMN run_before INTEGER;"
    "ALTER TABLE link ADD COLUMN since_before INTEGER;"
    "ALTER TABLE link ADD COLUMN runs_before INTEGER;"
    "DROP TABLE IF EXISTS pending; DROP TABLE IF EXISTS pending_place; DROP TABLE IF EXISTS cycle;"
    "PRAGMA user_version = 2;";

bool history_fail(struct history *history, const char *doing, struct err *err)
{
    return err_set(err, 0, "%s: %s", doing, sqlite3_errmsg(history->db));
}

bool history_sql(struct history *history, const char *sql, struct err *err)
{
    if (sqlite3_exec(history->db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    return history_fail(history, "the history", err);
}

/* --- statements --- */

sqlite3_stmt *history_begin(struct history *history, enum statement statement)
{
    sqlite3_stmt *stmt = history->statements[statement];
    (void)sqlite3_reset(stmt); /* what went wrong before was dealt with */
    (void)sqlite3_clear_bindings(stmt);
    return stmt;
}

void history_bind_text(sqlite3_stmt *stmt, int at, struct str text)
{
    (void)sqlite3_bind_text(stmt, at, text.at ? text.at : "", int_of_size(text.len),
                            SQLITE_STATIC); /* fails only for a bad index */
}

void history_bind_int(sqlite3_stmt *stmt, int at, int64_t value)
{
    (void)sqlite3_bind_int64(stmt, at, value); /* fails only for a bad index */
}

struct str history_column_text(sqlite3_stmt *stmt, int at)
{
    const char *text = (const char *)sqlite3_column_text(stmt, at);
    return str_of(text, text ? (size_t)sqlite3_column_bytes(stmt, at) : 0);
}

void history_end(sqlite3_stmt *stmt)
{
    (void)sqlite3_reset(stmt); /* says what the last step has said */
}

bool history_run(struct history *history, sqlite3_stmt *stmt, struct err *err)
{
    int rc = sqlite3_step(stmt);
    history_end(stmt);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ||
           history_fail(history, "cannot write the history", err);
}

/* --- life --- */

static int64_t read_number(struct history *history, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t value = 0;
    if (sqlite3_prepare_v2(history->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        value = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt); /* says the same again */
    return value;
}

/* Another process may be at it as well. */
static bool make_tables(struct history *history, struct err *err)
{
    static const int64_t version_now = 2;
    if (read_number(history, "PRAGMA user_version") > version_now)
        return err_set(err, 0, "the history is of a later version of davit");
    if (!history_sql(history, schema, err))
        return false;
    if (read_number(history, "PRAGMA user_version") == version_now)
        return true;
    if (!history_sql(history, "BEGIN IMMEDIATE", err))
        return false;
    bool is_fine = (read_number(history, "PRAGMA user_version") == version_now ||
                    history_sql(history, second_schema, err)) &&
                   history_sql(history, "COMMIT", err);
    if (!is_fine)
        (void)sqlite3_exec(history->db, "ROLLBACK", NULL, NULL, NULL); /* err says what failed */
    return is_fine;
}

struct history *history_open(const char *path, struct err *err)
{
    struct history *history = MEM_NEW(struct history);
    int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600); /* URLs may have passwords */
    fd_close(fd);                                              /* SQLite says what is wrong */
    int rc = sqlite3_open_v2(path, &history->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    bool is_fine = rc == SQLITE_OK || history_fail(history, path, err);
    if (is_fine)
        (void)sqlite3_busy_timeout(history->db, BUSY_MS); /* cannot fail */
    is_fine = is_fine && make_tables(history, err);
    for (int i = 0; i < STATEMENT_COUNT && is_fine; i++) {
        rc = sqlite3_prepare_v2(history->db, texts[i], -1, &history->statements[i], NULL);
        is_fine = rc == SQLITE_OK || history_fail(history, path, err);
    }
    if (!is_fine) {
        history_close(history);
        return NULL;
    }
    return history;
}

void history_close(struct history *history)
{
    if (!history)
        return;
    for (int i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(history->statements[i]); /* says what was said before */
    (void)sqlite3_close(history->db);                   /* all statements are gone */
    mem_free(history);
}

/* --- what is known --- */

static enum verdict verdict_named(struct str name)
{
    for (int i = 0; i < VERDICT_COUNT; i++) {
        if (str_eq(str_of_c(verdict_rows[i].name), name))
            return (enum verdict)i;
    }
    return VERDICT_NOT_CHECKED;
}

bool history_knows(struct history *history, const struct history_query *query, struct str url,
                   enum target_wish wish, struct history_known *known_out)
{
    if (query->cache_age_ms == 0 || wish != WISH_STATUS)
        return false;
    sqlite3_stmt *stmt = history_begin(history, KNOWN);
    history_bind_text(stmt, 1, url);
    bool is_known = false;
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        known_out->verdict = verdict_named(history_column_text(stmt, 0));
        known_out->status = (unsigned)sqlite3_column_int(stmt, 1);
        is_known = known_out->verdict == VERDICT_OK &&
                   query->now_ms - sqlite3_column_int64(stmt, 2) < query->cache_age_ms;
    }
    history_end(stmt);
    return is_known;
}

/* --- runs --- */

bool history_begin_run(struct history *history, int64_t started_ms, uint64_t mark, int64_t *id_out,
                       struct err *err)
{
    sqlite3_stmt *stmt = history_begin(history, ADD_RUN);
    history_bind_int(stmt, 1, started_ms);
    history_bind_int(stmt, 2, (int64_t)mark);
    if (!history_run(history, stmt, err))
        return false;
    *id_out = sqlite3_last_insert_rowid(history->db);
    return true;
}

enum history_run_state history_run_state(struct history *history, int64_t id, uint64_t mark)
{
    enum history_run_state state = HISTORY_RUN_UNKNOWN;
    sqlite3_stmt *stmt = history_begin(history, GET_RUN);
    history_bind_int(stmt, 1, id);
    history_bind_int(stmt, 2, (int64_t)mark);
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        bool is_open = sqlite3_column_type(stmt, 0) == SQLITE_NULL;
        bool is_complete = sqlite3_column_int(stmt, 1);
        state = is_open ? HISTORY_RUN_OPEN : is_complete ? HISTORY_RUN_OVER : HISTORY_RUN_CUT;
    }
    history_end(stmt);
    return state;
}

bool history_reopen_run(struct history *history, int64_t id, struct err *err)
{
    sqlite3_stmt *stmt = history_begin(history, REOPEN_RUN);
    history_bind_int(stmt, 1, id);
    return history_run(history, stmt, err);
}

/* --- comparing --- */

bool history_compare(struct history *history, struct history_changes *changes, struct err *err)
{
    static const char newest[] = "SELECT %s FROM run WHERE ended NOT NULL"
                                 " ORDER BY id DESC LIMIT 1 OFFSET %d";
    static const char *const columns[] = {"id", "id", "complete", "complete"};
    int64_t values[ARRAY_LEN(columns)];
    char sql[120];
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        str_print(sql, sizeof(sql), newest, columns[i], (int)(i % 2));
        values[i] = read_number(history, sql);
    }
    if (values[1] == 0)
        return err_set(err, 0, "the history does not have two runs to compare");
    sqlite3_stmt *stmt = history_begin(history, COMPARE);
    for (int i = 0; i < (int)ARRAY_LEN(columns); i++)
        history_bind_int(stmt, i + 1, values[i]);
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        const struct history_changed changed = {
            .change = (enum history_change)sqlite3_column_int(stmt, 0),
            .url = history_column_text(stmt, 1),
            .verdict = history_column_text(stmt, 2),
            .status = (unsigned)sqlite3_column_int(stmt, 3),
            .bad_since_ms = sqlite3_column_int64(stmt, 4),
        };
        changes->each(changes, &changed);
    }
    history_end(stmt);
    return rc == SQLITE_DONE || history_fail(history, "cannot read the history", err);
}
