/* Live properties: values that the server knows itself. props.def has a row for each; a getter
 * appends the value's XML to the answer, or says that the resource has no such property, which is
 * then reported as missing and not as empty.
 *
 * A getter is called for each member of a listing. It must cost no more than the stat that is
 * there already: a type comes from the name, an entity tag from the version. Those that ask the
 * store again (quota, locks) ask what it answers from memory or in one system call, and quota is
 * not part of allprop. */
#include "dav/prop/live.h"

#include "dav/extension/known.h"
#include "dav/lock/describe.h"
#include "dav/target.h"
#include "text/date.h"
#include "xml/writer.h"

/* --- getters, in the order of props.def --- */

static bool prop_creationdate(const struct prop_target *target, struct buf *to)
{
    if (target->stat.created_s < 0)
        return false;
    iso_date_add(to, target->stat.created_s);
    return true;
}

static bool prop_displayname(const struct prop_target *target, struct buf *to)
{
    if (path_is_root(target->path))
        BUF_ADD(to, "/");
    else
        xml_add_text(to, path_name(target->path));
    return true;
}

/* Clients for Android look for it in all members. */
static bool prop_getcontentlength(const struct prop_target *target, struct buf *to)
{
    if (target->stat.is_collection && target->x->dialect != MULTISTATUS_SYNC)
        return false;
    buf_add_u64(to, target->stat.size_bytes);
    return true;
}

static bool prop_getcontenttype(const struct prop_target *target, struct buf *to)
{
    if (target->stat.is_collection)
        return false;
    xml_add_text(to,
                 media_type_find(dav_service_of(target->x)->media_types, path_name(target->path)));
    return true;
}

static bool prop_getlastmodified(const struct prop_target *target, struct buf *to)
{
    if (target->stat.modified_s == STORE_TIME_UNKNOWN)
        return false;
    http_date_add(to, target->stat.modified_s);
    return true;
}

static bool prop_lockdiscovery(const struct prop_target *target, struct buf *to)
{
    struct store *store = target->store;
    struct lock_list locks;
    if (!store_has_locks(store))
        return true;
    if (store_locks(store, target->arena, target->real, LOCKS_COVERING, &locks) != STORE_OK)
        return false;
    lock_describe(to, target->x, &locks);
    return true;
}

static bool prop_resourcetype(const struct prop_target *target, struct buf *to)
{
    if (target->is_principal)
        BUF_ADD(to, "<D:principal/>");
    if (target->stat.is_collection)
        BUF_ADD(to, "<D:collection/>");
    return true;
}

static bool prop_supportedlock(const struct prop_target *target, struct buf *to)
{
    if (!target->x->service->is_read_only)
        BUF_ADD(to, LOCK_SUPPORTED_XML);
    return true;
}

static bool quota(const struct prop_target *target, struct store_quota *quota_out)
{
    struct store *store = target->store;
    return store_quota(store, target->real, quota_out) == STORE_OK && quota_out->is_known;
}

static bool prop_quota_available(const struct prop_target *target, struct buf *to)
{
    struct store_quota found;
    if (!quota(target, &found))
        return false;
    buf_add_u64(to, found.available_bytes);
    return true;
}

static bool prop_quota_used(const struct prop_target *target, struct buf *to)
{
    struct store_quota found;
    if (!quota(target, &found))
        return false;
    buf_add_u64(to, found.used_bytes);
    return true;
}

/* --- the table --- */

static struct dav_prop rows[DAV_PROPS_MAX] = {
#define DAV_PROP(ns, name, getter, flags, where)                                                   \
    {{ns, sizeof(ns) - 1}, {name, sizeof(name) - 1}, getter, flags, NULL, 0},
#include "dav/props.def"
#undef DAV_PROP
};
const struct dav_prop *const dav_props = rows;

#define DAV_PROP(ns, name, getter, flags, where) +1
size_t dav_prop_count =
#include "dav/props.def"
    ;
#undef DAV_PROP

bool dav_props_may_block;

bool dav_prop_add(const struct dav_prop *prop, size_t extension, bool may_be_off)
{
    if (dav_prop_count == DAV_PROPS_MAX)
        return false;
    struct dav_prop *added = &rows[dav_prop_count++];
    *added = *prop;
    added->flags |= may_be_off ? PROP_OF_OPTION : 0U;
    added->extension = extension;
    dav_props_may_block |= (prop->flags & PROP_BLOCKS) != 0;
    return true;
}

const struct dav_prop *dav_prop_told(const struct exchange *x, const struct dav_prop *prop)
{
    bool is_dead =
        prop && (((prop->flags & PROP_OF_SYNC) && x->dialect != MULTISTATUS_SYNC) ||
                 ((prop->flags & PROP_OF_OPTION) && !dav_extension_is_on(x, prop->extension)));
    return is_dead ? NULL : prop;
}

const struct dav_prop *dav_prop_find(struct str ns, struct str name)
{
    for (size_t i = 0; i < dav_prop_count; i++) {
        if (str_eq(dav_props[i].name, name) && str_eq(dav_props[i].ns, ns))
            return &dav_props[i];
    }
    return NULL;
}
