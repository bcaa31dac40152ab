/* Files of users, keys and tokens are read by a server at any moment, and hold what nobody wants to
 * lose: a change is written to a new file beside the old one, flushed, and given its name by one
 * rename. Owner and mode stay those of the old file. Two commands at once take turns by a lock on
 * the directory's file FILE.lock.
 *
 * Passwords never come from arguments: everybody on the machine can read those. */
#include "cli/admin/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/files.h"

enum { PASSWORD_LINE_MAX = 1024 };

static void change(struct buf *to, struct str text, struct str name, struct str line,
                   bool *was_there)
{
    *was_there = false;
    while (text.len) {
        struct str row = str_cut(&text, '\n');
        struct str rest = row;
        bool is_it = str_eq(str_cut(&rest, ':'), name) && name.len < row.len;
        if (is_it && (*was_there || line.len == 0)) {
            *was_there = true;
            continue;
        }
        buf_add(to, is_it ? line : row);
        buf_add_char(to, '\n');
        *was_there |= is_it;
    }
    if (*was_there || line.len == 0)
        return;
    buf_add(to, line);
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

static bool replace(const char *path, struct str text, struct err *err)
{
    struct buf fresh = {0};
    struct stat st;
    buf_addf(&fresh, "%s.new", path);
    (void)unlink(buf_c(&fresh)); /* of a command that was killed; the lock is ours */
    int fd = open(buf_c(&fresh), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_fine = fd >= 0;
    if (is_fine && stat(path, &st) == 0) {
        (void)!fchown(fd, st.st_uid, st.st_gid); /* then it is ours; fchmod keeps it readable */
        is_fine = fchmod(fd, st.st_mode & 0777) == 0;
    }
    is_fine = is_fine && write_all(fd, text) && rename(buf_c(&fresh), path) == 0;
    int code = errno;
    fd_close(fd); /* flushed */
    if (!is_fine)
        (void)unlink(buf_c(&fresh)); /* if it was made at all */
    buf_done(&fresh);
    return is_fine || err_sys(err, code, "cannot write '%s'", path);
}

/* -1: `err` says why. */
static int lock_file(const char *path, struct err *err)
{
    struct buf name = {0};
    buf_addf(&name, "%s.lock", path);
    int fd = open(buf_c(&name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || flock(fd, LOCK_EX) < 0)
        err_sys(err, errno, "cannot lock '%s'", buf_c(&name));
    buf_done(&name);
    return fd;
}

bool text_file_set(const char *path, struct str name, struct str line, bool *was_there_out,
                   struct err *err)
{
    struct arena arena = {0};
    struct buf changed = {0};
    struct str text = STR_NONE;
    int lock = lock_file(path, err);
    bool is_fine = lock >= 0;
    if (is_fine && access(path, F_OK) == 0)
        is_fine = file_read_small(path, &arena, &text, err);
    if (is_fine) {
        change(&changed, text, name, line, was_there_out);
        is_fine = replace(path, buf_str(&changed), err);
    }
    fd_close(lock); /* which unlocks */
    buf_done(&changed);
    arena_done(&arena);
    return is_fine;
}

/* --- passwords --- */

static bool read_line(FILE *from, struct arena *arena, struct str *line_out)
{
    char line[PASSWORD_LINE_MAX];
    if (!fgets(line, sizeof(line), from))
        return false;
    *line_out = arena_str(arena, str_first(str_of_c(line), strcspn(line, "\r\n")));
    return line_out->len > 0;
}

static bool ask(const char *prompt, struct arena *arena, struct str *password_out)
{
    struct termios old;
    struct termios silent;
    FILE *terminal = fopen("/dev/tty", "r+");
    if (!terminal || tcgetattr(fileno(terminal), &old) < 0) {
        if (terminal)
            (void)fclose(terminal); /* nothing was written */
        return false;
    }
    silent = old;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(terminal, "%s: ", prompt);
    (void)fflush(terminal);                                /* then the prompt is missing */
    (void)tcsetattr(fileno(terminal), TCSAFLUSH, &silent); /* then it is seen */
    bool is_read = read_line(terminal, arena, password_out);
    (void)tcsetattr(fileno(terminal), TCSAFLUSH, &old); /* as it was */
    fprintf(terminal, "\n");
    (void)fclose(terminal); /* a terminal: nothing to lose */
    return is_read;
}

bool password_read(const char *path, struct arena *arena, struct str *password_out, struct err *err)
{
    struct str again;
    if (!path && isatty(STDIN_FILENO)) {
        if (!ask("Password", arena, password_out) || !ask("Again", arena, &again))
            return err_set(err, 0, "no password was given");
        return str_eq(*password_out, again) ||
               err_set(err, 0, "the two passwords are not the same");
    }
    bool is_input = !path || strcmp(path, "-") == 0;
    FILE *from = is_input ? stdin : fopen(path, "re");
    if (!from)
        return err_sys(err, errno, "cannot open '%s'", path);
    bool is_read = read_line(from, arena, password_out);
    if (!is_input)
        (void)fclose(from); /* read only: nothing to lose */
    return is_read || err_set(err, 0, "no password was given");
}
