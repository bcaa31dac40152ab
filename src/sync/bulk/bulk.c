/* Each part of the body is a PUT of its own: with its own path, conditions, hash and date, asked
 * for by the code that asks a PUT, under a change of its own, visible when its turn is over
 * whatever becomes of the others. The answer says of each what a PUT would have been answered.
 *
 *   READ   the loop reads a part, whole: it is small, or refused
 *   OPEN   a worker asks whether it may be put there, and writes it where nobody sees it
 *   BEGIN  the loop begins the change
 *   PUT    a worker asks once more, and makes it visible; then READ again
 *
 * It is one stage, which goes from one thread to the other (STAGE_BLOCKS, STAGE_RETURNS): a table
 * of stages has no loops. While a part is being put, its fields stand where the request's were, so
 * that whatever asks for a field of the request has the part's.
 *
 * Clients take a file that is not in the answer for one that failed. So when the body breaks off or
 * is malformed, what has been put until then is told; a body in which nothing was is 400. So it is
 * where there are more parts than may be, or memory is short: whoever sends them must not make the
 * answer grow for ever, nor what is kept of their heads until it is given.
 *
 * Off until it is switched on (sync-bulk): the client that has it is known to hang with it. */
#include "sync/bulk/bulk.h"

#include "dav/home.h"
#include "dav/kept.h"
#include "dav/lock/if_check.h"
#include "dav/method.h"
#include "dav/precondition.h"
#include "dav/prop/live.h"
#include "dav/target.h"
#include "dav/upload/replace.h"
#include "exchange/admit.h"
#include "exchange/answer/compress.h"
#include "exchange/body.h"
#include "exchange/if_header.h"
#include "exchange/respond.h"
#include "http/parts.h"
#include "store/upload.h"
#include "sync/files.h"
#include "text/json.h"

enum { INPUT_BYTES = 65536, AGAIN_MAX = 8 };

enum bulk_step { BULK_READ, BULK_OPEN, BULK_BEGIN, BULK_PUT };

/* A part, as a file that comes. */
struct bulk_file {
    struct str name;       /* as the client wrote it */
    struct res_path path;  /* where it goes to */
    struct dav_result why; /* not fine: it is refused, and its content passed over */
    struct content_check *check;
    struct store_commit commit;
    struct store_upload *upload;
    unsigned again_count;
};

struct bulk {
    enum bulk_step step;
    struct parts parts;
    struct buf input;
    struct str unread; /* of the input */
    struct buf content;
    uint64_t content_bytes; /* held for it: those of the largest so far */
    uint64_t count;
    struct bulk_file file;
    struct http_fields fields;          /* the request's own */
    const struct if_header *conditions; /* likewise */
    struct buf answer;
};

/* --- the answer --- */

/* What synced_tell() says of one. */
static void tell_synced(struct exchange *x, struct buf *to, const struct store_stat *stat)
{
    static const struct {
        const char *name;
        bool (*get)(const struct prop_target *target, struct buf *to);
    } members[] = {{"OC-FileID", prop_oc_id}, {"OC-Perm", prop_oc_permissions}};
    const struct prop_target target = {.x = x,
                                       .store = target_of(x)->store,
                                       .arena = x->arena,
                                       .path = x->path,
                                       .real = target_of(x)->real,
                                       .stat = *stat};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        struct buf value = {0};
        if (members[i].get(&target, &value))
            json_add_member(to, str_of_c(members[i].name), buf_str(&value));
        buf_done(&value);
    }
}

static void tell(struct exchange *x, struct bulk *bulk, const struct store_stat *stat)
{
    struct buf *to = &bulk->answer;
    struct dav_result why = bulk->file.why;
    json_add_name(to, bulk->file.name);
    buf_add_char(to, '{');
    json_add_bool(to, STR("error"), stat == NULL);
    if (stat) {
        json_add_member(to, STR("etag"), etag_of_stat(x->arena, stat));
        tell_synced(x, to, stat);
    } else {
        json_add_member(to, STR("message"), str_of_c(why.text ? why.text : "it was not put"));
        json_add_number(to, STR("status"), why.status);
    }
    buf_add_char(to, '}');
}

static enum stage_end answer(struct exchange *x, struct bulk *bulk)
{
    x->stream->request.fields = bulk->fields;
    x->conditions = bulk->conditions;
    buf_add_char(&bulk->answer, '}');
    (void)compress_offer(x, false); /* names, tags and ids */
    return respond_text(x, HTTP_OK, STR("application/json; charset=utf-8"), buf_str(&bulk->answer));
}

/* The body cannot be read to its end. */
static enum stage_end give_up(struct exchange *x, struct bulk *bulk, struct dav_result why)
{
    if (bulk->answer.len > 1)
        return answer(x, bulk);
    x->stream->request.fields = bulk->fields;
    x->conditions = bulk->conditions;
    return respond_error(x, why);
}

/* --- a part begins --- */

/* "/many/1.txt", from the root of the files. */
static bool read_path(struct exchange *x, struct str name, struct res_path *path_out)
{
    struct str rest = str_from(name, str_starts(name, STR("/")));
    struct str names = rest;
    for (bool is_last = false; !is_last;) {
        is_last = str_index(rest, '/') == rest.len;
        struct str segment = str_cut(&rest, '/');
        if (!segment.len || str_eq(segment, STR(".")) || str_eq(segment, STR("..")))
            return false;
    }
    *path_out = path_join(x->arena, x->seen.prefix, names);
    return true;
}

static struct str named_field(const struct http_fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (str_eq_nocase(fields->lines[i].name, str_of_c(name)))
            return fields->lines[i].value;
    }
    return STR_NONE;
}

/* What this protocol calls otherwise than a PUT does. */
static void translate(struct exchange *x, struct http_fields *fields)
{
    struct str modified = named_field(fields, "X-File-Mtime");
    struct str md5 = named_field(fields, "X-File-MD5");
    struct buf checksum = {0};
    if (modified.len && !http_fields_has(fields, FIELD_X_OC_MTIME))
        http_fields_set(fields, x->arena, FIELD_X_OC_MTIME, modified);
    if (!md5.len)
        return;
    BUF_ADD(&checksum, "MD5:");
    buf_add(&checksum, md5);
    const struct http_field_line line = {FIELD_OC_CHECKSUM, http_field_name(FIELD_OC_CHECKSUM),
                                         arena_str(x->arena, buf_str(&checksum))};
    http_fields_add(fields, x->arena, &line);
    buf_done(&checksum);
}

static struct dav_result hold_content(struct exchange *x, struct bulk *bulk)
{
    uint64_t more = bulk->parts.left - u64_min(bulk->parts.left, bulk->content_bytes);
    if (!exchange_hold(x, more))
        return dav_busy();
    bulk->content_bytes += more;
    return DAV_FINE;
}

/* Of the head, which stays until the request is over, as do its path and what is told of it. */
static struct dav_result hold_head(struct exchange *x, struct bulk *bulk,
                                   const struct http_fields *fields)
{
    uint64_t bytes = 0;
    if (++bulk->count > x->service->limits->bulk_files)
        return dav_error(HTTP_CONTENT_TOO_LARGE, "there are too many files in one request");
    for (size_t i = 0; i < fields->count; i++)
        bytes += sizeof(fields->lines[i]) + fields->lines[i].name.len + fields->lines[i].value.len;
    return exchange_hold(x, 2 * bytes) ? DAV_FINE : dav_busy();
}

static struct dav_result read_part(struct exchange *x, struct bulk *bulk)
{
    const struct limits *limits = x->service->limits;
    struct bulk_file *file = &bulk->file;
    if (!read_path(x, file->name, &file->path))
        return dav_error(HTTP_BAD_REQUEST, "X-File-Path is no path of a file");
    if (bulk->parts.left > limits->bulk_file_bytes)
        return dav_error(HTTP_CONTENT_TOO_LARGE, "it is too large to be put in bulk");
    if (http_fields_has(&x->stream->request.fields, FIELD_CONTENT_RANGE)) /* RFC 9110 §14.5 */
        return dav_error(HTTP_BAD_REQUEST, "a range of a file cannot be put in bulk");
    x->path = file->path;
    struct dav_result result = if_header_read(x);
    if (dav_is_fine(result))
        result = exchange_check_coding(x);
    if (dav_is_fine(result))
        result = exchange_announced(x, ANNOUNCED_OF_EITHER, &file->check);
    if (dav_is_fine(result))
        result = replace_read_dates(x, &file->commit);
    return dav_is_fine(result) ? hold_content(x, bulk) : result;
}

static void begin_part(struct exchange *x, struct bulk *bulk, struct http_fields *fields)
{
    translate(x, fields);
    bulk->file = (struct bulk_file){.name = named_field(fields, "X-File-Path")};
    buf_clear(&bulk->content);
    x->conditions = NULL;
    x->stream->request.fields = *fields;
    bulk->file.why = read_part(x, bulk);
}

/* --- the loop reads --- */

static enum stage_end refuse_part(struct exchange *x, struct bulk *bulk, struct dav_result why)
{
    bulk->file.why = why;
    store_upload_close(&bulk->file.upload);
    target_end(x);
    tell(x, bulk, NULL);
    bulk->step = BULK_READ;
    return STAGE_NEXT;
}

/* True: a part is complete, and to be put. */
static bool take_event(struct exchange *x, struct bulk *bulk, enum parts_event event,
                       struct http_fields *fields, struct str content)
{
    if (event == PARTS_BEGINS)
        begin_part(x, bulk, fields);
    else if (event == PARTS_BYTES && dav_is_fine(bulk->file.why))
        buf_add(&bulk->content, content);
    if (event != PARTS_ENDS)
        return false;
    if (dav_is_fine(bulk->file.why))
        return true;
    tell(x, bulk, NULL);
    return false;
}

/* NEXT: a part is to be put. */
static enum stage_end read_parts(struct exchange *x, struct bulk *bulk)
{
    struct http_fields fields;
    struct str content;
    struct err err;
    for (;;) {
        struct dav_result result = DAV_FINE;
        enum parts_event event =
            parts_next(&bulk->parts, &bulk->unread, x->arena, &fields, &content);
        if (event == PARTS_MALFORMED)
            return give_up(x, bulk,
                           dav_error(HTTP_BAD_REQUEST,
                                     "the body is no multipart, or a part has no Content-Length"));
        if (event == PARTS_BEGINS)
            result = hold_head(x, bulk, &fields);
        if (!dav_is_fine(result))
            return give_up(x, bulk, result);
        if (take_event(x, bulk, event, &fields, content)) {
            bulk->step = BULK_OPEN;
            return STAGE_NEXT;
        }
        if (event != PARTS_MORE)
            continue;
        buf_clear(&bulk->input);
        enum pull pulled = source_pull(x->stream->body, &bulk->input, INPUT_BYTES, &err);
        bulk->unread = buf_str(&bulk->input);
        if (pulled == PULL_WAIT)
            return STAGE_WAIT;
        if (pulled == PULL_FAIL)
            return give_up(x, bulk, exchange_body_failure(&err));
        if (pulled == PULL_END)
            return bulk->parts.state == PARTS_OVER
                       ? answer(x, bulk)
                       : give_up(x, bulk, dav_error(HTTP_BAD_REQUEST, "the body has no end"));
    }
}

/* --- a worker opens --- */

static struct dav_result write_content(struct exchange *x, struct bulk *bulk)
{
    struct target *target = target_of(x);
    struct bulk_file *file = &bulk->file;
    struct str content = buf_str(&bulk->content);
    enum store_rc rc = store_upload(target->store, target->real, content.len, &file->upload);
    if (rc == STORE_OK && content.len)
        rc = store_upload_write(file->upload, content);
    if (rc == STORE_OK)
        rc = store_upload_end(file->upload);
    return rc == STORE_OK ? DAV_FINE : replace_refusal(x, rc);
}

static enum stage_end open_part(struct exchange *x, struct bulk *bulk)
{
    struct target *target = target_of(x);
    struct bulk_file *file = &bulk->file;
    struct store_stat stat;
    bool exists;
    if (file->check && !file->again_count)
        content_check_add(file->check, buf_str(&bulk->content));
    target_forget(x); /* so the rules are asked about this path */
    x->path = file->path;
    struct dav_result result = target_locate(x);
    if (dav_is_fine(result))
        result = replace_check_first(x, &stat, &exists);
    if (dav_is_fine(result) && file->check && !content_check_holds(file->check))
        result = exchange_is_not_announced();
    if (dav_is_fine(result))
        result = write_content(x, bulk);
    if (!dav_is_fine(result))
        return refuse_part(x, bulk, result);
    change_add(&target->change, target->real, CLAIM_SELF, true);
    change_add(&target->change, path_parent(target->real), CLAIM_SELF, false);
    (void)if_header_cover(x); /* always NEXT */
    bulk->step = BULK_BEGIN;
    return STAGE_NEXT;
}

/* --- the loop begins --- */

static void begun(struct store_change *change)
{
    exchange_wake(CONTAINER_OF(change, struct target, change)->x);
}

static enum stage_end put_again(struct exchange *x, struct bulk *bulk)
{
    struct bulk_file *file = &bulk->file;
    if (++file->again_count > AGAIN_MAX)
        return refuse_part(x, bulk, dav_from_store(STORE_AGAIN));
    store_upload_close(&file->upload);
    target_end(x);
    bulk->step = BULK_OPEN;
    return STAGE_NEXT;
}

static enum stage_end begin_change(struct exchange *x, struct bulk *bulk)
{
    struct target *target = target_of(x);
    struct store_change *change = &target->change;
    if (!change->begun) {
        target->x = x;
        change->executor = x->stream->executor;
        change->begun = begun;
        if (!store_begin(target->seen, change))
            return STAGE_WAIT;
    }
    if (!change->is_begun && change->rc == STORE_AGAIN)
        return put_again(x, bulk);
    if (!change->is_begun)
        return refuse_part(x, bulk, dav_from_store(change->rc));
    target->store = change->store;
    bulk->step = BULK_PUT;
    return STAGE_NEXT;
}

/* --- a worker puts --- */

static enum stage_end put_part(struct exchange *x, struct bulk *bulk)
{
    struct bulk_file *file = &bulk->file;
    struct store_stat stat;
    bool exists;
    struct dav_result result = replace_check(x, &stat, &exists);
    if (!dav_is_fine(result))
        return refuse_part(x, bulk, result);
    file->commit.hashes = file->check ? content_check_found(file->check) : NULL;
    const struct store_seen seen = {exists, precondition_is_about_version(x), stat.version};
    file->commit.seen = &seen;
    file->commit.expects_absent =
        !exists && str_eq(str_trim(exchange_field(x, FIELD_IF_NONE_MATCH)), STR("*"));
    enum store_rc rc =
        store_upload_commit(file->upload, &target_of(x)->change, &file->commit, &stat);
    if (rc == STORE_AGAIN)
        return put_again(x, bulk);
    if (rc == STORE_OK)
        rc = kept_type_set(x, exchange_field(x, FIELD_CONTENT_TYPE), exists);
    if (rc != STORE_OK)
        return refuse_part(x, bulk, replace_refusal(x, rc));
    tell(x, bulk, &stat);
    store_upload_close(&file->upload);
    target_end(x);
    bulk->step = BULK_READ;
    return STAGE_NEXT;
}

/* --- all of it --- */

static void free_bulk(void *arg)
{
    struct bulk *bulk = arg;
    store_upload_close(&bulk->file.upload);
    parts_done(&bulk->parts);
    buf_done(&bulk->input);
    buf_done(&bulk->content);
    buf_done(&bulk->answer);
}

static enum stage_end begin(struct exchange *x)
{
    struct bulk *bulk = ARENA_NEW(x->arena, struct bulk);
    struct str boundary;
    x->state = bulk;
    if (!x->stream->body ||
        !parts_boundary(exchange_field(x, FIELD_CONTENT_TYPE), x->arena, &boundary))
        return respond_error(x, dav_error(HTTP_UNSUPPORTED_MEDIA_TYPE,
                                          "what comes here is multipart/related with a boundary"));
    if (!exchange_hold(x, INPUT_BYTES))
        return respond_error(x, dav_busy());
    parts_init(&bulk->parts, boundary);
    buf_add_char(&bulk->answer, '{');
    bulk->fields = x->stream->request.fields;
    bulk->conditions = x->conditions;
    arena_on_reset(x->arena, free_bulk, bulk);
    x->stream->body->waker = &x->waker;
    x->stream->ops->proceed(x->stream);
    return STAGE_NEXT;
}

static enum stage_end run(struct exchange *x)
{
    struct bulk *bulk = x->state;
    for (;;) {
        bool is_for_worker = bulk->step == BULK_OPEN || bulk->step == BULK_PUT;
        enum stage_end end = STAGE_NEXT;
        if (is_for_worker != x->is_on_worker)
            return is_for_worker ? STAGE_BLOCKS : STAGE_RETURNS;
        switch (bulk->step) {
        case BULK_READ:
            end = read_parts(x, bulk);
            break;
        case BULK_OPEN:
            end = open_part(x, bulk);
            break;
        case BULK_BEGIN:
            end = begin_change(x, bulk);
            break;
        case BULK_PUT:
            end = put_part(x, bulk);
            break;
        }
        if (end != STAGE_NEXT)
            return end;
    }
}

static const struct stage bulk_stages[] = {
    {"begin", begin, ON_LOOP},
    {"run", run, ON_LOOP},
};

/* --- the handler --- */

static enum stage_end find_files(struct exchange *x)
{
    const struct sync_service *sync = sync_service_of(x);
    bool is_nobody = principal_is_anonymous(&x->signed_in.principal);
    bool is_it = str_eq(sync_path_of(x), STR("remote.php/dav/bulk"));
    if (x->service->access && is_nobody)
        return respond_error(x, admit_result(ACCESS_SIGN_IN));
    if (!is_it || !sync->has_bulk)
        return respond_error(x, dav_not_found());
    if (x->method->id != METHOD_POST) {
        respond_field(x, FIELD_ALLOW, STR("POST"));
        return respond_error(x, dav_error(HTTP_METHOD_NOT_ALLOWED, "files come here by POST"));
    }
    struct str user = x->service->access ? x->signed_in.principal.name : STR("anonymous");
    (void)!sync_see_files(x, user);    /* always he who asks */
    x->method = method_of(METHOD_PUT); /* which each of them is */
    return STAGE_NEXT;
}

static const struct stage enter_stages[] = {
    {"find files", find_files, ANYWHERE},
    {"see", dav_see, ON_READ},
    {"make homes", homes_make, ANYWHERE},
    {0},
};

static struct dav_result may(const struct exchange *x)
{
    return admit_somewhere(x, ACCESS_WRITE, x->seen.prefix);
}

static struct dav_result find(const struct exchange *x, const struct stage **stages_out)
{
    *stages_out = bulk_stages;
    return x->service->is_read_only ? dav_error(HTTP_METHOD_NOT_ALLOWED, "this server is read-only")
                                    : DAV_FINE;
}

struct handler_ops sync_bulk_ops(void)
{
    struct handler_ops ops = dav_store_ops;
    ops.name = "files in bulk";
    ops.enter = enter_stages;
    ops.may = may;
    ops.transfers = false;
    ops.find = find;
    return ops;
}
