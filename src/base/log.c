#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

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

bool log_level_parse(const char *name, enum log_level *level_out)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *level_out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_line(enum log_level level, const char *format, ...)
{
    if (!log_is_on(level))
        return;
    char line[LINE_BYTES];
    int head = snprintf(line, sizeof(line), "davit: %s: ", level_names[level]);
    va_list args;
    va_start(args, format);
    int text = vsnprintf(line + head, sizeof(line) - (size_t)head - 1, format, args);
    va_end(args);
    if (text < 0)
        return;
    size_t len = size_min((size_t)head + (size_t)text, sizeof(line) - 2);
    for (size_t i = (size_t)head; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?'; /* a client's bytes must not forge lines or steer a terminal */
    }
    line[len++] = '\n';
    (void)!write(STDERR_FILENO, line, len); /* a lost log line has nowhere to be reported */
}
