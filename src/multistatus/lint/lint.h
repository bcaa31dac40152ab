/* multistatus/lint/lint.h: whether a 207 is well formed, by the rules of lint.def. */
#pragma once

#include "base/buf.h"
#include "multistatus/rules.h"

/* What is known of the exchange that the body is from. A zeroed one: nothing. */
struct lint_exchange {
    unsigned status;         /* of the answer; 0: not known */
    struct str status_line;  /* as it stands in the head; empty: not known */
    struct str content_type; /* at == NULL: not known, or there is none: see has_head */
    bool has_head;           /* the head of the answer is known */
    bool has_challenge;      /* it has WWW-Authenticate */
    struct str method;       /* of the request; empty: not known */
    struct str target;       /* its URL or path; empty: not known */
};

struct lint_finding {
    enum lint_rule rule;
    struct davit_ms_place place; /* line 0: of no place in the body */
    struct str detail;           /* what it is about: an href, a date; may be empty */
};

/* Embedded by who wants the findings; they come in the order of the body. */
struct lint_sink {
    void (*found)(struct lint_sink *sink, const struct lint_finding *finding);
};

extern const struct lint_rule_row {
    const char *name; /* HREF_MISSING */
    unsigned number;
    enum lint_severity severity;
    const char *title;
    const char *where; /* the RFC */
    const char *why;
} lint_rules[LINT_RULE_COUNT];

struct lint;

/* Gives. Borrows both until freed. */
NODISCARD struct lint *lint_new(struct lint_sink *sink, const struct lint_exchange *exchange);
void lint_free(struct lint *lint);

/* To be set on the reader, which must have DAVIT_MS_PLACES and DAVIT_MS_ANY_NAMESPACE. */
struct reader_watch *lint_watch(struct lint *lint);

/* The beginning of the body, before it is read: some 200 bytes tell its encoding. What is known of
 * the exchange must be known by now. */
void lint_body(struct lint *lint, struct str first_bytes);

void lint_response(struct lint *lint, const struct davit_ms_response *response);

/* The reader has returned `rc`, DAVIT_MS_END or a failure, after `bytes` bytes. */
void lint_end(struct lint *lint, const struct davit_ms_reader *reader, enum davit_ms_rc rc,
              uint64_t bytes);

uint64_t lint_count(const struct lint *lint, enum lint_severity severity);
