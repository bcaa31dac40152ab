/* json: one object with links, members and summary. jsonl: an object a line, with its "type". Both
 * have the same members in these, written here once.
 *
 * Members that say nothing are left out rather than null. Numbers are numbers, times of day are
 * text in UTC. Names are stable: new ones may come, none changes its meaning. The text of a URL is
 * as it was resolved, `raw` as it stood on the page. */
#include "text/json.h"
#include "check/report/report.h"

static void add_key(struct buf *to, const char *key, struct str value)
{
    buf_addf(to, ",\"%s\":", key);
    json_add(to, value);
}

static void add_number(struct buf *to, const char *key, uint64_t value)
{
    buf_addf(to, ",\"%s\":%llu", key, (unsigned long long)value);
}

static void add_place(struct buf *to, const struct place *place)
{
    const struct link_row *kind = &link_rows[place->kind];
    add_number(to, "line", place->at.line);
    add_number(to, "column", place->at.column);
    add_key(to, "element", kind->element);
    add_key(to, "attribute", kind->attribute);
    add_key(to, "raw", place->raw);
    if (place->text.len)
        add_key(to, "text", place->text);
    if (place->fragment.len)
        add_key(to, "fragment", place->fragment);
}

/* Without the brace at its start, so that a type may stand before. */
static void add_row(struct buf *to, const struct report_row *row)
{
    BUF_ADD(to, "\"verdict\":");
    json_add(to, str_of_c(verdict_rows[row->outcome.verdict].name));
    add_key(to, "url", row->url);
    if (row->status)
        add_number(to, "status", row->status);
    if (row->page.len)
        add_key(to, "page", row->page);
    add_place(to, row->place);
    if (row->outcome.hops) {
        add_key(to, "redirect", str_of_c(redirect_kind_name(row->outcome.redirect_kind)));
        add_key(to, "end", row->end);
        add_number(to, "hops", row->outcome.hops);
        if (row->moved_to.len)
            add_key(to, "moved_to", row->moved_to);
    }
    if (row->note[0])
        add_key(to, "note", str_of_c(row->note));
    if (row->target)
        add_number(to, "ms", row->time_ms);
    if (row->past->bad_runs)
        add_number(to, "bad_runs", row->past->bad_runs);
    if (row->past->bad_since_s) {
        BUF_ADD(to, ",\"bad_since\":\"");
        add_time(to, (int64_t)row->past->bad_since_s * 1000);
        BUF_ADD(to, "\"");
    }
    if (row->target && (row->target->flags & TARGET_IS_CACHED))
        BUF_ADD(to, ",\"cached\":true");
    if (row->past->is_held)
        BUF_ADD(to, ",\"held\":true");
    BUF_ADD(to, "}");
}

static void add_member(struct buf *to, const struct report_member *row)
{
    const struct member *member = row->member;
    bool follows = member->verdict == VERDICT_SKIPPED;
    BUF_ADD(to, "\"target\":");
    json_add(to, row->target);
    add_key(to, "href", member->href);
    add_key(to, "kind", member->kind == MEMBER_PROPSTAT ? STR("propstat") : STR("response"));
    add_number(to, "status", member->status);
    add_key(to, "verdict", follows ? STR("follows") : str_of_c(verdict_rows[member->verdict].name));
    if (member->props.len)
        add_key(to, "properties", member->props);
    if (member->condition.len)
        add_key(to, "condition", member->condition);
    if (member->description.len)
        add_key(to, "description", member->description);
    if (member->location.len)
        add_key(to, "location", member->location);
    if (row->cause_href.len)
        add_key(to, "cause", row->cause_href);
    BUF_ADD(to, "}");
}

static void add_counts(struct buf *to, const char *key, const uint64_t counts[VERDICT_COUNT])
{
    bool is_first = true;
    buf_addf(to, ",\"%s\":{", key);
    for (int i = 0; i < VERDICT_COUNT; i++) {
        if (counts[i] == 0)
            continue;
        buf_addf(to, "%s\"%s\":%llu", is_first ? "" : ",", verdict_rows[i].name,
                 (unsigned long long)counts[i]);
        is_first = false;
    }
    BUF_ADD(to, "}");
}

static void add_statuses(struct buf *to, const struct report_summary *s)
{
    bool is_first = true;
    BUF_ADD(to, ",\"addresses_by_status\":{");
    for (unsigned i = 0; i < ARRAY_LEN(s->statuses); i++) {
        if (s->statuses[i] == 0)
            continue;
        if (i)
            buf_addf(to, "%s\"%u\":", is_first ? "" : ",", i);
        else
            BUF_ADD(to, "\"none\":");
        buf_add_u64(to, s->statuses[i]);
        is_first = false;
    }
    BUF_ADD(to, "}");
}

static void add_kinds(struct buf *to, const struct report_summary *s)
{
    bool is_first = true;
    BUF_ADD(to, ",\"links_by_kind\":{");
    for (int i = 0; i < LINK_KIND_COUNT; i++) {
        if (s->kinds[i].links == 0)
            continue;
        buf_addf(to, "%s\"%.*s %.*s\":{\"links\":%llu,\"bad\":%llu}", is_first ? "" : ",",
                 STR_ARGS(link_rows[i].element), STR_ARGS(link_rows[i].attribute),
                 (unsigned long long)s->kinds[i].links, (unsigned long long)s->kinds[i].bad);
        is_first = false;
    }
    BUF_ADD(to, "}");
}

static void add_traps(struct buf *to, const struct report *report)
{
    if (report->trap_count == 0)
        return;
    BUF_ADD(to, ",\"traps\":[");
    for (uint32_t i = 0; i < report->trap_count; i++) {
        const struct report_trap *trap = &report->traps[i];
        buf_addf(to, "%s{\"pattern\":", i ? "," : "");
        json_add(to, trap->pattern);
        add_key(to, "example", trap->example);
        add_number(to, "left_out", trap->left_out);
        BUF_ADD(to, "}");
    }
    BUF_ADD(to, "]");
}

static void add_summary(struct buf *to, const struct report *report)
{
    const struct report_summary *s = report->summary;
    buf_addf(to, "\"complete\":%s", s->is_complete ? "true" : "false");
    if (!s->is_complete)
        add_key(to, "why", str_of_c(s->why_incomplete));
    BUF_ADD(to, ",\"started\":\"");
    add_time(to, s->started_ms);
    BUF_ADD(to, "\"");
    add_number(to, "ms", (uint64_t)s->took_ms);
    add_number(to, "links", s->place_count);
    add_number(to, "addresses", s->target_count);
    add_counts(to, "links_by_verdict", s->places);
    add_counts(to, "addresses_by_verdict", s->targets);
    add_statuses(to, s);
    add_kinds(to, s);
    add_number(to, "requests", s->counts.requests);
    add_number(to, "fetched", s->counts.fetched);
    add_number(to, "retries", s->counts.retries);
    add_number(to, "throttled", s->counts.throttled);
    add_number(to, "pages", s->counts.pages);
    add_number(to, "bytes", s->counts.bytes);
    add_number(to, "left_by_robots", s->counts.left_by_robots);
    if (s->excused)
        add_number(to, "held", s->excused);
    add_traps(to, report);
    BUF_ADD(to, "}");
}

/* --- json --- */

static void json_begin(struct report *report)
{
    BUF_ADD(&report->out, "{\"links\":[");
}

static void json_row(struct report *report, const struct report_row *row)
{
    buf_addf(&report->out, "%s\n{", report->written++ ? "," : "");
    add_row(&report->out, row);
}

/* The first member ends the list of links. `state` says that it has ended. */
static void json_members(struct report *report)
{
    if (report->state)
        return;
    report->state = report;
    report->written = 0;
    BUF_ADD(&report->out, "\n],\"members\":[");
}

static void json_member(struct report *report, const struct report_member *member)
{
    json_members(report);
    buf_addf(&report->out, "%s\n{", report->written++ ? "," : "");
    add_member(&report->out, member);
}

static void json_end(struct report *report)
{
    json_members(report);
    BUF_ADD(&report->out, "\n],\"summary\":{");
    add_summary(&report->out, report);
    BUF_ADD(&report->out, "}\n");
}

const struct report_ops report_json = {
    .begin = json_begin, .row = json_row, .member = json_member, .end = json_end};

/* --- jsonl --- */

static void jsonl_row(struct report *report, const struct report_row *row)
{
    BUF_ADD(&report->out, "{\"type\":\"link\",");
    add_row(&report->out, row);
    BUF_ADD(&report->out, "\n");
}

static void jsonl_member(struct report *report, const struct report_member *member)
{
    BUF_ADD(&report->out, "{\"type\":\"member\",");
    add_member(&report->out, member);
    BUF_ADD(&report->out, "\n");
}

static void jsonl_end(struct report *report)
{
    BUF_ADD(&report->out, "{\"type\":\"summary\",");
    add_summary(&report->out, report);
    BUF_ADD(&report->out, "\n");
}

const struct report_ops report_jsonl = {.row = jsonl_row, .member = jsonl_member, .end = jsonl_end};
