/* remote.php/dav/trashbin/NAME/trash/…: what was deleted, where the mount keeps it (store/trash).
 *
 * What is seen are two places of the mount's store, each under a prefix of its own: what is kept,
 * as …/trash, and the mount itself, as …/restore, where apps move to what they restore. So the
 * place where something was is a path in view, which rules are asked about and properties tell.
 *
 * - Where something is restored to is no wish of the app's: the name in its Destination means
 *   nothing, and it comes to where it was. If there is no such collection any more, it comes to the
 *   root; if something else is there, beside that under another name: nothing is replaced.
 * - DELETE of the whole empties it. That cannot be said of a root of what is seen, so it is said of
 *   the same collection as a member of the other place.
 * - Versions have no paths here: these servers know them by the number of the file, and nothing
 *   finds a file by that (docs/decisions/0097-trash-of-apps.md). */
#include "sync/trash.h"

#include "dav/home.h"
#include "dav/method.h"
#include "dav/target.h"
#include "exchange/admit.h"
#include "exchange/respond.h"
#include "text/unicode.h"

enum { NAMES_MAX = 100 }; /* that are tried for something that is restored */

static struct res_path join(struct exchange *x, struct res_path path, struct str name)
{
    return path_join(x->arena, path, name);
}

/* False: it is nobody's trash, or somebody else's. */
static bool see_trash(struct exchange *x)
{
    const struct sync_service *sync = sync_service_of(x);
    struct str rest = sync_path_of(x);
    struct str before = STR("remote.php/dav/trashbin/");
    if (!str_starts(rest, before) || !sync->trash_name.len)
        return false;
    rest = str_from(rest, before.len);
    struct str name = str_cut(&rest, '/');
    struct str place = str_cut(&rest, '/');
    bool is_own = !x->service->access || unicode_eq(name, x->signed_in.principal.name);
    struct res_path all = join(x, join(x, sync->prefix, STR("remote.php/dav/trashbin")), name);
    x->seen.prefix = join(x, all, STR("restore"));
    x->seen.place = sync->prefix;
    x->seen.aside = join(x, all, STR("trash"));
    x->seen.aside_place = join(x, sync->prefix, sync->trash_name);
    x->dialect = MULTISTATUS_SYNC;
    return name.len && is_own && str_eq(place, STR("trash"));
}

static enum stage_end find_trash(struct exchange *x)
{
    bool is_nobody = principal_is_anonymous(&x->signed_in.principal);
    if (x->service->access && is_nobody)
        return respond_error(x, admit_result(ACCESS_SIGN_IN));
    if (!see_trash(x))
        return respond_error(x, dav_not_found());
    if (x->method->id == METHOD_DELETE && path_eq(x->path, x->seen.aside))
        x->path = join(x, x->seen.prefix, sync_service_of(x)->trash_name);
    return STAGE_NEXT;
}

static const struct stage enter_stages[] = {
    {"find trash", find_trash, ANYWHERE},
    {"see", dav_see, ON_READ},
    {"make homes", homes_make, ANYWHERE},
    {"locate", dav_locate, ON_READ},
    {0},
};

/* "letter (restored).txt", "letter (restored 2).txt" */
static struct str name_again(struct arena *arena, struct str name, unsigned number)
{
    size_t stem = name.len;
    struct buf text = {0};
    for (size_t i = 1; i < name.len; i++) { /* a dot at the beginning begins no extension */
        if (name.at[i] == '.')
            stem = i;
    }
    buf_add(&text, str_first(name, stem));
    if (number == 1)
        BUF_ADD(&text, " (restored)");
    else
        buf_addf(&text, " (restored %u)", number);
    buf_add(&text, str_from(name, stem));
    struct str again = arena_str(arena, buf_str(&text));
    buf_done(&text);
    return again;
}

/* Where it was, or near there, where nothing is. */
static struct dav_result find_room(struct exchange *x, struct res_path from, struct res_path *to)
{
    struct store *store = target_of(x)->store;
    struct res_path parent = path_parent(from);
    struct store_stat stat;
    if (store_stat(store, parent, 0, &stat) != STORE_OK || !stat.is_collection)
        parent = x->seen.prefix;
    *to = join(x, parent, path_name(from));
    for (unsigned i = 1; i <= NAMES_MAX; i++) {
        enum store_rc rc = store_stat(store, *to, 0, &stat);
        if (rc == STORE_NOT_FOUND)
            return DAV_FINE;
        if (rc != STORE_OK)
            return dav_from_store(rc);
        *to = join(x, parent, name_again(x->arena, path_name(from), i));
    }
    return dav_error(HTTP_CONFLICT, "there are too many of that name where it was");
}

static struct dav_result lands(struct exchange *x, struct res_path *path)
{
    const struct target *target = target_of(x);
    struct dav_result result = target_locate(x);
    if (!dav_is_fine(result))
        return result;
    if (!path_is_within(*path, x->seen.prefix) || path_eq(*path, x->seen.prefix))
        return dav_error(HTTP_FORBIDDEN, "what was deleted is restored by a move to restore/NAME");
    if (path_eq(x->path, x->seen.aside))
        return dav_error(HTTP_FORBIDDEN, "the trash itself stays where it is");
    if (target->kept_rc != STORE_OK)
        return dav_from_store(target->kept_rc);
    return find_room(x, target->kept.from, path);
}

struct handler_ops sync_trash_ops(void)
{
    struct handler_ops ops = dav_store_ops;
    ops.name = "trash of synced files";
    ops.enter = enter_stages;
    ops.transfers = false;
    ops.is_for_apps = true;
    ops.lands = lands;
    return ops;
}
