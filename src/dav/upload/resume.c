/* Uploads that go on later: the stages of every request about one, whatever its front end. The
 * engine (store/resumable.h) keeps them; front ends read requests and write answers.
 *
 *   read      what the request says
 *   open      CREATE: the upload is made, APPEND: what comes is let in, REMOVE: that is all
 *   receive   the body goes to the engine
 *   keep      what has come is durable. Not whole yet: that is the answer
 *   find ...  it is whole: from here on this is a PUT (dav/method/put.c)
 *
 * Invariants
 *  (1) no offset is told that is not durable: what is told is what the engine told last;
 *  (2) the rules are asked at the creation, and again by every request, about the target, which is
 *      the path of the upload's URL: who may write there may look, append and remove;
 *  (3) what is there at the end is replaced under the same change, conditions and locks as by a
 *      PUT: those of the request that commits, and those that the creation has said;
 *  (4) who asks again is told again: of an upload that is over, what its last part was answered;
 *  (5) a whole that has not been committed, since the server died between, or since it could not be
 *      (a lock), is committed by whoever asks next, a HEAD included. To tell its offset alone
 *      would be to say that all is well: clients end there.
 *
 * A body that breaks off is kept as far as it came, that is what all this is for; but for a part
 * that has a hash, which is kept whole or not at all. */
#include "dav/upload/fields.h"

#include "dav/kept.h"
#include "dav/lock/if_check.h"
#include "dav/method.h"
#include "dav/precondition.h"
#include "dav/prop/synced.h"
#include "dav/target.h"
#include "dav/upload/create.h"
#include "dav/upload/replace.h"
#include "exchange/body.h"
#include "exchange/if_header.h"
#include "exchange/respond.h"
#include "http/conditional.h"

/* --- answers --- */

static enum stage_end answer(struct exchange *x, enum http_status status)
{
    const struct upload *upload = x->state;
    upload->front->tell(x, upload);
    return respond_status(x, status);
}

/* What is told where that is known: how far it is, for who goes on. */
static enum stage_end refuse(struct exchange *x, struct dav_result result)
{
    const struct upload *upload = x->state;
    if (upload->now.wish.id.len && result.status != HTTP_NOT_FOUND)
        upload_add_number(x, FIELD_UPLOAD_OFFSET, upload->now.received_bytes);
    return respond_error(x, result);
}

/* It is at another offset, or over. */
static enum stage_end refuse_part(struct exchange *x)
{
    const struct upload *upload = x->state;
    if (upload->front->refuse_part)
        return upload->front->refuse_part(x, upload);
    return refuse(x, dav_error(HTTP_CONFLICT, upload->now.is_done
                                                  ? "the upload is complete"
                                                  : "the upload is at another offset"));
}

/* An upload that is not there, and one of somebody else, are the same to who asks. */
static struct dav_result of_engine(enum store_rc rc)
{
    if (rc == STORE_NOT_FOUND)
        return dav_error(HTTP_NOT_FOUND, "there is no such upload, or it is over");
    return dav_from_store(rc);
}

/* --- read --- */

/* tus: a client that can send nothing but POST says so what it means. */
static enum method_id method_meant(const struct exchange *x)
{
    struct str meant = exchange_field(x, FIELD_X_HTTP_METHOD_OVERRIDE);
    if (x->method->id != METHOD_POST || upload_dialect_of(x) != DIALECT_TUS)
        return x->method->id;
    if (str_eq(meant, STR("PATCH")))
        return METHOD_PATCH;
    return str_eq(meant, STR("DELETE")) ? METHOD_DELETE : METHOD_POST;
}

/* False: an upload's URL knows no such method. */
static bool read_task(struct exchange *x, struct upload *upload)
{
    bool is_named = upload_is_named(x, &upload->id);
    upload->task = UPLOAD_CREATE;
    switch ((int)method_meant(x)) {
    case METHOD_HEAD:
        upload->task = UPLOAD_LOOK;
        return is_named;
    case METHOD_PATCH:
        upload->task = UPLOAD_APPEND;
        return is_named;
    case METHOD_DELETE:
        upload->task = UPLOAD_REMOVE;
        return is_named;
    }
    return !is_named;
}

/* What is wrong before any protocol is spoken. */
static struct dav_result read_front(struct exchange *x, struct upload *upload)
{
    unsigned dialect = upload_dialect_of(x);
    upload->front = dialect == DIALECT_IETF ? &upload_ietf : &upload_tus;
    if (!(upload_dialects_at(x) & DIALECTS_RESUMABLE))
        return of_engine(STORE_NOT_FOUND);
    if (!read_task(x, upload))
        return dav_error(HTTP_METHOD_NOT_ALLOWED, "this is an upload");
    if (dialect)
        return DAV_FINE;
    if (upload_dialects_at(x) & DIALECT_TUS)
        respond_field(x, FIELD_TUS_VERSION, STR(TUS_VERSION));
    return dav_error(HTTP_BAD_REQUEST,
                     "an upload that can go on later says Tus-Resumable: 1.0.0, or "
                     "Upload-Draft-Interop-Version: 6");
}

static void free_upload(void *arg)
{
    struct upload *upload = arg;
    receive_done(&upload->receiving);
    resumable_append_close(&upload->append);
    resumable_commit_close(&upload->end);
}

static enum stage_end upload_read(struct exchange *x)
{
    struct upload *upload = ARENA_NEW(x->arena, struct upload);
    x->state = upload;
    upload->size_bytes = LENGTH_UNKNOWN;
    struct dav_result result = read_front(x, upload);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    upload->front->mark(x);
    if (upload->task == UPLOAD_LOOK) /* whatever the answer is */
        respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
    result = exchange_check_coding(x);
    if (dav_is_fine(result) && (upload->task == UPLOAD_CREATE || upload->task == UPLOAD_APPEND))
        result = replace_check_length(x);
    if (dav_is_fine(result))
        result = upload->front->read(x, upload);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    arena_on_reset(x->arena, free_upload, upload);
    return STAGE_NEXT;
}

/* --- open --- */

static struct resumable_key key_of(const struct exchange *x, const struct upload *upload)
{
    return (struct resumable_key){target_of(x)->real, principal_holder(&x->signed_in.principal),
                                  upload->id};
}

static struct dav_result look(struct exchange *x, struct upload *upload, enum resumable_look how)
{
    const struct target *target = target_of(x);
    const struct resumable_key key = key_of(x, upload);
    struct resumable now;
    enum store_rc rc = resumable_look(target->store, x->arena, &key, how, &now);
    if (rc == STORE_OK && !path_eq(now.wish.target, target->real)) /* it is another URL's */
        rc = STORE_NOT_FOUND;
    if (rc == STORE_OK)
        upload->now = now;
    return of_engine(rc);
}

static uint64_t body_bytes_of(const struct exchange *x)
{
    return x->stream->body ? x->stream->request.body_bytes : 0;
}

/* Its last part has come again, since the answer to it was lost. */
static bool is_repeated(const struct exchange *x, const struct upload *upload)
{
    uint64_t body_bytes = body_bytes_of(x);
    uint64_t size = upload->now.wish.size_bytes;
    return upload->offset <= size &&
           (body_bytes == LENGTH_UNKNOWN || body_bytes == size - upload->offset);
}

/* More is announced than there is to come: then none of it is let in. That it is for another offset
 * has to be said first. */
static bool is_too_long(const struct exchange *x, const struct upload *upload)
{
    uint64_t size =
        upload->size_bytes != LENGTH_UNKNOWN ? upload->size_bytes : upload->now.wish.size_bytes;
    uint64_t body_bytes = body_bytes_of(x);
    return size != LENGTH_UNKNOWN && body_bytes != LENGTH_UNKNOWN && upload->offset <= size &&
           upload->offset == upload->now.received_bytes && body_bytes > size - upload->offset;
}

static struct dav_result open_append(struct exchange *x, struct upload *upload)
{
    if (is_too_long(x, upload))
        return of_engine(STORE_LENGTH);
    const struct target *target = target_of(x);
    const struct resumable_key key = key_of(x, upload);
    const struct resumable_part part = {
        .offset = upload->offset,
        .size_bytes = upload->size_bytes,
        .is_whole = upload->check,
    };
    enum store_rc rc = resumable_append(target->store, &key, &part, &upload->append);
    if (rc == STORE_OK)
        return DAV_FINE;
    struct dav_result looked = look(x, upload, LOOK_ONLY);
    upload->is_elsewhere = rc == STORE_AGAIN && dav_is_fine(looked);
    if (upload->is_elsewhere)
        return dav_error(HTTP_CONFLICT, NULL);
    return dav_is_fine(looked) ? of_engine(rc) : looked;
}

static struct dav_result create(struct exchange *x, struct upload *upload)
{
    struct dav_result result = upload_turn(x, upload);
    if (dav_is_fine(result))
        result = upload_create(x, upload);
    if (!dav_is_fine(result))
        return result;
    upload_add_location(x, upload);
    return x->stream->body ? open_append(x, upload) : DAV_FINE;
}

static struct dav_result open_again(struct exchange *x, struct upload *upload)
{
    bool appends = upload->task == UPLOAD_APPEND;
    struct dav_result result = look(x, upload, appends ? LOOK_ONLY : LOOK_SETTLE);
    if (!dav_is_fine(result) || !appends || upload->now.is_done)
        return result;
    return open_append(x, upload);
}

static enum stage_end answer_again(struct exchange *x, struct upload *upload);

static enum stage_end open_remove(struct exchange *x, const struct upload *upload)
{
    const struct resumable_key key = key_of(x, upload);
    struct dav_result result = look(x, x->state, LOOK_SETTLE);
    if (dav_is_fine(result))
        result = of_engine(resumable_remove(target_of(x)->store, &key));
    return dav_is_fine(result) ? respond_status(x, HTTP_NO_CONTENT) : respond_error(x, result);
}

static enum stage_end upload_open(struct exchange *x)
{
    struct upload *upload = x->state;
    struct dav_result result = target_locate(x);
    if (dav_is_fine(result) && target_is_read_only(x))
        result = dav_error(HTTP_FORBIDDEN, "nothing can be changed here");
    if (!dav_is_fine(result))
        return respond_error(x, result);
    if (upload->task == UPLOAD_REMOVE)
        return open_remove(x, upload);
    result = upload->task == UPLOAD_CREATE ? create(x, upload) : open_again(x, upload);
    if (!dav_is_fine(result))
        return upload->is_elsewhere ? refuse_part(x) : refuse(x, result);
    return upload->now.is_done ? answer_again(x, upload) : STAGE_NEXT;
}

/* --- receive --- */

static enum stage_end upload_receive(struct exchange *x)
{
    struct upload *upload = x->state;
    if (!upload->append || !x->stream->body)
        return STAGE_NEXT;
    upload->receiving.source = x->stream->body;
    upload->receiving.sink = &upload->append->sink;
    upload->receiving.check = upload->check;
    upload->receiving.announced_bytes = x->stream->request.body_bytes;
    enum pump_state pumped = receive_run(x, &upload->receiving);
    if (pumped == PUMP_WAIT)
        return STAGE_WAIT;
    if (pumped == PUMP_SOURCE_FAILED)
        upload->why = exchange_body_failure(&upload->receiving.pump.err);
    return STAGE_NEXT;
}

/* --- keep --- */

/* Ends the append. Fine: all that was announced has come, and counts. */
static struct dav_result end_append(struct upload *upload)
{
    enum store_rc rc = receive_end(&upload->receiving);
    struct dav_result why = rc != STORE_OK ? of_engine(rc) : upload->why;
    if (upload->check && dav_is_fine(why) && !content_check_holds(upload->check))
        why = dav_error(upload->front->wrong_check,
                        "the content does not have the hash that the request announces");
    if (upload->check && !dav_is_fine(why)) {
        resumable_append_close(&upload->append); /* whole or not at all */
        return why;
    }
    enum store_rc ended = resumable_append_end(upload->append, NULL);
    upload->now.received_bytes = upload->append->received_bytes;
    resumable_append_close(&upload->append);
    if (rc == STORE_AGAIN || ended == STORE_AGAIN)
        return dav_error(HTTP_CONFLICT, "another request has gone on with the upload");
    return dav_is_fine(why) ? of_engine(ended) : why;
}

/* Whether the request is to make it visible: it says so, or it has the length that it was to have,
 * whatever is said. */
static bool is_to_end(const struct upload *upload)
{
    return upload->is_last || upload->now.received_bytes == upload->now.wish.size_bytes;
}

static enum stage_end upload_keep(struct exchange *x)
{
    struct upload *upload = x->state;
    if (upload->append) {
        struct dav_result result = end_append(upload);
        if (!dav_is_fine(result))
            return refuse(x, result);
        if (upload->size_bytes != LENGTH_UNKNOWN)
            upload->now.wish.size_bytes = upload->size_bytes;
    }
    if (is_to_end(upload))
        return STAGE_NEXT;
    if (upload->task == UPLOAD_LOOK)
        return answer(x, upload->front->looked);
    return answer(x,
                  upload->task == UPLOAD_CREATE ? upload->front->created : upload->front->appended);
}

/* --- the end, which is PUT's --- */

/* The If field of the creation, where this request has none: locks that were submitted then. */
static struct dav_result take_conditions(struct exchange *x, const struct upload *upload)
{
    struct str field = upload->now.wish.if_header;
    if (x->conditions || !field.len)
        return DAV_FINE;
    struct if_header *header = ARENA_NEW(x->arena, struct if_header);
    if (!if_header_parse(field, x->arena, header))
        return dav_error(HTTP_BAD_REQUEST, "the If field of the upload is malformed");
    x->conditions = header;
    return DAV_FINE;
}

static struct dav_result prepare(struct exchange *x, struct upload *upload)
{
    const struct target *target = target_of(x);
    const struct resumable_key key = key_of(x, upload);
    struct resumable_end end = {
        .target = target->real,
        .size_bytes = upload->is_last ? upload->now.received_bytes : LENGTH_UNKNOWN,
    };
    if (upload->task == UPLOAD_APPEND) /* the creation's are known */
        end.hashes = upload->hashes;
    if (upload->end && path_eq(upload->end->upload->path, target->real))
        return DAV_FINE;
    resumable_commit_close(&upload->end);
    enum store_rc rc = resumable_prepare(target->store, x->arena, &key, &end, &upload->end);
    return rc == STORE_OK ? DAV_FINE : replace_refusal(x, rc);
}

/* What the creation has demanded, besides its If field. */
static struct dav_result check_creation(struct exchange *x, const struct upload *upload,
                                        const struct store_stat *stat)
{
    const struct resumable_wish *wish = &upload->now.wish;
    struct http_representation now = representation_of(x, stat, upload->exists);
    struct http_fields fields = {0};
    if (wish->if_match.len)
        http_fields_set(&fields, x->arena, FIELD_IF_MATCH, wish->if_match);
    if (wish->if_none_match.len)
        http_fields_set(&fields, x->arena, FIELD_IF_NONE_MATCH, wish->if_none_match);
    if (fields.count == 0 || http_conditional(&fields, false, &now, x->arena) == PRECONDITION_HOLDS)
        return DAV_FINE;
    return dav_error(HTTP_PRECONDITION_FAILED, "a condition of the upload does not hold any more");
}

static bool wants_absent(const struct exchange *x, const struct upload *upload)
{
    return str_eq(str_trim(exchange_field(x, FIELD_IF_NONE_MATCH)), STR("*")) ||
           str_eq(str_trim(upload->now.wish.if_none_match), STR("*"));
}

static struct store_commit commit_of(const struct exchange *x, struct upload *upload)
{
    const struct resumable_wish *wish = &upload->now.wish;
    struct store_commit commit = upload->commit;
    content_hashes_add(&upload->hashes, &wish->hashes);
    if (!commit.sets_modified && wish->sets_modified) {
        commit.sets_modified = true;
        commit.modified_s = wish->modified_s;
    }
    commit.expects_absent = !upload->exists && wants_absent(x, upload);
    commit.seen = &upload->seen;
    if (!content_hashes_are_none(&upload->hashes)) /* they hold, or it were not prepared */
        commit.hashes = &upload->hashes;
    return commit;
}

/* It is visible. */
static enum stage_end answer_end(struct exchange *x, struct upload *upload)
{
    const struct resumable *now = &upload->now;
    if (now->has_stat) {
        respond_field(x, FIELD_ETAG, etag_of_stat(x->arena, &now->stat));
        synced_tell(x, target_of(x)->real, &now->stat);
    }
    struct store_commit told = upload->commit;
    told.sets_modified |= now->wish.sets_modified;
    replace_tell_dates(x, &told, now->has_stat ? &now->stat : NULL);
    if (upload->task == UPLOAD_LOOK)
        return answer(x, upload->front->looked);
    if (upload->front->ends_as_put)
        return answer(x, now->was_new ? HTTP_CREATED : HTTP_NO_CONTENT);
    return answer(x,
                  upload->task == UPLOAD_CREATE ? upload->front->created : upload->front->appended);
}

/* Of one that was committed before. */
static enum stage_end answer_again(struct exchange *x, struct upload *upload)
{
    if (upload->task == UPLOAD_APPEND && !is_repeated(x, upload))
        return refuse_part(x);
    return answer_end(x, upload);
}

/* It cannot be made visible; or another request, for whose answer the client has not waited, has
 * done so meanwhile. */
static enum stage_end refuse_end(struct exchange *x, struct dav_result result)
{
    struct upload *upload = x->state;
    if (dav_is_fine(look(x, upload, LOOK_ONLY)) && upload->now.is_done)
        return answer_again(x, upload);
    return refuse(x, result);
}

/* What a PUT is asked, and what the creation has demanded. */
static struct dav_result judge(struct exchange *x, struct upload *upload,
                               struct store_stat *stat_out)
{
    struct dav_result result = replace_check(x, stat_out, &upload->exists);
    if (result.status == HTTP_METHOD_NOT_ALLOWED) /* an upload's URL knows the method */
        result = dav_error(HTTP_CONFLICT, "there is a collection by now");
    return dav_is_fine(result) ? check_creation(x, upload, stat_out) : result;
}

/* A courtesy, before all of it is read and perhaps copied: who asks again and again what cannot be,
 * is told so at no such cost. */
static struct dav_result judge_first(struct exchange *x, struct upload *upload)
{
    struct store_stat stat;
    struct dav_result result = judge(x, upload, &stat);
    return dav_is_fine(result) && !upload->exists ? parent_check(x, target_of(x)->real) : result;
}

static enum stage_end upload_find(struct exchange *x)
{
    struct upload *upload = x->state;
    struct target *target = target_of(x);
    struct dav_result result = target_locate(x);
    if (dav_is_fine(result) && !path_eq(target->real, upload->now.wish.target))
        result = dav_from_store(STORE_AGAIN);
    if (dav_is_fine(result))
        result = take_conditions(x, upload);
    if (dav_is_fine(result))
        result = judge_first(x, upload);
    if (dav_is_fine(result))
        result = prepare(x, upload);
    if (!dav_is_fine(result))
        return refuse_end(x, result);
    change_add(&target->change, target->real, CLAIM_SELF, true);
    change_add(&target->change, path_parent(target->real), CLAIM_SELF, false);
    return STAGE_NEXT;
}

static enum stage_end upload_judge(struct exchange *x)
{
    struct upload *upload = x->state;
    struct store_stat stat;
    struct dav_result result = judge(x, upload, &stat);
    if (!dav_is_fine(result))
        return x->is_on_worker ? refuse_end(x, result) : STAGE_BLOCKS;
    bool has_version = precondition_is_about_version(x) || upload->now.wish.if_match.len;
    upload->seen = (struct store_seen){upload->exists, has_version, stat.version};
    return STAGE_NEXT;
}

static enum stage_end upload_commit(struct exchange *x)
{
    struct upload *upload = x->state;
    struct target *target = target_of(x);
    struct store_stat stat;
    const struct store_commit commit = commit_of(x, upload);
    enum store_rc rc =
        resumable_commit(upload->end, &target->change, &commit, !upload->exists, &stat);
    if (rc == STORE_AGAIN)
        return target_refused(x, rc);
    if (rc != STORE_OK)
        return refuse_end(x, replace_refusal(x, rc));
    upload->now.is_done = true;
    upload->now.was_new = !upload->exists;
    upload->now.has_stat = true;
    upload->now.stat = stat;
    rc = kept_type_set(x, upload_note_read(upload->now.wish.note).type, upload->exists);
    if (rc != STORE_OK)
        return refuse(x, dav_from_store(rc));
    return answer_end(x, upload);
}

const struct stage upload_stages[] = {
    {"read", upload_read, ON_LOOP},
    {"open", upload_open, ON_WORKER},
    {"receive", upload_receive, ON_LOOP},
    {"keep", upload_keep, ON_WORKER},
    {"find", upload_find, ON_WORKER, .looks = true},
    {"if", if_header_cover, ON_READ},
    {"begin", target_begin, ON_LOOP},
    {"judge", upload_judge, ON_READ},
    {"commit", upload_commit, ON_WORKER},
};
