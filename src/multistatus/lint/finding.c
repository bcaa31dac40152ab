#include "multistatus/lint/finding.h"

const struct lint_rule_row lint_rules[LINT_RULE_COUNT] = {
#define LINT_RULE(name, number, severity, title, where, why)                                       \
    [LINT_##name] = {#name, number, LINT_##severity, title, where, why},
#include "multistatus/rules.def"
#undef LINT_RULE
};
