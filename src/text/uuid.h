/* text/uuid.h: random UUIDs (RFC 9562 version 4), for lock tokens and staging names. */
#pragma once

#include "base/str.h"

enum { UUID_LEN = 36 };

/* Writes exactly UUID_LEN bytes from 16 random ones. */
void uuid_format(char to[UUID_LEN], const unsigned char random[16]);
