#include "extension/search/schema.h"

#include "exchange/multistatus_body.h"
#include "extension/search/query.h"

/* Those that a search without is none need no description (§5.19.9). */
static bool is_optional(enum search_operator operator)
{
    return operator== SEARCH_LIKE || operator== SEARCH_CONTAINS || operator==
        SEARCH_LANGUAGE_DEFINED ||
        operator== SEARCH_LANGUAGE_MATCHES;
}

static void add_operator(struct buf *to, enum search_operator operator)
{
    const struct search_operator_row *row = &search_operators[operator];
    bool has_prop = row->shape == OF_PROP || row->shape == OF_PROP_AND_LITERAL;
    buf_addf(to, "<D:opdesc><D:%.*s/>", STR_ARGS(row->element));
    if (has_prop)
        BUF_ADD(to, "<D:operand-property/>");
    if (row->shape == OF_PROP_AND_LITERAL || row->shape == OF_TEXT)
        BUF_ADD(to, "<D:operand-literal/>");
    BUF_ADD(to, "</D:opdesc>");
}

static void add_property(struct buf *to, const char *property, const char *type)
{
    buf_addf(to, "<D:propdesc>%s<D:datatype><xs:%s/></D:datatype>", property, type);
    BUF_ADD(to, "<D:searchable/><D:selectable/><D:sortable/></D:propdesc>");
}

/* Those that are compared otherwise than as text; and all others. */
static void add_schema(struct buf *to)
{
    BUF_ADD(to, "<D:query-schema><D:basicsearchschema "
                "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"><D:properties>");
    add_property(to, "<D:prop><D:getcontentlength/></D:prop>", "integer");
    add_property(to, "<D:prop><D:creationdate/></D:prop>", "dateTime");
    add_property(to, "<D:prop><D:getlastmodified/></D:prop>", "dateTime");
    add_property(to, "<D:any-other-property/>", "string");
    BUF_ADD(to, "</D:properties><D:operators>");
    for (enum search_operator i = 0; i < SEARCH_OPERATOR_COUNT; i++) {
        if (is_optional(i))
            add_operator(to, i);
    }
    BUF_ADD(to, "</D:operators></D:basicsearchschema></D:query-schema>");
}

enum stage_end search_schema_answer(struct exchange *x, const struct walk_item *scope)
{
    struct multistatus_body *body = multistatus_body_new(x);
    struct multistatus *ms = multistatus_body_ms(body);
    multistatus_response(ms, scope->path, scope->stat.is_collection);
    multistatus_status(ms, HTTP_OK, STR_NONE);
    size_t from = ms->out->len;
    add_schema(ms->out);
    multistatus_relabel(ms, from);
    multistatus_response_end(ms);
    return respond_multistatus(x, body);
}
