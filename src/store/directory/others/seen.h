/* store/directory/others/seen.h: a tree as it was when all that had changed in it was in the
 * log, in a file that is read, and written anew, from its beginning to its end. */
#pragma once

#include <sys/types.h>

#include "base/buf.h"
#include "text/path.h"

#define SEEN_NAME "changes.tree"

/* Collections stand in the order of a walk, in which those that are in one are in the order of
 * their names' hashes, and names of one hash in that of their bytes. */
uint64_t seen_order(const uint64_t key[2], struct str name);
int seen_compare(const uint64_t key[2], struct res_path a, struct res_path b);

/* A member of a collection. */
struct seen_entry {
    struct str name;
    uint64_t mark; /* of a file: what it is; another when that has changed; 0: not to be trusted */
    bool is_collection;
    bool is_new; /* a collection that the snapshot before did not have */
};

/* --- reading --- */

struct seen_reader {
    int fd; /* -1: there is none */
    uint64_t key[2];
    uint64_t seq; /* the newest change when it was begun */

    struct res_path path; /* of the collection that it is at */
    uint64_t mark;        /* which directory that was */
    bool is_damaged;

    /* its own: */
    struct buf window;
    size_t at;
    off_t read_to;
    struct str entries; /* the rest of a record of them */
    struct buf here, next;
    uint64_t next_mark;
    bool has_next, is_over;
};

/* False: there is none that is whole and of that tree. */
NODISCARD bool seen_open(struct seen_reader *reader, int home_fd, uint64_t tree);
void seen_close(struct seen_reader *reader); /* one that is zeroed, with fd -1, too */

/* The next collection; false: there is no more, or is_damaged. */
NODISCARD bool seen_next(struct seen_reader *reader);

/* Its next member, whose name is there until the next call; likewise. */
NODISCARD bool seen_next_entry(struct seen_reader *reader, struct seen_entry *entry_out);

/* --- writing --- */

struct seen_writer {
    int home_fd; /* borrowed */
    int fd;      /* -1: none is written */
    uint64_t key[2];
    uint64_t count; /* of members */

    /* its own: */
    struct buf out;
    size_t head; /* of the record of members that is open */
    bool is_open, has_failed;
    off_t written;
};

/* With that key; NULL: a new one. False: it cannot be made. */
NODISCARD bool seen_begin(struct seen_writer *writer, int home_fd, uint64_t tree,
                          const uint64_t *key, uint64_t seq);
void seen_collection(struct seen_writer *writer, struct res_path path, uint64_t mark);
/* A member of the collection that was begun last, in order. */
void seen_add(struct seen_writer *writer, const struct seen_entry *entry);

/* Nothing follows, and it is on the disk. False: it is not. */
NODISCARD bool seen_write_out(struct seen_writer *writer);

/* What has been written out takes the place of the last. False: that one has stayed. */
NODISCARD bool seen_finish(struct seen_writer *writer);
void seen_abort(struct seen_writer *writer);

/* Where the members begin of the collection that was begun last, and how far they have been looked
 * through. */
struct seen_cursor {
    off_t at;
    size_t skip;
};
struct seen_cursor seen_members(struct seen_writer *writer);

/* The next collection among them, whose name is put into *name_out; false: there is no more. */
NODISCARD bool seen_next_collection(struct seen_writer *writer, struct seen_cursor *cursor,
                                    char name_out[256], struct seen_entry *entry_out);
