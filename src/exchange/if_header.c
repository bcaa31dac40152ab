/* The grammar of RFC 4918 §10.4.2:
 *
 *   If = ( 1*No-tag-list | 1*Tagged-list )
 *   Tagged-list = "<" URI ">" 1*List
 *   List = "(" 1*( ["Not"] ( "<" state token ">" | "[" entity tag "]" ) ) ")"
 *
 * Some clients send one field line for each list (Finder does on MOVE); joined by the rules for
 * lists they bring commas between the lists, which are skipped. A resource tag holds for all lists
 * behind it; where there is none, all are about the request URI.
 *
 * A part that cannot be read makes the whole field malformed, however good the others are: which of
 * them the client relies on nobody can say. A bracket that is not closed would swallow the
 * list behind it, so no bracket is read across another, and no state token across a blank; in a
 * resource tag blanks are taken as they are in a Destination (text/uri.h).
 *
 * The field does two things at once: it is a condition (412 when no list holds), and it submits the
 * lock tokens in it, whatever the condition around them says. */
#include "exchange/if_header.h"

#include "exchange/destination.h"
#include "text/etag.h"

struct if_parser {
    struct str rest;
    struct arena *arena;
    struct if_header *header;
    size_t list_cap;
    size_t condition_cap; /* of the list that is being read */
};

static void skip_blank(struct if_parser *parser)
{
    while (parser->rest.len && (parser->rest.at[0] == ' ' || parser->rest.at[0] == '\t'))
        parser->rest = str_from(parser->rest, 1);
}

static bool next_is(const struct if_parser *parser, char c)
{
    return parser->rest.len && parser->rest.at[0] == c;
}

/* What stands between the '<' that comes next and its '>'. */
static bool take_bracketed(struct if_parser *parser, struct str *value_out)
{
    parser->rest = str_from(parser->rest, 1);
    size_t end = str_index(parser->rest, '>');
    struct str value = str_first(parser->rest, end);
    if (end == parser->rest.len || end == 0 || str_index(value, '<') < end)
        return false;
    *value_out = value;
    parser->rest = str_from(parser->rest, end + 1);
    return true;
}

/* A state token is an absolute URI: §10.1. What of it is none, but has an end, equals no token. */
static bool take_state_token(struct if_parser *parser, struct str *value_out)
{
    if (!take_bracketed(parser, value_out))
        return false;
    for (size_t i = 0; i < value_out->len; i++) {
        unsigned char c = (unsigned char)value_out->at[i];
        if (c <= ' ' || c == '"' || c == 0x7f)
            return false;
    }
    return true;
}

/* The entity tag in the brackets that come next; it may itself hold a bracket. */
static bool take_etag(struct if_parser *parser, struct str *value_out)
{
    struct etag etag;
    struct str rest = str_from(parser->rest, 1);
    struct str value = rest;
    if (!etag_take(&rest, &etag))
        return false;
    parser->rest = rest;
    if (!next_is(parser, ']'))
        return false;
    *value_out = str_first(value, value.len - rest.len);
    parser->rest = str_from(rest, 1);
    return true;
}

/* Room for one more item in an arena array that doubles. */
static void *grow(struct arena *arena, void *items, size_t *cap, size_t count, size_t item_bytes)
{
    if (count < *cap)
        return items;
    *cap = *cap ? *cap * 2 : 4;
    void *grown = arena_alloc(arena, *cap * item_bytes);
    if (count)
        memcpy(grown, items, count * item_bytes);
    return grown;
}

static bool parse_condition(struct if_parser *parser, struct if_list *list)
{
    struct if_condition condition = {0};
    if (str_starts_nocase(parser->rest, STR("Not"))) {
        condition.is_not = true;
        parser->rest = str_from(parser->rest, 3);
        skip_blank(parser);
    }
    if (next_is(parser, '<')) {
        condition.kind = IF_STATE_TOKEN;
        if (!take_state_token(parser, &condition.value))
            return false;
    } else if (next_is(parser, '[')) {
        condition.kind = IF_ETAG;
        if (!take_etag(parser, &condition.value))
            return false;
    } else {
        return false;
    }
    list->conditions = grow(parser->arena, list->conditions, &parser->condition_cap,
                            list->condition_count, sizeof(condition));
    list->conditions[list->condition_count++] = condition;
    return true;
}

static bool parse_list(struct if_parser *parser, struct str resource)
{
    struct if_header *header = parser->header;
    struct if_list list = {.resource = resource};
    parser->condition_cap = 0;
    parser->rest = str_from(parser->rest, 1);
    skip_blank(parser);
    while (!next_is(parser, ')')) {
        if (!parse_condition(parser, &list))
            return false;
        skip_blank(parser);
    }
    parser->rest = str_from(parser->rest, 1);
    header->lists =
        grow(parser->arena, header->lists, &parser->list_cap, header->list_count, sizeof(list));
    header->lists[header->list_count++] = list;
    return list.condition_count > 0;
}

bool if_header_parse(struct str value, struct arena *arena, struct if_header *header_out)
{
    struct if_header header = {0};
    struct if_parser parser = {.rest = value, .arena = arena, .header = &header};
    struct str resource = STR_NONE;
    bool awaits_list = false;
    for (skip_blank(&parser); parser.rest.len; skip_blank(&parser)) {
        if (next_is(&parser, '<')) {
            bool is_mixed = !resource.at && header.list_count; /* of the two kinds, §10.4.2 */
            if (awaits_list || is_mixed || !take_bracketed(&parser, &resource))
                return false;
            awaits_list = true;
        } else if (next_is(&parser, '(')) {
            if (!parse_list(&parser, resource))
                return false;
            awaits_list = false;
        } else if (next_is(&parser, ',')) {
            parser.rest = str_from(parser.rest, 1);
        } else {
            return false;
        }
    }
    if (awaits_list || header.list_count == 0)
        return false;
    *header_out = header;
    return true;
}

/* Whether what the lists are about are URLs, ours or others': §10.4.2, Simple-ref in §8.3. */
static bool resources_are_urls(struct exchange *x, const struct if_header *header)
{
    for (size_t i = 0; i < header->list_count; i++) {
        struct str resource = header->lists[i].resource;
        bool is_new = i == 0 || resource.at != header->lists[i - 1].resource.at;
        struct res_path path;
        if (resource.at && is_new &&
            destination_parse(x, resource, &path).status == HTTP_BAD_REQUEST)
            return false;
    }
    return true;
}

struct dav_result if_header_read(struct exchange *x)
{
    struct str value = http_fields_join(&x->stream->request.fields, FIELD_IF, x->arena);
    if (!value.at)
        return DAV_FINE;
    struct if_header *header = ARENA_NEW(x->arena, struct if_header);
    if (!if_header_parse(value, x->arena, header) || !resources_are_urls(x, header))
        return dav_error(HTTP_BAD_REQUEST, "the If field is malformed");
    x->conditions = header;
    return DAV_FINE;
}

bool if_header_submits(const struct if_header *header, struct str token)
{
    for (size_t i = 0; header && i < header->list_count; i++) {
        const struct if_list *list = &header->lists[i];
        for (size_t j = 0; j < list->condition_count; j++) {
            if (list->conditions[j].kind == IF_STATE_TOKEN &&
                str_eq(list->conditions[j].value, token))
                return true;
        }
    }
    return false;
}
