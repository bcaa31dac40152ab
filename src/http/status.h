/* http/status.h: status codes (RFC 9110 §15), from status.def. */
#pragma once

#include "base/str.h"

enum http_status {
#define HTTP_STATUS(code, name, reason, ...) HTTP_##name = (code),
#include "http/status.def"
#undef HTTP_STATUS
};

/* Statuses as a few numbers in a row: those that are registered, then classes of all others by
 * their first digit. */
enum {
#define HTTP_STATUS(code, name, reason, ...) STATUS_INDEX_##name,
#include "http/status.def"
#undef HTTP_STATUS
    STATUS_INDEX_CLASS,
    STATUS_INDEX_SUCCESSES = STATUS_INDEX_CLASS + 2,
    STATUS_INDEX_COUNT = STATUS_INDEX_CLASS + 10
};
size_t http_status_index(unsigned status);
/* "404", "4xx"; of no status at all "none". */
const char *http_status_of_index(size_t index);

/* The reason phrase; "Unknown" for a code that is not registered. */
struct str http_reason(unsigned status);

/* A status line as it stands in a 207 (RFC 4918 §14.28): "HTTP/1.1 200 OK". */
struct http_status_line {
    unsigned status;
    struct str version; /* "HTTP/1.1"; empty: it does not begin with one */
    struct str reason;
};

/* Reads also what is not as it should be: without a version, without a reason, with more spaces.
 * False: there is no status of three digits in it. */
NODISCARD bool http_status_line_parse(struct str text, struct http_status_line *line_out);

static inline bool http_is_success(unsigned status)
{
    return status >= 200 && status < 300;
}

static inline bool http_is_error(unsigned status)
{
    return status >= 400;
}

/* The resource has moved for good: RFC 9110 §15.4. */
static inline bool http_is_moved(unsigned status)
{
    return status == HTTP_MOVED_PERMANENTLY || status == HTTP_PERMANENT_REDIRECT;
}

/* An answer with this status never has a body: RFC 9110 §6.4.1. */
static inline bool http_is_bodiless(unsigned status)
{
    return status < 200 || status == HTTP_NO_CONTENT || status == HTTP_NOT_MODIFIED;
}
