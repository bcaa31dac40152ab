/* check/url/shape.h: what the addresses have in common that one template of a site makes. URLs here
 * are in their one form, and have a host. */
#pragma once

#include "base/buf.h"

/* In what addresses of one shape differ. A zeroed one: in nothing. */
struct shape_diff {
    uint64_t places; /* parts of the path that differ, a bit each from the first on */
    bool in_numbers; /* of these parts; not only in ids */
    bool in_parts;   /* their number or their order does */
    bool in_words;   /* not only in numbers: what lies between two of them cannot be told */
    /* Of parameters, also of parts of the path (";name=value"): each between two '&', numbers in
     * them are '#'. */
    struct buf names;
};

void shape_diff_done(struct shape_diff *diff);
void shape_diff_add(struct shape_diff *to, const struct shape_diff *more);
bool shape_diff_is_empty(const struct shape_diff *diff);

/* The shape, appended: without the numbers and ids in its path and what stands in its query; a path
 * that has a part several times has the shape of any other of these parts. */
void shape_add(struct buf *to, struct str url);

/* Whether such a path has parts several times, or ids in it. */
bool shape_is_odd(struct str url);

/* Adds in what two addresses of one shape differ. */
void shape_compare(struct shape_diff *diff, struct str a, struct str b);

/* Whether it has a parameter of that difference. */
bool shape_has_name(const struct shape_diff *diff, struct str url);

/* What is left of an address without the difference, appended: the same for all that differ in
 * nothing else. */
void shape_add_key(struct buf *to, struct str url, const struct shape_diff *diff);

/* The same for people: '*' where they differ. */
void shape_add_pattern(struct buf *to, struct str url, const struct shape_diff *diff);

/* An address that differs from `url` in the same way, but is so far off that nobody leads there:
 * centuries later, numbers that nobody counts to, ids by chance. Appended. */
void shape_add_far(struct buf *to, struct str url, const struct shape_diff *diff);
