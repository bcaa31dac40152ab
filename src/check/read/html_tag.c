#include "check/read/html_tag.h"

const struct html_attr *html_attr_find(const struct html_tag *tag, struct str name)
{
    for (size_t i = 0; i < tag->attr_count; i++) {
        if (str_eq(tag->attrs[i].name, name))
            return &tag->attrs[i];
    }
    return NULL;
}
