#include "http/status.h"

struct str http_reason(unsigned status)
{
    switch (status) {
#define HTTP_STATUS(code, name, reason)                                                            \
    case code:                                                                                     \
        return STR(reason);
#include "http/status.def"
#undef HTTP_STATUS
    default:
        return STR("Unknown");
    }
}
