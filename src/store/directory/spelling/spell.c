/* From a name that a client sends to the one that its directory lists.
 *
 * Where a file system takes several names for one, every spelling leads to the file, and rules,
 * locks and the names that davit keeps for itself would be got around by another one. The kernel
 * does not tell the real name: the path of a descriptor is, on most of these file systems, as it
 * was asked for. The listing does. So each name on the way is looked up, and then:
 *
 *   (1) listed by the same bytes: that is it;
 *   (2) otherwise the only entry that differs in case, Unicode form, what cannot be seen, or dots
 *       and blanks at the end; where there are several, the only one that differs in no more than
 *       the case of each letter;
 *   (3) otherwise ("DAVIT~1") the only entry that is the same inode;
 *   (4) otherwise it is refused.
 *
 * Inodes alone would not do: FUSE file systems that work by paths (exfat-fuse) have another number
 * for each spelling.
 *
 * That costs a reading of each directory on the way, where the file system asks for it; elsewhere
 * nothing, since nobody comes here (resolve.c). Rejected: to remember what was found. Some of these
 * file systems do not change a directory's times when a member is renamed, and what is remembered
 * wrongly opens a lock. */
#include "store/directory/spelling/spell.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "store/directory/entry.h"

/* --- the listing --- */

struct search {
    struct arena *arena;
    struct str name; /* ends in NUL */
    struct str small;
    struct str loose;
    size_t small_count; /* of entries that are alike, */
    size_t loose_count;
    struct str small_match; /* and the last of them */
    struct str loose_match;
};

/* Dots and blanks at the end are dropped by Windows' file systems. */
static struct str without_end(struct str name)
{
    while (name.len > 1 && (name.at[name.len - 1] == '.' || name.at[name.len - 1] == ' '))
        name.len--;
    return name;
}

static void compare(struct search *search, struct str entry)
{
    struct arena arena = {0};
    bool is_loose = false;
    bool is_small = false;
    if (str_is_ascii(entry) && str_is_ascii(search->loose)) {
        is_loose = str_eq_nocase(without_end(entry), search->loose);
        is_small = is_loose && str_eq_nocase(entry, search->small);
    } else {
        is_loose = str_eq(unicode_form(&arena, without_end(entry), UNICODE_LOOSE), search->loose);
        is_small = str_eq(unicode_form(&arena, entry, UNICODE_SMALL), search->small);
    }
    arena_done(&arena);
    if (is_loose || is_small) {
        search->loose_count++;
        search->loose_match = arena_str(search->arena, entry);
    }
    if (is_small) {
        search->small_count++;
        search->small_match = search->loose_match;
    }
}

/* Opens a directory to be listed again, from its beginning. */
static bool open_entries(int at, struct dir_entries *entries_out)
{
    int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        dir_entries_init(entries_out, fd);
    return fd >= 0;
}

/* True: it is listed by those very bytes. */
static bool is_listed(int at, struct search *search)
{
    struct dir_entries entries;
    struct dir_entry entry;
    bool is_same = false;
    if (!open_entries(at, &entries))
        return false;
    while (!is_same && dir_entries_next(&entries, &entry) == STORE_OK) {
        is_same = str_eq(entry.name, search->name);
        compare(search, entry.name);
    }
    dir_entries_done(&entries);
    return is_same;
}

/* The only entry that is the same as what `fd` is. */
static bool find_inode(int at, int fd, struct arena *arena, struct str *name_out)
{
    struct dir_entries entries;
    struct dir_entry entry;
    struct stat st;
    struct stat asked;
    size_t count = 0;
    if (fstat(fd, &asked) < 0 || !open_entries(at, &entries))
        return false;
    while (dir_entries_next(&entries, &entry) == STORE_OK) {
        if (fstatat(at, entry.name.at, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != asked.st_dev ||
            st.st_ino != asked.st_ino)
            continue;
        *name_out = arena_str(arena, entry.name);
        count++;
    }
    dir_entries_done(&entries);
    return count == 1;
}

static enum store_rc find_listed(int at, int fd, struct arena *arena, struct str *name)
{
    struct search search = {
        .arena = arena,
        .name = *name,
        .small = unicode_form(arena, *name, UNICODE_SMALL),
        .loose = unicode_form(arena, without_end(*name), UNICODE_LOOSE),
    };
    if (is_listed(at, &search))
        return STORE_OK;
    if (search.small_count == 1)
        *name = search.small_match;
    else if (search.loose_count == 1)
        *name = search.loose_match;
    else if (!find_inode(at, fd, arena, name))
        return STORE_DENIED;
    return STORE_OK;
}

/* --- one name --- */

/* Opens it as it is, or in another Unicode form that is there. */
static int open_name(int at, struct arena *arena, struct str *name)
{
    static const enum unicode_form forms[] = {UNICODE_NFC, UNICODE_NFD};
    const int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(at, arena_text(arena, *name), flags);
    for (size_t i = 0; i < ARRAY_LEN(forms) && fd < 0 && errno == ENOENT; i++) {
        struct str other = unicode_form(arena, *name, forms[i]);
        if (str_eq(other, *name))
            continue;
        fd = openat(at, arena_text(arena, other), flags);
        if (fd >= 0)
            *name = other;
    }
    return fd;
}

/* What is not there keeps its name (OK), and so does what cannot be there or come to. Where the
 * system could not say, neither do we: a moment later that spelling might lead somewhere. */
static enum store_rc rc_of_missing(int code)
{
    switch (code) {
    case ENOENT:
    case ENOTDIR:
    case EACCES:
    case EPERM:
    case ENAMETOOLONG:
    case EINVAL:
    case EILSEQ:
        return STORE_OK;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        return STORE_BUSY;
    default:
        log_line(LOG_ERROR, "store: cannot find the name that a directory lists: %s",
                 strerrordesc_np(code));
        return STORE_FAILED;
    }
}

/* Takes *at, a directory, and leaves in it what to go on from; -1: this was the end. */
static enum store_rc spell_name(struct folds *folds, int *at, struct arena *arena, struct str *name)
{
    struct stat st;
    enum store_rc rc = STORE_OK;
    struct fold_kind kind = folds_of(folds, *at);
    int fd = open_name(*at, arena, name);
    if (fd < 0)
        rc = rc_of_missing(errno);
    if (fd >= 0 && !kind.is_exact)
        rc = find_listed(*at, fd, arena, name);
    else if (fd < 0 && kind.lists_another)
        *name = unicode_form(arena, *name, kind.form);
    fd_close(*at);
    *at = fd;
    bool is_known = fd >= 0 && rc == STORE_OK && fstat(fd, &st) == 0;
    if (fd >= 0 && rc == STORE_OK && !is_known)
        rc = rc_of_missing(errno);
    if (fd >= 0 && (!is_known || !S_ISDIR(st.st_mode))) {
        fd_close(fd);
        *at = -1;
    }
    return rc;
}

enum store_rc spell_path(struct folds *folds, int root_fd, struct arena *arena,
                         struct res_path path, struct res_path *real_out)
{
    struct res_path real = PATH_ROOT;
    struct str rest = path_str(path);
    int at = openat(root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    enum store_rc rc = at < 0 ? rc_of_missing(errno) : STORE_OK;
    while (rest.len && at >= 0 && rc == STORE_OK) {
        struct str name = str_cut(&rest, '/');
        rc = spell_name(folds, &at, arena, &name);
        real = path_join(arena, real, name);
    }
    fd_close(at);
    *real_out = rest.len ? path_join(arena, real, rest) : real;
    return rc;
}

/* --- new names --- */

bool spell_may_be_new(struct folds *folds, int parent_fd, const char *name)
{
    struct stat st;
    struct str text = str_of_c(name);
    if (folds_found(folds) == STORE_FOLDS_NOTHING || folds_of(folds, parent_fd).is_exact ||
        (without_end(text).len == text.len && str_index(text, ':') == text.len))
        return true;
    return fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}
