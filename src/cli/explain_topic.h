/* cli/explain_topic.h: what `davit explain` knows, and what an argument means of it. */
#pragma once

#include "base/buf.h"
#include "http/status_text.h"

struct explain_condition {
    const char *element;
    unsigned status;
    const char *source, *says, *help;
};

extern const struct explain_condition explain_conditions[];
extern const size_t explain_condition_count;

struct explain_example {
    unsigned code;
    const char *name, *title;
    const char *needs; /* NULL: this davit can produce it */
    const char *request, *head, *body, *shows;
};

extern const struct explain_example explain_examples[];
extern const size_t explain_example_count;

/* What an argument means. */
enum explain_kind {
    EXPLAIN_NOTHING,
    EXPLAIN_STATUS,       /* `code` is registered */
    EXPLAIN_UNREGISTERED, /* `code` is in 100 to 599 and is not */
    EXPLAIN_CLASS,        /* `code` is 100, 200, ... */
    EXPLAIN_CONDITION,
};

struct explain_topic {
    enum explain_kind kind;
    unsigned code;
    const struct explain_condition *condition;
    const char *argument;   /* as typed */
    const char *suggestion; /* with EXPLAIN_NOTHING: what was perhaps meant; or NULL */
};

struct explain_topic explain_parse(const char *argument);
