/* Which news are news for somebody.
 *
 * The log says that something has changed; whether he may know of it the rules say, of each path
 * that has changed, as they do when he lists the collection. Where one is found that he may read,
 * the rest need not be looked at: he is told that there is something. Where others may read much
 * and he nothing, a burst of changes is looked at LOOK_MAX at a time.
 *
 * He may listen as long as he could sign in again by what he has signed in by: that is asked of the
 * accounts whenever they are others, by the mark that they have for it (access_standing()), since
 * his password is not kept.
 *
 * What is behind the horizon of the log is news: nobody knows what it was. */
#include "sync/push/listening.h"

#include "base/clock.h"
#include "base/mem.h"

enum { LOOK_MAX = 1000 };

/* --- beginning and ending --- */

static struct str copy_text(struct str text)
{
    return str_of(mem_copy_text(text.at, text.len), text.len);
}

static struct res_path copy_path(struct res_path path)
{
    return (struct res_path){mem_copy_text(path.at, path.len), path.len};
}

static void free_text(const char *text)
{
    mem_free((char *)(uintptr_t)text);
}

/* What he sees as the root of the mount, and the log in which it is; NULL: in none. */
static struct change_log *find_log(const struct sync_service *sync, const struct service *service,
                                   const struct principal *principal, struct arena *arena,
                                   struct res_path *place_out)
{
    struct home *homes; /* made when files are asked for */
    struct exchange asking = {.arena = arena,
                              .service = service,
                              .handler = &sync->endpoints,
                              .seen = {sync->prefix, sync->prefix},
                              .signed_in.principal = *principal};
    struct store *store = sync->dav.view_seen(&sync->dav, &asking, &homes);
    return store_changes(store, arena, sync->prefix, place_out);
}

/* False: he has signed in by what is gone meanwhile. */
static bool stands(const struct service *service, const struct principal *principal,
                   struct standing *out)
{
    *out = (struct standing){0};
    return !service->access || access_standing(service->access, principal, out);
}

bool listening_begin(struct listening *listening, const struct service *service,
                     const struct principal *principal)
{
    struct arena arena = {0};
    struct res_path place;
    struct standing standing;
    struct change_log *log = NULL;
    if (stands(service, principal, &standing))
        log = find_log(listening->sync, service, principal, &arena, &place);
    if (log) {
        listening->log = log;
        listening->place = copy_path(place);
        listening->access = service->access;
        listening->standing = standing;
        listening->principal =
            (struct principal){.name = copy_text(principal->name),
                               .scheme = principal->scheme,
                               .scope.path = copy_path(principal->scope.path),
                               .scope.is_read_only = principal->scope.is_read_only,
                               .token = copy_text(principal->token),
                               .is_app = principal->is_app,
                               .address = copy_text(principal->address)};
        change_log_listen(log, &listening->listener, listening->place);
        listening->seen = change_log_tag(log, listening->place);
    }
    arena_done(&arena);
    return log;
}

/* By what he has signed in by he could again, and would be the same. */
static bool stands_still(const struct listening *listening, const struct service *service)
{
    const struct standing *was = &listening->standing;
    struct standing is;
    if (!listening->access || !service->access)
        return listening->access == service->access;
    return was->is_known && stands(service, &listening->principal, &is) && is.is_known &&
           secret_eq(sha256_str(&was->mark), sha256_str(&is.mark));
}

bool listening_renew(struct listening *listening, const struct service *service,
                     const struct sync_service *sync)
{
    struct arena arena = {0};
    struct res_path place;
    bool is_same =
        stands_still(listening, service) &&
        find_log(sync, service, &listening->principal, &arena, &place) == listening->log &&
        path_eq(place, listening->place);
    arena_done(&arena);
    if (is_same) {
        listening->sync = sync;
        listening->access = service->access;
    }
    return is_same;
}

bool listening_is_over(const struct listening *listening)
{
    int64_t until_s = listening->standing.until_s;
    return until_s && until_s <= clock_wall_ms() / 1000;
}

bool listening_end(struct listening *listening)
{
    if (!listening->log)
        return false;
    bool is_to_hear = change_log_unlisten(listening->log, &listening->listener);
    listening->log = NULL;
    free_text(listening->place.at);
    free_text(listening->principal.name.at);
    free_text(listening->principal.address.at);
    free_text(listening->principal.token.at);
    free_text(listening->principal.scope.path.at);
    return is_to_hear;
}

/* --- looking --- */

/* However names are told apart there: it must be granted in both ways. */
static bool may_read(const struct listening *listening, struct res_path path)
{
    struct access_question exact = {ACCESS_READ, path, ACCESS_NAMES_EXACT};
    struct access_question folded = {ACCESS_READ, path, ACCESS_NAMES_FOLDED};
    const struct principal *principal = &listening->principal;
    return !listening->access ||
           (access_may(listening->access, principal, &exact) == ACCESS_GRANTED &&
            access_may(listening->access, principal, &folded) == ACCESS_GRANTED);
}

static bool is_for_him(const struct listening *listening, const struct change_found *found,
                       struct arena *arena)
{
    struct res_path path =
        path_rebase(arena, found->path, listening->place, listening->sync->prefix);
    return may_read(listening, path);
}

static enum news look_until(struct listening *listening, uint64_t until)
{
    struct change_query query = {listening->place, true, listening->seen.seq, until};
    struct arena arena = {0};
    struct change_found found;
    enum store_rc rc = STORE_OK;
    bool is_found = false;
    for (int i = 0; i < LOOK_MAX && rc == STORE_OK && !is_found; i++) {
        rc = change_log_next(listening->log, &arena, &query, &found);
        is_found = rc == STORE_OK && is_for_him(listening, &found, &arena);
        arena_reset(&arena);
    }
    arena_done(&arena);
    listening->seen.seq = query.after;
    if (rc == STORE_OK && !is_found)
        return NEWS_LATER;
    return is_found || rc != STORE_END ? NEWS_SOME : NEWS_NONE;
}

enum news listening_look(struct listening *listening)
{
    listener_wait(&listening->listener);
    struct change_point now = change_log_tag(listening->log, listening->place);
    bool is_known = change_log_knows(listening->log, listening->place, listening->seen, false);
    if (now.run == listening->seen.run && now.seq == listening->seen.seq)
        return NEWS_NONE;
    enum news news = is_known ? look_until(listening, now.seq) : NEWS_SOME;
    if (news != NEWS_LATER)
        listening->seen = now;
    return news;
}
