/* Which file systems take several names for one, and how that is found out.
 *
 * exFAT, vfat, NTFS, HFS+, CIFS and others do not tell case apart; some take "é" in one character
 * and in two for the same, drop dots and blanks at the end, or have short names ("DAVIT~1"). ext4,
 * F2FS and tmpfs fold case in directories that are marked (FS_CASEFOLD_FL), where the file system
 * was made for it. What exactly is one name there is up to tables of their own, and a mount option
 * may change it. So nothing is computed; three questions are enough:
 *
 *   at the root      a trial in our own staging directory: a file is made, asked for by other
 *                    spellings, looked for in the listing, and removed; or a directory is marked
 *   elsewhere, or    the type says so; otherwise a name that is there is looked up in the other
 *   read-only        case. Nothing is written outside of the state directory
 *   where nobody     they fold: then each name is taken from its directory (spell.c), which is
 *   can say          slower, and right in any case
 *
 * Answers are kept by device. Numbers of devices are used again, so what is not the root's is
 * forgotten when something has been mounted or unmounted; the root itself is held open, and cannot
 * change its file system.
 *
 * A file system may list a new name otherwise than it was given (lowntfs-3g with ignore_case in
 * small letters, HFS+ in another Unicode form). Then that form is what the name will be kept under;
 * what lists names in no form that we know is refused at start, since locks would be kept under
 * names that never come back. */
#include "store/directory/spelling/folds.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "store/directory/entry.h"

enum { DEVICES_MAX = 64, LOOKED_AT_MAX = 256 };

enum folding {
    FOLDS_NEVER,
    FOLDS_MARKED, /* in marked directories */
    FOLDS_ALWAYS,
    FOLDS_UNKNOWN,
};

/* What is known of a file system. */
struct device {
    dev_t dev;
    enum folding folding;
    bool lists_another;
    enum unicode_form form;
};

struct folds {
    struct device root;
    int mounts_fd;           /* tells when something is mounted; -1: nobody does */
    atomic_bool has_folding; /* such a directory has been met */
    atomic_bool has_exact;
    pthread_mutex_t mutex; /* guards what follows */
    struct device devices[DEVICES_MAX];
    size_t count;
};

/* As statfs(2) names them. */
static const struct {
    unsigned type;
    enum folding folding;
} types[] = {
    {0x9123683e, FOLDS_NEVER},                              /* Btrfs */
    {0xef53, FOLDS_MARKED},                                 /* ext2 to ext4 */
    {0xf2f52010, FOLDS_MARKED},                             /* F2FS */
    {0x01021994, FOLDS_MARKED},                             /* tmpfs */
    {0xca451a4e, FOLDS_MARKED},                             /* bcachefs */
    {0x794c7630, FOLDS_MARKED},                             /* overlayfs */
    {0x4d44, FOLDS_ALWAYS},     {0x2011bab0, FOLDS_ALWAYS}, /* vfat, exFAT */
    {0x5346544e, FOLDS_ALWAYS}, {0x7366746e, FOLDS_ALWAYS}, /* NTFS, ntfs3 */
    {0xff534d42, FOLDS_ALWAYS}, {0xfe534d42, FOLDS_ALWAYS}, /* CIFS, SMB 2 */
    {0x517b, FOLDS_ALWAYS},     {0x786f4256, FOLDS_ALWAYS}, /* SMB, vboxsf */
    {0x4244, FOLDS_ALWAYS},     {0x482b, FOLDS_ALWAYS},     /* HFS, HFS+ */
    {0x9660, FOLDS_ALWAYS},     {0xadff, FOLDS_ALWAYS},     /* ISO 9660, AFFS */
    {0xf995e849, FOLDS_ALWAYS},                             /* HPFS */
};

static enum folding of_type(int fd)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0)
        return FOLDS_UNKNOWN;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if ((unsigned)fs.f_type == types[i].type)
            return types[i].folding;
    }
    return FOLDS_UNKNOWN;
}

static bool is_found(int fd, const char *name)
{
    return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* --- what is there --- */

/* Calls is_it() for each entry until it says yes. */
static bool find_entry(int dir_fd, bool (*is_it)(const struct dir_entry *entry, void *arg),
                       void *arg)
{
    struct dir_entries entries;
    struct dir_entry entry;
    bool is_there = false;
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    dir_entries_init(&entries, fd);
    while (!is_there && dir_entries_next(&entries, &entry) == STORE_OK)
        is_there = is_it(&entry, arg);
    dir_entries_done(&entries);
    return is_there;
}

static bool is_named(const struct dir_entry *entry, void *arg)
{
    return str_eq(entry->name, str_of_c(arg));
}

struct look {
    int fd;
    enum folding folding;
    unsigned count;
};

/* Asks for a name in the other case: that it is not there tells more than that it is. */
static bool try_other_case(const struct dir_entry *entry, void *arg)
{
    struct look *look = arg;
    char other[256];
    bool has_letter = false;
    if (entry->name.len >= sizeof(other) || look->count++ > LOOKED_AT_MAX)
        return look->count > LOOKED_AT_MAX;
    memcpy(other, entry->name.at, entry->name.len + 1); /* with the NUL behind it */
    for (size_t i = 0; i < entry->name.len; i++) {
        bool is_letter = char_is_alpha(other[i]);
        other[i] = is_letter ? (char)(other[i] ^ 0x20) : other[i];
        has_letter = has_letter || is_letter;
    }
    if (!has_letter)
        return false;
    if (!is_found(look->fd, other))
        look->folding = FOLDS_NEVER;
    else if (!find_entry(look->fd, is_named, other))
        look->folding = FOLDS_ALWAYS;
    return look->folding != FOLDS_UNKNOWN;
}

static struct device examine(int fd, dev_t dev)
{
    struct look look = {.fd = fd, .folding = of_type(fd)};
    if (look.folding == FOLDS_UNKNOWN)
        (void)find_entry(fd, try_other_case, &look); /* what it found is in `look` */
    if (look.folding == FOLDS_UNKNOWN)
        look.folding = FOLDS_ALWAYS;
    return (struct device){.dev = dev, .folding = look.folding};
}

bool folds_is_marked(int dir_fd)
{
    int flags = 0;
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) /* no descriptor is left: it may be */
        return errno != EACCES;
    bool is_marked = ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_CASEFOLD_FL);
    fd_close(fd);
    return is_marked;
}

/* --- the trial --- */

#define SMALL_E   "\xc3\xa9"  /* é */
#define CAPITAL_E "\xc3\x89"  /* É */
#define E_IN_TWO  "e\xcc\x81" /* é as e and an accent */

/* The names of a trial begin alike. */
struct trial {
    int fd; /* of the staging directory */
    char prefix[48];
    char listed[128]; /* what the listing has */
};

static void name_it(const struct trial *trial, const char *end, char name_out[128])
{
    str_print(name_out, 128, "%s%s", trial->prefix, end);
}

static bool take_listed(const struct dir_entry *entry, void *arg)
{
    struct trial *trial = arg;
    if (!str_starts_nocase(entry->name, str_of_c(trial->prefix)) ||
        entry->name.len >= sizeof(trial->listed))
        return false;
    memcpy(trial->listed, entry->name.at, entry->name.len + 1);
    return true;
}

/* Which form makes what was listed from what was made. */
static bool find_form(const char *made, const char *listed, struct device *device)
{
    static const enum unicode_form forms[] = {UNICODE_NFC, UNICODE_NFD, UNICODE_SMALL};
    struct arena arena = {0};
    bool is_known = str_eq(str_of_c(made), str_of_c(listed));
    for (size_t i = 0; i < ARRAY_LEN(forms) && !is_known; i++) {
        is_known = str_eq(unicode_form(&arena, str_of_c(made), forms[i]), str_of_c(listed));
        device->lists_another |= is_known;
        if (is_known)
            device->form = forms[i];
    }
    arena_done(&arena);
    return is_known;
}

/* Makes a file of that name, looks at what it is listed as, and asks for it by other names. False:
 * what it is listed as is no form of it. */
static bool try_name(struct trial *trial, const char *end, const char *const *others,
                     struct device *device)
{
    char name[128];
    char other[128];
    name_it(trial, end, name);
    int fd = openat(trial->fd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) /* it has no such characters: nobody can use them */
        return true;
    fd_close(fd);
    bool is_fine =
        find_entry(trial->fd, take_listed, trial) && find_form(name, trial->listed, device);
    for (; *others; others++) {
        name_it(trial, *others, other);
        if (is_found(trial->fd, other))
            device->folding = FOLDS_ALWAYS;
    }
    (void)unlinkat(trial->fd, name, 0); /* start-up removes it otherwise */
    return is_fine;
}

static bool try_names(struct trial *trial, struct device *device)
{
    static const char *const ascii[] = {"Ab", "aB.", "aB ", NULL};
    static const char *const composed[] = {CAPITAL_E, E_IN_TWO, NULL};
    static const char *const decomposed[] = {SMALL_E, NULL};
    device->folding = FOLDS_NEVER;
    return try_name(trial, "aB", ascii, device) && try_name(trial, SMALL_E, composed, device) &&
           try_name(trial, E_IN_TWO, decomposed, device);
}

/* Whether a directory can be marked at all. */
static enum folding try_mark(const struct trial *trial)
{
    int flags = 0;
    bool can_be = true;
    if (mkdirat(trial->fd, trial->prefix, 0700) < 0)
        return FOLDS_MARKED;
    int fd = openat(trial->fd, trial->prefix, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
        flags |= FS_CASEFOLD_FL;
        can_be = ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0 ||
                 (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOTTY);
    } else if (fd >= 0) {
        can_be = errno != ENOTTY && errno != EOPNOTSUPP;
    }
    fd_close(fd);
    (void)unlinkat(trial->fd, trial->prefix, AT_REMOVEDIR); /* start-up removes it otherwise */
    return can_be ? FOLDS_MARKED : FOLDS_NEVER;
}

static bool try_root(int staging_fd, struct device *root, struct err *err)
{
    struct trial trial = {.fd = staging_fd};
    str_print(trial.prefix, sizeof(trial.prefix), DIR_STAGED_PREFIX "%016llx-",
              (unsigned long long)random_u64());
    if (root->folding == FOLDS_MARKED)
        root->folding = try_mark(&trial);
    else if (root->folding != FOLDS_NEVER && !try_names(&trial, root))
        return err_set(err, 0,
                       "the file system of the served directory lists names differently from how "
                       "they were given, so that locks and properties would be lost; mount it "
                       "without the option that does so, or use --read-only");
    return true;
}

/* --- asking --- */

bool folds_open(int root_fd, int staging_fd, struct folds **folds_out, struct err *err)
{
    struct stat st;
    struct folds *folds = MEM_NEW(struct folds);
    pthread_mutex_init(&folds->mutex, NULL);
    folds->mounts_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    bool is_fine =
        fstat(root_fd, &st) == 0 || err_sys(err, errno, "cannot look at the served directory");
    if (is_fine && staging_fd >= 0) {
        folds->root = (struct device){.dev = st.st_dev, .folding = of_type(root_fd)};
        is_fine = try_root(staging_fd, &folds->root, err);
    } else if (is_fine) {
        folds->root = examine(root_fd, st.st_dev);
    }
    if (!is_fine) {
        folds_free(folds);
        return false;
    }
    if (folds->root.folding == FOLDS_ALWAYS)
        log_line(LOG_INFO, "the served directory does not tell all names apart, so that each is "
                           "looked up in its directory, which takes time in large ones");
    atomic_init(&folds->has_folding, folds->root.folding == FOLDS_ALWAYS);
    atomic_init(&folds->has_exact, folds->root.folding != FOLDS_ALWAYS);
    *folds_out = folds;
    return true;
}

void folds_free(struct folds *folds)
{
    if (!folds)
        return;
    fd_close(folds->mounts_fd);
    pthread_mutex_destroy(&folds->mutex);
    mem_free(folds);
}

bool folds_root_is_exact(const struct folds *folds)
{
    return folds->root.folding == FOLDS_NEVER;
}

bool folds_root_has_marks(const struct folds *folds)
{
    return folds->root.folding == FOLDS_MARKED;
}

/* With the mutex held. */
static bool has_news_of_mounts(const struct folds *folds)
{
    struct pollfd news = {.fd = folds->mounts_fd, .events = POLLPRI};
    return folds->mounts_fd < 0 || poll(&news, 1, 0) != 0;
}

static struct device find_device(struct folds *folds, int fd, dev_t dev)
{
    struct device found;
    size_t at = 0;
    if (dev == folds->root.dev)
        return folds->root;
    pthread_mutex_lock(&folds->mutex);
    if (has_news_of_mounts(folds) || folds->count == DEVICES_MAX)
        folds->count = 0;
    while (at < folds->count && folds->devices[at].dev != dev)
        at++;
    if (at == folds->count)
        folds->devices[folds->count++] = examine(fd, dev);
    found = folds->devices[at];
    pthread_mutex_unlock(&folds->mutex);
    return found;
}

struct fold_kind folds_of(struct folds *folds, int dir_fd)
{
    struct stat st;
    struct device device = {.folding = FOLDS_ALWAYS};
    if (fstat(dir_fd, &st) == 0)
        device = find_device(folds, dir_fd, st.st_dev);
    bool is_exact = device.folding == FOLDS_NEVER ||
                    (device.folding == FOLDS_MARKED && !folds_is_marked(dir_fd));
    atomic_store(is_exact ? &folds->has_exact : &folds->has_folding, true);
    return (struct fold_kind){is_exact, device.lists_another, device.form};
}

enum store_folding folds_found(const struct folds *folds)
{
    if (!atomic_load(&folds->has_folding))
        return STORE_FOLDS_NOTHING;
    return atomic_load(&folds->has_exact) ? STORE_FOLDS_SOMEWHERE : STORE_FOLDS_ALL;
}
