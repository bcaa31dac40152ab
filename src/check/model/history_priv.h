/* check/model/history_priv.h: what the files of the history share. */
#pragma once

#include <sqlite3.h>

#include "base/buf.h"
#include "check/model/history.h"

enum statement {
    KNOWN,
    FAULTS,
    PUT_LINK,
    GET_LINK,
    PUT_BAD,
    KEEP_LINK,
    ADD_RUN,
    GET_RUN,
    REOPEN_RUN,
    END_RUN,
    FORGET_BAD,
    ADD_FETCHED,
    TAKE_QUOTA,
    FORGET_FETCHED,
    COMPARE,
    STATEMENT_COUNT,
};

struct history {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    int64_t quota_day; /* what was fetched on days before is forgotten */
};

/* Says what SQLite says. Returns false. */
bool history_fail(struct history *history, const char *doing, struct err *err);
NODISCARD bool history_sql(struct history *history, const char *sql, struct err *err);

/* The statement, ready for new values. */
sqlite3_stmt *history_begin(struct history *history, enum statement statement);
/* It has run, or given its last row; what went wrong is known from that. */
void history_end(sqlite3_stmt *stmt);
/* SQLite copies nothing of it: it must live until the statement has run. */
void history_bind_text(sqlite3_stmt *stmt, int at, struct str text);
void history_bind_int(sqlite3_stmt *stmt, int at, int64_t value);
struct str history_column_text(sqlite3_stmt *stmt, int at);
NODISCARD bool history_run(struct history *history, sqlite3_stmt *stmt, struct err *err);
