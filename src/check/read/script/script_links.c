#include "check/read/script/script_links.h"

#include "base/mem.h"
#include "check/read/script/json_links.h"
#include "check/read/script/module_links.h"

struct script_links {
    struct module_links *module; /* one of the two */
    struct json_links *json;
};

/* Scripts have had many names (MIME Sniffing §4.6); those that are written now are these. What has
 * another type is for somebody else to read. */
enum script_kind script_kind_of(struct str type)
{
    static const struct {
        struct str type;
        enum script_kind kind;
    } rows[] = {
        {{NULL, 0}, SCRIPT_CLASSIC},
        {STR_INIT("text/javascript"), SCRIPT_CLASSIC},
        {STR_INIT("application/javascript"), SCRIPT_CLASSIC},
        {STR_INIT("application/x-javascript"), SCRIPT_CLASSIC},
        {STR_INIT("text/ecmascript"), SCRIPT_CLASSIC},
        {STR_INIT("application/ecmascript"), SCRIPT_CLASSIC},
        {STR_INIT("module"), SCRIPT_MODULE},
        {STR_INIT("importmap"), SCRIPT_IMPORT_MAP},
        {STR_INIT("application/ld+json"), SCRIPT_JSON_LD},
    };
    type = str_trim(str_first(type, str_index(type, ';')));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_eq_nocase(rows[i].type, type))
            return rows[i].kind;
    }
    return SCRIPT_NONE;
}

struct script_links *script_links_new(struct finder *finder, enum script_kind kind,
                                      struct html_position at)
{
    static const enum json_document documents[] = {
        [SCRIPT_IMPORT_MAP] = JSON_IMPORT_MAP,
        [SCRIPT_JSON_LD] = JSON_LD,
        [SCRIPT_MANIFEST] = JSON_MANIFEST,
    };
    struct script_links *links = MEM_NEW(struct script_links);
    assert(kind != SCRIPT_NONE);
    if (kind == SCRIPT_CLASSIC || kind == SCRIPT_MODULE)
        links->module = module_links_new(finder, kind == SCRIPT_MODULE, at);
    else
        links->json = json_links_new(finder, documents[kind], at);
    return links;
}

void script_links_free(struct script_links *links)
{
    if (!links)
        return;
    module_links_free(links->module);
    json_links_free(links->json);
    mem_free(links);
}

void script_links_feed(struct script_links *links, struct str bytes)
{
    if (links->module)
        module_links_feed(links->module, bytes);
    else
        json_links_feed(links->json, bytes);
}
