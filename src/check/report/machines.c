/* What other programs take in: JUnit's XML, SARIF, a sitemap, and a 207 body.
 *
 * JUnit has a test case for each address, so that its totals mean something; the form has no room
 * for several places, so a failure names the first page. SARIF has a result for each place: it is
 * what code scanning shows at the line. A sitemap has what is fine. As a multistatus, each address
 * is a response with the status that it answered with; what gave no answer is 502 (Bad Gateway),
 * 504 for a timeout, and 424 where it was not looked at. */
#include "base/mem.h"
#include "check/report/report.h"
#include "davit/multistatus.h"
#include "http/status.h"
#include "text/json.h"

/* --- junit --- */

static void junit_begin(struct report *report)
{
    const struct report_summary *s = report->summary;
    buf_addf(&report->out,
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites><testsuite "
             "name=\"davit check\" tests=\"%llu\" failures=\"%llu\" skipped=\"%llu\" errors=\"0\" "
             "time=\"%.3f\" timestamp=\"",
             (unsigned long long)s->cases.all, (unsigned long long)s->cases.bad,
             (unsigned long long)s->cases.unknown, (double)s->took_ms / 1000);
    add_time(&report->out, s->started_ms);
    BUF_ADD(&report->out, "\">\n");
}

/* Up to the message. */
static void add_end(struct buf *out, enum verdict verdict, bool is_bad)
{
    if (is_bad)
        buf_addf(out, "failure type=\"%s\" message=\"", verdict_rows[verdict].name);
    else
        buf_addf(out, "skipped message=\"%s: ", verdict_rows[verdict].name);
}

/* Bad fragments and what is no URL are faults of places: they come as cases of their own. */
static void junit_row(struct report *report, const struct report_row *row)
{
    struct buf *out = &report->out;
    if (!row->is_fault)
        return;
    BUF_ADD(out, "<testcase classname=\"");
    add_xml(out, row->page);
    BUF_ADD(out, "\" name=\"");
    add_xml(out, row->url);
    if (row->place->fragment.len) {
        BUF_ADD(out, "#");
        add_xml(out, row->place->fragment);
    }
    BUF_ADD(out, "\"><");
    add_end(out, row->outcome.verdict, row->is_bad);
    buf_addf(out, "line %u, column %u\"/></testcase>\n", row->place->at.line,
             row->place->at.column);
}

static void junit_target(struct report *report, const struct report_target *row)
{
    struct buf *out = &report->out;
    enum verdict verdict = row->outcome.verdict;
    BUF_ADD(out, "<testcase classname=\"");
    add_xml(out, row->found_on.len ? row->found_on : STR("start"));
    BUF_ADD(out, "\" name=\"");
    add_xml(out, row->url);
    buf_addf(out, "\" time=\"%.3f\"", row->target->time_ms / 1000.0);
    bool is_skipped = verdict_rows[verdict].class == CLASS_UNKNOWN;
    if (!row->is_bad && !is_skipped) {
        BUF_ADD(out, "/>\n");
        return;
    }
    BUF_ADD(out, "><");
    add_end(out, verdict, row->is_bad);
    if (row->status)
        buf_addf(out, "%u ", row->status);
    add_xml(out, str_of_c(row->note));
    BUF_ADD(out, "\"/></testcase>\n");
}

static void junit_end(struct report *report)
{
    BUF_ADD(&report->out, "</testsuite></testsuites>\n");
}

const struct report_ops report_junit = {
    .begin = junit_begin, .row = junit_row, .target = junit_target, .end = junit_end};

/* --- sarif --- */

static void sarif_begin(struct report *report)
{
    struct buf *out = &report->out;
    BUF_ADD(out,
            "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\","
            "\"version\":\"2.1.0\",\"runs\":[{\"columnKind\":\"unicodeCodePoints\",\"tool\":"
            "{\"driver\":{\"name\":\"davit check\",\"version\":\"" DAVIT_VERSION "\",\"rules\":[");
    for (int i = 0; i < VERDICT_COUNT; i++)
        buf_addf(out, "%s\n{\"id\":\"%s\",\"shortDescription\":{\"text\":\"%s\"}}", i ? "," : "",
                 verdict_rows[i].name, verdict_rows[i].meaning);
    BUF_ADD(out, "\n]}},\"results\":[");
}

static void sarif_result(struct report *report, const char *rule, const char *level,
                         struct str message)
{
    buf_addf(&report->out, "%s\n{\"ruleId\":\"%s\",\"level\":\"%s\",\"message\":{\"text\":",
             report->written++ ? "," : "", rule, level);
    json_add(&report->out, message);
    BUF_ADD(&report->out, "}");
}

static const char *level_of(const struct report_row *row)
{
    enum verdict_class class = verdict_rows[row->outcome.verdict].class;
    if (class == CLASS_FAIL)
        return row->past->is_held ? "warning" : "error";
    return class == CLASS_NOTE ? "warning" : "note";
}

static void sarif_row(struct report *report, const struct report_row *row)
{
    struct buf message = {0};
    buf_addf(&message, "%.*s", STR_ARGS(row->url));
    if (row->place->fragment.len)
        buf_addf(&message, "#%.*s", STR_ARGS(row->place->fragment));
    buf_addf(&message, ": %s [", verdict_rows[row->outcome.verdict].meaning);
    add_reason(&message, row);
    BUF_ADD(&message, "]");
    sarif_result(report, verdict_rows[row->outcome.verdict].name, level_of(row), buf_str(&message));
    buf_done(&message);
    BUF_ADD(&report->out, ",\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
    json_add(&report->out, row->page.len ? row->page : row->url);
    buf_addf(&report->out, "},\"region\":{\"startLine\":%u,\"startColumn\":%u}}}]}",
             row->place->at.line ? row->place->at.line : 1,
             row->place->at.column ? row->place->at.column : 1);
}

static void sarif_member(struct report *report, const struct report_member *row)
{
    struct buf message = {0};
    const struct member *member = row->member;
    bool follows = member->verdict == VERDICT_SKIPPED;
    if (member->verdict == VERDICT_OK)
        return;
    buf_addf(&message, "inside a 207: %u %.*s", member->status, STR_ARGS(member->href));
    if (member->props.len)
        buf_addf(&message, " (%.*s)", STR_ARGS(member->props));
    sarif_result(report, verdict_rows[VERDICT_FAILED_INSIDE].name, follows ? "note" : "error",
                 buf_str(&message));
    buf_done(&message);
    BUF_ADD(&report->out, ",\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
    json_add(&report->out, row->target);
    BUF_ADD(&report->out, "}}}]}");
}

static void sarif_end(struct report *report)
{
    struct buf text = {0};
    for (uint32_t i = 0; i < report->trap_count; i++) {
        buf_clear(&text);
        add_trap(&text, &report->traps[i]);
        sarif_result(report, verdict_rows[VERDICT_NOT_CHECKED].name, "note", buf_str(&text));
        BUF_ADD(&report->out,
                ",\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":");
        json_add(&report->out, report->traps[i].example);
        BUF_ADD(&report->out, "}}}]}");
    }
    buf_done(&text);
    buf_addf(&report->out, "\n],\"invocations\":[{\"executionSuccessful\":%s}]}]}\n",
             report->summary->is_complete ? "true" : "false");
}

const struct report_ops report_sarif = {
    .begin = sarif_begin, .row = sarif_row, .member = sarif_member, .end = sarif_end};

/* --- sitemap --- */

static void sitemap_begin(struct report *report)
{
    BUF_ADD(&report->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                          "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n");
}

/* The documents of the site, as far as they are fine. */
static void sitemap_target(struct report *report, const struct report_target *row)
{
    const unsigned wanted = TARGET_IS_INSIDE | TARGET_HAS_NAMES;
    bool is_page = (row->target->flags & wanted) == wanted && row->outcome.hops == 0 &&
                   row->outcome.verdict == VERDICT_OK && str_starts(row->url, STR("http"));
    if (!is_page)
        return;
    BUF_ADD(&report->out, "<url><loc>");
    add_xml(&report->out, row->url);
    BUF_ADD(&report->out, "</loc></url>\n");
}

static void sitemap_end(struct report *report)
{
    BUF_ADD(&report->out, "</urlset>\n");
}

const struct report_ops report_sitemap = {
    .begin = sitemap_begin, .target = sitemap_target, .end = sitemap_end};

/* --- multistatus --- */

static void multistatus_begin(struct report *report)
{
    struct davit_ms_writer *writer = davit_ms_writer_new();
    report->state = writer;
    if (writer)
        (void)davit_ms_writer_begin(writer); /* its failure stays, and shows at the end */
}

static unsigned status_of(const struct report_target *row)
{
    enum verdict verdict = row->outcome.verdict;
    unsigned status =
        row->outcome.verdict == VERDICT_REDIRECTED ? row->target->status : row->status;
    if (verdict_rows[verdict].class == CLASS_UNKNOWN)
        return HTTP_FAILED_DEPENDENCY;
    if (verdict == VERDICT_TIMEOUT)
        return HTTP_GATEWAY_TIMEOUT;
    if (verdict == VERDICT_OK)
        return status >= 200 && status < 300 && status != HTTP_MULTI_STATUS ? status : HTTP_OK;
    if (verdict == VERDICT_FAILED_INSIDE || verdict == VERDICT_MALFORMED_INSIDE || status < 300)
        return HTTP_BAD_GATEWAY;
    return status;
}

static void take_bytes(struct report *report)
{
    struct davit_ms_writer *writer = report->state;
    struct davit_ms_text bytes = davit_ms_writer_bytes(writer);
    buf_add(&report->out, str_of(bytes.at, bytes.len));
    davit_ms_writer_clear(writer);
}

static void multistatus_target(struct report *report, const struct report_target *row)
{
    struct davit_ms_writer *writer = report->state;
    struct buf text = {0};
    if (!writer)
        return;
    buf_addf(&text, "%s", verdict_rows[row->outcome.verdict].name);
    if (row->note[0])
        buf_addf(&text, ": %s", row->note);
    const struct davit_ms_text none = {NULL, 0};
    const struct davit_ms_text href = {row->url.at, row->url.len};
    const struct davit_ms_text description = {text.at, text.len};
    /* A failure stays: it shows at the end. */
    (void)davit_ms_writer_response(writer, href);
    (void)davit_ms_writer_status(writer, status_of(row));
    (void)davit_ms_writer_description(writer, description, none);
    if (row->outcome.hops) {
        const struct davit_ms_text end = {row->end.at, row->end.len};
        (void)davit_ms_writer_location(writer, end);
    }
    take_bytes(report);
    buf_done(&text);
}

/* Only a run that finished has a body that does. */
static void multistatus_end(struct report *report)
{
    struct davit_ms_writer *writer = report->state;
    if (writer && report->summary->is_complete && davit_ms_writer_end(writer) == DAVIT_MS_OK)
        take_bytes(report);
    davit_ms_writer_free(writer);
}

const struct report_ops report_multistatus = {
    .begin = multistatus_begin, .target = multistatus_target, .end = multistatus_end};
