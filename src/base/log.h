/* base/log.h: the error log: lines on stderr, each written whole by one system call.
 * Library folders return their errors; server/ and cli/ log them, once. Any thread may log. */
#pragma once

#include "base/base.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);

/* One line without its end. What could forge a line or steer a terminal is escaped as
 * utf8_take_visible() says. */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

/* For commands: prints to a terminal, escaped likewise but for line ends. */
void tell(FILE *to, const char *format, ...) PRINTF_LIKE(2, 3);
