/* May he? Asked before the stages of every method, and by methods about what else they are about: a
 * destination, a member.
 *
 * First the rules are asked, and then what is kept with the resource itself, which can only refuse
 * what they grant (access/acl/acl.c): whatever asks a right asks here, and meets both.
 *
 * A question is about a path in the URL and about where it leads
 * (docs/decisions/0005-aliases.md): a symbolic link, or another Unicode form of a name, is no way
 * round a rule. Of the answers the most restrictive counts. Where a path leads, and how names are
 * told apart, its handler knows; what another handler answers for, or what a handler makes up, is
 * reached by no path of this one, but for where a mount begins: that is a member of what is above.
 * Who stands between handlers reaches the paths of all: of each its own handler is asked what else
 * may be read in it. */
#include "exchange/admit.h"

#include "access/acl/acl.h"
#include "exchange/handler.h"
#include "exchange/shared_link.h"

/* Of another handler; as a member of a collection of this one, it is judged by its path. */
static bool is_mount(const struct exchange *x, struct res_path path)
{
    const struct service *service = x->service;
    for (size_t i = 0; i < service->mount_count; i++) {
        const struct handler_mount *mount = &service->mounts[i];
        if (mount->handler->ops->look && path_eq(mount->prefix, path))
            return true;
    }
    return false;
}

static bool is_made_up(const struct exchange *x, struct res_path path)
{
    if (x->handler->is_over) /* whatever has been made up there, it is not what is meant */
        return false;
    return x->handler->ops->is_made_up || link_is_path(x->service, path) ||
           (!handler_reaches(x, path) && !is_mount(x, path));
}

static enum access_names names_at(const struct exchange *x, struct res_path path)
{
    const struct handler_ops *ops = x->handler->ops;
    return ops->names ? ops->names(x, path) : ACCESS_NAMES_EXACT;
}

/* Whose path it is, where x->handler answers for those of others, too. NULL: it is its own. */
static const struct handler *owner_of(const struct exchange *x, struct res_path path)
{
    bool is_between = x->handler == x->service->between;
    const struct handler *owner = is_between ? handler_find(x->service, path) : NULL;
    return owner && owner->ops->judge_alias ? owner : NULL;
}

static enum access_verdict judge_alias(const struct exchange *x, enum access_class class,
                                       struct res_path path)
{
    const struct handler *owner = owner_of(x, path);
    return owner ? owner->ops->judge_alias(x, owner->shared, class, path) : ACCESS_GRANTED;
}

/* What the rules grant, the resource's own list may refuse; but not to who administers the place.
 * `path` is the handler's, and the question is about the same, as it is in the URL. */
static enum access_verdict judge_acls(const struct exchange *x, struct res_path path,
                                      const struct access_question *question)
{
    const struct access *access = x->service->access;
    const struct principal *principal = &x->signed_in.principal;
    const struct handler_ops *ops = x->handler->ops;
    struct access_question admin = {ACCESS_ADMIN, question->path, question->names};
    struct arena arena = {0};
    if (!ops->acls || question->class == ACCESS_ADMIN)
        return ACCESS_GRANTED;
    const struct acl *acl = ops->acls(x, &arena, path);
    bool grants = !acl || acl_grants(acl, access->rules, principal, question->class) ||
                  access_may(access, principal, &admin) == ACCESS_GRANTED;
    arena_done(&arena);
    return grants ? ACCESS_GRANTED : access_refusal(access, principal);
}

static enum access_verdict judge_one(const struct exchange *x, struct res_path path,
                                     const struct access_question *question)
{
    enum access_verdict verdict = access_may(x->service->access, &x->signed_in.principal, question);
    return verdict == ACCESS_GRANTED ? judge_acls(x, path, question) : verdict;
}

/* What is kept of something is for whom that was for. */
static enum access_verdict judge_stem(const struct exchange *x, struct arena *arena,
                                      enum access_class class, struct res_path path)
{
    const struct handler_ops *ops = x->handler->ops;
    struct access_question question = {class, path, names_at(x, path)};
    if (!ops->stems_from || !ops->stems_from(x, arena, path, &question.path))
        return ACCESS_GRANTED;
    struct res_path from = question.path;
    if (!from.at || !exchange_place(x, arena, &question.path))
        return ACCESS_HIDDEN;
    return judge_one(x, from, &question);
}

enum access_verdict admit_judge(const struct exchange *x, enum access_class class,
                                struct res_path path, struct res_path leads_to)
{
    struct res_path real = leads_to;
    struct arena arena = {0};                     /* used where paths are others */
    enum access_verdict verdict = ACCESS_REFUSED; /* but for what ask() lets pass */
    if (!x->service->access)
        return ACCESS_GRANTED;
    struct access_question question = {class, path, names_at(x, path)};
    enum access_names real_names = names_at(x, real);
    bool is_same = path_eq(path, real);
    bool is_inside = exchange_place(x, &arena, &question.path) && exchange_place(x, &arena, &real);
    if (is_inside && !is_made_up(x, question.path) && !is_made_up(x, real)) {
        verdict = judge_one(x, path, &question);
        question.path = real;
        question.names = real_names;
        if (!is_same)
            verdict = access_worse(verdict, judge_one(x, leads_to, &question));
        if (verdict == ACCESS_GRANTED)
            verdict = judge_stem(x, &arena, class, leads_to);
    }
    arena_done(&arena);
    if (verdict == ACCESS_GRANTED)
        verdict = judge_alias(x, class, path);
    if (verdict == ACCESS_GRANTED && !is_same)
        verdict = judge_alias(x, class, leads_to);
    return verdict;
}

static bool leads_below(const struct exchange *x, enum access_class class, struct res_path path)
{
    struct arena arena = {0}; /* used where paths are others */
    struct access_question question = {class, path, names_at(x, path)};
    bool leads = exchange_place(x, &arena, &question.path) &&
                 access_leads_below(x->service->access, &x->signed_in.principal, &question);
    arena_done(&arena);
    return leads;
}

/* Whom signing in might help is told so: he sees it all, perhaps. */
bool admit_shows_part(const struct exchange *x, struct res_path path, struct res_path real)
{
    return x->service->access && admit_judge(x, ACCESS_READ, path, real) == ACCESS_REFUSED &&
           !is_made_up(x, path) && !is_made_up(x, real) && leads_below(x, ACCESS_READ, path) &&
           (path_eq(path, real) || leads_below(x, ACCESS_READ, real));
}

struct dav_result admit_result(enum access_verdict verdict)
{
    switch (verdict) {
    case ACCESS_GRANTED:
        return DAV_FINE;
    case ACCESS_REFUSED:
        return dav_error(HTTP_FORBIDDEN, "you may not do that here");
    case ACCESS_SIGN_IN:
        return dav_error(HTTP_UNAUTHORIZED, "sign in to do that here");
    case ACCESS_HIDDEN:
        return dav_not_found();
    }
    BUG("no such verdict");
}

struct dav_result admit_check(const struct exchange *x, enum access_class class,
                              struct res_path path, struct res_path real)
{
    return admit_result(admit_judge(x, class, path, real));
}

struct dav_result admit_somewhere(const struct exchange *x, enum access_class class,
                                  struct res_path tree)
{
    enum access_verdict verdict = admit_judge(x, class, tree, tree);
    bool may = verdict == ACCESS_GRANTED || leads_below(x, class, tree);
    return may ? DAV_FINE : admit_result(verdict);
}

bool admit_differs_below(const struct exchange *x, struct res_path path)
{
    const struct access *access = x->service->access;
    struct arena arena = {0}; /* used where paths are others */
    enum access_names names = names_at(x, path);
    const struct handler *owner = owner_of(x, path);
    if (access && x->handler->ops->acls && x->handler->ops->acls_differ_below(x, path))
        return true;
    if (access && owner && owner->ops->alias_differs_below(x, owner->shared, path))
        return true;
    struct res_path from;
    bool is_kept = access && x->handler->ops->stems_from &&
                   x->handler->ops->stems_from(x, &arena, path, &from);
    if (!access || is_kept || !exchange_place(x, &arena, &path)) {
        arena_done(&arena);
        return access != NULL;
    }
    bool differs = access_differs_below(access, &x->signed_in.principal, path, names);
    arena_done(&arena);
    return differs;
}

uint64_t admit_view(const struct exchange *x, struct res_path path)
{
    const struct access *access = x->service->access;
    if (!access)
        return 0;
    const struct handler_ops *ops = x->handler->ops;
    return access_view(access, &x->signed_in.principal) ^ (ops->acls ? ops->acls_mark(x, path) : 0);
}

struct dav_result admit_request(const struct exchange *x)
{
    const struct handler_ops *ops = x->handler->ops;
    if (!x->service->access || (x->method->flags & METHOD_IS_OPEN))
        return DAV_FINE;
    return ops->may ? ops->may(x) : admit_check(x, x->method->right, x->path, x->path);
}
