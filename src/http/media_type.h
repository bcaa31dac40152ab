/* http/media_type.h: content types from file names, by the system's own table. A file is never
 * opened to guess its type: that would cost an open and a read for each member of a listing. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"

struct media_types {
    struct map by_extension;
    struct arena arena;
};

void media_types_init(struct media_types *types);
void media_types_done(struct media_types *types);

/* Reads lines of "type/subtype ext ext ..." as in /etc/mime.types; later lines win. */
void media_types_read(struct media_types *types, struct str text);

/* Whether a browser may show it: it is nothing that runs, or could. Its case and parameters do not
 * count. */
bool media_type_is_harmless(struct str type);

/* "application/octet-stream" for a name without a known extension. No charset is
 * added: a file's name does not tell it, and a wrong one would overrule the file's own. */
struct str media_type_find(const struct media_types *types, struct str name);

/* Whether the name has a known extension. */
bool media_type_is_told(const struct media_types *types, struct str name);

/* Appends what a Content-Type field says, in small letters, of its parameters the charset alone.
 * False, and nothing is appended: it says nothing, or what programs say that do not know. */
NODISCARD bool media_type_take(struct buf *to, struct str field);

/* "type/subtype", without parameters. */
struct str media_type_essence(struct str type);

/* Whether it is text of some kind, which becomes much smaller when it is compressed. */
bool media_type_is_text(struct str type);

/* "application/xml" or "text/xml" (RFC 7303 §9). */
bool media_type_is_xml(struct str type);
