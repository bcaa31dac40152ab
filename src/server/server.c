/* Start-up, the loop threads, and shutdown.
 *
 *   server_run(): limits -> opener -> certificates -> ports -> privileges -> store -> loops
 *                 -> serving -> drain -> stop
 *
 * Each loop has its own connections; all share the listening sockets (listen/acceptor.c), the store
 * and the workers. The first loop runs on the main thread and hears the signals: the first SIGTERM
 * or SIGINT drains every loop, which stops when its last connection and exchange have gone; after
 * shutdown_ms, or at a second signal, what is left is cut off. A worker that is still at a large
 * tree END_MS later is not waited for: what it does survives being killed at any moment. */
#include "server/server.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "access/apps/app_passwords.h"
#include "access/standalone.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "exchange/run.h"
#include "io/worker.h"
#include "server/access_log.h"
#include "server/config/config_read.h"
#include "server/extensions.h"
#include "server/file_watch.h"
#include "server/listen/acceptor.h"
#include "server/monitor/monitor.h"
#include "server/mounting.h"
#include "server/opener.h"
#include "server/privilege.h"
#include "server/redirect.h"
#include "server/secure.h"
#include "wire/wire.h"

enum { END_MS = 1000, SPARE_BYTES = 1 << 20, HASH_THREADS_MAX = 64 };

struct server;

struct server_loop {
    struct server *server;
    struct loop *loop;
    struct http_handler handler;
    struct wire wire;
    struct access_lines access_lines;
    struct acceptor acceptor;
    struct deadline_queue shutdown_queue;
    struct deadline shutdown;
    struct deadline_queue end_queue; /* after all was cut off */
    struct deadline end;
    struct settings_use *settings; /* in force */
    const struct service *service; /* theirs */
    struct job settings_job;       /* there are new ones */
    struct job sockets_job;        /* who is on a WebSocket may have lost what he stands by */
    atomic_bool renews_sockets;    /* the job is on its way */
    struct job drain_job;
    struct job abort_job;
    pthread_t thread;
};

struct server {
    const struct server_config *config; /* as it was at the start */
    int argc;                           /* of the command line, for a reload */
    char **argv;
    struct settings_ground ground;
    struct shared_state *shared_state;
    struct access_state *access_state;
    struct settings *first;    /* lives as long as the server does */
    struct settings *settings; /* in force, or about to be; the first loop's */
    atomic_uint loops_behind;  /* that have not taken them yet */
    struct job reloaded_job;   /* all have */
    bool is_reloading;
    bool reloads_again;        /* asked for meanwhile */
    const char *reloaded_what; /* for the log */
    struct file_watch *file_watch;
    unsigned changed_groups; /* of files, which are not read again yet */
    struct job apps_job;     /* reads app passwords again */
    char *apps_path;         /* from there; NULL: it never has */
    struct err apps_mistake; /* why it could not; the last time; no text: it could */
    bool is_reading_apps;
    struct job moved_job;  /* a store's root is another directory now */
    atomic_bool has_moved; /* the job is on its way */
    int64_t started_s;     /* by the wall clock */
    struct media_types media_types;
    struct access_log access_log;
    struct worker_pool *workers;
    struct worker_pool *hashers; /* for what only computes: password hashes */
    struct acceptors acceptors;
    struct secure secure;
    struct settings *secure_settings; /* where its files are named; NULL: as at the start */
    struct redirect redirect;
    struct server_loop *loops;
    unsigned loop_count;
    struct budget memory;  /* for bodies and answers */
    struct budget sockets; /* WebSockets that are open */
    struct watch signals;  /* on the first loop */
    unsigned stop_signals;
};

/* --- requests --- */

static struct server_loop *loop_of_handler(struct http_handler *handler)
{
    return CONTAINER_OF(handler, struct server_loop, handler);
}

static enum listener_kind kind_of(const struct http_stream *stream)
{
    return port_of_endpoint(stream->request.endpoint)->kind;
}

static void watch(struct server_loop *loop, struct http_stream *stream)
{
    const struct monitor monitor = {.gateways = settings_use_gateways(loop->settings),
                                    .names = settings_use_names(loop->settings),
                                    .started_s = loop->server->started_s};
    monitor_answer(&monitor, stream);
}

static void handle(struct http_handler *handler, struct http_stream *stream)
{
    struct server_loop *loop = loop_of_handler(handler);
    struct server *server = loop->server;
    const struct known_names *names = settings_use_names(loop->settings);
    if (kind_of(stream) == LISTEN_METRICS) {
        watch(loop, stream);
        return;
    }
    if (kind_of(stream) == LISTEN_REDIRECT) {
        redirect_answer(&server->redirect, names, stream);
        return;
    }
    if (stream->request.is_secure && server->secure.hsts.len) /* RFC 6797 §7.2: only then */
        http_response_set(stream, FIELD_STRICT_TRANSPORT_SECURITY, buf_str(&server->secure.hsts));
    const struct proxies *proxies = settings_use_proxies(loop->settings);
    if (proxies->count)
        proxy_believe(proxies, stream);
    if (!names_admit(names, stream))
        return;
    exchange_handle(settings_use_begin(loop->settings, stream->arena), stream);
}

static void finished(struct http_handler *handler, const struct http_stream *stream,
                     uint64_t sent_bytes, bool is_complete)
{
    struct server_loop *loop = loop_of_handler(handler);
    struct str note = token_mask(stream->response.note, stream->arena);
    if (note.len)
        log_line(LOG_WARN, "%.*s: %.*s", STR_ARGS(stream->request.peer), STR_ARGS(note));
    if (kind_of(stream) == LISTEN_METRICS)
        return;
    monitor_count(stream, is_complete);
    access_lines_add(&loop->access_lines, stream, sent_bytes, is_complete);
}

/* --- connections --- */

static void closed(struct wire *wire)
{
    acceptor_gone(&CONTAINER_OF(wire, struct server_loop, wire)->acceptor);
}

static void warned(struct wire *wire, const char *peer, const char *why)
{
    (void)wire;
    log_line(LOG_WARN, "%s: closed: %s", peer, why);
}

/* --- the end --- */

static void emptied(struct wire *wire)
{
    struct server_loop *loop = CONTAINER_OF(wire, struct server_loop, wire);
    loop_stop(loop->loop);
}

static void drain(struct job *job)
{
    struct server_loop *loop = CONTAINER_OF(job, struct server_loop, drain_job);
    acceptor_stop(&loop->acceptor);
    deadline_arm(loop->loop, &loop->shutdown_queue, &loop->shutdown);
    wire_drain(&loop->wire);
}

static void abort_all(struct server_loop *loop)
{
    deadline_arm(loop->loop, &loop->end_queue, &loop->end);
    wire_abort(&loop->wire);
}

static void cut_off(struct job *job)
{
    abort_all(CONTAINER_OF(job, struct server_loop, abort_job));
}

static void shutdown_over(struct deadline *deadline)
{
    struct server_loop *loop = CONTAINER_OF(deadline, struct server_loop, shutdown);
    log_line(LOG_WARN, "cutting off %zu connections", loop->wire.conn_count);
    abort_all(loop);
}

static void end_over(struct deadline *deadline)
{
    const struct server_loop *loop = CONTAINER_OF(deadline, struct server_loop, end);
    log_line(LOG_WARN, "leaving %zu requests unfinished", loop->wire.stream_count);
    _exit(0);
}

static void post_to_loops(struct server *server)
{
    for (unsigned i = 0; i < server->loop_count; i++) {
        struct server_loop *loop = &server->loops[i];
        struct job *job = server->stop_signals > 1 ? &loop->abort_job : &loop->drain_job;
        executor_post(loop_executor(loop->loop), job);
    }
}

/* The first signal drains, the second cuts off, more of them say nothing new. */
static void stop_signalled(struct server *server)
{
    if (++server->stop_signals > 2)
        return;
    log_line(LOG_INFO, "stopping");
    ports_shut(&server->acceptors.ports);
    post_to_loops(server);
}

/* The settings for requests from now on. */
static void activate(struct server *server, struct settings *settings)
{
    names_learn(&settings->names, server->secure.tls, &settings->arena);
    settings_unref(server->settings);
    server->settings = settings;
}

static void take_settings(struct server_loop *loop)
{
    settings_use_end(loop->settings);
    loop->settings = settings_use_new(settings_ref(loop->server->settings), loop->loop,
                                      (unsigned)(loop - loop->server->loops), &loop->service);
    loop->acceptor.proxies = settings_use_proxies(loop->settings);
}

static void settings_changed(struct job *job)
{
    struct server_loop *loop = CONTAINER_OF(job, struct server_loop, settings_job);
    struct server *server = loop->server;
    take_settings(loop);
    wire_renew(&loop->wire);
    if (atomic_fetch_sub(&server->loops_behind, 1) == 1)
        executor_post(loop_executor(server->loops[0].loop), &server->reloaded_job);
}

static void apps_changed(struct job *job)
{
    struct server_loop *loop = CONTAINER_OF(job, struct server_loop, sockets_job);
    atomic_store(&loop->renews_sockets, false);
    wire_renew(&loop->wire);
}

static void renew_sockets(struct server *server)
{
    for (unsigned i = 0; i < server->loop_count; i++) {
        struct server_loop *loop = &server->loops[i];
        if (!atomic_exchange(&loop->renews_sockets, true))
            executor_post(loop_executor(loop->loop), &loop->sockets_job);
    }
}

/* NULL: all is to stay as it was, and the log says why. Gives the files as they were before they
 * were read. */
static struct settings *read_again(struct server *server, struct watched_set **watched_out)
{
    struct server_config config;
    struct err err;
    struct settings *settings = NULL;
    bool is_read = config_read(server->argc, server->argv, &config, &err);
    if (is_read && !server_extends_alike(&config, server->config, &err)) {
        config_done(&config);
    } else if (is_read) {
        *watched_out = watched_set_new(&config);
        settings = settings_new(&config, server->access_state, server->settings, &err);
    }
    if (settings && settings_mount(settings, &server->ground, &err))
        return settings;
    log_line(LOG_ERROR, "keeping the old settings: %s", err.text);
    settings_unref(settings);
    return NULL;
}

static bool reload_certificates(struct server *server, struct settings *settings)
{
    struct err err;
    if (!secure_reload(&server->secure, &settings->config, &err)) {
        log_line(LOG_ERROR, "keeping the old certificates: %s", err.text);
        if (err_may_pass(&err))
            file_watch_again(server->file_watch, WATCHED_TLS);
        return false;
    }
    settings_unref(server->secure_settings);
    server->secure_settings = settings_ref(settings);
    return true;
}

/* Whom a client certificate is for says nothing without who may have signed it. */
static bool has_same_signers(const struct settings *a, const struct settings *b)
{
    const char *one = a->config.tls.client_ca;
    const char *other = b->config.tls.client_ca;
    return one && other ? strcmp(one, other) == 0 : one == other;
}

/* All loops take them, one after the other. */
static void put_in_force(struct server *server, struct settings *settings, const char *what)
{
    activate(server, settings);
    if (settings_lack_a_file(settings))
        file_watch_again(server->file_watch, WATCHED_ACCOUNTS);
    server->reloaded_what = what;
    server->is_reloading = true;
    atomic_store(&server->loops_behind, server->loop_count);
    for (unsigned i = 0; i < server->loop_count; i++)
        executor_post(loop_executor(server->loops[i].loop), &server->loops[i].settings_job);
}

/* Reads the configuration and all that it names again. What is wrong stays as it was; a certificate
 * that cannot be read keeps no user who was removed, nor the other way round. */
static void reload(struct server *server)
{
    opener_renew();
    struct watched_set *watched = NULL;
    struct settings *settings = read_again(server, &watched);
    bool is_secure = reload_certificates(server, settings ? settings : server->settings);
    if (settings && !is_secure && !has_same_signers(settings, server->settings)) {
        log_line(
            LOG_ERROR,
            "keeping the old settings: the new ones name another CA for clients' certificates");
        settings_unref(settings);
        settings = NULL;
    }
    if (settings) {
        file_watch_take(server->file_watch, &watched);
        server->changed_groups |= WATCHED_APPS; /* read when these are in force */
        put_in_force(server, settings, "the settings have been reloaded");
    }
    watched_set_free(watched);
}

static void renew_accounts(struct server *server)
{
    struct err err;
    struct settings *settings = settings_renew(server->settings, &err);
    if (settings && settings_mount(settings, &server->ground, &err)) {
        put_in_force(server, settings, "users, tokens and keys have been read again: they changed");
        return;
    }
    log_line(LOG_ERROR, "keeping the old settings: %s", err.text);
    if (err_may_pass(&err))
        file_watch_again(server->file_watch, WATCHED_ACCOUNTS);
    settings_unref(settings);
}

/* On a worker: it may have to wait for who makes one, and he for a command that is stopped. */
static void read_apps(struct job *job)
{
    struct server *server = CONTAINER_OF(job, struct server, apps_job);
    if (app_passwords_read(access_app_passwords(server->access_state), server->apps_path,
                           &server->apps_mistake))
        server->apps_mistake.text[0] = '\0';
}

static void apps_are_read(struct job *job)
{
    struct server *server = CONTAINER_OF(job, struct server, apps_job);
    server->is_reading_apps = false;
    if (!server->apps_mistake.text[0]) {
        renew_sockets(server);
        return;
    }
    log_line(LOG_ERROR, "keeping the old app passwords: %s", server->apps_mistake.text);
    if (err_may_pass(&server->apps_mistake))
        file_watch_again(server->file_watch, WATCHED_APPS);
}

/* What we have changed ourselves, too: that costs one more look. */
static void renew_apps(struct server *server)
{
    const char *path = server->settings->config.app_passwords;
    if (!path)
        return;
    if (server->is_reading_apps) {
        file_watch_again(server->file_watch, WATCHED_APPS);
        return;
    }
    server->is_reading_apps = true;
    mem_free(server->apps_path);
    server->apps_path = mem_copy_text(path, strlen(path));
    executor_submit(loop_executor(server->loops[0].loop), &server->apps_job);
}

/* Reads again what files have changed; the configuration is not asked what else it says by now. */
static void take_changes(struct server *server)
{
    unsigned groups = server->changed_groups;
    if (groups & WATCHED_APPS)
        renew_apps(server);
    server->changed_groups = groups &= ~(unsigned)WATCHED_APPS;
    if (server->is_reloading)
        return;
    server->changed_groups = 0;
    if (groups & WATCHED_TLS)
        (void)reload_certificates(server, server->settings); /* it logs */
    if (groups & WATCHED_ACCOUNTS)
        renew_accounts(server);
}

static void files_changed(void *arg, unsigned groups)
{
    struct server *server = arg;
    server->changed_groups |= groups;
    take_changes(server);
}

static void ask_to_reload(struct server *server)
{
    server->reloads_again = server->is_reloading;
    if (!server->is_reloading)
        reload(server);
}

/* On the first loop, as signals are. */
static void reloaded(struct job *job)
{
    struct server *server = CONTAINER_OF(job, struct server, reloaded_job);
    log_line(LOG_INFO, "%s", server->reloaded_what);
    server->is_reloading = false;
    if (server->reloads_again) {
        server->reloads_again = false;
        reload(server);
    }
    take_changes(server);
}

static void take_moved(struct job *job)
{
    struct server *server = CONTAINER_OF(job, struct server, moved_job);
    atomic_store(&server->has_moved, false);
    log_line(LOG_INFO, "reloading the settings: a directory that is served has been replaced");
    ask_to_reload(server);
}

/* On any thread: a store has found that its root is another directory now. */
static void root_moved(void *arg)
{
    struct server *server = arg;
    if (!atomic_exchange(&server->has_moved, true))
        executor_post(loop_executor(server->loops[0].loop), &server->moved_job);
}

static void signals_ready(struct watch *watch, uint32_t events)
{
    (void)events; /* a signalfd has only one kind */
    struct server *server = CONTAINER_OF(watch, struct server, signals);
    struct signalfd_siginfo info;
    while (read(watch->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGHUP) {
            access_log_reopen(&server->access_log);
            ask_to_reload(server);
        } else {
            stop_signalled(server);
        }
    }
}

/* --- the beginning --- */

static bool open_store(struct server *server, struct err *err)
{
    const struct server_config *config = server->config;
    server->workers = worker_pool_new(config->workers, err);
    if (!server->workers)
        return false;
    server->ground = (struct settings_ground){
        .pool = store_pool_new(root_moved, server, worker_pool_crew(server->workers)),
        .shared = server->shared_state,
        .tallies = origin_tallies_new(config->threads),
        .store_limits = &config->limits,
        .media_types = &server->media_types,
        .is_read_only = config->is_read_only,
        .spool_dir_fd = open("/var/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!settings_mount(server->first, &server->ground, err))
        return false;
    activate(server, settings_ref(server->first));
    return true;
}

/* Who cannot write there is to hear so now, and not when the first user grants something. */
static bool has_key_of_logins(struct server *server, struct err *err)
{
    struct sha256 key;
    bool is_fine = app_passwords_key(access_app_passwords(server->access_state), &key, err);
    secret_wipe(&key, sizeof(key));
    return is_fine;
}

static bool read_settings(struct server *server, struct server_config *config, struct err *err)
{
    server->access_state = settings_access_state(config, server->shared_state);
    server->first = settings_new(config, server->access_state, NULL, err);
    if (!server->first)
        return false;
    server->config = &server->first->config;
    if (!settings_read_app_passwords(server->first, err) ||
        (server->config->app_passwords && !has_key_of_logins(server, err)))
        return false;
    server->memory.max = server->config->limits.memory_bytes;
    server->acceptors.shares = shares_new(&server->config->limits, &server->memory);
    server->acceptors.conn_count_max = acceptor_conn_count_max(&server->config->limits);
    server->sockets.max = u64_min(server->config->limits.socket_count,
                                  server->acceptors.conn_count_max / 2); /* the rest is for files */
    return true;
}

static void read_media_types(struct server *server)
{
    char chunk[4096];
    struct buf text = {0};
    media_types_init(&server->media_types);
    int fd = open("/etc/mime.types", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return; /* the built-in ones must do */
    for (ssize_t got; (got = read(fd, chunk, sizeof(chunk))) > 0;)
        buf_add(&text, str_of(chunk, (size_t)got));
    fd_close(fd);
    media_types_read(&server->media_types, buf_str(&text));
    buf_done(&text);
}

static bool init_loop(struct server *server, struct server_loop *loop, struct err *err)
{
    loop->server = server;
    loop->loop = loop_new(server->workers, err);
    if (!loop->loop)
        return false;
    loop->handler = (struct http_handler){.handle = handle, .finished = finished};
    loop_compute_on(loop->loop, server->hashers);
    wire_init(&loop->wire, loop->loop, &loop->handler, &server->config->limits, &server->memory);
    loop->wire.sockets = &server->sockets;
    loop->wire.emptied = emptied;
    loop->wire.closed = closed;
    loop->wire.warned = warned;
    access_lines_init(&loop->access_lines, &server->access_log, loop->loop);
    acceptor_init(&loop->acceptor, &server->acceptors, loop->loop, &loop->wire);
    loop_add_deadlines(loop->loop, &loop->shutdown_queue,
                       i64_of_u64(server->config->limits.shutdown_ms));
    loop_add_deadlines(loop->loop, &loop->end_queue, END_MS);
    deadline_init(&loop->shutdown, shutdown_over);
    deadline_init(&loop->end, end_over);
    loop->settings_job.done = settings_changed;
    loop->sockets_job.done = apps_changed;
    loop->drain_job.done = drain;
    loop->abort_job.done = cut_off;
    take_settings(loop);
    acceptor_start(&loop->acceptor);
    return true;
}

static void *run_loop(void *arg)
{
    struct server_loop *loop = arg;
    loop_run(loop->loop);
    return NULL;
}

static bool hear_signals(struct server *server, struct err *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    /* Before there are threads: all of them inherit the mask. */
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return err_set(err, 0, "cannot block signals");
    (void)signal(SIGPIPE, SIG_IGN); /* sendfile(2) knows no MSG_NOSIGNAL */
    (void)signal(SIGXFSZ, SIG_IGN); /* a file beyond the limit is EFBIG, not our end */
    server->signals.ready = signals_ready;
    server->signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return server->signals.fd >= 0 || err_sys(err, errno, "cannot listen for signals");
}

static unsigned hash_threads(const struct server_config *config)
{
    return (unsigned)size_min(config->limits.hash_count, HASH_THREADS_MAX);
}

static bool start_loops(struct server *server, struct err *err)
{
    server->hashers = worker_pool_new(hash_threads(server->config), err);
    if (!server->hashers ||
        !secure_start(&server->secure, server->config, &server->acceptors.ports, err))
        return false;
    server->redirect.tls_port = ports_tls_number(&server->acceptors.ports);
    server->loops = mem_new(server->config->threads, sizeof(*server->loops));
    for (; server->loop_count < server->config->threads; server->loop_count++) {
        if (!init_loop(server, &server->loops[server->loop_count], err))
            return false;
    }
    file_watch_start(server->file_watch, loop_executor(server->loops[0].loop), files_changed,
                     server);
    return loop_watch(server->loops[0].loop, &server->signals, err);
}

static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* then fewer connections fit, and accept says so */
}

static bool start(struct server *server, struct server_config *config, struct err *err)
{
    raise_descriptors();
    if (!server_extend(config, err))
        return false;
    read_media_types(server);
    server->shared_state = settings_shared_state();
    struct watched_set *watched = watched_set_new(config);
    file_watch_take(server->file_watch, &watched);
    return access_log_open(&server->access_log, server->config->access_log, err) &&
           hear_signals(server, err) && opener_start(config, server->argc, server->argv, err) &&
           secure_read(&server->secure, server->config, server->shared_state, err) &&
           ports_open(&server->acceptors.ports, server->config, err) &&
           privilege_drop(config->user, err) && read_settings(server, config, err) &&
           open_store(server, err) && start_loops(server, err);
}

static bool serve(struct server *server, struct err *err)
{
    unsigned started = 1;
    bool is_fine = true;
    for (; started < server->loop_count && is_fine; started++) {
        struct server_loop *loop = &server->loops[started];
        int code = pthread_create(&loop->thread, NULL, run_loop, loop);
        if (code)
            is_fine = err_sys(err, code, "cannot start a thread");
    }
    if (is_fine) {
        ports_tell(&server->acceptors.ports);
        loop_run(server->loops[0].loop);
    }
    for (unsigned i = 1; i < started && is_fine; i++)
        (void)pthread_join(server->loops[i].thread, NULL); /* it was created: it can be joined */
    return is_fine;
}

static void stop(struct server *server)
{
    worker_pool_free(server->workers);
    worker_pool_free(server->hashers);
    secure_stop(&server->secure);
    for (unsigned i = 0; i < server->loop_count; i++) {
        access_lines_done(&server->loops[i].access_lines);
        acceptor_done(&server->loops[i].acceptor);
        wire_done(&server->loops[i].wire);
        settings_use_end(server->loops[i].settings);
        loop_free(server->loops[i].loop);
    }
    mem_free(server->loops);
    mem_free(server->apps_path);
    file_watch_free(server->file_watch);
    settings_unref(server->secure_settings);
    shares_free(server->acceptors.shares);
    settings_unref(server->settings);
    settings_unref(server->first);
    opener_stop();
    store_pool_free(server->ground.pool);
    origin_tallies_free(server->ground.tallies);
    access_state_free(server->access_state);
    standalone_free(server->shared_state);
    ports_close(&server->acceptors.ports);
    fd_close(server->signals.fd);
    fd_close(server->ground.spool_dir_fd);
    access_log_close(&server->access_log);
    media_types_done(&server->media_types);
}

int server_run(struct server_config *config, int argc, char **argv)
{
    struct server server = {.config = config,
                            .argc = argc,
                            .argv = argv,
                            .reloaded_job.done = reloaded,
                            .moved_job.done = take_moved,
                            .apps_job = {.work = read_apps, .done = apps_are_read},
                            .started_s = clock_wall_ms() / 1000,
                            .file_watch = file_watch_new(),
                            .signals.fd = -1,
                            .ground.spool_dir_fd = -1};
    struct err err;
    acceptors_init(&server.acceptors);
    mem_keep_spare(SPARE_BYTES);
    mem_heed_limit();
    bool is_fine = start(&server, config, &err) && serve(&server, &err);
    if (!is_fine)
        log_line(LOG_ERROR, "%s", err.text);
    stop(&server);
    return is_fine ? 0 : 1;
}
