/* The quota of an account: so many addresses a day. What counts is the address and not the request,
 * so an address that the account has had fetched on this day before costs nothing.
 *
 * Each link is counted before it is fetched, in a transaction of its own: two processes of one
 * account never use more than its day's links together, and one that is killed has paid for what it
 * asked for and no more. That is dear beside a counter, and nothing beside a request. */
#include "check/model/history_priv.h"

enum { DAY_MS = 86400000 };

/* Whether it is the account's first fetch of the URL on this day. */
static bool add_fetched(struct history *history, struct str account, struct str url, bool *is_new)
{
    struct err err;
    sqlite3_stmt *stmt = history_begin(history, ADD_FETCHED);
    history_bind_text(stmt, 1, account);
    history_bind_int(stmt, 2, history->quota_day);
    history_bind_text(stmt, 3, url);
    if (!history_run(history, stmt, &err))
        return false;
    *is_new = sqlite3_changes(history->db) > 0;
    return true;
}

static bool count_one(struct history *history, struct str account, uint64_t per_day)
{
    struct err err;
    sqlite3_stmt *stmt = history_begin(history, TAKE_QUOTA);
    history_bind_text(stmt, 1, account);
    history_bind_int(stmt, 2, history->quota_day);
    history_bind_int(stmt, 3, i64_of_u64(per_day));
    return history_run(history, stmt, &err) && sqlite3_changes(history->db) > 0;
}

static void begin_day(struct history *history, int64_t day)
{
    struct err err;
    history->quota_day = day;
    sqlite3_stmt *stmt = history_begin(history, FORGET_FETCHED);
    history_bind_int(stmt, 1, day);
    (void)!history_run(history, stmt, &err); /* rows that are left do no harm */
}

bool history_take_quota(struct history *history, const struct history_quota *quota, struct str url,
                        int64_t now_ms)
{
    struct err err;
    bool is_new = false;
    if (history->quota_day != now_ms / DAY_MS)
        begin_day(history, now_ms / DAY_MS);
    struct str account = str_of_c(quota->account);
    if (!history_sql(history, "BEGIN IMMEDIATE", &err))
        return false;
    bool is_fine = add_fetched(history, account, url, &is_new) &&
                   (!is_new || count_one(history, account, quota->per_day));
    if (is_fine && history_sql(history, "COMMIT", &err))
        return true;
    (void)sqlite3_exec(history->db, "ROLLBACK", NULL, NULL, NULL); /* the day is used up */
    return false;
}
