#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/utf8.h"

enum { LINE_BYTES = 2048 };

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static _Atomic int current_level = LOG_INFO;

void log_set_level(enum log_level level)
{
    current_level = (int)level;
}

bool log_is_on(enum log_level level)
{
    return (int)level <= current_level;
}

/* Adds to what is in `line` as much as there is room for. */
static size_t add_visible(char *line, size_t len, size_t cap, struct str text)
{
    char escape[UTF8_ESCAPE_BYTES];
    struct str visible;
    while (text.len) {
        size_t taken = utf8_take_visible(text, escape, &visible);
        if (len + visible.len > cap)
            break;
        memcpy(line + len, visible.at, visible.len);
        len += visible.len;
        text = str_from(text, taken);
    }
    return len;
}

void log_line(enum log_level level, const char *format, ...)
{
    char text[LINE_BYTES];
    char line[LINE_BYTES];
    if (!log_is_on(level))
        return;
    va_list args;
    va_start(args, format);
    int text_len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    int head_len = snprintf(line, sizeof(line), "davit: %s: ", level_names[level]);
    if (text_len < 0 || head_len < 0)
        return;
    size_t len = size_min((size_t)text_len, sizeof(text) - 1);
    len = add_visible(line, (size_t)head_len, sizeof(line) - 1, str_of(text, len));
    line[len++] = '\n';
    (void)!write(STDERR_FILENO, line, len); /* a lost log line has nowhere to be reported */
}

void tell(FILE *to, const char *format, ...)
{
    struct buf text = {0};
    struct buf visible = {0};
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(len >= 0);
    va_start(args, format);
    text.len =
        (size_t)vsnprintf(buf_reserve(&text, (size_t)len + 1), (size_t)len + 1, format, args);
    va_end(args);
    struct str rest = buf_str(&text);
    while (rest.len) {
        bool has_end = str_index(rest, '\n') < rest.len;
        utf8_add_printable(&visible, str_cut(&rest, '\n'));
        if (has_end)
            buf_add_char(&visible, '\n');
    }
    if (visible.len)
        (void)fwrite(visible.at, 1, visible.len, to); /* whoever flushes it learns of a failure */
    buf_done(&text);
    buf_done(&visible);
}
