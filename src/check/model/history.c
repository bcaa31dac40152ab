/* The memory of runs. A row for each address that was ever linked: when it was first seen, when it
 * was last good, since when it is bad and for how many runs in a row. And the bad ones of each run
 * by themselves, so that two runs can be compared.
 *
 * What an address was is only changed at the end of a run and in one transaction, so a run that is
 * killed has not been. A quota is counted at once, in batches that are taken ahead: two processes
 * of one account never use more than its day's links together, and one that is killed loses a
 * batch.
 *
 * A run that the quota ends leaves behind what it did not come to (table pending); the next one
 * begins there, and takes what was looked at since the first of them for known (link.cycle). When
 * nothing is left the cycle is over.
 *
 * The text of a statement stands where it is used; each is prepared once (enum statement). */
#include "check/model/history.h"

#include <sqlite3.h>

#include "base/buf.h"
#include "base/mem.h"

enum { BUSY_MS = 5000, QUOTA_BATCH = 25, DAY_MS = 86400000, KEPT_RUNS = 100 };

enum statement {
    KNOWN,
    PENDING,
    PUT_LINK,
    GET_LINK,
    PUT_BAD,
    PUT_PENDING,
    ADD_RUN,
    TAKE_QUOTA,
    GIVE_QUOTA,
    COMPARE,
    STATEMENT_COUNT,
};

static const char *const texts[STATEMENT_COUNT] = {
    [KNOWN] = "SELECT verdict, status, last_good, cycle, checked FROM link WHERE url = ?1",
    [PENDING] = "SELECT url, depth, flags FROM pending ORDER BY rowid",
    [PUT_LINK] =
        "INSERT INTO link (url, verdict, status, first_seen, checked, last_good, bad_since,"
        " bad_runs, cycle) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8)"
        " ON CONFLICT (url) DO UPDATE SET verdict = ?2, status = ?3, checked = ?4,"
        " last_good = coalesce(?5, last_good), bad_since = ?6, bad_runs = ?7, cycle = ?8",
    [GET_LINK] = "SELECT bad_since, bad_runs FROM link WHERE url = ?1",
    [PUT_BAD] = "INSERT OR REPLACE INTO bad (run, url, verdict, status) VALUES (?1, ?2, ?3, ?4)",
    [PUT_PENDING] = "INSERT INTO pending (url, depth, flags) VALUES (?1, ?2, ?3)",
    [ADD_RUN] = "INSERT INTO run (started, ended) VALUES (?1, ?2)",
    [TAKE_QUOTA] = "INSERT INTO quota (account, day, used) VALUES (?1, ?2, min(?3, ?4))"
                   " ON CONFLICT (account, day) DO UPDATE SET used = min(used + ?3, ?4)"
                   " RETURNING used",
    [GIVE_QUOTA] = "UPDATE quota SET used = max(used - ?3, 0) WHERE account = ?1 AND day = ?2",
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
    "PRAGMA journal_mode = WAL;"
    "CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY, started INTEGER, ended INTEGER);"
    "CREATE TABLE IF NOT EXISTS link (url TEXT PRIMARY KEY, verdict TEXT, status INTEGER,"
    " first_seen INTEGER, checked INTEGER, last_good INTEGER, bad_since INTEGER,"
    " bad_runs INTEGER, cycle INTEGER) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS bad (run INTEGER, url TEXT, verdict TEXT, status INTEGER,"
    " PRIMARY KEY (run, url)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS pending (url TEXT, depth INTEGER, flags INTEGER);"
    "CREATE TABLE IF NOT EXISTS cycle (id INTEGER);"
    "CREATE TABLE IF NOT EXISTS quota (account TEXT, day INTEGER, used INTEGER,"
    " PRIMARY KEY (account, day)) WITHOUT ROWID;"
    "INSERT INTO cycle SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM cycle);";

struct history {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    int64_t cycle;
    bool is_resumed;
    uint64_t quota_taken; /* ahead, and not used yet */
    int64_t quota_day;
    struct buf quota_account;
};

static bool db_error(struct history *history, const char *doing, struct err *err)
{
    return err_set(err, 0, "%s: %s", doing, sqlite3_errmsg(history->db));
}

static bool run_sql(struct history *history, const char *sql, struct err *err)
{
    if (sqlite3_exec(history->db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    return db_error(history, "the history", err);
}

/* --- statements --- */

static sqlite3_stmt *begin(struct history *history, enum statement statement)
{
    sqlite3_stmt *stmt = history->statements[statement];
    (void)sqlite3_reset(stmt); /* what went wrong before was dealt with */
    (void)sqlite3_clear_bindings(stmt);
    return stmt;
}

/* SQLite copies nothing of it: it must live until the statement has run. */
static void bind_text(sqlite3_stmt *stmt, int at, struct str text)
{
    (void)sqlite3_bind_text(stmt, at, text.at ? text.at : "", int_of_size(text.len),
                            SQLITE_STATIC); /* fails only for a bad index */
}

static void bind_int(sqlite3_stmt *stmt, int at, int64_t value)
{
    (void)sqlite3_bind_int64(stmt, at, value); /* fails only for a bad index */
}

static struct str column_text(sqlite3_stmt *stmt, int at)
{
    const char *text = (const char *)sqlite3_column_text(stmt, at);
    return str_of(text, text ? (size_t)sqlite3_column_bytes(stmt, at) : 0);
}

static bool run_statement(struct history *history, sqlite3_stmt *stmt, struct err *err)
{
    int rc = sqlite3_step(stmt);
    (void)sqlite3_reset(stmt); /* says the same again */
    return rc == SQLITE_DONE || rc == SQLITE_ROW || db_error(history, "writing the history", err);
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
    bool is_fine = rc == SQLITE_OK || db_error(history, path, err);
    if (is_fine)
        (void)sqlite3_busy_timeout(history->db, BUSY_MS); /* cannot fail */
    is_fine = is_fine && run_sql(history, schema, err);
    for (int i = 0; i < STATEMENT_COUNT && is_fine; i++) {
        rc = sqlite3_prepare_v2(history->db, texts[i], -1, &history->statements[i], NULL);
        is_fine = rc == SQLITE_OK || db_error(history, path, err);
    }
    if (!is_fine) {
        history_close(history);
        return NULL;
    }
    history->cycle = read_number(history, "SELECT id FROM cycle");
    return history;
}

static void give_quota_back(struct history *history)
{
    struct err err;
    if (history->quota_taken == 0)
        return;
    sqlite3_stmt *stmt = begin(history, GIVE_QUOTA);
    bind_text(stmt, 1, buf_str(&history->quota_account));
    bind_int(stmt, 2, history->quota_day);
    bind_int(stmt, 3, (int64_t)history->quota_taken);
    (void)run_statement(history, stmt, &err); /* a few links of the day are lost, no more */
    history->quota_taken = 0;
}

void history_close(struct history *history)
{
    if (!history)
        return;
    if (history->statements[GIVE_QUOTA])
        give_quota_back(history);
    for (int i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(history->statements[i]); /* says what was said before */
    (void)sqlite3_close(history->db);                   /* all statements are gone */
    buf_done(&history->quota_account);
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
                   bool is_leaf, struct history_known *known_out)
{
    if (!history->is_resumed && (query->cache_age_ms == 0 || !is_leaf))
        return false;
    sqlite3_stmt *stmt = begin(history, KNOWN);
    bind_text(stmt, 1, url);
    bool is_known = false;
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        enum verdict verdict = verdict_named(column_text(stmt, 0));
        bool is_fresh = is_leaf && query->cache_age_ms && verdict == VERDICT_OK &&
                        query->now_ms - sqlite3_column_int64(stmt, 2) < query->cache_age_ms;
        bool is_of_cycle = history->is_resumed && verdict != VERDICT_NOT_CHECKED &&
                           sqlite3_column_int64(stmt, 3) == history->cycle;
        is_known = is_fresh || is_of_cycle;
        known_out->verdict = verdict;
        known_out->status = (unsigned)sqlite3_column_int(stmt, 1);
    }
    (void)sqlite3_reset(stmt); /* says the same again */
    return is_known;
}

uint64_t history_resume(struct history *history, struct history_pending *pending)
{
    uint64_t count = 0;
    sqlite3_stmt *stmt = begin(history, PENDING);
    for (; sqlite3_step(stmt) == SQLITE_ROW; count++)
        pending->each(pending, column_text(stmt, 0), (unsigned)sqlite3_column_int(stmt, 1),
                      (unsigned)sqlite3_column_int(stmt, 2));
    (void)sqlite3_reset(stmt); /* says the same again */
    history->is_resumed = count > 0;
    return count;
}

/* --- recording --- */

struct recording {
    struct history *history;
    struct site *site;
    const struct history_run *run;
    int64_t run_id;
    struct err *err;
};

static void bind_int_or_null(sqlite3_stmt *stmt, int at, int64_t value)
{
    if (value)
        bind_int(stmt, at, value);
}

/* How long it has been bad, as of the runs before. */
static void read_past(struct history *history, struct str url, int64_t *since, int64_t *runs)
{
    sqlite3_stmt *stmt = begin(history, GET_LINK);
    bind_text(stmt, 1, url);
    *since = *runs = 0;
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        *since = sqlite3_column_int64(stmt, 0);
        *runs = sqlite3_column_int64(stmt, 1);
    }
    (void)sqlite3_reset(stmt); /* says the same again */
}

static bool put_link(struct recording *r, uint32_t id, enum verdict verdict)
{
    struct target *target = site_at(r->site, id);
    struct str url = site_url(r->site, id);
    bool is_bad = r->run->bad & verdict_bit(verdict);
    int64_t since, runs;
    read_past(r->history, url, &since, &runs);
    bool is_seen_again = !(target->flags & TARGET_IS_CACHED);
    if (!is_bad && runs > 0)
        target->flags |= TARGET_IS_FIXED;
    since = !is_bad ? 0 : since ? since : r->run->started_ms;
    runs = is_bad ? runs + is_seen_again : 0;
    target->bad_runs = (uint32_t)runs;
    if (is_bad && runs < (int64_t)r->run->after_bad)
        target->flags |= TARGET_IS_HELD;
    if (!is_seen_again)
        return true; /* what is known of it stays as it is */
    sqlite3_stmt *stmt = begin(r->history, PUT_LINK);
    bind_text(stmt, 1, url);
    bind_text(stmt, 2, str_of_c(verdict_rows[verdict].name));
    bind_int(stmt, 3, target->status);
    bind_int(stmt, 4, r->run->started_ms);
    bind_int_or_null(stmt, 5, verdict_rows[verdict].class == CLASS_FINE ? r->run->started_ms : 0);
    bind_int_or_null(stmt, 6, since);
    bind_int(stmt, 7, runs);
    bind_int(stmt, 8, r->history->cycle);
    return run_statement(r->history, stmt, r->err);
}

static bool put_bad(struct recording *r, uint32_t id, enum verdict verdict)
{
    sqlite3_stmt *stmt = begin(r->history, PUT_BAD);
    bind_int(stmt, 1, r->run_id);
    bind_text(stmt, 2, site_url(r->site, id));
    bind_text(stmt, 3, str_of_c(verdict_rows[verdict].name));
    bind_int(stmt, 4, site_at(r->site, id)->status);
    return run_statement(r->history, stmt, r->err);
}

static bool put_pending(struct recording *r, uint32_t id)
{
    const struct target *target = site_at(r->site, id);
    sqlite3_stmt *stmt = begin(r->history, PUT_PENDING);
    bind_text(stmt, 1, site_url(r->site, id));
    bind_int(stmt, 2, target->depth);
    bind_int(stmt, 3, target->flags);
    return run_statement(r->history, stmt, r->err);
}

static bool record_target(struct recording *r, uint32_t id)
{
    const struct target *target = site_at(r->site, id);
    if (!(target->flags & TARGET_IS_LINKED))
        return true;
    enum verdict verdict = site_outcome(r->site, id, r->run->redirects_max).verdict;
    if (verdict == VERDICT_NOT_CHECKED)
        return !r->run->is_cut_short || put_pending(r, id);
    if (verdict == VERDICT_SKIPPED || verdict == VERDICT_ROBOTS)
        return true;
    bool is_bad = r->run->bad & verdict_bit(verdict);
    return put_link(r, id, verdict) && (!is_bad || put_bad(r, id, verdict));
}

static bool record_all(struct recording *r)
{
    struct history *history = r->history;
    sqlite3_stmt *stmt = begin(history, ADD_RUN);
    bind_int(stmt, 1, r->run->started_ms);
    bind_int(stmt, 2, r->run->ended_ms);
    if (!run_sql(history, "DELETE FROM pending", r->err) || !run_statement(history, stmt, r->err))
        return false;
    r->run_id = sqlite3_last_insert_rowid(history->db);
    for (uint32_t id = 0; id < site_target_count(r->site); id++) {
        if (!record_target(r, id))
            return false;
    }
    if (!r->run->is_cut_short && !run_sql(history, "UPDATE cycle SET id = id + 1", r->err))
        return false;
    char forget[120];
    (void)snprintf(forget, sizeof(forget), "DELETE FROM bad WHERE run <= %lld",
                   (long long)r->run_id - KEPT_RUNS); /* fits */
    return run_sql(history, forget, r->err);
}

bool history_record(struct history *history, struct site *site, const struct history_run *run,
                    struct err *err)
{
    struct recording recording = {.history = history, .site = site, .run = run, .err = err};
    if (!run_sql(history, "BEGIN IMMEDIATE", err))
        return false;
    bool is_fine = record_all(&recording) && run_sql(history, "COMMIT", err);
    if (!is_fine)
        (void)sqlite3_exec(history->db, "ROLLBACK", NULL, NULL, NULL); /* err says what failed */
    return is_fine;
}

/* --- comparing --- */

bool history_compare(struct history *history, struct history_changes *changes, struct err *err)
{
    int64_t last = read_number(history, "SELECT max(id) FROM run");
    if (last < 2)
        return err_set(err, 0, "the history has no two runs to compare");
    sqlite3_stmt *stmt = begin(history, COMPARE);
    bind_int(stmt, 1, last);
    bind_int(stmt, 2, last - 1);
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        const struct history_changed changed = {
            .change = (enum history_change)sqlite3_column_int(stmt, 0),
            .url = column_text(stmt, 1),
            .verdict = column_text(stmt, 2),
            .status = (unsigned)sqlite3_column_int(stmt, 3),
            .bad_since_ms = sqlite3_column_int64(stmt, 4),
        };
        changes->each(changes, &changed);
    }
    (void)sqlite3_reset(stmt); /* says the same again */
    return rc == SQLITE_DONE || db_error(history, "reading the history", err);
}

/* --- quota --- */

static int64_t used_today(struct history *history, struct str account, int64_t day)
{
    sqlite3_stmt *stmt = NULL;
    int64_t used = 0;
    if (sqlite3_prepare_v2(history->db, "SELECT used FROM quota WHERE account = ?1 AND day = ?2",
                           -1, &stmt, NULL) == SQLITE_OK) {
        bind_text(stmt, 1, account);
        bind_int(stmt, 2, day);
        if (sqlite3_step(stmt) == SQLITE_ROW)
            used = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_finalize(stmt); /* says the same again */
    return used;
}

/* Takes a batch in one step with seeing how much is left. */
static uint64_t take_batch(struct history *history, struct str account, uint64_t per_day)
{
    struct err err;
    if (!run_sql(history, "BEGIN IMMEDIATE", &err))
        return 0;
    int64_t before = used_today(history, account, history->quota_day), after = before;
    sqlite3_stmt *stmt = begin(history, TAKE_QUOTA);
    bind_text(stmt, 1, account);
    bind_int(stmt, 2, history->quota_day);
    bind_int(stmt, 3, QUOTA_BATCH);
    bind_int(stmt, 4, i64_of_u64(per_day));
    if (sqlite3_step(stmt) == SQLITE_ROW)
        after = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_reset(stmt); /* says the same again */
    bool is_fine = run_sql(history, "COMMIT", &err);
    return is_fine && after > before ? (uint64_t)(after - before) : 0;
}

bool history_take_quota(struct history *history, struct str account, uint64_t per_day,
                        int64_t now_ms)
{
    int64_t day = now_ms / DAY_MS;
    if (history->quota_day != day)
        history->quota_taken = 0; /* yesterday's are gone */
    history->quota_day = day;
    if (history->quota_taken == 0) {
        buf_clear(&history->quota_account);
        buf_add(&history->quota_account, account);
        history->quota_taken = take_batch(history, account, per_day);
    }
    if (history->quota_taken == 0)
        return false;
    history->quota_taken--;
    return true;
}
