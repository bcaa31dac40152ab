/* The history of `davit check`. A run has a row there from its beginning, and a log beside the file
 * (FILE-run) until all is looked at: who finds a log finds a run that was killed, cut, or goes on
 * in another process.
 *
 *     --resume, or a quota     the run goes on where the log ends
 *     another run              what the log has is recorded, as if the run had been interrupted
 *                              then, and the log makes room
 *     --compare alone          it is recorded, and the log stays
 *
 * Only the same run can be gone on with: what it is to look at stands in the log, as settings have
 * it, and the first that differs is named. How it is looked at may change, so that who is
 * throttled, or has a new password, can go on. */
#include "cli/check_history.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "check/url/mask.h"
#include "cli/check_config.h"
#include "cli/command.h"

/* --- what another run has left --- */

/* The first line in which two settings differ; empty: that one has no more. */
static void differing_line(struct str *a, struct str *b)
{
    struct str rest_a = *a, rest_b = *b;
    do {
        *a = str_cut(&rest_a, '\n');
        *b = str_cut(&rest_b, '\n');
    } while (str_eq(*a, *b) && (rest_a.len || rest_b.len));
}

static bool is_same_run(const struct check_history *history, struct err *err)
{
    struct buf settings = {0};
    check_command_add_settings(history->command, &settings);
    struct str theirs = run_log_head(history->log)->settings, ours = buf_str(&settings);
    bool is_same = str_eq(theirs, ours);
    if (!is_same) {
        struct buf text = {0};
        differing_line(&theirs, &ours);
        buf_addf(&text, "the run that was not finished is another one: it has '%.*s', not '%.*s'",
                 STR_ARGS(theirs), STR_ARGS(ours));
        struct buf masked = {0};
        url_add_masked(&masked, buf_str(&text));
        err_set(err, 0, "%s", buf_c(&masked));
        buf_done(&masked);
        buf_done(&text);
    }
    buf_done(&settings);
    return is_same;
}

static bool has_verdicts(const struct site *site)
{
    bool has = false;
    for (uint32_t id = 0; id < site_target_count(site) && !has; id++)
        has = site_at(site, id)->state == TARGET_DONE;
    return has;
}

/* As it stands in the log. What was killed before it had looked at anything is no run to compare
 * others with. */
static bool record_left(struct check_history *history, struct err *err)
{
    struct site *site = site_new(history->command->run.spill_dir);
    struct run_log_more more = {0};
    struct history_run run = run_log_head(history->log)->run;
    run.ended_ms = clock_wall_ms();
    bool is_fine = run_log_load(history->log, site, &more, err) &&
                   (!has_verdicts(site) || history_record(history->history, site, &run, err));
    buf_done(&more.state);
    buf_done(&more.added);
    site_free(site);
    return is_fine;
}

static void forget_log(struct check_history *history)
{
    run_log_remove(history->log);
    history->log = NULL;
}

static bool fail_to_resume(const struct check_history *history, enum run_log_rc rc,
                           const struct err *why, struct err *err)
{
    const char *path = history->command->history;
    if (rc == RUN_LOG_BUSY)
        return err_set(err, 0, "--resume: another davit is at the run of '%s'", path);
    if (rc == RUN_LOG_STRANGE)
        return err_set(err, 0, "--resume: %s", why->text);
    return err_set(err, 0, "--resume: '%s' has no run that was not finished", path);
}

/* The log of a run that can be gone on with, or none; what was over is gone. */
static enum run_log_rc open_log(struct check_history *history, struct err *err)
{
    enum run_log_rc rc = run_log_open(history->path, &history->log, err);
    if (rc != RUN_LOG_OK)
        return rc;
    const struct run_log_head *head = run_log_head(history->log);
    enum history_run_state state = history_run_state(history->history, head->run.id, head->mark);
    if (state != HISTORY_RUN_OVER && state != HISTORY_RUN_UNKNOWN)
        return rc;
    forget_log(history); /* it was over, or the history is another one */
    return RUN_LOG_NONE;
}

static bool settle_left(struct check_history *history, struct err *err)
{
    const struct check_command *command = history->command;
    struct err why = {0};
    enum run_log_rc rc = open_log(history, &why);
    if (rc == RUN_LOG_STRANGE && !command->resumes)
        tell(stderr, "davit: %s: what is in it is not recorded\n", why.text);
    if (rc != RUN_LOG_OK)
        return !command->resumes || fail_to_resume(history, rc, &why, err);
    bool has_starts = command->run.starts.count;
    history->is_resumed =
        has_starts && (command->resumes || command->quota_per_day) && is_same_run(history, &why);
    if (history->is_resumed)
        return true;
    if (command->resumes)
        return err_set(err, 0, "--resume: %s", why.text);
    const struct run_log_head *head = run_log_head(history->log);
    bool is_recorded =
        history_run_state(history->history, head->run.id, head->mark) == HISTORY_RUN_CUT;
    if (!is_recorded && !record_left(history, &why))
        tell(stderr, "davit: what an earlier run has found is lost: %s\n", why.text);
    if (has_starts)
        forget_log(history);
    run_log_free(history->log);
    history->log = NULL;
    return true;
}

bool check_history_open(struct check_history *history, const struct check_command *command,
                        struct err *err)
{
    struct buf path = {0};
    history->command = command;
    if (!command->history)
        return true;
    history->history = history_open(command->history, err);
    buf_addf(&path, "%s-run", command->history);
    history->path = mem_copy_text(path.at, path.len);
    buf_done(&path);
    return history->history && settle_left(history, err);
}

void check_history_close(struct check_history *history)
{
    run_log_free(history->log);
    history_close(history->history);
    mem_free(history->path);
}

/* --- the run --- */

static void set_run(struct check_history *history)
{
    const struct check_command *command = history->command;
    history->run.bad = command->report.fail_on;
    history->run.rules = command->run.rules;
    history->run.after_bad = command->after_bad;
}

static bool go_on(struct check_history *history, struct crawl *crawl, bool *has_starts_out,
                  struct err *err)
{
    const struct history_run *begun = &run_log_head(history->log)->run;
    history->run.id = begun->id;
    history->run.started_ms = begun->started_ms;
    return history_reopen_run(history->history, begun->id, err) &&
           crawl_resume(crawl, history->log, has_starts_out, err);
}

static void say_how_much_is_left(const struct check_history *history, const struct crawl *crawl)
{
    const struct crawl_counts *counts = crawl_counts(crawl);
    struct buf since = {0};
    add_time(&since, history->run.started_ms);
    tell(stderr, "davit: going on with the run of %s: %llu are done, %llu were left\n",
         buf_c(&since), (unsigned long long)counts->done, (unsigned long long)counts->queued);
    buf_done(&since);
}

/* Two runs at a time may have one history, but only one of them can be gone on with. */
static void begin_log(struct check_history *history, struct crawl *crawl, uint64_t mark)
{
    struct buf settings = {0};
    struct err why;
    check_command_add_settings(history->command, &settings);
    const struct run_log_head head = {history->run, mark, buf_str(&settings)};
    history->log = run_log_create(history->path, &head, &why);
    if (history->log)
        crawl_keep(crawl, history->log);
    else if (!history->command->is_quiet)
        tell(stderr, "davit: this run cannot be gone on with: %s\n", why.text);
    buf_done(&settings);
}

bool check_history_begin(struct check_history *history, struct crawl *crawl, int64_t *started_ms,
                         bool *has_starts_out, struct err *err)
{
    uint64_t mark = random_u64();
    *has_starts_out = false;
    history->query = (struct history_query){*started_ms, history->command->cache_age_ms};
    history->run.started_ms = *started_ms;
    set_run(history);
    if (!history->history)
        return true;
    if (history->is_resumed) {
        bool is_fine = go_on(history, crawl, has_starts_out, err);
        *started_ms = history->run.started_ms;
        if (is_fine && !history->command->is_quiet)
            say_how_much_is_left(history, crawl);
        return is_fine;
    }
    if (!history_begin_run(history->history, *started_ms, mark, &history->run.id, err))
        return false;
    begin_log(history, crawl, mark);
    return true;
}

void check_history_drop(struct check_history *history)
{
    if (!history->is_resumed)
        forget_log(history);
}

bool check_history_may_fetch(struct check_history *history, struct str url)
{
    const struct check_command *command = history->command;
    const struct history_quota quota = {command->account, command->quota_per_day};
    return !command->quota_per_day ||
           history_take_quota(history->history, &quota, url, clock_wall_ms());
}

bool check_history_is_known(struct check_history *history, struct str url, enum target_wish wish,
                            struct crawl_known *known_out)
{
    struct history_known known;
    if (!history->history || !history_knows(history->history, &history->query, url, wish, &known))
        return false;
    *known_out = (struct crawl_known){known.verdict, known.status};
    return true;
}

bool check_history_record(struct check_history *history, struct crawl *crawl, struct site *site,
                          bool is_complete, struct err *err)
{
    const char *trouble = crawl_keep_trouble(crawl);
    if (!history->history)
        return true;
    if (trouble)
        tell(stderr, "davit: this run cannot be gone on with: %s\n", trouble);
    history->run.ended_ms = clock_wall_ms();
    history->run.is_complete = is_complete;
    if (!history_record(history->history, site, &history->run, err))
        return false;
    if (!crawl_has_left(crawl) || trouble)
        forget_log(history);
    return true;
}

/* --- comparing two runs --- */

struct printing {
    struct history_changes changes;
    uint64_t counts[HISTORY_CHANGE_COUNT];
};

static void print_change(struct history_changes *changes, const struct history_changed *changed)
{
    static const char *const names[] = {"new", "fixed", "still"};
    struct printing *printing = CONTAINER_OF(changes, struct printing, changes);
    struct buf since = {0}, url = {0};
    printing->counts[changed->change]++;
    if (changed->change == HISTORY_UNKNOWN)
        return;
    url_add_masked(&url, changed->url);
    if (changed->bad_since_ms) {
        BUF_ADD(&since, " since ");
        add_time(&since, changed->bad_since_ms);
    }
    tell(stdout, "%-6s %-16.*s %3u %s%s\n", names[changed->change], STR_ARGS(changed->verdict),
         changed->status, buf_c(&url), changed->change == HISTORY_FIXED ? "" : buf_c(&since));
    buf_done(&since);
    buf_done(&url);
}

int check_history_compare(struct check_history *history)
{
    struct printing printing = {{print_change}, {0}};
    const uint64_t *counts = printing.counts;
    struct err err;
    if (!history_compare(history->history, &printing.changes, &err)) {
        tell(stderr, "davit: %s\n", err.text);
        return EXIT_UNFINISHED;
    }
    printf("%llu new, %llu fixed, %llu still bad\n", (unsigned long long)counts[HISTORY_NEW],
           (unsigned long long)counts[HISTORY_FIXED], (unsigned long long)counts[HISTORY_STILL]);
    if (counts[HISTORY_UNKNOWN]) {
        printf("%llu could not be compared: one of the two runs did not come to them\n",
               (unsigned long long)counts[HISTORY_UNKNOWN]);
        return EXIT_UNFINISHED;
    }
    return counts[HISTORY_NEW] ? EXIT_FAILED : EXIT_FINE;
}
