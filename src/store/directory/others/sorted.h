/* store/directory/others/sorted.h: the members of a directory in the order of a snapshot, so many
 * at a time that memory does not grow with it. */
#pragma once

#include "store/directory/others/seen.h"

enum { SORTED_MAX = 16384 };

struct sorted_member {
    uint64_t order; /* of its name */
    uint64_t mark;
    size_t name_at;
    uint16_t name_len;
    bool is_collection;
    bool is_fresh; /* modified a moment ago: another change may leave it with the same mark */
};

struct sorted {
    uint64_t key[2];
    uint64_t from, until; /* these orders have been read */
    struct sorted_member *members;
    size_t count, room;
    struct buf names;
    bool has_failed; /* not all of it could be looked at */
};

/* Nothing has been read yet. */
void sorted_init(struct sorted *sorted, const uint64_t key[2]);
void sorted_done(struct sorted *sorted);

/* The next members of an open directory; it is the caller's, and is read from its beginning each
 * time. `moment_ns`: times that lie no further apart may be equal on that file system. False: there
 * are no more, or it has failed. */
NODISCARD bool sorted_read(struct sorted *sorted, int fd, int64_t moment_ns);

struct str sorted_name(const struct sorted *sorted, const struct sorted_member *member);

/* What a file is like that statx(2) has said this of: another mark when a client would be shown
 * something else; never 0. */
struct statx;
uint64_t sorted_mark_of_file(const struct statx *stx);
