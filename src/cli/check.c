/* `davit check`: a run, its history, and its reports.
 *
 * What is said while it runs goes to standard error: a progress line on a terminal, and loud
 * notices of what was left out. What it found goes to the outputs, when it has ended. An interrupt
 * ends the run politely: what was found until then is reported, the rest is not-checked. A second
 * one ends the process. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "check/run/login.h"
#include "cli/check_config.h"
#include "cli/check_history.h"
#include "cli/command.h"

struct check {
    struct crawl_events events;
    struct check_command *command;
    struct site *site;
    struct crawl *crawl;
    struct check_history history;
    int64_t started_ms; /* of the clock that only goes forward */
    int64_t told_ms;
    bool has_line; /* a progress line stands on the terminal */
};

static volatile sig_atomic_t was_interrupted;

/* The next one is obeyed at once; but timeout(1) sends each of its signals twice, to the process
 * and to its group, and that is one. */
static void on_signal(int number)
{
    enum { ONE_MS = 500 };
    static int64_t first_ms; /* only here */
    int64_t now_ms = clock_mono_ms();
    if (was_interrupted && now_ms - first_ms > ONE_MS) {
        (void)signal(number, SIG_DFL);
        (void)raise(number);
    }
    first_ms = was_interrupted ? first_ms : now_ms;
    was_interrupted = 1;
}

/* --- while it runs --- */

static void print_progress(struct check *check, const struct crawl_counts *counts)
{
    int64_t now_ms = clock_mono_ms(), took_ms = now_ms - check->started_ms;
    if (!check->command->has_progress || now_ms - check->told_ms < 200)
        return;
    check->told_ms = now_ms;
    double rate = took_ms > 0 ? (double)counts->done * 1000 / (double)took_ms : 0;
    double left_s = rate > 0 ? (double)counts->queued / rate : 0;
    fprintf(stderr, "\r\033[K%llu done, %llu queued, %llu failed, %.0f/s, about %.0f s left",
            (unsigned long long)counts->done, (unsigned long long)counts->queued,
            (unsigned long long)counts->failed, rate, left_s);
    check->has_line = true;
}

static void clear_progress(struct check *check)
{
    if (check->has_line)
        fprintf(stderr, "\r\033[K");
    check->has_line = false;
}

static bool on_turn(struct crawl_events *events, const struct crawl_counts *counts)
{
    struct check *check = CONTAINER_OF(events, struct check, events);
    print_progress(check, counts);
    return !was_interrupted;
}

static bool may_fetch(struct crawl_events *events, struct str url)
{
    struct check *check = CONTAINER_OF(events, struct check, events);
    return check_history_may_fetch(&check->history, url);
}

static bool is_known(struct crawl_events *events, struct str url, enum target_wish wish,
                     struct crawl_known *known_out)
{
    struct check *check = CONTAINER_OF(events, struct check, events);
    return check_history_is_known(&check->history, url, wish, known_out);
}

/* --- before --- */

static bool add_starts(struct check *check, struct err *err)
{
    const struct text_list *starts = &check->command->run.starts;
    bool is_fine = true;
    for (size_t i = 0; i < starts->count && is_fine; i++)
        is_fine = crawl_add_start(check->crawl, starts->at[i], err);
    return is_fine;
}

/* --- after --- */

static void print_notices(struct check *check)
{
    struct crawl_left_out left_out;
    struct buf notice = {0};
    bool is_obeyed = check->command->run.robots == ROBOTS_OBEY;
    if (check->command->is_quiet)
        return;
    for (size_t i = 0; crawl_describe_start(check->crawl, i, &notice); i++) {
        if (notice.len)
            tell(stderr, "davit: %s\n", buf_c(&notice));
        buf_clear(&notice);
    }
    buf_done(&notice);
    if (crawl_counts(check->crawl)->prose)
        tell(stderr,
             "davit: of %llu files (reStructuredText, AsciiDoc, Org) only the addresses in their "
             "text were read\n",
             (unsigned long long)crawl_counts(check->crawl)->prose);
    for (size_t i = 0; crawl_robots_host(check->crawl, i, &left_out); i++)
        tell(stderr, "davit: %s/robots.txt %s %llu of the links%s\n", left_out.origin,
             left_out.is_closed ? "cannot be fetched, which rules out" : "asks robots to leave out",
             (unsigned long long)left_out.count, is_obeyed ? ": they were not checked" : "");
}

static void name_archives(struct check *check)
{
    struct buf note = {0};
    for (uint32_t id = 0; check->command->run.has_archive && id < site_target_count(check->site);
         id++) {
        const struct target *target = site_at(check->site, id);
        if (target->state != TARGET_DONE || target->verdict != VERDICT_BROKEN || target->note)
            continue;
        buf_clear(&note);
        buf_addf(&note, "perhaps archived: https://web.archive.org/web/%s", target->url);
        site_set_note(check->site, id, buf_str(&note));
    }
    buf_done(&note);
}

/* A report that cannot be written must not cost the run. What is there stays until there is
 * something better; who reads a pipe would take its being closed for the end. */
static bool try_outputs(const struct check_command *command, struct err *err)
{
    for (size_t i = 0; i < command->output_count; i++) {
        const char *path = command->outputs[i].path;
        struct stat info;
        if (path && stat(path, &info) == 0 && S_ISFIFO(info.st_mode))
            continue;
        int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666) : -1;
        if (path && fd < 0)
            return err_sys(err, errno, "cannot open '%s'", path);
        fd_close(fd);
    }
    return true;
}

static bool open_outputs(const struct check_command *command, struct report *reports,
                         const struct report_summary *summary, struct err *err)
{
    for (size_t i = 0; i < command->output_count; i++) {
        const struct check_output *output = &command->outputs[i];
        reports[i] = (struct report){
            .ops = output->ops,
            .summary = summary,
            .path = output->path,
            .file = output->path ? fopen(output->path, "we") : stdout,
            .has_colour = command->has_colour && !output->path,
            .shows_stats = command->shows_stats,
        };
        if (!reports[i].file)
            return err_sys(err, errno, "cannot open '%s'", output->path);
    }
    return true;
}

static bool write_reports(struct check *check, const struct report_summary *summary,
                          struct err *err)
{
    const struct check_command *command = check->command;
    struct report reports[OUTPUTS_MAX] = {0};
    bool is_fine = open_outputs(command, reports, summary, err) &&
                   report_write(check->site, &command->report, reports, command->output_count, err);
    for (size_t i = 0; i < command->output_count; i++) {
        bool is_closed = !reports[i].file || !reports[i].path || fclose(reports[i].file) == 0;
        if (!is_closed && is_fine)
            is_fine = err_sys(err, errno, "cannot write '%s'", reports[i].path);
    }
    return is_fine;
}

/* --- the whole --- */

static int exit_status(const struct report_summary *summary)
{
    if (!summary->is_complete || summary->places[VERDICT_NOT_CHECKED])
        return EXIT_UNFINISHED;
    return summary->bad ? EXIT_FAILED : EXIT_FINE;
}

static int finish(struct check *check, struct report_summary *summary)
{
    struct err err;
    clear_progress(check);
    print_notices(check);
    name_archives(check);
    summary->counts = *crawl_counts(check->crawl);
    summary->took_ms = clock_mono_ms() - check->started_ms;
    if (!summary->is_complete && !check->command->is_verbose) /* how many is said, not each */
        check->command->report.shown &= ~verdict_bit(VERDICT_NOT_CHECKED);
    bool is_fine = check_history_record(&check->history, check->crawl, check->site,
                                        summary->is_complete, &err) &&
                   report_count(check->site, &check->command->report, summary, &err) &&
                   write_reports(check, summary, &err);
    if (!is_fine) {
        tell(stderr, "davit: %s\n", err.text);
        return EXIT_UNFINISHED;
    }
    int status = exit_status(summary);
    if (!check->command->compares)
        return status;
    int compared = check_history_compare(&check->history);
    return status == EXIT_UNFINISHED ? status : compared;
}

static int check_run(struct check *check)
{
    const struct check_command *command = check->command;
    struct report_summary summary = {.started_ms = clock_wall_ms()};
    struct err err, why = {0};
    bool has_starts = false;
    check->started_ms = clock_mono_ms();
    if (command->config && !command->is_quiet)
        tell(stderr, "davit: settings of %s\n", command->config);
    check->events =
        (struct crawl_events){.turn = on_turn, .may_fetch = may_fetch, .is_known = is_known};
    check->site = site_new(command->run.spill_dir);
    check->crawl = crawl_new(&command->run, check->site, &check->events, &err);
    bool is_ready = check->crawl && try_outputs(command, &err) &&
                    (!command->run.login_form || crawl_login(check->crawl, &err)) &&
                    check_history_begin(&check->history, check->crawl, &summary.started_ms,
                                        &has_starts, &err) &&
                    (has_starts || add_starts(check, &err));
    int status = EXIT_USAGE;
    if (is_ready) {
        (void)signal(SIGINT, on_signal);  /* cannot fail with these */
        (void)signal(SIGTERM, on_signal); /* likewise */
        summary.is_complete = crawl_run(check->crawl, &why);
        summary.why_incomplete = why.text;
        status = finish(check, &summary);
    } else {
        tell(stderr, "davit: %s\n", err.text);
        check_history_drop(&check->history);
    }
    crawl_free(check->crawl);
    site_free(check->site);
    return status;
}

int cmd_check(int argc, char **argv)
{
    struct check_command command;
    struct check check = {.command = &command};
    struct err err;
    int status = EXIT_FINE;
    if (!check_command_read(argc, argv, &command, &err)) {
        tell(stderr, "davit: %s\n", err.text);
        status = EXIT_USAGE;
    } else if (command.wants_help) {
        check_command_print_help();
    } else if (command.wants_config) {
        check_command_print(&command);
    } else if (!check_history_open(&check.history, &command, &err)) {
        tell(stderr, "davit: %s\n", err.text);
        status = EXIT_USAGE;
    } else {
        status =
            command.run.starts.count ? check_run(&check) : check_history_compare(&check.history);
    }
    check_history_close(&check.history);
    check_command_done(&command);
    return status;
}
