/* A change of a part is a change of the whole: what is there is read again, with the request's
 * content in the place of the part, into a staged file that becomes visible in one step. So nobody
 * sees half of it, whoever reads the old content reads on in that, and a body that breaks off
 * leaves no trace; all else is PUT's (dav/method/put.c). The price is that all is written anew.
 * Rejected: to write into the file as it is. That is what makes other servers' partial PUT a way
 * to lose a file.
 *
 * If what is there has become another meanwhile, the rest would be of the one and the part of the
 * other: then the change is refused, and the client looks again.
 *
 * Content-Range says how long the whole is to be. One that will not be so long when this request is
 * done is refused: it is a piece of an upload that the client means to send in pieces, and each of
 * them would show a half of it under its name. Uploads in pieces have front ends of their own. */
#include "dav/upload/part.h"

#include "dav/target.h"
#include "dav/upload/choose.h"
#include "exchange/body.h"
#include "exchange/respond.h"
#include "http/media_type.h"

/* --- what is asked for --- */

static struct dav_result read_patch(struct exchange *x, struct upload_part *wish_out)
{
    struct str type = exchange_field(x, FIELD_CONTENT_TYPE);
    if (!str_eq_nocase(str_trim(str_cut(&type, ';')), STR(PARTIAL_UPDATE_TYPE))) {
        respond_field(x, FIELD_ACCEPT_PATCH, STR(PARTIAL_UPDATE_TYPE)); /* RFC 5789 §2.2 */
        return dav_error(HTTP_UNSUPPORTED_MEDIA_TYPE,
                         "PATCH takes application/x-sabredav-partialupdate here");
    }
    if (!update_range_read(exchange_field(x, FIELD_X_UPDATE_RANGE), wish_out))
        return dav_error(HTTP_BAD_REQUEST,
                         "X-Update-Range is neither append nor bytes=FIRST-LAST, bytes=FIRST- or "
                         "bytes=-COUNT");
    return DAV_FINE;
}

static struct dav_result read_range(struct exchange *x, struct upload_part *wish_out)
{
    if (!(upload_dialects_at(x) & DIALECT_CONTENT_RANGE)) /* RFC 9110 §14.5 */
        return dav_error(HTTP_BAD_REQUEST, "a partial PUT is not supported");
    if (!content_range_read(exchange_field(x, FIELD_CONTENT_RANGE), wish_out))
        return dav_error(HTTP_BAD_REQUEST, "Content-Range is not bytes FIRST-LAST/LENGTH");
    return DAV_FINE;
}

struct dav_result part_read(struct exchange *x, bool *wants_out, struct upload_part *wish_out)
{
    *wants_out = true;
    if (x->method->id == METHOD_PATCH)
        return read_patch(x, wish_out);
    *wants_out = http_fields_has(&x->stream->request.fields, FIELD_CONTENT_RANGE);
    return *wants_out ? read_range(x, wish_out) : DAV_FINE;
}

/* --- the whole --- */

/* The request's body, which is the wire's to close. */
struct body_source {
    struct source base;
    struct source *inner;
    struct content_check *check; /* NULL: nobody asks for its hash */
};

static enum pull body_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct body_source *body = CONTAINER_OF(self, struct body_source, base);
    size_t before = into->len;
    body->inner->waker = self->waker;
    enum pull pulled = source_pull(body->inner, into, want, err);
    if (body->check)
        content_check_add(body->check, str_from(buf_str(into), before));
    return pulled;
}

static const struct source_ops body_ops = {.name = "body", .pull = body_pull};

static void close_content(void *arg)
{
    struct store_content *content = arg;
    store_content_close(&content);
}

static void close_source(void *arg)
{
    struct source *source = arg;
    source_close(&source);
}

static struct source *old_part(struct exchange *x, struct store_content *content, uint64_t first,
                               uint64_t len)
{
    struct source *source = store_content_source(content, x->arena, first, len);
    return target_of(x)->store->traits.reads_block ? exchange_offload(x, source) : source;
}

static struct dav_result beyond(struct exchange *x, uint64_t size)
{
    struct buf value = {0};
    buf_addf(&value, "bytes */%llu", (unsigned long long)size);
    respond_field(x, FIELD_CONTENT_RANGE, buf_str(&value));
    buf_done(&value);
    return dav_error(HTTP_RANGE_NOT_SATISFIABLE, "the part would begin behind the end");
}

/* Where it begins, and how long it is. */
static struct dav_result place(struct exchange *x, const struct upload_part *wish, uint64_t size,
                               struct upload_part *placed)
{
    uint64_t body_bytes = x->stream->request.has_body ? x->stream->request.body_bytes : 0;
    uint64_t len = body_bytes;
    placed->first = wish->kind == PART_APPEND ? size : wish->first;
    if (wish->kind == PART_RANGE)
        len = wish->last - wish->first + 1;
    if (len == LENGTH_UNKNOWN)
        return dav_error(HTTP_LENGTH_REQUIRED, "a part needs a Content-Length");
    if (body_bytes != LENGTH_UNKNOWN && body_bytes != len)
        return dav_error(HTTP_BAD_REQUEST, "the content is not as long as its range");
    if (wish->kind == PART_SUFFIX && wish->first <= size)
        placed->first = size - wish->first;
    if (placed->first > size || (wish->kind == PART_SUFFIX && wish->first > size))
        return beyond(x, size);
    if (len > INT64_MAX - placed->first)
        return dav_error(HTTP_CONTENT_TOO_LARGE, "the whole would be too long");
    placed->last = placed->first + len; /* one behind it */
    placed->total = placed->last > size ? placed->last : size;
    if (wish->has_total && wish->total != placed->total)
        return dav_error(HTTP_CONFLICT,
                         "the whole would not have the length that Content-Range says: this is a "
                         "part of what is there, and no piece of an upload");
    return DAV_FINE;
}

static void assemble(struct exchange *x, struct store_content *content,
                     const struct upload_part *placed, struct part *part)
{
    enum { PARTS = 3 };
    struct source **parts = arena_alloc(x->arena, PARTS * sizeof(*parts));
    uint64_t size = content ? content->stat.size_bytes : 0;
    size_t count = 0;
    if (placed->first)
        parts[count++] = old_part(x, content, 0, placed->first);
    if (x->stream->body) {
        struct body_source *body = ARENA_NEW(x->arena, struct body_source);
        *body = (struct body_source){{.ops = &body_ops}, x->stream->body, part->check};
        parts[count++] = &body->base;
    }
    if (placed->last < size)
        parts[count++] = old_part(x, content, placed->last, size - placed->last);
    part->source = source_of_parts(x->arena, parts, count);
    part->bytes = placed->total;
    arena_on_reset(x->arena, close_source, part->source);
}

struct dav_result part_open(struct exchange *x, const struct upload_part *wish,
                            struct part *part_out)
{
    const struct target *target = target_of(x);
    struct store_content *content = NULL;
    struct upload_part placed = *wish;
    enum store_rc rc = store_content_open(target->store, target->real, &content);
    bool may_lack = x->method->id == METHOD_PUT;
    if (rc != STORE_OK && !(rc == STORE_NOT_FOUND && may_lack))
        return dav_from_store(rc);
    if (content)
        arena_on_reset(x->arena, close_content, content);
    struct dav_result result = place(x, wish, content ? content->stat.size_bytes : 0, &placed);
    if (!dav_is_fine(result))
        return result;
    assemble(x, content, &placed, part_out);
    part_out->has_base = content != NULL;
    part_out->base_version = content ? content->stat.version : 0;
    return DAV_FINE;
}

struct dav_result part_check(const struct part *part, const struct store_stat *stat, bool exists)
{
    if (exists == part->has_base && (!exists || stat->version == part->base_version))
        return DAV_FINE;
    return dav_error(HTTP_CONFLICT, "what the part is of has been changed meanwhile; look again");
}
