/* base/base.h: the vocabulary that every file of davit may use. Nothing here does any work. */
#pragma once

#include <assert.h> /* assert stays on in every build: it is for programmer errors only */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/banned.h"

/* The result must be looked at; a caller that really may ignore it writes (void) and says why. */
#define NODISCARD __attribute__((warn_unused_result))

/* Like printf: `fmt` is the 1-based position of the format, `args` that of the first argument. */
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The struct that holds `member`, from a pointer to that member. */
#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* A state that the program's own logic rules out. */
#define BUG(text) bug(__FILE__, __LINE__, text)
_Noreturn void bug(const char *file, int line, const char *text);

#define KIB(n) ((size_t)(n) << 10)
#define MIB(n) ((size_t)(n) << 20)

static inline size_t size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t size_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

static inline uint64_t u64_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t u64_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Checked narrowing: a value that does not fit is a programmer error. */
static inline uint32_t u32_of_size(size_t value)
{
    assert(value <= UINT32_MAX);
    return (uint32_t)value;
}

static inline int int_of_size(size_t value)
{
    assert(value <= INT32_MAX);
    return (int)value;
}

/* The size that a system call returned once its failure has been dealt with. */
static inline size_t size_of_ssize(ptrdiff_t value)
{
    assert(value >= 0);
    return (size_t)value;
}

static inline int64_t i64_of_u64(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}
