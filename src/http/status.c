#include "http/status.h"

struct str http_reason(unsigned status)
{
    switch (status) {
#define HTTP_STATUS(code, name, reason, ...)                                                       \
    case code:                                                                                     \
        return STR(reason);
#include "http/status.def"
#undef HTTP_STATUS
    default:
        return STR("Unknown");
    }
}

size_t http_status_index(unsigned status)
{
    switch (status) {
#define HTTP_STATUS(code, name, reason, ...)                                                       \
    case code:                                                                                     \
        return STATUS_INDEX_##name;
#include "http/status.def"
#undef HTTP_STATUS
    default:
        return STATUS_INDEX_CLASS + (status < 1000 ? status / 100 : 0);
    }
}

const char *http_status_of_index(size_t index)
{
    static const char *const names[STATUS_INDEX_COUNT] = {
#define HTTP_STATUS(code, ...) #code,
#include "http/status.def"
#undef HTTP_STATUS
        "none", "1xx", "2xx", "3xx", "4xx", "5xx", "6xx", "7xx", "8xx", "9xx"};
    return names[index];
}

/* XML's white space, at both ends. */
static struct str trim(struct str text)
{
    static const char white[] = " \t\r\n";
    while (text.len && memchr(white, text.at[0], sizeof(white) - 1))
        text = str_from(text, 1);
    while (text.len && memchr(white, text.at[text.len - 1], sizeof(white) - 1))
        text.len--;
    return text;
}

bool http_status_line_parse(struct str text, struct http_status_line *line_out)
{
    struct http_status_line line = {0};
    uint64_t status;
    text = trim(text);
    if (str_starts_nocase(text, STR("HTTP/"))) {
        line.version = str_cut(&text, ' ');
        text = trim(text);
    }
    if (text.len > 3 && text.at[3] != ' ')
        return false;
    if (!str_parse_u64(str_first(text, 3), &status) || status < 100 || status > 999)
        return false;
    line.status = (unsigned)status;
    line.reason = trim(str_from(text, 3));
    *line_out = line;
    return true;
}
