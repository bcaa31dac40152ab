/* base/mem.h: heap memory that is always there. Running out ends the process: the limits table
 * bounds what a client can make us hold, so it means that the machine is beyond help. */
#pragma once

#include "base/base.h"

/* For code that must come back with an error when there is no memory (libdavit): NULL, and `old` is
 * still the caller's. What mem_try_resize() adds is not zeroed. */
NODISCARD void *mem_try_new(size_t count, size_t size);
NODISCARD void *mem_try_resize(void *old, size_t size);

/* Zeroed memory for `count` objects of `size` bytes. Gives; free with mem_free(). */
NODISCARD void *mem_new(size_t count, size_t size);

/* Grows or shrinks; new bytes are not zeroed. Takes `old` (NULL is fine), gives the result. */
NODISCARD void *mem_resize(void *old, size_t size);

/* NULL is fine. */
void mem_free(void *memory);

/* So much of what is freed is kept for what comes next: requests that come together are gone
 * together, and to give their memory back to the kernel each time costs more than to serve them. */
void mem_keep_spare(int bytes);

/* Gives what is free back to the kernel, also what mem_keep_spare() cannot: milliseconds. */
void mem_trim(void);

/* Where the address space is bounded (ulimit -v), nothing of it is set aside for each thread, as is
 * the C library's way. Before there are threads. */
void mem_heed_limit(void);

/* One zeroed object of `type`. */
#define MEM_NEW(type) ((type *)mem_new(1, sizeof(type)))

/* A heap copy of `len` bytes with a NUL behind them. Gives. */
NODISCARD char *mem_copy_text(const char *text, size_t len);
