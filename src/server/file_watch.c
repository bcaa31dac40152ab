/* A user who was removed must be out at once, and nobody should have to know which signal says so.
 * So once a second each file is looked at, by stat(2), and compared with what it was when it was
 * read. That is seen whatever way a file is changed: written in place, renamed over, made anew, a
 * link on the way to it led elsewhere (as Kubernetes swaps secrets), on a network file system.
 *
 *   every LOOK_MS: look --same--> wait
 *                    '--other--> look again after SETTLE_MS, until two looks are the same -> tell
 *
 * A file that is being written is not read before it has been left alone for that long: half a file
 * of users is a file of half the users. What is known of a file is always older than what was read
 * of it, so that no change falls between.
 * What could not be read since the system lacked descriptors or memory is told again with the next
 * look: who takes them all may be the one who was removed.
 *
 * Where davit has given up the right to look (--user), the opener opens the file for it; what that
 * may not open either is said once, and is not looked at until all is read again on SIGHUP.
 *
 * Rejected: inotify(7). It watches directories, each one on a path with links, and of those needs
 * the right to read; it tells nothing of what another machine does to a network file system, and it
 * would still have to wait until a file is written to its end. Five calls a second cost nothing. */
#include "server/file_watch.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/files.h"
#include "base/log.h"
#include "base/mem.h"

enum { UNKNOWN = -1, LOOK_MS = 1000, SETTLE_MS = 200 };

/* What tells one content of a file from another. */
struct look {
    int code; /* why there is none; 0: there is; UNKNOWN: as no look is */
    dev_t dev;
    ino_t ino;
    off_t bytes;
    struct timespec modified;
    struct timespec changed;
};

struct watched {
    char *path;
    unsigned group;
    struct look known; /* when it was read */
    struct look last;
    bool is_blind; /* davit may not look, and nobody is asked to any more */
};

/* The files of one configuration. Only a look that is under way may hold another than the watch. */
struct watched_set {
    struct watched *files;
    size_t count;
    bool has_settled; /* no file is other than at the look before */
};

struct file_watch {
    struct watched_set *set;
    struct watched_set *looked_at; /* on a worker; NULL: none */
    struct executor *executor;
    file_watch_fn *fn;
    void *arg;
    struct job look_job;
    struct job pause_job;
    bool is_looking; /* now, or after a pause */
};

/* --- looking --- */

static void look_closely(struct watched *file, struct stat *stat_out, int *code)
{
    int fd = file_open(file->path, FILE_READ);
    *code = fd < 0 || fstat(fd, stat_out) < 0 ? errno : 0;
    fd_close(fd); /* only looked at */
    file->is_blind = *code == EACCES || *code == EPIPE;
    if (file->is_blind)
        log_line(LOG_WARN, "'%s' cannot be watched: when it has changed, send SIGHUP", file->path);
}

static struct look look_at(struct watched *file)
{
    struct stat st;
    int code = stat(file->path, &st) == 0 ? 0 : errno;
    if (code != EACCES)
        file->is_blind = false;
    else if (!file->is_blind)
        look_closely(file, &st, &code);
    if (code)
        return (struct look){.code = code};
    return (struct look){.dev = st.st_dev,
                         .ino = st.st_ino,
                         .bytes = st.st_size,
                         .modified = st.st_mtim,
                         .changed = st.st_ctim};
}

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_same(const struct look *a, const struct look *b)
{
    return a->code == b->code && a->dev == b->dev && a->ino == b->ino && a->bytes == b->bytes &&
           is_same_time(a->modified, b->modified) && is_same_time(a->changed, b->changed);
}

/* On a worker: a disk may be slow. */
static void look_at_all(struct job *job)
{
    struct watched_set *set = CONTAINER_OF(job, struct file_watch, look_job)->looked_at;
    set->has_settled = true;
    for (size_t i = 0; i < set->count; i++) {
        struct watched *file = &set->files[i];
        struct look look = look_at(file);
        set->has_settled = set->has_settled && is_same(&look, &file->last);
        file->last = look;
    }
}

/* The groups of the files that are not what is known of them. */
static unsigned changed_groups(const struct watched_set *set)
{
    unsigned groups = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct watched *file = &set->files[i];
        if (!file->is_blind && !is_same(&file->known, &file->last))
            groups |= file->group;
    }
    return groups;
}

static void know(struct watched_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        set->files[i].known = set->files[i].last;
}

void watched_set_free(struct watched_set *set)
{
    for (size_t i = 0; set && i < set->count; i++)
        mem_free(set->files[i].path);
    if (set)
        mem_free(set->files);
    mem_free(set);
}

static void pause_for(struct file_watch *watch, int64_t ms)
{
    watch->is_looking = watch->executor && watch->set && watch->set->count;
    if (watch->is_looking)
        executor_after(watch->executor, &watch->pause_job, ms);
}

static void looked(struct job *job)
{
    struct file_watch *watch = CONTAINER_OF(job, struct file_watch, look_job);
    struct watched_set *set = watch->looked_at;
    watch->looked_at = NULL;
    if (set != watch->set) { /* all was read again meanwhile */
        watched_set_free(set);
        pause_for(watch, LOOK_MS);
        return;
    }
    unsigned groups = changed_groups(set);
    pause_for(watch, set->has_settled ? LOOK_MS : SETTLE_MS);
    if (!groups || !set->has_settled)
        return;
    know(set);
    watch->fn(watch->arg, groups);
}

static void pause_over(struct job *job)
{
    struct file_watch *watch = CONTAINER_OF(job, struct file_watch, pause_job);
    watch->looked_at = watch->set;
    executor_submit(watch->executor, &watch->look_job);
}

/* --- which files --- */

static void watch_file(struct watched_set *set, const char *path, unsigned group)
{
    if (!path)
        return;
    set->files = mem_resize(set->files, (set->count + 1) * sizeof(*set->files));
    struct watched *file = &set->files[set->count++];
    *file = (struct watched){0};
    file->path = mem_copy_text(path, strlen(path));
    file->group = group;
    file->last = look_at(file);
}

/* Of mounts, or of the origins of unions. */
static void watch_secrets(struct watched_set *set, const struct config_mount *mount)
{
    for (; mount; mount = mount->next) {
        watch_file(set, mount->origin.password_file, WATCHED_ACCOUNTS);
        watch_file(set, mount->origin.token_file, WATCHED_ACCOUNTS);
    }
}

static void watch_keys(struct watched_set *set, const char *users)
{
    struct buf path = {0};
    if (!users)
        return;
    buf_addf(&path, "%s.keys", users);
    watch_file(set, buf_c(&path), WATCHED_ACCOUNTS);
    buf_done(&path);
}

struct watched_set *watched_set_new(const struct server_config *config)
{
    struct watched_set *set = MEM_NEW(struct watched_set);
    const struct tls_options *tls = &config->tls;
    watch_file(set, config->users, WATCHED_ACCOUNTS);
    watch_keys(set, config->users);
    watch_file(set, config->tokens, WATCHED_ACCOUNTS);
    watch_file(set, config->jwt_keys, WATCHED_ACCOUNTS);
    watch_file(set, config->app_passwords, WATCHED_APPS);
    if (config->file) {
        watch_secrets(set, config->file->mounts);
        watch_secrets(set, config->file->origins);
    }
    for (size_t i = 0; i < tls->pair_count; i++) {
        watch_file(set, tls->pairs[i].certificate, WATCHED_TLS);
        watch_file(set, tls->pairs[i].key, WATCHED_TLS);
        watch_file(set, tls->pairs[i].ocsp, WATCHED_TLS);
    }
    watch_file(set, tls->client_ca, WATCHED_TLS);
    watch_file(set, tls->client_crl, WATCHED_TLS);
    know(set);
    return set;
}

/* --- life --- */

struct file_watch *file_watch_new(void)
{
    struct file_watch *watch = MEM_NEW(struct file_watch);
    watch->look_job = (struct job){.work = look_at_all, .done = looked};
    watch->pause_job = (struct job){.done = pause_over};
    return watch;
}

void file_watch_take(struct file_watch *watch, struct watched_set **set)
{
    if (watch->set != watch->looked_at)
        watched_set_free(watch->set);
    watch->set = *set;
    *set = NULL;
    if (!watch->is_looking)
        pause_for(watch, LOOK_MS);
}

void file_watch_again(struct file_watch *watch, unsigned groups)
{
    for (size_t i = 0; watch->set && i < watch->set->count; i++) {
        if (watch->set->files[i].group & groups)
            watch->set->files[i].known.code = UNKNOWN;
    }
}

void file_watch_start(struct file_watch *watch, struct executor *executor, file_watch_fn *fn,
                      void *arg)
{
    watch->executor = executor;
    watch->fn = fn;
    watch->arg = arg;
    pause_for(watch, LOOK_MS);
}

void file_watch_free(struct file_watch *watch)
{
    if (!watch)
        return;
    if (watch->looked_at != watch->set)
        watched_set_free(watch->looked_at);
    watched_set_free(watch->set);
    mem_free(watch);
}
