/* store/resumable/engine_priv.h: one store's resumable uploads, for the files of this folder. */
#pragma once

#include <pthread.h>

#include "base/list.h"
#include "store/resumable/engine.h"
#include "store/resumable/holdings.h"
#include "store/resumable/queues.h"

enum { TOUCHED_S_MIN = 3600, DONE_S = 3600 };

struct resumables {
    struct resumables_options options;
    int fd;
    pthread_mutex_t mutex; /* guards what follows, and is held for moments only */
    pthread_cond_t is_idle;
    struct queues queues; /* a turn is taken before `mutex` */
    struct holders holders;
    struct list appends;  /* that are under way, or were left */
    struct list runnings; /* running.c; the one that was used last is the last */
    bool is_closing;
    pthread_cond_t closes;
    pthread_t sweeper; /* sweeper.c */
    bool has_sweeper;
};

/* --- one, opened for the time of a call --- */

struct opened {
    struct resumables *of;
    struct queue *queue;
    uint64_t mark; /* the owner's */
    int dir_fd;
    int info_fd;
    struct record record;
    struct holdings held; /* what it is counted as */
};

/* Memory from the arena. NOT_FOUND: as resumable_look() has it. OK: to be closed. */
NODISCARD enum store_rc opened_get(struct store *store, struct arena *arena,
                                   const struct resumable_key *key, struct opened *opened_out);
void opened_done(struct opened *opened);

/* Notes what has changed in its record; it is durable then. */
NODISCARD enum store_rc opened_note(struct opened *opened);
/* It is counted as what its record says by now. */
void opened_count(struct opened *opened);

/* What is in the file is durable then, as the store is. */
NODISCARD static inline enum store_rc flush_bytes(const struct resumables *of, int fd)
{
    return of->options.is_flushed ? record_flush(fd) : STORE_OK;
}

static inline enum note_kind note_kind_of(const struct resumables *of)
{
    return of->options.is_flushed ? NOTE_FLUSHED : NOTE_LAZY;
}

/* --- appends --- */

struct append {
    struct resumable_append base;
    struct resumables *of;
    uint64_t mark; /* of which: its owner's, and its id */
    char id[RESUMABLE_ID_BYTES_MAX + 1];
    int dir_fd;
    int info_fd; /* with a lock on it, as long as it is open */
    int fd;      /* what is written to */
    uint64_t offset;
    uint64_t written;
    uint64_t noted; /* so much is told of it */
    uint64_t bytes_max;
    enum store_rc beyond; /* what more than that is */
    bool is_whole;
    bool has_size;              /* what it is a part of */
    struct resumable_part part; /* of a piece; its name is `piece` */
    char piece[RESUMABLE_PIECE_BYTES_MAX + 1];
    struct running *running; /* of what is in the content with it; NULL: none */
    char temp[40]; /* what a piece is written to whose turn it is not; empty: the content */
    bool is_busy;  /* somebody is writing */
    bool is_over;  /* another has ended it, or it has ended */
    bool is_left;  /* closed without an end: what was written still counts */
    struct list link;
};

/* Ends what is under way for it: of pieces those of that name; `piece` empty: all that are none;
 * NULL: all. What they have written counts. */
NODISCARD enum store_rc settle_appends(struct opened *opened, const struct str *piece);

/* Of those that were left, what is about uploads that are no more. */
void appends_forget_gone(struct resumables *of);

/* Whether a piece is being written to the content. */
bool is_appended_to(const struct opened *opened);

/* Adds it to those under way; `temp`: what it is written to, "" for the content. Takes the
 * descriptors from `opened`. Gives, to resumable_append_close(). */
struct append *append_new(struct opened *opened, const struct resumable_part *part,
                          const char *temp);
void append_leave(struct append *append); /* it is over; frees one that was left */

/* What it has received is noted: up to `end`. */
NODISCARD enum store_rc append_note(struct append *append, uint64_t end);
bool append_is_over(struct append *append);

/* Its size, as far as that is new. LENGTH: it was another. */
NODISCARD enum store_rc learn_size(struct opened *opened, uint64_t size_bytes);

/* --- hashes that run along --- */

/* Of the first bytes of a content; the engine keeps some. */
struct running;

/* For one that is new: of those kinds, a bit for each. */
void running_begin(struct resumables *of, const struct record *record, unsigned kinds);

/* In its turn. A copy of what is kept, of exactly so many bytes; NULL: none is. What is of
 * more is forgotten: they are about to be written over. Gives. */
NODISCARD struct running *running_at(const struct opened *opened, uint64_t bytes);
void running_add(struct running *running, struct str bytes); /* NULL is fine */

/* In its turn. These are the hashes now. Takes; NULL is fine. */
void running_keep(struct resumables *of, struct running **running);
void running_free(struct running *running);                       /* a copy; NULL is fine */
void running_forget(const struct opened *opened, uint64_t bytes); /* of more than so many */
void runnings_free(struct resumables *of);

/* The hashes of all that was received, of those kinds at least for which `wanted` has some; what is
 * kept of them is not read again. */
NODISCARD enum store_rc running_finish(const struct opened *opened, int content_fd,
                                       const struct content_hashes *wanted,
                                       struct content_hashes *found_out);

/* Shows what is in a file to `show`. */
NODISCARD enum store_rc read_bytes(int fd, uint64_t from, uint64_t to,
                                   enum store_rc (*show)(void *arg, struct str bytes), void *arg);

/* --- pieces --- */

NODISCARD enum store_rc piece_begin(struct opened *opened, const struct resumable_part *part,
                                    struct append **append_out);
NODISCARD enum store_rc piece_end(struct opened *opened, struct append *append,
                                  bool *was_there_out);
/* Joins what is left of them, whatever is missing in between, but where keys are offsets. */
NODISCARD enum store_rc pieces_join_rest(struct opened *opened);
NODISCARD enum store_rc pieces_list(struct opened *opened, struct arena *arena,
                                    struct resumable_pieces *pieces_out);
NODISCARD enum store_rc pieces_remove(struct opened *opened, struct str name);
bool piece_name_is_fine(struct str name);

/* --- their directory --- */

enum { MARK_CHARS = 16 };

uint64_t owner_mark(struct str owner);
bool id_is_fine(struct str id);
void temp_name(char name_out[40], const char *prefix);

/* The owner's own directory. -1: errno. Gives. */
NODISCARD int shelf_open_owner(struct resumables *of, uint64_t mark, bool makes);
/* Where it lies, which must be ours alone; made again where it is gone. False: logged. */
NODISCARD bool shelf_is_there(struct resumables *of);
/* Makes one, with `reserved_bytes` of room. Sets the record's id. */
NODISCARD enum store_rc shelf_make(struct resumables *of, struct record *record,
                                   uint64_t reserved_bytes);
/* Nobody else is about the one that this is the info of, as long as it is open, and it is there. */
NODISCARD bool shelf_holds_alone(int info_fd);
/* `name` in owner_fd is gone; what cannot be removed of it is logged. */
NODISCARD enum store_rc shelf_remove(struct resumables *of, int owner_fd, const char *name);
/* All but what is remembered of it. */
void shelf_clear(int dir_fd);

/* Shows each of the owner's, as it is told of, and its open info; of all owners where mark is 0. */
struct shelf_visitor {
    void (*show)(struct shelf_visitor *visitor, int owner_fd, const char *name, int info_fd,
                 struct record *record);
    struct arena *arena; /* what the records' texts are in */
};
void shelf_visit(struct resumables *of, uint64_t mark, struct shelf_visitor *visitor);

/* Removes all there are, and then their directories. */
void shelf_remove_all(struct resumables *of);

/* What the owner has that is not done and not over: all his records are read. */
struct holdings shelf_holdings(struct holders *holders, uint64_t mark);

/* What was half made, or half removed, when a process died. */
void shelf_recover(struct resumables *of);
/* Removes all that is over, and what is known of it. */
void sweeper_sweep(struct resumables *of);
/* The thread that does so, if it can be had: else the next start does. */
void sweeper_start(struct resumables *of);
void sweeper_stop(struct resumables *of);
int64_t expires_s(const struct resumables *of, const struct record *record);
bool is_expired(const struct resumables *of, const struct record *record);
