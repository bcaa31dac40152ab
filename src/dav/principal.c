/* RFC 3744 §2: a principal is a resource, and current-user-principal and acl name it by its URL, so
 * there must be something at that URL for clients that look. What is there is made up from
 * users and groups; nothing of it is stored, and nothing of it can be changed over HTTP.
 *
 * Whoever has signed in may look at himself and at the groups that he is in. For others, and for
 * names that nobody has, there is nothing: answers must not tell which users there are. For the
 * same reason there is no collection of them to list (principal-collection-set is empty), and
 * group-member-set names nobody but who asks. */
#include "dav/principal.h"

#include "dav/prop/live.h"
#include "exchange/admit.h"

/* Principals may be looked at by PROPFIND and REPORT, and principal_find() says by whom. */
struct dav_result principal_may(const struct exchange *x)
{
    if (principal_is_anonymous(&x->signed_in.principal))
        return admit_result(ACCESS_SIGN_IN);
    bool is_look = x->method->id == METHOD_PROPFIND || x->method->id == METHOD_REPORT;
    return is_look ? DAV_FINE : admit_result(ACCESS_REFUSED);
}

static bool is_user(const struct exchange *x)
{
    const struct principal *principal = &x->signed_in.principal;
    return !principal_is_anonymous(principal) && !principal->link.len;
}

/* The user or group that the path names. */
static struct str name_of(struct res_path path, struct str kind)
{
    struct str rest = path_str(path);
    (void)str_cut(&rest, '/'); /* ".principals" */
    if (!str_eq(str_cut(&rest, '/'), kind) || str_index(rest, '/') < rest.len)
        return STR_NONE;
    return rest;
}

static bool is_own_group(const struct exchange *x, struct str group)
{
    const struct access *access = x->service->access;
    return access->rules && rules_is_member(access->rules, group, x->signed_in.principal.name);
}

struct dav_result principal_find(const struct exchange *x, struct res_path path,
                                 struct store_stat *stat_out)
{
    struct str user = name_of(path, STR("users"));
    struct str group = name_of(path, STR("groups"));
    *stat_out = store_stat_unknown(false);
    bool is_there = is_user(x) && ((user.len && str_eq(user, x->signed_in.principal.name)) ||
                                   (group.len && is_own_group(x, group)));
    return is_there ? DAV_FINE : dav_not_found();
}

void principal_add_href(struct buf *to, const char *kind, struct str name)
{
    buf_addf(to, "<D:href>/%s/%s/", PRINCIPAL_PATH.at, kind);
    path_encode_segment(to, name);
    BUF_ADD(to, "</D:href>");
}

/* --- properties that principals alone have --- */

bool prop_principal_url(const struct prop_target *target, struct buf *to)
{
    if (!target->is_principal)
        return false;
    BUF_ADD(to, "<D:href>");
    path_encode(to, target->path, false);
    BUF_ADD(to, "</D:href>");
    return true;
}

bool prop_alternate_uri_set(const struct prop_target *target, struct buf *to)
{
    (void)to; /* there is none */
    return target->is_principal;
}

static void tell_group(void *arg, struct str group)
{
    principal_add_href(arg, "groups", group);
}

bool prop_group_membership(const struct prop_target *target, struct buf *to)
{
    const struct access *access = target->x->service->access;
    if (!target->is_principal)
        return false;
    struct str user = name_of(target->path, STR("users"));
    if (user.len && access->rules)
        rules_tell_groups(access->rules, user, tell_group, to);
    return true;
}

bool prop_group_member_set(const struct prop_target *target, struct buf *to)
{
    if (!target->is_principal || !name_of(target->path, STR("groups")).len)
        return false;
    principal_add_href(to, "users", target->x->signed_in.principal.name);
    return true;
}
