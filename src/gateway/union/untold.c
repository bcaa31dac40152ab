#include "gateway/union/untold.h"

#include "multistatus/keep.h"
#include "xml/reader.h"

#define NS_DAV "DAV:"
#define NS_CS  "http://calendarserver.org/ns/"

/* What changes with the members of all, and what cannot be done with several at once. */
static const struct {
    struct str ns;
    struct str name;
    bool is_of_members; /* of the collections in it, too */
} rows[] = {
    {STR_INIT(NS_DAV), STR_INIT("getetag"), true},
    {STR_INIT(NS_DAV), STR_INIT("getlastmodified"), true},
    {STR_INIT(NS_DAV), STR_INIT("getcontentlength"), true},
    {STR_INIT(NS_DAV), STR_INIT("sync-token"), true},
    {STR_INIT(NS_CS), STR_INIT("getctag"), true},
    {STR_INIT(NS_DAV), STR_INIT("supportedlock"), false},
    {STR_INIT(NS_DAV), STR_INIT("supported-report-set"), false},
    {STR_INIT(NS_DAV), STR_INIT("add-member"), false},
};

bool untold_is(const struct davit_ms_element *prop, bool is_own)
{
    struct str name = str_of_text(prop->name);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_eq(name, rows[i].name) && str_eq(str_of_text(prop->ns), rows[i].ns))
            return is_own || rows[i].is_of_members;
    }
    return false;
}

/* It was collected, and is within the limits of any; what is malformed names nothing. */
bool untold_is_asked(struct str propfind)
{
    static const struct xml_limits limits = {
        .depth_max = 512, .attr_count_max = 256, .ns_bytes_max = 8192};
    static const struct xml_name name = {.ns = STR_INIT(NS_DAV), .local = STR_INIT("prop")};
    return propfind.len && xml_has(propfind, 2, &name, &limits);
}
