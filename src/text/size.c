#include "text/size.h"

enum { UNIT = 1024 };

/* In steps of a unit the number keeps what it needs to be rounded once, at the end: 1,048,575 bytes
 * are 1.0 MiB and not 1024 KiB. */
void size_add(struct buf *to, uint64_t bytes)
{
    static const char units[] = " KMGTPE";
    uint64_t whole = bytes;
    unsigned part = 0; /* of a unit, in 1024ths */
    size_t unit = 0;
    while (whole >= UNIT || (unit && whole == UNIT - 1 && part >= UNIT / 2)) {
        part = (unsigned)(whole % UNIT);
        whole /= UNIT;
        unit++;
    }
    unsigned tenths = (part * 10 + UNIT / 2) / UNIT;
    if (unit && whole * 10 + tenths < 100)
        buf_addf(to, "%u.%u", (unsigned)whole + tenths / 10, tenths % 10);
    else
        buf_add_u64(to, whole + (part >= UNIT / 2));
    if (unit)
        buf_addf(to, " %ciB", units[unit]);
    else
        BUF_ADD(to, " B");
}

void size_exact_add(struct buf *to, uint64_t bytes)
{
    struct buf digits = {0};
    buf_add_u64(&digits, bytes);
    for (size_t i = 0; i < digits.len; i++) {
        if (i && (digits.len - i) % 3 == 0)
            buf_add_char(to, ',');
        buf_add_char(to, digits.at[i]);
    }
    buf_done(&digits);
    buf_add(to, bytes == 1 ? STR(" byte") : STR(" bytes"));
}
