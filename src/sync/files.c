/* remote.php/dav/files/NAME/… and remote.php/webdav/…: WebDAV as everywhere, with another prefix.
 *
 * What is seen there is a view of the mount's store with that prefix (x->seen), as a shared link's
 * collection is seen under its own. So paths are as they were asked for wherever they are written
 * and read: in hrefs, in Destination, in the tags of If; and rules, locks and homes are the
 * mount's. Nothing is translated on the way.
 *
 * - Rejected: to rewrite the request's paths, and back in what is answered, as a gateway does
 *   (gateway/url_map.c). There the two trees are two servers'; here the store's view is all of it.
 */
#include "sync/files.h"

#include "dav/home.h"
#include "dav/lock/permit.h"
#include "dav/method.h"
#include "dav/target.h"
#include "exchange/admit.h"
#include "exchange/respond.h"
#include "text/unicode.h"

size_t sync_files_prefix(const struct exchange *x, struct res_path whole)
{
    struct res_path prefix = sync_service_of(x)->prefix;
    if (!path_is_within(whole, prefix))
        return 0;
    size_t before = prefix.len ? size_min(prefix.len + 1, whole.len) : 0;
    struct str path = str_from(path_str(whole), before);
    struct str own = STR("remote.php/webdav");
    struct str of_users = STR("remote.php/dav/files/");
    if (path_is_within((struct res_path){path.at, path.len}, (struct res_path){own.at, own.len}))
        return before + own.len;
    if (!str_starts(path, of_users))
        return 0;
    struct str rest = str_from(path, of_users.len);
    struct str name = str_cut(&rest, '/');
    bool is_own = !x->service->access || unicode_eq(name, x->signed_in.principal.name);
    return name.len && is_own ? before + of_users.len + name.len : 0;
}

bool sync_see_files(struct exchange *x, struct str user)
{
    const struct sync_service *sync = sync_service_of(x);
    struct res_path of_users = path_join(x->arena, sync->prefix, STR("remote.php/dav/files"));
    x->seen.prefix = path_join(x->arena, of_users, user);
    x->seen.place = sync->prefix;
    x->dialect = MULTISTATUS_SYNC;
    return user.len && sync_files_prefix(x, x->seen.prefix) == x->seen.prefix.len;
}

/* Everybody has signed in here, also to look: that is how clients find out that they must. */
static enum stage_end find_tree(struct exchange *x)
{
    bool is_nobody = principal_is_anonymous(&x->signed_in.principal);
    if (x->service->access && is_nobody)
        return respond_error(x, admit_result(ACCESS_SIGN_IN));
    size_t len = sync_files_prefix(x, x->path);
    if (len == 0)
        return respond_error(x, dav_not_found());
    x->seen.prefix = (struct res_path){x->path.at, len};
    x->seen.place = sync_service_of(x)->prefix;
    x->dialect = MULTISTATUS_SYNC;
    return STAGE_NEXT;
}

/* Phones that file photos by month ask with the PUT for the collections on the way
 * (X-NC-WebDAV-Auto-Mkcol). What is missing of them is made as homes are, from the top down; what
 * may not be is left out, and then the PUT says that its collection is missing. */
static enum stage_end find_way(struct exchange *x)
{
    struct target *target = target_of(x);
    struct store_stat stat;
    struct res_path path = path_parent(x->path);
    bool is_wanted = str_eq(exchange_field(x, FIELD_X_NC_WEBDAV_AUTO_MKCOL), STR("1"));
    if (!is_wanted || x->method->id != METHOD_PUT || x->service->is_read_only)
        return STAGE_NEXT;
    while (path.len > x->seen.prefix.len &&
           store_stat(target->store, path, 0, &stat) == STORE_NOT_FOUND) {
        struct dav_result result = admit_check(x, ACCESS_WRITE, path, path);
        if (dav_is_fine(result))
            result = lock_permit(x, x->arena, path, PERMIT_MEMBER);
        if (!dav_is_fine(result))
            return respond_error(x, result);
        home_add(&target->homes, x->arena, target->store, path);
        path = path_parent(path);
    }
    return STAGE_NEXT;
}

static const struct stage enter_stages[] = {
    {"find tree", find_tree, ANYWHERE},
    {"see", dav_see, ON_READ},
    {"make homes", homes_make, ANYWHERE},
    {"find way", find_way, ON_READ},
    {"make way", homes_make, ANYWHERE},
    {"locate", dav_locate, ON_READ},
    {0},
};

/* The root is the mount's, and stays. A PUT of a piece of a file, as clients send it who find no
 * other way to send pieces, must not be taken for a file of that name: its answer would tell them
 * that all is there, and then they remove what they have. */
static struct dav_result find(const struct exchange *x, const struct stage **stages_out)
{
    bool is_write = !(x->method->flags & METHOD_IS_SAFE);
    if (is_write && path_eq(x->path, x->seen.prefix) &&
        !(dav_method_flags(x->method) & METHOD_ON_ROOT))
        return dav_error(HTTP_METHOD_NOT_ALLOWED, "this is not possible on the root");
    if (http_fields_has(&x->stream->request.fields, FIELD_OC_CHUNKED))
        return dav_error(HTTP_NOT_IMPLEMENTED, "a file cannot be sent in pieces in this way");
    return dav_store_ops.find(x, stages_out);
}

struct handler_ops sync_files_ops(void)
{
    struct handler_ops ops = dav_store_ops;
    ops.name = "synced files";
    ops.enter = enter_stages;
    ops.transfers = false;
    ops.is_for_apps = true;
    ops.find = find;
    return ops;
}
