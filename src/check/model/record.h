/* check/model/record.h: numbers and texts, one behind the other. A number has seven bits in a byte,
 * the lowest first; a text has its length before it. */
#pragma once

#include "base/buf.h"

void record_add_number(struct buf *to, uint64_t value);
void record_add_text(struct buf *to, struct str text);

/* Takes what stands at the beginning. False: it goes on behind the end of `bytes`, which are
 * untouched. Texts are views. */
NODISCARD bool record_take_long_number(struct str *bytes, uint64_t *value_out);
NODISCARD static inline bool record_take_number(struct str *bytes, uint64_t *value_out)
{
    if (bytes->len == 0 || (unsigned char)bytes->at[0] >= 0x80)
        return record_take_long_number(bytes, value_out);
    *value_out = (unsigned char)bytes->at[0]; /* as most are */
    *bytes = str_of(bytes->at + 1, bytes->len - 1);
    return true;
}
NODISCARD bool record_take_text(struct str *bytes, struct str *text_out);

/* The same for a number that is at most `most`. */
NODISCARD bool record_take_u32(struct str *bytes, uint32_t most, uint32_t *value_out);
