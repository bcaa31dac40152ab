/* Dates by arithmetic alone: the C library's calendar functions look at the locale and the time
 * zone, keep hidden state, and are slow enough to be seen in a listing of many members.
 *
 * The calendar is proleptic Gregorian. Days are counted from 0000-03-01, so that the leap day is
 * the last of its year: an era is 400 years of 146097 days, and the month follows from the day of
 * the year by a linear formula (153 days for each five months from March on). */
#include "text/date.h"

#include "base/clock.h"

static const char day_names[] = "SunMonTueWedThuFriSat";
static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

enum {
    SECONDS_PER_DAY = 86400,
    DAYS_PER_ERA = 146097,
    DAYS_TO_1970 = 719468, /* from 0000-03-01 */
};

struct civil {
    int year, month, day; /* month and day from 1 */
    int hour, minute, second;
    int weekday; /* 0 is Sunday */
};

static int64_t days_of_civil(int year, int month, int day)
{
    int64_t shifted = month <= 2 ? year - 1 : year;
    int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
    int64_t year_of_era = shifted - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

static int64_t seconds_of(const struct civil *civil)
{
    int64_t days = days_of_civil(civil->year, civil->month, civil->day);
    return days * SECONDS_PER_DAY + civil->hour * 3600 + civil->minute * 60 + civil->second;
}

static struct civil civil_of(int64_t seconds)
{
    static const int64_t first = -62135596800; /* 0001-01-01 */
    static const int64_t last = 253402300799;  /* 9999-12-31: what four digits can say */
    seconds = seconds < first ? first : seconds > last ? last : seconds;
    int64_t days = seconds / SECONDS_PER_DAY;
    int64_t rest = seconds % SECONDS_PER_DAY;
    if (rest < 0) {
        rest += SECONDS_PER_DAY;
        days--;
    }
    int64_t shifted = days + DAYS_TO_1970;
    int64_t era = shifted / DAYS_PER_ERA;
    int64_t doe = shifted - era * DAYS_PER_ERA;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t month = (5 * doy + 2) / 153;
    return (struct civil){
        .year = (int)(yoe + era * 400 + (month >= 10)),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(doy - (153 * month + 2) / 5 + 1),
        .hour = (int)(rest / 3600),
        .minute = (int)(rest / 60 % 60),
        .second = (int)(rest % 60),
        .weekday = (int)(((days + 4) % 7 + 7) % 7), /* 1970-01-01 was a Thursday */
    };
}

static void put_digits(char *to, int value, int digits)
{
    while (digits-- > 0) {
        to[digits] = (char)('0' + value % 10);
        value /= 10;
    }
}

static void put_time(char *to, const struct civil *civil)
{
    put_digits(to, civil->hour, 2);
    to[2] = ':';
    put_digits(to + 3, civil->minute, 2);
    to[5] = ':';
    put_digits(to + 6, civil->second, 2);
}

void http_date_format(char to[HTTP_DATE_LEN], int64_t seconds)
{
    struct civil civil = civil_of(seconds);
    memcpy(to, "Day, 00 Mon 0000 00:00:00 GMT", HTTP_DATE_LEN);
    memcpy(to, day_names + 3 * civil.weekday, 3);
    put_digits(to + 5, civil.day, 2);
    memcpy(to + 8, month_names + 3 * (civil.month - 1), 3);
    put_digits(to + 12, civil.year, 4);
    put_time(to + 17, &civil);
}

void http_date_add(struct buf *to, int64_t seconds)
{
    http_date_format(buf_reserve(to, HTTP_DATE_LEN), seconds);
    to->len += HTTP_DATE_LEN;
}

void iso_date_add(struct buf *to, int64_t seconds)
{
    struct civil civil = civil_of(seconds);
    char *at = buf_reserve(to, ISO_DATE_LEN);
    memcpy(at, "0000-00-00T00:00:00Z", ISO_DATE_LEN);
    put_digits(at, civil.year, 4);
    put_digits(at + 5, civil.month, 2);
    put_digits(at + 8, civil.day, 2);
    put_time(at + 11, &civil);
    to->len += ISO_DATE_LEN;
}

/* --- reading --- */

/* Matches `text` against a picture: 'd' a digit, '_' a space or a digit, 'N' a letter, and all
 * else itself. */
static bool looks_like(struct str text, struct str picture)
{
    if (text.len != picture.len)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        bool is_fine = c == picture.at[i];
        if (picture.at[i] == 'd')
            is_fine = char_is_digit(c);
        else if (picture.at[i] == '_')
            is_fine = c == ' ' || char_is_digit(c);
        else if (picture.at[i] == 'N')
            is_fine = char_is_alpha(c);
        if (!is_fine)
            return false;
    }
    return true;
}

static int number_at(struct str text, size_t at, size_t digits)
{
    int value = 0;
    for (size_t i = at; i < at + digits; i++)
        value = value * 10 + (text.at[i] == ' ' ? 0 : text.at[i] - '0');
    return value;
}

/* 1 to 12, or 0 when it is none. */
static int month_at(struct str text, size_t at)
{
    for (int month = 1; month <= 12; month++) {
        if (memcmp(text.at + at, month_names + 3 * (month - 1), 3) == 0)
            return month;
    }
    return 0;
}

static void read_time(struct str text, size_t at, struct civil *civil)
{
    civil->hour = number_at(text, at, 2);
    civil->minute = number_at(text, at + 3, 2);
    civil->second = number_at(text, at + 6, 2);
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

/* Of the years that end so, the last one that does not make the date seem more than 50 years in the
 * future: RFC 9110 §5.6.7. */
static void set_short_year(struct civil *civil, int year)
{
    struct civil ahead = civil_of(clock_wall_ms() / 1000);
    civil->year = ahead.year - ahead.year % 100 + 100 + year;
    ahead.year += 50;
    while (seconds_of(civil) > seconds_of(&ahead))
        civil->year -= 100;
}

static bool read_picture(struct str text, struct civil *civil)
{
    if (looks_like(text, STR("NNN, dd NNN dddd dd:dd:dd GMT"))) {
        civil->day = number_at(text, 5, 2);
        civil->month = month_at(text, 8);
        civil->year = number_at(text, 12, 4);
        read_time(text, 17, civil);
        return true;
    }
    if (looks_like(text, STR("NNN NNN _d dd:dd:dd dddd"))) { /* asctime */
        civil->month = month_at(text, 4);
        civil->day = number_at(text, 8, 2);
        read_time(text, 11, civil);
        civil->year = number_at(text, 20, 4);
        return true;
    }
    struct str rest = text;
    struct str weekday = str_cut(&rest, ',');
    if (weekday.len >= 6 && weekday.len <= 9 && looks_like(rest, STR(" dd-NNN-dd dd:dd:dd GMT"))) {
        civil->day = number_at(rest, 1, 2);
        civil->month = month_at(rest, 4);
        read_time(rest, 11, civil);
        set_short_year(civil, number_at(rest, 8, 2));
        return true;
    }
    return false;
}

static bool take_civil(const struct civil *civil, int64_t *seconds_out)
{
    if (civil->month < 1 || civil->month > 12 || civil->year == 0)
        return false;
    if (civil->day < 1 || civil->day > days_in_month(civil->year, civil->month))
        return false;
    if (civil->hour > 23 || civil->minute > 59 || civil->second > 60)
        return false;
    *seconds_out = seconds_of(civil);
    return true;
}

bool http_date_parse(struct str text, int64_t *seconds_out)
{
    struct civil civil = {0};
    return read_picture(text, &civil) && take_civil(&civil, seconds_out);
}

bool iso_date_parse_basic(struct str text, int64_t *seconds_out)
{
    struct civil civil = {0};
    if (!looks_like(text, STR("ddddddddTdddddd")))
        return false;
    civil.year = number_at(text, 0, 4);
    civil.month = number_at(text, 4, 2);
    civil.day = number_at(text, 6, 2);
    civil.hour = number_at(text, 9, 2);
    civil.minute = number_at(text, 11, 2);
    civil.second = number_at(text, 13, 2);
    return take_civil(&civil, seconds_out);
}

bool unix_date_parse(struct str text, int64_t *seconds_out)
{
    static const int64_t first = -62135596800; /* 0001-01-01 */
    static const int64_t last = 253402300799;  /* 9999-12-31 */
    bool is_negative = str_starts(text, STR("-"));
    struct str fraction = str_from(text, is_negative ? 1 : 0);
    bool has_fraction = str_index(fraction, '.') < fraction.len;
    struct str whole = str_cut(&fraction, '.');
    uint64_t seconds;
    uint64_t ignored;
    if (!str_parse_u64(whole, &seconds) || seconds > (uint64_t)last ||
        (has_fraction && !str_parse_u64(fraction, &ignored)))
        return false;
    int64_t signed_seconds = is_negative ? -(int64_t)seconds : (int64_t)seconds;
    if (signed_seconds < first)
        return false;
    *seconds_out = signed_seconds;
    return true;
}

/* --- RFC 3339, read --- */

/* Takes so many digits. */
static bool take_digits(struct str *text, size_t count, int *value_out)
{
    int value = 0;
    if (text->len < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!char_is_digit(text->at[i]))
            return false;
        value = value * 10 + (text->at[i] - '0');
    }
    *text = str_from(*text, count);
    *value_out = value;
    return true;
}

static bool take_char(struct str *text, char a, char b)
{
    if (!text->len || (text->at[0] != a && text->at[0] != b))
        return false;
    *text = str_from(*text, 1);
    return true;
}

/* Seconds east of UTC. */
static bool take_offset(struct str *text, int *offset_out)
{
    int hours, minutes;
    bool is_west = text->len && text->at[0] == '-';
    if (take_char(text, 'Z', 'z')) {
        *offset_out = 0;
        return true;
    }
    if (!take_char(text, '+', '-') || !take_digits(text, 2, &hours) || !take_char(text, ':', ':') ||
        !take_digits(text, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *offset_out = (hours * 60 + minutes) * (is_west ? -60 : 60);
    return true;
}

bool iso_date_parse(struct str text, int64_t *seconds_out)
{
    struct civil civil = {0};
    int offset;
    bool is_fine = take_digits(&text, 4, &civil.year) && take_char(&text, '-', '-') &&
                   take_digits(&text, 2, &civil.month) && take_char(&text, '-', '-') &&
                   take_digits(&text, 2, &civil.day) && take_char(&text, 'T', 't') &&
                   take_digits(&text, 2, &civil.hour) && take_char(&text, ':', ':') &&
                   take_digits(&text, 2, &civil.minute) && take_char(&text, ':', ':') &&
                   take_digits(&text, 2, &civil.second);
    if (is_fine && take_char(&text, '.', '.')) {
        is_fine = text.len && char_is_digit(text.at[0]);
        while (text.len && char_is_digit(text.at[0]))
            text = str_from(text, 1);
    }
    if (!is_fine || !take_offset(&text, &offset) || text.len || civil.year < 1 || civil.month < 1 ||
        civil.month > 12 || civil.day < 1 || civil.day > 31 || civil.hour > 23 ||
        civil.minute > 59 || civil.second > 60)
        return false;
    *seconds_out = seconds_of(&civil) - offset;
    return true;
}

/* --- MS-DOS --- */

uint32_t dos_date_of(int64_t seconds)
{
    enum { YEAR_FIRST = 1980, YEAR_LAST = 2107 };
    struct civil civil = civil_of(seconds);
    if (civil.year < YEAR_FIRST || civil.year > YEAR_LAST)
        civil = (struct civil){.year = YEAR_FIRST, .month = 1, .day = 1};
    unsigned day = (unsigned)((civil.year - YEAR_FIRST) << 9 | civil.month << 5 | civil.day);
    unsigned time = (unsigned)(civil.hour << 11 | civil.minute << 5 | civil.second / 2);
    return day << 16 | time;
}
