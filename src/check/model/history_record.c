/* The end of a run, written into the history in one transaction. A target is a row under its URL.
 * What is the fault of a link itself has a row of its own: a fragment that is missing under
 * "URL#fragment", what is no URL under what it says. Both are known for how long they are bad, and
 * --after-bad, --only-changed and --compare hold for both.
 *
 * A fault that is gone is seen only because those of the runs before are read first: nobody has a
 * row for each fragment that was always there. */
#include "check/model/history_priv.h"

enum { KEPT_RUNS = 100 };

struct recording {
    struct place_visitor visitor;
    struct history *history;
    struct site *site;
    const struct history_run *run;
    bool is_partial; /* something was not looked at */
    struct err *err;
    struct buf url; /* room */
};

static void bind_int_or_null(sqlite3_stmt *stmt, int at, int64_t value)
{
    if (value)
        history_bind_int(stmt, at, value);
}

/* What it was before this run. */
struct before {
    int64_t since; /* it is bad; 0: it is not */
    int64_t runs;
    int64_t run; /* the last that has looked; 0: none */
};

static struct before read_before(const struct recording *r, struct str url)
{
    struct before before = {0};
    sqlite3_stmt *stmt = history_begin(r->history, GET_LINK);
    history_bind_text(stmt, 1, url);
    history_bind_int(stmt, 2, r->run->id);
    if (sqlite3_step(stmt) == SQLITE_ROW)
        before = (struct before){sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1),
                                 sqlite3_column_int64(stmt, 2)};
    history_end(stmt);
    return before;
}

static void bind_before(const struct recording *r, sqlite3_stmt *stmt, int at,
                        const struct before *before)
{
    history_bind_int(stmt, at, r->run->id);
    history_bind_int(stmt, at + 1, before->run);
    history_bind_int(stmt, at + 2, before->since);
    history_bind_int(stmt, at + 3, before->runs);
}

/* What a row says of now. */
struct finding {
    struct str url;
    enum verdict verdict;
    unsigned status;
    bool is_cached; /* nobody has looked */
};

static bool put_link(struct recording *r, const struct finding *finding, struct past *past)
{
    enum verdict verdict = finding->verdict;
    bool is_bad = r->run->bad & verdict_bit(verdict);
    int64_t counts = r->run->after_bad > 1 ? r->run->after_bad : 1;
    const struct before before = read_before(r, finding->url);
    int64_t since = !is_bad ? 0 : before.since ? before.since : r->run->started_ms;
    int64_t runs = is_bad ? before.runs + !finding->is_cached : 0;
    past->is_fixed = !is_bad && before.runs >= counts;
    past->bad_runs = (uint32_t)runs;
    past->bad_since_s = (uint32_t)(since / 1000);
    past->is_held = is_bad && runs < counts;
    past->is_new = is_bad && runs == counts && !finding->is_cached;
    sqlite3_stmt *stmt = history_begin(r->history, finding->is_cached ? KEEP_LINK : PUT_LINK);
    history_bind_text(stmt, 1, finding->url);
    if (finding->is_cached) { /* what is known of it stays as it is */
        bind_before(r, stmt, 2, &before);
        return history_run(r->history, stmt, r->err);
    }
    history_bind_text(stmt, 2, str_of_c(verdict_rows[verdict].name));
    history_bind_int(stmt, 3, finding->status);
    history_bind_int(stmt, 4, r->run->started_ms);
    bind_int_or_null(stmt, 5, verdict_rows[verdict].class == CLASS_FINE ? r->run->started_ms : 0);
    bind_int_or_null(stmt, 6, since);
    history_bind_int(stmt, 7, runs);
    bind_before(r, stmt, 8, &before);
    return history_run(r->history, stmt, r->err);
}

static bool put_bad(struct recording *r, const struct finding *finding)
{
    if (!(r->run->bad & verdict_bit(finding->verdict)))
        return true;
    sqlite3_stmt *stmt = history_begin(r->history, PUT_BAD);
    history_bind_int(stmt, 1, r->run->id);
    history_bind_text(stmt, 2, finding->url);
    history_bind_text(stmt, 3, str_of_c(verdict_rows[finding->verdict].name));
    history_bind_int(stmt, 4, finding->status);
    return history_run(r->history, stmt, r->err);
}

/* --- targets --- */

static bool record_target(struct recording *r, uint32_t id)
{
    const struct target *target = site_at(r->site, id);
    if (!(target->flags & TARGET_IS_LINKED))
        return true;
    const struct outcome outcome = target_outcome(r->site, &r->run->rules, id);
    enum verdict verdict = outcome.verdict;
    bool is_trapped = site_at(r->site, outcome.end)->flags & TARGET_IS_TRAPPED;
    if (verdict == VERDICT_NOT_CHECKED && !is_trapped)
        r->is_partial = true;
    if (verdict == VERDICT_NOT_CHECKED || verdict == VERDICT_SKIPPED || verdict == VERDICT_ROBOTS)
        return true;
    const struct finding finding = {
        .url = site_url(r->site, id),
        .verdict = verdict,
        .status = site_at(r->site, outcome.end)->status,
        .is_cached = target->flags & TARGET_IS_CACHED,
    };
    return put_link(r, &finding, site_past(r->site, id)) && put_bad(r, &finding);
}

/* --- places: what is the fault of a link and not of its target --- */

/* Those that were bad are looked up at each place, so that it is seen when they are good again. */
static void read_faults(struct recording *r)
{
    sqlite3_stmt *stmt = history_begin(r->history, FAULTS);
    history_bind_int(stmt, 1, r->run->id);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        struct past *past = site_fault(r->site, history_column_text(stmt, 0), true);
        past->bad_since_s = (uint32_t)(sqlite3_column_int64(stmt, 1) / 1000);
        past->bad_runs = (uint32_t)sqlite3_column_int64(stmt, 2);
    }
    history_end(stmt);
}

static bool record_place(struct place_visitor *visitor, const struct place *place)
{
    struct recording *r = CONTAINER_OF(visitor, struct recording, visitor);
    enum verdict verdict = place_outcome(r->site, &r->run->rules, place).verdict;
    bool is_fault = verdict == VERDICT_FRAGMENT_MISSING || verdict == VERDICT_BAD_URL;
    bool is_good = verdict_rows[verdict].class == CLASS_FINE;
    buf_clear(&r->url);
    if ((!is_fault && !is_good) || !site_fault_name(r->site, place, &r->url))
        return true;
    struct past *past = site_fault(r->site, buf_str(&r->url), is_fault);
    if (!past || past->is_recorded)
        return true;
    past->is_recorded = true;
    const struct finding finding = {.url = buf_str(&r->url), .verdict = verdict};
    return put_link(r, &finding, past) && put_bad(r, &finding);
}

/* --- the whole --- */

/* What it had found bad when it was recorded before, and what runs did that are long past. */
static bool forget_bad(struct recording *r)
{
    sqlite3_stmt *stmt = history_begin(r->history, FORGET_BAD);
    history_bind_int(stmt, 1, r->run->id);
    history_bind_int(stmt, 2, r->run->id - KEPT_RUNS);
    return history_run(r->history, stmt, r->err);
}

static bool end_run(struct recording *r)
{
    sqlite3_stmt *stmt = history_begin(r->history, END_RUN);
    history_bind_int(stmt, 1, r->run->id);
    history_bind_int(stmt, 2, r->run->ended_ms);
    history_bind_int(stmt, 3, r->run->is_complete && !r->is_partial);
    return history_run(r->history, stmt, r->err);
}

static bool record_all(struct recording *r)
{
    if (!forget_bad(r))
        return false;
    for (uint32_t id = 0; id < site_target_count(r->site); id++) {
        if (!record_target(r, id))
            return false;
    }
    read_faults(r);
    return site_visit_places(r->site, &r->visitor, r->err) && end_run(r);
}

bool history_record(struct history *history, struct site *site, const struct history_run *run,
                    struct err *err)
{
    struct recording recording = {
        .visitor = {record_place}, .history = history, .site = site, .run = run, .err = err};
    if (!history_sql(history, "BEGIN IMMEDIATE", err))
        return false;
    bool is_fine = record_all(&recording) && history_sql(history, "COMMIT", err);
    if (!is_fine)
        (void)sqlite3_exec(history->db, "ROLLBACK", NULL, NULL, NULL); /* err says what failed */
    buf_done(&recording.url);
    return is_fine;
}
