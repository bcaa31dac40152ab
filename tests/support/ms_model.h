/* tests/support/ms_model.h: what libdavit reads, as text that can be compared. */
#pragma once

#include "base/buf.h"
#include "davit/multistatus.h"

/* Everything of a response but places and spelling (prefixes, reason phrases). */
void ms_model_add(struct buf *to, const struct davit_ms_response *response);

/* Reads a body, `step` bytes at a time, into text: each response, then the head, the verdict and
 * the result. `options` may be NULL. */
enum davit_ms_rc ms_model_read(struct buf *to, struct str body, size_t step,
                               const struct davit_ms_options *options);

/* Reads a body and writes what was read; NULL options. The result of the reading, or of the writing
 * where that failed. */
enum davit_ms_rc ms_model_copy(struct buf *to, struct str body);
