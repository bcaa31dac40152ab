/* text/utf8_clean.h: characters in bytes. */
#pragma once

#include "base/buf.h"

enum { UTF8_REPLACEMENT = 0xfffd };

/* The character at the start of `text`, which is not empty, and how many bytes it has. Bytes that
 * are none give U+FFFD, as many at a time as the Encoding Standard says (the longest beginning of
 * a sequence that could have become a character). */
uint32_t utf8_read(struct str text, size_t *len_out);

/* Appends the character; what is no scalar value is appended as U+FFFD. */
void utf8_add(struct buf *to, uint32_t character);

/* Appends `text` with U+FFFD for what is no character. */
void utf8_add_clean(struct buf *to, struct str text);

/* At most the first `len` bytes of valid UTF-8, without half a character at the end. */
struct str utf8_first(struct str text, size_t len);
