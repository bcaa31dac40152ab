/* One file for a browser, to be put anywhere. It works without scripts: rows stand in order, a box
 * for each verdict shows or hides its rows (by style alone), and a 207 leads to its members in a
 * table of their own. With scripts a click on a heading sorts, and a field filters by words; the
 * field is hidden until a script shows it.
 *
 * Nothing in it is loaded from elsewhere. What a page said is text here and nothing more: it is
 * escaped, and an address becomes a link only when it is http or https, since a page may have said
 * "javascript:". */
#include "check/report/report.h"

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>davit check</title>\n<style>"
    "body{font:15px/1.4 system-ui,sans-serif;margin:1.5em;color:#222}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25em .5em;"
    "border-bottom:1px solid #ddd;vertical-align:top;overflow-wrap:anywhere}"
    "th{position:sticky;top:0;background:#fff;cursor:pointer;white-space:nowrap}"
    ".fail{color:#a00}.note{color:#850}.fine{color:#060}.unknown{color:#555}"
    "#f{font:inherit;padding:.3em;width:30em;max-width:90%}ul{list-style:none;padding:0}"
    "tr:target{outline:2px solid}"
    "@media(prefers-color-scheme:dark){body,th{background:#181818;color:#ddd}td,th{"
    "border-color:#444}a{color:#8bf}.fail{color:#f88}.note{color:#fc8}.fine{color:#8d8}}"
    "</style>\n<h1>davit check</h1>\n";

static const char script[] =
    "<script>\n"
    "document.querySelectorAll('table').forEach(t=>{const b=t.tBodies[0];\n"
    "t.querySelectorAll('th').forEach((h,i)=>{let d=1;h.onclick=()=>{const n=h.dataset.n;\n"
    "[...b.rows].sort((x,y)=>{const p=x.cells[i].textContent,q=y.cells[i].textContent;\n"
    "return d*(n?p-q:p.localeCompare(q))}).forEach(r=>b.append(r));d=-d}})});\n"
    "const f=document.getElementById('f');f.parentNode.hidden=false;\n"
    "f.oninput=()=>{const w=f.value.toLowerCase().split(/\\s+/);\n"
    "document.querySelectorAll('tbody tr').forEach(r=>{const t=r.textContent.toLowerCase();\n"
    "r.hidden=!w.every(x=>t.includes(x))})};\n"
    "</script>\n";

static const char *class_of(enum verdict verdict)
{
    static const char *const names[] = {[CLASS_FINE] = "fine",
                                        [CLASS_NOTE] = "note",
                                        [CLASS_FAIL] = "fail",
                                        [CLASS_UNKNOWN] = "unknown"};
    return names[verdict_rows[verdict].class];
}

/* Only what a browser fetches becomes a link: a page may have said javascript:. */
static void add_url(struct buf *out, struct str url, struct str fragment)
{
    bool is_link = str_starts(url, STR("http://")) || str_starts(url, STR("https://"));
    BUF_ADD(out, "<td>");
    if (is_link) {
        BUF_ADD(out, "<a rel=\"noreferrer\" href=\"");
        add_xml(out, url);
        BUF_ADD(out, "\">");
    }
    add_xml(out, url);
    if (fragment.len) {
        BUF_ADD(out, "#");
        add_xml(out, fragment);
    }
    if (is_link)
        BUF_ADD(out, "</a>");
    BUF_ADD(out, "</td>");
}

static void add_cell(struct buf *out, struct str text)
{
    BUF_ADD(out, "<td>");
    add_xml(out, text);
    BUF_ADD(out, "</td>");
}

/* Each with the rule that hides the rows of its verdict while it is not checked. */
static void add_boxes(struct buf *out, const struct report_summary *s)
{
    BUF_ADD(out, "<ul>");
    for (int i = 0; i < VERDICT_COUNT; i++) {
        const char *name = verdict_rows[i].name;
        if (s->targets[i])
            buf_addf(out,
                     "<li><label><input type=\"checkbox\" id=\"v-%s\" checked> <b class=\"%s\">%s"
                     "</b>: %llu (%s)</label><style>body:has(#v-%s:not(:checked)) tr.v-%s{display:"
                     "none}</style></li>",
                     name, class_of((enum verdict)i), name, (unsigned long long)s->targets[i],
                     verdict_rows[i].meaning, name, name);
    }
    BUF_ADD(out, "</ul>\n");
}

static void add_trap_text(struct buf *out, const struct report_trap *trap)
{
    struct buf text = {0};
    add_trap(&text, trap);
    add_xml(out, buf_str(&text));
    buf_done(&text);
}

static void html_begin(struct report *report)
{
    const struct report_summary *s = report->summary;
    struct buf *out = &report->out;
    buf_add(out, STR(head));
    BUF_ADD(out, "<p>");
    add_time(out, s->started_ms);
    buf_addf(out, ", %llu links to %llu addresses, %.1f s", (unsigned long long)s->place_count,
             (unsigned long long)s->target_count, (double)s->took_ms / 1000);
    if (!s->is_complete) {
        BUF_ADD(out, ". <strong>Not all was looked at: ");
        add_xml(out, str_of_c(s->why_incomplete));
        BUF_ADD(out, "</strong>");
    }
    BUF_ADD(out, "</p>\n");
    for (uint32_t i = 0; i < report->trap_count; i++) {
        BUF_ADD(out, "<p class=\"unknown\">");
        add_trap_text(out, &report->traps[i]);
        BUF_ADD(out, "</p>\n");
    }
    add_boxes(out, s);
    BUF_ADD(
        out,
        "<p hidden><input id=\"f\" placeholder=\"Filter: words that a row must "
        "have\"></p>\n<table><thead><tr><th>Verdict<th data-n=\"1\">Status<th>Address<th>"
        "Page<th data-n=\"1\">Line<th data-n=\"1\">Column<th>Where<th>Text<th>Reason<th>Bad since"
        "<th data-n=\"1\">Runs</tr>"
        "</thead><tbody>\n");
}

static void add_row(struct report *report, const struct report_row *row)
{
    struct buf *out = &report->out;
    struct buf reason = {0};
    const struct link_row *kind = &link_rows[row->place->kind];
    const char *name = verdict_rows[row->outcome.verdict].name;
    buf_addf(out, "<tr class=\"v-%s\"><td class=\"%s\">%s</td><td>%u</td>", name,
             class_of(row->outcome.verdict), name, row->status);
    add_url(out, row->url, row->place->fragment);
    add_url(out, row->page, STR_NONE);
    buf_addf(out, "<td>%u</td><td>%u</td><td>%.*s %.*s</td>", row->place->at.line,
             row->place->at.column, STR_ARGS(kind->element), STR_ARGS(kind->attribute));
    add_cell(out, row->place->text);
    add_reason(&reason, row);
    BUF_ADD(out, "<td>");
    add_xml(out, buf_str(&reason));
    if (row->outcome.verdict == VERDICT_FAILED_INSIDE)
        buf_addf(out, " <a href=\"#inside-%u\">members</a>", row->outcome.end);
    BUF_ADD(out, "</td><td>");
    if (row->past->bad_since_s)
        add_time(out, (int64_t)row->past->bad_since_s * 1000);
    buf_addf(out, "</td><td>%u</td></tr>\n", row->past->bad_runs);
    buf_done(&reason);
}

/* `state` says that the table of links has ended. */
static void add_member(struct report *report, const struct report_member *row)
{
    struct buf *out = &report->out;
    const struct member *member = row->member;
    bool follows = member->verdict == VERDICT_SKIPPED;
    if (!report->state)
        BUF_ADD(out, "</tbody></table>\n<details open><summary>Inside 207s</summary><table><thead>"
                     "<tr><th>Verdict<th data-n=\"1\">Status<th>Member<th>207<th>Properties<th>"
                     "Condition<th>Because of</tr></thead><tbody>\n");
    report->state = report;
    BUF_ADD(out, "<tr");
    if (report->written != member->target + (uint64_t)1) /* the first of them */
        buf_addf(out, " id=\"inside-%u\"", member->target);
    report->written = member->target + (uint64_t)1;
    buf_addf(out, "><td class=\"%s\">%s</td><td>%u</td>",
             follows ? "unknown" : class_of((enum verdict)member->verdict),
             follows ? "follows" : verdict_rows[member->verdict].name, member->status);
    add_url(out, member->href, STR_NONE);
    add_url(out, row->target, STR_NONE);
    add_cell(out, member->props);
    add_cell(out, member->condition.len ? member->condition : member->description);
    add_cell(out, row->cause_href);
    BUF_ADD(out, "</tr>\n");
}

static void end(struct report *report)
{
    BUF_ADD(&report->out, "</tbody></table>\n");
    if (report->state)
        BUF_ADD(&report->out, "</details>\n");
    buf_add(&report->out, STR(script));
    BUF_ADD(&report->out, "</html>\n");
}

const struct report_ops report_html = {
    .begin = html_begin, .row = add_row, .member = add_member, .end = end};
