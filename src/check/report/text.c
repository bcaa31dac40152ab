/* For people: a block for each address, the worst first, with the fragments that are asked of it
 * and the places where a link to each stands. A terminal gets colours. What a 207 held stands
 * under its target, and what failed only because of something else names that.
 *
 * Rows come by page and are wanted by target, so those that are shown are kept and sorted
 * (lines.c): the price of this form is memory for each of them. A target that is linked from
 * everywhere names the first PLACES_SHOWN_MAX places only; the other forms name all. */
#include "base/mem.h"
#include "base/utf8.h"
#include "check/report/lines.h"

enum { PLACES_SHOWN_MAX = 20 };

struct text_state {
    struct lines lines;
    const struct report_member **members;
    size_t member_count;
};

static void text_begin(struct report *report)
{
    report->state = MEM_NEW(struct text_state);
}

static void add_row(struct report *report, const struct report_row *row)
{
    struct text_state *state = report->state;
    lines_add(&state->lines, row);
}

static void add_member(struct report *report, const struct report_member *member)
{
    struct text_state *state = report->state;
    struct report_member *copy = ARENA_NEW(&state->lines.arena, struct report_member);
    *copy = *member;
    state->members =
        mem_resize(state->members, (state->member_count + 1) * sizeof(*state->members));
    state->members[state->member_count++] = copy;
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

/* Why, and for how long. */
static void write_reason(struct report *report, const struct line *line)
{
    if (line->reason.len)
        buf_addf(&report->out, "  [%.*s]", STR_ARGS(line->reason));
    if (line->past->bad_runs > 1) {
        buf_addf(&report->out, " bad for %u runs, since ", line->past->bad_runs);
        add_time(&report->out, (int64_t)line->past->bad_since_s * 1000);
    }
    if (line->past->is_held)
        BUF_ADD(&report->out, " (held back by --after-bad)");
    BUF_ADD(&report->out, "\n");
}

/* What is missing on a page is said below it, and what is missing altogether once. */
static void write_head(struct report *report, const struct line *line)
{
    const char *reset = report->has_colour ? "\033[0m" : "";
    buf_addf(&report->out, "%s%-16s%s %.*s", colour_of(report, line->verdict),
             verdict_rows[line->verdict].name, reset, STR_ARGS(line->url));
    if (line->verdict == VERDICT_FRAGMENT_MISSING)
        BUF_ADD(&report->out, "\n");
    else
        write_reason(report, line);
    write_members(report, line);
}

static void write_fragment(struct report *report, const struct line *line)
{
    if (line->fragment.len == 0)
        return;
    buf_addf(&report->out, "    #%.*s", STR_ARGS(line->fragment));
    if (line->verdict == VERDICT_FRAGMENT_MISSING)
        write_reason(report, line);
    else
        BUF_ADD(&report->out, "\n");
}

static void write_place(struct report *report, const struct line *line)
{
    const struct link_row *kind = &link_rows[line->kind];
    if (line->place.len == 0)
        return;
    const char *indent = line->fragment.len ? "        " : "    ";
    buf_addf(&report->out, "%s%.*s", indent, STR_ARGS(line->place));
    if (line->at.line) /* what stands in a field of an answer is on no line */
        buf_addf(&report->out, ":%u:%u", line->at.line, line->at.column);
    buf_addf(&report->out, " <%.*s %.*s>", STR_ARGS(kind->element), STR_ARGS(kind->attribute));
    if (line->text.len)
        buf_addf(&report->out, " \"%.*s\"", STR_ARGS(line->text));
    BUF_ADD(&report->out, "\n");
}

static void write_lines(struct report *report, const struct lines *lines)
{
    for (size_t i = 0, of = 0; i < lines->count; i++) {
        const struct line *line = &lines->at[i];
        if (lines_is_head(lines, i))
            write_head(report, line);
        if (lines_is_fragment(lines, i)) {
            of = 0;
            write_fragment(report, line);
        }
        if (of++ < PLACES_SHOWN_MAX)
            write_place(report, line);
        bool is_end = i + 1 == lines->count || lines_is_fragment(lines, i + 1);
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

static void write_stats(struct buf *out, const struct report_summary *s)
{
    double seconds = s->took_ms > 0 ? (double)s->took_ms / 1000 : 0.001;
    BUF_ADD(out, "\nstatus           addresses\n");
    for (unsigned i = 1; i < ARRAY_LEN(s->statuses); i++) {
        if (s->statuses[i])
            buf_addf(out, "%-16u %9llu\n", i, (unsigned long long)s->statuses[i]);
    }
    if (s->statuses[0])
        buf_addf(out, "none             %9llu\n", (unsigned long long)s->statuses[0]);
    BUF_ADD(out, "\nkind                 links       bad\n");
    for (int i = 0; i < LINK_KIND_COUNT; i++) {
        char name[64];
        if (s->kinds[i].links == 0)
            continue;
        str_print(name, sizeof(name), "%.*s %.*s", STR_ARGS(link_rows[i].element),
                  STR_ARGS(link_rows[i].attribute));
        buf_addf(out, "%-16s %9llu %9llu\n", name, (unsigned long long)s->kinds[i].links,
                 (unsigned long long)s->kinds[i].bad);
    }
    buf_addf(out,
             "\n%llu requests (%.0f/s), %llu retries, %llu answers that said to ask less, "
             "%llu pages read, %.1f MB, %llu left out by robots.txt\n",
             (unsigned long long)s->counts.requests, (double)s->counts.requests / seconds,
             (unsigned long long)s->counts.retries, (unsigned long long)s->counts.throttled,
             (unsigned long long)s->counts.pages, (double)s->counts.bytes / 1e6,
             (unsigned long long)s->counts.left_by_robots);
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
    if (report->shows_stats)
        write_stats(out, s);
}

static void end(struct report *report)
{
    struct text_state *state = report->state;
    lines_sort(&state->lines);
    write_lines(report, &state->lines);
    write_traps(report);
    write_summary(report);
    mem_free(state->members);
    lines_done(&state->lines);
    mem_free(state);
}

const struct report_ops report_text = {
    .begin = text_begin, .row = add_row, .member = add_member, .end = end};
