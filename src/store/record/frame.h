/* store/record/frame.h: records as bytes in a file that a crash may cut off anywhere.
 *
 *   frame = length of the record (4 bytes), checksum of the record (8), record
 *
 * Numbers are little-endian; a text has its length (4 bytes) before it. */
#pragma once

#include "base/buf.h"

enum { FRAME_RECORD_BYTES_MAX = 1 << 16 }; /* a few paths: bounds a search through noise */

/* A frame begins at the end of `to`, and ends with what has been added since; `head` is what the
 * first returned. */
NODISCARD size_t frame_begin(struct buf *to);
void frame_end(struct buf *to, size_t head);

void frame_add_number(struct buf *to, uint64_t value, unsigned bytes);
void frame_add_text(struct buf *to, struct str text);

/* These take from the front of a record. False: there is not so much. A text borrows from it. */
NODISCARD bool frame_take_number(struct str *from, unsigned bytes, uint64_t *value_out);
NODISCARD bool frame_take_text(struct str *from, struct str *text_out);

/* Takes a frame from the front of bytes that were read, and gives its record, which borrows from
 * them. False: there is no whole one. */
NODISCARD bool frame_take(struct str *from, struct str *record_out);

/* What was found in a file. */
struct frames_found {
    size_t count;    /* of records that were taken */
    size_t skipped;  /* bytes of what is no record */
    bool is_damaged; /* there are records behind it */
};

/* Shows all records, in order, to `take`; false from it: it is no record that it knows. What is
 * half written at the end, before nothing but zeros, is skipped. */
struct frames_found frames_replay(struct str bytes, bool (*take)(void *arg, struct str record),
                                  void *arg);
