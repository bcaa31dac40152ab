#define BASE_MEM_IMPLEMENTATION
#include "base/mem.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

_Noreturn static void out_of_memory(void)
{
    static const char text[] = "davit: out of memory\n";
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1); /* nothing is left to do if it fails */
    abort();
}

_Noreturn void bug(const char *file, int line, const char *text)
{
    fprintf(stderr, "davit: bug at %s:%d: %s\n", file, line, text);
    abort();
}

void *mem_try_new(size_t count, size_t size)
{
    return calloc(count ? count : 1, size ? size : 1);
}

void *mem_try_resize(void *old, size_t size)
{
    return realloc(old, size ? size : 1);
}

void *mem_new(size_t count, size_t size)
{
    void *memory = mem_try_new(count, size);
    if (!memory)
        out_of_memory();
    return memory;
}

void *mem_resize(void *old, size_t size)
{
    void *memory = mem_try_resize(old, size);
    if (!memory)
        out_of_memory();
    return memory;
}

void mem_free(void *memory)
{
    free(memory);
}

void mem_keep_spare(int bytes)
{
    (void)mallopt(M_TRIM_THRESHOLD, bytes); /* a wish */
}

void mem_trim(void)
{
    (void)malloc_trim(0); /* whether there was any is no matter */
}

void mem_heed_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        (void)mallopt(M_ARENA_MAX, 1); /* a wish */
}

char *mem_copy_text(const char *text, size_t len)
{
    char *copy = mem_new(len + 1, 1);
    if (len)
        memcpy(copy, text, len);
    return copy;
}
