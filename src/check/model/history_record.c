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
    int64_t run_id;
    struct err *err;
    struct buf url; /* room */
};

static void bind_int_or_null(sqlite3_stmt *stmt, int at, int64_t value)
{
    if (value)
        history_bind_int(stmt, at, value);
}

/* How long it has been bad, as of the runs before. */
static void read_past(struct history *history, struct str url, int64_t *since, int64_t *runs)
{
    sqlite3_stmt *stmt = history_begin(history, GET_LINK);
    history_bind_text(stmt, 1, url);
    *since = *runs = 0;
    if (sqlite3_step(stmt) == SQLITE_ROW) {
        *since = sqlite3_column_int64(stmt, 0);
        *runs = sqlite3_column_int64(stmt, 1);
    }
    history_end(stmt);
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
    int64_t since, runs, counts = r->run->after_bad > 1 ? r->run->after_bad : 1;
    read_past(r->history, finding->url, &since, &runs);
    past->is_fixed = !is_bad && runs >= counts;
    since = !is_bad ? 0 : since ? since : r->run->started_ms;
    runs = is_bad ? runs + !finding->is_cached : 0;
    past->bad_runs = (uint32_t)runs;
    past->bad_since_s = (uint32_t)(since / 1000);
    past->is_held = is_bad && runs < counts;
    past->is_new = is_bad && runs == counts && !finding->is_cached;
    if (finding->is_cached)
        return true; /* what is known of it stays as it is */
    sqlite3_stmt *stmt = history_begin(r->history, PUT_LINK);
    history_bind_text(stmt, 1, finding->url);
    history_bind_text(stmt, 2, str_of_c(verdict_rows[verdict].name));
    history_bind_int(stmt, 3, finding->status);
    history_bind_int(stmt, 4, r->run->started_ms);
    bind_int_or_null(stmt, 5, verdict_rows[verdict].class == CLASS_FINE ? r->run->started_ms : 0);
    bind_int_or_null(stmt, 6, since);
    history_bind_int(stmt, 7, runs);
    history_bind_int(stmt, 8, r->history->cycle);
    return history_run(r->history, stmt, r->err);
}

static bool put_bad(struct recording *r, const struct finding *finding)
{
    if (!(r->run->bad & verdict_bit(finding->verdict)))
        return true;
    sqlite3_stmt *stmt = history_begin(r->history, PUT_BAD);
    history_bind_int(stmt, 1, r->run_id);
    history_bind_text(stmt, 2, finding->url);
    history_bind_text(stmt, 3, str_of_c(verdict_rows[finding->verdict].name));
    history_bind_int(stmt, 4, finding->status);
    return history_run(r->history, stmt, r->err);
}

/* --- targets --- */

static bool put_pending(struct recording *r, uint32_t id)
{
    const struct target *target = site_at(r->site, id);
    sqlite3_stmt *stmt = history_begin(r->history, PUT_PENDING);
    history_bind_text(stmt, 1, site_url(r->site, id));
    history_bind_int(stmt, 2, target->depth);
    history_bind_int(stmt, 3, target->flags);
    return history_run(r->history, stmt, r->err);
}

static bool record_target(struct recording *r, uint32_t id)
{
    const struct target *target = site_at(r->site, id);
    if (!(target->flags & TARGET_IS_LINKED))
        return true;
    const struct outcome outcome = target_outcome(r->site, &r->run->rules, id);
    enum verdict verdict = outcome.verdict;
    if (verdict == VERDICT_NOT_CHECKED)
        return !r->run->is_cut_short || put_pending(r, id);
    if (verdict == VERDICT_SKIPPED || verdict == VERDICT_ROBOTS)
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
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        struct past *past = site_fault(r->site, history_column_text(stmt, 0), true);
        past->bad_since_s = (uint32_t)(sqlite3_column_int64(stmt, 1) / 1000);
        past->bad_runs = (uint32_t)sqlite3_column_int64(stmt, 2);
    }
    history_end(stmt);
}

static bool put_pending_place(struct recording *r, const struct place *place)
{
    const struct link_row *kind = &link_rows[place->kind];
    sqlite3_stmt *stmt = history_begin(r->history, PUT_PENDING_PLACE);
    history_bind_text(stmt, 1, site_url(r->site, place->target));
    history_bind_text(stmt, 2,
                      place->page == TARGET_NONE ? STR_NONE : site_url(r->site, place->page));
    history_bind_int(stmt, 3, place->at.line);
    history_bind_int(stmt, 4, place->at.column);
    history_bind_text(stmt, 5, kind->element);
    history_bind_text(stmt, 6, kind->attribute);
    history_bind_text(stmt, 7, place->raw);
    history_bind_text(stmt, 8, place->text);
    history_bind_text(stmt, 9, place->fragment);
    return history_run(r->history, stmt, r->err);
}

static bool record_place(struct place_visitor *visitor, const struct place *place)
{
    struct recording *r = CONTAINER_OF(visitor, struct recording, visitor);
    enum verdict verdict = place_outcome(r->site, &r->run->rules, place).verdict;
    if (verdict == VERDICT_NOT_CHECKED && r->run->is_cut_short)
        return put_pending_place(r, place);
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

static bool record_all(struct recording *r)
{
    struct history *history = r->history;
    sqlite3_stmt *stmt = history_begin(history, ADD_RUN);
    history_bind_int(stmt, 1, r->run->started_ms);
    history_bind_int(stmt, 2, r->run->ended_ms);
    if (!history_sql(history, "DELETE FROM pending; DELETE FROM pending_place", r->err) ||
        !history_run(history, stmt, r->err))
        return false;
    r->run_id = sqlite3_last_insert_rowid(history->db);
    for (uint32_t id = 0; id < site_target_count(r->site); id++) {
        if (!record_target(r, id))
            return false;
    }
    read_faults(r);
    if (!site_visit_places(r->site, &r->visitor, r->err))
        return false;
    if (!r->run->is_cut_short && !history_sql(history, "UPDATE cycle SET id = id + 1", r->err))
        return false;
    char forget[120];
    str_print(forget, sizeof(forget), "DELETE FROM bad WHERE run <= %lld",
              (long long)r->run_id - KEPT_RUNS);
    return history_sql(history, forget, r->err);
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
