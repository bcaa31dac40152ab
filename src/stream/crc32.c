#include "stream/crc32.h"

#include <zlib.h>

uint32_t crc32_add(uint32_t crc, struct str bytes)
{
    return (uint32_t)crc32_z(crc, (const unsigned char *)bytes.at, bytes.len);
}
