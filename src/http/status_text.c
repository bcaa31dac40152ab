#include "http/status_text.h"

const struct status_text http_status_texts[] = {
#define HTTP_STATUS(code_, name_, reason_, source_, ...)                                           \
    {.code = (code_), .name = (reason_), .source = (source_), __VA_ARGS__},
#include "http/status.def"
#undef HTTP_STATUS
};

const size_t http_status_text_count = ARRAY_LEN(http_status_texts);

const struct status_text *http_status_text_find(unsigned code)
{
    for (size_t i = 0; i < http_status_text_count; i++) {
        if (http_status_texts[i].code == code)
            return &http_status_texts[i];
    }
    return NULL;
}
