/* What an administrator asks when somebody says that a folder is not there: which origin is behind
 * it, is it asked at all, since when not, and what did it say last.
 *
 * What is shown is known: nobody is asked anything. An origin of which nobody has wanted anything
 * for a while may be down and look well, as the time of its last answer would tell; who wants to
 * know it now asks by REPORT (gateway/origin/report.c).
 *
 * The median is told from the histogram's buckets, by how far it is into one: about right, and it
 * costs no list of what was measured. */
#include "server/monitor/origins.h"

#include "base/clock.h"
#include "server/monitor/labels.h"
#include "text/date.h"
#include "text/json.h"

struct view {
    const struct gateway *gateway;
    struct health_state health;
    struct origin_last last;
    struct origin_sums sums;
    uint64_t cells[ORIGIN_CELL_COUNT];
    const uint64_t *requests; /* of cells, by outcome */
    uint64_t request_count;
};

static bool is_down(const struct health_state *health)
{
    return health->circuit != CIRCUIT_CLOSED || health->in_a_row;
}

size_t origins_down(const struct gateways *gateways)
{
    size_t count = 0;
    struct health_state health;
    for (size_t i = 0; i < gateways->count; i++) {
        health_look(gateways->at[i].health, &health);
        count += is_down(&health);
    }
    return count;
}

static void look(const struct gateway *gateway, struct view *view)
{
    view->gateway = gateway;
    view->requests = &view->cells[ORIGIN_AT_REQUESTS];
    view->request_count = 0;
    health_look(gateway->health, &view->health);
    origin_tally_last(gateway->tally, &view->last);
    origin_tally_sum_up(gateway->tally, &view->sums);
    origin_tally_read(gateway->tally, view->cells);
    for (size_t i = 0; i < ORIGIN_OUTCOME_COUNT; i++)
        view->request_count += view->requests[i];
}

static void add_mount(struct buf *to, const struct gateway *gateway)
{
    buf_addf(to, "%.*s/", STR_ARGS(gateway->place->outer_text));
}

/* In seconds; negative: nothing was measured. */
static double median(const uint64_t *buckets)
{
    uint64_t count = 0;
    uint64_t before = 0;
    double from = 0;
    for (size_t i = 0; i <= METRIC_BOUNDS; i++)
        count += buckets[i];
    if (!count)
        return -1;
    for (size_t i = 0; i < METRIC_BOUNDS; i++) {
        double to = metric_bound(i);
        if ((before + buckets[i]) * 2 >= count)
            return from + (to - from) * ((double)count / 2 - (double)before) / (double)buckets[i];
        before += buckets[i];
        from = to;
    }
    return from; /* that, or longer */
}

static double last_seconds(const struct view *view)
{
    return view->last.head_us < 0 ? -1 : (double)view->last.head_us / 1e6;
}

/* --- for people --- */

static void add_duration(struct buf *to, int64_t s)
{
    static const struct {
        int64_t s;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    size_t i = 0;
    while (i + 1 < ARRAY_LEN(units) && s < units[i].s * 2)
        i++;
    buf_addf(to, "%lld %s", (long long)(s / units[i].s), units[i].name);
}

static void add_milliseconds(struct buf *to, double seconds)
{
    if (seconds < 0)
        BUF_ADD(to, "-");
    else
        buf_addf(to, seconds < 0.01 ? "%.1f ms" : "%.0f ms", seconds * 1000);
}

/* Pads what was appended since `from` to a column, and leaves a space behind it. */
static void end_cell(struct buf *to, size_t from, size_t width)
{
    size_t shown = 0;
    for (size_t i = from; i < to->len; i++)
        shown += ((unsigned char)to->at[i] & 0xc0) != 0x80; /* of UTF-8 the first byte */
    for (; shown < width; shown++)
        buf_add_char(to, ' ');
    BUF_ADD(to, "  ");
}

enum { MOUNT_COLUMNS = 16, ORIGIN_COLUMNS = 40, CIRCUIT_COLUMNS = 20, NUMBER_COLUMNS = 9 };

static void add_row(struct buf *to, const struct view *view)
{
    size_t from = to->len;
    add_mount(to, view->gateway);
    end_cell(to, from, MOUNT_COLUMNS);
    from = to->len;
    buf_add(to, view->gateway->name);
    end_cell(to, from, ORIGIN_COLUMNS);
    from = to->len;
    buf_addf(to, "%s for ", circuit_name(view->health.circuit));
    add_duration(to, view->health.since_s);
    end_cell(to, from, CIRCUIT_COLUMNS);
    from = to->len;
    buf_add_u64(to, view->request_count);
    end_cell(to, from, NUMBER_COLUMNS);
    from = to->len;
    buf_add_u64(to, view->sums.unanswered);
    end_cell(to, from, NUMBER_COLUMNS);
    from = to->len;
    add_milliseconds(to, median(&view->cells[ORIGIN_AT_HEAD_SECONDS]));
    end_cell(to, from, NUMBER_COLUMNS);
    add_milliseconds(to, last_seconds(view));
    buf_add_char(to, '\n');
}

/* "    outcomes  12 2xx, 3 refused", what there was none of left out. */
static void add_outcomes(struct buf *to, const struct view *view)
{
    const char *before = "    outcomes  ";
    for (size_t i = 0; i < ORIGIN_OUTCOME_COUNT; i++) {
        if (!view->requests[i])
            continue;
        buf_addf(to, "%s%llu ", before, (unsigned long long)view->requests[i]);
        label_add_value(to, LABEL_OUTCOME, i);
        before = ", ";
    }
    if (view->request_count)
        buf_add_char(to, '\n');
}

static void add_trouble(struct buf *to, const struct view *view)
{
    uint64_t opened = view->cells[ORIGIN_AT_OPENED];
    if (view->health.in_a_row)
        buf_addf(to, "    no answer to the last %u\n", view->health.in_a_row);
    if (opened || view->sums.cut_off)
        buf_addf(to, "    %llu times opened, %llu answers cut off\n", (unsigned long long)opened,
                 (unsigned long long)view->sums.cut_off);
    if (!view->last.failed_s)
        return;
    BUF_ADD(to, "    last failure  ");
    iso_date_add(to, view->last.failed_s);
    BUF_ADD(to, " (");
    add_duration(to, clock_wall_ms() / 1000 - view->last.failed_s);
    BUF_ADD(to, " ago), ");
    label_add_value(to, LABEL_OUTCOME, view->last.outcome);
    buf_addf(to, ": %s\n", view->last.why);
}

void origins_add_text(struct buf *to, const struct gateways *gateways)
{
    struct view view;
    if (!gateways->count) {
        BUF_ADD(to, "no mount has an origin\n");
        return;
    }
    buf_addf(to, "%-*s  %-*s  %-*s  %-*s  %-*s  %-*s  %s\n", MOUNT_COLUMNS, "MOUNT", ORIGIN_COLUMNS,
             "ORIGIN", CIRCUIT_COLUMNS, "CIRCUIT", NUMBER_COLUMNS, "REQUESTS", NUMBER_COLUMNS,
             "FAILED", NUMBER_COLUMNS, "MEDIAN", "LAST");
    for (size_t i = 0; i < gateways->count; i++) {
        look(&gateways->at[i], &view);
        add_row(to, &view);
        add_outcomes(to, &view);
        add_trouble(to, &view);
    }
}

/* --- for programs --- */

static void add_object(struct buf *to, struct str name)
{
    json_add_name(to, name);
    buf_add_char(to, '{');
}

static void add_seconds(struct buf *to, struct str name, double seconds)
{
    if (seconds < 0)
        return;
    json_add_name(to, name);
    buf_addf(to, "%.6f", seconds);
}

/* Those that are not 0, by the values of their label. */
static void add_counts(struct buf *to, struct str name, enum metric_label label,
                       const uint64_t *cells)
{
    struct buf value = {0};
    add_object(to, name);
    for (size_t i = 0; i < label_count(label); i++) {
        if (!cells[i])
            continue;
        buf_clear(&value);
        label_add_value(&value, label, i);
        json_add_number(to, buf_str(&value), cells[i]);
    }
    buf_add_char(to, '}');
    buf_done(&value);
}

static void add_last_failure(struct buf *to, const struct origin_last *last)
{
    struct buf text = {0};
    add_object(to, STR("last_failure"));
    iso_date_add(&text, last->failed_s);
    json_add_member(to, STR("at"), buf_str(&text));
    buf_clear(&text);
    label_add_value(&text, LABEL_OUTCOME, last->outcome);
    json_add_member(to, STR("outcome"), buf_str(&text));
    json_add_member(to, STR("text"), str_of_c(last->why));
    buf_add_char(to, '}');
    buf_done(&text);
}

static void add_json(struct buf *to, const struct view *view)
{
    struct buf mount = {0};
    add_mount(&mount, view->gateway);
    json_add_comma(to);
    buf_add_char(to, '{');
    json_add_member(to, STR("mount"), buf_str(&mount));
    buf_done(&mount);
    json_add_member(to, STR("origin"), view->gateway->name);
    json_add_bool(to, STR("down"), is_down(&view->health));
    json_add_member(to, STR("circuit"), str_of_c(circuit_name(view->health.circuit)));
    json_add_number(to, STR("circuit_seconds"), view->health.since_s);
    json_add_number(to, STR("circuit_opened"), view->cells[ORIGIN_AT_OPENED]);
    json_add_number(to, STR("failures_in_a_row"), view->health.in_a_row);
    json_add_number(to, STR("requests"), view->request_count);
    json_add_number(to, STR("failed"), view->sums.unanswered);
    json_add_number(to, STR("cut_off"), view->sums.cut_off);
    add_counts(to, STR("outcomes"), LABEL_OUTCOME, view->requests);
    add_counts(to, STR("multistatus_responses"), LABEL_STATUS, &view->cells[ORIGIN_AT_MEMBERS]);
    add_seconds(to, STR("head_median_seconds"), median(&view->cells[ORIGIN_AT_HEAD_SECONDS]));
    add_seconds(to, STR("head_last_seconds"), last_seconds(view));
    if (view->last.failed_s)
        add_last_failure(to, &view->last);
    buf_add_char(to, '}');
}

void origins_add_json(struct buf *to, const struct gateways *gateways)
{
    struct view view;
    buf_add_char(to, '{');
    json_add_number(to, STR("down"), origins_down(gateways));
    json_add_name(to, STR("origins"));
    buf_add_char(to, '[');
    for (size_t i = 0; i < gateways->count; i++) {
        look(&gateways->at[i], &view);
        add_json(to, &view);
    }
    BUF_ADD(to, "]}\n");
}
