/* What says what is to be done is collected in memory, as other bodies of XML are; what operations
 * have as content in parts of its own goes to a spool, as it comes: in memory as long as it is
 * little, otherwise to a file without a name. So memory grows with neither.
 *
 *     LOOP: pulls a piece --> WORKER: takes it apart, and writes what is content --> LOOP ...
 *
 * The first part is the batch (RFC 2387 §3.2: `start` may name it, and then it has to be the first
 * all the same: content that comes before it could not be judged). The others have a Content-ID,
 * and are complete before anything is done: phase one knows of each that it has come. */
#include "extension/batch/intake.h"

#include "exchange/body.h"
#include "exchange/respond.h"
#include "extension/batch/read.h"
#include "http/media_type.h"
#include "http/parts.h"

enum {
    INPUT_BYTES = 65536,
    MEMORY_BYTES = 4194304,    /* of content, where there is plenty */
    INLINE_BODY_BYTES = 16384, /* what is longer is read on a worker */
};

/* The way of a body in parts. */
struct batch_multipart {
    struct parts parts;
    struct buf input;
    struct str unread;
    struct batch_part *part; /* that comes; NULL: it is the batch, or none has begun */
    uint64_t count;
    bool has_input; /* it is for a worker */
    bool has_ended;
};

static void free_intake(void *arg)
{
    struct batch_intake *intake = arg;
    batch_done(&intake->batch);
    spool_done(&intake->content);
    buf_done(&intake->batch.x->body);
    if (!intake->multipart)
        return;
    parts_done(&intake->multipart->parts);
    buf_done(&intake->multipart->input);
}

static bool is_type(struct str content_type, struct str type)
{
    return str_eq_nocase(media_type_essence(content_type), type);
}

/* Whether it says what is to be done, and in which form. */
static bool find_form(struct str content_type, struct batch_intake *intake)
{
    if (is_type(content_type, STR(BATCH_TYPE_JSON)))
        intake->read = batch_read_json;
    else if (is_type(content_type, STR(BATCH_TYPE_XML)))
        intake->read = batch_read_xml;
    return intake->read;
}

static void init(struct exchange *x, struct batch_intake *intake)
{
    batch_init(&intake->batch, x);
    spool_init(&intake->content, x->service->spool_dir_fd, 0);
    arena_on_reset(x->arena, free_intake, intake);
}

void batch_intake_begin_targets(struct exchange *x, struct batch_intake *intake)
{
    init(x, intake);
    intake->read = batch_read_targets;
}

bool batch_intake_begin(struct exchange *x, struct batch_intake *intake)
{
    struct str type = exchange_field(x, FIELD_CONTENT_TYPE);
    struct str boundary;
    init(x, intake);
    if (!is_type(type, STR(BATCH_TYPE_PARTS)))
        return find_form(type, intake);
    bool is_rich = exchange_hold_spare(x, MEMORY_BYTES);
    intake->content.memory_bytes_max =
        is_rich ? MEMORY_BYTES : x->service->limits->answer_memory_bytes;
    if (!parts_boundary(type, x->arena, &boundary))
        return false;
    intake->multipart = ARENA_NEW(x->arena, struct batch_multipart);
    parts_init(&intake->multipart->parts, boundary);
    intake->multipart->parts.may_search = true;
    return true;
}

void batch_intake_hash(struct batch_intake *intake)
{
    static const enum http_field asking[] = {FIELD_CONTENT_TYPE, FIELD_DEPTH, FIELD_DESTINATION,
                                             FIELD_OVERWRITE, FIELD_TIMEOUT};
    struct exchange *x = intake->batch.x;
    struct content_hashes wanted = {0};
    struct buf head = {0};
    wanted.of[CONTENT_SHA256].len = content_hash_bytes(CONTENT_SHA256);
    intake->asked = content_check_new(x->arena, &wanted);
    buf_addf(&head, "%.*s %.*s\n", STR_ARGS(x->method->name), STR_ARGS(path_str(x->path)));
    for (size_t i = 0; i < ARRAY_LEN(asking); i++)
        buf_addf(&head, "%.*s\n", STR_ARGS(exchange_field(x, asking[i])));
    content_check_add(intake->asked, buf_str(&head));
    buf_done(&head);
}

static void hash(struct batch_intake *intake, struct str bytes)
{
    if (intake->asked)
        content_check_add(intake->asked, bytes);
}

/* --- parts --- */

static bool is_invalid(struct batch_intake *intake, const char *text)
{
    return batch_is_invalid(&intake->batch, STR_NONE, text);
}

static bool is_too_much(struct batch_intake *intake, const char *text)
{
    return batch_refuse(&intake->batch, CONDITION_BATCH_WITHIN_LIMITS, STR_NONE, text);
}

static bool is_busy(struct batch_intake *intake)
{
    intake->batch.defect = dav_busy();
    return false;
}

/* RFC 2392: "<id>", of which the brackets are none of the id. */
static struct str content_id(const struct http_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++) {
        struct str value = str_trim(fields->lines[i].value);
        if (!str_eq_nocase(fields->lines[i].name, STR("Content-ID")))
            continue;
        bool has_brackets = value.len > 2 && value.at[0] == '<' && value.at[value.len - 1] == '>';
        return has_brackets ? str_of(value.at + 1, value.len - 2) : value;
    }
    return STR_NONE;
}

/* Only what means itself: no coding of mail, and none of HTTP. */
static bool is_plain(const struct http_fields *fields)
{
    static const struct str plain[] = {STR_INIT("binary"), STR_INIT("8bit"), STR_INIT("7bit")};
    if (http_fields_has(fields, FIELD_CONTENT_ENCODING))
        return false;
    for (size_t i = 0; i < fields->count; i++) {
        if (!str_eq_nocase(fields->lines[i].name, STR("Content-Transfer-Encoding")))
            continue;
        struct str value = str_trim(fields->lines[i].value);
        bool is_known = false;
        for (size_t k = 0; k < ARRAY_LEN(plain); k++)
            is_known |= str_eq_nocase(value, plain[k]);
        if (!is_known)
            return false;
    }
    return true;
}

static bool begin_part(struct batch_intake *intake, const struct http_fields *fields)
{
    struct batch_multipart *multipart = intake->multipart;
    struct exchange *x = intake->batch.x;
    uint64_t bytes = sizeof(struct batch_part);
    struct str id = content_id(fields);
    for (size_t i = 0; i < fields->count; i++)
        bytes += sizeof(fields->lines[i]) + fields->lines[i].name.len + fields->lines[i].value.len;
    if (!exchange_hold(x, 2 * bytes))
        return is_busy(intake);
    if (!is_plain(fields))
        return is_invalid(intake, "a part has a coding; send it as it is");
    if (multipart->count++ == 0)
        return find_form(http_fields_get(fields, FIELD_CONTENT_TYPE), intake) ||
               is_invalid(intake, "the first part is no batch");
    if (multipart->count > x->service->limits->batch_operations + 1)
        return is_too_much(intake, "there are more parts than there may be operations");
    if (!id.len)
        return is_invalid(intake, "a part has no Content-ID");
    multipart->part = ARENA_NEW(x->arena, struct batch_part);
    multipart->part->type = http_fields_get(fields, FIELD_CONTENT_TYPE);
    multipart->part->at = intake->content.file_bytes + intake->content.head.len;
    return batch_add_part(&intake->batch, id, multipart->part);
}

static bool add_to_batch(struct batch_intake *intake, struct str bytes)
{
    struct exchange *x = intake->batch.x;
    struct buf *body = &x->body;
    size_t before = body->cap;
    if (body->len + bytes.len > x->service->limits->xml_bytes)
        return is_too_much(intake, "what says what is to be done is too long");
    buf_add(body, bytes);
    return exchange_hold(x, body->cap - before) || is_busy(intake);
}

static bool add_to_part(struct batch_intake *intake, struct str bytes)
{
    const struct limits *limits = intake->batch.x->service->limits;
    struct batch_part *part = intake->multipart->part;
    struct err err;
    part->bytes += bytes.len;
    if (part->bytes > limits->batch_part_bytes)
        return is_too_much(intake, "a part is too long");
    if (part->at + part->bytes > limits->batch_content_bytes)
        return is_too_much(intake, "all parts together are too long");
    buf_add(spool_buf(&intake->content), bytes);
    if (spool_settle(&intake->content, &err))
        return true;
    intake->batch.defect =
        dav_error(HTTP_INSUFFICIENT_STORAGE, "there is no room for the content of the batch");
    return false;
}

/* What has come, on a worker. False: the defect. */
static bool take_input(struct batch_intake *intake)
{
    struct batch_multipart *multipart = intake->multipart;
    struct http_fields fields;
    struct str bytes;
    bool is_fine = true;
    hash(intake, multipart->unread);
    while (is_fine) {
        switch (parts_next(&multipart->parts, &multipart->unread, intake->batch.x->arena, &fields,
                           &bytes)) {
        case PARTS_MORE:
            return true;
        case PARTS_BEGINS:
            is_fine = begin_part(intake, &fields);
            break;
        case PARTS_BYTES:
            is_fine = multipart->part ? add_to_part(intake, bytes) : add_to_batch(intake, bytes);
            break;
        case PARTS_ENDS:
            break;
        case PARTS_MALFORMED:
            return is_invalid(intake, "the body is no multipart");
        }
    }
    return false;
}

/* It has all come, on a worker: content is in one place, memory or file. */
static bool settle(struct batch_intake *intake)
{
    struct spool *content = &intake->content;
    struct err err;
    if (intake->multipart->parts.state != PARTS_OVER)
        return is_invalid(intake, "the body has no end");
    if (content->fd >= 0)
        content->memory_bytes_max = 0;
    if (spool_settle(content, &err))
        return true;
    intake->batch.defect =
        dav_error(HTTP_INSUFFICIENT_STORAGE, "there is no room for the content of the batch");
    return false;
}

/* --- pulling --- */

/* The next piece, on the loop. */
static enum stage_end pull_piece(struct exchange *x, struct batch_multipart *multipart)
{
    struct err err;
    buf_clear(&multipart->input);
    switch (source_pull(x->stream->body, &multipart->input, INPUT_BYTES, &err)) {
    case PULL_WAIT:
        return STAGE_WAIT;
    case PULL_FAIL:
        return respond_error(x, exchange_body_failure(&err));
    case PULL_END:
        multipart->has_ended = true;
        break;
    case PULL_DATA:
        break;
    }
    multipart->unread = buf_str(&multipart->input);
    multipart->has_input = true;
    return STAGE_BLOCKS;
}

static enum stage_end run_multipart(struct exchange *x, struct batch_intake *intake)
{
    struct batch_multipart *multipart = intake->multipart;
    if (!x->is_on_worker)
        return multipart->has_input ? STAGE_BLOCKS : pull_piece(x, multipart);
    multipart->has_input = false;
    bool is_fine = multipart->has_ended ? settle(intake) : take_input(intake);
    if (!is_fine)
        return respond_error(x, intake->batch.defect);
    return multipart->has_ended ? STAGE_NEXT : STAGE_RETURNS;
}

enum stage_end batch_intake_run(struct exchange *x, struct batch_intake *intake)
{
    struct http_stream *stream = x->stream;
    if (!intake->multipart)
        return exchange_read_xml(x);
    struct dav_result result = exchange_check_coding(x);
    if (dav_is_fine(result) && !stream->body)
        result = dav_error(HTTP_BAD_REQUEST, "the batch is missing");
    if (dav_is_fine(result) && !stream->body->waker && !exchange_hold(x, INPUT_BYTES))
        result = dav_busy();
    if (!dav_is_fine(result))
        return respond_error(x, result);
    if (!stream->body->waker) {
        stream->body->waker = &x->waker;
        stream->ops->proceed(stream);
    }
    return run_multipart(x, intake);
}

enum stage_end batch_intake_read(struct exchange *x, struct batch_intake *intake)
{
    struct batch *batch = &intake->batch;
    if (x->body.len > INLINE_BODY_BYTES && !x->is_on_worker)
        return STAGE_BLOCKS;
    if (!intake->multipart)
        hash(intake, buf_str(&x->body));
    if (!intake->read) /* no part has come */
        (void)batch_is_invalid(batch, STR_NONE, "the batch is missing");
    else
        intake->read(batch, buf_str(&x->body));
    exchange_drop_body(x);
    struct dav_result result = batch_check(batch);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}
