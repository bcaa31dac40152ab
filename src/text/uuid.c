#include "text/uuid.h"

void uuid_format(char to[UUID_LEN], const unsigned char random[16])
{
    for (size_t i = 0; i < 16; i++) {
        unsigned byte = random[i];
        if (i == 6)
            byte = (byte & 0x0f) | 0x40; /* version 4 */
        else if (i == 8)
            byte = (byte & 0x3f) | 0x80; /* the variant of RFC 9562 §4.1 */
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        *to++ = "0123456789abcdef"[byte >> 4];
        *to++ = "0123456789abcdef"[byte & 15];
    }
}
