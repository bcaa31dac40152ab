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
#include "dav/acl/kept.h"
#include "store/acl/table.h"

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

/* What he sees as the root of the mount, and the log in which it is. */
struct spot {
    struct change_log *log; /* NULL: in none */
    struct acl_table *acls;
    struct res_path place;
};

static struct spot find_spot(const struct sync_service *sync, const struct service *service,
                             const struct principal *principal, struct arena *arena)
{
    struct spot spot = {0};
    struct home *homes; /* made when files are asked for */
    struct exchange asking = {.arena = arena,
                              .service = service,
                              .handler = &sync->endpoints,
                              .seen = {sync->prefix, sync->prefix},
                              .signed_in.principal = *principal};
    struct store *store = sync->dav.view_seen(&sync->dav, &asking, &homes);
    spot.log = store_changes(store, arena, sync->prefix, &spot.place);
    spot.acls = store_acls(store, arena, sync->prefix).table;
    return spot;
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
    struct standing standing;
    struct spot spot = {0};
    if (stands(service, principal, &standing))
        spot = find_spot(listening->sync, service, principal, &arena);
    if (spot.log) {
        listening->log = spot.log;
        listening->acls = spot.acls;
        listening->place = copy_path(spot.place);
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
        change_log_listen(spot.log, &listening->listener, listening->place);
        listening->seen = change_log_tag(spot.log, listening->place);
    }
    arena_done(&arena);
    return spot.log;
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
    struct spot spot = {0};
    if (stands_still(listening, service))
        spot = find_spot(sync, service, &listening->principal, &arena);
    bool is_same = spot.log == listening->log && path_eq(spot.place, listening->place);
    arena_done(&arena);
    if (is_same) {
        listening->acls = spot.acls;
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

/* As exchange/admit.c has it: who administers the place is bound by no list. */
static bool acls_let_him(const struct listening *listening, struct res_path path,
                         const struct change_found *found, struct arena *arena)
{
    const struct access *access = listening->access;
    const struct principal *principal = &listening->principal;
    const struct access_question admin = {ACCESS_ADMIN, path, ACCESS_NAMES_BOTH};
    const struct kept_acl *kept =
        access && listening->acls ? acl_table_find(listening->acls, arena, found->path) : NULL;
    return acl_grants(dav_acls_of(kept, arena), access ? access->rules : NULL, principal,
                      ACCESS_READ) ||
           access_may(access, principal, &admin) == ACCESS_GRANTED;
}

static bool is_for_him(const struct listening *listening, const struct change_found *found,
                       struct arena *arena)
{
    struct res_path path =
        path_rebase(arena, found->path, listening->place, listening->sync->prefix);
    return may_read(listening, path) && acls_let_him(listening, path, found, arena);
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
