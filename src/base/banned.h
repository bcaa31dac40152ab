/* base/banned.h: C library calls that davit does not use, each made a compile error.
 * They lose lengths, keep hidden state, ignore errors or eat the stack. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED_CALL(name) name##_is_banned_see_base_banned_h

#undef strcpy
#define strcpy(to, from) BANNED_CALL(strcpy)
#undef strcat
#define strcat(to, from) BANNED_CALL(strcat)
#undef strncpy
#define strncpy(to, from, n) BANNED_CALL(strncpy)
#undef strncat
#define strncat(to, from, n) BANNED_CALL(strncat)
#undef sprintf
#define sprintf(...) BANNED_CALL(sprintf)
#undef vsprintf
#define vsprintf(...) BANNED_CALL(vsprintf)
#undef strtok
#define strtok(text, set) BANNED_CALL(strtok)
#undef atoi
#define atoi(text) BANNED_CALL(atoi)
#undef atol
#define atol(text) BANNED_CALL(atol)
#undef alloca
#define alloca(size) BANNED_CALL(alloca)
#undef gmtime
#define gmtime(at) BANNED_CALL(gmtime)
#undef localtime
#define localtime(at) BANNED_CALL(localtime)
#undef asctime
#define asctime(at) BANNED_CALL(asctime)
#undef ctime
#define ctime(at) BANNED_CALL(ctime)

/* Memory comes from arenas and from base/mem.h, which never return NULL. */
#ifndef BASE_MEM_IMPLEMENTATION
#undef malloc
#define malloc(size) BANNED_CALL(malloc)
#undef calloc
#define calloc(n, size) BANNED_CALL(calloc)
#undef realloc
#define realloc(p, size) BANNED_CALL(realloc)
#endif
