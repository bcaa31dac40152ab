/* A library that is loaded before the C library (LD_PRELOAD) and lets system calls that change
 * files fail: so many of a thousand as the first four bytes of $DAVIT_FAILING_CALLS say at the
 * moment, by turns with EIO and ENOSPC. The file is mapped, so that a test can change its mind
 * while the server runs. */
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

static const _Atomic uint32_t *permille;

__attribute__((constructor)) static void map_control(void)
{
    const char *name = getenv("DAVIT_FAILING_CALLS");
    int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(uint32_t), PROT_READ, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED)
        permille = at;
    if (fd >= 0)
        close(fd);
}

/* SplitMix64 of a counter: no call depends on another thread's luck. */
static int fails(void)
{
    static _Atomic uint64_t count;
    if (!permille || !atomic_load(permille))
        return 0;
    uint64_t z = atomic_fetch_add(&count, 1) * 0x9e3779b97f4a7c15U + (uint64_t)getpid();
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z ^= z >> 27;
    if (z % 1000 >= atomic_load(permille))
        return 0;
    errno = z >> 32 & 1 ? EIO : ENOSPC;
    return 1;
}

/* Of files only: what goes to a socket or a pipe is not a disk's. */
static int fails_on(int fd)
{
    struct stat st;
    int before = errno;
    int is_file = fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode));
    errno = before;
    return is_file && fails();
}

#define NEXT(name)                                                                                 \
    static __typeof__(name) *next;                                                                 \
    if (!next)                                                                                     \
        *(void **)&next = dlsym(RTLD_NEXT, #name);

#define FAIL_FD(type, name, parameters, arguments)                                                 \
    type name parameters                                                                           \
    {                                                                                              \
        NEXT(name)                                                                                 \
        return fails_on(fd) ? -1 : next arguments;                                                 \
    }

#define FAIL_NAME(name, parameters, arguments)                                                     \
    int name parameters                                                                            \
    {                                                                                              \
        NEXT(name)                                                                                 \
        return fails() ? -1 : next arguments;                                                      \
    }

FAIL_FD(ssize_t, write, (int fd, const void *bytes, size_t len), (fd, bytes, len))
FAIL_FD(ssize_t, pwrite64, (int fd, const void *bytes, size_t len, off64_t at),
        (fd, bytes, len, at))
FAIL_FD(int, fsync, (int fd), (fd))
FAIL_FD(int, fdatasync, (int fd), (fd))
FAIL_FD(int, syncfs, (int fd), (fd))
FAIL_FD(int, ftruncate64, (int fd, off64_t len), (fd, len))
FAIL_NAME(mkdirat, (int fd, const char *name, mode_t mode), (fd, name, mode))
FAIL_NAME(unlinkat, (int fd, const char *name, int flags), (fd, name, flags))
FAIL_NAME(renameat, (int from, const char *name, int to, const char *new_name),
          (from, name, to, new_name))
FAIL_NAME(renameat2, (int from, const char *name, int to, const char *new_name, unsigned flags),
          (from, name, to, new_name, flags))
FAIL_NAME(linkat, (int from, const char *name, int to, const char *new_name, int flags),
          (from, name, to, new_name, flags))
