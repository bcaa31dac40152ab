/* doctor/mistake.h: the mistakes that are known, from mistakes.def. */
#pragma once

#include "base/base.h"

enum mistake {
#define MISTAKE(id, ...) MISTAKE_##id,
#include "doctor/mistakes.def"
#undef MISTAKE
    MISTAKE_COUNT
};

/* The proxies that a fix is written for. */
enum front {
#define FRONT(id, name) FRONT_##id,
#include "doctor/fronts.def"
#undef FRONT
    FRONT_COUNT
};

struct mistake_text {
    const char *name;
    const char *whose; /* "proxy", "server", "unknown" */
    const char *cause;
    const char *fix;                /* whatever the proxy is */
    const char *fixes[FRONT_COUNT]; /* in the words of each; NULL: there are none */
};

extern const struct mistake_text mistake_texts[MISTAKE_COUNT];
extern const char *const front_names[FRONT_COUNT];
