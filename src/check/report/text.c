/* For people: by target, the worst first, each with the places where a link to it stands. A
 * terminal gets colours. What a 207 held stands under its target, and what failed only because of
 * something else names that.
 *
 * Rows come by page and are wanted by target, so those that are shown are kept and sorted: the
 * price of this form is memory for each of them. A target that is linked from everywhere names the
 * first PLACES_SHOWN_MAX places only; the other forms name all. */
#include "base/mem.h"
#include "base/utf8.h"
#include "check/report/report.h"

enum { PLACES_SHOWN_MAX = 20 };

struct line {
    uint32_t target;
    enum verdict verdict;
    struct str url, reason, place, fragment;
    struct html_position at;
    enum link_kind kind;
    struct str text;
    const struct past *past; /* the site's */
};

struct text_state {
    struct arena arena;
    struct line *lines;
    size_t count, cap;
    const struct report_member **members;
    size_t member_count;
};

/* What a page says must not steer a terminal. */
static struct str printable(struct text_state *state, struct str text)
{
    struct buf clean = {0};
    utf8_add_printable(&clean, text);
    struct str copy = arena_str(&state->arena, buf_str(&clean));
    buf_done(&clean);
    return copy;
}

static void text_begin(struct report *report)
{
    report->state = MEM_NEW(struct text_state);
}

static void add_row(struct report *report, const struct report_row *row)
{
    struct text_state *state = report->state;
    struct buf reason = {0};
    if (state->count == state->cap) {
        state->cap = size_max(64, state->cap * 2);
        state->lines = mem_resize(state->lines, state->cap * sizeof(*state->lines));
    }
    add_reason(&reason, row);
    state->lines[state->count++] = (struct line){
        .target = row->place->target,
        .verdict = row->outcome.verdict,
        .url = printable(state, row->url),
        .reason = printable(state, buf_str(&reason)),
        .place = printable(state, row->page),
        .fragment = printable(state, row->place->fragment),
        .at = row->place->at,
        .kind = row->place->kind,
        .text = printable(state, row->place->text),
        .past = row->past,
    };
    buf_done(&reason);
}

static void add_member(struct report *report, const struct report_member *member)
{
    struct text_state *state = report->state;
    struct report_member *copy = ARENA_NEW(&state->arena, struct report_member);
    *copy = *member;
    state->members =
        mem_resize(state->members, (state->member_count + 1) * sizeof(*state->members));
    state->members[state->member_count++] = copy;
}

static int compare(const void *left, const void *right)
{
    const struct line *a = left, *b = right;
    int class_a = (int)verdict_rows[a->verdict].class,
        class_b = (int)verdict_rows[b->verdict].class;
    bool is_fail_a = class_a == CLASS_FAIL, is_fail_b = class_b == CLASS_FAIL;
    if (is_fail_a != is_fail_b)
        return is_fail_a ? -1 : 1;
    if (class_a != class_b)
        return class_a < class_b ? 1 : -1;
    int order = str_compare(a->url, b->url);
    if (order == 0)
        order = str_compare(a->fragment, b->fragment);
    if (order == 0)
        order = str_compare(a->place, b->place);
    if (order == 0)
        order = a->at.line != b->at.line ? (a->at.line < b->at.line ? -1 : 1) : 0;
    if (order == 0)
        order = a->at.column < b->at.column ? -1 : a->at.column > b->at.column;
    return order;
}

static const char *colour_of(const struct report *report, enum verdict verdict)
{
    static const char *const colours[] = {[CLASS_FINE] = "\033[32m",
                                          [CLASS_NOTE] = "\033[33m",
                                          [CLASS_FAIL] = "\033[31m",
                                          [CLASS_UNKNOWN] = "\033[36m"};
    return report->has_colour ? colours[verdict_rows[verdict].class] : "";
}

static void write_members(struct report *report, const struct line *line)
{
    const struct text_state *state = report->state;
    struct buf text = {0};
    for (size_t i = 0; i < state->member_count; i++) {
        const struct report_member *row = state->members[i];
        const struct member *member = row->member;
        if (!str_eq(row->target, line->url))
            continue;
        buf_clear(&text);
        buf_addf(&text, "%u %.*s", member->status, STR_ARGS(member->href));
        if (member->props.len)
            buf_addf(&text, " (%.*s)", STR_ARGS(member->props));
        if (member->condition.len)
            buf_addf(&text, " %.*s", STR_ARGS(member->condition));
        if (member->description.len)
            buf_addf(&text, ": %.*s", STR_ARGS(member->description));
        if (row->cause_href.len)
            buf_addf(&text, ", because of %.*s", STR_ARGS(row->cause_href));
        BUF_ADD(&report->out, "    inside  ");
        utf8_add_printable(&report->out, buf_str(&text));
        BUF_ADD(&report->out, "\n");
    }
    buf_done(&text);
}

static void write_head(struct report *report, const struct line *line)
{
    const char *reset = report->has_colour ? "\033[0m" : "";
    buf_addf(&report->out, "%s%-16s%s %.*s", colour_of(report, line->verdict),
             verdict_rows[line->verdict].name, reset, STR_ARGS(line->url));
    if (line->fragment.len)
        buf_addf(&report->out, "#%.*s", STR_ARGS(line->fragment));
    if (line->reason.len)
        buf_addf(&report->out, "  [%.*s]", STR_ARGS(line->reason));
    if (line->past->bad_runs > 1) {
        buf_addf(&report->out, " bad for %u runs, since ", line->past->bad_runs);
        add_time(&report->out, (int64_t)line->past->bad_since_s * 1000);
    }
    if (line->past->is_held)
        BUF_ADD(&report->out, " (held back by --after-bad)");
    BUF_ADD(&report->out, "\n");
    write_members(report, line);
}

static void write_place(struct report *report, const struct line *line)
{
    const struct link_row *kind = &link_rows[line->kind];
    if (line->place.len == 0)
        return;
    buf_addf(&report->out, "    %.*s:%u:%u <%.*s %.*s>", STR_ARGS(line->place), line->at.line,
             line->at.column, STR_ARGS(kind->element), STR_ARGS(kind->attribute));
    if (line->text.len)
        buf_addf(&report->out, " \"%.*s\"", STR_ARGS(line->text));
    BUF_ADD(&report->out, "\n");
}

static bool is_same_head(const struct line *a, const struct line *b)
{
    return a->verdict == b->verdict && str_eq(a->url, b->url) && str_eq(a->fragment, b->fragment);
}

static void write_lines(struct report *report)
{
    const struct text_state *state = report->state;
    for (size_t i = 0, of = 0; i < state->count; i++) {
        const struct line *line = &state->lines[i];
        if (i == 0 || !is_same_head(line, &state->lines[i - 1])) {
            of = 0;
            write_head(report, line);
        }
        if (of++ < PLACES_SHOWN_MAX)
            write_place(report, line);
        bool is_end = i + 1 == state->count || !is_same_head(line, &state->lines[i + 1]);
        if (is_end && of > PLACES_SHOWN_MAX)
            buf_addf(&report->out, "    and %zu more\n", of - PLACES_SHOWN_MAX);
    }
}

static void write_traps(struct report *report)
{
    struct buf text = {0};
    for (uint32_t i = 0; i < report->trap_count; i++) {
        buf_clear(&text);
        add_trap(&text, &report->traps[i]);
        BUF_ADD(&report->out, "trap    ");
        utf8_add_printable(&report->out, buf_str(&text));
        BUF_ADD(&report->out, "\n");
    }
    buf_done(&text);
}

static void write_summary(struct report *report)
{
    const struct report_summary *s = report->summary;
    struct buf *out = &report->out;
    buf_addf(out, "%llu links to %llu addresses:", (unsigned long long)s->place_count,
             (unsigned long long)s->target_count);
    for (int i = 0; i < VERDICT_COUNT; i++) {
        if (s->targets[i])
            buf_addf(out, " %llu %s", (unsigned long long)s->targets[i], verdict_rows[i].name);
    }
    buf_addf(out, "; %.1f s\n", (double)s->took_ms / 1000);
    if (!s->is_complete) {
        BUF_ADD(out, "Not all was looked at: ");
        utf8_add_printable(out, str_of_c(s->why_incomplete));
        BUF_ADD(out, "\n");
    }
    if (!report->shows_stats)
        return;
    double seconds = s->took_ms > 0 ? (double)s->took_ms / 1000 : 0.001;
    buf_addf(out,
             "%llu requests (%.0f/s), %llu retries, %llu answers that said to ask less, "
             "%llu pages read, %.1f MB, %llu left out by robots.txt\n",
             (unsigned long long)s->counts.requests, (double)s->counts.requests / seconds,
             (unsigned long long)s->counts.retries, (unsigned long long)s->counts.throttled,
             (unsigned long long)s->counts.pages, (double)s->counts.bytes / 1e6,
             (unsigned long long)s->counts.left_by_robots);
}

static void end(struct report *report)
{
    struct text_state *state = report->state;
    if (state->count)
        qsort(state->lines, state->count, sizeof(*state->lines), compare);
    write_lines(report);
    write_traps(report);
    write_summary(report);
    mem_free(state->lines);
    mem_free(state->members);
    arena_done(&state->arena);
    mem_free(state);
}

const struct report_ops report_text = {
    .begin = text_begin, .row = add_row, .member = add_member, .end = end};
