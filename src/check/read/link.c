#include "check/read/link.h"

#include <fnmatch.h>

const struct link_row link_rows[LINK_KIND_COUNT] = {
#define LINK(id, element, attribute, form, role)                                                   \
    [LINK_##id] = {STR_INIT(element), STR_INIT(attribute), FORM_##form, ROLE_##role},
#include "check/read/links.def"
#undef LINK
};

/* --exclude-place would leave nothing of a run without them. */
static bool is_start(int kind)
{
    return kind == LINK_START || kind == LINK_FOLDER_FILE || kind == LINK_LIST_LINE ||
           kind == LINK_ROBOTS_SITEMAP || kind == LINK_SITEMAP_SITEMAP;
}

bool link_kinds_mark(const char *pattern, bool marks[LINK_KIND_COUNT])
{
    bool is_any = false;
    for (int kind = 0; kind < LINK_KIND_COUNT; kind++) {
        char name[64];
        str_print(name, sizeof(name), "%.*s@%.*s", STR_ARGS(link_rows[kind].element),
                  STR_ARGS(link_rows[kind].attribute));
        if (is_start(kind) || fnmatch(pattern, name, 0) != 0)
            continue;
        marks[kind] = is_any = true;
    }
    return is_any;
}

bool link_has_blanks(struct str raw)
{
    for (size_t i = 0; i < raw.len; i++) {
        if (strchr("{}<>", raw.at[i]) && raw.at[i])
            return true;
    }
    return false;
}

void finder_link(struct finder *finder, enum link_kind kind, struct str raw, struct str text,
                 struct html_position at)
{
    const struct found_link link = {.raw = raw, .text = text, .at = at, .kind = kind};
    finder->link(finder, &link);
}
