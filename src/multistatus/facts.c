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

enum fact_kind fact_kind_of(const struct davit_ms_response *response)
{
    const struct davit_ms_element *type = fact_prop(response, STR("resourcetype"));
    if (!type)
        return FACT_UNKNOWN;
    return fact_is_collection(type) ? FACT_COLLECTION : FACT_FILE;
}
