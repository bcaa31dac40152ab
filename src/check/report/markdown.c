/* Markdown, for the summary of a job, a comment, a wiki: what is bad as a table with a row for each
 * address, and counts.
 *
 * What pages say is text here and nothing more. Everything in it that Markdown could read is
 * escaped, '|' and '@' as references (a table is divided before its cells are read, and a name
 * behind '@' is told that it was mentioned), and only http and https become links.
 *
 * GitHub takes 1 MiB and refuses what is longer altogether. So cells show so much, and rows end
 * before; the counts stand above them. */
#include "base/mem.h"
#include "base/utf8.h"
#include "check/report/lines.h"
#include "text/utf8_clean.h"

enum {
    BYTES_MAX = 900000, /* before the last row */
    TEXT_BYTES_MAX = 200,
    LINK_BYTES_MAX = 2000,
    FRAGMENTS_MAX = 10, /* in a row */
    PLACES_MAX = 5,     /* for each */
    MEMBERS_MAX = 200,
};

struct markdown_state {
    struct lines lines;
    struct buf members; /* rows */
    unsigned member_count;
};

static void add_text(struct buf *to, struct str text)
{
    struct str shown = utf8_first(text, TEXT_BYTES_MAX);
    for (size_t i = 0; i < shown.len; i++) {
        char c = shown.at[i];
        bool is_mark = (c > ' ' && c < '0') || (c > '9' && c < 'A') || (c > 'Z' && c < 'a') ||
                       (c > 'z' && c < 0x7f);
        if (strchr("&<>|@", c))
            buf_addf(to, "&#%d;", c);
        else
            buf_addf(to, "%s%c", is_mark ? "\\" : "", c);
    }
    if (shown.len < text.len)
        BUF_ADD(to, "...");
}

/* A link where it may be one; a file by its name from here. */
static void add_address(struct buf *to, struct str page)
{
    struct buf raw = {0}, name = {0};
    add_page(&raw, page);
    utf8_add_printable(&name, buf_str(&raw)); /* a line break would end the table */
    buf_done(&raw);
    struct str url = buf_str(&name);
    bool is_web = str_starts(url, STR("http://")) || str_starts(url, STR("https://"));
    if (!is_web || url.len > LINK_BYTES_MAX) {
        add_text(to, url);
        buf_done(&name);
        return;
    }
    BUF_ADD(to, "[");
    add_text(to, url);
    BUF_ADD(to, "](<");
    for (size_t i = 0; i < url.len; i++) {
        if (strchr("<>|\\ `", url.at[i]))
            buf_addf(to, "%%%02X", (unsigned char)url.at[i]);
        else if (url.at[i] == '&')
            BUF_ADD(to, "&amp;");
        else
            buf_add_char(to, url.at[i]);
    }
    BUF_ADD(to, ">)");
    buf_done(&name);
}

static void markdown_begin(struct report *report)
{
    report->state = MEM_NEW(struct markdown_state);
}

static void add_row(struct report *report, const struct report_row *row)
{
    struct markdown_state *state = report->state;
    lines_add(&state->lines, row);
}

static void add_member(struct report *report, const struct report_member *row)
{
    struct markdown_state *state = report->state;
    if (row->member->verdict == VERDICT_OK || state->member_count++ >= MEMBERS_MAX)
        return;
    buf_addf(&state->members, "| %u | ", row->member->status);
    add_address(&state->members, row->member->href);
    BUF_ADD(&state->members, " | ");
    add_address(&state->members, row->target);
    BUF_ADD(&state->members, " |\n");
}

/* --- counts --- */

static void write_head(struct report *report)
{
    const struct report_summary *s = report->summary;
    struct buf *out = &report->out;
    if (s->bad)
        buf_addf(out, "## %llu of %llu links are bad\n\n", (unsigned long long)s->bad,
                 (unsigned long long)s->place_count);
    else if (s->is_complete && !s->places[VERDICT_NOT_CHECKED])
        BUF_ADD(out, "## No link is bad\n\n");
    else
        BUF_ADD(out, "## Not all links were checked\n\n");
    if (!s->is_complete) {
        BUF_ADD(out, "**Not all was looked at: ");
        add_text(out, str_of_c(s->why_incomplete));
        BUF_ADD(out, "**\n\n");
    }
    for (uint32_t i = 0; i < report->trap_count; i++) {
        const struct report_trap *trap = &report->traps[i];
        BUF_ADD(out, "**Left out:** ");
        add_text(out, trap->pattern);
        buf_addf(out, " goes on for ever, %llu not checked\n\n",
                 (unsigned long long)trap->left_out);
    }
}

static void write_counts(struct buf *out, const struct report_summary *s)
{
    BUF_ADD(out, "| Verdict | Addresses | Links | |\n|---|--:|--:|---|\n");
    for (int i = 0; i < VERDICT_COUNT; i++) {
        if (s->places[i])
            buf_addf(out, "| %s | %llu | %llu | %s |\n", verdict_rows[i].name,
                     (unsigned long long)s->targets[i], (unsigned long long)s->places[i],
                     verdict_rows[i].meaning);
    }
    BUF_ADD(out, "\n| Status | Addresses |\n|---|--:|\n");
    for (unsigned i = 1; i < ARRAY_LEN(s->statuses); i++) {
        if (s->statuses[i])
            buf_addf(out, "| %u | %llu |\n", i, (unsigned long long)s->statuses[i]);
    }
    if (s->statuses[0])
        buf_addf(out, "| none | %llu |\n", (unsigned long long)s->statuses[0]);
    buf_addf(out, "\n%llu links to %llu addresses, %.1f s\n\n", (unsigned long long)s->place_count,
             (unsigned long long)s->target_count, (double)s->took_ms / 1000);
}

/* --- rows --- */

static void add_place(struct buf *out, const struct line *line)
{
    if (line->place.len == 0) {
        BUF_ADD(out, "named at the start");
        return;
    }
    add_address(out, line->place);
    if (line->at.line)
        buf_addf(out, "\\:%u", line->at.line);
}

/* The places of one address, those of each fragment together, from line `first` on. Returns the
 * line behind them. */
static size_t add_places(struct buf *out, const struct lines *lines, size_t first)
{
    size_t i = first, fragments = 0, places = 0, hidden = 0;
    do {
        const struct line *line = &lines->at[i];
        if (i == first || lines_is_fragment(lines, i)) {
            fragments++;
            places = 0;
        }
        bool is_shown = fragments <= FRAGMENTS_MAX && places++ < PLACES_MAX;
        hidden += !is_shown;
        if (!is_shown)
            continue;
        if (i > first)
            BUF_ADD(out, "<br>");
        if (line->fragment.len && places == 1) {
            BUF_ADD(out, "**\\#");
            add_text(out, line->fragment);
            BUF_ADD(out, "**<br>");
        }
        add_place(out, line);
    } while (++i < lines->count && !lines_is_head(lines, i));
    if (hidden)
        buf_addf(out, "<br>and %zu more", hidden);
    return i;
}

static void write_lines(struct buf *out, const struct lines *lines)
{
    size_t i = 0, left = 0;
    if (lines->count)
        BUF_ADD(out, "| Verdict | Address | Linked from |\n|---|---|---|\n");
    while (i < lines->count && out->len < BYTES_MAX) {
        const struct line *line = &lines->at[i];
        buf_addf(out, "| %s | ", verdict_rows[line->verdict].name);
        add_address(out, line->url);
        if (line->reason.len && line->verdict != VERDICT_FRAGMENT_MISSING) {
            BUF_ADD(out, "<br>");
            add_text(out, line->reason);
        }
        BUF_ADD(out, " | ");
        i = add_places(out, lines, i);
        BUF_ADD(out, " |\n");
    }
    for (; i < lines->count; i++)
        left += lines_is_head(lines, i);
    if (left)
        buf_addf(out, "\nand %zu more addresses\n", left);
}

static void end(struct report *report)
{
    struct markdown_state *state = report->state;
    struct buf *out = &report->out;
    lines_sort(&state->lines);
    write_head(report);
    write_counts(out, report->summary);
    write_lines(out, &state->lines);
    bool is_shown = state->member_count && out->len + state->members.len < BYTES_MAX;
    unsigned shown = !is_shown                           ? 0
                     : state->member_count < MEMBERS_MAX ? state->member_count
                                                         : MEMBERS_MAX;
    if (is_shown) {
        BUF_ADD(out, "\n| Status | Member | Inside the 207 |\n|--:|---|---|\n");
        buf_add(out, buf_str(&state->members));
    }
    if (state->member_count > shown)
        buf_addf(out, "\nand %u more members\n", state->member_count - shown);
    buf_done(&state->members);
    lines_done(&state->lines);
    mem_free(state);
}

const struct report_ops report_markdown = {
    .begin = markdown_begin, .row = add_row, .member = add_member, .end = end};
