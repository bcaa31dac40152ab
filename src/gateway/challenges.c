#include "gateway/challenges.h"

#include "http/fields.h"

/* "Basic realm=…" and "Negotiate" begin a challenge, "charset=…" goes on with one. */
static bool is_beginning(struct str part)
{
    size_t word = str_index(part, ' ');
    return part.len && str_index(str_first(part, word), '=') == size_min(word, part.len);
}

static bool can_pass(struct str part)
{
    struct str scheme = str_first(part, str_index(part, ' '));
    return str_eq_nocase(scheme, STR("Basic")) || str_eq_nocase(scheme, STR("Bearer"));
}

bool challenges_pass(struct str value, struct buf *to)
{
    bool passes = false;
    size_t before = to->len;
    while (value.len) {
        size_t len = http_index_unquoted(value, ',');
        struct str part = str_trim(str_first(value, len));
        value = str_from(value, len + 1);
        if (is_beginning(part))
            passes = can_pass(part);
        if (!passes || part.len == 0)
            continue;
        if (to->len > before)
            BUF_ADD(to, ", ");
        buf_add(to, part);
    }
    return to->len > before;
}
