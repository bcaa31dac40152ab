/* tests/fuzz/fuzz.h: what the fuzz targets share. A target is one LLVMFuzzerTestOneInput(); it is
 * linked with libFuzzer (-Dfuzzers=true), or with standalone.c, which runs a corpus. */
#pragma once

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the run when `claim` does not hold, in every build. */
#define FUZZ_CHECK(claim)                                                                          \
    do {                                                                                           \
        if (!(claim))                                                                              \
            fuzz_failed(#claim, __FILE__, __LINE__);                                               \
    } while (0)
_Noreturn void fuzz_failed(const char *claim, const char *file, int line);

/* A view of the input in memory of exactly its size, so that the sanitizer sees a read beyond it.
 * Valid until the next call. */
struct str fuzz_input(const uint8_t *data, size_t size);

/* Numbers that depend on the input alone, so that a finding can be run again. */
struct fuzz_random {
    uint64_t at;
};
struct fuzz_random fuzz_random_of(struct str input);
size_t fuzz_below(struct fuzz_random *random, size_t below);
