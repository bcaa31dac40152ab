/* multistatus/lint/lint.h: whether a 207 is well formed, by the rules of multistatus/rules.def. */
#pragma once

#include "multistatus/lint/finding.h"

struct lint;

/* Gives. Borrows both until freed. */
NODISCARD struct lint *lint_new(struct lint_sink *sink, const struct lint_exchange *exchange);
void lint_free(struct lint *lint);

/* To be set on the reader, which must have DAVIT_MS_PLACES and DAVIT_MS_ANY_NAMESPACE. */
struct reader_observer *lint_observer(struct lint *lint);

/* The beginning of the body, before it is read: some 200 bytes tell its encoding. What is known of
 * the exchange must be known by now. */
void lint_body(struct lint *lint, struct str first_bytes);

void lint_response(struct lint *lint, const struct davit_ms_response *response);

/* The reader has returned `rc`, DAVIT_MS_END or a failure, after `bytes` bytes. */
void lint_end(struct lint *lint, const struct davit_ms_reader *reader, enum davit_ms_rc rc,
              uint64_t bytes);

uint64_t lint_count(const struct lint *lint, enum lint_severity severity);
