/* extension/archive/format.h: the bytes of an archive, member after member, as zip or as tar.
 *
 *     archive_begin -> (archive_member -> archive_content* -> archive_member_end)* -> archive_end
 *                   -> archive_rest until there is none
 *
 * What is to be sent is appended to `out`, content too, which whoever sends empties as he likes.
 * Memory grows with neither content nor members: what a zip must say of all of them at its end is
 * kept in a spool. */
#pragma once

#include "stream/spool.h"

struct archive_member {
    struct str name; /* relative, UTF-8, with '/' between segments, and none at its end */
    bool is_collection;
    bool is_executable;
    uint64_t size_bytes; /* that are announced: as many come, or fewer */
    int64_t modified_s;  /* INT64_MIN: not known */
};

struct archive;

struct archive_format {
    struct str media_type;
    struct str suffix; /* of names of archives, with its dot */
    void (*member)(struct archive *archive, const struct archive_member *member);
    bool is_padded; /* heads say how much content follows */
    void (*content)(struct archive *archive, struct str bytes);
    bool (*member_end)(struct archive *archive, struct err *err);
    void (*end)(struct archive *archive);
};

extern const struct archive_format archive_zip; /* with zip64 where it is needed, nothing packed */
extern const struct archive_format archive_tar; /* POSIX.1-2001, "pax" */

struct archive {
    const struct archive_format *format;
    struct buf out;
    uint64_t given; /* bytes taken from `out` by archive_taken() */
    struct spool directory;
    uint64_t count;        /* members */
    uint64_t member_at;    /* where the member begins */
    uint64_t member_bytes; /* of its content, so far */
    uint32_t crc;
    uint64_t size_bytes; /* as announced */
    struct buf name;
    bool is_collection, is_executable, is_large;
    int64_t modified_s;
    uint64_t directory_at, directory_bytes;
    bool has_ended;
};

/* `dir_fd`: where the spool may put a file. */
void archive_begin(struct archive *archive, const struct archive_format *format, int dir_fd,
                   size_t memory_bytes_max);
void archive_done(struct archive *archive);

void archive_member(struct archive *archive, const struct archive_member *member);

/* More of the member's content: no more than was announced. */
void archive_content(struct archive *archive, struct str bytes);

/* Where the member's head has said how much there is, and not all has come: appends at most `want`
 * zeros in its place. False: nothing is missing. */
bool archive_pad(struct archive *archive, size_t want);

/* The member is over, and padded, whether all has come or not: a reader finds what has come. False:
 * there is no
 * disk for what is kept of it. */
NODISCARD bool archive_member_end(struct archive *archive, struct err *err);

/* There are no more members. */
void archive_end(struct archive *archive);

/* After the end, when `out` is empty: appends more of what is kept. False: it failed. */
NODISCARD bool archive_rest(struct archive *archive, size_t want, struct err *err);

/* `len` bytes of `out` have been sent. */
void archive_taken(struct archive *archive, size_t len);

/* Appends a path as a name in an archive: what no reader takes for anything else, whatever it runs
 * on: bytes that are no UTF-8, control characters and backslashes are percent-encoded, and so are
 * the percent signs of a segment that has any of these, or would read as if it had. So two names
 * stay two. True: it is the same. */
bool archive_name_add(struct buf *to, struct str path);
