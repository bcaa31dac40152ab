/* POST to a collection makes a member of it, whose name the server chooses (RFC 5995). The URL to
 * send it to is the collection's with "?add-member", which DAV:add-member tells: a POST to the
 * collection itself may be something else by the type of its content.
 *
 * What follows is a PUT of a resource that is not there, as a request of its own
 * (exchange/inner/inner.h): so all that holds for one holds here, rules included, and nothing is
 * ever replaced: where somebody else was faster with the name, the answer is 412.
 *
 * A client may say by Slug what the name should be like (RFC 5023 §9.7). It is a hint: what would
 * be another path, or could not be shown, is left out of it, and a name that is taken gets a
 * number: the next one as long as these are few, and then any, since a camera that calls all its
 * pictures the same must not be told one day that there are too many. */
#include "base/random.h"
#include "base/utf8.h"
#include "dav/extension.h"
#include "dav/lock/if_check.h"
#include "dav/prop/prop.h"
#include "dav/target.h"
#include "exchange/inner/inner.h"
#include "exchange/respond.h"

enum { NAME_BYTES_MAX = 200, TRIES_MAX = 10 };

#define QUERY "add-member"

struct adding {
    struct exchange *x;
    struct res_path path; /* of the new member, as in the URL */
    struct inner *inner;
    struct source body; /* the request's, which stays the wire's */
};

static bool is_asked(const struct exchange *x)
{
    return x->method->id == METHOD_POST && str_eq(x->stream->request.query, STR(QUERY));
}

/* --- the name --- */

/* RFC 5023 §9.7.1 */
static void decode(struct buf *to, struct str slug)
{
    while (slug.len) {
        int high = slug.at[0] == '%' && slug.len >= 3 ? hex_value(slug.at[1]) : -1;
        int low = high >= 0 ? hex_value(slug.at[2]) : -1;
        buf_add_char(to, low >= 0 ? (char)(high * 16 + low) : slug.at[0]);
        slug = str_from(slug, low >= 0 ? 3 : 1);
    }
}

/* No control character, none that is drawn otherwise than it stands, and no end of a segment. */
static bool is_plain(struct str character)
{
    char escape[UTF8_ESCAPE_BYTES];
    struct str visible;
    (void)utf8_take_visible(character, escape, &visible);
    return visible.at == character.at && character.at[0] != '/' && character.at[0] != '\\';
}

/* What of it can be a name; perhaps nothing. */
static void add_plain(struct buf *to, struct str text)
{
    uint32_t c;
    while (text.len && to->len < NAME_BYTES_MAX) {
        size_t len = utf8_take(text, &c);
        bool is_first = to->len == 0 && (c == '.' || c == ' ');
        if (len && !is_first && is_plain(str_first(text, len)))
            buf_add(to, str_first(text, len));
        text = str_from(text, len ? len : 1);
    }
    while (to->len && (to->at[to->len - 1] == ' ' || to->at[to->len - 1] == '.'))
        to->len--;
}

static struct str wanted_name(struct exchange *x)
{
    struct buf text = {0};
    struct buf name = {0};
    decode(&text, str_trim(exchange_field(x, FIELD_SLUG)));
    add_plain(&name, buf_str(&text));
    if (name.len == 0)
        buf_add_hex(&name, random_u64(), 16);
    struct str copy = arena_str(x->arena, buf_str(&name));
    buf_done(&text);
    buf_done(&name);
    return copy;
}

/* "name (2).txt" */
static struct str numbered(struct arena *arena, struct str name, uint64_t number)
{
    struct buf text = {0};
    size_t dot = str_index_last(name, '.');
    struct str stem = str_first(name, dot < name.len ? dot : name.len);
    buf_addf(&text, "%.*s (%llu)", STR_ARGS(stem), (unsigned long long)number);
    buf_add(&text, str_from(name, stem.len));
    struct str copy = arena_str(arena, buf_str(&text));
    buf_done(&text);
    return copy;
}

/* Where it cannot be looked at, the PUT says why. */
static bool is_taken(struct exchange *x, struct str name)
{
    const struct target *target = target_of(x);
    struct store_stat stat;
    struct res_path real = path_join(x->arena, target->leads_to, name);
    return store_stat(target->store, real, 0, &stat) != STORE_NOT_FOUND;
}

static struct dav_result look(struct exchange *x)
{
    struct store_stat stat;
    struct dav_result result = target_locate(x);
    if (dav_is_fine(result))
        result = dav_from_store(store_stat(target_of(x)->store, target_read(x), 0, &stat));
    if (dav_is_fine(result) && !stat.is_collection)
        result = dav_error(HTTP_METHOD_NOT_ALLOWED, "only a collection has members");
    return dav_is_fine(result) ? if_header_check(x) : result;
}

static enum stage_end choose_name(struct exchange *x)
{
    struct adding *adding = ARENA_NEW(x->arena, struct adding);
    struct dav_result result = look(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    struct str wanted = wanted_name(x);
    struct str name = wanted;
    for (unsigned i = 2; is_taken(x, name) && i <= TRIES_MAX; i++)
        name = numbered(x->arena, wanted, i < TRIES_MAX ? i : random_u64());
    adding->x = x;
    adding->path = path_join(x->arena, x->path, name);
    x->state = adding;
    return STAGE_NEXT;
}

/* --- the PUT --- */

static enum pull pull_body(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct adding *adding = CONTAINER_OF(self, struct adding, body);
    struct source *body = adding->x->stream->body;
    body->waker = self->waker;
    return source_pull(body, into, want, err);
}

static const struct source_ops body_ops = {.name = "member", .pull = pull_body};

/* What is said of the content, and conditions that it is put under. */
static void add_fields(struct adding *adding)
{
    static const enum http_field ids[] = {
        FIELD_CONTENT_TYPE, FIELD_CONTENT_LANGUAGE, FIELD_CONTENT_ENCODING, FIELD_CONTENT_DIGEST,
        FIELD_REPR_DIGEST,  FIELD_OC_CHECKSUM,      FIELD_X_OC_MTIME,       FIELD_X_OC_CTIME,
    };
    const struct http_fields *fields = &adding->x->stream->request.fields;
    for (size_t i = 0; i < ARRAY_LEN(ids); i++) {
        if (http_fields_has(fields, ids[i]))
            inner_add_field(adding->inner, ids[i],
                            http_fields_join(fields, ids[i], adding->x->arena));
    }
    struct str tokens = inner_tokens(adding->x);
    if (tokens.len)
        inner_add_field(adding->inner, FIELD_IF, tokens);
    inner_add_field(adding->inner, FIELD_IF_NONE_MATCH, STR("*"));
}

static void answered(struct inner *inner)
{
    struct adding *adding = inner->owner;
    exchange_wake(adding->x);
}

static void leave(void *arg)
{
    struct adding *adding = arg;
    inner_leave(&adding->inner);
}

static void begin_put(struct exchange *x, struct adding *adding)
{
    struct http_stream *stream = x->stream;
    adding->inner = inner_new(x, STR("PUT"), adding->path, false);
    adding->inner->owner = adding;
    adding->inner->answered = answered;
    arena_on_reset(x->arena, leave, adding);
    add_fields(adding);
    adding->body.ops = &body_ops;
    if (stream->body) {
        stream->ops->proceed(stream);
        inner_set_body(adding->inner, &adding->body, stream->request.body_bytes);
    }
    inner_begin(adding->inner);
}

static enum stage_end put(struct exchange *x)
{
    struct adding *adding = x->state;
    if (!adding->inner)
        begin_put(x, adding);
    if (!adding->inner->has_answered)
        return STAGE_WAIT;
    const struct http_response *answer = &adding->inner->stream.response;
    struct dav_result failure = adding->inner->x->failure;
    struct buf location = {0};
    if (!dav_is_fine(failure))
        return respond_error(x, failure);
    path_encode(&location, adding->path, false);
    respond_field(x, FIELD_LOCATION, buf_str(&location)); /* RFC 5995 §3.2 */
    buf_done(&location);
    struct str tag = http_fields_get(&answer->fields, FIELD_ETAG);
    if (tag.len)
        respond_field(x, FIELD_ETAG, tag);
    return respond_status(x, (enum http_status)answer->status);
}

static const struct stage stages[] = {
    {"name", choose_name, ON_READ},
    {"put", put, ON_LOOP},
};

/* --- the property --- */

static bool prop_add_member(const struct prop_target *target, struct buf *to)
{
    if (!target->stat.is_collection || target->x->service->is_read_only ||
        store_is_read_only(target->store, target->real))
        return false;
    BUF_ADD(to, "<D:href>");
    path_encode(to, target->path, true);
    BUF_ADD(to, "?" QUERY "</D:href>");
    return true;
}

static const struct dav_claim claims[] = {
    {stages, is_asked, METHOD_WRITES | METHOD_ON_ROOT},
    {0},
};

static const struct dav_prop props[] = {
    {STR_INIT(NS_DAV), STR_INIT("add-member"), prop_add_member, PROP_PROTECTED},
    {{0}},
};

const struct dav_extension add_member_extension = {
    .name = STR_INIT("add-member"),
    .where = STR_INIT("RFC 5995"),
    .is_of_writes = true,
    .claims = claims,
    .props = props,
};
