/* The page is made anew for each who asks: all threads' cells are summed up, then each row of the
 * tables of metrics is a family: its head, and a line for each value of its labels. All lines of a
 * family stand together, so origins are gone through for each row.
 *
 * Labels have as many values as there are methods, registered statuses, and configured mounts:
 * whatever clients send, there are no more lines. Of families that would have hundreds of lines,
 * those that say 0 are left out.
 *
 * Both formats are the same lines but for the heads of counters, whose name has its _total in one
 * and not in the other, and for the end. */
#include "server/monitor/page.h"

#include "base/mem.h"
#include "base/metrics/metrics.h"
#include "server/monitor/labels.h"

enum { DENSE_MAX = 8 }; /* a family with so few lines shows those that say 0 */

struct page {
    struct buf *to;
    enum page_format format;
};

/* Numbers of one set of rows, and the labels that all of them have. */
struct page_set {
    const uint64_t *cells;
    struct str labels; /* `mount="/a/",origin="http://b/"`; or empty */
};

/* A line of a family. */
struct line {
    const struct metric_row *row;
    const struct page_set *set;
    size_t at[2];       /* the values of its labels */
    const char *suffix; /* of the family's name */
    const char *bound;  /* of a bucket; NULL: it is none */
};

static void add_head(struct page *page, const struct metric_row *row)
{
    static const char *const kinds[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
    bool is_open = page->format == PAGE_OPENMETRICS;
    const char *total = row->kind == METRIC_COUNTER && !is_open ? "_total" : "";
    buf_addf(page->to, "# HELP %s%s %s.\n", row->name, total, row->help);
    buf_addf(page->to, "# TYPE %s%s %s\n", row->name, total, kinds[row->kind]);
    if (is_open && row->unit[0])
        buf_addf(page->to, "# UNIT %s %s\n", row->name, row->unit);
}

/* --- lines --- */

static void add_comma(struct buf *to)
{
    if (to->at[to->len - 1] != '{')
        buf_add_char(to, ',');
}

static void begin_line(struct buf *to, const struct line *line)
{
    buf_addf(to, "%s%s", line->row->name, line->suffix);
    size_t named = to->len;
    buf_add_char(to, '{');
    buf_add(to, line->set->labels);
    for (size_t i = 0; i < ARRAY_LEN(line->at); i++) {
        if (line->row->labels[i] == LABEL_NONE)
            continue;
        add_comma(to);
        buf_addf(to, "%s=\"", label_name(line->row->labels[i]));
        label_add_value(to, line->row->labels[i], line->at[i]);
        buf_add_char(to, '"');
    }
    if (line->bound) {
        add_comma(to);
        buf_addf(to, "le=\"%s\"", line->bound);
    }
    buf_add_char(to, '}');
    if (to->len == named + 2)
        to->len = named; /* there are none */
    buf_add_char(to, ' ');
}

static void add_number(struct buf *to, const struct line *line, uint64_t number)
{
    begin_line(to, line);
    buf_add_u64(to, number);
    buf_add_char(to, '\n');
}

static uint64_t count_of(const uint64_t *buckets)
{
    uint64_t count = 0;
    for (size_t i = 0; i <= METRIC_BOUNDS; i++)
        count += buckets[i];
    return count;
}

static void add_histogram(struct buf *to, struct line *line, const uint64_t *cells)
{
    uint64_t count = 0;
    line->suffix = "_bucket";
    for (size_t i = 0; i <= METRIC_BOUNDS; i++) {
        count += cells[i];
        line->bound = i < METRIC_BOUNDS ? metric_bound_text(i) : "+Inf";
        add_number(to, line, count);
    }
    line->bound = NULL;
    line->suffix = "_sum";
    begin_line(to, line);
    buf_addf(to, "%llu.%06llu\n", (unsigned long long)(cells[METRIC_SUM_AT] / 1000000),
             (unsigned long long)(cells[METRIC_SUM_AT] % 1000000));
    line->suffix = "_count";
    add_number(to, line, count);
}

static void add_line(struct buf *to, struct line *line, const uint64_t *cells, bool shows_zero)
{
    switch (line->row->kind) {
    case METRIC_COUNTER:
        line->suffix = "_total";
        if (shows_zero || *cells)
            add_number(to, line, *cells);
        break;
    case METRIC_GAUGE: /* threads are read one after the other: less than nothing may be seen */
        line->suffix = "";
        add_number(to, line, *cells > INT64_MAX ? 0 : *cells);
        break;
    case METRIC_HISTOGRAM:
        if (shows_zero || count_of(cells))
            add_histogram(to, line, cells);
        break;
    }
}

static size_t cells_of(enum metric_kind kind)
{
    return kind == METRIC_HISTOGRAM ? METRIC_CELLS_HISTOGRAM : 1;
}

static void add_lines(struct page *page, const struct metric_row *row, const struct page_set *set)
{
    size_t count = label_count(row->labels[0]);
    size_t other_count = label_count(row->labels[1]);
    bool shows_zero = count * other_count <= DENSE_MAX;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < other_count; j++) {
            struct line line = {.row = row, .set = set, .at = {i, j}};
            size_t at = i * label_room(row->labels[1]) + j;
            add_line(page->to, &line, set->cells + row->at + at * cells_of(row->kind), shows_zero);
        }
    }
}

/* --- the server --- */

static void add_server(struct page *page, int64_t started_s)
{
    uint64_t *cells = mem_new(METRIC_CELL_COUNT, sizeof(*cells));
    const struct page_set set = {.cells = cells};
    metrics_read(cells);
    for (size_t i = 0; i < metric_row_count; i++) {
        add_head(page, &metric_rows[i]);
        add_lines(page, &metric_rows[i], &set);
    }
    mem_free(cells);
    add_head(page, &(const struct metric_row){.name = "davit_build_info",
                                              .unit = "",
                                              .kind = METRIC_GAUGE,
                                              .help = "Which davit it is"});
    buf_addf(page->to, "davit_build_info{version=\"%s\"} 1\n", DAVIT_VERSION);
    add_head(page, &(const struct metric_row){.name = "process_start_time_seconds",
                                              .unit = "seconds",
                                              .kind = METRIC_GAUGE,
                                              .help = "When the server was started"});
    buf_addf(page->to, "process_start_time_seconds %lld\n", (long long)started_s);
}

/* --- origins --- */

static void add_quoted(struct buf *to, struct str value)
{
    buf_add_char(to, '"');
    for (size_t i = 0; i < value.len; i++) {
        char c = value.at[i];
        if (c == '"' || c == '\\')
            buf_add_char(to, '\\');
        if (c == '\n')
            BUF_ADD(to, "\\n");
        else
            buf_add_char(to, c);
    }
    buf_add_char(to, '"');
}

static void add_origin_labels(struct buf *to, const struct gateway *gateway)
{
    struct buf mount = {0};
    buf_addf(&mount, "%.*s/", STR_ARGS(gateway->place->outer_text));
    BUF_ADD(to, "mount=");
    add_quoted(to, buf_str(&mount));
    BUF_ADD(to, ",origin=");
    add_quoted(to, gateway->name);
    buf_done(&mount);
}

/* What is no count: how it is. */
struct origin_gauge {
    const char *name;
    const char *unit;
    const char *help;
    void (*add)(struct page *page, const char *name, struct str labels,
                const struct gateway *gateway);
};

static void add_circuit(struct page *page, const char *name, struct str labels,
                        const struct gateway *gateway)
{
    struct health_state state;
    health_look(gateway->health, &state);
    for (enum circuit circuit = CIRCUIT_CLOSED; circuit <= CIRCUIT_HALF_OPEN; circuit++)
        buf_addf(page->to, "%s{%.*s,state=\"%s\"} %d\n", name, STR_ARGS(labels),
                 circuit_name(circuit), circuit == state.circuit);
}

static void add_in_a_row(struct page *page, const char *name, struct str labels,
                         const struct gateway *gateway)
{
    struct health_state state;
    health_look(gateway->health, &state);
    buf_addf(page->to, "%s{%.*s} %u\n", name, STR_ARGS(labels), state.in_a_row);
}

static void add_failed_at(struct page *page, const char *name, struct str labels,
                          const struct gateway *gateway)
{
    struct origin_last last;
    origin_tally_last(gateway->tally, &last);
    if (last.failed_s)
        buf_addf(page->to, "%s{%.*s} %lld\n", name, STR_ARGS(labels), (long long)last.failed_s);
}

static const struct origin_gauge gauges[] = {
    {"davit_origin_circuit", "", "Whether the origin is asked: the state that is 1", add_circuit},
    {"davit_origin_failures_in_a_row", "", "Requests that were not answered since the last answer",
     add_in_a_row},
    {"davit_origin_last_failure_timestamp_seconds", "seconds",
     "When a request was not answered last; nothing where none has failed", add_failed_at},
};

static void add_gauges(struct page *page, const struct gateways *gateways,
                       const struct page_set *sets)
{
    for (size_t i = 0; i < ARRAY_LEN(gauges); i++) {
        const struct origin_gauge *gauge = &gauges[i];
        add_head(page, &(const struct metric_row){.name = gauge->name,
                                                  .unit = gauge->unit,
                                                  .kind = METRIC_GAUGE,
                                                  .help = gauge->help});
        for (size_t k = 0; k < gateways->count; k++)
            gauge->add(page, gauge->name, sets[k].labels, &gateways->at[k]);
    }
}

static void add_origins(struct page *page, const struct gateways *gateways)
{
    size_t count = gateways->count;
    uint64_t *cells = mem_new(count, ORIGIN_CELL_COUNT * sizeof(*cells));
    struct page_set *sets = mem_new(count, sizeof(*sets));
    struct buf *labels = mem_new(count, sizeof(*labels));
    for (size_t i = 0; i < count; i++) {
        add_origin_labels(&labels[i], &gateways->at[i]);
        sets[i] = (struct page_set){cells + i * ORIGIN_CELL_COUNT, buf_str(&labels[i])};
        origin_tally_read(gateways->at[i].tally, cells + i * ORIGIN_CELL_COUNT);
    }
    for (size_t i = 0; i < origin_metric_row_count; i++) {
        add_head(page, &origin_metric_rows[i]);
        for (size_t k = 0; k < count; k++)
            add_lines(page, &origin_metric_rows[i], &sets[k]);
    }
    add_gauges(page, gateways, sets);
    for (size_t i = 0; i < count; i++)
        buf_done(&labels[i]);
    mem_free(labels);
    mem_free(sets);
    mem_free(cells);
}

void page_add(struct buf *to, enum page_format format, const struct gateways *gateways,
              int64_t started_s)
{
    struct page page = {to, format};
    add_server(&page, started_s);
    if (gateways->count)
        add_origins(&page, gateways);
    if (format == PAGE_OPENMETRICS)
        BUF_ADD(to, "# EOF\n");
}
