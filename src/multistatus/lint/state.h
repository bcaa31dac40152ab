/* multistatus/lint/state.h: what the checks of the linter share: what they know, and where to tell
 * what they find. */
#pragma once

#include "multistatus/keep.h"
#include "multistatus/lint/finding.h"
#include "text/path.h"
#include "text/uri.h"

/* A set of texts by their keyed hashes: 8 bytes for each, and one chance in billions of billions
 * that two are taken for one. */
struct hash_set {
    uint64_t *slots; /* 0: free */
    size_t slot_count, count;
};

struct lint {
    struct reader_observer observer;
    struct lint_sink *sink;
    const struct lint_exchange *exchange;
    uint64_t counts[LINT_ERROR + 1];
    struct hash_set hrefs;

    /* The request's target, where it is known. */
    bool has_scope;
    struct uri scope;
    struct arena scope_arena;
    struct res_path scope_path;
    bool has_target; /* a response was about it */

    bool has_path, has_url, has_mixed; /* hrefs */
    bool has_unauthorized;
    bool has_cause; /* a failure other than 424 */
    bool has_dependent;
    struct davit_ms_place dependent_place;
};

void lint_found(struct lint *lint, enum lint_rule rule, struct davit_ms_place place,
                struct str detail);

/* Whether it was there already. */
bool hash_set_add(struct hash_set *set, struct str text);
void hash_set_done(struct hash_set *set);
