#include "server/monitor/labels.h"

#include "base/metrics/metrics.h"
#include "exchange/method.h"
#include "gateway/origin/tally.h"
#include "http/status.h"

static_assert((int)METHOD_LOADED + 1 <= LABEL_ROOM_METHOD, "there is a cell for each method");
static_assert((int)STATUS_INDEX_COUNT <= LABEL_ROOM_STATUS, "there is a cell for each status");

static const struct {
    const char *name;
    size_t room;
} labels[] = {
#define LABEL(id, name, room) [LABEL_##id] = {name, room},
    METRIC_LABELS(LABEL)
#undef LABEL
};

static const size_t counts[LABEL_COUNT] = {
    [LABEL_NONE] = 1,
    [LABEL_METHOD] = METHOD_LOADED + 1,
    [LABEL_STATUS] = STATUS_INDEX_COUNT,
    [LABEL_REFUSAL] = LABEL_ROOM_REFUSAL,
    [LABEL_OUTCOME] = ORIGIN_OUTCOME_COUNT,
};

const char *label_name(enum metric_label label)
{
    return labels[label].name;
}

size_t label_count(enum metric_label label)
{
    return counts[label];
}

size_t label_room(enum metric_label label)
{
    return labels[label].room;
}

static void add_lower(struct buf *to, const char *text)
{
    for (; *text; text++)
        buf_add_char(to, *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text);
}

void label_add_value(struct buf *to, enum metric_label label, size_t index)
{
    static const char *const refusals[] = {[REFUSAL_LIMIT] = "limit",
                                           [REFUSAL_ADDRESS] = "address",
                                           [REFUSAL_DESCRIPTORS] = "descriptors"};
    switch (label) {
    case LABEL_METHOD:
        buf_add(to, index < METHOD_LOADED ? method_of((enum method_id)index)->name : STR("other"));
        return;
    case LABEL_STATUS:
        buf_add(to, str_of_c(http_status_of_index(index)));
        return;
    case LABEL_REFUSAL:
        buf_add(to, str_of_c(refusals[index]));
        return;
    case LABEL_OUTCOME:
        add_lower(to, origin_outcome_name(index));
        return;
    case LABEL_NONE:
    case LABEL_COUNT:
        break;
    }
    BUG("no such label");
}

size_t label_of_method(struct str name)
{
    const struct method *method = method_find(name);
    return method && method->id < METHOD_LOADED ? method->id : METHOD_LOADED;
}
