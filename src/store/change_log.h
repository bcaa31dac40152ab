/* store/change_log.h: what has been changed, in the order in which it was: from it come
 * collections' tags and the tokens of those who sync (RFC 6578). Any thread. */
#pragma once

#include "base/err.h"
#include "base/list.h"
#include "store/change_index.h"
#include "store/notice/listeners.h"
#include "store/state_home.h"

#define CHANGES_NAME "changes.log"

struct change_log;

struct change_log_options {
    struct state_home *home; /* where it is kept; NULL: in memory alone */
    bool is_flushed;         /* the log knows of a change after a loss of power, too */
    uint64_t tree;           /* which tree it is about: of another one it knows nothing */
    size_t count_max;        /* of changes that are remembered */
    bool has_others;         /* changes are found, too, that were made without a note */
};

/* Goes on with what is kept, or begins anew where that is not whole, or not all. Borrows the home
 * until closed. Gives; NULL: `err` says why. */
NODISCARD struct change_log *change_log_open(const struct change_log_options *options,
                                             struct err *err);
void change_log_close(struct change_log *log); /* NULL is fine */

/* --- for who changes --- */

enum { NOTE_ROWS_MAX = 2 };

/* A change that is about to be made. Embedded in who makes it; stays where it is. */
struct change_note {
    struct change_row rows[NOTE_ROWS_MAX]; /* the caller's; borrows their paths until the end */
    size_t row_count;
    uint64_t id;      /* the log's own */
    struct list link; /* likewise */
};

/* Before the change: when it returns OK, a crash from here on leaves a log that tells of it. Any
 * other: it must not be made. */
NODISCARD enum store_rc change_log_begin(struct change_log *log, struct change_note *note);

/* What has become of it. */
enum change_outcome {
    OUTCOME_NOTHING, /* nothing was changed */
    OUTCOME_ALL,     /* what was noted */
    OUTCOME_UNKNOWN, /* perhaps that, perhaps a part of it */
};
void change_log_end(struct change_log *log, struct change_note *note, enum change_outcome outcome);

/* Begins anew: nothing that was told is known any more. */
void change_log_forget(struct change_log *log);

/* Returns when all that was changed is on the disk: before the log is closed. `tree_fd`: where it
 * was changed. */
void change_log_settle(struct change_log *log, int tree_fd);

/* It is about another tree from now on. */
void change_log_replace(struct change_log *log, uint64_t tree);

/* Removes what is kept: changes are made of which nothing will know. False: `err` says why. */
NODISCARD bool change_log_remove(int dir_fd, struct err *err);

/* --- for who finds what others have changed --- */

/* It has been seen that this has happened. */
void change_log_found(struct change_log *log, const struct change_row *row);

/* Whether a change that may be about the resource has begun, and not ended. */
bool change_log_is_changing(struct change_log *log, struct res_path path);

/* What was left there by the change that was noted last, where that has ended after `since`;
 * otherwise, when it has been forgotten, or when what it lies in has come from elsewhere since,
 * LEFT_UNKNOWN. */
uint64_t change_log_left(struct change_log *log, struct res_path path, uint64_t since);

/* As change_index_had_members(). */
bool change_log_had_members(struct change_log *log, struct res_path path);

/* The number of the last change. */
uint64_t change_log_head(struct change_log *log);

/* How often somebody has asked for a tag: when not, nobody has been told of a moment. */
uint64_t change_log_asked(struct change_log *log);

/* --- for who reads; quick --- */

/* A moment in the log's life. */
struct change_point {
    uint64_t run; /* of which process */
    uint64_t seq;
};

/* Of the newest change of a collection or of anything below it: another whenever there was one. */
struct change_point change_log_tag(struct change_log *log, struct res_path path);

/* As change_index_knows(); false, too, for a moment that this log has not had. */
bool change_log_knows(struct change_log *log, struct res_path path, struct change_point since,
                      bool is_deep);

/* The moment of a change whose number has been told. */
struct change_point change_log_point(struct change_log *log, uint64_t seq);

/* As change_index_told(), change_index_told_below() and change_index_next(), which goes on by
 * itself. */
uint64_t change_log_told(struct change_log *log, struct res_path path);
uint64_t change_log_told_below(struct change_log *log, struct res_path path, struct res_path top);
NODISCARD enum store_rc change_log_next(struct change_log *log, struct arena *arena,
                                        struct change_query *query, struct change_found *found_out);

/* --- for who listens; quick --- */

/* He hears of what is changed in the collection from now on, each time when its number can be told,
 * so that a tag which he asks for then is of that change or of a later one. */
void change_log_listen(struct change_log *log, struct listener *listener, struct res_path path);

/* Before the log is closed; otherwise as listeners_remove(). */
NODISCARD bool change_log_unlisten(struct change_log *log, struct listener *listener);
