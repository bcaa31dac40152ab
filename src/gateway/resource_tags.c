#include "gateway/resource_tags.h"

/* How long a list is: "(<token> [\"a)\"] Not <token>)". A parenthesis in a tag is none. */
static size_t list_len(struct str text)
{
    char until = ')'; /* '>' and '"' within it */
    for (size_t i = 1; i < text.len; i++) {
        char c = text.at[i];
        if (until == ')' && (c == '<' || c == '"'))
            until = c == '<' ? '>' : '"';
        else if (c == until && until != ')')
            until = ')';
        else if (c == until)
            return i + 1;
    }
    return text.len;
}

void resource_tags_map(struct str value, struct tag_mapper *mapper, struct buf *to)
{
    while (value.len) {
        size_t len = value.at[0] == '(' ? list_len(value) : 1;
        size_t end = str_index(value, '>');
        struct buf mapped = {0};
        if (value.at[0] == '<' && end < value.len) {
            struct str uri = str_of(value.at + 1, end - 1);
            bool is_mapped = mapper->map(mapper, uri, &mapped);
            buf_add_char(to, '<');
            buf_add(to, is_mapped ? buf_str(&mapped) : uri);
            len = end;
        } else {
            buf_add(to, str_first(value, len));
        }
        buf_done(&mapped);
        value = str_from(value, len);
    }
}
