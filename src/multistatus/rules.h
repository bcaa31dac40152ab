/* multistatus/rules.h: what can be wrong with a 207, from rules.def; and how the reader tells of
 * what it sees while it reads and the model cannot hold. */
#pragma once

#include "base/str.h"
#include "davit/multistatus.h"

enum lint_severity { LINT_NOTE, LINT_WARNING, LINT_ERROR };

enum lint_rule {
#define LINT_RULE(name, number, severity, title, where, why) LINT_##name,
#include "multistatus/rules.def"
#undef LINT_RULE
    LINT_RULE_COUNT
};

/* Embedded by who wants to know. */
struct reader_observer {
    void (*found)(struct reader_observer *observer, enum lint_rule rule,
                  struct davit_ms_place place, struct str detail);
};

/* For the reader's life. Not part of libdavit's interface. */
void reader_set_observer(struct davit_ms_reader *reader, struct reader_observer *observer);
