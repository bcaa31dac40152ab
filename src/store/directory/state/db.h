/* store/directory/state/db.h: a connection to the database of state.h, and the statements. */
#pragma once

#include <sqlite3.h>

#include "store/state_home.h"
#include "store/store.h"

#define STATE_NAME "state.db"

/* The statements that the backend uses; db.c has their text. */
enum state_sql {
    SQL_PROPS_OF,            /* path */
    SQL_PROP_SIZE,           /* path: how many, and how many bytes */
    SQL_PROP_SET,            /* path, ns, name, xml */
    SQL_PROP_REMOVE,         /* path, ns, name */
    SQL_PROPS_WITHIN,        /* path, below, beyond: distinct paths */
    SQL_PROP_KEYS,           /* path, ns, name: those behind it, in this order */
    SQL_PROP_ROWS,           /* row: the numbers of those behind it */
    SQL_PROPS_REMOVE,        /* path */
    SQL_PROPS_COPY,          /* from, to */
    SQL_PROPS_RENAME,        /* from, to */
    SQL_ACLS_INDEX,          /* nothing */
    SQL_ACLS_ALL,            /* nothing: path, text */
    SQL_INTENT_ADD,          /* source, target, inode, is_copy */
    SQL_INTENT_REMOVE,       /* id */
    SQL_INTENTS_ALL,         /* nothing: id, source, target, inode, is_copy */
    SQL_INTENT_LOCK_ADD,     /* intent, token */
    SQL_INTENT_LOCKS_OF,     /* intent: token */
    SQL_INTENT_LOCKS_REMOVE, /* intent */
    SQL_STRAY_ADD,           /* path */
    SQL_STRAYS_REMOVE,       /* nothing */
    SQL_STRAYS_ALL,          /* nothing: path */
    SQL_HAS_LOCKS,           /* nothing: a row where the table of locks is there */
    SQL_LOCKS_ALL,           /* nothing: all columns */
    SQL_LOCKS_DROP,          /* nothing */
    STATE_SQL_COUNT
};

/* A connection to the database, borrowed for a while. */
struct state_db {
    sqlite3 *handle;
    struct state_file file;
    sqlite3_stmt *statements[STATE_SQL_COUNT];
    struct state_db *next; /* the pool's */
};

/* How it is opened. */
struct db_options {
    struct state_home *home;
    const char *name; /* in the home */
    char *file;       /* as SQLite wants its name */
    bool is_read_only;
    enum store_durability durability;
};

/* Opens what is there. NULL: `err` says why; EUCLEAN: it is damaged, or no database at all. Gives.
 */
NODISCARD struct state_db *db_open(const struct db_options *options, struct err *err);
void db_close(struct state_db *db); /* NULL is fine */

/* EUCLEAN, if what has failed last did because it is damaged, or no database at all; or 0. */
int db_code(sqlite3 *handle);
/* What a code means, after `what`; those that only an administrator can mend are logged. */
NODISCARD enum store_rc db_rc(int code, sqlite3 *handle, const char *what);
/* SQL without rows that anybody wants. False: it failed, and was logged. */
NODISCARD bool db_run(sqlite3 *handle, const char *text);

/* The statement, ready to be bound. */
NODISCARD sqlite3_stmt *state_prepare(struct state_db *db, enum state_sql sql);
void state_bind(sqlite3_stmt *statement, int index, struct str bytes);
/* Binds path, and the bounds of what lies below it, from `index` on. */
void state_bind_tree(sqlite3_stmt *statement, int index, struct res_path path);
/* The bytes of a column; valid until the next step. */
struct str state_column(sqlite3_stmt *statement, int column);
/* OK: there is a row; END: there is none (any more); any other: it failed, and was logged. */
NODISCARD enum store_rc state_step(sqlite3_stmt *statement);
/* For a statement without rows: OK or what failed. */
NODISCARD enum store_rc state_run(sqlite3_stmt *statement);
