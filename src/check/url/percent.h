/* check/url/percent.h: the percent-encode sets of the URL Standard (§1.3). */
#pragma once

#include "base/buf.h"

/* Each is a bit: a byte is encoded when its row has the bit. Bytes from 0x7f on always are. */
enum percent_set {
    PERCENT_CONTROL = 1,
    PERCENT_FRAGMENT = 2,
    PERCENT_QUERY = 4,
    PERCENT_SPECIAL_QUERY = 8,
    PERCENT_PATH = 16,
    PERCENT_USERINFO = 32,
};

void percent_encode(struct buf *to, struct str bytes, enum percent_set set);

/* Appends `bytes` with those escaped that are no ASCII, one by one, whatever they mean: as browsers
 * read URLs in fields of an answer. */
void percent_add_bytes(struct buf *to, struct str bytes);

/* Appends `text` with each %XX made the byte it stands for; others stay. */
void percent_decode(struct buf *to, struct str text);
