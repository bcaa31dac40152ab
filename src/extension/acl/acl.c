/* ACL (RFC 3744 §8.1): who may administer a resource says who may read and write it, within what
 * the rules of the configuration let them. The list is kept with the resource, by the store
 * (store/store.c), and judged where the rules are (exchange/admit.c); here it is only set.
 *
 * Who may do so the rules say (the class admin); no list grants that, and none binds who has it. So
 * nobody gives himself anything, and nobody shuts himself out.
 *
 * A list of no entries is none: then what is kept with the nearest collection above holds, if any.
 * The change is one of the resource, so locks and conditions hold as for PROPPATCH. */
#include "dav/acl/kept.h"
#include "dav/extension.h"
#include "dav/lock/if_check.h"
#include "dav/lock/permit.h"
#include "dav/precondition.h"
#include "dav/principal.h"
#include "dav/target.h"
#include "exchange/body.h"
#include "exchange/destination.h"
#include "exchange/respond.h"
#include "extension/acl/parse.h"

static bool is_on(const struct exchange *x)
{
    return x->service->access && dav_keeps_acl(target_of(x)->store, x->path);
}

static enum stage_end read_body(struct exchange *x)
{
    struct acl_request *request = ARENA_NEW(x->arena, struct acl_request);
    x->state = request;
    struct dav_result result = acl_parse(buf_str(&x->body), x->service->limits, x->arena, request);
    exchange_drop_body(x);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

static enum stage_end find(struct exchange *x)
{
    struct target *target = target_of(x);
    struct dav_result result = target_locate(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    change_add(&target->change, target->real, CLAIM_SELF, true);
    return STAGE_NEXT;
}

/* --- who is meant --- */

static struct dav_result not_recognized(void)
{
    return dav_condition(CONDITION_RECOGNIZED_PRINCIPAL,
                         "there is no such user, and no such group");
}

static void look_for(void *arg, const struct rule_member *member)
{
    struct rule_member *wanted = arg;
    if (str_eq(member->group, wanted->group))
        wanted->user = member->user;
}

/* The URL of a principal as an entry names him. */
static struct dav_result recognize(struct exchange *x, struct acl_entry *entry)
{
    const struct access *access = x->service->access;
    struct res_path path;
    bool is_known = false;
    if (!dav_is_fine(destination_parse(x, entry->href, &path)) ||
        !path_is_within(path, PRINCIPAL_PATH))
        return not_recognized();
    struct str rest = path_str(path);
    (void)str_cut(&rest, '/'); /* ".principals" */
    struct str kind = str_cut(&rest, '/');
    struct str name = unicode_form(x->arena, rest, UNICODE_NFC);
    if (!name.len || str_index(name, '/') < name.len)
        return not_recognized();
    entry->ace.name = acl_name(x->arena, name);
    if (str_eq(kind, STR("groups"))) {
        struct rule_member wanted = {.group = name};
        entry->ace.who = ACE_GROUP;
        if (access->rules)
            rules_tell_members(access->rules, look_for, &wanted);
        is_known = wanted.user.len;
    } else if (str_eq(kind, STR("users")) &&
               !access_knows_user(access, name, x->arena, &is_known)) {
        return dav_busy();
    }
    return is_known ? DAV_FINE : not_recognized();
}

/* --- what the rules say --- */

struct protected_check {
    struct arena *arena;
    const struct acl_request *request;
    bool is_met;
};

static bool is_same_who(const struct ace *ace, const struct rule_grant *grant, struct arena *arena)
{
    static const enum ace_who whos[] = {
        [WHO_EVERYONE] = ACE_ALL,
        [WHO_USERS] = ACE_AUTHENTICATED,
        [WHO_GROUP] = ACE_GROUP,
        [WHO_USER] = ACE_USER,
    };
    return whos[grant->kind] == ace->who &&
           (!ace->name.len || str_eq(ace->name, acl_name(arena, grant->who)));
}

static unsigned rights_of(unsigned classes)
{
    return (classes >> ACCESS_READ & 1 ? ACE_READ : 0) |
           (classes >> ACCESS_WRITE & 1 ? ACE_WRITE : 0);
}

/* What a rule denies is granted, or what it cannot be kept from who administers is denied. */
static void hold_against(void *arg, const struct rule_grant *grant)
{
    struct protected_check *check = arg;
    for (size_t i = 0; i < check->request->count; i++) {
        const struct ace *ace = &check->request->entries[i].ace;
        bool contradicts = ace->is_deny
                               ? grant->is_allow && (grant->classes >> ACCESS_ADMIN & 1)
                               : !grant->is_allow && (rights_of(grant->classes) & ace->rights);
        if (contradicts && is_same_who(ace, grant, check->arena))
            check->is_met = true;
    }
}

static struct dav_result check_rules(const struct exchange *x, const struct acl_request *request)
{
    const struct access *access = x->service->access;
    struct protected_check check = {.arena = x->arena, .request = request};
    struct rule_question question = {&x->signed_in.principal, ACCESS_READ, x->path, UNICODE_NFC};
    if (!exchange_place(x, x->arena, &question.path))
        return dav_not_found();
    if (access->rules)
        rules_tell(access->rules, &question, hold_against, &check);
    return check.is_met ? dav_condition(CONDITION_NO_PROTECTED_ACE_CONFLICT,
                                        "a rule of the server says otherwise of the same")
                        : DAV_FINE;
}

/* --- setting it --- */

static struct dav_result check(struct exchange *x, struct acl_request *request)
{
    struct store_stat stat;
    struct dav_result result = target_get(x, &stat);
    if (dav_is_fine(result))
        result = precondition_check(x, &stat, true);
    if (dav_is_fine(result))
        result = lock_permit(x, x->arena, target_of(x)->real, PERMIT_SELF);
    for (size_t i = 0; i < request->count && dav_is_fine(result); i++) {
        if (request->entries[i].href.len)
            result = recognize(x, &request->entries[i]);
    }
    return dav_is_fine(result) ? check_rules(x, request) : result;
}

static enum store_rc set(struct exchange *x, const struct acl_request *request)
{
    struct target *target = target_of(x);
    struct buf text = {0};
    for (size_t i = 0; i < request->count; i++)
        acl_add(&text, &request->entries[i].ace);
    const struct store_patch patch = {.sets_acl = true, .acl = buf_str(&text)};
    enum store_rc rc = store_patch(&target->change, target->real, &patch);
    buf_done(&text);
    return rc;
}

static enum stage_end apply(struct exchange *x)
{
    struct acl_request *request = x->state;
    struct dav_result result = check(x, request);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    enum store_rc rc = set(x, request);
    return rc == STORE_OK ? respond_status(x, HTTP_OK) : target_refused(x, rc);
}

static const struct stage stages[] = {
    {"body", exchange_read_xml, ON_LOOP},   {"parse", read_body, ON_WORKER},
    {"find", find, ON_READ, .looks = true}, {"if", if_header_cover, ON_READ},
    {"begin", target_begin, ON_LOOP},       {"apply", apply, ON_WORKER},
};

static const struct dav_method methods[] = {
    {stages, METHOD_ACL, METHOD_ON_FILE | METHOD_ON_COLLECTION | METHOD_ON_ROOT},
    {0},
};

const struct dav_extension acl_extension = {
    .name = STR_INIT("acl"),
    .where = STR_INIT("RFC 3744"),
    .token = STR_INIT("access-control"),
    .is_of_writes = true,
    .is_on = is_on,
    .methods = methods,
};
