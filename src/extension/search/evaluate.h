/* extension/search/evaluate.h: whether a resource is one that a query looks for, by its properties:
 * pure. */
#pragma once

#include "extension/search/query.h"

/* Of a property of the query (query->props). */
struct search_value {
    bool is_defined; /* the resource has it */
    bool is_text;    /* and its value is text, without elements */
    struct str text;
    struct str lang; /* of the value (xml:lang); empty: none is known */
};

struct search_subject {
    struct str name; /* the last segment of its path */
    bool is_collection;
    const struct search_value *values; /* one for each property */
};

/* §5.5.3: what cannot be decided is unknown, and so is the contrary. */
enum search_truth { TRUTH_FALSE, TRUTH_UNKNOWN, TRUTH_TRUE };

/* Until when it is looked (clock_mono_ms()). What is not decided by then is unknown. */
struct search_deadline {
    int64_t ends_ms;
    bool has_come; /* something was left undecided */
};

enum search_truth search_evaluate(const struct search_query *query,
                                  const struct search_subject *subject,
                                  struct search_deadline *deadline);

/* Which one comes first (§5.6): below, at or above 0. Of each there is a value for each order of
 * the query. The arena is for the time of the call. */
int search_compare(const struct search_query *query, struct arena *arena,
                   const struct search_value *a, const struct search_value *b);

/* Whether the text is what a pattern of `like` says (§5.12): % stands for any characters, _ for
 * one, a backslash takes either as it is. */
enum search_truth search_is_like(struct str text, struct str pattern,
                                 struct search_deadline *deadline);
