/* check/read/markdown/names.h: what the headings of a document are called in URLs. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "check/read/link.h"

struct heading_names {
    struct arena arena;
    struct map taken; /* struct heading_name */
};

void heading_names_done(struct heading_names *names);

/* Tells of the names of the next heading: GitHub's, and the one that its "{#id}" says. */
void heading_names_add(struct heading_names *names, struct str text, struct finder *finder);

/* The name without regard to those before it, appended: small letters, '-' for spaces, and no
 * punctuation. */
void heading_name(struct str text, struct buf *to);

/* The form in which names and fragments of Markdown are compared, which is the same for letters
 * small and large. Memory from the arena. */
struct str heading_name_fold(struct arena *arena, struct str name);
