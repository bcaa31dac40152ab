/* What is compressed, and what is not.
 *
 * Who makes an answer says that it may be: nothing is compressed that nobody has thought of. A
 * secret beside text that an attacker has chosen can be guessed from the length of what is
 * compressed (the attack is known as BREACH). So these are never offered: what tells lock tokens,
 * what signs in or grants something, and errors. What is offered is left as it is where each link
 * has a secret in it (a shared link), and where the page of another site has asked for it.
 *
 * An entity tag that is strong stays strong, and is another one: the same content in another coding
 * is other bytes. It is the resource's own tag with the coding's name behind it; a client that
 * comes back with it in If-Match or If means the resource that it has seen (text/etag.h). All that
 * has no tag is compressed by the way.
 *
 * The codec's memory is taken of what can be spared: where there is none, the answer is not
 * compressed. That is decided before the head is written, since the tag depends on it. */
#include "exchange/answer/compress.h"

#include "exchange/respond.h"
#include "http/content_coding.h"
#include "http/media_type.h"

/* Below it, and in a packet of its own, there is nothing to be gained. */
enum { BYTES_MIN = 1024 };

static bool is_of_another_site(const struct exchange *x)
{
    return str_eq(exchange_field(x, FIELD_SEC_FETCH_SITE), STR("cross-site"));
}

/* It is about the bytes as they are, and so is its entity tag. */
static bool has_range(const struct exchange *x)
{
    return exchange_field(x, FIELD_RANGE).at;
}

bool compress_offer(struct exchange *x, bool is_live)
{
    const struct http_fields *fields = &x->stream->request.fields;
    enum compression compression;
    if (x->service->compress == COMPRESS_NOTHING || x->seen.prefix.at)
        return false;
    if (x->method->id == METHOD_GET || x->method->id == METHOD_HEAD) /* others are not cached */
        respond_field(x, FIELD_VARY, STR("Accept-Encoding"));
    if (has_range(x) || is_of_another_site(x) ||
        !content_coding_choose(http_fields_join(fields, FIELD_ACCEPT_ENCODING, x->arena),
                               &compression) ||
        !exchange_hold_spare(x, compression_memory_bytes(compression)))
        return false;
    x->coding = (struct answer_coding){true, is_live, compression};
    return true;
}

void compress_offer_file(struct exchange *x, struct str media_type, uint64_t size_bytes,
                         struct etag *tag)
{
    struct buf coded = {0};
    bool may = x->service->compress == COMPRESS_FILES && size_bytes >= BYTES_MIN && !tag->is_weak &&
               media_type_is_text(media_type);
    if (!may || !compress_offer(x, false))
        return;
    struct str name = content_coding_name(x->coding.compression);
    buf_addf(&coded, "%.*s-%.*s\"", STR_ARGS(str_first(tag->opaque, tag->opaque.len - 1)),
             STR_ARGS(name));
    tag->opaque = arena_str(x->arena, buf_str(&coded));
    buf_done(&coded);
}

void compress_know_tag(const struct exchange *x, struct etag *tag)
{
    tag->has_codings = x->service->compress == COMPRESS_FILES;
}

void compress_answer(struct exchange *x)
{
    struct http_response *response = &x->stream->response;
    bool has_body = response->body && response->status < 300;
    if (!x->coding.is_chosen || !has_body || response->body_bytes < BYTES_MIN)
        return;
    response->body =
        source_compressed(x->arena, response->body, x->coding.compression, x->coding.is_live);
    response->body_bytes = LENGTH_UNKNOWN;
    respond_field(x, FIELD_CONTENT_ENCODING, content_coding_name(x->coding.compression));
}
