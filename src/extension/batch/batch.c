/* One request, many operations: a POST to a collection. What it is read as says intake.h, when it
 * is refused as a whole operation.c (phase one), how it is done run.c (phase two), and what of each
 * operation is told answer.c. Exchange's methods for many are the same with another body.
 *
 * The collection has to be there, and its conditions have to hold: an If of the request is the
 * batch's, and submits its tokens for all operations.
 *
 * Who may read the collection may send a batch to it: what he may do is asked of each operation.
 * One with parts is for who may write to it, since their content is kept on disk before that. */
#include "dav/extension.h"
#include "dav/lock/if_check.h"
#include "dav/prop/prop.h"
#include "dav/target.h"
#include "exchange/body.h"
#include "exchange/respond.h"
#include "extension/batch/intake.h"
#include "extension/batch/read.h"
#include "extension/batch/record.h"
#include "extension/batch/run.h"
#include "http/accept.h"
#include "http/prefer.h"

struct batch_request {
    struct batch_intake intake;
    struct batch_wish wish;
    struct str key; /* empty: it has none */
    struct batch_record record;
};

/* --- the stages --- */

static struct dav_result find_collection(struct exchange *x)
{
    struct store_stat stat;
    struct dav_result result = target_get(x, &stat);
    if (dav_is_fine(result) && !stat.is_collection)
        result = dav_error(HTTP_METHOD_NOT_ALLOWED, "a batch is sent to a collection");
    return result;
}

static struct dav_result read_key(struct exchange *x, struct str *key)
{
    struct str field = exchange_field(x, FIELD_IDEMPOTENCY_KEY);
    if (field.at && !batch_key_read(field, x->arena, key))
        return dav_error(HTTP_BAD_REQUEST,
                         "Idempotency-Key is a string in quotes, of up to 255 characters");
    return DAV_FINE;
}

static void read_wish(struct exchange *x, struct batch_wish *wish)
{
    struct http_preferences preferences = http_preferences_read(&x->stream->request.fields);
    wish->is_minimal = preferences.is_minimal;
    wish->is_brief = preferences.is_brief;
    wish->is_strict = preferences.is_strict;
}

/* XML, unless JSON is liked better. */
static bool wants_json(const struct exchange *x)
{
    struct str accept = exchange_field(x, FIELD_ACCEPT);
    unsigned json = accept_weight_of_type(accept, STR("application/json"));
    return json > accept_weight_of_type(accept, STR("application/xml")) &&
           json > accept_weight_of_type(accept, STR("text/xml"));
}

static void free_record(void *record)
{
    batch_record_done(record);
}

/* What comes again is told again whatever its conditions say by now: so they are asked later where
 * there is a key. */
static enum stage_end look(struct exchange *x)
{
    struct batch_request *request = ARENA_NEW(x->arena, struct batch_request);
    x->state = request;
    arena_on_reset(x->arena, free_record, &request->record);
    struct dav_result result = find_collection(x);
    if (dav_is_fine(result))
        result = read_key(x, &request->key);
    if (dav_is_fine(result) && !request->key.len)
        result = if_header_check(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    read_wish(x, &request->wish);
    request->wish.is_json = wants_json(x);
    return STAGE_NEXT;
}

static enum stage_end begin(struct exchange *x)
{
    struct batch_request *request = x->state;
    if (!batch_intake_begin(x, &request->intake))
        return respond_error(
            x, dav_error(HTTP_UNSUPPORTED_MEDIA_TYPE, "a multipart body needs a boundary"));
    if (request->key.len)
        batch_intake_hash(&request->intake);
    return STAGE_NEXT;
}

static enum stage_end receive(struct exchange *x)
{
    struct batch_request *request = x->state;
    return batch_intake_run(x, &request->intake);
}

static enum stage_end read(struct exchange *x)
{
    struct batch_request *request = x->state;
    return batch_intake_read(x, &request->intake);
}

/* Whether this request has come before: on a worker, where it has a key. */
static enum stage_end recall(struct exchange *x)
{
    struct batch_request *request = x->state;
    struct batch_record *record = &request->record;
    if (!request->key.len)
        return STAGE_NEXT;
    if (!x->is_on_worker)
        return STAGE_BLOCKS;
    const struct content_hashes *found = content_check_found(request->intake.asked);
    struct str asked =
        str_of((const char *)found->of[CONTENT_SHA256].bytes, found->of[CONTENT_SHA256].len);
    struct dav_result result = batch_record_open(x, request->key, asked, &request->wish, record);
    if (dav_is_fine(result) && !record->is_found)
        result = if_header_check(x);
    if (dav_is_fine(result))
        return STAGE_NEXT;
    if (record->answer)
        batch_record_forget(record);
    return respond_error(x, result);
}

static enum stage_end run(struct exchange *x)
{
    struct batch_request *request = x->state;
    struct batch_record *record = request->key.len ? &request->record : NULL;
    return batch_run(&request->intake.batch, &request->wish, &request->intake.content, record);
}

static const struct stage batch_stages[] = {
    {"look", look, ON_READ}, {"begin", begin, ON_LOOP},   {"receive", receive, ON_LOOP},
    {"read", read, ON_LOOP}, {"recall", recall, ON_LOOP}, {"run", run, ON_LOOP},
};

/* --- Exchange's --- */

static enum stage_end begin_targets(struct exchange *x)
{
    struct batch_request *request = x->state;
    batch_intake_begin_targets(x, &request->intake);
    if (request->key.len)
        batch_intake_hash(&request->intake);
    return STAGE_NEXT;
}

static const struct stage targets_stages[] = {
    {"look", look, ON_READ}, {"begin", begin_targets, ON_LOOP}, {"receive", receive, ON_LOOP},
    {"read", read, ON_LOOP}, {"recall", recall, ON_LOOP},       {"run", run, ON_LOOP},
};

/* --- the row --- */

/* How much of what. */
static bool prop_batch_limits(const struct prop_target *target, struct buf *to)
{
    const struct limits *limits = target->x->service->limits;
    static const char *const types[] = {BATCH_TYPE_XML, BATCH_TYPE_JSON, BATCH_TYPE_PARTS};
    if (!target->stat.is_collection || target->is_part)
        return false;
    buf_addf(to,
             "<V:operations xmlns:V=\"" NS_DAVIT "\">%llu</V:operations>"
             "<V:bytes xmlns:V=\"" NS_DAVIT "\">%llu</V:bytes>"
             "<V:part-bytes xmlns:V=\"" NS_DAVIT "\">%llu</V:part-bytes>"
             "<V:content-bytes xmlns:V=\"" NS_DAVIT "\">%llu</V:content-bytes>"
             "<V:idempotency-seconds xmlns:V=\"" NS_DAVIT "\">%llu</V:idempotency-seconds>",
             (unsigned long long)limits->batch_operations, (unsigned long long)limits->xml_bytes,
             (unsigned long long)limits->batch_part_bytes,
             (unsigned long long)limits->batch_content_bytes,
             (unsigned long long)limits->idempotency_seconds);
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        buf_addf(to, "<V:type xmlns:V=\"" NS_DAVIT "\">%s</V:type>", types[i]);
    return true;
}

enum { WHERE = METHOD_ON_COLLECTION | METHOD_ON_ROOT | METHOD_READS };

static const struct dav_post posts[] = {
    {batch_stages, STR_INIT(BATCH_TYPE_XML), WHERE, NULL},
    {batch_stages, STR_INIT(BATCH_TYPE_JSON), WHERE, NULL},
    {batch_stages, STR_INIT(BATCH_TYPE_PARTS), METHOD_ON_COLLECTION | METHOD_ON_ROOT, NULL},
    {0},
};

static const struct dav_method methods[] = {
    {targets_stages, METHOD_BPROPFIND, WHERE}, {targets_stages, METHOD_BPROPPATCH, WHERE},
    {targets_stages, METHOD_BDELETE, WHERE},   {targets_stages, METHOD_BCOPY, WHERE},
    {targets_stages, METHOD_BMOVE, WHERE},     {0},
};

static const struct dav_prop props[] = {
    {STR_INIT(NS_DAVIT), STR_INIT("batch-limits"), prop_batch_limits, PROP_PROTECTED},
    {{0}},
};

const struct dav_extension batch_extension = {
    .name = STR_INIT("batch"),
    .where = STR_INIT("docs/extensions.md; Exchange 2003"),
    .token = STR_INIT("<" NS_DAVIT ":batch>"),
    .posts = posts,
    .methods = methods,
    .props = props,
};
