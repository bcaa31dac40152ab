/* How a database takes the place of another, so that a crash at any moment leaves one that has all.
 *
 * That there is a state.db must never mean less than that all is in it which was acknowledged: one
 * that is empty looks whole. So none is made under this name. It is filled as state.db.new, which
 * says nothing to anybody and is begun anew by the next start; when it is complete and on the disk
 * it is called state.db.whole, which decides: from then on it is the database, and what is left to
 * do can be done by whoever comes, twice if need be.
 *
 * One rename over state.db would not do. Beside it are SQLite's log and journal, which go by its
 * name alone: those of the old file would be played into the new one, and the old file without them
 * is not what it was. So they are set aside (or removed) in between, the file itself last, by whose
 * new name the next start sees how far that went. That name comes from the time of the new file,
 * which is the same however often this is begun.
 *
 * Rejected: links, which set aside without a moment in between. Not all file systems have them, and
 * a database with two names is refused (own.c), as it should be. */
#include "store/directory/state/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "store/directory/state/own.h"

#define STATE_WHOLE_NAME STATE_NAME ".whole"

/* What belongs to a database, itself last. */
static const char *const parts[] = {"-wal", "-journal", ""};

bool whole_begin(int dir_fd, struct err *err)
{
    (void)unlinkat(dir_fd, STATE_NEW_NAME, 0); /* of a crash; mostly there is none */
    int fd = openat(dir_fd, STATE_NEW_NAME, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_sys(err, errno, "cannot make " STATE_NEW_NAME);
    fd_close(fd);
    return true;
}

/* A name that nothing has yet. */
static void choose_name(int dir_fd, char name_out[ASIDE_NAME_BYTES])
{
    struct stat st;
    long long when = fstatat(dir_fd, STATE_WHOLE_NAME, &st, 0) == 0 ? (long long)st.st_mtime : 0;
    state_aside_name(dir_fd, STATE_NAME, when, name_out);
}

static bool set_aside(int dir_fd, char name_out[ASIDE_NAME_BYTES], struct err *err)
{
    bool is_any = false;
    choose_name(dir_fd, name_out);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        char from[ASIDE_NAME_BYTES];
        char to[ASIDE_NAME_BYTES + 16];
        str_print(from, sizeof(from), STATE_NAME "%s", parts[i]);
        str_print(to, sizeof(to), "%s%s", name_out, parts[i]);
        bool is_there = renameat(dir_fd, from, dir_fd, to) == 0;
        if (!is_there && errno != ENOENT)
            return err_sys(err, errno, "cannot set %s aside", from);
        is_any = is_any || is_there;
    }
    if (!is_any)
        name_out[0] = '\0';
    return true;
}

/* The file itself needs not be removed: the new one is renamed over it. */
static bool remove_beside(int dir_fd, struct err *err)
{
    static const char *const beside[] = {STATE_NAME "-wal", STATE_NAME "-journal"};
    for (size_t i = 0; i < ARRAY_LEN(beside); i++) {
        if (unlinkat(dir_fd, beside[i], 0) < 0 && errno != ENOENT)
            return err_sys(err, errno, "cannot remove %s", beside[i]);
    }
    return true;
}

/* All that follows the decision. `aside_out`: as in whole_put(). */
static bool take_place(int dir_fd, char aside_out[ASIDE_NAME_BYTES], struct err *err)
{
    if (aside_out ? !set_aside(dir_fd, aside_out, err) : !remove_beside(dir_fd, err))
        return false;
    (void)unlinkat(dir_fd, STATE_NAME "-shm", 0); /* it says nothing by itself */
    return (renameat(dir_fd, STATE_WHOLE_NAME, dir_fd, STATE_NAME) == 0 && fsync(dir_fd) == 0) ||
           err_sys(err, errno, "cannot put " STATE_NAME " in its place");
}

bool whole_put(int dir_fd, char aside_out[ASIDE_NAME_BYTES], bool *is_between_out, struct err *err)
{
    int fd = openat(dir_fd, STATE_NEW_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool is_flushed = fd >= 0 && fsync(fd) == 0;
    fd_close(fd); /* it is on the disk, or useless */
    if (!is_flushed || renameat(dir_fd, STATE_NEW_NAME, dir_fd, STATE_WHOLE_NAME) < 0)
        return err_sys(err, errno, "cannot flush " STATE_NEW_NAME);
    bool is_put = (fsync(dir_fd) == 0 || err_sys(err, errno, "cannot flush the state directory")) &&
                  take_place(dir_fd, aside_out, err);
    *is_between_out = !is_put;
    return is_put;
}

bool whole_finish(int dir_fd, struct err *err)
{
    char name[ASIDE_NAME_BYTES];
    if (!state_file_at(dir_fd, STATE_WHOLE_NAME).ino)
        return true;
    if (!own_file_check(dir_fd, STATE_WHOLE_NAME, err) || !take_place(dir_fd, name, err))
        return false;
    log_line(LOG_ERROR,
             "a new " STATE_NAME " had been made, of what could be saved, when davit was "
             "interrupted; it is in use now%s%s",
             name[0] ? ", and the old file is kept as " : "", name);
    return true;
}

const char *whole_name(int dir_fd)
{
    return state_file_at(dir_fd, STATE_WHOLE_NAME).ino ? STATE_WHOLE_NAME : STATE_NAME;
}
