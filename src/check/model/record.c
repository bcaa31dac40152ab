#include "check/model/record.h"

void record_add_number(struct buf *to, uint64_t value)
{
    while (value >= 0x80) {
        buf_add_char(to, (char)(value | 0x80));
        value >>= 7;
    }
    buf_add_char(to, (char)value);
}

void record_add_text(struct buf *to, struct str text)
{
    record_add_number(to, text.len);
    buf_add(to, text);
}

bool record_take_long_number(struct str *bytes, uint64_t *value_out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes->len && i < 10; i++) {
        unsigned char c = (unsigned char)bytes->at[i];
        value |= (uint64_t)(c & 0x7f) << (7 * i);
        if (c < 0x80) {
            *bytes = str_from(*bytes, i + 1);
            *value_out = value;
            return true;
        }
    }
    return false;
}

bool record_take_text(struct str *bytes, struct str *text_out)
{
    struct str rest = *bytes;
    uint64_t len;
    if (!record_take_number(&rest, &len) || rest.len < len)
        return false;
    *text_out = str_first(rest, (size_t)len);
    *bytes = str_from(rest, (size_t)len);
    return true;
}

bool record_take_u32(struct str *bytes, uint32_t most, uint32_t *value_out)
{
    struct str rest = *bytes;
    uint64_t value;
    if (!record_take_number(&rest, &value) || value > most)
        return false;
    *value_out = (uint32_t)value;
    *bytes = rest;
    return true;
}
