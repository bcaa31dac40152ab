/* check/read/link.h: what the readers of documents say they found. */
#pragma once

#include "check/read/html_tag.h"

/* The rows of links.def. */
enum link_kind {
#define LINK(id, element, attribute, form, role) LINK_##id,
#include "check/read/links.def"
#undef LINK
    LINK_KIND_COUNT,
};

enum link_form { FORM_URL, FORM_LIST, FORM_SRCSET, FORM_STYLE, FORM_HTML, FORM_META, FORM_OTHER };
enum link_role { ROLE_PAGE, ROLE_PART, ROLE_FORM, ROLE_CITE, ROLE_HINT };

struct link_row {
    struct str element;
    struct str attribute;
    enum link_form form;
    enum link_role role;
};
extern const struct link_row link_rows[LINK_KIND_COUNT];

/* Marks the kinds of places whose "element@attribute" matches `pattern`, as file names do, but for
 * what a run is told to begin with. Returns whether there are any. */
bool link_kinds_mark(const char *pattern, bool marks[LINK_KIND_COUNT]);

/* Whether the address is one yet to be made: with "{id}", "<%= id %>" and their like in it. */
bool link_has_blanks(struct str raw);

struct found_link {
    struct str raw;  /* as it stands there, references and escapes resolved */
    struct str text; /* what a reader sees of it, short; may be empty */
    struct html_position at;
    enum link_kind kind;
};

/* Embedded by who wants to know. What it is given is valid during the call only. */
struct finder {
    void (*link)(struct finder *finder, const struct found_link *link);

    /* Optional. The document's own base, which holds for all of its links; the first one counts. */
    void (*base)(struct finder *finder, struct str href);
    /* Optional. A name that a fragment may have. */
    void (*anchor)(struct finder *finder, struct str name);
    /* Optional. The text of a heading of HTML, as it stands there. */
    void (*heading)(struct finder *finder, struct str text);
    /* Optional. Links have a base of their own until leave(): one that is relative to what holds
     * without it. */
    void (*enter)(struct finder *finder, struct str base);
    void (*leave)(struct finder *finder);
};

void finder_link(struct finder *finder, enum link_kind kind, struct str raw, struct str text,
                 struct html_position at);
