/* check/model/place_log.h: places, written one after the other and read in that order. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "check/model/place.h"

struct place_log;

/* What does not fit into memory goes to a nameless file in `dir`. Gives. */
NODISCARD struct place_log *place_log_new(const char *dir);
void place_log_free(struct place_log *log);

NODISCARD bool place_log_add(struct place_log *log, const struct place *place, struct err *err);
uint64_t place_log_count(const struct place_log *log);

/* All of them as they are written: how many bytes that are, and some of them from `from` on,
 * appended; at least one, where there is one. */
uint64_t place_log_bytes(const struct place_log *log);
NODISCARD bool place_log_read(struct place_log *log, uint64_t from, struct buf *to,
                              struct err *err);
/* Visits the places that are whole at the start of `bytes`, and takes them. False: one is none, or
 * visit() said so. */
NODISCARD bool place_log_visit_some(struct str *bytes, struct place_visitor *visitor);

NODISCARD bool place_log_visit(struct place_log *log, struct place_visitor *visitor,
                               struct err *err);
