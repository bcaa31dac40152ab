/* text/ini.h: files of sections and keys, a line each:
 *
 *     # a comment; so is ;
 *     [section "subject"]
 *     key = value
 *
 * Blanks around a value do not count; quotes around it keep them. Nothing is escaped and no line is
 * continued. */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum ini_rc { INI_SECTION, INI_KEY, INI_END, INI_MALFORMED };

/* Zeroed but for the text. Views into it. */
struct ini {
    struct str rest;
    unsigned line; /* of what came last, from 1 */
    struct str section;
    struct str subject; /* empty: none */
    struct str key;
    struct str value;
};

/* The next section or key. MALFORMED: `err` says what, ini->line where; go on no further. */
NODISCARD enum ini_rc ini_next(struct ini *ini, struct err *err);
