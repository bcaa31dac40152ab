/* Records that are to be read again after a crash at any moment. A process that dies, or a disk
 * that loses its power, leaves a file whose end is cut off, or has zeros or noise in it; so each
 * record brings its length and a checksum along, and what follows the last whole one was promised
 * to nobody. Where whole ones do follow, the file has been damaged, which is something else: they
 * are found by trying at each byte, since who reads may be better off with them.
 *
 * Invariant: a frame is taken as it was written or not at all, up to the strength of 64 bits.
 * Rejected: CRC-32, which among some thousand wrong beginnings finds a right one too often. */
#include "store/record/frame.h"

enum { HEAD_BYTES = 4 + 8 };

static uint64_t checksum(struct str bytes) /* FNV-1a */
{
    uint64_t sum = 0xcbf29ce484222325U;
    for (size_t i = 0; i < bytes.len; i++)
        sum = (sum ^ (unsigned char)bytes.at[i]) * 0x100000001b3U;
    return sum;
}

static void store_number(char *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (char)(value >> (8 * i));
}

void frame_add_number(struct buf *to, uint64_t value, unsigned bytes)
{
    store_number(buf_reserve(to, bytes), value, bytes);
    to->len += bytes;
}

void frame_add_text(struct buf *to, struct str text)
{
    frame_add_number(to, text.len, 4);
    buf_add(to, text);
}

size_t frame_begin(struct buf *to)
{
    size_t head = to->len;
    frame_add_number(to, 0, 4);
    frame_add_number(to, 0, 8);
    return head;
}

void frame_end(struct buf *to, size_t head)
{
    struct str record = str_from(buf_str(to), head + HEAD_BYTES);
    store_number(to->at + head, record.len, 4);
    store_number(to->at + head + 4, checksum(record), 8);
}

bool frame_take_number(struct str *from, unsigned bytes, uint64_t *value_out)
{
    if (from->len < bytes)
        return false;
    *value_out = 0;
    for (unsigned i = 0; i < bytes; i++)
        *value_out |= (uint64_t)(unsigned char)from->at[i] << (8 * i);
    *from = str_from(*from, bytes);
    return true;
}

bool frame_take_text(struct str *from, struct str *text_out)
{
    uint64_t len;
    if (!frame_take_number(from, 4, &len) || len > from->len)
        return false;
    *text_out = str_of(from->at, len);
    *from = str_from(*from, len);
    return true;
}

bool frame_take(struct str *from, struct str *record_out)
{
    uint64_t len;
    uint64_t sum;
    struct str rest = *from;
    if (!frame_take_number(&rest, 4, &len) || !frame_take_number(&rest, 8, &sum) || len == 0 ||
        len > rest.len || len > FRAME_RECORD_BYTES_MAX)
        return false;
    *record_out = str_of(rest.at, len);
    *from = str_from(rest, len);
    return checksum(*record_out) == sum;
}

static bool is_zeros(struct str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.at[i])
            return false;
    }
    return true;
}

/* Whether a whole frame begins somewhere in the bytes; then they begin with it. */
static bool find_frame(struct str *bytes)
{
    struct str record;
    for (size_t i = 1; i < bytes->len; i++) {
        struct str rest = str_from(*bytes, i);
        if (frame_take(&rest, &record)) {
            *bytes = str_from(*bytes, i);
            return true;
        }
    }
    return false;
}

struct frames_found frames_replay(struct str bytes, bool (*take)(void *arg, struct str record),
                                  void *arg)
{
    struct frames_found found = {0};
    struct str record;
    for (;;) {
        struct str rest = bytes;
        bool is_frame = frame_take(&rest, &record);
        if (is_frame && take(arg, record)) {
            found.count++;
            bytes = rest;
            continue;
        }
        rest = bytes;
        found.is_damaged = found.is_damaged || is_frame; /* of no kind that is known */
        if (is_zeros(bytes))
            return found;
        bool has_more = find_frame(&bytes);
        found.skipped += has_more ? rest.len - bytes.len : rest.len;
        found.is_damaged = found.is_damaged || has_more;
        if (!has_more)
            return found;
    }
}
