/* A walk through a folder, each folder once.
 *
 * Symbolic links to folders are followed: documentation is often installed that way. They are gone
 * after when the folders themselves have been walked, and a folder that was walked is known by its
 * device and inode number, so a link into what is walked anyway adds nothing, and a ring ends.
 *
 * What a .gitignore leaves out is left out here, and node_modules: no one who checks a project
 * means the packages in it. A .gitignore above the start does not count: the start was named. */
#include "check/local/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/map.h"
#include "base/mem.h"
#include "check/local/ignore.h"

enum { FOLDER_DEPTH_MAX = 64, IGNORE_BYTES_MAX = 1 << 20 };

/* A folder that is being walked, and what its .gitignore says. */
struct level {
    struct level *above;
    struct ignore *ignore; /* NULL: it has none */
    size_t path_len;
    unsigned depth;
};

struct seen {
    struct map_entry entry;
    struct {
        dev_t device;
        ino_t number;
    } inode;
};

struct later {
    struct later *next;
    char *path;
};

struct walk {
    struct folder_walk *asked;
    struct buf path;
    struct arena arena;
    struct map seen;
    struct later *links, **links_end; /* to folders, not yet followed */
    struct err *err;
};

/* Whether this is the first time. */
static bool see(struct walk *walk, const struct stat *info)
{
    struct seen *seen = ARENA_NEW(&walk->arena, struct seen);
    seen->inode.device = info->st_dev;
    seen->inode.number = info->st_ino;
    struct str key = str_of((const char *)&seen->inode, sizeof(seen->inode));
    if (map_find(&walk->seen, key))
        return false;
    map_add(&walk->seen, &seen->entry, key);
    return true;
}

static void follow_later(struct walk *walk)
{
    struct later *link = ARENA_NEW(&walk->arena, struct later);
    link->path = mem_copy_text(walk->path.at, walk->path.len);
    *walk->links_end = link;
    walk->links_end = &link->next;
}

/* --- what is left out --- */

static struct ignore *read_ignore(struct walk *walk)
{
    struct buf text = {0};
    size_t len = walk->path.len;
    BUF_ADD(&walk->path, "/.gitignore");
    int fd = open(buf_c(&walk->path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    walk->path.len = len;
    ssize_t got = fd < 0 ? -1 : read(fd, buf_reserve(&text, IGNORE_BYTES_MAX), IGNORE_BYTES_MAX);
    fd_close(fd);
    if (got > 0)
        text.len = size_of_ssize(got);
    struct ignore *ignore = got > 0 ? ignore_new(buf_str(&text)) : NULL;
    buf_done(&text);
    return ignore;
}

static bool is_ignored(const struct walk *walk, const struct level *level, struct str name,
                       bool is_folder)
{
    if (walk->asked->takes_all)
        return false;
    if (is_folder && str_eq(name, STR("node_modules")))
        return true;
    for (; level; level = level->above) {
        struct str path = str_from(buf_str(&walk->path), level->path_len + 1);
        enum ignored says =
            level->ignore ? ignore_says(level->ignore, path, is_folder) : IGNORED_UNSAID;
        if (says != IGNORED_UNSAID)
            return says == IGNORED_YES;
    }
    return false;
}

/* --- walking --- */

static bool walk_folder(struct walk *walk, struct level *above);

/* Of one entry; its path stands in walk->path. */
static bool walk_entry(struct walk *walk, struct level *level, struct str name)
{
    struct stat info;
    if (lstat(buf_c(&walk->path), &info) < 0)
        return true; /* it went away */
    bool is_link = S_ISLNK(info.st_mode);
    if (is_link && stat(buf_c(&walk->path), &info) < 0)
        return true; /* it leads nowhere */
    bool is_folder = S_ISDIR(info.st_mode);
    if (is_ignored(walk, level, name, is_folder)) {
        walk->asked->ignored_count++;
        return true;
    }
    if (is_folder && is_link)
        follow_later(walk);
    else if (is_folder)
        return !see(walk, &info) || walk_folder(walk, level);
    else if (S_ISREG(info.st_mode))
        walk->asked->file(walk->asked, buf_c(&walk->path));
    return true;
}

static bool walk_folder(struct walk *walk, struct level *above)
{
    DIR *folder = opendir(buf_c(&walk->path));
    if (!folder)
        return err_sys(walk->err, errno, "cannot read '%s'", buf_c(&walk->path));
    struct level level = {.above = above,
                          .ignore = walk->asked->takes_all ? NULL : read_ignore(walk),
                          .path_len = walk->path.len,
                          .depth = above ? above->depth + 1 : 0};
    bool is_fine = level.depth < FOLDER_DEPTH_MAX ||
                   err_set(walk->err, 0, "'%s' is too deep a folder", buf_c(&walk->path));
    for (struct dirent *entry; is_fine && (entry = readdir(folder));) {
        struct str name = str_of_c(entry->d_name);
        bool is_hidden = name.at[0] == '.';
        if (is_hidden && !str_eq(name, STR(".")) && !str_eq(name, STR("..")) &&
            !str_eq(name, STR(".gitignore")))
            walk->asked->hidden_count++;
        if (is_hidden)
            continue;
        buf_addf(&walk->path, "/%s", entry->d_name);
        is_fine = walk_entry(walk, &level, name);
        walk->path.len = level.path_len;
    }
    ignore_free(level.ignore);
    (void)closedir(folder); /* only read */
    return is_fine;
}

/* The start itself, or where a symbolic link leads. */
static bool walk_top(struct walk *walk, const char *path)
{
    struct stat info;
    buf_clear(&walk->path);
    buf_add(&walk->path, str_of_c(path));
    if (stat(path, &info) < 0)
        return err_sys(walk->err, errno, "cannot read '%s'", path);
    return !see(walk, &info) || walk_folder(walk, NULL);
}

bool folder_walk(struct folder_walk *asked, const char *path, struct err *err)
{
    struct walk walk = {.asked = asked, .links_end = &walk.links, .err = err};
    bool is_fine = walk_top(&walk, path);
    for (struct later *link = walk.links; link; link = link->next) {
        is_fine = is_fine && walk_top(&walk, link->path);
        mem_free(link->path);
    }
    map_done(&walk.seen);
    arena_done(&walk.arena);
    buf_done(&walk.path);
    return is_fine;
}
