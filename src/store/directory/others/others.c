/* What other programs change, told to who syncs (store/change_log.h).
 *
 * Each directory is watched, and what the kernel tells is told (news.c). That is not all there is:
 * nothing watches while davit does not run; there may be more directories than can be watched; a
 * network's file system tells of nothing that other machines do; news may be lost when too many
 * come at a time. So there is a snapshot of the tree beside the log, and a walk that compares
 * (pass.c).
 *
 *   start, news lost -> a whole walk: all is watched, and each difference told
 *   then             -> news, for as long as nothing happens without a wake-up
 *   dirty            -> a walk that renews the snapshot: only dirty directories are read
 *   not all watched  -> a walk that looks at those that are not, over and over
 *   each hour        -> a whole walk: a store to a mapping makes no event, nor does a write
 *                       by a name that lies outside
 *
 * What the log says before the walk has passed is late, and not wrong: a change has a number when
 * it is found, which is after it was made. So whoever has been told a tag or token before is told
 * of the change after it, as he would be if it had been made a moment later. Where what has changed
 * cannot be found any more, the log begins anew, and all that was told is unknown: at the end of a
 * walk that has no snapshot to compare with; or when somebody has asked meanwhile, who may have
 * seen what is undone before a walk comes by, at the end of the one that finds what was lost, and
 * when the store is closed before the first one has passed.
 *
 * It is polite: its thread has a low priority; it works for a moment and then rests as long; what
 * comes in a burst waits until it is together; a renewal waits for fifty times as long as the last
 * one took. */
#include "store/directory/others/others.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/directory/others/pass.h"
#include "store/directory/root.h"
#include "store/state_home.h"

enum {
    NICE = 10,
    STACK_BYTES = 1 << 18,
    TOGETHER_MS = 100, /* until what comes in a burst has come */
    WORK_MS = 50,      /* of a walk, before it rests as long */
    RENEW_MS = 60000,  /* from one renewal to the next, at least */
    RENEW_PARTS = 50,  /* it takes one of so many parts of the time */
    WALK_PARTS = 4,    /* likewise of what cannot be watched */
    RETRY_MS = 1000,
    END_MS = 3000, /* the most that the end waits until all is kept */
};

struct others {
    struct lookout lookout;
    struct news news;
    struct pass pass;
    bool is_known;    /* a walk has come to its end since the start, or since news were lost */
    bool is_missing;  /* of those that were lost, some may be of what was undone since */
    bool has_failed;  /* what is known could not be kept; that has been logged */
    int64_t begun_ms; /* when the walk that goes on, or was the last, began */
    int64_t pass_ms;  /* how long it took */
    int64_t due_ms;   /* before, no other begins */
    int64_t whole_ms; /* when all is to be looked at again */
    bool trusts_seen; /* the last walk has come to its end */
    uint64_t asks;    /* change_log_asked() when it began */
    uint64_t asked;   /* likewise of the one whose snapshot is the newest */
    uint64_t sure;    /* likewise of the look at news before the last that lost nothing */
    uint64_t looked;  /* likewise of that one */

    pthread_t thread;
    int wake[2]; /* a pipe: closed when it is to end */
};

/* --- walks --- */

static void start_over(struct others *others)
{
    pass_abort(&others->pass);
    others->is_missing |= others->news.is_missing;
    news_done(&others->news);
    watches_done(&others->lookout.watches);
    watches_init(&others->lookout.watches, others->lookout.options.root->fd,
                 others->lookout.options.limits->watched_directories);
    news_init(&others->news, &others->lookout);
    others->is_known = false;
    others->due_ms = clock_mono_ms() + RETRY_MS; /* more may come */
}

static void fail(struct others *others)
{
    if (!others->has_failed)
        log_line(LOG_WARN,
                 "store: what '%s' is like cannot be kept in " SEEN_NAME
                 "; what other programs change is found later, or after the next start",
                 others->lookout.options.root->path);
    others->has_failed = true;
    others->due_ms = clock_mono_ms() + RETRY_MS + WALK_PARTS * (clock_mono_ms() - others->begun_ms);
}

/* Whether a walk is due; *is_whole_out: through all. */
static bool is_due(const struct others *others, bool *is_whole_out)
{
    int64_t now = clock_mono_ms();
    int64_t rest_ms = now - others->begun_ms - others->pass_ms;
    int64_t walk_ms = (int64_t)others->lookout.options.limits->walk_seconds * 1000;
    *is_whole_out = !others->is_known || now >= others->whole_ms;
    if (now < others->due_ms)
        return false;
    return *is_whole_out ||
           (others->lookout.is_dirty && rest_ms >= RENEW_MS &&
            rest_ms >= RENEW_PARTS * others->pass_ms) ||
           (others->lookout.has_unwatched && rest_ms >= walk_ms &&
            rest_ms >= WALK_PARTS * others->pass_ms);
}

static void begin_walk(struct others *others, bool is_whole)
{
    others->begun_ms = clock_mono_ms();
    others->asks = change_log_asked(others->lookout.options.log);
    others->pass_ms = 0;
    others->lookout.is_dirty = others->lookout.has_unwatched = false; /* until it is seen again */
    const struct pass_options options = {is_whole, others->trusts_seen, others->asked};
    others->trusts_seen = false; /* until it has come to its end */
    if (!pass_begin(&others->pass, &options))
        fail(others);
}

static void log_first(const struct others *others)
{
    const struct pass *pass = &others->pass;
    log_line(LOG_INFO,
             "store: '%s': %llu collections are watched for what other programs change, %llu are "
             "walked through; %llu changes were found",
             others->lookout.options.root->path, (unsigned long long)pass->watched,
             (unsigned long long)pass->unwatched, (unsigned long long)pass->found);
}

static void end_walk(struct others *others)
{
    bool is_whole = others->pass.options.is_whole;
    if (!pass_end(&others->pass)) {
        others->lookout.is_dirty = true;
        if (!others->news.is_lost)
            fail(others);
        return;
    }
    int64_t now = clock_mono_ms();
    others->pass_ms = now - others->begun_ms;
    if (others->is_missing && change_log_asked(others->lookout.options.log) != others->sure)
        change_log_forget(others->lookout.options.log);
    others->is_missing = false;
    if (is_whole)
        others->whole_ms = now + (int64_t)others->lookout.options.limits->whole_walk_seconds * 1000;
    if (!others->is_known)
        log_first(others);
    others->is_known = true;
    others->has_failed = false;
    others->asked = others->asks;
    others->trusts_seen = true;
}

/* --- the thread --- */

static void look_at_news(struct others *others)
{
    uint64_t asked = change_log_asked(others->lookout.options.log);
    news_take(&others->news);
    if (!others->news.is_lost)
        news_handle(&others->news, false);
    if (others->news.is_lost) {
        start_over(others);
    } else if (!others->is_missing) {
        others->sure = others->looked;
        others->looked = asked;
    }
    others->news.is_settled = others->is_known && !others->pass.is_running;
}

/* A moment's work. True: it goes on. */
static bool walk_on(struct others *others)
{
    int64_t until = clock_mono_ms() + WORK_MS;
    bool goes_on = true;
    while (goes_on && clock_mono_ms() < until)
        goes_on = pass_step(&others->pass);
    if (!goes_on)
        end_walk(others);
    return goes_on;
}

/* Until something happens, or for so long; -1: for ever. True: it is to end. */
static bool await(struct others *others, int timeout_ms, bool for_news)
{
    struct pollfd fds[2] = {{.fd = others->wake[0], .events = POLLIN},
                            {.fd = for_news ? others->lookout.watches.fd : -1, .events = POLLIN}};
    (void)poll(fds, 2, timeout_ms);
    return fds[0].revents != 0;
}

/* How long nothing need be done without news. */
static int idle_ms(const struct others *others)
{
    int64_t now = clock_mono_ms();
    int64_t due = others->whole_ms - now;
    if (others->news.is_to_come || !others->is_known)
        return TOGETHER_MS;
    if (others->lookout.is_dirty || others->lookout.has_unwatched)
        due = due < RETRY_MS ? due : RETRY_MS;
    if (others->due_ms > now && due < others->due_ms - now)
        due = others->due_ms - now;
    return due < TOGETHER_MS ? TOGETHER_MS : due > INT_MAX ? INT_MAX : (int)due;
}

static bool turn(struct others *others)
{
    bool is_whole;
    bool is_over = false;
    if (others->pass.is_running) {
        is_over = walk_on(others) && await(others, WORK_MS, false);
        look_at_news(others);
        return !is_over;
    }
    if (is_due(others, &is_whole)) {
        begin_walk(others, is_whole);
        return true;
    }
    is_over = await(others, idle_ms(others), true) || await(others, TOGETHER_MS, false);
    look_at_news(others);
    return !is_over;
}

/* What was told must not be told again by the next start, if that can be had soon. What somebody
 * may have seen and nobody has found yet, it would not miss. */
static void keep_last(struct others *others)
{
    int64_t until = clock_mono_ms() + END_MS;
    if (others->is_known && others->lookout.is_dirty && !others->pass.is_running)
        begin_walk(others, false);
    while (others->is_known && others->pass.is_running && clock_mono_ms() < until)
        (void)walk_on(others);
    pass_abort(&others->pass);
    if (!others->is_known && change_log_asked(others->lookout.options.log) != others->asked)
        change_log_forget(others->lookout.options.log);
}

static void *run(void *arg)
{
    struct others *others = arg;
    (void)setpriority(PRIO_PROCESS, 0, NICE); /* of this thread, as Linux has it */
    while (turn(others))
        continue;
    look_at_news(others);
    keep_last(others);
    return NULL;
}

/* --- life --- */

static bool start(struct others *others, struct err *err)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loops' affair */
    int code = pthread_create(&others->thread, &attributes, run, others);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return code == 0 || err_sys(err, code, "cannot look for what other programs change");
}

static void free_others(struct others *others)
{
    news_done(&others->news);
    watches_done(&others->lookout.watches);
    fd_close(others->wake[0]);
    fd_close(others->wake[1]);
    mem_free(others);
}

struct others *others_start(const struct others_options *options, struct err *err)
{
    struct others *others = MEM_NEW(struct others);
    others->lookout.options = *options;
    others->lookout.tree = state_file_mark(options->root->fd, "");
    others->pass.lookout = &others->lookout;
    others->pass.news = &others->news;
    others->wake[0] = others->wake[1] = -1;
    others->asked = others->sure = others->looked = change_log_asked(options->log);
    news_init(&others->news, &others->lookout);
    watches_init(&others->lookout.watches, options->root->fd, options->limits->watched_directories);
    bool is_fine = pipe2(others->wake, O_CLOEXEC) == 0 ||
                   err_sys(err, errno, "cannot look for what other programs change");
    if (is_fine && start(others, err))
        return others;
    free_others(others);
    return NULL;
}

void others_stop(struct others *others)
{
    if (!others)
        return;
    fd_close(others->wake[1]);
    others->wake[1] = -1;
    (void)pthread_join(others->thread, NULL); /* it runs */
    free_others(others);
}
