/* store/answers.h: answers to requests that have a name of their own (Idempotency-Key): kept while
 * they come about, and for a while after, so that a request that comes again is not done again.
 *
 * What is kept is records, each as it was added. The first call says what was asked for; whoever
 * comes with the same name and asks for something else is refused. Of a request that was cut off
 * there is what had been added by then: whether that is all that has been done, `is_certain` says.
 *
 * Whose: a name is its owner's, in the store that has `near`. How long: `idempotency_seconds` after
 * the last record. All block; any thread, one at a time about one answer. */
#pragma once

#include "store/store.h"

enum { ANSWER_RECORD_BYTES_MAX = 32768 };

/* Which; and what it is an answer to. Borrows. */
struct answer_wish {
    struct res_path near;
    struct str owner; /* the principal; empty: anonymous, one for all */
    struct str name;
    struct str asked; /* a hash of all that is asked for */
    struct str note;  /* what the caller must know of the first who came: some bytes */
};

enum answer_state {
    ANSWER_NEW,   /* nobody has come with it before: it is noted by now, as durable as the store */
    ANSWER_WHOLE, /* it was given */
    ANSWER_CUT_OFF, /* it began, and nobody is at it any more */
    ANSWER_RUNNING, /* somebody is at it */
    ANSWER_OTHERS,  /* the name was given to something else */
};

struct kept_answer;

struct answer_found {
    enum answer_state state;
    struct kept_answer *answer; /* NULL where RUNNING or OTHERS */
    struct str note;            /* of the first who came */
    bool is_certain; /* of one that was cut off: all that was added is there. Otherwise the machine
                      * has gone down since, and some may be lost */
};

/* Begins it, or finds it. Memory from the arena. DENIED: nothing is kept here (or it is read-only).
 * NO_SPACE: the owner has as many as he may, or the disk is full. Gives; close it. */
NODISCARD enum store_rc kept_answer_open(struct store *store, struct arena *arena,
                                         const struct answer_wish *wish,
                                         struct answer_found *found_out);

/* The records in their order; borrows until the next call. False: there are no more. */
NODISCARD bool kept_answer_next(struct kept_answer *answer, struct str *record_out);

/* When all have been read: these come after them, all or none of them, and survive the process. On
 * failure nothing more may be added. */
NODISCARD enum store_rc kept_answer_add(struct kept_answer *answer, const struct str *records,
                                        size_t count);

/* It is whole, as durable as the store is. */
NODISCARD enum store_rc kept_answer_end(struct kept_answer *answer);

/* So long it is. Never blocks. */
uint64_t kept_answer_bytes(const struct kept_answer *answer);

/* Nothing was done: nobody has ever come. Takes. */
void kept_answer_forget(struct kept_answer **answer);
/* Quick. NULL is fine. */
void kept_answer_close(struct kept_answer **answer);
