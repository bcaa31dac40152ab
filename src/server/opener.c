/* With --user, davit gives up root before it talks to anybody. What only root can read (keys, files
 * of users) it could then not read again on SIGHUP, and not open a log anew in a directory of
 * root's: users who were deleted would stay, certificates would run out. So one process is split
 * off before, which stays root and does nothing but open files for the other.
 *
 *   davit (user)  -- "open PATH to read / to append", "renew" -->  opener (root)
 *                 <-- errno, and the descriptor (SCM_RIGHTS) ---
 *
 * What it cannot be talked into, by a davit that somebody else has taken over:
 *  (1) it opens only the paths that the command line and the configuration name, those of the
 *      start and those of now. On "renew" it reads the configuration itself;
 *  (2) it opens them only where nobody but root can have put something else in their place
 *      (guarded_open.c), the configuration as well;
 *  (3) it reads nothing from its socket but a byte and a path, keeps no right of root's but that to
 *      open files, and no descriptor but the socket and standard error;
 *  (4) it ends with davit: its socket says so, and the kernel does (PR_SET_PDEATHSIG).
 *
 * davit asks it only for what it may not open itself. Signals to the whole group do not reach it:
 * they are blocked before it is split off.
 *
 * Rejected: keeping the descriptors of the directories (openat(2) asks for the rights of who
 * calls), keeping CAP_DAC_READ_SEARCH (a flaw in davit could then read every file of the machine),
 * reading all again through execve(2) of a setuid program. */
#include "server/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "server/config/config_read.h"
#include "server/guarded_open.h"

enum wish { WISH_READ = 'r', WISH_APPEND = 'a', WISH_RENEW = 'n' };

struct question {
    char wish;
    char path[PATH_MAX];
};

/* --- what may be opened --- */

struct opener {
    int fd;
    const struct server_config *first; /* as it was at the start */
    struct server_config now;          /* has_now: as it was read last */
    bool has_now;
    int argc;
    char **argv;
};

static bool is(const char *named, const char *path)
{
    return named && strcmp(named, path) == 0;
}

static bool is_keys_of(const char *users, const char *path)
{
    struct str text = str_of_c(path);
    size_t len = users ? strlen(users) : 0;
    return len && str_eq(str_first(text, len), str_of_c(users)) &&
           str_eq(str_from(text, len), STR(".keys"));
}

/* Secrets of gateways. What libcurl opens (origin-ca and others) is opened without asking here. */
static bool mounts_name(const struct config_mount *mount, const char *path)
{
    for (; mount; mount = mount->next) {
        if (is(mount->origin.password_file, path) || is(mount->origin.token_file, path))
            return true;
    }
    return false;
}

static bool tls_names(const struct tls_options *tls, const char *path)
{
    for (size_t i = 0; i < tls->pair_count; i++) {
        const struct tls_pair_files *pair = &tls->pairs[i];
        if (is(pair->certificate, path) || is(pair->key, path) || is(pair->ocsp, path))
            return true;
    }
    return is(tls->client_ca, path) || is(tls->client_crl, path);
}

static bool names(const struct server_config *config, const char *path, char wish)
{
    if (wish == WISH_APPEND)
        return is(config->access_log, path);
    return is(config->file ? config->file->path : NULL, path) || is(config->users, path) ||
           is_keys_of(config->users, path) || is(config->tokens, path) ||
           is(config->jwt_keys, path) || tls_names(&config->tls, path) ||
           (config->file &&
            (mounts_name(config->file->mounts, path) || mounts_name(config->file->origins, path)));
}

/* --- the process --- */

static void answer(int socket_fd, int code, int fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec part = {&code, sizeof(code)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    }
    (void)!sendmsg(socket_fd, &message, MSG_NOSIGNAL); /* davit has gone: the next recv says so */
}

static void open_for(const struct opener *opener, const struct question *question)
{
    enum file_use use = question->wish == WISH_APPEND ? FILE_APPEND : FILE_READ;
    bool is_named = names(opener->first, question->path, question->wish) ||
                    (opener->has_now && names(&opener->now, question->path, question->wish));
    int fd = is_named ? guarded_open(question->path, use) : -1;
    int code = is_named ? errno : EACCES;
    if (fd < 0 && !is_named)
        log_line(LOG_WARN,
                 "'%s' is not opened with root's rights: no configuration that only root "
                 "can change names it",
                 question->path);
    else if (fd < 0 && code == ENOTSUP)
        log_line(LOG_WARN,
                 "'%s' is not opened with root's rights: others than root could have put it there",
                 question->path);
    answer(opener->fd, fd < 0 && code == ENOTSUP ? EACCES : fd < 0 ? code : 0, fd);
    fd_close(fd); /* the other has it */
}

/* A key may be anybody's, as long as it stands where root has put it. The configuration says what
 * is opened for davit: who can write to it has no say in that. */
static bool may_name_files(const char *path)
{
    if (guarded_is_roots(path))
        return true;
    log_line(LOG_WARN,
             "the files that '%s' names now are not opened with root's rights: others than root "
             "can write to it",
             path);
    return false;
}

static void renew(struct opener *opener)
{
    struct server_config config;
    struct err err;
    const struct config_file *file = opener->first->file;
    if ((!file || may_name_files(file->path)) &&
        config_read(opener->argc, opener->argv, &config, &err)) { /* davit says what is wrong */
        if (opener->has_now)
            config_done(&opener->now);
        opener->now = config;
        opener->has_now = true;
    }
    answer(opener->fd, 0, -1);
}

static void listen_for_questions(struct opener *opener)
{
    struct question question;
    for (;;) {
        ssize_t got = recv(opener->fd, &question, sizeof(question), 0);
        if (got <= 0)
            return;
        size_t len = (size_t)got - 1;
        if (question.wish == WISH_RENEW)
            renew(opener);
        else if (len > 0 && len < sizeof(question.path) && question.path[len - 1] == '\0')
            open_for(opener, &question);
        else
            return; /* that is not davit's doing */
    }
}

/* Keeps the right to open files, and no other. */
static bool bound_rights(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {0};
    unsigned kept = 1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH;
    data[0] = (struct __user_cap_data_struct){.effective = kept, .permitted = kept};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
           syscall(SYS_capset, &header, data) == 0;
}

/* Leaves standard error, and the socket as descriptor 3. */
static bool bound_descriptors(struct opener *opener)
{
    enum { SOCKET_FD = STDERR_FILENO + 1 };
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0 ||
        (opener->fd != SOCKET_FD && dup2(opener->fd, SOCKET_FD) < 0))
        return false;
    opener->fd = SOCKET_FD;
    return close_range(SOCKET_FD + 1, UINT_MAX, 0) == 0;
}

static void be_opener(struct opener *opener, pid_t davit)
{
    (void)prctl(PR_SET_NAME, "davit-opener", 0, 0, 0); /* a courtesy to who looks */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == davit &&
        bound_descriptors(opener) && bound_rights()) {
        file_open_by(guarded_open);
        listen_for_questions(opener);
    }
    _exit(0);
}

/* --- davit's side --- */

static int opener_fd = -1; /* as file_open_by() knows of no other place for it */

/* One question at a time: those who read files and those who watch them are on several threads. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

/* -1 and errno. */
static int ask_alone(const struct question *question, size_t len)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    int code = EPIPE;
    int fd = -1;
    struct iovec part = {&code, sizeof(code)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    if (send(opener_fd, question, len, MSG_NOSIGNAL) < 0 ||
        recvmsg(opener_fd, &message, MSG_CMSG_CLOEXEC) <= 0) {
        log_line(LOG_ERROR, "the process that opens files with root's rights has ended");
        errno = EPIPE;
        return -1;
    }
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(header), sizeof(fd));
    errno = fd < 0 && code == 0 ? EMFILE : code; /* it was sent, and had no room here */
    return fd;
}

static int ask(const struct question *question, size_t len)
{
    (void)pthread_mutex_lock(&turn); /* it is ours to lock: it cannot fail */
    int fd = ask_alone(question, len);
    int code = errno;
    (void)pthread_mutex_unlock(&turn); /* likewise */
    errno = code;
    return fd;
}

static int open_or_ask(const char *path, enum file_use use)
{
    struct question question;
    int fd = file_open_here(path, use);
    if (fd >= 0 || errno != EACCES)
        return fd;
    int len = snprintf(question.path, sizeof(question.path), "%s", path);
    if (len >= (int)sizeof(question.path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    question.wish = use == FILE_APPEND ? WISH_APPEND : WISH_READ;
    return ask(&question, offsetof(struct question, path) + (size_t)len + 1);
}

bool opener_start(const struct server_config *config, int argc, char **argv, struct err *err)
{
    int ends[2];
    pid_t davit = getpid();
    if (!config->user || geteuid() != 0)
        return true;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return err_sys(err, errno, "cannot create a socket");
    pid_t pid = fork();
    if (pid == 0) {
        struct opener opener = {.fd = ends[1], .first = config, .argc = argc, .argv = argv};
        be_opener(&opener, davit);
    }
    int code = errno;
    fd_close(ends[1]); /* the other's */
    opener_fd = ends[0];
    if (pid < 0)
        return err_sys(err, code, "cannot start the process that opens files");
    file_open_by(open_or_ask);
    return true;
}

void opener_renew(void)
{
    struct question question = {.wish = WISH_RENEW};
    if (opener_fd >= 0)
        (void)!ask(&question, 1); /* gives no descriptor */
}

void opener_stop(void)
{
    if (opener_fd < 0)
        return;
    fd_close(opener_fd); /* it hears that, and ends */
    opener_fd = -1;
    file_open_by(file_open_here);
}
