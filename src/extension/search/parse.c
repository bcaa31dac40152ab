/* One machine over the events of xml/reader.h. Depth 1 is the document element, 2 the grammar, 3
 * its parts (select, from, where, orderby, limit); a part's elements are read by that part's
 * function. The where is a tree of operators: `node` is the one that the reader is in, and what
 * stands right within it is, by its shape, another operator, a prop, or a literal.
 *
 * An element that nobody knows is passed over with all that is in it (RFC 4918 §17), but in the
 * place of an operator: there it is one that is not supported, and that is said (422), since
 * without it the answer would be another.
 *
 * A query may be about several scopes, or have none; here it has one (RFC 5323 §2.4,
 * search-multiple-scope-supported), by far the common one. */
#include "extension/search/query.h"

enum { LITERAL_BYTES_MAX = 4096, NUMBER_BYTES_MAX = 32 };

#define NS_XSI "http://www.w3.org/2001/XMLSchema-instance"

const struct search_operator_row search_operators[SEARCH_OPERATOR_COUNT] = {
#define SEARCH_OPERATOR(name, element, shape) {{element, sizeof(element) - 1}, shape},
#include "extension/search/operators.def"
#undef SEARCH_OPERATOR
};

enum part { PART_NONE, PART_SELECT, PART_FROM, PART_WHERE, PART_ORDER, PART_LIMIT };

struct search_reader {
    struct xml_events events;
    struct arena *arena;
    struct search_query *query;
    struct names_reader select;
    struct names_reader props;
    struct dav_result stopped;
    enum part part;
    unsigned skipped; /* the depth of the element that is passed over; 0: none is */
    unsigned scopes;
    bool has_part, has_select_kind, has_where, has_depth;
    bool is_in_prop; /* of depth `prop_depth`: its child is a name */
    unsigned prop_depth;
    struct search_node *node; /* of the where, that the reader is in */
    bool is_in_order;
    unsigned text_depth; /* of the element whose text is kept; 0: of none */
    struct buf text;
};

static bool refuse(struct search_reader *reader, struct dav_result result)
{
    reader->stopped = result;
    return false;
}

static bool make_no_sense(struct search_reader *reader, const char *text)
{
    return refuse(reader, dav_error(HTTP_BAD_REQUEST, text));
}

static bool skip(struct search_reader *reader, const struct xml_element *element)
{
    reader->skipped = element->depth;
    return true;
}

static bool keep_text(struct search_reader *reader, const struct xml_element *element)
{
    reader->text_depth = element->depth;
    buf_clear(&reader->text);
    return true;
}

/* --- properties --- */

static bool enter_prop(struct search_reader *reader, const struct xml_element *element)
{
    reader->is_in_prop = true;
    reader->prop_depth = element->depth;
    return true;
}

/* The number of a property that the query is about. */
static bool read_operand(struct search_reader *reader, const struct xml_element *element,
                         size_t *prop_out)
{
    struct propfind_request *props = &reader->query->props;
    if (*prop_out != SIZE_MAX)
        return make_no_sense(reader, "an operator is about one property");
    if (!names_read(&reader->props, element, &reader->stopped))
        return false;
    for (size_t i = 0; i < props->name_count; i++) {
        if (str_eq(props->names[i].name, element->name.local) &&
            str_eq(props->names[i].ns, element->name.ns))
            *prop_out = i;
    }
    return true;
}

/* --- select --- */

static bool start_in_select(struct search_reader *reader, const struct xml_element *element)
{
    bool is_prop = body_is_dav(element, STR("prop"));
    if (reader->is_in_prop)
        return names_read(&reader->select, element, &reader->stopped) && skip(reader, element);
    if (!is_prop && !body_is_dav(element, STR("allprop")))
        return skip(reader, element);
    if (reader->has_select_kind)
        return make_no_sense(reader, "a select has either a prop or an allprop");
    reader->has_select_kind = true;
    if (is_prop)
        return enter_prop(reader, element);
    reader->query->select = (struct propfind_request){
        .kind = PROPFIND_ALL, .wants_dead = true, .wants_locks = true, .wants_created = true};
    return skip(reader, element);
}

/* --- from --- */

static bool start_in_from(struct search_reader *reader, const struct xml_element *element)
{
    if (element->depth == 4 && body_is_dav(element, STR("scope"))) {
        reader->scopes++;
        return reader->scopes == 1 ||
               refuse(reader, dav_condition(CONDITION_SEARCH_MULTIPLE_SCOPE_SUPPORTED,
                                            "one scope can be searched at a time"));
    }
    bool is_value = body_is_dav(element, STR("href")) || body_is_dav(element, STR("depth"));
    if (element->depth != 5 || !is_value)
        return skip(reader, element);
    reader->has_depth = body_is_dav(element, STR("depth"));
    return keep_text(reader, element);
}

static bool end_in_from(struct search_reader *reader, struct str text)
{
    struct search_query *query = reader->query;
    if (!reader->has_depth) {
        query->scope = arena_str(reader->arena, text);
        return true;
    }
    query->depth = str_eq(text, STR("0"))   ? DEPTH_0
                   : str_eq(text, STR("1")) ? DEPTH_1
                                            : DEPTH_INFINITY;
    bool is_known = query->depth != DEPTH_INFINITY || str_eq_nocase(text, STR("infinity"));
    return is_known || make_no_sense(reader, "the depth of a scope is 0, 1 or infinity");
}

/* --- where --- */

static const struct xml_attr *find_attr(const struct xml_element *element, struct str ns,
                                        struct str local)
{
    for (size_t i = 0; i < element->attr_count; i++) {
        if (xml_name_is(&element->attrs[i].name, ns, local))
            return &element->attrs[i];
    }
    return NULL;
}

/* The attribute may be in no namespace, or in that of its element (§5.5.2 has both). */
static bool is_caseless(const struct xml_element *element)
{
    const struct xml_attr *attr = find_attr(element, STR_NONE, STR("caseless"));
    if (!attr)
        attr = find_attr(element, STR(NS_DAV), STR("caseless"));
    return attr && (str_eq(attr->value, STR("yes")) || str_eq(attr->value, STR("1")));
}

static bool start_operator(struct search_reader *reader, const struct xml_element *element)
{
    struct search_node *outer = reader->node;
    size_t i = 0;
    while (i < SEARCH_OPERATOR_COUNT && !body_is_dav(element, search_operators[i].element))
        i++;
    if (i == SEARCH_OPERATOR_COUNT)
        return refuse(reader, dav_error(HTTP_UNPROCESSABLE_CONTENT,
                                        "the query has an operator that is not supported"));
    if (!outer && reader->has_where)
        return make_no_sense(reader, "a where has one operator, which may have others in it");
    struct search_node *node = ARENA_NEW(reader->arena, struct search_node);
    *node = (struct search_node){.operator=(enum search_operator) i,
                                 .outer = outer,
                                 .prop = SIZE_MAX,
                                 .is_caseless = is_caseless(element)};
    if (outer) {
        node->before = outer->inner;
        outer->inner = node;
    } else {
        reader->query->where = node;
    }
    reader->has_where = true;
    reader->node = node;
    return search_operators[i].shape != OF_TEXT || keep_text(reader, element);
}

/* Of a typed-literal (§5.9.2), by the local name of the type of XML Schema. */
static bool read_type(const struct xml_element *element, struct search_node *node)
{
    static const struct {
        struct str name;
        enum search_type type;
    } types[] = {{STR_INIT("string"), TYPE_STRING},  {STR_INIT("integer"), TYPE_NUMBER},
                 {STR_INIT("int"), TYPE_NUMBER},     {STR_INIT("long"), TYPE_NUMBER},
                 {STR_INIT("float"), TYPE_NUMBER},   {STR_INIT("double"), TYPE_NUMBER},
                 {STR_INIT("decimal"), TYPE_NUMBER}, {STR_INIT("dateTime"), TYPE_DATE},
                 {STR_INIT("boolean"), TYPE_TRUTH}};
    const struct xml_attr *attr = find_attr(element, STR(NS_XSI), STR("type"));
    struct str name = attr ? attr->value : STR("string");
    size_t colon = str_index(name, ':');
    name = colon < name.len ? str_from(name, colon + 1) : name;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (str_eq(types[i].name, name)) {
            node->is_typed = true;
            node->type = types[i].type;
            return true;
        }
    }
    return false;
}

static bool start_operand(struct search_reader *reader, const struct xml_element *element)
{
    struct search_node *node = reader->node;
    bool has_literal = search_operators[node->operator].shape == OF_PROP_AND_LITERAL;
    bool is_typed = has_literal && body_is_dav(element, STR("typed-literal"));
    if (body_is_dav(element, STR("prop")))
        return enter_prop(reader, element);
    if (is_typed && !read_type(element, node))
        return refuse(reader, dav_error(HTTP_UNPROCESSABLE_CONTENT,
                                        "a typed-literal has a type that is not supported"));
    if (!is_typed && !(has_literal && body_is_dav(element, STR("literal"))))
        return skip(reader, element);
    return !node->literal.at ? keep_text(reader, element)
                             : make_no_sense(reader, "an operator has one literal");
}

static bool start_in_where(struct search_reader *reader, const struct xml_element *element)
{
    struct search_node *node = reader->node;
    if (reader->is_in_prop)
        return read_operand(reader, element, &node->prop) && skip(reader, element);
    if (!node)
        return start_operator(reader, element);
    switch (search_operators[node->operator].shape) {
    case OF_OPERATORS:
        return start_operator(reader, element);
    case OF_PROP:
    case OF_PROP_AND_LITERAL:
        return start_operand(reader, element);
    case OF_NOTHING:
    case OF_TEXT:
        return skip(reader, element);
    }
    BUG("no such shape");
}

/* The operator is over: whether it has what it needs. */
static bool end_operator(struct search_reader *reader)
{
    const struct search_node *node = reader->node;
    enum search_shape shape = search_operators[node->operator].shape;
    bool needs_prop = shape == OF_PROP || shape == OF_PROP_AND_LITERAL;
    reader->node = node->outer;
    if (needs_prop && node->prop == SIZE_MAX)
        return make_no_sense(reader, "an operator lacks its prop");
    if ((shape == OF_PROP_AND_LITERAL || shape == OF_TEXT) && !node->literal.at)
        return make_no_sense(reader, "an operator lacks its literal");
    if (shape == OF_OPERATORS && !node->inner)
        return make_no_sense(reader, "and, or and not are about other operators");
    if (node->operator== SEARCH_NOT && node->inner->before)
        return make_no_sense(reader, "a not is about one operator");
    return true;
}

/* --- orderby --- */

static bool start_in_order(struct search_reader *reader, const struct xml_element *element)
{
    struct search_query *query = reader->query;
    struct search_order *order = query->order_count ? &query->orders[query->order_count - 1] : NULL;
    if (reader->is_in_prop)
        return read_operand(reader, element, &order->prop) && skip(reader, element);
    if (element->depth == 4) {
        if (!body_is_dav(element, STR("order")))
            return skip(reader, element);
        if (query->order_count == SEARCH_ORDERS_MAX)
            return refuse(reader,
                          dav_error(HTTP_UNPROCESSABLE_CONTENT, "the query has too many orders"));
        query->orders[query->order_count++] =
            (struct search_order){.prop = SIZE_MAX, .is_caseless = is_caseless(element)};
        return true;
    }
    if (body_is_dav(element, STR("prop")))
        return enter_prop(reader, element);
    order->is_descending |= body_is_dav(element, STR("descending"));
    return skip(reader, element);
}

/* --- limit --- */

static bool start_in_limit(struct search_reader *reader, const struct xml_element *element)
{
    bool is_count = body_is_dav(element, STR("nresults"));
    return is_count ? keep_text(reader, element) : skip(reader, element);
}

static bool end_in_limit(struct search_reader *reader, struct str text)
{
    uint64_t *nresults = &reader->query->nresults;
    return str_parse_u64(text, nresults) || make_no_sense(reader, "nresults is not a number");
}

/* --- the whole --- */

static bool start_root(struct search_reader *reader, const struct xml_element *element)
{
    reader->query->is_discovery = body_is_dav(element, STR("query-schema-discovery"));
    return reader->query->is_discovery || body_is_dav(element, STR("searchrequest")) ||
           make_no_sense(reader, "the request body is not a DAV:searchrequest");
}

/* §2.4: the only grammar. */
static bool start_grammar(struct search_reader *reader, const struct xml_element *element)
{
    return body_is_dav(element, STR("basicsearch")) ||
           refuse(reader, dav_condition(CONDITION_SEARCH_GRAMMAR_SUPPORTED,
                                        "the only grammar that there is is DAV:basicsearch"));
}

static bool start_part(struct search_reader *reader, const struct xml_element *element)
{
    static const struct {
        struct str name;
        enum part part;
    } parts[] = {{STR_INIT("select"), PART_SELECT},
                 {STR_INIT("from"), PART_FROM},
                 {STR_INIT("where"), PART_WHERE},
                 {STR_INIT("orderby"), PART_ORDER},
                 {STR_INIT("limit"), PART_LIMIT}};
    reader->part = PART_NONE;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (body_is_dav(element, parts[i].name))
            reader->part = parts[i].part;
    }
    reader->has_part |= reader->part != PART_NONE;
    return reader->part != PART_NONE || skip(reader, element);
}

static bool search_start(struct xml_events *events, const struct xml_element *element)
{
    struct search_reader *reader = CONTAINER_OF(events, struct search_reader, events);
    if (reader->skipped)
        return true;
    if (reader->text_depth) /* what is within a text means nothing */
        return skip(reader, element);
    if (element->depth <= 3)
        return element->depth == 1   ? start_root(reader, element)
               : element->depth == 2 ? start_grammar(reader, element)
                                     : start_part(reader, element);
    switch (reader->part) {
    case PART_SELECT:
        return start_in_select(reader, element);
    case PART_FROM:
        return start_in_from(reader, element);
    case PART_WHERE:
        return start_in_where(reader, element);
    case PART_ORDER:
        return start_in_order(reader, element);
    case PART_LIMIT:
        return start_in_limit(reader, element);
    case PART_NONE:
        break;
    }
    BUG("an element in no part");
}

static bool search_text(struct xml_events *events, struct str text)
{
    struct search_reader *reader = CONTAINER_OF(events, struct search_reader, events);
    if (!reader->text_depth || reader->skipped)
        return true;
    buf_add(&reader->text, text);
    return reader->text.len <= LITERAL_BYTES_MAX ||
           refuse(reader,
                  dav_error(HTTP_CONTENT_TOO_LARGE, "the query has a literal that is too long"));
}

/* Of a literal every character counts. */
static bool take_text(struct search_reader *reader)
{
    struct str text = buf_str(&reader->text);
    reader->text_depth = 0;
    if (reader->part == PART_FROM)
        return end_in_from(reader, body_trim(text));
    if (reader->part == PART_LIMIT)
        return end_in_limit(reader, body_trim(text));
    reader->node->literal = arena_str(reader->arena, text);
    if (!text.len)
        reader->node->literal = STR("");
    return true;
}

static bool search_end(struct xml_events *events, unsigned depth)
{
    struct search_reader *reader = CONTAINER_OF(events, struct search_reader, events);
    if (reader->skipped) {
        reader->skipped = reader->skipped == depth ? 0 : reader->skipped;
        return true;
    }
    bool is_text = reader->text_depth == depth;
    bool is_of_operator = reader->part == PART_WHERE && reader->node;
    if (is_text && !take_text(reader))
        return false;
    if (reader->is_in_prop && reader->prop_depth == depth) {
        reader->is_in_prop = false;
        return true;
    }
    bool is_literal =
        is_text && is_of_operator && search_operators[reader->node->operator].shape != OF_TEXT;
    return !is_of_operator || is_literal || end_operator(reader);
}

static struct dav_result check(const struct search_reader *reader)
{
    const struct search_query *query = reader->query;
    if (!query->scope.at && (!query->is_discovery || reader->has_part))
        return dav_error(HTTP_BAD_REQUEST,
                         "a basicsearch must have a from with a scope and its href");
    if (!query->is_discovery && !reader->has_select_kind)
        return dav_error(HTTP_BAD_REQUEST, "a basicsearch must have a select");
    return DAV_FINE;
}

struct dav_result search_parse(struct str body, const struct limits *limits, struct arena *arena,
                               struct search_query *query_out)
{
    struct search_query query = {.select.kind = PROPFIND_PROPS,
                                 .props.kind = PROPFIND_PROPS,
                                 .depth = DEPTH_INFINITY,
                                 .nresults = UINT64_MAX};
    size_t name_bytes = (size_t)limits->property_name_bytes;
    struct search_reader reader = {.events = {search_start, search_text, search_end},
                                   .arena = arena,
                                   .query = &query,
                                   .select = {arena, &query.select, {.arena = arena}, name_bytes},
                                   .props = {arena, &query.props, {.arena = arena}, name_bytes},
                                   .stopped = {0}};
    struct dav_result result = body_read(body, &reader.events, limits, &reader.stopped);
    name_set_done(&reader.select.seen);
    name_set_done(&reader.props.seen);
    buf_done(&reader.text);
    if (dav_is_fine(result))
        result = check(&reader);
    if (dav_is_fine(result))
        *query_out = query;
    return result;
}
