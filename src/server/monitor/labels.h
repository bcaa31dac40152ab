/* server/monitor/labels.h: the names of labels and of their values, which base/metrics/ knows by
 * number. */
#pragma once

#include "base/buf.h"
#include "base/metrics/cells.h"

/* "method". */
const char *label_name(enum metric_label label);

/* How many values it has, and for how many there is room. */
size_t label_count(enum metric_label label);
size_t label_room(enum metric_label label);

/* Appends "PROPFIND", "207", "refused". */
void label_add_value(struct buf *to, enum metric_label label, size_t index);

/* All methods that are not known are one. */
size_t label_of_method(struct str name);
