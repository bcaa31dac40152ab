/* The report DAV:expand-property (RFC 3253 §3.8): of a resource its properties, and in the place of
 * each href in one that is to be expanded a response, with properties of the resource that it leads
 * to, in which the same may happen, and so on as deep as was asked.
 *
 * It is a listing (dav/listing.c) whose answers (dav/prop/answer.c) let somebody look at each value
 * when it has been written. Here that is read again, as XML, because a dead property may have an
 * href as well as a live one, under any prefix; what is between the hrefs stays as it is, byte for
 * byte. So a property that comes to davit, and has hrefs, can be expanded without a word here.
 *
 * An href that does not lead to a resource here stays an href: one of another server, of a mount
 * that another handler answers for, or a lock token. One that leads to nothing that who asks may
 * see has a response with 404.
 *
 * Invariants
 *  (1) each resource is judged as in a listing of its own: to be named by a property gives no
 *      right;
 *  (2) what an answer costs does not grow with what it leads through: how many responses are
 *      within, and how long they are together for one resource of the answer, is bounded. Beyond
 *      that each has 507, and when these have come to as much, hrefs stay what they are.
 *
 * A response within a dead property declares its prefixes itself: the property may have bound them
 * to something else. */
#include "dav/extension.h"
#include "dav/listing.h"
#include "dav/principal.h"
#include "dav/prop/answer.h"
#include "dav/report.h"
#include "dav/target.h"
#include "exchange/body.h"
#include "exchange/destination.h"
#include "exchange/handler.h"
#include "exchange/respond.h"
#include "extension/expand/request.h"

/* What is said of resources, and by which of the nodes. */
struct expansion {
    struct expand_node *node;
    struct listing listing;
};

struct expand {
    struct walk_item target;
    enum depth depth;
    uint64_t count; /* of responses within others */
    uint64_t bytes; /* of those within one that is not */
    struct expansion outer;
};

static struct expand_node *node_of(struct listing *listing)
{
    return CONTAINER_OF(listing, struct expansion, listing)->node;
}

/* --- what is said of a resource --- */

static bool tell(struct listing *listing, struct arena *arena, const struct walk_item *item)
{
    struct prop_target target = prop_target_of(listing->x, arena, item);
    return prop_answer(listing->body, &target, &node_of(listing)->props);
}

static bool tell_outer(struct listing *listing, struct arena *arena, const struct walk_item *item)
{
    struct expand *expand = listing->x->state;
    expand->bytes = 0;
    return tell(listing, arena, item);
}

static void refuse(struct listing *listing, const struct walk_item *item, unsigned status)
{
    struct prop_target target = prop_target_of(listing->x, NULL, item);
    prop_answer_refused(multistatus_body_ms(listing->body), &target, status,
                        &node_of(listing)->props);
}

static bool tell_unreachable(struct listing *listing, struct arena *arena,
                             const struct walk_item *item, const struct dav_result *why)
{
    struct prop_target target = prop_target_of(listing->x, arena, item);
    return prop_answer_unreachable(listing->body, &target, why, &node_of(listing)->props);
}

static bool blocks(const struct listing *listing, const struct walk_item *item)
{
    const struct expand *expand = listing->x->state;
    const struct expand_node *node = expand->outer.node;
    struct prop_target target = prop_target_of(listing->x, NULL, item);
    return node->expands || prop_answer_blocks(&target, &node->props);
}

static const struct listing_ops outer_ops = {tell_outer, refuse, tell_unreachable, blocks};
static const struct listing_ops inner_ops = {tell, refuse, tell_unreachable, blocks};

/* --- what an href leads to --- */

/* False: no resource here, or none that can be told of. */
static bool find(const struct exchange *x, struct arena *arena, struct str href,
                 struct walk_item *item_out, bool *is_principal_out)
{
    bool is_plain = href.len && !memchr(href.at, '?', href.len) && !memchr(href.at, '#', href.len);
    *item_out = (struct walk_item){0};
    if (!is_plain || !dav_is_fine(destination_parse_in(x, arena, href, &item_out->path)))
        return false;
    *is_principal_out = x->service->access && path_is_within(item_out->path, PRINCIPAL_PATH);
    return *is_principal_out || handler_reaches(x, item_out->path);
}

static bool tell_principal(struct listing *listing, struct arena *arena, struct walk_item *item)
{
    item->real = item->path;
    if (!dav_is_fine(principal_find(listing->x, item->path, &item->stat)))
        return true;
    struct prop_target target = prop_target_of(listing->x, arena, item);
    target.is_principal = true;
    return prop_answer(listing->body, &target, &node_of(listing)->props);
}

static bool tell_stored(struct listing *listing, struct arena *arena, struct walk_item *item)
{
    struct store *store = target_of(listing->x)->store;
    if (store_locate(store, arena, item->path, LOCATE_RESOURCE, &item->real) != STORE_OK)
        return true;
    item->rc = store_stat(store, item->real, propfind_wants(&node_of(listing)->props), &item->stat);
    return item->rc == STORE_NOT_FOUND || item->rc == STORE_NO_PARENT ||
           listing_tell(listing, arena, item);
}

/* Appends a response. False: there is no memory for it. */
static bool add_response(struct expansion *inner, struct arena *arena, struct walk_item *item,
                         bool is_principal)
{
    struct exchange *x = inner->listing.x;
    const struct limits *limits = x->service->limits;
    struct expand *expand = x->state;
    struct multistatus *ms = multistatus_body_ms(inner->listing.body);
    bool is_complete = true;
    if (expand->count >= limits->expand_count || expand->bytes >= limits->expand_bytes) {
        multistatus_member(ms, item->path, item->stat.is_collection, HTTP_INSUFFICIENT_STORAGE,
                           STR_NONE);
        expand->bytes += ms->out->len;
        return true;
    }
    expand->count++;
    if (is_principal)
        is_complete = tell_principal(&inner->listing, arena, item);
    else
        is_complete = tell_stored(&inner->listing, arena, item);
    if (is_complete && ms->out->len == 0) /* nothing that he may know of */
        multistatus_member(ms, item->path, false, HTTP_NOT_FOUND, STR_NONE);
    expand->bytes += ms->out->len;
    return is_complete;
}

/* "<D:response>" with its prefix declared. */
static void paste(struct buf *to, struct str response)
{
    size_t name = str_index(response, '>');
    buf_add(to, str_first(response, name));
    buf_addf(to, " xmlns:%c=\"DAV:\" xmlns=\"\"", response.at[1]);
    buf_add(to, str_from(response, name));
}

static bool has_room(const struct exchange *x)
{
    const struct expand *expand = x->state;
    return expand->bytes / 2 < x->service->limits->expand_bytes;
}

/* *is_told_out: a response stands in the place of the href. False: there is no memory. */
static bool expand_href(struct exchange *x, struct expand_node *node, struct str href,
                        struct buf *to, bool *is_told_out)
{
    struct arena arena = {0};
    struct walk_item item;
    bool is_principal;
    bool is_complete = true;
    *is_told_out = has_room(x) && find(x, &arena, href, &item, &is_principal);
    if (*is_told_out) {
        struct multistatus_body body = {.has_begun = true};
        spool_init(&body.spool, -1, SIZE_MAX); /* no more than one resource may have */
        body.ms.out = spool_buf(&body.spool);
        body.ms.dialect = x->dialect;
        struct expansion inner = {node, {.ops = &inner_ops, .x = x, .body = &body}};
        is_complete = add_response(&inner, &arena, &item, is_principal);
        if (is_complete)
            paste(to, buf_str(body.ms.out));
        spool_done(&body.spool);
    }
    arena_done(&arena);
    return is_complete;
}

/* --- a value --- */

enum { DEPTH_OF_PROPERTY = 2 };

struct value_reader {
    struct xml_events events;
    struct xml_reader *reader;
    struct exchange *x;
    struct expand_node *node;
    struct str document;
    size_t copied;       /* up to there the document has been dealt with */
    unsigned href_depth; /* of the href that is open; 0: none is */
    size_t href_at;      /* where it begins */
    struct buf href;     /* its text */
    struct buf out;      /* the value anew */
    bool has_failed;
};

static bool value_start(struct xml_events *events, const struct xml_element *element)
{
    struct value_reader *reader = CONTAINER_OF(events, struct value_reader, events);
    bool is_href = element->depth > DEPTH_OF_PROPERTY && body_is_dav(element, STR("href"));
    if (reader->href_depth || !is_href)
        return true;
    reader->href_depth = element->depth;
    reader->href_at = (size_t)xml_reader_extent(reader->reader).from;
    buf_clear(&reader->href);
    return true;
}

static bool value_text(struct xml_events *events, struct str text)
{
    struct value_reader *reader = CONTAINER_OF(events, struct value_reader, events);
    if (reader->href_depth)
        buf_add(&reader->href, text);
    return true;
}

static void copy_to(struct value_reader *reader, size_t end)
{
    buf_add(&reader->out,
            str_first(str_from(reader->document, reader->copied), end - reader->copied));
    reader->copied = end;
}

static bool value_end(struct xml_events *events, unsigned depth)
{
    struct value_reader *reader = CONTAINER_OF(events, struct value_reader, events);
    size_t end = (size_t)xml_reader_extent(reader->reader).to;
    bool is_told;
    if (reader->href_depth != depth)
        return true;
    reader->href_depth = 0;
    copy_to(reader, reader->href_at);
    reader->has_failed = !expand_href(reader->x, reader->node, body_trim(buf_str(&reader->href)),
                                      &reader->out, &is_told);
    if (is_told)
        reader->copied = end;
    return !reader->has_failed;
}

/* What stands in `out` from `from` on, as the document that it is in. */
static void make_document(const struct exchange *x, struct str value, struct buf *to,
                          size_t *at_out)
{
    struct multistatus ms = {.out = to, .dialect = x->dialect};
    multistatus_begin(&ms);
    *at_out = to->len;
    buf_add(to, value);
    multistatus_end(&ms);
}

static bool expand_value(struct prop_rewriter *self, size_t name, struct buf *out, size_t from);

static void prepare(struct expand_node *node, struct exchange *x, bool is_minimal)
{
    node->x = x;
    node->rewriter.rewrite = expand_value;
    node->props.rewriter = &node->rewriter;
    node->props.is_minimal = is_minimal;
}

/* A value that cannot be read stays as it is. */
static bool expand_value(struct prop_rewriter *self, size_t name, struct buf *out, size_t from)
{
    static const struct xml_limits limits = {
        .depth_max = 1024, .attr_count_max = 1024, .ns_bytes_max = 65536};
    const struct expand_node *node = CONTAINER_OF(self, struct expand_node, rewriter);
    struct value_reader reader = {
        .events = {value_start, value_text, value_end}, .x = node->x, .node = node->inner[name]};
    struct buf document = {0};
    if (!reader.node)
        return true;
    prepare(reader.node, node->x, node->props.is_minimal);
    size_t len = out->len - from;
    make_document(node->x, str_from(buf_str(out), from), &document, &reader.copied);
    size_t end = reader.copied + len;
    reader.document = buf_str(&document);
    reader.reader = xml_reader_new(&reader.events, &limits);
    reader.has_failed = !reader.reader;
    if (reader.reader && xml_reader_feed(reader.reader, reader.document, true) == XML_OK) {
        copy_to(&reader, end);
        out->len = from;
        buf_add(out, buf_str(&reader.out));
    }
    xml_reader_free(reader.reader);
    buf_done(&reader.href);
    buf_done(&reader.out);
    buf_done(&document);
    return !reader.has_failed;
}

/* --- the request --- */

static enum stage_end expand_read(struct exchange *x)
{
    struct expand *expand = ARENA_NEW(x->arena, struct expand);
    expand->target = *report_item(x);
    x->state = expand;
    struct dav_result result =
        expand_parse(buf_str(&x->body), x->service->limits, x->arena, &expand->outer.node);
    exchange_drop_body(x);
    if (dav_is_fine(result))
        result = depth_read(x, DEPTH_0, &expand->depth); /* §3.6 */
    if (dav_is_fine(result) && expand->depth == DEPTH_INFINITY &&
        !dav_service_of(x)->allows_infinity)
        result = dav_condition(CONDITION_PROPFIND_FINITE_DEPTH, "ask with Depth 0 or 1");
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

static enum stage_end expand_answer(struct exchange *x)
{
    struct expand *expand = x->state;
    struct listing *listing = &expand->outer.listing;
    listing_init(listing, x, &outer_ops);
    listing->wants = propfind_wants(&expand->outer.node->props);
    listing->is_whole = expand->depth == DEPTH_0;
    report_begin_answer(x, &expand->outer.node->props);
    prepare(expand->outer.node, x, expand->outer.node->props.is_minimal);
    return listing_answer(listing, &expand->target, expand->depth);
}

static const struct stage stages[] = {
    {"read", expand_read, ON_WORKER},
    {"answer", expand_answer, ON_WORKER},
};

/* Where nobody signs in and nothing is kept, no property has an href to a resource. */
static bool has_hrefs(const struct prop_target *target)
{
    return target->x->service->access || target->store->traits.keeps_removed;
}

static const struct dav_report reports[] = {
    {stages, STR_INIT(NS_DAV), STR_INIT("expand-property"),
     METHOD_ON_FILE | METHOD_ON_COLLECTION | METHOD_ON_PRINCIPAL, has_hrefs},
    {0},
};

const struct dav_extension expand_property_extension = {
    .name = STR_INIT("expand-property"),
    .where = STR_INIT("RFC 3253 §3.8"),
    .reports = reports,
};
