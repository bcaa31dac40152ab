/* GET and HEAD (RFC 9110 §9.3.1, §14): a file, a part of it, or several parts; of a collection, an
 * index for people (dav/index.c), never a 207. The wire leaves the body out for HEAD.
 *
 * One open gives everything that the answer says: size, times and entity tag are those of the
 * content that will be sent, also when a PUT replaces the file while it leaves. Where there are no
 * rules, nothing is located before: the URL's path is opened as it is, and only if a link stands in
 * the way is it asked where that leads. WebDAV's If is looked at first, then RFC 9110's conditions,
 * then Range: a 304 has no range.
 *
 * Content leaves as a source over the open file, which the wire sends without copying; several
 * ranges are sources of text and of file parts in turn, so that no number of ranges costs memory
 * for content. The only part that may block is a look at the dead properties for Content-Language,
 * and only where there are any: then the stage moves to a worker. */
#include "base/random.h"
#include "dav/index.h"
#include "dav/kept.h"
#include "dav/lock/if_check.h"
#include "dav/method.h"
#include "dav/method/content.h"
#include "dav/precondition.h"
#include "dav/prop/hashes.h"
#include "dav/target.h"
#include "exchange/answer/compress.h"
#include "exchange/body.h"
#include "exchange/browser.h"
#include "exchange/respond.h"
#include "http/range.h"

static void add_content_range(struct buf *to, const struct byte_range *range, uint64_t size)
{
    BUF_ADD(to, "bytes ");
    buf_add_u64(to, range->offset);
    buf_add_char(to, '-');
    buf_add_u64(to, range->offset + range->len - 1);
    buf_add_char(to, '/');
    buf_add_u64(to, size);
}

static enum stage_end send_one_range(struct exchange *x, struct store_content *content,
                                     struct str media_type, const struct byte_range *range)
{
    struct buf value = {0};
    add_content_range(&value, range, content->stat.size_bytes);
    respond_field(x, FIELD_CONTENT_RANGE, buf_str(&value));
    buf_done(&value);
    hashes_respond(x, content, range);
    struct source *body = store_content_source(content, x->arena, range->offset, range->len);
    return content_send_body(x, HTTP_PARTIAL_CONTENT, media_type, body, range->len);
}

/* multipart/byteranges, RFC 9110 §14.6. The boundary is random: content cannot hold it. */
static enum stage_end send_ranges(struct exchange *x, struct store_content *content,
                                  struct str media_type, const struct byte_range *ranges,
                                  size_t count)
{
    struct source **parts = arena_alloc(x->arena, (2 * count + 1) * sizeof(*parts));
    struct buf head = {0};
    uint64_t total = 0;
    uint64_t boundary = random_u64();
    hashes_respond(x, content, NULL);
    for (size_t i = 0; i < count; i++) {
        buf_clear(&head);
        BUF_ADD(&head, "\r\n--");
        buf_add_hex(&head, boundary, 16);
        BUF_ADD(&head, "\r\nContent-Type: ");
        buf_add(&head, media_type);
        BUF_ADD(&head, "\r\nContent-Range: ");
        add_content_range(&head, &ranges[i], content->stat.size_bytes);
        BUF_ADD(&head, "\r\n\r\n");
        parts[2 * i] = source_of_text(x->arena, arena_str(x->arena, buf_str(&head)));
        parts[2 * i + 1] = store_content_source(content, x->arena, ranges[i].offset, ranges[i].len);
        total += head.len + ranges[i].len;
    }
    buf_clear(&head);
    buf_addf(&head, "\r\n--%016llx--\r\n", (unsigned long long)boundary);
    parts[2 * count] = source_of_text(x->arena, arena_str(x->arena, buf_str(&head)));
    total += head.len;
    buf_clear(&head);
    buf_addf(&head, "multipart/byteranges; boundary=%016llx", (unsigned long long)boundary);
    struct str type = arena_str(x->arena, buf_str(&head));
    buf_done(&head);
    return content_send_body(x, HTTP_PARTIAL_CONTENT, type,
                             source_of_parts(x->arena, parts, 2 * count + 1), total);
}

static enum stage_end send_part(struct exchange *x, struct store_content *content,
                                struct str media_type, const struct http_representation *now)
{
    struct str range = exchange_field(x, FIELD_RANGE);
    uint64_t size = content->stat.size_bytes;
    size_t max = x->service->limits->range_count;
    size_t count = 0;
    bool is_get = str_eq(x->stream->request.method, STR("GET")); /* §14.2: for GET only */
    if (!range.at || !is_get || !http_if_range_holds(&x->stream->request.fields, now))
        return content_send_whole(x, HTTP_OK, media_type, content);
    struct byte_range *ranges = arena_alloc(x->arena, max * sizeof(*ranges));
    switch (range_parse(range, size, ranges, max, &count)) {
    case RANGE_IGNORE:
        break;
    case RANGE_PARTIAL:
        return count == 1 ? send_one_range(x, content, media_type, ranges)
                          : send_ranges(x, content, media_type, ranges, count);
    case RANGE_UNSATISFIABLE: {
        struct buf value = {0};
        BUF_ADD(&value, "bytes */");
        buf_add_u64(&value, size);
        respond_field(x, FIELD_CONTENT_RANGE, buf_str(&value));
        buf_done(&value);
        return respond_error(x,
                             dav_error(HTTP_RANGE_NOT_SATISFIABLE, "the range is beyond the end"));
    }
    }
    return content_send_whole(x, HTTP_OK, media_type, content);
}

static enum stage_end send_file(struct exchange *x, struct store_content *content)
{
    struct http_representation now = representation_of(x, &content->stat, true);
    struct dav_result result = if_header_check(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    struct str type = kept_type(x);
    if (!hashes_are_wanted(x)) /* they are of what is sent: RFC 9530 §3 */
        compress_offer_file(x, type, content->stat.size_bytes, &now.etag);
    content_add_validators(x, &now);
    browser_confine(x, type);
    switch (http_conditional(&x->stream->request.fields, true, &now, x->arena)) {
    case PRECONDITION_NOT_MODIFIED:
        return respond_status(x, HTTP_NOT_MODIFIED);
    case PRECONDITION_FAILED:
        precondition_note(x, &now);
        return respond_error(x, dav_error(HTTP_PRECONDITION_FAILED, NULL));
    case PRECONDITION_HOLDS:
        break;
    }
    struct str language = kept_language(x);
    if (language.len)
        respond_field(x, FIELD_CONTENT_LANGUAGE, language);
    return send_part(x, content, type, &now);
}

/* What comes next is for those collections of which others may have to be asked first. */
static enum stage_end answer_collection(struct exchange *x)
{
    return dav_service_of(x)->has_looks ? STAGE_NEXT : index_answer(x);
}

static enum stage_end get_answer(struct exchange *x)
{
    const struct target *target = target_of(x);
    struct store_content *content = NULL;
    if (target->is_located && target->shows_part)
        return answer_collection(x);
    for (;;) {
        /* Dead properties are in a database: its look-up must not hold up the loop. */
        if (!x->is_on_worker && store_may_have_props(target->store, target_read(x)))
            return STAGE_BLOCKS;
        if (!x->is_on_worker && hashes_are_wanted(x))
            return STAGE_BLOCKS;
        enum store_rc rc = store_content_open(target->store, target_read(x), &content);
        if (rc == STORE_IS_COLLECTION)
            return answer_collection(x);
        if (rc == STORE_OK)
            break;
        struct dav_result result = target_again(x, rc);
        if (!dav_is_fine(result))
            return respond_error(x, result);
    }
    content_keep(x, content);
    if (x->has_slash) /* RFC 4918 §5.2: only a collection's URL ends in a slash */
        return respond_error(x, dav_from_store(STORE_NOT_FOUND));
    return send_file(x, content);
}

const struct stage get_stages[] = {
    {"no body", exchange_expect_no_body, ON_LOOP},
    {"answer", get_answer, ON_READ},
    {"look", index_look, ON_LOOP},
    {"index", index_answer, ON_READ},
};
