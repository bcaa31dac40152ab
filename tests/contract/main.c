/* The contract suite: one run for each backend, one cmocka group for each file.
 *
 *   contract BACKEND [GROUP]
 *
 * The backend `directory-poor` is the directory backend on what an old kernel or a plain network
 * file system offers: a system call filter answers as those do, so that the code for them runs. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/log.h"

const struct backend *backend;

static const struct backend backends[] = {
    {"directory-flush", "directory", DURABILITY_FLUSH, .is_directory = true},
    {"directory-lazy", "directory", DURABILITY_LAZY, .is_directory = true},
    {"directory-poor", "directory", DURABILITY_LAZY, .is_directory = true, .is_poor = true},
    {"memory", "memory", DURABILITY_LAZY},
    {"trash-directory", "directory", DURABILITY_LAZY, .is_directory = true, .is_trash = true},
    {"trash-memory", "memory", DURABILITY_LAZY, .is_trash = true},
    {"slow", "memory", DURABILITY_LAZY, .is_slow = true},
    {"view-memory", "memory", DURABILITY_LAZY, .is_view = true},
    {"view-slow", "memory", DURABILITY_LAZY, .is_view = true, .is_slow = true},
};

static const struct group {
    const char *name;
    int (*run)(void);
} groups[] = {
    /* the first fourteen are held against what stands around a store, too */
    {"trash", trash_tests},
    {"reading", reading_tests},
    {"upload", upload_tests},
    {"remove", remove_tests},
    {"copy", copy_tests},
    {"move", move_tests},
    {"prop", prop_tests},
    {"lock", lock_tests},
    {"absent", absent_tests},
    {"room", room_tests},
    {"large", large_tests},
    {"synced", synced_tests},
    {"hashes", hashes_tests},
    {"resumable", resumable_tests},
    {"change", change_tests},
    {"name", name_tests},
    {"fault", fault_tests},
    {"model", model_tests},
    {"concurrent", concurrent_tests},
    {"link", link_tests},
    {"permission", permission_tests},
    {"mount", mount_tests},
    {"recovery", recovery_tests},
    {"crash", crash_tests},
    {"cache", cache_tests},
    {"listing", listing_tests},
    {"answer", answer_tests},
    {"state", state_tests},
    {"anew", anew_tests},
};

/* --- a poor kernel --- */

#define LOAD(field)         BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
/* Goes on where the loaded word is `value`; jumps over `skip` statements otherwise. */
#define IF_IS(value, skip)  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define IF_HAS(bits, skip)  BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 0, (skip))
#define ANSWER(errno_value) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (errno_value))

static void be_poor(void)
{
    struct sock_filter code[] = {
        LOAD(nr),
        IF_IS(SYS_copy_file_range, 1),
        ANSWER(ENOSYS),
        IF_IS(SYS_openat2, 1),
        ANSWER(ENOSYS),
        IF_IS(SYS_renameat2, 3),
        LOAD(args[4]),
        IF_HAS(RENAME_NOREPLACE, 1),
        ANSWER(EINVAL),
        LOAD(nr),
        IF_IS(SYS_openat, 3),
        LOAD(args[2]),
        IF_HAS(O_TMPFILE & ~O_DIRECTORY, 1),
        ANSWER(EOPNOTSUPP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {ARRAY_LEN(code), code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
        perror("installing a system call filter");
        exit(77); /* skipped */
    }
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (size_t i = 0; i < ARRAY_LEN(backends) && argc > 1; i++) {
        if (strcmp(argv[1], backends[i].name) == 0)
            backend = &backends[i];
    }
    if (!backend) {
        fprintf(stderr, "usage: contract BACKEND [GROUP]\n");
        return 2;
    }
    if (backend->is_poor)
        be_poor();
    if (backend->durability == DURABILITY_FLUSH || backend->is_trash)
        leave_the_disk();
    size_t count = backend->is_view || backend->is_trash ? 14 : ARRAY_LEN(groups);
    if (backend->is_trash && backend->is_directory && !is_thorough())
        count = 6; /* those of trees, which are what it does there */
    for (size_t i = 0; i < count; i++) {
        if (argc < 3 || strcmp(argv[2], groups[i].name) == 0)
            failed += groups[i].run();
    }
    return failed ? 1 : 0;
}
