/* extension/batch/record.h: what a batch with an Idempotency-Key has come to so far, kept so that
 * the same request is never done twice (draft-ietf-httpapi-idempotency-key-header). */
#pragma once

#include "extension/batch/operation.h"
#include "store/answers.h"

/* Of operations, from the first on, as their answers were told. */
struct batch_told {
    unsigned status; /* as it counts */
    bool is_skipped;
};

enum { BATCH_TOLD_MAX = 64 };

struct batch_record {
    struct kept_answer *answer;
    bool is_found;     /* somebody has come with this key before */
    bool is_certain;   /* what is not there was not begun, but for one */
    bool is_stopped;   /* not even that */
    bool is_lost;      /* no more can be added */
    struct buf unread; /* of an operation of which the rest comes */
    /* What was read last: */
    struct batch_told told[BATCH_TOLD_MAX];
    size_t told_count;
    struct buf text;
};

/* The key, which is a string of structured fields. False: it is none, or too long. Memory from the
 * arena. */
NODISCARD bool batch_key_read(struct str field, struct arena *arena, struct str *key_out);

/* Begins the record, or finds it, and then `wish` is what the first who came wished. 409: that one
 * is under way; 422: it was another request. Blocks. */
NODISCARD struct dav_result batch_record_open(struct exchange *x, struct str key, struct str asked,
                                              struct batch_wish *wish,
                                              struct batch_record *record_out);
/* Nothing was done: forgets that it has come. Blocks. */
void batch_record_forget(struct batch_record *record);
void batch_record_done(struct batch_record *record);

/* --- each blocks --- */

/* What comes next of what is there. False: that was all. */
NODISCARD bool batch_record_read(struct batch_record *record);

/* The next operation's, as it was told. What it cannot keep is_lost. */
void batch_record_add(struct batch_record *record, const struct batch_told *told, struct str text);

/* No operation is under way, and whoever comes again goes on. */
void batch_record_stop(struct batch_record *record);

/* All has been told. */
void batch_record_end(struct batch_record *record);
