/* multistatus/reading/reading.h: what a client makes of a 207, by the habits of clients.def. */
#pragma once

#include "base/buf.h"
#include "davit/multistatus.h"
#include "multistatus/lint/finding.h"

struct reading;

/* The names of the clients, for messages: "finder, windows, ...". */
const char *reading_clients(void);

/* Gives; NULL: there is no such client. Borrows the exchange until freed. */
NODISCARD struct reading *reading_new(const char *client, const struct lint_exchange *exchange);
void reading_free(struct reading *reading);

/* What is known of the exchange is known; before the first response. */
void reading_begin(struct reading *reading);

void reading_response(struct reading *reading, const struct davit_ms_response *response);

/* After the last response: `bytes` were read, and the reader has returned `rc`. Appends the entries
 * and the differences: as text, or as one JSON object. */
void reading_end(struct reading *reading, const struct davit_ms_reader *reader, enum davit_ms_rc rc,
                 uint64_t bytes);
void reading_add_text(const struct reading *reading, struct buf *to);
void reading_add_json(const struct reading *reading, struct buf *to);
