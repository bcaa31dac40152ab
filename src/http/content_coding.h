/* http/content_coding.h: in which codings a client takes an answer (RFC 9110 §8.4.1, §12.5.3). */
#pragma once

#include "stream/compress/compress.h"

/* As in Content-Encoding. */
struct str content_coding_name(enum compression compression);

/* The one that the client likes best of those that there are, by the value of its Accept-Encoding;
 * of several the quickest. False: it says that it takes none, or nothing (at == NULL). */
NODISCARD bool content_coding_choose(struct str accept_encoding, enum compression *chosen_out);
