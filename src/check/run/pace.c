/* The pace of one host: so many requests at a time, and so long between them.
 *
 * It begins with half of what is allowed at a time and is given one more for every few good
 * answers. When the host says that it is asked too often the number is halved, as TCP does it. When
 * more than half of the last answers say that the host is in trouble it is left alone for a while,
 * longer each time: going on would make its trouble worse and the report wrong.
 *
 * This machine itself is asked as fast as it can be: whoever checks a site on it wants that, and
 * the waits would only be waits. */
#include "check/run/pace.h"

#include "base/str.h"
#include "text/date.h"

enum {
    GOOD_FOR_ONE_MORE = 4,
    WINDOW = 20,
    PAUSE_MS = 10000,
    PAUSES_MAX = 3,
    RETRY_MS = 500,
    RETRY_LOOPBACK_MS = 20,
    RETRY_MS_MAX = 30000,
};

void pace_init(struct pace *pace, unsigned limit_max, double rate, bool is_loopback)
{
    *pace = (struct pace){.limit_max = limit_max ? limit_max : 1, .is_loopback = is_loopback};
    pace->limit = is_loopback ? pace->limit_max : (pace->limit_max + 1) / 2;
    if (rate > 0)
        pace->interval_ms = (int64_t)(1000 / rate);
}

void pace_set_delay(struct pace *pace, double seconds)
{
    int64_t ms = (int64_t)(seconds * 1000);
    if (ms <= pace->interval_ms)
        return;
    pace->interval_ms = ms;
    pace->limit = pace->limit_max = 1;
}

int64_t pace_next_ms(const struct pace *pace, int64_t now_ms)
{
    if (pace->under_way >= pace->limit || pace->is_kept_free)
        return INT64_MAX;
    return pace->next_ms > now_ms ? pace->next_ms : now_ms;
}

void pace_begin(struct pace *pace, int64_t now_ms)
{
    pace->under_way++;
    if (pace->interval_ms)
        pace_wait_until(pace, now_ms + pace->interval_ms);
}

bool pace_keep_free(struct pace *pace)
{
    pace->is_kept_free = true;
    return pace->under_way == 0;
}

void pace_release(struct pace *pace)
{
    pace->is_kept_free = false;
}

void pace_wait_until(struct pace *pace, int64_t at_ms)
{
    if (at_ms > pace->next_ms)
        pace->next_ms = at_ms;
}

/* The window is looked at when it is full. */
static void look_at_window(struct pace *pace, int64_t now_ms)
{
    if (pace->recent < WINDOW)
        return;
    bool is_in_trouble = pace->recent_bad * 2 > pace->recent;
    pace->recent = pace->recent_bad = 0;
    if (!is_in_trouble || pace->is_loopback || pace->pauses == PAUSES_MAX)
        return;
    pace_wait_until(pace, now_ms + ((int64_t)PAUSE_MS << pace->pauses++));
    pace->limit = 1;
}

void pace_end(struct pace *pace, enum pace_end end, int64_t now_ms)
{
    assert(pace->under_way > 0);
    pace->under_way--;
    pace->recent++;
    if (end == PACE_GOOD) {
        if (++pace->good_in_row % GOOD_FOR_ONE_MORE == 0 && pace->limit < pace->limit_max)
            pace->limit++;
    } else {
        pace->good_in_row = 0;
        pace->recent_bad++;
    }
    if (end == PACE_THROTTLED && pace->limit > 1 && !pace->is_loopback)
        pace->limit /= 2;
    look_at_window(pace, now_ms);
}

int64_t retry_after_ms(const char *text, size_t len, int64_t wall_ms)
{
    uint64_t seconds;
    int64_t date_s;
    struct str value = str_trim(str_of(text, len));
    if (str_parse_u64(value, &seconds))
        return seconds < INT32_MAX ? (int64_t)seconds * 1000 : INT32_MAX;
    if (!http_date_parse(value, &date_s))
        return -1;
    int64_t left_ms = date_s * 1000 - wall_ms;
    return left_ms > 0 ? left_ms : 0;
}

int64_t retry_wait_ms(unsigned tries, bool is_loopback, uint64_t random)
{
    int64_t ms = is_loopback ? RETRY_LOOPBACK_MS : RETRY_MS;
    for (unsigned i = 1; i < tries && ms < RETRY_MS_MAX; i++)
        ms *= 2;
    return ms / 2 + (int64_t)(random % (uint64_t)ms); /* between a half and one and a half */
}
