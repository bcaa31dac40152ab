#define BASE_MEM_IMPLEMENTATION
#include "support/failing_mem.h"

#include "base/mem.h"

static size_t left = SIZE_MAX;
static size_t count, live;
static size_t smallest;

void failing_mem_after(size_t after)
{
    left = after;
    count = 0;
}

void failing_mem_from(size_t bytes)
{
    smallest = bytes;
}

size_t failing_mem_count(void)
{
    return count;
}

size_t failing_mem_live(void)
{
    return live;
}

_Noreturn void bug(const char *file, int line, const char *text)
{
    fprintf(stderr, "bug at %s:%d: %s\n", file, line, text);
    abort();
}

static bool may_allocate(size_t bytes)
{
    if (bytes < smallest)
        return true;
    count++;
    if (left == 0)
        return false;
    if (left != SIZE_MAX)
        left--;
    return true;
}

void *mem_try_new(size_t items, size_t size)
{
    void *memory = may_allocate(items * size) ? calloc(items ? items : 1, size ? size : 1) : NULL;
    live += memory != NULL;
    return memory;
}

void *mem_try_resize(void *old, size_t size)
{
    void *memory = may_allocate(size) ? realloc(old, size ? size : 1) : NULL;
    live += memory && !old;
    return memory;
}

/* What the rest of davit calls, which ends without memory: here, a failed test. */
void *mem_new(size_t items, size_t size)
{
    void *memory = mem_try_new(items, size);
    if (!memory)
        BUG("asked for memory without an error for its lack");
    return memory;
}

void *mem_resize(void *old, size_t size)
{
    void *memory = mem_try_resize(old, size);
    if (!memory)
        BUG("asked for memory without an error for its lack");
    return memory;
}

void mem_free(void *memory)
{
    live -= memory != NULL;
    free(memory);
}

char *mem_copy_text(const char *text, size_t len)
{
    char *copy = mem_new(len + 1, 1);
    if (len)
        memcpy(copy, text, len);
    return copy;
}
