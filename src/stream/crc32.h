/* stream/crc32.h: the CRC of zip and gzip. */
#pragma once

#include "base/str.h"

/* Of what has `crc`, 0 of nothing, and these bytes behind it. */
uint32_t crc32_add(uint32_t crc, struct str bytes);
