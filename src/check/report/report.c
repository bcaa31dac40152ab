/* Writing results. Places come as a stream, in the order in which they were found, once to be
 * counted and once to be written; so a report needs no more memory than its form does, and a run of
 * ten million links can be written as JSON lines. All forms are fed at the same time.
 *
 * What is said of a place is made here (row_of()), once for all forms: the outcome of its target
 * with redirects followed, its fragment, and what is between it and its page.
 *
 * A file that cannot be written ends nothing for the others: the first failure is kept and told. */
#include "check/report/report.h"

#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "check/url/mask.h"
#include "check/url/percent.h"
#include "text/date.h"
#include "xml/writer.h"

enum { OUT_BYTES = 1 << 16 };

static const struct {
    struct str name;
    const struct report_ops *ops;
} formats[] = {
#define FORMAT(name, ops) {STR_INIT(name), &(ops)},
#include "check/report/formats.def"
#undef FORMAT
};

const struct report_ops *report_find(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (str_eq(formats[i].name, name))
            return formats[i].ops;
    }
    return NULL;
}

struct str report_name(const struct report_ops *ops)
{
    size_t row = 0;
    while (formats[row].ops != ops)
        row++;
    return formats[row].name;
}

bool report_is_failure(const struct report_options *options, enum verdict verdict)
{
    return options->fail_on & verdict_bit(verdict);
}

/* --- rows --- */

/* Without passwords, which who reads a report need not know. Most have none, and are not copied. */
static struct str mask(struct arena *arena, struct str text)
{
    struct buf masked = {0};
    if (!url_has_password(text))
        return text;
    url_add_masked(&masked, text);
    text = arena_str(arena, buf_str(&masked));
    buf_done(&masked);
    return text;
}

static const char *mask_note(struct arena *arena, const char *note)
{
    struct str text = str_of_c(note);
    return url_has_password(text) ? arena_text(arena, mask(arena, text)) : note;
}

static void mask_row(struct arena *arena, struct report_row *row)
{
    struct str raw = mask(arena, row->place->raw), text = mask(arena, row->place->text);
    row->url = mask(arena, row->url);
    row->end = mask(arena, row->end);
    row->moved_to = mask(arena, row->moved_to);
    row->page = mask(arena, row->page);
    row->note = mask_note(arena, row->note);
    if (raw.at != row->place->raw.at || text.at != row->place->text.at) {
        struct place *place = ARENA_NEW(arena, struct place);
        *place = *row->place;
        place->raw = raw;
        place->text = text;
        row->place = place;
    }
}

static bool is_excused(const struct report_options *options, const struct past *past)
{
    return past->is_held || (options->only_changed && !past->is_new);
}

static void add_target(struct report_row *row, const struct site *site)
{
    const struct target *end = site_at(site, row->outcome.end);
    uint32_t id = row->place->target;
    row->target = site_at(site, id);
    row->url = site_url(site, id);
    row->end = site_url(site, row->outcome.end);
    if (row->outcome.moved_to != TARGET_NONE)
        row->moved_to = site_url(site, row->outcome.moved_to);
    row->status = end->status;
    row->time_ms = row->target->time_ms;
    row->note = site_note(site, row->outcome.end);
    if (!row->note[0])
        row->note = site_note(site, id);
    row->is_trapped = end->flags & TARGET_IS_TRAPPED;
    if (row->is_trapped)
        row->note = "left out: the site goes on for ever there";
}

static struct report_row row_of(const struct site *site, const struct report_options *options,
                                const struct place *place)
{
    struct report_row row = {.place = place, .url = place->raw, .end = place->raw, .note = ""};
    row.outcome = place_outcome(site, &options->rules, place);
    enum verdict verdict = row.outcome.verdict;
    row.past = site_place_past(site, place, verdict);
    row.is_bad = report_is_failure(options, verdict) && !is_excused(options, row.past);
    row.is_fault = verdict == VERDICT_FRAGMENT_MISSING || place->target == TARGET_NONE;
    if (place->page != TARGET_NONE)
        row.page = site_url(site, place->page);
    if (place->target != TARGET_NONE)
        add_target(&row, site);
    return row;
}

static struct report_target target_of(const struct site *site, const struct report_options *options,
                                      uint32_t id)
{
    struct report_target row = {.target = site_at(site, id), .url = site_url(site, id)};
    row.outcome = target_outcome(site, &options->rules, id);
    row.end = site_url(site, row.outcome.end);
    row.note = site_note(site, row.outcome.end);
    row.status = site_at(site, row.outcome.end)->status;
    if (row.target->found_on != TARGET_NONE)
        row.found_on = site_url(site, row.target->found_on);
    row.is_bad =
        report_is_failure(options, row.outcome.verdict) && !is_excused(options, &row.target->past);
    return row;
}

static bool is_shown(const struct report_options *options, const struct report_row *row)
{
    if (options->only_changed)
        return row->past->is_fixed || row->past->is_new;
    bool shows_all = options->shown & verdict_bit(VERDICT_OK);
    return options->shown & verdict_bit(row->outcome.verdict) && (!row->is_trapped || shows_all);
}

/* --- counting --- */

struct counting {
    struct place_visitor visitor;
    const struct site *site;
    const struct report_options *options;
    struct report_summary *summary;
    uint8_t *worst; /* of each target: a verdict plus one */
};

/* Failures before notes before the rest. */
static unsigned severity(enum verdict verdict)
{
    static const unsigned of_class[] = {
        [CLASS_FINE] = 0, [CLASS_UNKNOWN] = 1, [CLASS_NOTE] = 2, [CLASS_FAIL] = 3};
    return of_class[verdict_rows[verdict].class];
}

static bool count_place(struct place_visitor *visitor, const struct place *place)
{
    struct counting *counting = CONTAINER_OF(visitor, struct counting, visitor);
    struct report_row row = row_of(counting->site, counting->options, place);
    enum verdict verdict = row.outcome.verdict;
    counting->summary->places[verdict]++;
    counting->summary->place_count++;
    counting->summary->bad += row.is_bad;
    counting->summary->kinds[place->kind].links++;
    counting->summary->kinds[place->kind].bad += row.is_bad;
    counting->summary->excused += !row.is_bad && report_is_failure(counting->options, verdict);
    if (row.is_fault && is_shown(counting->options, &row)) {
        counting->summary->cases.all++;
        counting->summary->cases.bad += row.is_bad;
        counting->summary->cases.unknown += !row.is_bad;
    }
    if (place->target == TARGET_NONE) {
        counting->summary->targets[verdict]++;
        counting->summary->target_count++;
        return true;
    }
    uint8_t *worst = &counting->worst[place->target];
    if (*worst == 0 || severity(verdict) > severity((enum verdict)(*worst - 1)))
        *worst = (uint8_t)(verdict + 1);
    return true;
}

bool report_count(struct site *site, const struct report_options *options,
                  struct report_summary *summary, struct err *err)
{
    uint32_t count = site_target_count(site), member_count;
    struct counting counting = {{count_place}, site, options, summary, mem_new(count, 1)};
    bool is_fine = site_visit_places(site, &counting.visitor, err);
    for (uint32_t i = 0; i < count; i++) {
        if (counting.worst[i] == 0)
            continue;
        summary->targets[counting.worst[i] - 1]++;
        summary->target_count++;
        const struct report_target row = target_of(site, options, i);
        summary->statuses[row.status < ARRAY_LEN(summary->statuses) ? row.status : 0]++;
        bool is_unknown = verdict_rows[row.outcome.verdict].class == CLASS_UNKNOWN;
        summary->cases.all++;
        summary->cases.bad += row.is_bad;
        summary->cases.unknown += !row.is_bad && is_unknown;
    }
    const struct member *members = site_members(site, &member_count);
    for (uint32_t i = 0; i < member_count; i++)
        summary->members[members[i].verdict]++;
    mem_free(counting.worst);
    return is_fine;
}

/* --- writing --- */

struct writing {
    struct place_visitor visitor;
    const struct site *site;
    const struct report_options *options;
    struct report *reports;
    size_t count;
    struct err *err;
    bool has_failed;
    struct arena row_arena; /* of one row */
    struct arena arena;     /* of members: forms keep them */
};

static bool flush(struct writing *writing, struct report *report, size_t least)
{
    if (report->out.len < least || report->out.len == 0)
        return true;
    size_t len = fwrite(report->out.at, 1, report->out.len, report->file);
    bool is_fine = len == report->out.len;
    buf_clear(&report->out);
    if (!is_fine && !writing->has_failed) {
        writing->has_failed = true;
        err_sys(writing->err, errno, "cannot write %s", report->path ? report->path : "the report");
    }
    return is_fine;
}

static bool write_place(struct place_visitor *visitor, const struct place *place)
{
    struct writing *writing = CONTAINER_OF(visitor, struct writing, visitor);
    struct report_row row = row_of(writing->site, writing->options, place);
    if (!is_shown(writing->options, &row))
        return true;
    arena_reset(&writing->row_arena);
    mask_row(&writing->row_arena, &row);
    for (size_t i = 0; i < writing->count; i++) {
        struct report *report = &writing->reports[i];
        if (report->ops->row)
            report->ops->row(report, &row);
        if (!flush(writing, report, OUT_BYTES))
            return false;
    }
    return true;
}

static void mask_member(struct arena *arena, struct report_member *row)
{
    struct member *masked = ARENA_NEW(arena, struct member);
    *masked = *row->member;
    masked->href = mask(arena, masked->href);
    masked->location = mask(arena, masked->location);
    row->member = masked;
    row->target = mask(arena, row->target);
    row->cause_href = mask(arena, row->cause_href);
}

static void write_members(struct writing *writing)
{
    uint32_t count;
    const struct member *members = site_members(writing->site, &count);
    verdict_set all = writing->options->shown;
    for (uint32_t i = 0; i < count; i++) {
        const struct member *member = &members[i];
        struct report_member row = {.member = member,
                                    .target = site_url(writing->site, member->target)};
        bool follows = member->verdict == VERDICT_SKIPPED;
        if (member->cause != TARGET_NONE)
            row.cause_href = members[member->cause].href;
        bool is_news = site_at(writing->site, member->target)->past.is_new;
        if (writing->options->only_changed && !is_news)
            continue;
        if (!follows && !(all & verdict_bit((enum verdict)member->verdict)))
            continue;
        mask_member(&writing->arena, &row);
        for (size_t k = 0; k < writing->count; k++) {
            struct report *report = &writing->reports[k];
            if (report->ops->member)
                report->ops->member(report, &row);
            (void)flush(writing, report, OUT_BYTES); /* has_failed remembers */
        }
    }
}

static void write_target(struct writing *writing, uint32_t id)
{
    struct report_target row = target_of(writing->site, writing->options, id);
    arena_reset(&writing->row_arena);
    row.url = mask(&writing->row_arena, row.url);
    row.end = mask(&writing->row_arena, row.end);
    row.found_on = mask(&writing->row_arena, row.found_on);
    row.note = mask_note(&writing->row_arena, row.note);
    for (size_t k = 0; k < writing->count; k++) {
        struct report *report = &writing->reports[k];
        if (report->ops->target)
            report->ops->target(report, &row);
        (void)flush(writing, report, OUT_BYTES); /* has_failed remembers */
    }
}

static void write_targets(struct writing *writing)
{
    bool is_wanted = false;
    for (size_t i = 0; i < writing->count; i++)
        is_wanted = is_wanted || writing->reports[i].ops->target;
    for (uint32_t id = 0; is_wanted && id < site_target_count(writing->site); id++) {
        if (site_at(writing->site, id)->flags & TARGET_IS_LINKED)
            write_target(writing, id);
    }
}

/* One at least of whose addresses is left out. */
static void take_traps(struct writing *writing)
{
    uint32_t count, kept = 0;
    const struct trap *traps = site_traps(writing->site, &count);
    struct report_trap *rows = arena_alloc(&writing->arena, (count + (size_t)1) * sizeof(*rows));
    for (uint32_t i = 0; i < count; i++) {
        if (traps[i].left_out == 0)
            continue;
        rows[kept++] = (struct report_trap){
            .pattern = mask(&writing->arena, traps[i].pattern),
            .example = mask(&writing->arena, site_url(writing->site, traps[i].example)),
            .left_out = traps[i].left_out,
        };
    }
    for (size_t i = 0; i < writing->count; i++) {
        writing->reports[i].traps = rows;
        writing->reports[i].trap_count = kept;
    }
}

bool report_write(struct site *site, const struct report_options *options, struct report *reports,
                  size_t count, struct err *err)
{
    struct writing writing = {.visitor = {write_place},
                              .site = site,
                              .options = options,
                              .reports = reports,
                              .count = count,
                              .err = err};
    take_traps(&writing);
    for (size_t i = 0; i < count; i++) {
        if (reports[i].ops->begin)
            reports[i].ops->begin(&reports[i]);
    }
    bool is_read = site_visit_places(site, &writing.visitor, err);
    write_members(&writing);
    write_targets(&writing);
    for (size_t i = 0; i < count; i++) {
        if (reports[i].ops->end)
            reports[i].ops->end(&reports[i]);
        (void)flush(&writing, &reports[i], 1); /* has_failed remembers */
        buf_done(&reports[i].out);
        if (fflush(reports[i].file) != 0 && !writing.has_failed) {
            writing.has_failed = true;
            err_sys(err, errno, "cannot write the report");
        }
    }
    arena_done(&writing.row_arena);
    arena_done(&writing.arena);
    return is_read && !writing.has_failed;
}

/* --- for the forms --- */

void add_xml(struct buf *to, struct str text)
{
    xml_add_attr(to, text);
}

void add_page(struct buf *to, struct str page)
{
    struct buf path = {0};
    if (!str_starts(page, STR("file://"))) {
        buf_add(to, page);
        return;
    }
    percent_decode(&path, str_from(page, strlen("file://")));
    char *here = getcwd(NULL, 0);
    struct str name = buf_str(&path), folder = str_of_c(here ? here : "");
    if (folder.len && str_starts(name, folder) && str_starts(str_from(name, folder.len), STR("/")))
        name = str_from(name, folder.len + 1);
    buf_add(to, name);
    mem_free(here);
    buf_done(&path);
}

void add_time(struct buf *to, int64_t wall_ms)
{
    char text[32];
    struct tm tm;
    time_t seconds = (time_t)(wall_ms / 1000);
    if (gmtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
        buf_add(to, str_of_c(text));
}

void add_reason(struct buf *to, const struct report_row *row)
{
    size_t before = to->len;
    bool is_multistatus = str_starts(str_of_c(row->note), STR("207(")); /* it says its status */
    bool is_moved = row->outcome.verdict == VERDICT_PERMANENT_REDIRECT;
    if (is_moved)
        buf_addf(to, "moved to %.*s", STR_ARGS(row->moved_to));
    else if (row->outcome.hops)
        buf_addf(to, "%s redirect to %.*s", redirect_kind_name(row->outcome.redirect_kind),
                 STR_ARGS(row->end));
    if (row->outcome.verdict == VERDICT_FRAGMENT_MISSING)
        buf_addf(to, "%sno '%.*s' there", row->outcome.hops ? ", " : "",
                 STR_ARGS(row->outcome.fragment));
    else if (row->status && row->outcome.verdict != VERDICT_REDIRECTED && !is_moved &&
             !is_multistatus)
        buf_addf(to, "%s%u", row->outcome.hops ? ", " : "", row->status);
    if (row->note[0])
        buf_addf(to, "%s%s", to->len > before ? " " : "", row->note);
}

void add_trap(struct buf *to, const struct report_trap *trap)
{
    buf_addf(to, "%.*s goes on for ever (such as %.*s): %llu address%s left out, not checked",
             STR_ARGS(trap->pattern), STR_ARGS(trap->example), (unsigned long long)trap->left_out,
             trap->left_out == 1 ? "" : "es");
}
