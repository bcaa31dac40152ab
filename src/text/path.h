/* text/path.h: where a resource is: the decoded path of its URL.
 *
 * A res_path is normal: segments joined by single slashes, no slash at either end, no "." or ".."
 * segment, no NUL. The root is the empty path. Segments are bytes, not characters: any byte but
 * NUL and '/' may stand in one, as in a file name. It is a view; it need not end in NUL. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

struct res_path {
    const char *at;
    size_t len;
};

#define PATH_ROOT ((struct res_path){"", 0})

/* A literal that is already normal. For tests and constants. */
#define PATH(literal) ((struct res_path){(literal), sizeof(literal) - 1})

enum path_rc {
    PATH_OK,
    PATH_MALFORMED,  /* a bad percent triplet, or does not begin with '/' */
    PATH_FORBIDDEN,  /* an encoded NUL or slash: no file name can hold them */
    PATH_ABOVE_ROOT, /* more ".." than segments (RFC 3986 §5.2.4 would hide the mistake) */
};

/* Decodes the path of a URI (no query, no fragment). Dot segments are resolved, empty segments
 * are dropped. *has_slash_out: it ended in '/', so a collection is meant (RFC 4918 §5.2). */
NODISCARD enum path_rc path_decode(struct arena *arena, struct str uri_path,
                                   struct res_path *path_out, bool *has_slash_out);

/* Appends the path as an absolute URI path, percent-encoded once; with a slash behind it where
 * `is_collection`. The result needs no further escaping in XML or HTML. */
void path_encode(struct buf *to, struct res_path path, bool is_collection);

/* Appends a single segment in the same encoding. */
void path_encode_segment(struct buf *to, struct str segment);

struct str path_str(struct res_path path);
bool path_is_root(struct res_path path);
bool path_eq(struct res_path a, struct res_path b);

/* `path` is `tree` itself or lies below it. */
bool path_is_within(struct res_path path, struct res_path tree);

/* The path without its last segment; the root's parent is the root. Borrows from `path`. */
struct res_path path_parent(struct res_path path);

/* The last segment; empty for the root. Borrows from `path`. */
struct str path_name(struct res_path path);

/* The first segment; empty for the root. Borrows from `path`. */
struct str path_first(struct res_path path);

/* Makes of the path in `path`, of which the first parent_len bytes are kept, that of a member of
 * theirs: what a walk does at each step, without memory for each. */
void path_step(struct buf *path, size_t parent_len, struct str name);

NODISCARD struct res_path path_join(struct arena *arena, struct res_path parent, struct str name);
NODISCARD struct res_path path_copy(struct arena *arena, struct res_path path);

/* `path`, which is within `from`, at the same place within `to`. */
NODISCARD struct res_path path_rebase(struct arena *arena, struct res_path path,
                                      struct res_path from, struct res_path to);
