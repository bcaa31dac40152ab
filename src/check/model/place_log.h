/* check/model/place_log.h: places, written one after the other and read in that order. */
#pragma once

#include "base/err.h"
#include "check/model/place.h"

struct place_log;

/* What does not fit into memory goes to a nameless file in `dir`. Gives. */
NODISCARD struct place_log *place_log_new(const char *dir);
void place_log_free(struct place_log *log);

NODISCARD bool place_log_add(struct place_log *log, const struct place *place, struct err *err);
uint64_t place_log_count(const struct place_log *log);
NODISCARD bool place_log_visit(struct place_log *log, struct place_visitor *visitor,
                               struct err *err);
