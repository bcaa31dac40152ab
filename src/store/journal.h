/* store/journal.h: a file that says what a table in memory says, for the next process: each change
 * is a frame at its end (store/record/frame.h) before it is in the table, and when it is full a new
 * file is made of the table. Who owns it changes the table only while he is in it. */
#pragma once

#include "base/err.h"
#include "store/record/frame.h"
#include "store/state_home.h"
#include "store/types.h"

struct journal;
struct journal_making;

/* What a journal is of. Outlives it. */
struct journal_kind {
    const char *name;
    const char *new_name; /* while one is made */
    bool takes_new;       /* where there is nothing but one that is not in its place, it counts */
    bool (*take)(void *reader, struct str record); /* as frames_replay() has it */
    /* Writes all that is in the table to journal_room(). */
    void (*write_table)(void *owner, struct journal_making *making);
};

/* A file is a multiple of that long: one that is not was cut off. */
enum { JOURNAL_BLOCK_BYTES = 1 << 16 };

enum journal_open {
    JOURNAL_FLUSHES = 1,   /* a change is on the disk when that is waited for; otherwise never */
    JOURNAL_KEEPS_OLD = 2, /* what was there is damaged, and is kept under another name */
    JOURNAL_LASTS = 4,     /* a new file is on the disk in any case */
};

/* Shows what the file in `dir_fd` says, record by record, to `reader`; nothing where there is none.
 * False: it cannot even be opened. */
NODISCARD bool journal_read(int dir_fd, const struct journal_kind *kind, void *reader,
                            struct frames_found *found_out, struct err *err);

/* Begins a new file, of what is in the table now, in the place of the one that was there. Borrows
 * all until closed. Gives; NULL: `err` says why. */
NODISCARD struct journal *journal_open(struct state_home *home, const struct journal_kind *kind,
                                       void *owner, unsigned how, struct err *err);
void journal_close(struct journal *journal); /* NULL is fine */

/* One is in it at a time. */
void journal_enter(struct journal *journal);
void journal_leave(struct journal *journal);

/* --- for who is in it --- */

/* Puts the frames at the end. On failure nobody knows what the file says, and the next change
 * begins with a new one. */
NODISCARD enum store_rc journal_append(struct journal *journal, struct str frames);

/* The same for the last; what was appended is on the disk then, whatever the journal is for. */
NODISCARD enum store_rc journal_append_last(struct journal *journal, struct str frames);

/* Puts them at the end of the file that there is, whatever it says. False: there is no room. */
bool journal_append_quickly(struct journal *journal, struct str frames);

/* Returns when all that was appended is on the disk, if it has to be. Others may come in
 * meanwhile. */
NODISCARD enum store_rc journal_flush(struct journal *journal);

/* How many changes have been appended; and the same for the first so many of them. */
uint64_t journal_count(const struct journal *journal);
NODISCARD enum store_rc journal_flush_to(struct journal *journal, uint64_t count);

/* A new file of the table as it is. */
NODISCARD enum store_rc journal_renew(struct journal *journal);

/* The file says something else than the table: the next change begins with a new one. */
void journal_give_up(struct journal *journal);

/* Whether the next process will find this file. A loop looks once in a turn (base/turn.h). */
bool journal_is_kept(const struct journal *journal);

/* --- for write_table --- */

/* The room for more frames; then journal_written(). */
struct buf *journal_room(struct journal_making *making);
void journal_written(struct journal_making *making);

/* Of this boot of the machine; empty when it is not known. */
enum { BOOT_ID_BYTES = 64 };
struct str boot_id(char room[BOOT_ID_BYTES]);
