/* text/base64.h: RFC 4648's encodings of bytes as text. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

enum base64_kind {
    BASE64,     /* §4, with its padding */
    BASE64_URL, /* §5, without padding: tokens, JWT */
    /* As BASE64, and what structured fields' parsers are to let pass (RFC 9651 §4.2.7): padding may
     * be missing, and the bits that it stands for may be any. To decode. */
    BASE64_ANY_PADDING,
};

void base64_encode(struct buf *to, struct str bytes, enum base64_kind kind);

/* One reading only, but of BASE64_ANY_PADDING: no white space, padding exactly as encode writes it,
 * no stray bits at the end. Memory from the arena. */
NODISCARD bool base64_decode(struct str text, enum base64_kind kind, struct arena *arena,
                             struct str *bytes_out);
