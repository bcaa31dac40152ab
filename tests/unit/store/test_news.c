/* What a client has that is told of others' changes, whatever they do between its looks and those of
 * who finds out: as programs and davit change a small tree at random, one goes by collections' tags,
 * as desktop clients do (it reads a collection whose tag is another, and nothing below one that has
 * the same), and one by token. When all that the kernel tells has been told, both have what there is,
 * and each collection is watched.
 *
 * In some runs no file can be opened now and then; in some, walks go on meanwhile.
 *
 * DAVIT_NEWS_SEED: one seed alone, with all that is done; DAVIT_NEWS_SEEDS: how many (default 24). */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "place.h"
#include "store/directory/entry.h"
#include "support/test.h"

enum { MEMBERS_MAX = 512, PATH_BYTES = 64, ROUNDS = 12, STEPS = 40, PROGRAMS = 2 };
#define NO_TAG UINT64_MAX

/* --- what a client has --- */

struct member {
    char path[PATH_BYTES];
    uint64_t mark; /* of a file: its version; of a collection: which directory */
    uint64_t tag;  /* of a collection that has been read */
    bool is_collection;
};

struct client {
    struct member members[MEMBERS_MAX];
    size_t count;
    struct change_point since;
};

static struct res_path path_of_text(const char *text)
{
    return (struct res_path){text, strlen(text)};
}

static struct member *find(struct client *client, const char *path)
{
    for (size_t i = 0; i < client->count; i++) {
        if (!strcmp(client->members[i].path, path))
            return &client->members[i];
    }
    return NULL;
}

/* And all that is in it. */
static void drop(struct client *client, const char *of_client)
{
    char path[PATH_BYTES];
    size_t kept = 0;
    str_print(path, sizeof(path), "%s", of_client); /* may be a member's */
    for (size_t i = 0; i < client->count; i++) {
        if (!path_is_within(path_of_text(client->members[i].path), path_of_text(path)))
            client->members[kept++] = client->members[i];
    }
    client->count = kept;
}

static struct member *put(struct client *client, const char *path, bool is_collection)
{
    struct member *member = find(client, path);
    if (member && member->is_collection != is_collection) {
        drop(client, path);
        member = NULL;
    }
    if (member)
        return member;
    assert_true(client->count < MEMBERS_MAX);
    member = &client->members[client->count++];
    *member = (struct member){.tag = NO_TAG, .is_collection = is_collection};
    str_print(member->path, sizeof(member->path), "%s", path);
    return member;
}

/* --- the tree --- */

struct tester {
    struct place *place;
    struct rng rng;
    struct client by_tags, by_token, there;
    char swapped[PROGRAMS][2][PATH_BYTES]; /* what a program exchanges */
    unsigned swap_steps[PROGRAMS];         /* so many are done */
    bool trusts_seen;                      /* as who walks for a store has it (others.c) */
    uint64_t asks, asked;
    bool is_loud;
    bool may_fail, walks;
    uint64_t seed;
};

static int tree_fd(const struct tester *tester)
{
    return tester->place->root.fd;
}

static const char *name_or_dot(const char *path)
{
    return *path ? path : ".";
}

/* What is there: false where nothing is. */
static bool look_at(const struct tester *tester, const char *path, struct member *member_out)
{
    struct statx stx;
    if (!dir_statx_member(tree_fd(tester), name_or_dot(path), &stx))
        return false;
    member_out->is_collection = S_ISDIR(stx.stx_mode);
    member_out->mark = member_out->is_collection
                           ? state_file_mark(tree_fd(tester), name_or_dot(path))
                           : sorted_mark_of_file(&stx);
    return true;
}

/* Calls `fn` with each member of a collection. */
static void each(struct tester *tester, const char *path,
                 void (*fn)(struct tester *tester, const char *member, void *arg), void *arg)
{
    int fd = openat(tree_fd(tester), name_or_dot(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    while (dir && (entry = readdir(dir))) {
        char member[PATH_BYTES];
        if (entry->d_name[0] == '.')
            continue;
        str_print(member, sizeof(member), "%s%s%s", path, *path ? "/" : "", entry->d_name);
        fn(tester, member, arg);
    }
    if (dir)
        closedir(dir);
}

/* With all that is in it. */
static void add(struct tester *tester, const char *path, void *arg)
{
    struct client *client = arg;
    struct member found;
    if (!look_at(tester, path, &found))
        return;
    put(client, path, found.is_collection)->mark = found.mark;
    if (found.is_collection)
        each(tester, path, add, client);
}

/* --- the client that goes by tags --- */

static void add_one(struct tester *tester, const char *path, void *arg)
{
    struct member found;
    if (look_at(tester, path, &found))
        put(arg, path, found.is_collection)->mark = found.mark;
}

static void sync_by_tags(struct tester *tester, const char *path)
{
    struct client *client = &tester->by_tags;
    struct client *now = MEM_NEW(struct client);
    uint64_t tag = change_log_tag(place_log(tester->place), path_of_text(path)).seq;
    if (put(client, path, true)->tag == tag) {
        mem_free(now);
        return;
    }
    each(tester, path, add_one, now);
    for (size_t i = client->count; i-- > 0;) {
        const char *member = client->members[i].path;
        struct res_path parent = path_parent(path_of_text(member));
        if (*member && path_eq(parent, path_of_text(path)) && !find(now, member)) {
            drop(client, member);
            i = client->count;
        }
    }
    for (size_t i = 0; i < now->count; i++) {
        const struct member *member = &now->members[i];
        put(client, member->path, member->is_collection)->mark = member->mark;
        if (member->is_collection)
            sync_by_tags(tester, member->path);
    }
    put(client, path, true)->tag = tag;
    mem_free(now);
}

/* --- the client that goes by token --- */

static void take_change(struct tester *tester, const struct change_found *found)
{
    char path[PATH_BYTES];
    struct member there;
    str_print(path, sizeof(path), "%.*s", (int)found->path.len, found->path.at);
    bool is_there = look_at(tester, path, &there);
    if (!is_there || found->is_whole)
        drop(&tester->by_token, path);
    if (is_there && found->is_whole)
        add(tester, path, &tester->by_token);
    else if (is_there)
        put(&tester->by_token, path, there.is_collection)->mark = there.mark;
}

/* False: it is not known what has changed. */
static bool take_changes(struct tester *tester, uint64_t until)
{
    struct client *client = &tester->by_token;
    struct change_log *log = place_log(tester->place);
    struct change_query query = {PATH_ROOT, true, client->since.seq, until, 0};
    struct change_found found;
    struct arena arena = {0};
    bool knows = change_log_knows(log, PATH_ROOT, client->since, true);
    while (knows && change_log_next(log, &arena, &query, &found) == STORE_OK) {
        struct member there;
        char path[PATH_BYTES];
        str_print(path, sizeof(path), "%.*s", (int)found.path.len, found.path.at);
        if (found.is_gone && look_at(tester, path, &there))
            knows = false; /* it is there again: what was in it must be asked for anew */
        take_change(tester, &found);
        arena_reset(&arena);
    }
    arena_done(&arena);
    return knows;
}

static void sync_by_token(struct tester *tester)
{
    struct client *client = &tester->by_token;
    struct change_point now = change_log_tag(place_log(tester->place), PATH_ROOT);
    if (!take_changes(tester, now.seq)) {
        client->count = 0;
        each(tester, "", add, client);
    }
    client->since = now;
}

static void say(const struct tester *tester, const char *what, const char *path, const char *other)
{
    if (tester->is_loud)
        print_message("# %llu %s %s %s\n",
                      (unsigned long long)change_log_head(place_log(tester->place)), what, path,
                      other);
}

/* --- looks --- */

static void look_at_news(struct tester *tester, bool is_over)
{
    say(tester, "look", "", "");
    struct news *news = &tester->place->news;
    news_take(news);
    news_handle(news, is_over);
    assert_false(news->is_lost);
    news->is_settled = !tester->place->pass.is_running;
}

/* A step of a walk, which begins when there is none. */
static void walk_on(struct tester *tester)
{
    struct pass *pass = &tester->place->pass;
    const struct pass_options options = {rng_below(&tester->rng, 2), tester->trusts_seen,
                                         tester->asked};
    say(tester, "walk", "", "");
    if (!pass->is_running) {
        tester->asks = change_log_asked(place_log(tester->place));
        tester->trusts_seen = false;
        tester->place->lookout.has_unwatched = false;
        assert_true(pass_begin(pass, &options));
    } else if (!pass_step(pass) && pass_end(pass)) {
        tester->asked = tester->asks;
        tester->trusts_seen = true;
    }
    look_at_news(tester, false);
}

static void end_walk(struct tester *tester)
{
    while (tester->place->pass.is_running)
        walk_on(tester);
}

/* No file can be opened for a moment; what was not found then is left to a walk. */
static void fail_to_look(struct tester *tester)
{
    struct place *place = tester->place;
    struct rlimit before;
    int lowest = open("/", O_PATH | O_CLOEXEC);
    assert_true(lowest >= 0 && close(lowest) == 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit few = {(rlim_t)lowest + rng_below(&tester->rng, 3), before.rlim_max};
    end_walk(tester);
    place->lookout.has_unwatched = false;
    news_take(&place->news);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    news_handle(&place->news, true);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    look_at_news(tester, true); /* as before each walk */
    if (place->lookout.has_unwatched) {
        walk_on(tester);
        end_walk(tester);
    }
    say(tester, "failed", "", "");
}

static void sync_some(struct tester *tester)
{
    if (rng_below(&tester->rng, 2))
        sync_by_tags(tester, "");
    if (rng_below(&tester->rng, 2))
        sync_by_token(tester);
}

/* Where a step has parts, others look in between. */
static void between(struct tester *tester)
{
    switch (rng_below(&tester->rng, 14)) {
    case 0:
        look_at_news(tester, false);
        break;
    case 1:
        say(tester, "take", "", "");
        news_take(&tester->place->news);
        break;
    case 2:
        say(tester, "handle", "", "");
        news_handle(&tester->place->news, false);
        break;
    case 3:
        sync_some(tester);
        break;
    case 4:
        if (tester->may_fail)
            fail_to_look(tester);
        break;
    case 5:
    case 6:
        if (tester->walks)
            walk_on(tester);
        break;
    default:
        break;
    }
}

/* --- what programs do --- */

static const char *pick(struct tester *tester, char path[PATH_BYTES])
{
    size_t depth = 1 + rng_below(&tester->rng, 3);
    path[0] = '\0';
    for (size_t i = 0; i < depth; i++) {
        size_t len = strlen(path);
        str_print(path + len, PATH_BYTES - len, "%s%c", i ? "/" : "",
                  (int)('a' + rng_below(&tester->rng, 3)));
    }
    return path;
}

static bool write_to(int fd, const char *path, unsigned long value)
{
    int file = openat(fd, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    assert_true(dprintf(file, "%lu", value) > 0);
    assert_int_equal(close(file), 0);
    return true;
}

static void remove_all(struct tester *tester, const char *path, void *arg)
{
    bool *looks = arg;
    if (unlinkat(tree_fd(tester), path, 0) < 0) {
        each(tester, path, remove_all, arg);
        (void)unlinkat(tree_fd(tester), path, AT_REMOVEDIR);
    }
    if (*looks)
        between(tester);
}

static void make_way(struct tester *tester, const char *path)
{
    for (size_t i = 1; i <= strlen(path); i++) {
        char outer[PATH_BYTES];
        if (path[i] != '/' && path[i])
            continue;
        str_print(outer, sizeof(outer), "%.*s", (int)i, path);
        (void)mkdirat(tree_fd(tester), outer, 0700);
        between(tester);
    }
}

static void go_on_exchanging(struct tester *tester, size_t program)
{
    char(*pair)[PATH_BYTES] = tester->swapped[program];
    char aside[PATH_BYTES];
    unsigned step = tester->swap_steps[program]++;
    if (step == 0) {
        pick(tester, pair[0]);
        pick(tester, pair[1]);
    }
    str_print(aside, sizeof(aside), "%s.x", pair[0]);
    const char *ends[3][2] = {{pair[0], aside}, {pair[1], pair[0]}, {aside, pair[1]}};
    say(tester, "rename", ends[step][0], ends[step][1]);
    int failed = renameat(tree_fd(tester), ends[step][0], tree_fd(tester), ends[step][1]);
    if (failed || step == 2)
        tester->swap_steps[program] = 0;
}

static void step_of_others(struct tester *tester)
{
    char path[PATH_BYTES];
    char other[PATH_BYTES];
    bool looks = true;
    pick(tester, path);
    pick(tester, other);
    size_t what = rng_below(&tester->rng, 10);
    static const char *const names[] = {"write", "mkdir", "rm -r", "mv"};
    if (what < ARRAY_LEN(names))
        say(tester, names[what], path, other);
    switch (what) {
    case 0:
        (void)write_to(tree_fd(tester), path, rng_below(&tester->rng, 1000000));
        break;
    case 1:
        make_way(tester, path);
        break;
    case 2:
        remove_all(tester, path, &looks);
        break;
    case 3:
        (void)renameat(tree_fd(tester), path, tree_fd(tester), other);
        break;
    default:
        go_on_exchanging(tester, what % PROGRAMS);
        break;
    }
}

/* --- what davit does (store/store.c) --- */

static struct change_row row_of_source(const struct tester *tester, const char *path)
{
    struct member there = {0};
    bool is_one = look_at(tester, path, &there) && !there.is_collection;
    return (struct change_row){path_of_text(path), is_one ? CHANGE_OF_ONE : CHANGE_WENT,
                               LEFT_NOTHING};
}

static struct change_row row_of_target(const struct tester *tester, const char *from,
                                       const char *to)
{
    struct member there;
    struct member source = {0};
    bool is_one = look_at(tester, from, &source) && !source.is_collection;
    struct change_row row = {path_of_text(to), CHANGE_REPLACED, LEFT_UNKNOWN};
    if (look_at(tester, to, &there) && there.is_collection)
        return row;
    row.kind = is_one ? CHANGE_OF_ONE : CHANGE_CAME;
    row.left = is_one ? LEFT_NEW : LEFT_MOVED;
    return row;
}

static bool put_by_davit(struct tester *tester, const char *path, struct change_note *note)
{
    struct statx stx;
    struct store_stat stat;
    int home = tester->place->home.fd;
    assert_true(write_to(home, "staged", rng_below(&tester->rng, 1000000)));
    if (renameat(home, "staged", tree_fd(tester), path) < 0) {
        assert_int_equal(unlinkat(home, "staged", 0), 0);
        return false;
    }
    if (dir_statx_member(tree_fd(tester), path, &stx) && dir_stat_of(&stx, &stat))
        note->rows[0].left = stat.version;
    return true;
}

static bool move_by_davit(struct tester *tester, const char *path, const char *other)
{
    struct member there;
    bool looks = false;
    if (!look_at(tester, path, &there) || path_is_within(path_of_text(path), path_of_text(other)) ||
        path_is_within(path_of_text(other), path_of_text(path)))
        return false;
    remove_all(tester, other, &looks);
    between(tester);
    (void)renameat(tree_fd(tester), path, tree_fd(tester), other);
    return true; /* something was replaced, or not */
}

static void step_of_davit(struct tester *tester)
{
    char path[PATH_BYTES];
    char other[PATH_BYTES];
    bool looks = true;
    bool is_made;
    struct change_log *log = place_log(tester->place);
    pick(tester, path);
    pick(tester, other);
    size_t what = rng_below(&tester->rng, 4);
    static const char *const names[] = {"MKCOL", "PUT", "DELETE", "MOVE"};
    struct change_note note = {.rows = {{path_of_text(path), CHANGE_OF_ONE, LEFT_NEW}},
                               .row_count = 1};
    say(tester, names[what], path, other);
    if (what >= 2)
        note.rows[0] = row_of_source(tester, path);
    if (what == 3)
        note.rows[note.row_count++] = row_of_target(tester, path, other);
    assert_int_equal(change_log_begin(log, &note), STORE_OK);
    between(tester);
    if (what == 0) {
        is_made = mkdirat(tree_fd(tester), path, 0700) == 0;
    } else if (what == 1) {
        is_made = put_by_davit(tester, path, &note);
    } else if (what == 2) {
        is_made = look_at(tester, path, &(struct member){0});
        remove_all(tester, path, &looks);
    } else {
        is_made = move_by_davit(tester, path, other);
    }
    between(tester);
    bool is_known = what != 3 || !look_at(tester, path, &(struct member){0});
    change_log_end(log, &note,
                   !is_made   ? OUTCOME_NOTHING
                   : is_known ? OUTCOME_ALL
                              : OUTCOME_UNKNOWN);
}

/* --- the end of a round --- */

static void complain(const struct tester *tester, const char *who, const char *path,
                     const char *what)
{
    print_message("# DAVIT_NEWS_SEED=%llu %s: %s is %s\n", (unsigned long long)tester->seed, who,
                  path, what);
}

static void compare(struct tester *tester, const char *who, struct client *client)
{
    unsigned wrong = 0;
    const struct client *there = &tester->there;
    for (size_t i = 0; i < there->count; i++) {
        const struct member *member = &there->members[i];
        const struct member *has = find(client, member->path);
        bool is_same = has && has->is_collection == member->is_collection &&
                       (has->is_collection || has->mark == member->mark);
        if (!is_same)
            complain(tester, who, member->path, has ? "another" : "missing");
        wrong += !is_same;
    }
    for (size_t i = 0; i < client->count; i++) {
        const char *path = client->members[i].path;
        bool is_gone = *path && !find(&tester->there, path);
        if (is_gone)
            complain(tester, who, path, "no more");
        wrong += is_gone;
    }
    assert_int_equal(wrong, 0);
}

static void check_watched(struct tester *tester)
{
    for (size_t i = 0; i < tester->there.count; i++) {
        const struct member *member = &tester->there.members[i];
        if (!member->is_collection)
            continue;
        const struct watched *watched =
            watches_find(&tester->place->lookout.watches, path_of_text(member->path));
        if (!watched || watched->mark != member->mark)
            complain(tester, "davit", member->path, "not watched");
        assert_true(watched && watched->mark == member->mark);
    }
}

static void settle(struct tester *tester)
{
    for (size_t i = 0; i < PROGRAMS; i++) {
        while (tester->swap_steps[i])
            go_on_exchanging(tester, i);
    }
    end_walk(tester);
    look_at_news(tester, true);
    look_at_news(tester, true);
    tester->there.count = 0;
    each(tester, "", add, &tester->there);
    check_watched(tester);
    sync_by_tags(tester, "");
    sync_by_token(tester);
    compare(tester, "by tags", &tester->by_tags);
    compare(tester, "by token", &tester->by_token);
}

static void run_seed(uint64_t seed, bool is_loud)
{
    struct tester *tester = MEM_NEW(struct tester);
    tester->place = place_new(1000);
    tester->rng.at = seed;
    tester->is_loud = is_loud;
    tester->seed = seed;
    tester->may_fail = seed % 2;
    tester->walks = seed % 4 >= 2;
    tester->trusts_seen = true;
    tester->asked = change_log_asked(place_log(tester->place));
    tester->place->news.is_settled = true;
    for (size_t i = 0; i < ROUNDS; i++) {
        for (size_t step = 0; step < STEPS; step++) {
            if (rng_below(&tester->rng, 4))
                step_of_others(tester);
            else
                step_of_davit(tester);
            between(tester);
        }
        settle(tester);
    }
    place_free(tester->place);
    mem_free(tester);
}

TEST(clients_have_what_others_have_made)
{
    const char *one = getenv("DAVIT_NEWS_SEED");
    const char *many = getenv("DAVIT_NEWS_SEEDS");
    uint64_t from = one ? strtoull(one, NULL, 10) : 0;
    uint64_t count = one ? 1 : many ? strtoull(many, NULL, 10) : 24;
    for (uint64_t seed = from; seed < from + count; seed++)
        run_seed(seed, one != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_have_what_others_have_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
