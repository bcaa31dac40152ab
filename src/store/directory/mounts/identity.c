/* Paths are compared before anything is copied or moved; but two paths may lead to one thing where
 * the file system does not tell case or forms of Unicode apart, or by a mount that mounts.c cannot
 * see through. So what is really there is compared as well, by device and inode number: the ends
 * themselves, and for collections all that the other end lies in.
 *
 * Two names of a file with one inode may be two hard links, which are two resources, or two
 * spellings of one. The directory tells: what has an entry of its own is a link. Some file systems
 * in user space (exFAT's) give each spelling an inode number of its own: there the directory is
 * searched for the spelling that it has, which may take a while where it is large; on others this
 * is not done. */
#include "store/directory/mounts/identity.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "store/directory/entry.h"
#include "text/unicode.h"

enum { STEP_LEVELS = 1024, STEPS = 4 };

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* The name of an entry, as the directory has it: just that one, or else one that differs only in
 * what file systems fold. False: there is none. When in doubt, it is as it was asked for. */
static bool find_entry(int fd, const char *name, struct dir_name *found_out)
{
    struct dir_entries entries;
    struct dir_entry entry;
    struct arena arena = {0};
    enum store_rc rc = STORE_OK;
    struct res_path asked = {name, strlen(name)};
    bool is_found = false;
    bool is_exact = false;
    int list_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (list_fd < 0)
        return dir_name_of(asked, found_out) == STORE_OK;
    struct str loose = unicode_form(&arena, path_str(asked), UNICODE_LOOSE);
    dir_entries_init(&entries, list_fd);
    while (!is_exact && (rc = dir_entries_next(&entries, &entry)) == STORE_OK) {
        struct res_path path = {entry.name.at, entry.name.len};
        struct arena scratch = {0};
        is_exact = path_eq(path, asked);
        if (is_exact ||
            (!is_found && str_eq(unicode_form(&scratch, entry.name, UNICODE_LOOSE), loose)))
            is_found = dir_name_of(path, found_out) == STORE_OK;
        arena_done(&scratch);
    }
    dir_entries_done(&entries);
    arena_done(&arena);
    return is_exact || is_found || (rc != STORE_END && dir_name_of(asked, found_out) == STORE_OK);
}

static bool is_in_user_space(int fd)
{
    struct statfs fs;
    return fstatfs(fd, &fs) == 0 && fs.f_type == FUSE_SUPER_MAGIC;
}

/* Looks at a member. False: there is none. */
static bool look(const struct dir_end *end, struct dir_name *name_out, struct stat *st_out)
{
    if (dir_name_of((struct res_path){end->name, strlen(end->name)}, name_out) != STORE_OK ||
        fstatat(end->parent_fd, end->name, st_out, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    if (is_in_user_space(end->parent_fd) && find_entry(end->parent_fd, end->name, name_out))
        (void)!fstatat(end->parent_fd, name_out->text, st_out, AT_SYMLINK_NOFOLLOW); /* as before */
    return true;
}

enum met { MET_NEITHER, MET_COLLECTION, MET_ROOT };

/* Goes up from the directory until it meets one of the two, or has come as far as one path leads:
 * *up_fd_out is there then. */
static enum met go_up(int fd, const struct stat *collection, const struct stat *root,
                      int *up_fd_out)
{
    char up[3 * STEP_LEVELS + 2] = ".";
    struct stat st;
    for (size_t len = 1; len + 3 < sizeof(up); len += 3) {
        if (fstatat(fd, up, &st, 0) < 0)
            return MET_ROOT; /* it has gone */
        if (is_same(&st, collection))
            return MET_COLLECTION;
        if (is_same(&st, root))
            return MET_ROOT;
        memcpy(up + len, "/..", 4);
    }
    *up_fd_out = openat(fd, up, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return MET_NEITHER;
}

/* Whether the directory is the collection, or lies in it. */
static bool is_beneath(int root_fd, int fd, const struct stat *collection)
{
    struct stat root;
    int at_fd = fd;
    enum met met = MET_NEITHER;
    if (fstat(root_fd, &root) < 0)
        return false;
    for (int i = 0; i < STEPS && met == MET_NEITHER && at_fd >= 0; i++) {
        int up_fd = -1;
        met = go_up(at_fd, collection, &root, &up_fd);
        if (at_fd != fd)
            fd_close(at_fd);
        at_fd = up_fd;
    }
    if (at_fd >= 0 && at_fd != fd)
        fd_close(at_fd);
    return met != MET_ROOT; /* where it is too deep to say, as if it were */
}

/* Both are there, and are one inode: one entry, or two links to a file. */
static enum dir_relation relate_names(const struct dir_end *from, const struct dir_end *to,
                                      const struct stat *st)
{
    struct stat from_parent;
    struct stat to_parent;
    struct dir_name found;
    if (fstat(from->parent_fd, &from_parent) < 0 || fstat(to->parent_fd, &to_parent) < 0)
        return RELATION_MET;
    bool is_one_parent = is_same(&from_parent, &to_parent);
    bool is_one_name = strcmp(from->name, to->name) == 0;
    if (is_one_parent && !is_one_name && find_entry(to->parent_fd, to->name, &found) &&
        strcmp(found.text, to->name) != 0)
        return RELATION_RESPELT;
    bool is_link = !S_ISDIR(st->st_mode) && st->st_nlink > 1 && !(is_one_parent && is_one_name);
    return is_link ? RELATION_APART : RELATION_MET;
}

enum dir_relation dir_relate(int root_fd, const struct dir_end *from, const struct dir_end *to)
{
    struct stat from_st;
    struct stat to_st;
    struct dir_name from_name;
    struct dir_name to_name;
    bool is_there = look(to, &to_name, &to_st);
    if (!is_there && from->parent_fd == to->parent_fd) /* what is in it does not hold it */
        return RELATION_FREE;
    if (!look(from, &from_name, &from_st))
        return RELATION_APART; /* there is nothing to be lost */
    if (S_ISDIR(from_st.st_mode) && is_beneath(root_fd, to->parent_fd, &from_st))
        return RELATION_WITHIN;
    if (is_there && S_ISDIR(to_st.st_mode) && is_beneath(root_fd, from->parent_fd, &to_st))
        return RELATION_MET;
    if (!is_there)
        return RELATION_FREE;
    return is_same(&from_st, &to_st) ? relate_names(from, to, &from_st) : RELATION_APART;
}
