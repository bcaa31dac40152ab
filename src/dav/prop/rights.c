/* RFC 3744 and RFC 5397: who may do what follows from rules (access/rules.h), which nobody changes
 * over HTTP, and where a mount has acl = yes from what is kept with the resource, which the method
 * ACL sets (extension/acl/). So clients can show what they will be refused before they try.
 *
 * Privileges are those of §3 that our classes of methods are: read; write with all that is in it;
 * admin, which may break other people's locks, is unlock, and where lists are kept write-acl. There
 * is no privilege for taking locks. A list can grant what is not abstract: read and write, or both.
 *
 * Principals are in dav/principal.c. Nobody owns a resource: `owner` is there, and empty (§5.1
 * allows that). `acl` gives the rules that cover the path in the order of the file, protected,
 * and behind them what is kept, or inherited; which of them decides, only
 * current-user-privilege-set says. */
#include "dav/acl/kept.h"
#include "dav/principal.h"
#include "dav/prop/live.h"
#include "exchange/admit.h"
#include "store/acl/table.h"

#define PRIVILEGE(name, is_abstract, what, within)                                                 \
    "<D:supported-privilege><D:privilege><D:" name "/></D:privilege>" is_abstract                  \
    "<D:description xml:lang=\"en\">" what "</D:description>" within "</D:supported-privilege>"
#define SUPPORTED(name, what, within) PRIVILEGE(name, "", what, within)
#define ABSTRACT(name, what)          PRIVILEGE(name, "<D:abstract/>", what, "")

bool prop_owner(const struct prop_target *target, struct buf *to)
{
    (void)to; /* nobody's */
    return target->x->service->access != NULL;
}

bool prop_principal_collection_set(const struct prop_target *target, struct buf *to)
{
    (void)to; /* there is none that could be listed */
    return target->x->service->access != NULL;
}

bool prop_current_user_principal(const struct prop_target *target, struct buf *to)
{
    const struct principal *principal = &target->x->signed_in.principal;
    if (principal_is_anonymous(principal) || principal->link.len) /* he is not the user */
        BUF_ADD(to, "<D:unauthenticated/>");
    else
        principal_add_href(to, "users", principal->name);
    return target->x->service->access != NULL;
}

static bool keeps_acl(const struct prop_target *target)
{
    return target->x->service->access && !target->is_principal &&
           dav_keeps_acl(target->store, target->real);
}

bool prop_supported_privilege_set(const struct prop_target *target, struct buf *to)
{
    if (keeps_acl(target)) {
        BUF_ADD(to,
                SUPPORTED("all", "everything",
                          SUPPORTED("read", "read content and properties",
                                    ABSTRACT("read-current-user-privilege-set", "see own rights")
                                        ABSTRACT("read-acl", "see the list"))
                              SUPPORTED("write", "change",
                                        ABSTRACT("write-content", "change content")
                                            ABSTRACT("write-properties", "set properties")
                                                ABSTRACT("bind", "add members")
                                                    ABSTRACT("unbind", "remove members"))
                                  ABSTRACT("unlock", "break locks of others")
                                      ABSTRACT("write-acl", "set the list")));
        return true;
    }
    BUF_ADD(to, SUPPORTED("all", "everything",
                          SUPPORTED("read", "read content and properties", "")
                              SUPPORTED("read-current-user-privilege-set", "see own rights", "")
                                  SUPPORTED("write", "change",
                                            SUPPORTED("write-content", "change content", "")
                                                SUPPORTED("write-properties", "set properties", "")
                                                    SUPPORTED("bind", "add members", "")
                                                        SUPPORTED("unbind", "remove members", ""))
                                      SUPPORTED("unlock", "break locks of others", "")));
    return target->x->service->access != NULL;
}

static void add_privileges(struct buf *to, unsigned classes)
{
    if (classes >> ACCESS_READ & 1)
        BUF_ADD(to, "<D:privilege><D:read/></D:privilege>"
                    "<D:privilege><D:read-current-user-privilege-set/></D:privilege>");
    if (classes >> ACCESS_WRITE & 1)
        BUF_ADD(to, "<D:privilege><D:write/></D:privilege>"
                    "<D:privilege><D:write-content/></D:privilege>"
                    "<D:privilege><D:write-properties/></D:privilege>"
                    "<D:privilege><D:bind/></D:privilege><D:privilege><D:unbind/></D:privilege>");
    if (classes >> ACCESS_ADMIN & 1)
        BUF_ADD(to, "<D:privilege><D:unlock/></D:privilege>");
}

static bool is_read_only(const struct prop_target *target)
{
    return target->x->service->is_read_only || target->is_principal ||
           store_is_read_only(target->store, target->real);
}

bool prop_may(const struct prop_target *target, enum access_class class)
{
    return !(class != ACCESS_READ && is_read_only(target)) &&
           admit_judge(target->x, class, target->path, target->real) == ACCESS_GRANTED;
}

bool prop_current_user_privilege_set(const struct prop_target *target, struct buf *to)
{
    bool has_list = keeps_acl(target);
    unsigned classes = 0;
    for (enum access_class class = ACCESS_READ; class < ACCESS_CLASS_COUNT; class ++) {
        if (prop_may(target, class))
            classes |= 1U << class;
    }
    add_privileges(to, classes);
    if (has_list && (classes >> ACCESS_READ & 1) &&
        !principal_is_anonymous(&target->x->signed_in.principal))
        BUF_ADD(to, "<D:privilege><D:read-acl/></D:privilege>");
    if (has_list && (classes >> ACCESS_ADMIN & 1))
        BUF_ADD(to, "<D:privilege><D:write-acl/></D:privilege>");
    return target->x->service->access != NULL;
}

static void tell(void *arg, const struct rule_grant *grant)
{
    struct buf *to = arg;
    BUF_ADD(to, "<D:ace><D:principal>");
    switch (grant->kind) {
    case WHO_EVERYONE:
        BUF_ADD(to, "<D:all/>");
        break;
    case WHO_USERS:
        BUF_ADD(to, "<D:authenticated/>");
        break;
    case WHO_GROUP:
        principal_add_href(to, "groups", grant->who);
        break;
    case WHO_USER:
        principal_add_href(to, "users", grant->who);
        break;
    }
    BUF_ADD(to, "</D:principal>");
    buf_add(to, grant->is_allow ? STR("<D:grant>") : STR("<D:deny>"));
    add_privileges(to, grant->classes);
    buf_add(to, grant->is_allow ? STR("</D:grant>") : STR("</D:deny>"));
    BUF_ADD(to, "<D:protected/></D:ace>");
}

static const char *const who_elements[ACE_WHO_COUNT] = {
    [ACE_ALL] = "<D:all/>",
    [ACE_AUTHENTICATED] = "<D:authenticated/>",
    [ACE_UNAUTHENTICATED] = "<D:unauthenticated/>",
    [ACE_SELF] = "<D:self/>",
    [ACE_OWNER] = "<D:property><D:owner/></D:property>",
};

static void tell_entry(const struct ace *ace, struct res_path inherited, struct buf *to)
{
    const char *kind = ace->is_deny ? "deny" : "grant";
    BUF_ADD(to, "<D:ace><D:principal>");
    if (ace->name.len)
        buf_addf(to, "<D:href>/%s/%s/%.*s</D:href>", PRINCIPAL_PATH.at,
                 ace->who == ACE_USER ? "users" : "groups", STR_ARGS(ace->name));
    else
        buf_add(to, str_of_c(who_elements[ace->who]));
    buf_addf(to, "</D:principal><D:%s>", kind);
    if (ace->rights & ACE_READ)
        BUF_ADD(to, "<D:privilege><D:read/></D:privilege>");
    if (ace->rights & ACE_WRITE)
        BUF_ADD(to, "<D:privilege><D:write/></D:privilege>");
    buf_addf(to, "</D:%s>", kind);
    if (inherited.at) {
        BUF_ADD(to, "<D:inherited><D:href>");
        path_encode(to, inherited, true);
        BUF_ADD(to, "</D:href></D:inherited>");
    }
    BUF_ADD(to, "</D:ace>");
}

/* What is kept above the mount's own collection is told as the root's: its URL is nobody's here. */
static void tell_kept(const struct prop_target *target, struct buf *to)
{
    const struct kept_acl *kept = dav_acl_find(target->store, target->arena, target->real);
    struct res_path holder = target->path;
    struct ace ace;
    for (size_t i = 0; kept && i < kept->levels; i++)
        holder = path_parent(holder);
    struct str text = kept ? kept->text : STR_NONE;
    while (text.len && acl_take(&text, &ace))
        tell_entry(&ace, kept->levels ? holder : (struct res_path){0}, to);
}

/* Not for strangers: it has the names of users. */
bool prop_acl(const struct prop_target *target, struct buf *to)
{
    const struct access *access = target->x->service->access;
    struct rule_question question = {&target->x->signed_in.principal, ACCESS_READ, target->path,
                                     UNICODE_NFC};
    if (!access || !access->rules || principal_is_anonymous(question.principal))
        return false;
    rules_tell(access->rules, &question, tell, to);
    if (keeps_acl(target))
        tell_kept(target, to);
    return true;
}

/* Where nothing is kept there are none that a client could keep to: it is read only. */
bool prop_acl_restrictions(const struct prop_target *target, struct buf *to)
{
    if (keeps_acl(target))
        BUF_ADD(to, "<D:no-invert/><D:deny-before-grant/>");
    return target->x->service->access != NULL;
}
