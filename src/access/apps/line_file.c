/* Files of users, keys and tokens are read by a server at any moment, and hold what nobody wants to
 * lose: a change is written to a new file beside the old one, flushed, and given its name by one
 * rename, which is flushed, too. Owner and mode stay those of the old file. Commands and servers
 * take turns by a lock on the directory's file FILE.lock, which each holds while it reads and
 * writes; who waits for it longer than LOCK_MS gives up, since it may be held by a program that
 * somebody has stopped. */
#include "access/apps/line_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/files.h"

enum { LOCK_MS = 3000, LOCK_LOOK_MS = 10 };

void line_change(struct buf *to, struct str text, const struct line_edit *edit, bool *was_there)
{
    *was_there = false;
    while (text.len) {
        struct str row = str_cut(&text, '\n');
        struct str rest = row;
        bool is_it = str_eq(str_cut(&rest, ':'), edit->name) && edit->name.len < row.len;
        if (is_it && (*was_there || edit->line.len == 0)) {
            *was_there = true;
            continue;
        }
        buf_add(to, is_it ? edit->line : row);
        buf_add_char(to, '\n');
        *was_there |= is_it;
    }
    if (*was_there || edit->line.len == 0)
        return;
    buf_add(to, edit->line);
    buf_add_char(to, '\n');
}

static bool write_all(int fd, struct str text)
{
    while (text.len) {
        ssize_t done = write(fd, text.at, text.len);
        if (done < 0 && errno != EINTR)
            return false;
        text = str_from(text, done > 0 ? (size_t)done : 0);
    }
    return fsync(fd) == 0;
}

/* So that the new name survives a loss of power. A file system that cannot flush a directory does
 * so by itself, or never. */
static bool flush_directory(const char *path)
{
    struct str text = str_of_c(path);
    size_t slash = str_index_last(text, '/');
    struct buf directory = {0};
    if (slash < text.len)
        buf_add(&directory, str_first(text, slash ? slash : 1));
    else
        buf_add_char(&directory, '.');
    int fd = open(buf_c(&directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    buf_done(&directory);
    bool is_fine = fd < 0 || fsync(fd) == 0 || errno == EINVAL;
    fd_close(fd); /* flushed */
    return is_fine;
}

bool line_file_replace(const struct line_file *file, struct str text, struct err *err)
{
    struct buf fresh = {0};
    struct stat st;
    if (text.len >= FILE_SMALL_BYTES_MAX) /* nobody could read it again, nor make it shorter */
        return err_set(err, 0, "'%s' would be too long", file->path);
    buf_addf(&fresh, "%s.new", file->path);
    (void)unlink(buf_c(&fresh)); /* of a program that was killed; the lock is ours */
    int fd = open(buf_c(&fresh), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_made = fd >= 0;
    bool is_fine = is_made;
    if (is_fine && stat(file->path, &st) == 0) {
        (void)!fchown(fd, st.st_uid, st.st_gid); /* then it is ours; fchmod keeps it readable */
        is_fine = fchmod(fd, st.st_mode & 0777) == 0;
    }
    is_fine = is_fine && write_all(fd, text) && rename(buf_c(&fresh), file->path) == 0;
    is_made = is_made && !is_fine;
    is_fine = is_fine && flush_directory(file->path);
    int code = errno;
    fd_close(fd); /* flushed */
    if (is_made)
        (void)unlink(buf_c(&fresh)); /* what is left of it is nobody's */
    buf_done(&fresh);
    return is_fine || err_sys(err, code, "cannot write '%s'", file->path);
}

/* --- taking turns --- */

static void pause_briefly(void)
{
    const struct timespec pause = {.tv_nsec = LOCK_LOOK_MS * 1000000L};
    (void)nanosleep(&pause, NULL); /* a signal that ends it early harms nobody */
}

static bool lock(int fd)
{
    int64_t until_ms = clock_boot_ms() + LOCK_MS;
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || clock_boot_ms() > until_ms)
            return false;
        pause_briefly();
    }
    return true;
}

/* -1: `err` says why. */
static int lock_file(const char *path, struct err *err)
{
    struct buf name = {0};
    buf_addf(&name, "%s.lock", path);
    int fd = open(buf_c(&name), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || !lock(fd)) {
        err_sys(err, errno, "cannot lock '%s'", buf_c(&name));
        fd_close(fd); /* nothing was written */
        fd = -1;
    }
    buf_done(&name);
    return fd;
}

bool line_file_open(struct line_file *file, const char *path, struct err *err)
{
    *file = (struct line_file){.path = path, .lock = lock_file(path, err)};
    bool is_fine = file->lock >= 0;
    if (is_fine && access(path, F_OK) == 0)
        is_fine = file_read_small(path, &file->arena, &file->text, err);
    if (!is_fine)
        line_file_close(file);
    return is_fine;
}

void line_file_close(struct line_file *file)
{
    fd_close(file->lock); /* which unlocks */
    arena_done(&file->arena);
    *file = (struct line_file){.lock = -1};
}

bool line_file_set(const char *path, const struct line_edit *edit, bool *was_there_out,
                   struct err *err)
{
    struct line_file file;
    struct buf changed = {0};
    if (!line_file_open(&file, path, err))
        return false;
    line_change(&changed, file.text, edit, was_there_out);
    bool is_fine = line_file_replace(&file, buf_str(&changed), err);
    line_file_close(&file);
    buf_done(&changed);
    return is_fine;
}
