/* Is the root still where it was?
 *
 * A store serves what was at options->root when it was opened: a directory, held by a descriptor.
 * The path may come to lead elsewhere while davit runs: a backup is put in the place of the
 * directory, it is unmounted, or something is mounted over it. What the descriptor holds is then
 * another directory than people mean, or one that is being removed, and a listing of it would be
 * complete and empty: clients that synchronise delete their copies. So what is not there is said
 * to be not there only after a look at the path, and otherwise the store is UNAVAILABLE:
 *
 *   HERE       the path leads to the directory that is open
 *   GONE       to nothing, or to no directory
 *   ELSEWHERE  to another directory: whoever opened the store is told, at most once a second, and
 *              may open it anew (`moved`)
 *
 * The state is that of the last look: a directory that comes back is served again, without a word
 * from anybody.
 *
 * When is looked: before each change, before and after each listing, before each answer that is not
 * from the cache, whose root is watched, and before the cache learns its root; once in a turn of a
 * loop, as the cache does. A look is one stat(2). Where it fails for want of a permission, nobody
 * can say what the path leads to, and what is open counts as long as it has a name at all. */
#include "store/directory/root.h"

#include <errno.h>
#include <fcntl.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/turn.h"
#include "store/directory/beneath.h"
#include "store/directory/dir.h"

enum { TELL_EVERY_MS = 1000 };

enum root_place { ROOT_HERE, ROOT_GONE, ROOT_ELSEWHERE };

/* What this thread has looked at last. */
static _Thread_local struct {
    uint64_t id;
    uint64_t turn;
    enum store_rc rc;
} last_look;

bool dir_root_open(struct dir_store *dir, const struct store_options *options, struct err *err)
{
    static atomic_uint_fast64_t last_id;
    struct stat st;
    dir->root_fd = open(options->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir->root_fd < 0 || fstat(dir->root_fd, &st) < 0)
        return err_sys(err, errno, "cannot open '%s'", options->root);
    beneath_probe(dir->root_fd);
    struct dir_root *root = dir->root = MEM_NEW(struct dir_root);
    root->fd = dir->root_fd;
    root->path = mem_copy_text(options->root, strlen(options->root));
    root->id = atomic_fetch_add(&last_id, 1) + 1;
    root->dev = st.st_dev;
    root->ino = st.st_ino;
    root->moved = options->moved;
    root->moved_arg = options->moved_arg;
    atomic_init(&root->place, ROOT_HERE);
    atomic_init(&root->told_ms, INT64_MIN);
    return true;
}

static enum root_place look(const struct dir_root *root)
{
    struct stat st;
    if (stat(root->path, &st) == 0) {
        if (st.st_dev == root->dev && st.st_ino == root->ino)
            return ROOT_HERE;
        return S_ISDIR(st.st_mode) ? ROOT_ELSEWHERE : ROOT_GONE;
    }
    if (errno == ENOENT || errno == ENOTDIR || errno == ESTALE || errno == ENOTCONN)
        return ROOT_GONE;
    return fstat(root->fd, &st) == 0 && st.st_nlink > 0 ? ROOT_HERE : ROOT_GONE;
}

static void log_place(const struct dir_root *root, enum root_place place)
{
    static const struct {
        enum log_level level;
        const char *text;
    } lines[] = {
        [ROOT_HERE] = {LOG_INFO, "is back"},
        [ROOT_GONE] = {LOG_ERROR, "is gone; answering 503 until it is back"},
        [ROOT_ELSEWHERE] = {LOG_ERROR, "is another directory now, put in its place or mounted over "
                                       "it; answering 503 until that one is opened"},
    };
    log_line(lines[place].level, "store: '%s' %s", root->path, lines[place].text);
}

static void tell_moved(struct dir_root *root)
{
    int64_t now = clock_mono_ms();
    int64_t told = atomic_load(&root->told_ms);
    bool is_due = told == INT64_MIN || now - told >= TELL_EVERY_MS;
    if (root->moved && is_due && atomic_compare_exchange_strong(&root->told_ms, &told, now))
        root->moved(root->moved_arg);
}

enum store_rc dir_root_check(const struct dir_store *dir)
{
    struct dir_root *root = dir->root;
    uint64_t turn = turn_current();
    if (turn && last_look.turn == turn && last_look.id == root->id)
        return last_look.rc;
    enum root_place place = look(root);
    if (atomic_exchange(&root->place, (int)place) != (int)place)
        log_place(root, place);
    if (place == ROOT_ELSEWHERE)
        tell_moved(root);
    last_look.id = root->id;
    last_look.turn = turn;
    last_look.rc = place == ROOT_HERE ? STORE_OK : STORE_UNAVAILABLE;
    return last_look.rc;
}

bool dir_root_is_here(const struct dir_root *root)
{
    return look(root) == ROOT_HERE;
}

bool dir_is_lost(struct store *store)
{
    return !dir_root_is_here(dir_of(store)->root);
}

void dir_root_close(struct dir_store *dir)
{
    fd_close(dir->root_fd);
    if (dir->root)
        mem_free(dir->root->path);
    mem_free(dir->root);
}
