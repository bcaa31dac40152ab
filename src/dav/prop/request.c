/* The XML request bodies of RFC 4918, that of a sync-collection (RFC 6578), and ownCloud's
 * filter-files, each read by one small machine over the events of xml/reader.h. Depth is the state:
 * 1 is the document element, 2 its children, and so on; a machine remembers no more than which of
 * the elements above it are ones that it knows.
 *
 * Elements that nobody knows are skipped with all that is in them (§17), wherever they stand; so a
 * <prop> within one is no <prop>. What is known must make sense: a propfind asks one thing, a
 * lockinfo has a scope and a type, and 400 says which is missing. A scope or type that is not known
 * is 422: the request is well-formed, but there is no such lock.
 *
 * Values of properties and owners of locks are kept as text while they are read (xml/fragment.h);
 * names and values live in the exchange's arena. */
#include "dav/prop/request.h"

#include "dav/from_store.h"
#include "exchange/body.h"
#include "xml/fragment.h"

/* --- shared --- */

struct dav_result body_read(struct str body, struct xml_events *events, const struct limits *limits,
                            const struct dav_result *stopped)
{
    struct xml_limits bounds = exchange_xml_bounds(limits);
    return exchange_xml_result(xml_read(body, events, &bounds), *stopped);
}

bool body_is_dav(const struct xml_element *element, struct str local)
{
    return xml_name_is(&element->name, STR(NS_DAV), local);
}

struct prop_name body_name(const struct xml_element *element, struct arena *arena)
{
    return (struct prop_name){
        .ns = arena_str(arena, element->name.ns),
        .name = arena_str(arena, element->name.local),
        .live = dav_prop_find(element->name.ns, element->name.local),
    };
}

bool body_count_name(size_t *left, const struct xml_element *element, struct dav_result *stopped)
{
    size_t bytes = element->name.ns.len + element->name.local.len + sizeof(struct prop_name);
    if (bytes > *left) {
        *stopped = dav_error(HTTP_CONTENT_TOO_LARGE, "the request body names too many properties");
        return false;
    }
    *left -= bytes;
    return true;
}

void *body_grow(struct arena *arena, void *items, size_t count, size_t item_bytes)
{
    bool is_full = count == 0 || (count >= 4 && (count & (count - 1)) == 0);
    if (!is_full)
        return items;
    void *grown = arena_alloc(arena, (count < 4 ? 4 : count * 2) * item_bytes);
    if (count)
        memcpy(grown, items, count * item_bytes);
    return grown;
}

bool body_ignore_text(struct xml_events *events, struct str text)
{
    (void)events, (void)text; /* means nothing here */
    return true;
}

bool body_ignore_end(struct xml_events *events, unsigned depth)
{
    (void)events, (void)depth; /* means nothing here */
    return true;
}

/* --- propfind --- */

bool names_read(struct names_reader *names, const struct xml_element *element,
                struct dav_result *stopped)
{
    struct propfind_request *request = names->request;
    if (!body_count_name(&names->bytes_left, element, stopped))
        return false;
    size_t count = request->name_count;
    if (name_set_add(&names->seen, element->name.ns, element->name.local, count) < count)
        return true;
    request->names = body_grow(names->arena, request->names, count, sizeof(*request->names));
    struct prop_name name = body_name(element, names->arena);
    request->names[request->name_count++] = name;
    request->wants_quota |= name.live && (name.live->flags & PROP_OF_QUOTA);
    request->wants_dead |=
        !name.live || (name.live->flags & (PROP_OVERRIDABLE | PROP_OF_SYNC | PROP_OF_OPTION));
    request->wants_type |= name.live && (name.live->flags & PROP_OF_TYPE);
    request->wants_locks |= name.live && (name.live->flags & PROP_OF_LOCKS);
    request->wants_created |= name.live && (name.live->flags & PROP_OF_CREATION);
    request->wants_hashes |= name.live && (name.live->flags & PROP_OF_HASHES);
    request->wants_id |= name.live && (name.live->flags & PROP_OF_ID);
    request->blocks |= name.live && (name.live->flags & PROP_BLOCKS);
    return true;
}

struct propfind_reader {
    struct xml_events events;
    struct names_reader names;
    struct dav_result stopped;
    unsigned kinds; /* how many of allprop, propname and prop */
    bool has_include;
    bool is_in_names; /* within prop or include */
};

static bool propfind_child(struct propfind_reader *reader, const struct xml_element *element)
{
    bool is_prop = body_is_dav(element, STR("prop"));
    bool is_include = body_is_dav(element, STR("include"));
    reader->is_in_names = is_prop || is_include;
    struct propfind_request *request = reader->names.request;
    reader->has_include |= is_include;
    if (is_prop) {
        request->kind = PROPFIND_PROPS;
        request->wants_dead = request->wants_locks = false; /* until a name does */
        request->wants_created = false;
    } else if (body_is_dav(element, STR("propname"))) {
        request->kind = PROPFIND_NAMES;
        request->wants_quota = request->wants_hashes = request->wants_id = true;
    } else if (body_is_dav(element, STR("allprop"))) {
        request->kind = PROPFIND_ALL;
    } else {
        return true;
    }
    reader->kinds++;
    return true;
}

static bool propfind_start(struct xml_events *events, const struct xml_element *element)
{
    struct propfind_reader *reader = CONTAINER_OF(events, struct propfind_reader, events);
    if (element->depth == 1 && !body_is_dav(element, STR("propfind"))) {
        reader->stopped = dav_error(HTTP_BAD_REQUEST, "the request body is not a DAV:propfind");
        return false;
    }
    if (element->depth == 2)
        return propfind_child(reader, element);
    return element->depth != 3 || !reader->is_in_names ||
           names_read(&reader->names, element, &reader->stopped);
}

static struct dav_result parse_propfind(struct str body, const struct limits *limits,
                                        struct arena *arena, struct propfind_request *request_out)
{
    struct propfind_request request = {
        .kind = PROPFIND_ALL, .wants_dead = true, .wants_locks = true, .wants_created = true};
    struct propfind_reader reader = {
        .events = {propfind_start, body_ignore_text, body_ignore_end},
        .names = {arena, &request, {.arena = arena}, (size_t)limits->property_name_bytes}};
    struct dav_result result = DAV_FINE;
    if (body.len) { /* §9.1: an empty body asks for allprop */
        result = body_read(body, &reader.events, limits, &reader.stopped);
        name_set_done(&reader.names.seen);
        bool is_one = reader.kinds == 1 && (!reader.has_include || request.kind == PROPFIND_ALL);
        if (dav_is_fine(result) && !is_one)
            result = dav_error(HTTP_BAD_REQUEST,
                               "a propfind must have exactly one of allprop, propname and prop");
    }
    if (dav_is_fine(result))
        *request_out = request;
    return result;
}

/* A client asks for the same properties of one resource after the other, byte for byte. What a
 * thread has read last is not read again. */
enum { MEMO_BODY_BYTES = 1024, MEMO_NAMES = 16, MEMO_TEXT_BYTES = 1024 };

static _Thread_local struct {
    const struct limits *limits;
    size_t body_len; /* 0: nothing is remembered */
    char body[MEMO_BODY_BYTES];
    struct propfind_request request;
    struct prop_name names[MEMO_NAMES]; /* of names that no live property has: within `text` */
    size_t text_len;
    char text[MEMO_TEXT_BYTES];
} memo;

static bool remember_text(struct str *text)
{
    if (text->len > MEMO_TEXT_BYTES - memo.text_len)
        return false;
    char *copy = memo.text + memo.text_len;
    memcpy(copy, text->at, text->len);
    memo.text_len += text->len;
    text->at = copy;
    return true;
}

static void remember(struct str body, const struct limits *limits,
                     const struct propfind_request *request)
{
    memo.body_len = memo.text_len = 0;
    if (body.len > MEMO_BODY_BYTES || request->name_count > MEMO_NAMES)
        return;
    for (size_t i = 0; i < request->name_count; i++) {
        struct prop_name *name = &memo.names[i];
        *name = request->names[i];
        if (!remember_text(&name->ns) || !remember_text(&name->name))
            return;
    }
    memo.limits = limits;
    memo.request = *request;
    memo.body_len = body.len;
    memcpy(memo.body, body.at, body.len);
}

static bool recall(struct str body, const struct limits *limits, struct arena *arena,
                   struct propfind_request *request_out)
{
    if (!memo.body_len || memo.limits != limits || !str_eq(str_of(memo.body, memo.body_len), body))
        return false;
    *request_out = memo.request;
    size_t count = memo.request.name_count;
    request_out->names = arena_alloc(arena, count * sizeof(*request_out->names));
    for (size_t i = 0; i < count; i++) {
        struct prop_name *name = &request_out->names[i];
        *name = memo.names[i];
        name->ns = name->live ? name->live->ns : arena_str(arena, name->ns);
        name->name = name->live ? name->live->name : arena_str(arena, name->name);
    }
    return true;
}

unsigned propfind_wants(const struct propfind_request *request)
{
    bool wants_props = request->wants_dead || request->wants_type;
    return (wants_props ? WANTS_PROPS : 0U) | (request->wants_locks ? WANTS_LOCKS : 0U) |
           (request->wants_created ? WANTS_CREATED : 0U) |
           (request->wants_hashes ? WANTS_HASHES : 0U) | (request->wants_id ? WANTS_ID : 0U);
}

struct dav_result propfind_parse(struct str body, const struct limits *limits, struct arena *arena,
                                 struct propfind_request *request_out)
{
    if (recall(body, limits, arena, request_out))
        return DAV_FINE;
    struct dav_result result = parse_propfind(body, limits, arena, request_out);
    if (dav_is_fine(result) && body.len)
        remember(body, limits, request_out);
    return result;
}

/* --- what it is --- */

struct root_reader {
    struct xml_events events;
    struct arena *arena;
    struct prop_name *name;
};

static bool root_start(struct xml_events *events, const struct xml_element *element)
{
    struct root_reader *reader = CONTAINER_OF(events, struct root_reader, events);
    *reader->name = body_name(element, reader->arena);
    return false; /* that is all */
}

struct dav_result root_parse(struct str body, const struct limits *limits, struct arena *arena,
                             struct prop_name *name_out)
{
    struct root_reader reader = {{root_start, body_ignore_text, body_ignore_end}, arena, name_out};
    return body_read(body, &reader.events, limits, &DAV_FINE);
}

/* --- sync-collection --- */

enum { SYNC_TEXT_BYTES = 256 }; /* what means something is shorter */

enum sync_value { VALUE_NONE, VALUE_TOKEN, VALUE_LEVEL, VALUE_COUNT };

struct sync_reader {
    struct xml_events events;
    struct names_reader names;
    struct sync_request *request;
    struct dav_result stopped;
    enum sync_value value; /* that is being read */
    unsigned value_depth;  /* of its element */
    struct buf text;       /* what it says */
    bool has_token;
    bool is_in_prop;
    bool is_in_limit;
};

static enum sync_value value_of(const struct sync_reader *reader, const struct xml_element *element)
{
    if (element->depth == 2 && body_is_dav(element, STR("sync-token")))
        return VALUE_TOKEN;
    if (element->depth == 2 && body_is_dav(element, STR("sync-level")))
        return VALUE_LEVEL;
    if (element->depth == 3 && reader->is_in_limit && body_is_dav(element, STR("nresults")))
        return VALUE_COUNT;
    return reader->value; /* what is within one means nothing */
}

static bool sync_start(struct xml_events *events, const struct xml_element *element)
{
    struct sync_reader *reader = CONTAINER_OF(events, struct sync_reader, events);
    unsigned depth = element->depth;
    if (depth == 1 && !body_is_dav(element, STR("sync-collection"))) {
        reader->stopped = dav_condition(CONDITION_SUPPORTED_REPORT,
                                        "the only report that there is is DAV:sync-collection");
        return false;
    }
    if (depth == 2) {
        reader->is_in_prop = body_is_dav(element, STR("prop"));
        reader->is_in_limit = body_is_dav(element, STR("limit"));
    }
    if (depth == 3 && reader->is_in_prop)
        return names_read(&reader->names, element, &reader->stopped);
    enum sync_value value = value_of(reader, element);
    if (value != reader->value) {
        reader->value = value;
        reader->value_depth = depth;
        buf_clear(&reader->text);
    }
    return true;
}

static bool sync_text(struct xml_events *events, struct str text)
{
    struct sync_reader *reader = CONTAINER_OF(events, struct sync_reader, events);
    if (reader->value && reader->text.len <= SYNC_TEXT_BYTES)
        buf_add(&reader->text, str_first(text, SYNC_TEXT_BYTES + 1));
    return true;
}

/* False: it makes no sense. */
static bool take_value(struct sync_reader *reader, struct str value)
{
    struct sync_request *request = reader->request;
    switch (reader->value) {
    case VALUE_COUNT:
        if (!str_parse_u64(value, &request->nresults))
            return false;
        if (request->nresults > INT64_MAX)
            request->nresults = UINT64_MAX;
        return request->nresults > 0;
    case VALUE_LEVEL:
        request->has_level = true;
        request->is_deep = str_eq(value, STR("infinite")) || str_eq(value, STR("infinity"));
        return request->is_deep || str_eq(value, STR("1"));
    case VALUE_TOKEN:
        reader->has_token = true;
        request->token = arena_str(reader->names.arena, value);
        return true;
    case VALUE_NONE:
        break;
    }
    BUG("no value is being read");
}

static bool is_xml_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str body_trim(struct str text)
{
    while (text.len && is_xml_space(text.at[0]))
        text = str_from(text, 1);
    while (text.len && is_xml_space(text.at[text.len - 1]))
        text.len--;
    return text;
}

static bool sync_end(struct xml_events *events, unsigned depth)
{
    struct sync_reader *reader = CONTAINER_OF(events, struct sync_reader, events);
    if (!reader->value || depth != reader->value_depth)
        return true;
    bool is_fine = take_value(reader, body_trim(buf_str(&reader->text)));
    reader->value = VALUE_NONE;
    if (is_fine)
        return true;
    reader->stopped = dav_error(HTTP_BAD_REQUEST, "sync-level is 1 or infinite, and nresults a "
                                                  "number of at least 1");
    return false;
}

struct dav_result sync_parse(struct str body, const struct limits *limits, struct arena *arena,
                             struct sync_request *request_out)
{
    struct sync_request request = {.props.kind = PROPFIND_PROPS, .nresults = UINT64_MAX};
    struct sync_reader reader = {
        .events = {sync_start, sync_text, sync_end},
        .names = {arena, &request.props, {.arena = arena}, (size_t)limits->property_name_bytes},
        .request = &request};
    struct dav_result result = body_read(body, &reader.events, limits, &reader.stopped);
    name_set_done(&reader.names.seen);
    buf_done(&reader.text);
    if (dav_is_fine(result) && !reader.has_token) /* RFC 6578 §6.1 */
        result = dav_error(HTTP_BAD_REQUEST,
                           "a sync-collection must have a sync-token; an empty one asks for all");
    if (dav_is_fine(result))
        *request_out = request;
    return result;
}

/* --- filter-files --- */

struct filter_reader {
    struct xml_events events;
    struct names_reader names;
    struct dav_result stopped;
    bool is_in_prop;
    bool is_in_rules;
    bool has_rule;
};

static bool is_owncloud(const struct xml_element *element, struct str local)
{
    return xml_name_is(&element->name, STR(NS_OWNCLOUD), local);
}

static bool filter_start(struct xml_events *events, const struct xml_element *element)
{
    struct filter_reader *reader = CONTAINER_OF(events, struct filter_reader, events);
    if (element->depth == 2) {
        reader->is_in_prop = body_is_dav(element, STR("prop"));
        reader->is_in_rules = is_owncloud(element, STR("filter-rules"));
    }
    if (element->depth == 3 && reader->is_in_prop)
        return names_read(&reader->names, element, &reader->stopped);
    bool is_rule = element->depth == 3 && reader->is_in_rules;
    reader->has_rule |= is_rule;
    bool is_unknown = (is_rule && !is_owncloud(element, STR("favorite"))) ||
                      (element->depth == 1 && !is_owncloud(element, STR("filter-files")));
    if (is_unknown)
        reader->stopped =
            dav_condition(CONDITION_SUPPORTED_REPORT, "there is no such report, or no such rule");
    return !is_unknown;
}

struct dav_result filter_parse(struct str body, const struct limits *limits, struct arena *arena,
                               struct propfind_request *request_out)
{
    struct propfind_request request = {.kind = PROPFIND_PROPS};
    struct filter_reader reader = {
        .events = {filter_start, body_ignore_text, body_ignore_end},
        .names = {arena, &request, {.arena = arena}, (size_t)limits->property_name_bytes}};
    struct dav_result result = body_read(body, &reader.events, limits, &reader.stopped);
    name_set_done(&reader.names.seen);
    if (dav_is_fine(result) && !reader.has_rule)
        result = dav_error(HTTP_BAD_REQUEST, "filter-files must have a rule: oc:favorite");
    if (dav_is_fine(result))
        *request_out = request;
    return result;
}

/* --- propertybehavior --- */

struct behavior_reader {
    struct xml_events events;
    struct dav_result stopped;
};

static bool behavior_start(struct xml_events *events, const struct xml_element *element)
{
    struct behavior_reader *reader = CONTAINER_OF(events, struct behavior_reader, events);
    if (element->depth > 1 || body_is_dav(element, STR("propertybehavior")))
        return true;
    reader->stopped =
        dav_error(HTTP_UNSUPPORTED_MEDIA_TYPE, "COPY and MOVE take no such request body");
    return false;
}

struct dav_result propertybehavior_check(struct str body, const struct limits *limits)
{
    struct behavior_reader reader = {.events = {behavior_start, body_ignore_text, body_ignore_end}};
    return body_read(body, &reader.events, limits, &reader.stopped);
}

/* --- lockinfo --- */

struct lockinfo_reader {
    struct xml_events events;
    struct lock_request *request;
    struct dav_result stopped;
    bool is_in_scope;
    bool is_in_type;
    bool has_scope;
    bool has_type;
    bool has_unknown; /* a scope or a type that there is not */
    bool has_both;    /* exclusive and shared */
    struct xml_fragment owner;
    size_t owner_bytes_max;
};

/* Room for the next event; false: the owner is too long already, or there is no memory. */
static bool make_owner_room(struct lockinfo_reader *reader, const struct xml_element *element,
                            struct str text)
{
    if (reader->owner.text.len > reader->owner_bytes_max)
        reader->stopped = dav_error(HTTP_CONTENT_TOO_LARGE, "the lock's owner element is too long");
    else if (!xml_fragment_reserve(&reader->owner, element, text))
        reader->stopped = dav_from_store(STORE_BUSY);
    return dav_is_fine(reader->stopped);
}

/* What is not known is passed over (§17) as long as there is something that is. */
static void lockinfo_leaf(struct lockinfo_reader *reader, const struct xml_element *element)
{
    bool is_exclusive = body_is_dav(element, STR("exclusive"));
    if (reader->is_in_scope && (is_exclusive || body_is_dav(element, STR("shared")))) {
        reader->has_both |= reader->has_scope && reader->request->is_exclusive != is_exclusive;
        reader->request->is_exclusive = is_exclusive;
        reader->has_scope = true;
    } else if (reader->is_in_type && body_is_dav(element, STR("write"))) {
        reader->has_type = true;
    } else if (reader->is_in_scope || reader->is_in_type) {
        reader->has_unknown = true;
    }
}

static bool lockinfo_start(struct xml_events *events, const struct xml_element *element)
{
    struct lockinfo_reader *reader = CONTAINER_OF(events, struct lockinfo_reader, events);
    if (element->depth == 1 && !body_is_dav(element, STR("lockinfo"))) {
        reader->stopped = dav_error(HTTP_BAD_REQUEST, "the request body is not a DAV:lockinfo");
        return false;
    }
    bool begins_owner = element->depth == 2 && body_is_dav(element, STR("owner"));
    if (begins_owner && reader->owner.text.len) {
        reader->stopped = dav_error(HTTP_BAD_REQUEST, "a lock may have only one owner element");
        return false;
    }
    if (begins_owner || reader->owner.depth > 0) {
        if (!make_owner_room(reader, element, STR_NONE))
            return false;
        xml_fragment_start(&reader->owner, element);
        return true;
    }
    if (element->depth == 1)
        xml_fragment_enter(&reader->owner, element);
    if (element->depth == 2) {
        reader->is_in_scope = body_is_dav(element, STR("lockscope"));
        reader->is_in_type = body_is_dav(element, STR("locktype"));
    }
    if (element->depth == 3)
        lockinfo_leaf(reader, element);
    return true;
}

static bool lockinfo_text(struct xml_events *events, struct str text)
{
    struct lockinfo_reader *reader = CONTAINER_OF(events, struct lockinfo_reader, events);
    if (reader->owner.depth == 0)
        return true;
    if (!make_owner_room(reader, NULL, text))
        return false;
    xml_fragment_text(&reader->owner, text);
    return true;
}

static bool lockinfo_end(struct xml_events *events, unsigned depth)
{
    struct lockinfo_reader *reader = CONTAINER_OF(events, struct lockinfo_reader, events);
    if (reader->owner.depth > 0)
        xml_fragment_end(&reader->owner);
    if (depth == 2)
        reader->is_in_scope = reader->is_in_type = false;
    return true;
}

static struct dav_result parse_lockinfo(struct str body, const struct limits *limits,
                                        struct arena *arena, struct lock_request *request_out)
{
    struct lock_request request = {0};
    struct lockinfo_reader reader = {.events = {lockinfo_start, lockinfo_text, lockinfo_end},
                                     .request = &request,
                                     .owner_bytes_max = (size_t)limits->lock_owner_bytes};
    struct dav_result result = body_read(body, &reader.events, limits, &reader.stopped);
    bool is_whole = reader.has_scope && reader.has_type;
    if (dav_is_fine(result) && !is_whole && reader.has_unknown)
        result =
            dav_error(HTTP_UNPROCESSABLE_CONTENT, "locks of this scope or type are not supported");
    if (dav_is_fine(result) && !is_whole)
        result = dav_error(HTTP_BAD_REQUEST, "a lockinfo must have a lockscope and a locktype");
    if (dav_is_fine(result) && reader.has_both) /* §14.13: one of them */
        result = dav_error(HTTP_BAD_REQUEST, "a lock is either exclusive or shared");
    if (dav_is_fine(result) && reader.owner.text.len > limits->lock_owner_bytes)
        result = dav_error(HTTP_CONTENT_TOO_LARGE, "the lock's owner element is too long");
    if (dav_is_fine(result)) {
        request.owner_xml = arena_str(arena, buf_str(&reader.owner.text));
        *request_out = request;
    }
    xml_fragment_done(&reader.owner);
    return result;
}

/* A client locks one file after the other in the same words, too. */
static _Thread_local struct {
    size_t body_len; /* 0: nothing is remembered */
    char body[MEMO_BODY_BYTES];
    bool is_exclusive;
    size_t owner_len;
    char owner[MEMO_TEXT_BYTES];
} lock_memo;

static void remember_lock(struct str body, const struct lock_request *request)
{
    struct str owner = request->owner_xml;
    if (body.len > MEMO_BODY_BYTES || owner.len > MEMO_TEXT_BYTES)
        return;
    lock_memo.is_exclusive = request->is_exclusive;
    lock_memo.body_len = body.len;
    memcpy(lock_memo.body, body.at, body.len);
    lock_memo.owner_len = owner.len;
    if (owner.len)
        memcpy(lock_memo.owner, owner.at, owner.len);
}

struct dav_result lockinfo_parse(struct str body, const struct limits *limits, struct arena *arena,
                                 struct lock_request *request_out)
{
    bool is_known = lock_memo.body_len && lock_memo.owner_len <= limits->lock_owner_bytes &&
                    str_eq(str_of(lock_memo.body, lock_memo.body_len), body);
    if (is_known) {
        request_out->is_exclusive = lock_memo.is_exclusive;
        request_out->owner_xml = arena_str(arena, str_of(lock_memo.owner, lock_memo.owner_len));
        return DAV_FINE;
    }
    struct dav_result result = parse_lockinfo(body, limits, arena, request_out);
    if (dav_is_fine(result))
        remember_lock(body, request_out);
    return result;
}
