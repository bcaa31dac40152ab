#include "check/read/markdown/names.h"

#include "check/read/markdown/source.h"
#include "text/unicode.h"
#include "text/utf8_clean.h"

struct heading_name {
    struct map_entry entry;
    uint32_t repeats; /* so far */
};

void heading_names_done(struct heading_names *names)
{
    map_done(&names->taken);
    arena_done(&names->arena);
}

struct str heading_name_fold(struct arena *arena, struct str name)
{
    return unicode_form(arena, name, UNICODE_SMALL);
}

void heading_name(struct str text, struct buf *to)
{
    struct arena arena = {0};
    struct buf kept = {0};
    while (text.len) {
        size_t len;
        uint32_t c = utf8_read(text, &len);
        if (c == ' ')
            buf_add_char(&kept, '-');
        else if (c == '-' || unicode_is_word(c))
            buf_add(&kept, str_first(text, len));
        text = str_from(text, len);
    }
    buf_add(to, heading_name_fold(&arena, buf_str(&kept)));
    buf_done(&kept);
    arena_done(&arena);
}

static struct heading_name *take(struct heading_names *names, struct str text)
{
    struct heading_name *name = ARENA_NEW(&names->arena, struct heading_name);
    map_add(&names->taken, &name->entry, arena_str(&names->arena, text));
    return name;
}

/* The second "usage" is "usage-1", unless that is another heading's. */
static void number_apart(struct heading_names *names, struct buf *name)
{
    struct map_entry *entry = map_find(&names->taken, buf_str(name));
    if (names->taken.count >= MARKDOWN_NUMBERED_MAX)
        return;
    if (entry) {
        struct heading_name *first = CONTAINER_OF(entry, struct heading_name, entry);
        size_t len = name->len;
        do {
            name->len = len;
            buf_addf(name, "-%u", ++first->repeats);
        } while (map_find(&names->taken, buf_str(name)));
    }
    (void)take(names, buf_str(name)); /* known to the map */
}

/* "Title {#id}", as other programs than GitHub's read it. */
static void tell_id(struct str text, struct finder *finder)
{
    text = str_trim(text);
    size_t open = str_index_last(text, '{');
    struct str id = str_from(text, open);
    if (!str_starts(id, STR("{#")) || !str_ends(id, STR("}")))
        return;
    id = str_from(str_first(id, id.len - 1), 2);
    id = str_first(id, str_index(id, ' '));
    if (id.len)
        finder->anchor(finder, id);
}

void heading_names_add(struct heading_names *names, struct str text, struct finder *finder)
{
    struct buf name = {0};
    heading_name(text, &name);
    number_apart(names, &name);
    finder->anchor(finder, buf_str(&name));
    tell_id(text, finder);
    buf_done(&name);
}
