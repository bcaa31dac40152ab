/* multistatus/lint/finding.h: what the linter is told of an exchange, and what it finds. */
#pragma once

#include "base/str.h"
#include "multistatus/rules.h"

extern const struct lint_rule_row {
    const char *name; /* HREF_MISSING */
    unsigned number;
    enum lint_severity severity;
    const char *title;
    const char *where; /* the RFC */
    const char *why;
} lint_rules[LINT_RULE_COUNT];

/* What is known of the exchange that the body is from. A zeroed one: nothing. */
struct lint_exchange {
    unsigned status;         /* of the answer; 0: not known */
    struct str status_line;  /* as it stands in the head; empty: not known */
    struct str content_type; /* at == NULL: not known, or there is none: see has_head */
    bool has_head;           /* the head of the answer is known */
    bool has_challenge;      /* it has WWW-Authenticate */
    bool is_noroot;          /* the target is left out, as was asked for (RFC 8144 §4) */
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
