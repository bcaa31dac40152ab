#include "fuzz.h"

#include "base/mem.h"

void fuzz_failed(const char *claim, const char *file, int line)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, claim);
    abort();
}

struct str fuzz_input(const uint8_t *data, size_t size)
{
    static char *copy;
    mem_free(copy);
    copy = mem_new(size, 1);
    if (size)
        memcpy(copy, data, size);
    return str_of(copy, size);
}

struct fuzz_random fuzz_random_of(struct str input)
{
    struct fuzz_random random = {0xcbf29ce484222325U};
    for (size_t i = 0; i < input.len; i++)
        random.at = (random.at ^ (unsigned char)input.at[i]) * 0x100000001b3U; /* FNV-1a */
    return random;
}

size_t fuzz_below(struct fuzz_random *random, size_t below)
{
    uint64_t z = random->at += 0x9e3779b97f4a7c15U; /* splitmix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return (size_t)((z ^ z >> 31) % below);
}
