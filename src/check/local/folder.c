/* A walk through a folder, each folder once.
 *
 * Symbolic links to folders are followed: documentation is often installed that way. They are gone
 * after when the folders themselves have been walked, and a folder that was walked is known by its
 * device and inode number, so a link into what is walked anyway adds nothing, and a ring ends.
 *
 * What a .gitignore leaves out is left out here, and node_modules: no one who checks a project
 * means the packages in it. Those above the start count as well, up to the root of the repository,
 * unless they leave out the start itself: what was named is meant. */
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
    bool is_outside; /* above the start: not walked */
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

static void walk_folder(struct walk *walk, struct level *above);

/* Of one entry; its path stands in walk->path. */
static void walk_entry(struct walk *walk, struct level *level, struct str name)
{
    struct stat info;
    if (lstat(buf_c(&walk->path), &info) < 0)
        return; /* it went away */
    bool is_link = S_ISLNK(info.st_mode);
    if (is_link && stat(buf_c(&walk->path), &info) < 0)
        return; /* it leads nowhere */
    bool is_folder = S_ISDIR(info.st_mode);
    if (is_ignored(walk, level, name, is_folder))
        walk->asked->ignored_count++;
    else if (is_folder && is_link)
        follow_later(walk);
    else if (is_folder && see(walk, &info))
        walk_folder(walk, level);
    else if (S_ISREG(info.st_mode))
        walk->asked->file(walk->asked, buf_c(&walk->path));
}

static void walk_entries(struct walk *walk, struct level *level, DIR *folder)
{
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct str name = str_of_c(entry->d_name);
        bool is_hidden = name.at[0] == '.';
        if (is_hidden && !str_eq(name, STR(".")) && !str_eq(name, STR("..")) &&
            !str_eq(name, STR(".gitignore")))
            walk->asked->hidden_count++;
        if (is_hidden)
            continue;
        buf_addf(&walk->path, "/%s", entry->d_name);
        walk_entry(walk, level, name);
        walk->path.len = level->path_len;
    }
}

static void leave_unread(struct walk *walk, int code)
{
    struct err *err = &walk->asked->unread;
    const char *path = buf_c(&walk->path);
    if (code == ENOENT) /* it went away */
        return;
    if (walk->asked->unread_count++ > 0) /* the first is told */
        return;
    if (code == ENAMETOOLONG)
        err_set(err, 0, "'%s' is too deep a folder", path);
    else
        err_sys(err, code, "cannot read '%s'", path);
}

static void walk_folder(struct walk *walk, struct level *above)
{
    struct level level = {.above = above,
                          .path_len = walk->path.len,
                          .depth = above && !above->is_outside ? above->depth + 1 : 0};
    DIR *folder = level.depth < FOLDER_DEPTH_MAX ? opendir(buf_c(&walk->path)) : NULL;
    if (!folder) {
        leave_unread(walk, level.depth < FOLDER_DEPTH_MAX ? errno : ENAMETOOLONG);
        return;
    }
    level.ignore = walk->asked->takes_all ? NULL : read_ignore(walk);
    walk_entries(walk, &level, folder);
    ignore_free(level.ignore);
    (void)closedir(folder); /* only read */
}

/* --- above the start --- */

/* Where the repository begins that the folder is in; 0: it is in none, or its root itself. */
static size_t find_repository(struct walk *walk, const char *path)
{
    struct stat info;
    size_t whole = strlen(path);
    for (size_t len = whole; len > 0; len = str_index_last(str_of(path, len), '/')) {
        buf_clear(&walk->path);
        buf_addf(&walk->path, "%.*s/.git", int_of_size(len), path);
        if (lstat(buf_c(&walk->path), &info) == 0)
            return len < whole ? len : 0;
    }
    return 0;
}

static void leave_levels(struct level *level)
{
    for (; level; level = level->above)
        ignore_free(level->ignore);
}

/* What the folders from the root of the repository down to that of the start leave out. NULL:
 * nothing, or also the start. */
static struct level *find_levels(struct walk *walk, const char *path)
{
    struct level *level = NULL;
    size_t whole = strlen(path), len = walk->asked->takes_all ? 0 : find_repository(walk, path);
    while (len > 0 && len < whole) {
        struct level *next = ARENA_NEW(&walk->arena, struct level);
        buf_clear(&walk->path);
        buf_add(&walk->path, str_of(path, len));
        *next = (struct level){
            .above = level, .path_len = len, .ignore = read_ignore(walk), .is_outside = true};
        level = next;
        size_t name = len + 1;
        len = name + str_index(str_of_c(path + name), '/');
        buf_clear(&walk->path);
        buf_add(&walk->path, str_of(path, len));
        if (is_ignored(walk, level, str_of(path + name, len - name), true)) {
            leave_levels(level);
            return NULL;
        }
    }
    return level;
}

/* A link to a folder that the start is in leads out of what was named: it is not followed. */
static void see_above(struct walk *walk, const char *path)
{
    struct stat info;
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        buf_clear(&walk->path);
        buf_add(&walk->path, slash == path ? STR("/") : str_of(path, size_of_ssize(slash - path)));
        if (path[1] && stat(buf_c(&walk->path), &info) == 0)
            (void)see(walk, &info);
    }
}

/* The start itself, or where a symbolic link leads. */
static void walk_top(struct walk *walk, const char *path, struct level *above)
{
    struct stat info;
    buf_clear(&walk->path);
    buf_add(&walk->path, str_of_c(path));
    if (stat(path, &info) < 0)
        leave_unread(walk, errno);
    else if (see(walk, &info))
        walk_folder(walk, above);
}

void folder_walk(struct folder_walk *asked, const char *path)
{
    struct walk walk = {.asked = asked, .links_end = &walk.links};
    see_above(&walk, path);
    struct level *above = find_levels(&walk, path);
    walk_top(&walk, path, above);
    leave_levels(above);
    for (struct later *link = walk.links; link; link = link->next) {
        walk_top(&walk, link->path, NULL);
        mem_free(link->path);
    }
    map_done(&walk.seen);
    arena_done(&walk.arena);
    buf_done(&walk.path);
}
