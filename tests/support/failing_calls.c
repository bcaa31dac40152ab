/* A library that is loaded before the C library (LD_PRELOAD) and lets system calls that change
 * files fail: so many of a thousand as the first four bytes of $DAVIT_FAILING_CALLS say at the
 * moment, and of flushes as many more as the next four, by turns with EIO and ENOSPC. The file is
 * mapped, so that a test can change its mind while the server runs. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OF_ALL, OF_FLUSHES, KINDS };

static const _Atomic uint32_t *permille; /* KINDS of them */

__attribute__((constructor)) static void map_control(void)
{
    const char *name = getenv("DAVIT_FAILING_CALLS");
    int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    void *at =
        fd < 0 ? MAP_FAILED : mmap(NULL, KINDS * sizeof(uint32_t), PROT_READ, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED)
        permille = at;
    if (fd >= 0)
        close(fd);
}

/* SplitMix64 of a counter: no call depends on another thread's luck. */
static int fails(int is_flush)
{
    static _Atomic uint64_t count;
    uint32_t wanted = permille ? atomic_load(&permille[OF_ALL]) : 0;
    if (permille && is_flush)
        wanted += atomic_load(&permille[OF_FLUSHES]);
    if (!wanted)
        return 0;
    uint64_t z = atomic_fetch_add(&count, 1) * 0x9e3779b97f4a7c15U + (uint64_t)getpid();
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z ^= z >> 27;
    if (z % 1000 >= wanted)
        return 0;
    errno = z >> 32 & 1 ? EIO : ENOSPC;
    return 1;
}

/* Of files only: what goes to a socket or a pipe is not a disk's. */
static int fails_on(int fd, int is_flush)
{
    struct stat st;
    int before = errno;
    int is_file = fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
    errno = before;
    return is_file && fails(is_flush);
}

#define NEXT(name)                                                                                 \
    static __typeof__(name) *next;                                                                 \
    if (!next)                                                                                     \
        *(void **)&next = dlsym(RTLD_NEXT, #name);

#define FAIL_FD(type, name, parameters, arguments, is_flush)                                       \
    type name parameters                                                                           \
    {                                                                                              \
        NEXT(name)                                                                                 \
        return fails_on(fd, is_flush) ? -1 : next arguments;                                       \
    }

#define FAIL_NAME(name, parameters, arguments)                                                     \
    int name parameters                                                                            \
    {                                                                                              \
        NEXT(name)                                                                                 \
        return fails(0) ? -1 : next arguments;                                                     \
    }

FAIL_FD(ssize_t, write, (int fd, const void *bytes, size_t len), (fd, bytes, len), 0)
FAIL_FD(ssize_t, pwrite64, (int fd, const void *bytes, size_t len, off64_t at),
        (fd, bytes, len, at), 0)
FAIL_FD(int, fsync, (int fd), (fd), 1)
FAIL_FD(int, fdatasync, (int fd), (fd), 1)
FAIL_FD(int, syncfs, (int fd), (fd), 1)
FAIL_FD(int, ftruncate64, (int fd, off64_t len), (fd, len), 0)
FAIL_NAME(mkdirat, (int fd, const char *name, mode_t mode), (fd, name, mode))
FAIL_NAME(unlinkat, (int fd, const char *name, int flags), (fd, name, flags))
FAIL_NAME(renameat, (int from, const char *name, int to, const char *new_name),
          (from, name, to, new_name))
FAIL_NAME(renameat2, (int from, const char *name, int to, const char *new_name, unsigned flags),
          (from, name, to, new_name, flags))
FAIL_NAME(linkat, (int from, const char *name, int to, const char *new_name, int flags),
          (from, name, to, new_name, flags))
