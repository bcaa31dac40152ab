/* http/prefer.h: what a client would like, and gets where that costs nobody anything (RFC 7240). */
#pragma once

#include "http/fields.h"

struct http_preferences {
    bool is_minimal;           /* return=minimal, or Brief: t */
    bool is_brief;             /* it is that because of Brief, and Prefer has not asked for it */
    bool wants_representation; /* return=representation */
    bool is_noroot;            /* depth-noroot (RFC 8144 §4) */
    bool is_strict;            /* handling=strict */
};

/* Reads all lines of Prefer, and Brief. What is not known, and what makes no sense, is passed over.
 */
struct http_preferences http_preferences_read(const struct http_fields *fields);
