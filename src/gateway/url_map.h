/* gateway/url_map.h: URLs of ours and of the servers behind us. */
#pragma once

#include "base/err.h"
#include "text/path.h"
#include "text/uri.h"

/* A path of ours, and where that is at its origin. Texts are as in a URL, without a slash at the
 * end: empty for the root. */
struct url_place {
    struct res_path outer;
    struct str outer_text;
    struct str scheme; /* "http" or "https" */
    struct str host;
    struct str port;      /* never empty */
    struct str authority; /* as in a URL: without the scheme's own port */
    struct res_path inner;
    struct str inner_text;
};

/* All places of a server. */
struct url_map {
    const struct url_place *places;
    size_t count;
};

/* `origin` is an absolute http or https URL without a query. False: `err` says what is wrong with
 * it. Memory from the arena. */
NODISCARD bool url_place_init(struct url_place *place, struct arena *arena, struct res_path outer,
                              const char *origin, struct err *err);

/* Appends scheme and authority: "https://dav.example". */
void url_place_add_authority(const struct url_place *place, struct buf *to);

/* Whether a relative reference, resolved by whatever origin, stays below where it is resolved. */
NODISCARD bool url_is_below(struct str relative);

/* Appends a path that begins at the root, encoded as an origin may have it. False: some would take
 * it for another. */
NODISCARD bool url_add_path(struct buf *to, struct res_path path, bool is_collection);

/* The path of a URL of ours as the origin has it: appended. What stands behind the prefix keeps its
 * escapes; empty and dot segments are resolved, as for the rules. False: it is not within the
 * place, or malformed, or some origins would read it as another that is not. */
NODISCARD bool url_to_inner(const struct url_place *place, struct str path, struct buf *to);

/* What an origin says: a URI or an absolute path, with a query or a fragment, as ours: an absolute
 * path, appended. `from` is the place whose origin says it. False: it stays as it is, since it is
 * relative, or in no place. */
NODISCARD bool url_to_outer(const struct url_map *map, const struct url_place *from, struct str uri,
                            struct buf *to);
