/* The streaming reader of libdavit: expat's events become responses, one at a time.
 *
 * Where the reading is, is a stack of kinds: the elements of RFC 4918 §14 that are open. rows[]
 * says which may stand in which. What is not in it is skipped with all that is in it (§17), but for
 * an element of a response, which is kept as an extension. What has a content of its own
 * (properties, conditions, extensions) goes to capture.c; text goes to `text`.
 *
 * Nothing is refused that XML allows: a response may lack all that it should have. The model holds
 * what is there; what it cannot hold (a second status, text in the wrong place) is told to an
 * observer, which is how `davit read --lint` knows.
 *
 * The end of a response pauses expat: next() gives the response out and goes on when it is called
 * again. So one response is held, however many there are, and its memory is used for the next.
 *
 * Invariants
 *  (1) `rc` is the first failure, and stays;
 *  (2) texts live in `keep` until the next call of next(), or in `head_keep` until the reader is
 *      freed; lists move while they grow, so that pointers between them are set when the response
 *      is complete (place_lists());
 *  (3) all memory is asked for by functions that can fail. */
#include "davit/multistatus.h"

#include "base/buf.h"
#include "base/mem.h"
#include "http/status.h"
#include "multistatus/capture.h"
#include "multistatus/rules.h"
#include "multistatus/verdict.h"

enum { STEP_BYTES = 65536, KINDS_MAX = 8 };

/* No text, with its NUL. */
#define NOTHING                                                                                    \
    {                                                                                              \
        "", 0                                                                                      \
    }
#define NO_REASON                                                                                  \
    {                                                                                              \
        .description = NOTHING, .description_lang = NOTHING                                        \
    }

enum kind {
    IN_DOCUMENT,
    IN_MULTISTATUS,
    IN_RESPONSE,
    IN_HREF,
    IN_STATUS,
    IN_PROPSTAT,
    IN_PROP,
    IN_ERROR,
    IN_DESCRIPTION,
    IN_LOCATION,
    IN_SYNC_TOKEN,
};

/* `element` within `parent` is of this kind, and may be there once (or any number of times). */
static const struct row {
    enum kind parent;
    struct str element;
    enum kind kind;
} rows[] = {
    {IN_MULTISTATUS, {"response", 8}, IN_RESPONSE},
    {IN_MULTISTATUS, {"responsedescription", 19}, IN_DESCRIPTION},
    {IN_MULTISTATUS, {"sync-token", 10}, IN_SYNC_TOKEN},
    {IN_RESPONSE, {"href", 4}, IN_HREF},
    {IN_RESPONSE, {"propstat", 8}, IN_PROPSTAT},
    {IN_RESPONSE, {"status", 6}, IN_STATUS},
    {IN_RESPONSE, {"error", 5}, IN_ERROR},
    {IN_RESPONSE, {"responsedescription", 19}, IN_DESCRIPTION},
    {IN_RESPONSE, {"location", 8}, IN_LOCATION},
    {IN_PROPSTAT, {"prop", 4}, IN_PROP},
    {IN_PROPSTAT, {"status", 6}, IN_STATUS},
    {IN_PROPSTAT, {"error", 5}, IN_ERROR},
    {IN_PROPSTAT, {"responsedescription", 19}, IN_DESCRIPTION},
    {IN_LOCATION, {"href", 4}, IN_HREF},
};

struct davit_ms_reader {
    struct xml_events events;
    struct xml_reader *xml;
    struct davit_ms_options options;
    struct reader_observer *observer; /* or NULL */
    enum davit_ms_rc rc;
    struct str rest; /* fed, and not yet given to xml */
    bool is_paused;
    bool is_last;  /* nothing more comes */
    bool has_last; /* and xml knows */

    enum kind kinds[KINDS_MAX];
    size_t kind_count;
    unsigned skipped; /* open elements that are skipped */
    struct capture capture;
    struct buf text;
    struct buf lang; /* of the description that is open */
    struct davit_ms_place text_place;

    struct keep keep;
    struct keep_list hrefs, propstats, props, propstat_conditions, conditions, others;
    size_t part_count;
    uint64_t response_count;
    bool has_prop; /* the propstat that is open has a prop */
    struct davit_ms_response response;

    struct keep head_keep;
    struct davit_ms_head head;
    struct davit_ms_verdict verdict;
};

static bool fail(struct davit_ms_reader *reader, enum davit_ms_rc rc)
{
    if (reader->rc == DAVIT_MS_OK)
        reader->rc = rc;
    return false;
}

static struct davit_ms_place place_now(const struct davit_ms_reader *reader)
{
    struct xml_where where;
    if (!(reader->options.flags & DAVIT_MS_PLACES))
        return (struct davit_ms_place){0};
    where = xml_reader_where(reader->xml);
    return (struct davit_ms_place){where.byte, where.line, where.column};
}

static void tell(struct davit_ms_reader *reader, enum lint_rule rule, struct davit_ms_place place,
                 struct str detail)
{
    if (reader->observer)
        reader->observer->found(reader->observer, rule, place, detail);
}

static enum kind kind_now(const struct davit_ms_reader *reader)
{
    return reader->kind_count ? reader->kinds[reader->kind_count - 1] : IN_DOCUMENT;
}

static bool is_within(const struct davit_ms_reader *reader, enum kind kind)
{
    for (size_t i = 0; i < reader->kind_count; i++) {
        if (reader->kinds[i] == kind)
            return true;
    }
    return false;
}

static bool is_text(enum kind kind)
{
    return kind == IN_HREF || kind == IN_STATUS || kind == IN_DESCRIPTION || kind == IN_SYNC_TOKEN;
}

/* XML's white space, at both ends. */
static struct str trim(struct str text)
{
    static const char white[] = " \t\r\n";
    while (text.len && memchr(white, text.at[0], sizeof(white) - 1))
        text = str_from(text, 1);
    while (text.len && memchr(white, text.at[text.len - 1], sizeof(white) - 1))
        text.len--;
    return text;
}

/* --- what is kept of a response --- */

/* Counts a part against the limits. */
static bool may_add(struct davit_ms_reader *reader)
{
    if (++reader->part_count > reader->options.limits.response_parts ||
        reader->keep.bytes > reader->options.limits.response_bytes)
        return fail(reader, DAVIT_MS_LIMIT);
    return true;
}

static void *add_item(struct davit_ms_reader *reader, struct keep_list *list, size_t item_bytes)
{
    void *item = may_add(reader) ? keep_list_add(list, item_bytes) : NULL;
    if (!item)
        (void)fail(reader, DAVIT_MS_NO_MEMORY);
    return item;
}

static bool keep_it(struct davit_ms_reader *reader, struct keep *keep, struct str text,
                    struct davit_ms_text *to)
{
    *to = keep_text(keep, text);
    if (keep->bytes > reader->options.limits.response_bytes)
        return fail(reader, DAVIT_MS_LIMIT);
    return to->at || fail(reader, DAVIT_MS_NO_MEMORY);
}

/* The propstat that is open. */
static struct davit_ms_propstat *last_propstat(struct davit_ms_reader *reader)
{
    struct davit_ms_propstat *propstats = reader->propstats.items;
    return &propstats[reader->propstats.count - 1];
}

static void begin_response(struct davit_ms_reader *reader)
{
    keep_reset(&reader->keep);
    reader->hrefs.count = reader->propstats.count = reader->props.count = 0;
    reader->propstat_conditions.count = reader->conditions.count = reader->others.count = 0;
    reader->part_count = 0;
    reader->response = (struct davit_ms_response){.status_line = NOTHING,
                                                  .reason = NO_REASON,
                                                  .location = NOTHING,
                                                  .place = place_now(reader)};
}

static bool begin_propstat(struct davit_ms_reader *reader)
{
    struct davit_ms_propstat *propstat =
        add_item(reader, &reader->propstats, sizeof(struct davit_ms_propstat));
    if (propstat)
        *propstat = (struct davit_ms_propstat){
            .status_line = NOTHING, .reason = NO_REASON, .place = place_now(reader)};
    reader->has_prop = false;
    return propstat;
}

/* Sets what points from one list into another: none of them grows any more. */
static void place_lists(struct davit_ms_reader *reader)
{
    struct davit_ms_response *response = &reader->response;
    struct davit_ms_propstat *propstats = reader->propstats.items;
    const struct davit_ms_element *prop = reader->props.items;
    const struct davit_ms_element *condition = reader->propstat_conditions.items;
    for (size_t i = 0; i < reader->propstats.count; i++) {
        propstats[i].props = prop;
        propstats[i].reason.conditions = condition;
        if (propstats[i].prop_count)
            prop += propstats[i].prop_count;
        if (propstats[i].reason.condition_count)
            condition += propstats[i].reason.condition_count;
    }
    response->hrefs = reader->hrefs.items;
    response->href_count = reader->hrefs.count;
    response->propstats = propstats;
    response->propstat_count = reader->propstats.count;
    response->reason.conditions = reader->conditions.items;
    response->reason.condition_count = reader->conditions.count;
    response->others = reader->others.items;
    response->other_count = reader->others.count;
}

static bool end_response(struct davit_ms_reader *reader)
{
    const struct davit_ms_limits *limits = &reader->options.limits;
    unsigned status;
    if (limits->responses && ++reader->response_count > limits->responses)
        return fail(reader, DAVIT_MS_LIMIT);
    place_lists(reader);
    status = davit_ms_response_status(&reader->response);
    for (size_t i = 0; i < size_max(1, reader->response.href_count); i++)
        davit_ms_verdict_add(&reader->verdict, status);
    reader->is_paused = true;
    xml_reader_pause(reader->xml);
    return true;
}

/* --- text --- */

static bool end_href(struct davit_ms_reader *reader, struct str text, bool is_trimmed)
{
    if (is_trimmed)
        tell(reader, LINT_HREF_SPACE, reader->text_place, text);
    if (is_within(reader, IN_LOCATION)) {
        if (reader->response.location.len)
            tell(reader, LINT_TWICE, reader->text_place, STR("location"));
        return keep_it(reader, &reader->keep, text, &reader->response.location);
    }
    struct davit_ms_href *href = add_item(reader, &reader->hrefs, sizeof(*href));
    if (!href)
        return false;
    href->place = reader->text_place;
    return keep_it(reader, &reader->keep, text, &href->uri);
}

static bool end_status(struct davit_ms_reader *reader, struct str text)
{
    struct http_status_line line = {0};
    bool is_line = http_status_line_parse(text, &line);
    bool is_inner = is_within(reader, IN_PROPSTAT);
    struct davit_ms_propstat *propstat = is_inner ? last_propstat(reader) : NULL;
    struct davit_ms_text *to = propstat ? &propstat->status_line : &reader->response.status_line;
    if (to->len)
        tell(reader, LINT_TWICE, reader->text_place, STR("status"));
    if (propstat) {
        propstat->status = is_line ? line.status : 0;
        propstat->status_place = reader->text_place;
    } else {
        reader->response.status = is_line ? line.status : 0;
        reader->response.status_place = reader->text_place;
    }
    return keep_it(reader, &reader->keep, text, to);
}

static bool end_description(struct davit_ms_reader *reader, struct str text)
{
    struct str lang = buf_str(&reader->lang);
    if (!is_within(reader, IN_RESPONSE))
        return keep_it(reader, &reader->head_keep, text, &reader->head.description) &&
               keep_it(reader, &reader->head_keep, lang, &reader->head.description_lang);
    struct davit_ms_reason *reason =
        is_within(reader, IN_PROPSTAT) ? &last_propstat(reader)->reason : &reader->response.reason;
    return keep_it(reader, &reader->keep, text, &reason->description) &&
           keep_it(reader, &reader->keep, lang, &reason->description_lang);
}

static bool end_text(struct davit_ms_reader *reader, enum kind kind)
{
    struct str text = trim(buf_str(&reader->text));
    bool is_trimmed = text.len != reader->text.len;
    switch (kind) {
    case IN_HREF:
        return end_href(reader, text, is_trimmed);
    case IN_STATUS:
        return end_status(reader, text);
    case IN_DESCRIPTION:
        return end_description(reader, text);
    case IN_SYNC_TOKEN:
        return keep_it(reader, &reader->head_keep, text, &reader->head.sync_token);
    default:
        return true;
    }
}

/* --- captures --- */

static bool check_xml(struct davit_ms_reader *reader, enum xml_rc rc)
{
    if (rc == XML_LIMIT)
        return fail(reader, DAVIT_MS_LIMIT);
    return rc == XML_OK || fail(reader, DAVIT_MS_NO_MEMORY);
}

static bool begin_capture(struct davit_ms_reader *reader, const struct xml_element *element)
{
    reader->text_place = place_now(reader);
    reader->capture.bytes_max = reader->options.limits.response_bytes;
    return check_xml(reader, capture_start(&reader->capture, element));
}

/* Where the element that was captured belongs. */
static struct keep_list *list_of_capture(struct davit_ms_reader *reader)
{
    switch (kind_now(reader)) {
    case IN_PROP:
        last_propstat(reader)->prop_count++;
        return &reader->props;
    case IN_ERROR:
        if (!is_within(reader, IN_PROPSTAT))
            return &reader->conditions;
        last_propstat(reader)->reason.condition_count++;
        return &reader->propstat_conditions;
    default:
        return &reader->others;
    }
}

static bool end_capture(struct davit_ms_reader *reader)
{
    if (reader->capture.depth > 1)
        return check_xml(reader, capture_end(&reader->capture));
    struct davit_ms_element *element = add_item(reader, list_of_capture(reader), sizeof(*element));
    if (!element)
        return false;
    element->place = reader->text_place;
    return check_xml(reader, capture_finish(&reader->capture, &reader->keep, element));
}

/* --- events --- */

static const struct row *find_row(enum kind parent, struct str local)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].parent == parent && str_eq(rows[i].element, local))
            return &rows[i];
    }
    return NULL;
}

static bool begin_document(struct davit_ms_reader *reader, const struct xml_element *element)
{
    struct str ns = element->name.ns;
    bool is_dav = str_eq(ns, STR("DAV:"));
    bool is_any = (reader->options.flags & DAVIT_MS_ANY_NAMESPACE) && !is_dav;
    if (!str_eq(element->name.local, STR("multistatus")) || !(is_dav || is_any))
        return fail(reader, DAVIT_MS_NOT_MULTISTATUS);
    reader->kinds[reader->kind_count++] = IN_MULTISTATUS;
    return keep_it(reader, &reader->head_keep, ns, &reader->head.ns);
}

static bool begin_kind(struct davit_ms_reader *reader, enum kind kind,
                       const struct xml_element *element)
{
    assert(reader->kind_count < KINDS_MAX); /* rows[] is not deeper */
    reader->kinds[reader->kind_count++] = kind;
    if (is_text(kind)) {
        buf_clear(&reader->text);
        reader->text_place = place_now(reader);
    }
    if (kind == IN_RESPONSE)
        begin_response(reader);
    if (kind == IN_PROPSTAT)
        return begin_propstat(reader);
    if (kind == IN_PROP) {
        if (reader->has_prop)
            tell(reader, LINT_TWICE, place_now(reader), STR("prop"));
        reader->has_prop = true;
    }
    if (kind != IN_DESCRIPTION)
        return true;
    buf_clear(&reader->lang);
    if (!buf_try_reserve(&reader->lang, element->lang.len))
        return fail(reader, DAVIT_MS_NO_MEMORY);
    buf_add(&reader->lang, element->lang);
    return true;
}

static bool on_start(struct xml_events *events, const struct xml_element *element)
{
    struct davit_ms_reader *reader = CONTAINER_OF(events, struct davit_ms_reader, events);
    enum kind parent = kind_now(reader);
    const struct row *row = NULL;
    if (reader->skipped) {
        reader->skipped++;
        return true;
    }
    if (reader->capture.depth)
        return check_xml(reader, capture_start(&reader->capture, element));
    if (parent == IN_DOCUMENT)
        return begin_document(reader, element);
    if (parent == IN_PROP || parent == IN_ERROR)
        return begin_capture(reader, element);
    bool is_ours = str_eq(element->name.ns, str_of_text(reader->head.ns));
    if (is_ours)
        row = find_row(parent, element->name.local);
    if (row)
        return begin_kind(reader, row->kind, element);
    if (is_ours && parent == IN_MULTISTATUS &&
        (find_row(IN_RESPONSE, element->name.local) || find_row(IN_PROPSTAT, element->name.local)))
        tell(reader, LINT_OUTSIDE_RESPONSE, place_now(reader), element->name.local);
    else if (is_ours || parent != IN_RESPONSE)
        tell(reader, LINT_UNKNOWN_ELEMENT, place_now(reader), element->name.local);
    if (parent == IN_RESPONSE)
        return begin_capture(reader, element);
    reader->skipped = 1;
    return true;
}

static bool on_text(struct xml_events *events, struct str text)
{
    struct davit_ms_reader *reader = CONTAINER_OF(events, struct davit_ms_reader, events);
    if (reader->skipped)
        return true;
    if (reader->capture.depth)
        return check_xml(reader, capture_text(&reader->capture, text));
    if (!is_text(kind_now(reader))) {
        if (reader->observer && trim(text).len)
            tell(reader, LINT_STRAY_TEXT, place_now(reader), trim(text));
        return true;
    }
    if (reader->text.len + text.len > reader->options.limits.response_bytes)
        return fail(reader, DAVIT_MS_LIMIT);
    if (!buf_try_reserve(&reader->text, text.len))
        return fail(reader, DAVIT_MS_NO_MEMORY);
    buf_add(&reader->text, text);
    return true;
}

static bool on_end(struct xml_events *events, unsigned depth)
{
    struct davit_ms_reader *reader = CONTAINER_OF(events, struct davit_ms_reader, events);
    (void)depth; /* expat has matched it with the start */
    if (reader->skipped) {
        reader->skipped--;
        return true;
    }
    if (reader->capture.depth)
        return end_capture(reader);
    enum kind kind = kind_now(reader);
    if (is_text(kind) && !end_text(reader, kind))
        return false;
    if (kind == IN_PROPSTAT && !reader->has_prop)
        tell(reader, LINT_PROPSTAT_WITHOUT_PROP, last_propstat(reader)->place, STR_NONE);
    reader->kind_count--;
    if (kind == IN_RESPONSE)
        return end_response(reader);
    if (kind == IN_MULTISTATUS)
        reader->verdict.is_complete = true;
    return true;
}

/* --- the interface --- */

static void set_defaults(struct davit_ms_limits *limits)
{
    limits->response_bytes = limits->response_bytes ? limits->response_bytes : MIB(4);
    limits->response_parts = limits->response_parts ? limits->response_parts : 65536;
    limits->depth = limits->depth ? limits->depth : 300;
    limits->attributes = limits->attributes ? limits->attributes : 64;
    limits->namespace_bytes = limits->namespace_bytes ? limits->namespace_bytes : 8192;
}

struct davit_ms_reader *davit_ms_reader_new(const struct davit_ms_options *options)
{
    struct davit_ms_reader *reader = mem_try_new(1, sizeof(*reader));
    if (!reader)
        return NULL;
    reader->events = (struct xml_events){on_start, on_text, on_end};
    reader->head = (struct davit_ms_head){NOTHING, NOTHING, NOTHING, NOTHING};
    if (options)
        reader->options = *options;
    set_defaults(&reader->options.limits);
    struct xml_limits limits = {.depth_max = reader->options.limits.depth,
                                .attr_count_max = reader->options.limits.attributes,
                                .ns_bytes_max = reader->options.limits.namespace_bytes};
    reader->xml = xml_reader_new(&reader->events, &limits);
    if (!reader->xml) {
        davit_ms_reader_free(reader);
        return NULL;
    }
    return reader;
}

void davit_ms_reader_free(struct davit_ms_reader *reader)
{
    if (!reader)
        return;
    xml_reader_free(reader->xml);
    capture_done(&reader->capture);
    buf_done(&reader->text);
    buf_done(&reader->lang);
    keep_done(&reader->keep);
    keep_done(&reader->head_keep);
    mem_free(reader->hrefs.items);
    mem_free(reader->propstats.items);
    mem_free(reader->props.items);
    mem_free(reader->propstat_conditions.items);
    mem_free(reader->conditions.items);
    mem_free(reader->others.items);
    mem_free(reader);
}

void reader_set_observer(struct davit_ms_reader *reader, struct reader_observer *observer)
{
    reader->observer = observer;
}

enum davit_ms_rc davit_ms_reader_feed(struct davit_ms_reader *reader, const void *bytes, size_t len)
{
    if (reader->rc != DAVIT_MS_OK)
        return reader->rc;
    if (reader->rest.len || reader->is_paused || reader->is_last)
        return DAVIT_MS_MISUSE;
    reader->rest = str_of(bytes, len);
    return DAVIT_MS_OK;
}

static void note_xml(struct davit_ms_reader *reader, enum xml_rc rc)
{
    switch (rc) {
    case XML_OK:
    case XML_PAUSED:
    case XML_STOPPED: /* by what has failed here, and is noted */
        break;
    case XML_MALFORMED:
        (void)fail(reader,
                   xml_reader_is_cut_off(reader->xml) ? DAVIT_MS_CUT_OFF : DAVIT_MS_MALFORMED);
        break;
    case XML_FORBIDDEN:
        (void)fail(reader, DAVIT_MS_FORBIDDEN);
        break;
    case XML_LIMIT:
        (void)fail(reader, DAVIT_MS_LIMIT);
        break;
    case XML_NO_MEMORY:
        (void)fail(reader, DAVIT_MS_NO_MEMORY);
        break;
    }
}

/* Reads until a response is complete, or all that was fed has been read. */
static void read_on(struct davit_ms_reader *reader)
{
    if (reader->is_paused) { /* the response has been given out */
        reader->is_paused = false;
        note_xml(reader, xml_reader_resume(reader->xml));
    }
    while (reader->rc == DAVIT_MS_OK && !reader->is_paused && reader->rest.len) {
        struct str piece = str_first(reader->rest, STEP_BYTES);
        reader->rest = str_from(reader->rest, piece.len);
        note_xml(reader, xml_reader_feed(reader->xml, piece, false));
    }
    if (reader->rc == DAVIT_MS_OK && !reader->is_paused && reader->is_last && !reader->has_last) {
        reader->has_last = true;
        note_xml(reader, xml_reader_feed(reader->xml, STR_NONE, true));
    }
}

enum davit_ms_rc davit_ms_reader_next(struct davit_ms_reader *reader,
                                      const struct davit_ms_response **response_out)
{
    if (reader->rc != DAVIT_MS_OK)
        return reader->rc;
    read_on(reader);
    if (reader->rc != DAVIT_MS_OK) {
        reader->rest = STR_NONE;
        reader->verdict.is_complete = false; /* something stands behind its end */
        return reader->rc;
    }
    if (reader->is_paused) {
        *response_out = &reader->response;
        return DAVIT_MS_RESPONSE;
    }
    return reader->is_last ? DAVIT_MS_END : DAVIT_MS_MORE;
}

enum davit_ms_rc davit_ms_reader_finish(struct davit_ms_reader *reader)
{
    const struct davit_ms_response *response;
    if (reader->rc == DAVIT_MS_OK && (reader->rest.len || reader->is_paused))
        return DAVIT_MS_MISUSE;
    reader->is_last = true;
    return davit_ms_reader_next(reader, &response);
}

const struct davit_ms_head *davit_ms_reader_head(const struct davit_ms_reader *reader)
{
    return &reader->head;
}

const struct davit_ms_verdict *davit_ms_reader_verdict(const struct davit_ms_reader *reader)
{
    return &reader->verdict;
}

struct davit_ms_place davit_ms_reader_place(const struct davit_ms_reader *reader)
{
    struct xml_where where = xml_reader_where(reader->xml);
    return (struct davit_ms_place){where.byte, where.line, where.column};
}

const char *davit_ms_reader_message(const struct davit_ms_reader *reader)
{
    if (reader->rc == DAVIT_MS_MALFORMED)
        return xml_reader_message(reader->xml);
    return davit_ms_rc_text(reader->rc);
}
