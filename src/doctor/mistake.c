#include "doctor/mistake.h"

#define MISTAKE(id_, name_, whose_, cause_, fix_, ...)                                             \
    [MISTAKE_##id_] = {.name = (name_),                                                            \
                       .whose = (whose_),                                                          \
                       .cause = (cause_),                                                          \
                       .fix = (fix_),                                                              \
                       .fixes = {__VA_ARGS__}},
const struct mistake_text mistake_texts[MISTAKE_COUNT] = {
#include "doctor/mistakes.def"
};
#undef MISTAKE

const char *const front_names[FRONT_COUNT] = {
#define FRONT(id, name) name,
#include "doctor/fronts.def"
#undef FRONT
};
