/* store/resumable/record.h: what is kept of a resumable upload beside its bytes. */
#pragma once

#include "store/resumable.h"

/* All that is known of one. The texts live in an arena. */
struct record {
    struct resumable told; /* but for what is not in its file: pieces, expiry */
    int64_t touched_s;
    uint64_t serial;    /* of the newest note */
    bool is_committing; /* its content may have been given a name */
    uint64_t boot;      /* what was received is no better than this boot of the machine; 0: it is
                           * on the disk */
    uint64_t joined;    /* how many pieces are in the content */
    bool has_next;      /* the key of the piece that goes on is known */
    uint64_t next;
};

/* Writes all of a new one into an empty file. */
NODISCARD enum store_rc record_write(int fd, const struct record *record);

/* How far a note can be trusted. */
enum note_kind {
    NOTE_FLUSHED, /* it is on the disk, as what was received has been before */
    NOTE_LAZY,    /* it is with the kernel, and so is that */
    NOTE_MARK,    /* likewise, and of what was received it says nothing new */
};
/* What changes, as one more note. */
NODISCARD enum store_rc record_note(int fd, struct record *record, enum note_kind kind);

/* Memory from the arena. NOT_FOUND: it is none, or damaged. */
NODISCARD enum store_rc record_read(int fd, struct arena *arena, struct record *record_out);

/* It is held against its content, `content` in dir_fd: of the two, less is told. */
NODISCARD enum store_rc record_hold(struct record *record, int dir_fd, const char *content);

/* What a failed system call means; FAILED is logged, with `what` was being done. */
enum store_rc resumable_rc(int code, const char *what);

NODISCARD enum store_rc record_flush(int fd);

/* All bytes at that place. */
NODISCARD enum store_rc write_at(int fd, uint64_t offset, struct str bytes);

/* This boot of the machine; never 0. */
uint64_t record_boot(void);
