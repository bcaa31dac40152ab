/* csv, the annotations that GitHub reads from a workflow's output, and links by themselves:
 * forms with a line for each row and nothing around them.
 *
 * The former two have characters that mean something where they are read: quotes and line ends
 * in a cell, and '=' at its start, which a spreadsheet would compute; colons and commas in an
 * annotation's values, and '%' everywhere in it. All of these come from pages, so all are
 * escaped here. */
#include "base/utf8.h"
#include "check/report/report.h"

/* RFC 4180; a cell that a spreadsheet would take for a formula gets an apostrophe. */
static void add_cell(struct buf *to, struct str text, bool is_last)
{
    bool is_formula = text.len && text.at[0] && strchr("=+-@\t\r", text.at[0]);
    buf_add_char(to, '"');
    if (is_formula)
        buf_add_char(to, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"')
            buf_add_char(to, '"');
        buf_add_char(to, text.at[i]);
    }
    buf_add(to, is_last ? STR("\"\r\n") : STR("\","));
}

static void csv_begin(struct report *report)
{
    BUF_ADD(&report->out,
            "kind,verdict,status,url,fragment,page,line,column,element,attribute,text,"
            "redirect,end,note,bad_runs,bad_since\r\n");
}

static void csv_row(struct report *report, const struct report_row *row)
{
    struct buf *out = &report->out;
    const struct link_row *kind = &link_rows[row->place->kind];
    bool is_redirected = row->outcome.hops > 0;
    buf_addf(out, "link,%s,%u,", verdict_rows[row->outcome.verdict].name, row->status);
    add_cell(out, row->url, false);
    add_cell(out, row->place->fragment, false);
    add_cell(out, row->page, false);
    buf_addf(out, "%u,%u,%.*s,%.*s,", row->place->at.line, row->place->at.column,
             STR_ARGS(kind->element), STR_ARGS(kind->attribute));
    add_cell(out, row->place->text, false);
    buf_addf(out, "%s,", is_redirected ? redirect_kind_name(row->outcome.redirect_kind) : "");
    add_cell(out, is_redirected ? row->end : STR_NONE, false);
    add_cell(out, str_of_c(row->note), false);
    buf_addf(out, "%u,", row->past->bad_runs);
    if (row->past->bad_since_s)
        add_time(out, (int64_t)row->past->bad_since_s * 1000);
    BUF_ADD(out, "\r\n");
}

static void csv_member(struct report *report, const struct report_member *row)
{
    struct buf *out = &report->out;
    const struct member *member = row->member;
    bool follows = member->verdict == VERDICT_SKIPPED;
    buf_addf(out, "%s,%s,%u,", member->kind == MEMBER_PROPSTAT ? "propstat" : "response",
             follows ? "follows" : verdict_rows[member->verdict].name, member->status);
    add_cell(out, member->href, false);
    BUF_ADD(out, ",");
    add_cell(out, row->target, false);
    BUF_ADD(out, ",,,,");
    add_cell(out, member->props, false);
    BUF_ADD(out, ",");
    add_cell(out, row->cause_href, false);
    add_cell(out, member->condition.len ? member->condition : member->description, false);
    BUF_ADD(out, ",\r\n");
}

static void csv_end(struct report *report)
{
    struct buf text = {0};
    for (uint32_t i = 0; i < report->trap_count; i++) {
        buf_clear(&text);
        add_trap(&text, &report->traps[i]);
        BUF_ADD(&report->out, "trap,not-checked,0,");
        add_cell(&report->out, report->traps[i].pattern, false);
        BUF_ADD(&report->out, ",,,,,,,,,");
        add_cell(&report->out, buf_str(&text), false);
        BUF_ADD(&report->out, ",\r\n");
    }
    buf_done(&text);
}

const struct report_ops report_csv = {
    .begin = csv_begin, .row = csv_row, .member = csv_member, .end = csv_end};

/* --- github --- */

/* Values and messages have different characters that must be escaped. The log that they stand in is
 * read in terminals, too. */
static void add_escaped(struct buf *to, struct str raw, bool is_value)
{
    struct buf visible = {0};
    utf8_add_printable(&visible, raw);
    struct str text = buf_str(&visible);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == '%' || c == '\r' || c == '\n' || (is_value && (c == ':' || c == ',')))
            buf_addf(to, "%%%02X", (unsigned char)c);
        else
            buf_add_char(to, c);
    }
    buf_done(&visible);
}

static void github_row(struct report *report, const struct report_row *row)
{
    struct buf *out = &report->out;
    struct buf message = {0};
    bool is_file = str_starts(row->page, STR("file://"));
    enum verdict_class class = verdict_rows[row->outcome.verdict].class;
    buf_addf(out, "::%s ", class == CLASS_FAIL && !row->past->is_held ? "error" : "warning");
    if (is_file) {
        struct buf name = {0};
        add_page(&name, row->page);
        BUF_ADD(out, "file=");
        add_escaped(out, buf_str(&name), true);
        buf_done(&name);
        buf_addf(out, ",line=%u,col=%u,", row->place->at.line, row->place->at.column);
    }
    buf_addf(out, "title=%s::", verdict_rows[row->outcome.verdict].name);
    buf_addf(&message, "%.*s", STR_ARGS(row->url));
    if (row->place->fragment.len)
        buf_addf(&message, "#%.*s", STR_ARGS(row->place->fragment));
    BUF_ADD(&message, " [");
    add_reason(&message, row);
    BUF_ADD(&message, "]");
    if (!is_file && row->page.len)
        buf_addf(&message, " on %.*s:%u:%u", STR_ARGS(row->page), row->place->at.line,
                 row->place->at.column);
    add_escaped(out, buf_str(&message), false);
    BUF_ADD(out, "\n");
    buf_done(&message);
}

static void github_member(struct report *report, const struct report_member *row)
{
    const struct member *member = row->member;
    if (member->verdict == VERDICT_OK)
        return;
    buf_addf(&report->out, "::%s title=inside a 207::%u ",
             member->verdict == VERDICT_SKIPPED ? "warning" : "error", member->status);
    add_escaped(&report->out, member->href, false);
    BUF_ADD(&report->out, " in ");
    add_escaped(&report->out, row->target, false);
    BUF_ADD(&report->out, "\n");
}

static void github_end(struct report *report)
{
    struct buf text = {0};
    for (uint32_t i = 0; i < report->trap_count; i++) {
        buf_clear(&text);
        add_trap(&text, &report->traps[i]);
        BUF_ADD(&report->out, "::warning title=trap::");
        add_escaped(&report->out, buf_str(&text), false);
        BUF_ADD(&report->out, "\n");
    }
    buf_done(&text);
}

const struct report_ops report_github = {
    .row = github_row, .member = github_member, .end = github_end};

/* --- links --- */

/* The address first, so that cut(1) and sort(1) have it; a blank in it would be one of ours. */
static void links_row(struct report *report, const struct report_row *row)
{
    struct buf *out = &report->out;
    const struct link_row *kind = &link_rows[row->place->kind];
    if (row->page.len == 0) /* a start is no link */
        return;
    utf8_add_printable(out, row->url);
    if (row->place->fragment.len && !row->is_fault) {
        BUF_ADD(out, "#");
        utf8_add_printable(out, row->place->fragment);
    }
    BUF_ADD(out, "\t");
    utf8_add_printable(out, row->page);
    buf_addf(out, ":%u:%u\t%.*s %.*s\n", row->place->at.line, row->place->at.column,
             STR_ARGS(kind->element), STR_ARGS(kind->attribute));
}

const struct report_ops report_links = {.row = links_row};
