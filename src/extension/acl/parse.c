/* The body is read by a small machine over the events of xml/reader.h: depth 2 is an entry, 3 what
 * it consists of, 4 a principal or a privilege, 5 which privilege, or which property names the
 * principal.
 *
 * What is wrong with it has a condition of its own in RFC 3744 §8.1.1, and the first that is met is
 * answered; but a body that is no list at all is a 400, whatever else it says. So reading goes on
 * to the end. */
#include "extension/acl/parse.h"

#include "dav/prop/request.h"

struct acl_reader {
    struct xml_events events;
    struct arena *arena;
    size_t count_max;
    struct acl_request *request;
    struct dav_result stopped;
    struct dav_result wrong; /* the first condition that is not met */
    enum { IN_NOTHING, IN_PRINCIPAL, IN_RIGHTS } part;
    bool is_in_href, is_in_privilege, is_in_property;
    bool has_principal, has_rights; /* of this entry */
    bool has_grant;                 /* in an entry before */
    struct buf href;
};

enum { HREF_BYTES_MAX = 8192 };

static bool stop(struct acl_reader *reader, const char *text)
{
    reader->stopped = dav_error(HTTP_BAD_REQUEST, text);
    return false;
}

static void blame(struct acl_reader *reader, enum dav_condition condition, const char *text)
{
    if (dav_is_fine(reader->wrong))
        reader->wrong = dav_condition(condition, text);
}

static struct acl_entry *entry_of(struct acl_reader *reader)
{
    return &reader->request->entries[reader->request->count - 1];
}

static bool begin_entry(struct acl_reader *reader, const struct xml_element *element)
{
    struct acl_request *request = reader->request;
    if (!body_is_dav(element, STR("ace")))
        return stop(reader, "the acl holds what is no DAV:ace");
    if (request->count == reader->count_max) {
        reader->stopped = dav_condition(CONDITION_LIMITED_NUMBER_OF_ACES, NULL);
        return false;
    }
    request->entries =
        body_grow(reader->arena, request->entries, request->count, sizeof(*request->entries));
    request->entries[request->count++] = (struct acl_entry){0};
    reader->has_principal = reader->has_rights = false;
    return true;
}

static bool begin_part(struct acl_reader *reader, const struct xml_element *element)
{
    bool is_deny = body_is_dav(element, STR("deny"));
    reader->part = IN_NOTHING;
    if (body_is_dav(element, STR("invert"))) {
        blame(reader, CONDITION_NO_INVERT, NULL);
        reader->has_principal = true;
    } else if (body_is_dav(element, STR("protected"))) {
        blame(reader, CONDITION_NO_PROTECTED_ACE_CONFLICT, "protected entries are the server's");
    } else if (body_is_dav(element, STR("inherited"))) {
        blame(reader, CONDITION_NO_INHERITED_ACE_CONFLICT, NULL);
    } else if (body_is_dav(element, STR("principal"))) {
        if (reader->has_principal)
            return stop(reader, "a DAV:ace has two principals");
        reader->part = IN_PRINCIPAL;
    } else if (is_deny || body_is_dav(element, STR("grant"))) {
        if (reader->has_rights)
            return stop(reader, "a DAV:ace grants or denies twice");
        reader->part = IN_RIGHTS;
        reader->has_rights = true;
        entry_of(reader)->ace.is_deny = is_deny;
        if (is_deny && reader->has_grant)
            blame(reader, CONDITION_DENY_BEFORE_GRANT, NULL);
        reader->has_grant |= !is_deny;
    }
    return true;
}

static bool begin_principal(struct acl_reader *reader, const struct xml_element *element)
{
    static const struct {
        struct str name;
        enum ace_who who;
    } names[] = {
        {STR_INIT("href"), ACE_USER}, /* or a group: its URL says that */
        {STR_INIT("all"), ACE_ALL},
        {STR_INIT("authenticated"), ACE_AUTHENTICATED},
        {STR_INIT("unauthenticated"), ACE_UNAUTHENTICATED},
        {STR_INIT("self"), ACE_SELF},
        {STR_INIT("property"), ACE_OWNER},
    };
    size_t i = 0;
    if (reader->has_principal)
        return stop(reader, "a DAV:principal names several");
    reader->has_principal = true;
    while (i < ARRAY_LEN(names) && !body_is_dav(element, names[i].name))
        i++;
    if (i == ARRAY_LEN(names)) {
        blame(reader, CONDITION_ALLOWED_PRINCIPAL, NULL);
        return true;
    }
    entry_of(reader)->ace.who = names[i].who;
    reader->is_in_href = names[i].who == ACE_USER;
    reader->is_in_property = names[i].who == ACE_OWNER;
    return true;
}

/* RFC 3744 §3; those without rights are abstract here. */
static void add_privilege(struct acl_reader *reader, const struct xml_element *element)
{
    static const struct {
        struct str name;
        unsigned rights;
    } privileges[] = {
        {STR_INIT("all"), ACE_READ | ACE_WRITE},
        {STR_INIT("read"), ACE_READ},
        {STR_INIT("write"), ACE_WRITE},
        {STR_INIT("read-acl"), 0},
        {STR_INIT("read-current-user-privilege-set"), 0},
        {STR_INIT("write-content"), 0},
        {STR_INIT("write-properties"), 0},
        {STR_INIT("bind"), 0},
        {STR_INIT("unbind"), 0},
        {STR_INIT("unlock"), 0},
        {STR_INIT("write-acl"), 0},
    };
    size_t i = 0;
    while (i < ARRAY_LEN(privileges) && !body_is_dav(element, privileges[i].name))
        i++;
    if (i == ARRAY_LEN(privileges))
        blame(reader, CONDITION_NOT_SUPPORTED_PRIVILEGE, NULL);
    else if (!privileges[i].rights)
        blame(reader, CONDITION_NO_ABSTRACT, NULL);
    else
        entry_of(reader)->ace.rights |= privileges[i].rights;
}

static bool acl_start(struct xml_events *events, const struct xml_element *element)
{
    struct acl_reader *reader = CONTAINER_OF(events, struct acl_reader, events);
    switch (element->depth) {
    case 1:
        return body_is_dav(element, STR("acl")) ||
               stop(reader, "the request body is not a DAV:acl");
    case 2:
        return begin_entry(reader, element);
    case 3:
        return begin_part(reader, element);
    case 4:
        if (reader->part == IN_PRINCIPAL)
            return begin_principal(reader, element);
        reader->is_in_privilege =
            reader->part == IN_RIGHTS && body_is_dav(element, STR("privilege"));
        return true;
    case 5:
        if (reader->part == IN_RIGHTS && reader->is_in_privilege)
            add_privilege(reader, element);
        if (reader->part == IN_PRINCIPAL && reader->is_in_property &&
            !body_is_dav(element, STR("owner")))
            blame(reader, CONDITION_ALLOWED_PRINCIPAL, NULL);
        return true;
    }
    return true; /* means nothing */
}

static bool acl_text(struct xml_events *events, struct str text)
{
    struct acl_reader *reader = CONTAINER_OF(events, struct acl_reader, events);
    if (reader->is_in_href && reader->href.len + text.len > HREF_BYTES_MAX)
        return stop(reader, "a principal's URL is too long");
    if (reader->is_in_href)
        buf_add(&reader->href, text);
    return true;
}

static bool end_entry(struct acl_reader *reader)
{
    const struct acl_entry *entry = entry_of(reader);
    if (!reader->has_principal || !reader->has_rights)
        return stop(reader, "a DAV:ace lacks its principal, or what it grants or denies");
    if (!entry->ace.rights && dav_is_fine(reader->wrong))
        return stop(reader, "a DAV:ace grants or denies nothing");
    return true;
}

static bool acl_end(struct xml_events *events, unsigned depth)
{
    struct acl_reader *reader = CONTAINER_OF(events, struct acl_reader, events);
    if (depth == 4 && reader->is_in_href) {
        entry_of(reader)->href = arena_str(reader->arena, body_trim(buf_str(&reader->href)));
        if (!entry_of(reader)->href.len)
            blame(reader, CONDITION_RECOGNIZED_PRINCIPAL, NULL);
        buf_clear(&reader->href);
    }
    if (depth == 4)
        reader->is_in_href = reader->is_in_property = reader->is_in_privilege = false;
    if (depth == 3)
        reader->part = IN_NOTHING;
    return depth != 2 || end_entry(reader);
}

/* One denies what another grants to the same. */
static bool conflict(const struct acl_entry *a, const struct acl_entry *b)
{
    return a->ace.is_deny != b->ace.is_deny && (a->ace.rights & b->ace.rights) &&
           a->ace.who == b->ace.who && str_eq(a->href, b->href);
}

static bool has_conflict(const struct acl_request *request)
{
    for (size_t i = 0; i < request->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (conflict(&request->entries[i], &request->entries[j]))
                return true;
        }
    }
    return false;
}

struct dav_result acl_parse(struct str body, const struct limits *limits, struct arena *arena,
                            struct acl_request *request_out)
{
    struct acl_request request = {0};
    struct acl_reader reader = {.events = {acl_start, acl_text, acl_end},
                                .arena = arena,
                                .count_max = (size_t)limits->acl_aces,
                                .request = &request};
    struct dav_result result = body_read(body, &reader.events, limits, &reader.stopped);
    buf_done(&reader.href);
    if (dav_is_fine(result))
        result = reader.wrong;
    if (dav_is_fine(result) && has_conflict(&request))
        result = dav_condition(CONDITION_NO_ACE_CONFLICT, NULL);
    if (dav_is_fine(result))
        *request_out = request;
    return result;
}
