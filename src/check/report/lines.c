#include "check/report/lines.h"

#include "base/mem.h"
#include "base/utf8.h"

void lines_done(struct lines *lines)
{
    mem_free(lines->at);
    arena_done(&lines->arena);
}

static struct str printable(struct lines *lines, struct str text)
{
    struct buf clean = {0};
    utf8_add_printable(&clean, text);
    struct str copy = arena_str(&lines->arena, buf_str(&clean));
    buf_done(&clean);
    return copy;
}

void lines_add(struct lines *lines, const struct report_row *row)
{
    struct buf reason = {0};
    if (lines->count == lines->cap) {
        lines->cap = size_max(64, lines->cap * 2);
        lines->at = mem_resize(lines->at, lines->cap * sizeof(*lines->at));
    }
    bool is_missing = row->outcome.verdict == VERDICT_FRAGMENT_MISSING;
    if (!is_missing || row->outcome.hops || row->note[0]) /* else its name says it */
        add_reason(&reason, row);
    lines->at[lines->count++] = (struct line){
        .verdict = row->outcome.verdict,
        .status = (uint16_t)row->status,
        .url = printable(lines, row->url),
        .reason = printable(lines, buf_str(&reason)),
        .place = printable(lines, row->page),
        .fragment = printable(lines, is_missing ? row->outcome.fragment : row->place->fragment),
        .at = row->place->at,
        .kind = row->place->kind,
        .text = printable(lines, row->place->text),
        .past = row->past,
    };
    buf_done(&reason);
}

static int compare_numbers(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

/* Failures, what is not known, notes, what is fine. */
static int compare_verdicts(enum verdict a, enum verdict b)
{
    enum verdict_class class_a = verdict_rows[a].class, class_b = verdict_rows[b].class;
    bool is_fail_a = class_a == CLASS_FAIL, is_fail_b = class_b == CLASS_FAIL;
    if (is_fail_a != is_fail_b)
        return is_fail_a ? -1 : 1;
    return class_a == class_b ? 0 : class_a < class_b ? 1 : -1;
}

static int compare(const void *left, const void *right)
{
    const struct line *a = left, *b = right;
    int order = compare_verdicts(a->verdict, b->verdict);
    if (order == 0)
        order = str_compare(a->url, b->url);
    if (order == 0)
        order = compare_numbers(a->verdict, b->verdict);
    if (order == 0)
        order = str_compare(a->fragment, b->fragment);
    if (order == 0)
        order = str_compare(a->place, b->place);
    if (order == 0)
        order = compare_numbers(a->at.line, b->at.line);
    return order ? order : compare_numbers(a->at.column, b->at.column);
}

void lines_sort(struct lines *lines)
{
    if (lines->count)
        qsort(lines->at, lines->count, sizeof(*lines->at), compare);
}

bool lines_is_head(const struct lines *lines, size_t number)
{
    const struct line *line = &lines->at[number];
    return number == 0 || line->verdict != line[-1].verdict || !str_eq(line->url, line[-1].url);
}

bool lines_is_fragment(const struct lines *lines, size_t number)
{
    const struct line *line = &lines->at[number];
    return lines_is_head(lines, number) || !str_eq(line->fragment, line[-1].fragment);
}
