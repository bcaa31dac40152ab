/* store/directory/state/state.h: what a directory cannot hold itself: dead properties, and what is
 * under way. An SQLite database in WAL mode. Any thread. */
#pragma once

#include "base/list.h"
#include "store/directory/state/db.h"

struct state;

/* Opens or makes state.db in its home, which must be ours alone (own.h). One that is damaged is
 * set aside, what can be read of it is saved, and the log says so; of one with many properties most
 * is looked at when it is in use already. Borrows `home` until closed. Gives. */
NODISCARD struct state *state_open(struct state_home *home, bool is_read_only,
                                   enum store_durability durability, struct err *err);
void state_close(struct state *state);

/* A change. Embedded in who makes it; run() may be called on another thread, while the caller of
 * state_write() waits. */
struct state_change {
    enum store_rc (*run)(struct state_change *change, struct state_db *db);
    void (*made)(struct state_change *change); /* of what is owed */
    struct list link;                          /* state's own */
    enum store_rc rc;                          /* state's own */
    bool is_done;                              /* state's own */
};

/* Runs the change in a transaction, together with those of other threads that wait, and returns
 * when it is committed. A change that does not return OK is rolled back, alone. */
NODISCARD enum store_rc state_write(struct state *state, struct state_change *change);

/* Keeps a change that must be made but has failed: it is made ahead of the next, in one transaction
 * with that, which fails when this one does. Borrows it until `made` is called: it was made, or the
 * database is being closed. */
void state_owe(struct state *state, struct state_change *change);

/* Whether anything is owed. */
bool state_is_owed(struct state *state);

/* Calls fn with each change that is owed, oldest first; none is made meanwhile. Says how often the
 * list has changed so far, as state_owed_changes() does. */
unsigned state_each_owed(struct state *state, void (*fn)(struct state_change *change, void *arg),
                         void *arg);
unsigned state_owed_changes(struct state *state);

/* A connection for reading, from one moment to the next state_read_end(). */
NODISCARD struct state_db *state_read(struct state *state);
void state_read_end(struct state *state, struct state_db *db);

/* False: there is no dead property at this path. Costs no look at the database. */
bool state_may_have_props(struct state *state, struct res_path path);
/* False: nor at any path below it. */
bool state_may_have_props_within(struct state *state, struct res_path tree);
void state_note_props(struct state *state, struct res_path path);
