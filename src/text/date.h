/* text/date.h: the dates of HTTP (RFC 9110 §5.6.7) and of WebDAV's creationdate (RFC 3339).
 * Times are whole seconds since 1970-01-01 UTC; years 1 to 9999. */
#pragma once

#include "base/buf.h"

enum { HTTP_DATE_LEN = 29, ISO_DATE_LEN = 20 };

/* Writes exactly HTTP_DATE_LEN bytes: "Sun, 06 Nov 1994 08:49:37 GMT". */
void http_date_format(char to[HTTP_DATE_LEN], int64_t seconds);
void http_date_add(struct buf *to, int64_t seconds);

/* Reads IMF-fixdate, RFC 850's and asctime's form, as RFC 9110 §5.6.7 obliges recipients to. */
NODISCARD bool http_date_parse(struct str text, int64_t *seconds_out);

/* Seconds since 1970 in decimal, perhaps negative, perhaps with a fraction, which is dropped. */
NODISCARD bool unix_date_parse(struct str text, int64_t *seconds_out);

/* "1994-11-06T08:49:37Z". */
void iso_date_add(struct buf *to, int64_t seconds);
/* Reads the first 15 characters of its basic form: "19941106T084937". */
NODISCARD bool iso_date_parse_basic(struct str text, int64_t *seconds_out);

/* RFC 3339 §5.6: also with a fraction, which is dropped, and an offset. */
NODISCARD bool iso_date_parse(struct str text, int64_t *seconds_out);

/* As MS-DOS has it: the day in the upper half, the time in the lower one, in UTC here. What it
 * cannot say, before 1980 and after 2107, is the first that it can. */
uint32_t dos_date_of(int64_t seconds);
