/* The memory of runs. A row for each address that was ever linked: when it was first seen, when it
 * was last good, since when it is bad and for how many runs in a row. And the bad ones of each run
 * by themselves, so that two runs can be compared.
 *
 * What an address was is only changed at the end of a run and in one transaction
 * (history_record.c), so a run that is killed has not been. A quota is counted at once
 * (history_quota.c).
 *
 * A run that the quota ends leaves behind what it did not come to, with the places that link to it
 * (tables pending and pending_place); the next one begins there, and takes what was looked at since
 * the first of them for known (link.cycle). When nothing is left the cycle is over.
 *
 * The text of a statement stands in one table; each is prepared once (enum statement). */
#include "base/mem.h"
#include "check/model/history_priv.h"

enum { BUSY_MS = 5000 };

static const char *const texts[STATEMENT_COUNT] = {
    [KNOWN] = "SELECT verdict, status, last_good, cycle, checked FROM link WHERE url = ?1",
    [PENDING] = "SELECT url, depth, flags FROM pending ORDER BY rowid",
    [PENDING_PLACE] = "SELECT url, page, line, col, element, attribute, raw, text, fragment"
                      " FROM pending_place ORDER BY rowid",
    [FAULTS] = "SELECT url, bad_since, bad_runs FROM link WHERE bad_runs > 0"
               " AND verdict IN ('fragment-missing', 'bad-url')",
    [PUT_LINK] =
        "INSERT INTO link (url, verdict, status, first_seen, checked, last_good, bad_since,"
        " bad_runs, cycle) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8)"
        " ON CONFLICT (url) DO UPDATE SET verdict = ?2, status = ?3, checked = ?4,"
        " last_good = coalesce(?5, last_good), bad_since = ?6, bad_runs = ?7, cycle = ?8",
    [GET_LINK] = "SELECT bad_since, bad_runs FROM link WHERE url = ?1",
    [PUT_BAD] = "INSERT OR REPLACE INTO bad (run, url, verdict, status) VALUES (?1, ?2, ?3, ?4)",
    [PUT_PENDING] = "INSERT INTO pending (url, depth, flags) VALUES (?1, ?2, ?3)",
    [PUT_PENDING_PLACE] =
        "INSERT INTO pending_place (url, page, line, col, element, attribute, raw, text, fragment)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [ADD_RUN] = "INSERT INTO run (started, ended) VALUES (?1, ?2)",
    [ADD_FETCHED] = "INSERT OR IGNORE INTO fetched (account, day, url) VALUES (?1, ?2, ?3)",
    [TAKE_QUOTA] = "INSERT INTO quota (account, day, used) VALUES (?1, ?2, 1)"
                   " ON CONFLICT (account, day) DO UPDATE SET used = used + 1 WHERE used < ?3",
    [FORGET_FETCHED] = "DELETE FROM fetched WHERE day < ?1",
    [COMPARE] = "SELECT 0, n.url, n.verdict, n.status, l.bad_since FROM bad n JOIN link l USING"
                " (url) WHERE n.run = ?1 AND NOT EXISTS (SELECT 1 FROM bad o WHERE o.run = ?2 AND"
                " o.url = n.url) UNION ALL "
                "SELECT 1, o.url, o.verdict, o.status, 0 FROM bad o WHERE o.run = ?2 AND NOT EXISTS"
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
    " bad_runs INTEGER, cycle INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS bad (run INTEGER, url TEXT, verdict TEXT, status INTEGER,"
    " PRIMARY KEY (run, url)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS pending (url TEXT, depth INTEGER, flags INTEGER);"
    "CREATE TABLE IF NOT EXISTS pending_place (url TEXT, page TEXT, line INTEGER, col INTEGER,"
    " element TEXT, attribute TEXT, raw TEXT, text TEXT, fragment TEXT);"
    "CREATE TABLE IF NOT EXISTS fetched (account TEXT, day INTEGER, url TEXT,"
    " PRIMARY KEY (account, day, url)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS cycle (id INTEGER);"
    "CREATE TABLE IF NOT EXISTS quota (account TEXT, day INTEGER, used INTEGER,"
    " PRIMARY KEY (account, day)) WITHOUT ROWID;"
    "INSERT INTO cycle SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM cycle);";

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

struct history *history_open(const char *path, struct err *err)
{
    struct history *history = MEM_NEW(struct history);
    int rc = sqlite3_open_v2(path, &history->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    bool is_fine = rc == SQLITE_OK || history_fail(history, path, err);
    if (is_fine)
        (void)sqlite3_busy_timeout(history->db, BUSY_MS); /* cannot fail */
    is_fine = is_fine && history_sql(history, schema, err);
    for (int i = 0; i < STATEMENT_COUNT && is_fine; i++) {
        rc = sqlite3_prepare_v2(history->db, texts[i], -1, &history->statements[i], NULL);
        is_fine = rc == SQLITE_OK || history_fail(history, path, err);
    }
    if (!is_fine) {
        history_close(history);
        return NULL;
    }
    history->cycle = read_number(history, "SELECT id FROM cycle");
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
    bool is_leaf = wish == WISH_STATUS;
    if (!history->is_resumed && (query->cache_age_ms == 0 || !is_leaf))
        return false;
    sqlite3_stmt *stmt = history_begin(history, KNOWN);
    history_bind_text(stmt, 1, url);
    bool is_known = false;
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        enum verdict verdict = verdict_named(history_column_text(stmt, 0));
        bool is_fresh = is_leaf && query->cache_age_ms && verdict == VERDICT_OK &&
                        query->now_ms - sqlite3_column_int64(stmt, 2) < query->cache_age_ms;
        bool is_of_cycle = history->is_resumed && verdict != VERDICT_NOT_CHECKED &&
                           wish != WISH_NAMES && sqlite3_column_int64(stmt, 3) == history->cycle;
        is_known = is_fresh || is_of_cycle;
        known_out->verdict = verdict;
        known_out->status = (unsigned)sqlite3_column_int(stmt, 1);
    }
    history_end(stmt);
    return is_known;
}

static enum link_kind kind_named(struct str element, struct str attribute)
{
    for (int i = 0; i < LINK_KIND_COUNT; i++) {
        if (str_eq(link_rows[i].element, element) && str_eq(link_rows[i].attribute, attribute))
            return (enum link_kind)i;
    }
    return LINK_START; /* another davit had it */
}

static void resume_places(struct history *history, struct history_pending *pending)
{
    sqlite3_stmt *stmt = history_begin(history, PENDING_PLACE);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        struct place place = {
            .at = {(uint32_t)sqlite3_column_int64(stmt, 2),
                   (uint32_t)sqlite3_column_int64(stmt, 3)},
            .kind = kind_named(history_column_text(stmt, 4), history_column_text(stmt, 5)),
            .raw = history_column_text(stmt, 6),
            .text = history_column_text(stmt, 7),
            .fragment = history_column_text(stmt, 8),
        };
        pending->place(pending, history_column_text(stmt, 0), history_column_text(stmt, 1), &place);
    }
    history_end(stmt);
}

uint64_t history_resume(struct history *history, struct history_pending *pending)
{
    uint64_t count = 0;
    sqlite3_stmt *stmt = history_begin(history, PENDING);
    for (; sqlite3_step(stmt) == SQLITE_ROW; count++)
        pending->each(pending, history_column_text(stmt, 0), (unsigned)sqlite3_column_int(stmt, 1),
                      (unsigned)sqlite3_column_int(stmt, 2));
    history_end(stmt);
    if (count)
        resume_places(history, pending);
    history->is_resumed = count > 0;
    return count;
}

/* --- comparing --- */

bool history_compare(struct history *history, struct history_changes *changes, struct err *err)
{
    int64_t last = read_number(history, "SELECT max(id) FROM run");
    if (last < 2)
        return err_set(err, 0, "the history does not have two runs to compare");
    sqlite3_stmt *stmt = history_begin(history, COMPARE);
    history_bind_int(stmt, 1, last);
    history_bind_int(stmt, 2, last - 1);
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
