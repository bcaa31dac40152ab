/* check/read/html_tag.h: a start tag of a page, and where it stands. */
#pragma once

#include "base/str.h"

/* Both from 1; columns count characters. */
struct html_position {
    uint32_t line;
    uint32_t column;
};

struct html_attr {
    struct str name;         /* lower case */
    struct str value;        /* references resolved */
    struct html_position at; /* where the value begins; without a value, where the name does */
};

struct html_tag {
    struct str name;               /* lower case */
    const struct html_attr *attrs; /* the first of each name comes first */
    size_t attr_count;
    struct html_position at;
    bool is_foreign; /* of SVG or MathML */
    bool is_self_closing;
};

/* The value of the first attribute of that name; NULL: there is none. */
const struct html_attr *html_attr_find(const struct html_tag *tag, struct str name);
