#include "base/err.h"

#include <errno.h>
#include <stdarg.h>

bool err_set(struct err *err, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    err->code = code;
    (void)vsnprintf(err->text, sizeof(err->text), format, args); /* cut short is good enough */
    va_end(args);
    return false;
}

bool err_sys(struct err *err, int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    err->code = code;
    int len = vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    size_t used = size_min(len < 0 ? 0 : (size_t)len, sizeof(err->text) - 1);
    char name[96];
    (void)snprintf(err->text + used, sizeof(err->text) - used, ": %s",
                   strerror_r(code, name, sizeof(name))); /* cut short is good enough */
    return false;
}

bool err_may_pass(const struct err *err)
{
    return err->code == EMFILE || err->code == ENFILE || err->code == ENOMEM || err->code == EIO ||
           err->code == ESTALE;
}
