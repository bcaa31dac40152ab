/* From a resource's path to what the kernel knows.
 *
 * Every look-up starts at root_fd and is resolved beneath it (beneath.c): no "..", no absolute or
 * escaping symbolic link, no magic link leaves the root, whatever happens to the tree meanwhile.
 *
 * A resource may be reached by several paths, and what protects it (claims, locks, rules, the
 * border of a home) must not be got around by an alias. So dir_locate() says what the real path is:
 * links resolved, and each name in the Unicode form that the directory holds (a Mac sends "é" as
 * two characters, others as one; the bytes that are there win, and nothing is renamed). All else
 * takes that path and follows no link: a link that has come into the way since is ELOOP, and what
 * is opened is what was judged.
 *
 * Where a file system takes more names for one (spelling/folds.c), each is taken from its
 * directory. Mostly none is there, and the kernel says so at no cost: a look-up that stays within
 * the root's own mount (RESOLVE_NO_XDEV) has met the root's file system only.
 *
 * A path may be longer than the kernel takes at once: then it is opened in parts (decision 38).
 *
 * Rejected: to follow links, and to compare the path of the open descriptor (/proc/self/fd) with
 * the one that was judged. It costs two calls more for each open, and the kernel gives a file that
 * has just been removed a name that it never had. */
#include "store/directory/resolve.h"
#include "store/directory/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/directory/cache/cache.h"
#include "store/directory/cache/glance.h"
#include "store/directory/dir.h"
#include "store/directory/entry.h"
#include "store/directory/mounts/mounts.h"
#include "store/directory/root.h"
#include "store/directory/spelling/folds.h"
#include "store/directory/spelling/spell.h"
#include "text/unicode.h"

enum { NAME_BYTES_MAX = 255 };

/* --- opening --- */

/* As much of a path as the kernel takes at once, up to a '/'; what is left of it behind that. */
static struct res_path cut_part(struct res_path *path)
{
    enum { PART_BYTES = sizeof(((struct dir_name *)0)->text) };
    struct str first = str_first(path_str(*path), PART_BYTES);
    size_t len = path->len < PART_BYTES ? path->len : str_index_last(first, '/');
    struct res_path part = {path->at, len};
    struct str rest = str_from(path_str(*path), len + 1);
    *path = (struct res_path){rest.at, rest.len};
    return part;
}

/* A path that is longer than the kernel takes, part by part. No link is followed, so that what is
 * beneath a part is beneath the root. */
static int open_in_parts(const struct dir_store *dir, struct res_path path, int flags,
                         unsigned resolve)
{
    int at = dir->root_fd;
    for (bool is_last = false; !is_last;) {
        struct dir_name name;
        struct res_path part = cut_part(&path);
        is_last = path.len == 0;
        int part_flags = is_last ? flags : O_PATH | O_DIRECTORY;
        if (dir_name_of(part, &name) != STORE_OK) { /* a name as long as that */
            if (at != dir->root_fd)
                fd_close(at);
            errno = ENOENT;
            return -1;
        }
        int fd = beneath_open(at, name.text, part_flags, resolve);
        int code = errno;
        if (at != dir->root_fd)
            fd_close(at);
        errno = code;
        at = fd;
        if (fd < 0)
            break;
    }
    return at;
}

/* A name that its file system cannot hold is of nothing: ENOENT, as long as the kernel says that of
 * the path, and not of a link's text on its way. */
static int open_how(const struct dir_store *dir, struct res_path path, int flags, unsigned resolve)
{
    struct dir_name name;
    bool follows_none = resolve & RESOLVE_NO_SYMLINKS;
    bool fits = dir_name_of(path, &name) == STORE_OK;
    if (!fits && !follows_none) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = fits ? beneath_open(dir->root_fd, name.text, flags, resolve)
                  : open_in_parts(dir, path, flags, resolve);
    if (fd < 0 && errno == ENAMETOOLONG && follows_none)
        errno = ENOENT;
    return fd;
}

bool dir_path_of_fd(const struct dir_store *dir, int fd, struct arena *arena,
                    struct res_path *path_out)
{
    struct dir_name root;
    struct dir_name full;
    struct str prefix = dir_path_text(dir->root_fd, &root);
    struct str whole = dir_path_text(fd, &full);
    if (prefix.len == 0 || whole.len == 0)
        return false;
    if (str_eq(prefix, STR("/")))
        prefix.len = 0;
    if (!str_starts(whole, prefix))
        return false;
    struct str below = str_from(whole, prefix.len);
    if (below.len && below.at[0] != '/')
        return false;
    *path_out = path_copy(
        arena, (struct res_path){below.at + (below.len ? 1 : 0), below.len ? below.len - 1 : 0});
    return true;
}

int dir_open_beneath(const struct dir_store *dir, struct res_path path, int flags)
{
    errno = ENOENT;
    return dir_is_reserved(path) ? -1 : open_how(dir, path, flags, RESOLVE_NO_SYMLINKS);
}

int dir_open_unlocated(const struct dir_store *dir, struct res_path path, int flags)
{
    struct arena arena = {0};
    struct res_path real;
    int fd = -1;
    errno = ENOENT;
    if (dir_is_reserved(path))
        return -1;
    if (folds_root_is_exact(dir->folds)) {
        fd = open_how(dir, path, flags, RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
        if (fd >= 0 || errno != EXDEV)
            return fd;
    }
    bool is_real = spell_path(dir->folds, dir->root_fd, &arena, path, &real) == STORE_OK &&
                   path_eq(real, path);
    arena_done(&arena);
    errno = ELOOP; /* an alias, as a link is */
    return is_real ? open_how(dir, path, flags, RESOLVE_NO_SYMLINKS) : -1;
}

/* The last segment of a path that is to be changed. */
static enum store_rc last_name(const struct dir_store *dir, struct res_path path,
                               struct dir_name *name_out)
{
    struct str name = path_name(path);
    if (dir->is_read_only || path_is_root(path) || dir_is_reserved(path))
        return STORE_DENIED;
    if (name.len > NAME_BYTES_MAX)
        return STORE_NAME_TOO_LONG;
    return dir_name_of((struct res_path){name.at, name.len}, name_out);
}

enum store_rc dir_name_beside(const struct dir_store *dir, int fd, struct res_path path,
                              struct dir_name *name_out)
{
    enum store_rc rc = last_name(dir, path, name_out);
    return rc == STORE_OK && !spell_may_be_new(dir->folds, fd, name_out->text) ? STORE_DENIED : rc;
}

enum store_rc dir_open_parent(const struct dir_store *dir, struct res_path path, int *fd_out,
                              struct dir_name *name_out)
{
    enum store_rc rc = last_name(dir, path, name_out);
    if (rc == STORE_OK)
        rc = dir_root_check(dir);
    if (rc != STORE_OK)
        return rc;
    int fd = dir_open_beneath(dir, path_parent(path), O_RDONLY | O_DIRECTORY);
    if (fd < 0 && errno == EACCES) /* a collection that may be entered but not listed */
        fd = dir_open_beneath(dir, path_parent(path), O_PATH | O_DIRECTORY);
    if (fd < 0) {
        rc = dir_rc(errno, "cannot open a collection");
        return rc == STORE_NOT_FOUND ? STORE_NO_PARENT : rc;
    }
    if (!spell_may_be_new(dir->folds, fd, name_out->text)) {
        fd_close(fd);
        return STORE_DENIED;
    }
    *fd_out = fd;
    return STORE_OK;
}

/* --- the real path --- */

/* Opens `path` without following any link: 0, or why it cannot be; EXDEV where it may have other
 * spellings. */
static int probe(const struct dir_store *dir, struct res_path path)
{
    if (!folds_root_is_exact(dir->folds) && !cache_knows(dir->cache, path))
        return EXDEV;
    const struct glance *before = glance_find(dir->cache, path);
    if (before)
        return before->code;
    uint64_t begun = glance_begin(dir->cache);
    struct glance glance = {0};
    int fd = open_how(dir, path, O_PATH, RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
    glance.code = fd < 0 ? errno : 0;
    bool is_seen = fd < 0 ? errno == ENOENT : dir_statx(fd, "", AT_EMPTY_PATH, &glance.stx);
    fd_close(fd);
    if (is_seen)
        glance_note(dir->cache, path, begun, &glance);
    return glance.code;
}

/* The same, where that has been taken care of. */
static int probe_spelled(const struct dir_store *dir, struct res_path path)
{
    int fd = open_how(dir, path, O_PATH, RESOLVE_NO_SYMLINKS);
    if (fd < 0)
        return errno;
    fd_close(fd);
    return 0;
}

/* What was looked for is there, or is not: OK. Where the system could not say (no descriptor was
 * left), neither do we: a moment later that spelling might lead somewhere. */
static enum store_rc rc_of_probe(int code)
{
    enum store_rc rc = code ? dir_rc(code, "cannot look up a name") : STORE_OK;
    return rc == STORE_BUSY || rc == STORE_FAILED ? rc : STORE_OK;
}

/* Takes each name on the way as it is listed. */
static enum store_rc spell(const struct dir_store *dir, struct arena *arena, struct res_path *path)
{
    return spell_path(dir->folds, dir->root_fd, arena, *path, path);
}

/* The same, where `path` may have other spellings. */
static enum store_rc spell_if_needed(const struct dir_store *dir, struct arena *arena,
                                     struct res_path *path)
{
    int code = probe(dir, *path);
    return code == EXDEV ? spell(dir, arena, path) : rc_of_probe(code);
}

/* Follows links: the path of what `path` leads to; NOT_FOUND when that is nothing, DENIED when it
 * is not beneath the root. */
static enum store_rc follow(const struct dir_store *dir, struct arena *arena, struct res_path path,
                            struct res_path *real_out)
{
    int fd = open_how(dir, path, O_PATH, 0);
    if (fd < 0) /* ELOOP: links in a circle */
        return errno == ELOOP ? STORE_DENIED : dir_rc(errno, "cannot follow a link");
    bool is_known = dir_path_of_fd(dir, fd, arena, real_out);
    fd_close(fd);
    if (!is_known)
        return STORE_NOT_FOUND;
    /* What a link says is a spelling like others. */
    return spell_if_needed(dir, arena, real_out);
}

static bool is_there(const struct dir_store *dir, struct res_path path)
{
    int fd = open_how(dir, path, O_PATH, 0);
    if (fd < 0)
        return false;
    fd_close(fd);
    return true;
}

/* `exact` with its last segment in another Unicode form, if that is there. */
static bool find_form(const struct dir_store *dir, struct arena *arena, struct res_path exact,
                      enum unicode_form form, struct res_path *path_out)
{
    struct str name = path_name(exact);
    struct str other = unicode_form(arena, name, form);
    struct res_path path = path_join(arena, path_parent(exact), other);
    if (str_eq(other, name) || !is_there(dir, path))
        return false;
    *path_out = path;
    return true;
}

/* Goes down segment by segment and takes each name in the form that is there. */
static struct res_path normalise(const struct dir_store *dir, struct arena *arena,
                                 struct res_path path)
{
    struct res_path real = PATH_ROOT;
    struct str rest = path_str(path);
    while (rest.len) {
        struct str name = str_cut(&rest, '/');
        struct res_path exact = path_join(arena, real, name);
        if (str_is_ascii(name) || is_there(dir, exact) ||
            (!find_form(dir, arena, exact, UNICODE_NFC, &real) &&
             !find_form(dir, arena, exact, UNICODE_NFD, &real)))
            real = exact;
    }
    return real;
}

static enum store_rc locate_resource(const struct dir_store *dir, struct arena *arena,
                                     struct res_path path, struct res_path *real_out)
{
    struct res_path parent;
    int code = cache_knows(dir->cache, path) ? 0 : probe(dir, path);
    if (code == EXDEV) {
        enum store_rc rc = spell(dir, arena, &path);
        if (rc != STORE_OK)
            return rc;
        code = probe_spelled(dir, path);
    } else if (code && !str_is_ascii(path_str(path))) {
        path = normalise(dir, arena, path);
        code = probe(dir, path);
    }
    if (code == ENOENT) /* the last segment may be new */
        code = cache_knows(dir->cache, path_parent(path)) ? 0 : probe(dir, path_parent(path));
    if (code != ELOOP) {
        *real_out = path_copy(arena, path);
        return rc_of_probe(code); /* whatever else is wrong, the operation itself will say */
    }
    enum store_rc rc = follow(dir, arena, path, real_out);
    if (rc == STORE_NOT_FOUND) { /* new, or a link that leads nowhere */
        rc = follow(dir, arena, path_parent(path), &parent);
        if (rc == STORE_OK)
            *real_out = path_join(arena, parent, path_name(path));
        else if (rc == STORE_NOT_FOUND)
            rc = STORE_NO_PARENT;
    }
    return rc; /* where it leads may be reserved: that is everybody's to refuse */
}

static enum store_rc locate_name(const struct dir_store *dir, struct arena *arena,
                                 struct res_path path, struct res_path *real_out)
{
    struct res_path parent;
    if (!str_is_ascii(path_str(path)))
        path = normalise(dir, arena, path);
    enum store_rc rc = locate_resource(dir, arena, path_parent(path), &parent);
    if (rc != STORE_OK)
        return rc;
    *real_out = path_join(arena, parent, path_name(path));
    return cache_knows(dir->cache, parent) ? STORE_OK : spell_if_needed(dir, arena, real_out);
}

enum store_rc dir_locate(struct store *store, struct arena *arena, struct res_path path,
                         enum locate_what what, struct res_path *real_out)
{
    bool is_name = what == LOCATE_NAME && !path_is_root(path);
    mounts_look(dir_of(store)->mounts);
    return is_name ? locate_name(dir_of(store), arena, path, real_out)
                   : locate_resource(dir_of(store), arena, path, real_out);
}
