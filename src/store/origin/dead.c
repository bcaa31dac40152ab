/* An origin does not say which of its properties are dead. What `allprop` gives are those, and the
 * live ones of RFC 4918 §9.1, and what else it likes. So live are those of DAV:, but for two that
 * people set, and of the namespaces in which servers speak of themselves. A display name that is
 * the resource's name was set by nobody: it would stay when the resource is renamed. */
#include "store/origin/dead.h"

#include "http/status.h"
#include "multistatus/keep.h"
#include "store/origin/inquiry.h"

/* Of servers' own live properties. */
static const char *const live_namespaces[] = {
    "http://apache.org/dav/props/",
    "http://calendarserver.org/ns/",
    "http://nextcloud.org/ns",
    "http://open-collaboration-services.org/ns",
    "http://owncloud.org/ns",
    "http://sabredav.org/ns",
    "http://subversion.tigris.org/xmlns/dav/",
    "urn:ietf:params:xml:ns:caldav",
    "urn:ietf:params:xml:ns:carddav",
    "urn:x-davit",
};

bool prop_is_dead(const struct davit_ms_element *prop, struct res_path path)
{
    struct str ns = str_of_text(prop->ns);
    struct str name = str_of_text(prop->name);
    if (str_eq(ns, STR("DAV:")) && str_eq(name, STR("displayname")))
        return prop->text.len && !str_eq(str_trim(str_of_text(prop->text)), path_name(path));
    if (str_eq(ns, STR("DAV:")))
        return str_eq(name, STR("getcontentlanguage")) && prop->text.len;
    for (size_t i = 0; i < ARRAY_LEN(live_namespaces); i++) {
        if (str_eq(ns, str_of_c(live_namespaces[i])))
            return false;
    }
    return true;
}

/* One that the origin does not have is none (404); of any other it says at least that it is there.
 */
static bool has_dead(const struct davit_ms_propstat *propstat, struct res_path path)
{
    bool has = false;
    for (size_t i = 0; i < propstat->prop_count && propstat->status != HTTP_NOT_FOUND; i++)
        has |= prop_is_dead(&propstat->props[i], path);
    return has;
}

bool response_has_dead(const struct davit_ms_response *response, struct res_path path)
{
    bool has = false;
    for (size_t i = 0; i < response->propstat_count; i++)
        has |= has_dead(&response->propstats[i], path);
    return has;
}

enum store_rc response_untold(const struct davit_ms_response *response, struct res_path path)
{
    enum store_rc rc = response->status ? store_rc_of_status(response->status) : STORE_OK;
    for (size_t i = 0; i < response->propstat_count && rc == STORE_OK; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        if (!http_is_success(propstat->status) && has_dead(propstat, path))
            rc = store_rc_of_status(propstat->status);
    }
    return rc;
}
