#include "multistatus/facts.h"

#include "http/status.h"
#include "multistatus/keep.h"

const struct davit_ms_element *fact_prop(const struct davit_ms_response *response, struct str name)
{
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        for (size_t k = 0; http_is_success(propstat->status) && k < propstat->prop_count; k++) {
            const struct davit_ms_element *prop = &propstat->props[k];
            if (str_eq(str_of_text(prop->name), name) && str_eq(str_of_text(prop->ns), STR("DAV:")))
                return prop;
        }
    }
    return NULL;
}

/* The value is XML that was well-formed, without comments: a '<' begins a tag. */
bool fact_is_collection(const struct davit_ms_element *resourcetype)
{
    struct str rest = str_of_text(resourcetype->value);
    while (resourcetype->has_elements && rest.len) {
        rest = str_from(rest, str_index(rest, '<') + 1);
        size_t end = 0;
        while (end < rest.len && !strchr(" />\t\r\n", rest.at[end]))
            end++;
        struct str name = str_first(rest, end);
        size_t colon = str_index(name, ':');
        if (str_eq(colon < name.len ? str_from(name, colon + 1) : name, STR("collection")))
            return true;
    }
    return false;
}

static bool has_value(const struct davit_ms_response *response)
{
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        for (size_t k = 0; http_is_success(propstat->status) && k < propstat->prop_count; k++) {
            if (propstat->props[k].value.len)
                return true;
        }
    }
    return false;
}

/* Nothing in a body says that names alone were asked for. A resource whose type is told beside an
 * empty tag or date is taken for one: no server leaves all of them empty by mistake. */
bool fact_is_names_only(const struct davit_ms_response *response)
{
    static const struct str never_empty[] = {
        {"getetag", 7}, {"getlastmodified", 15}, {"creationdate", 12}};
    bool has_name = false;
    for (size_t i = 0; i < ARRAY_LEN(never_empty); i++)
        has_name |= fact_prop(response, never_empty[i]) != NULL;
    return has_name && fact_prop(response, STR("resourcetype")) && !has_value(response);
}

enum fact_kind fact_kind_of(const struct davit_ms_response *response)
{
    const struct davit_ms_element *type = fact_prop(response, STR("resourcetype"));
    if (!type || fact_is_names_only(response))
        return FACT_UNKNOWN;
    return fact_is_collection(type) ? FACT_COLLECTION : FACT_FILE;
}
