#include "check/read/link.h"

const struct link_row link_rows[LINK_KIND_COUNT] = {
#define LINK(id, element, attribute, form, role)                                                   \
    [LINK_##id] = {STR_INIT(element), STR_INIT(attribute), FORM_##form, ROLE_##role},
#include "check/read/links.def"
#undef LINK
};

void finder_link(struct finder *finder, enum link_kind kind, struct str raw, struct str text,
                 struct html_position at)
{
    const struct found_link link = {.raw = raw, .text = text, .at = at, .kind = kind};
    finder->link(finder, &link);
}
