/* http/media_type.h: content types from file names, by the system's own table. A file is never
 * opened to guess its type: that would cost an open and a read for each member of a listing. */
#pragma once

#include "base/arena.h"
#include "base/map.h"

struct media_types {
    struct map by_extension;
    struct arena arena;
};

void media_types_init(struct media_types *types);
void media_types_done(struct media_types *types);

/* Reads lines of "type/subtype ext ext ..." as in /etc/mime.types; later lines win. */
void media_types_read(struct media_types *types, struct str text);

/* Whether a browser may show it: it is nothing that runs, or could. */
bool media_type_is_harmless(struct str type);

/* "application/octet-stream" for a name without a known extension. No charset is
 * added: a file's name does not tell it, and a wrong one would overrule the file's own. */
struct str media_type_find(const struct media_types *types, struct str name);
