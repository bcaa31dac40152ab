/* Content is what GET gives, byte for byte. An origin that packs it, although it was asked not to,
 * gives other bytes than it keeps; unless they are just as many as it says that it keeps: then a
 * packed file is what is there. Likewise one that runs a file gives what it has made: another
 * number of bytes than PROPFIND says of the file. That is no copy, and the only one may be about
 * to go.
 *
 * An upload is one PUT whose body comes as it is written. An origin makes it visible when it has
 * all of it, and so the last bytes are kept back until the commit: up to HELD_BYTES. What is not
 * committed breaks off in the middle of its body, and a server must not take that for a file (RFC
 * 9110 §9.3.4 says nothing of it; all that we know of keep to it where they were told the length).
 * One of unknown length is kept whole until then, for an origin that must know it.
 *
 * What has to be said before the bytes (that nothing may be there, what date it has) is known from
 * the plan (struct store_upload); where there is none, and there are more bytes than are kept back,
 * it is looked at when it is committed. A success that comes before the whole body has gone is
 * none. */
#include "store/origin/content.h"

#include "base/mem.h"
#include "store/origin/inquiry.h"
#include "store/origin/look.h"
#include "stream/spool.h"
#include "text/date.h"
#include "text/etag.h"

enum { HELD_BYTES = 1 << 18 };

/* --- reading --- */

struct content {
    struct store_content base;
    struct inquiry inquiry;
    struct question question;
    struct arena arena; /* of the question's path */
    struct source source;
    uint64_t told_bytes; /* by the listing, of what says no length itself */
    uint64_t pulled_bytes;
};

static const char not_the_file[] = "it gives another number of bytes than it says that it keeps";

static enum pull content_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct content *content = CONTAINER_OF(self, struct content, source);
    size_t before = into->len;
    enum pull pulled = errand_pull(content->inquiry.errand, into, want);
    content->pulled_bytes += into->len - before;
    if (pulled == PULL_FAIL) {
        (void)inquiry_refuse(&content->inquiry, "its answer breaks off");
        (void)err_set(err, 0, "the origin's answer breaks off");
    }
    if (pulled == PULL_END && content->told_bytes != LENGTH_UNKNOWN &&
        content->told_bytes != content->pulled_bytes) {
        (void)inquiry_refuse(&content->inquiry, not_the_file);
        (void)err_set(err, 0, not_the_file);
        pulled = PULL_FAIL;
    }
    return pulled;
}

static const struct source_ops content_source_ops = {.name = "content of an origin",
                                                     .pull = content_pull};

/* All of it, once: who asks an origin for parts of it does not go through a store. */
static struct source *content_source(struct store_content *base, struct arena *arena,
                                     uint64_t offset, uint64_t len)
{
    struct content *content = CONTAINER_OF(base, struct content, base);
    (void)arena;
    assert(offset == 0 && len == base->stat.size_bytes);
    content->source = (struct source){.ops = &content_source_ops};
    return &content->source;
}

static void content_close(struct store_content *base)
{
    struct content *content = CONTAINER_OF(base, struct content, base);
    inquiry_close(&content->inquiry);
    arena_done(&content->arena);
    mem_free(content);
}

static const struct store_content_ops content_ops = {content_source, content_close};

/* With a Transfer-Encoding it does not count (RFC 9112 §6.3). */
static uint64_t length_of(const struct call *call)
{
    uint64_t length;
    if (call_field(call, STR("Transfer-Encoding")).at)
        return UINT64_MAX;
    return str_parse_u64(call_field(call, STR("Content-Length")), &length) ? length : UINT64_MAX;
}

/* Where a file is run, what comes is what it has made, and not the file. One that has changed since
 * it was looked at is looked at again. */
static bool is_the_file(struct origin *origin, const struct content *content, uint64_t length)
{
    uint64_t told_bytes = content->base.stat.size_bytes;
    if (length == LENGTH_UNKNOWN || told_bytes == LENGTH_UNKNOWN || length == told_bytes ||
        look_at(origin, content->question.path) != STORE_OK)
        return true;
    told_bytes = origin->seen.stat.size_bytes;
    return told_bytes == LENGTH_UNKNOWN || told_bytes == length;
}

/* What stands in the answer counts; what was looked at before says the rest. */
static enum store_rc take_head(struct origin *origin, struct content *content)
{
    const struct call *call = content->inquiry.call;
    struct store_stat *stat = &content->base.stat;
    uint64_t length = length_of(call);
    struct str coding = call_field(call, STR("Content-Encoding"));
    struct str tag = call_field(call, STR("ETag"));
    bool is_packed = coding.len && !str_eq_nocase(coding, STR("identity"));
    if (call->status != HTTP_OK)
        return inquiry_refuse(&content->inquiry, "it answers with what is not the whole of it");
    if (is_packed && length != stat->size_bytes)
        return inquiry_refuse(&content->inquiry, "it packs what it was asked not to pack");
    if (!is_the_file(origin, content, length))
        return inquiry_refuse(&content->inquiry, not_the_file);
    content->told_bytes = length == LENGTH_UNKNOWN ? stat->size_bytes : LENGTH_UNKNOWN;
    stat->size_bytes = length;
    (void)!http_date_parse(call_field(call, STR("Last-Modified")), &stat->modified_s);
    stat->version = version_of(tag, stat);
    arena_reset(&origin->read.arena);
    origin->read.path = path_copy(&origin->read.arena, content->question.path);
    origin->read.tag = arena_str(&origin->read.arena, tag);
    return STORE_OK;
}

enum store_rc origin_open(struct store *store, struct res_path path,
                          struct store_content **content_out)
{
    struct origin *origin = origin_of(store);
    enum store_rc rc = look_lately(origin, path);
    if (rc == STORE_OK && origin->seen.stat.is_collection)
        return STORE_IS_COLLECTION;
    if (rc != STORE_OK)
        return rc;
    struct content *content = MEM_NEW(struct content);
    content->base.ops = &content_ops;
    content->base.stat = origin->seen.stat;
    content->base.failure = STORE_BAD_ORIGIN;
    content->question = (struct question){
        .method = "GET", .path = path_copy(&content->arena, path), .is_safe = true};
    inquiry_begin(&content->inquiry, origin, &content->question);
    rc = inquiry_await(&content->inquiry);
    if (rc == STORE_OK)
        rc = take_head(origin, content);
    if (rc == STORE_OK)
        *content_out = &content->base;
    else
        content_close(&content->base);
    return rc;
}

/* --- writing --- */

struct upload {
    struct store_upload base;
    struct origin *origin;
    struct arena arena;
    struct res_path path;
    uint64_t size_bytes; /* as it was said before */
    uint64_t written_bytes;
    struct buf held; /* not sent yet */
    bool is_spooled; /* all of it is kept until the commit */
    struct spool spool;
    bool is_sent;    /* the head of the PUT, and some of its body */
    bool is_guarded; /* it said that nothing may be there */
    struct question question;
    struct inquiry inquiry;
};

static struct upload *upload_of(struct store_upload *base)
{
    return CONTAINER_OF(base, struct upload, base);
}

/* What it may replace: nothing, or what was looked at. */
static void add_guard(struct upload *upload, const struct store_commit *plan)
{
    const struct seen *seen = &upload->origin->seen;
    struct question *question = &upload->question;
    struct str rest = seen->tag;
    struct etag tag;
    upload->is_guarded = plan && plan->expects_absent;
    bool is_seen = seen->path.at && path_eq(seen->path, upload->path) && seen->rc == STORE_OK;
    if (upload->is_guarded) {
        question->names[0] = STR("If-None-Match");
        question->values[0] = STR("*");
    } else if (plan && is_seen && etag_take(&rest, &tag) && !tag.is_weak) {
        question->names[0] = STR("If-Match");
        question->values[0] = arena_str(&upload->arena, tag.opaque);
    }
}

static void begin_put(struct upload *upload, const struct store_commit *plan, uint64_t size_bytes)
{
    struct question *question = &upload->question;
    struct buf seconds = {0};
    *question = (struct question){
        .method = "PUT", .path = upload->path, .has_upload = true, .upload_bytes = size_bytes};
    add_guard(upload, plan);
    if (plan && plan->sets_modified) { /* ownCloud's, and davit's; others let it be */
        buf_addf(&seconds, "%lld", (long long)plan->modified_s);
        question->names[1] = STR("X-OC-Mtime");
        question->values[1] = arena_str(&upload->arena, buf_str(&seconds));
    }
    buf_done(&seconds);
    inquiry_begin(&upload->inquiry, upload->origin, question);
    upload->is_sent = true;
}

static enum store_rc refuse_part(struct upload *upload)
{
    return inquiry_refuse(&upload->inquiry, "it has taken a part of an upload for the whole");
}

/* A 404 speaks of what should hold it. */
static enum store_rc rc_of_put(const struct upload *upload, enum store_rc rc)
{
    unsigned status = upload->inquiry.call ? upload->inquiry.call->status : 0;
    if (status == HTTP_METHOD_NOT_ALLOWED)
        return STORE_IS_COLLECTION;
    if (status == HTTP_NOT_FOUND)
        return STORE_NO_PARENT;
    return status == HTTP_ACCEPTED ? STORE_NO_ANSWER : rc;
}

static enum store_rc spool(struct upload *upload, struct str bytes)
{
    struct err err;
    if (upload->written_bytes > upload->origin->x->service->limits->spool_bytes)
        return STORE_NO_SPACE;
    buf_add(spool_buf(&upload->spool), bytes);
    return spool_settle(&upload->spool, &err) ? STORE_OK : STORE_NO_SPACE;
}

static unsigned upload_write(struct sink *sink, struct str bytes)
{
    struct upload *upload = CONTAINER_OF(sink, struct upload, base.sink);
    upload->written_bytes += bytes.len;
    if (upload->is_spooled)
        return spool(upload, bytes);
    if (upload->held.len + bytes.len > HELD_BYTES) {
        if (!upload->is_sent)
            begin_put(upload, upload->base.plan, upload->size_bytes);
        if (!errand_write(upload->inquiry.errand, buf_str(&upload->held))) {
            enum store_rc rc = inquiry_await(&upload->inquiry);
            return rc == STORE_OK ? refuse_part(upload) : rc_of_put(upload, rc);
        }
        buf_clear(&upload->held);
    }
    buf_add(&upload->held, bytes);
    return STORE_OK;
}

static const struct sink_ops sink_ops = {.name = "upload to an origin", .write = upload_write};

/* Where the PUT could not say so. */
static enum store_rc check_absent(struct upload *upload, const struct store_commit *options)
{
    if (!options->expects_absent || upload->is_guarded)
        return STORE_OK;
    enum store_rc rc = look_at(upload->origin, upload->path);
    if (rc == STORE_NOT_FOUND)
        return STORE_OK;
    if (rc != STORE_OK)
        return rc;
    return upload->origin->seen.stat.is_collection ? STORE_IS_COLLECTION : STORE_EXISTS;
}

/* The rest of the body. OK: it was sent; or there is an answer. */
static enum store_rc send_rest(struct upload *upload)
{
    struct errand *errand = upload->inquiry.errand;
    struct err err;
    bool is_wanted = errand_write(errand, buf_str(&upload->held));
    while (is_wanted && upload->is_spooled && spool_len(&upload->spool)) {
        buf_clear(&upload->held);
        if (!spool_take(&upload->spool, &upload->held, HELD_BYTES, &err))
            return STORE_FAILED;
        is_wanted = errand_write(errand, buf_str(&upload->held));
    }
    if (is_wanted)
        errand_finish(errand);
    return STORE_OK;
}

/* Some origins take a body in chunks, keep nothing of it, and say that all is well. */
static enum store_rc check_kept(struct upload *upload)
{
    if (upload->size_bytes != LENGTH_UNKNOWN || upload->is_spooled)
        return STORE_OK;
    enum store_rc rc = look_at(upload->origin, upload->path);
    uint64_t kept_bytes = upload->origin->seen.stat.size_bytes;
    if (rc == STORE_OK && kept_bytes != LENGTH_UNKNOWN && kept_bytes != upload->written_bytes)
        rc = inquiry_refuse(&upload->inquiry, "it has kept another number of bytes than it was "
                                              "sent (origin-chunks = no may help)");
    return rc;
}

static enum store_rc upload_commit(struct store_upload *base, struct store_change *change,
                                   const struct store_commit *options, struct store_stat *stat_out)
{
    struct upload *upload = upload_of(base);
    (void)change; /* none of the origin's */
    if (!upload->is_sent)
        begin_put(upload, options, upload->written_bytes);
    enum store_rc rc = check_absent(upload, options);
    if (rc != STORE_OK)
        return rc;
    rc = send_rest(upload);
    if (rc == STORE_OK)
        rc = inquiry_await(&upload->inquiry);
    if (rc == STORE_OK && !errand_has_sent(upload->inquiry.errand))
        return refuse_part(upload);
    if (rc != STORE_OK || upload->inquiry.call->status == HTTP_ACCEPTED)
        return rc_of_put(upload, rc);
    rc = check_kept(upload);
    if (rc != STORE_OK)
        return rc;
    *stat_out = (struct store_stat){.size_bytes = upload->written_bytes,
                                    .modified_s = options->sets_modified ? options->modified_s
                                                                         : STORE_TIME_UNKNOWN,
                                    .created_s = -1};
    stat_out->version = version_of(call_field(upload->inquiry.call, STR("ETag")), stat_out);
    look_made(upload->origin, upload->path, false);
    return STORE_OK;
}

static void upload_close(struct store_upload *base)
{
    struct upload *upload = upload_of(base);
    if (upload->is_sent)
        inquiry_close(&upload->inquiry);
    if (upload->is_spooled)
        spool_done(&upload->spool);
    buf_done(&upload->held);
    arena_done(&upload->arena);
    mem_free(upload);
}

static const struct store_upload_ops upload_ops = {.commit = upload_commit, .close = upload_close};

enum store_rc origin_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                            struct store_upload **upload_out)
{
    struct upload *upload = MEM_NEW(struct upload);
    upload->base.ops = &upload_ops;
    upload->base.sink.ops = &sink_ops;
    upload->origin = origin_of(store);
    upload->path = path_copy(&upload->arena, path);
    upload->size_bytes = size_bytes;
    upload->is_spooled = size_bytes == LENGTH_UNKNOWN && upload->origin->gateway->lacks_chunks;
    if (upload->is_spooled)
        spool_init(&upload->spool, upload->origin->x->service->spool_dir_fd, HELD_BYTES);
    *upload_out = &upload->base;
    return STORE_OK;
}
