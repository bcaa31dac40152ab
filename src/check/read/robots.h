/* check/read/robots.h: robots.txt (RFC 9309). */
#pragma once

#include "base/arena.h"

struct robots_rule {
    struct str pattern; /* percent-encoded in one form; may hold '*' and a '$' at the end */
    bool is_allowed;
};

/* What holds for one robot. A zeroed one allows everything. */
struct robots {
    const struct robots_rule *rules;
    size_t rule_count;
    const struct str *sitemaps; /* of all groups, as written */
    size_t sitemap_count;
    double delay_s; /* Crawl-delay, which RFC 9309 does not have but many files do; 0: none */
};

enum { ROBOTS_BYTES_MAX = 500 * 1024 }; /* what is read at least: RFC 9309 §2.5 */

/* Reads what the file says to `agent` (a product token: letters, '-' and '_'). Memory from the
 * arena; the text may go. There are no errors: what is no rule is skipped. */
struct robots robots_parse(struct arena *arena, struct str text, struct str agent);

/* `target` is a path with its query, as it will be asked for. */
bool robots_allows(const struct robots *robots, struct str target);
