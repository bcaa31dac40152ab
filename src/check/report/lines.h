/* check/report/lines.h: rows that are kept, to be shown by address instead of by page. */
#pragma once

#include "base/arena.h"
#include "check/report/report.h"

struct line {
    enum verdict verdict;
    uint16_t status;
    struct str url, reason, place, fragment; /* without what would steer a terminal */
    struct html_position at;
    enum link_kind kind;
    struct str text;
    const struct past *past; /* the site's */
};

/* A zeroed one is empty. */
struct lines {
    struct arena arena;
    struct line *at;
    size_t count, cap;
};

void lines_done(struct lines *lines);

/* Copies. */
void lines_add(struct lines *lines, const struct report_row *row);

/* The worst first; those of one address and verdict together, those of one fragment in these. */
void lines_sort(struct lines *lines);

/* Whether a line begins another address or verdict; another fragment of it. */
bool lines_is_head(const struct lines *lines, size_t number);
bool lines_is_fragment(const struct lines *lines, size_t number);
