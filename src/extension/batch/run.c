/* The answer is a source that does what it tells of: an operation is begun when those before it
 * have been told, and the wire has room. So memory does not grow with the batch, a client that
 * reads slowly is waited for, and one that has gone stops it: the operation under way comes to its
 * end, and none is begun after it.
 *
 *     NEXT --skipped--> told                 (what it was to come after has failed)
 *       '--begun--> UNDER WAY --answered--> told
 *                                 '--a 207--> READING --its end--> told
 *
 * Each is an exchange of its own (exchange/inner/inner.h): rules, locks, conditions and quota are
 * asked as of any request, after the operations before it, and nothing of a method is here. They
 * run in the order of the document, one at a time: so what a client means by the order holds
 * without a word, and a batch gets no more of the server at a time than a connection does.
 *
 * Locks' tokens in the batch's own If are submitted with each operation that has no If and might
 * need them, next to a list that is always true: which of them it needs, its locks say (RFC 4918
 * §10.4.1, §10.4.9).
 *
 * What is done on the loop and waits for nothing could keep others waiting: after so many in a row
 * it is their turn. */
#include "extension/batch/run.h"

#include "exchange/admit.h"
#include "exchange/inner/inner.h"
#include "exchange/respond.h"
#include "exchange/sign_in.h"
#include "extension/batch/answer.h"
#include "stream/offload.h"

enum {
    IN_A_ROW = 16,
    PIECE_BYTES = 16384,
    AHEAD_BYTES = 65536,
    LOCK_BODY_BYTES_MAX = 65536, /* the answer to one LOCK */
};

struct batch_run {
    struct source source; /* the answer */
    struct exchange *x;
    struct batch *batch;
    const struct spool *content;
    struct batch_wish wish;
    struct batch_answer answer;
    struct str tokens;   /* of the batch's If, as an operation's; empty: there are none */
    bool *failed;        /* of each operation that has been told */
    size_t at;           /* the operation that is under way, or comes next */
    struct inner *inner; /* it; NULL: none is */
    struct davit_ms_reader *reader; /* of its 207 */
    struct buf piece;
    struct waker waker; /* its answer's body's */
    struct job job;     /* after others */
    unsigned in_a_row;
    bool is_told;   /* the one that is being read */
    bool has_ended; /* the first failure ends it, and there was one */
    bool is_over;
    bool is_waiting;
    bool is_posted;
};

/* --- waiting --- */

static void wake(struct batch_run *run)
{
    if (!run->is_waiting)
        return;
    run->is_waiting = false;
    run->in_a_row = 0;
    source_wake(&run->source);
}

static void answered(struct inner *inner)
{
    wake(inner->owner);
}

static void body_rang(struct waker *waker)
{
    wake(CONTAINER_OF(waker, struct batch_run, waker));
}

static void others_have_run(struct job *job)
{
    struct batch_run *run = CONTAINER_OF(job, struct batch_run, job);
    run->is_posted = false;
    wake(run);
    refs_drop(&run->x->stream->refs);
}

/* Lets others run. */
static void pause_run(struct batch_run *run)
{
    run->is_posted = true;
    refs_take(&run->x->stream->refs);
    executor_post(run->x->stream->executor, &run->job);
}

/* --- what is told --- */

static struct batch_operation *current(const struct batch_run *run)
{
    return run->batch->operations[run->at];
}

static void tell(struct batch_run *run, const struct batch_outcome *outcome)
{
    run->is_told = true;
    run->failed[run->at] = !batch_answer_tell(&run->answer, outcome);
    run->has_ended |= run->failed[run->at] && run->wish.is_strict;
}

/* It is done with. */
static void go_on(struct batch_run *run)
{
    davit_ms_reader_free(run->reader);
    run->reader = NULL;
    inner_leave(&run->inner);
    buf_clear(&run->piece);
    run->is_told = false;
    run->at++;
    run->in_a_row++;
}

/* As the inner request was answered. */
static struct batch_outcome outcome_of(const struct batch_run *run)
{
    const struct inner *inner = run->inner;
    return (struct batch_outcome){.operation = current(run),
                                  .status = inner->stream.response.status,
                                  .why = inner->x->failure,
                                  .fields = &inner->stream.response.fields,
                                  .content_bytes = inner->stream.response.body_bytes};
}

static void tell_unknown(struct batch_run *run)
{
    struct batch_outcome outcome = outcome_of(run);
    outcome.why = dav_error(HTTP_BAD_GATEWAY, "what it came to cannot be read");
    outcome.status = HTTP_BAD_GATEWAY;
    if (!run->is_told)
        tell(run, &outcome);
}

/* --- a 207 within --- */

/* Whether its 207 has one response, of what it is about, and not those of others. */
static bool is_about_itself(const struct batch_run *run)
{
    enum method_id id = current(run)->method->id;
    bool is_locked = id == METHOD_LOCK && run->inner->stream.response.status != HTTP_MULTI_STATUS;
    return id == METHOD_PROPFIND || id == METHOD_PROPPATCH || is_locked;
}

static void take_response(struct batch_run *run, const struct davit_ms_response *response)
{
    struct batch_outcome outcome = outcome_of(run);
    if (!is_about_itself(run)) {
        batch_answer_member(&run->answer, response);
        return;
    }
    outcome.response = response;
    if (!run->is_told)
        tell(run, &outcome);
}

/* All that the reader has. False: it cannot be read. */
static bool take_responses(struct batch_run *run)
{
    const struct davit_ms_response *response;
    enum davit_ms_rc rc;
    while ((rc = davit_ms_reader_next(run->reader, &response)) == DAVIT_MS_RESPONSE)
        take_response(run, response);
    return rc == DAVIT_MS_MORE;
}

static void end_reading(struct batch_run *run)
{
    const struct batch_outcome outcome = outcome_of(run);
    bool is_whole = davit_ms_reader_finish(run->reader) == DAVIT_MS_END;
    if (!is_whole || (is_about_itself(run) && !run->is_told))
        tell_unknown(run);
    else if (!run->is_told)
        tell(run, &outcome);
    go_on(run);
}

/* Reads on. False: it has to wait. */
static bool read_on(struct batch_run *run)
{
    struct source *body = run->inner->stream.response.body;
    struct err err;
    buf_clear(&run->piece);
    enum pull pulled = body ? source_pull(body, &run->piece, PIECE_BYTES, &err) : PULL_END;
    if (pulled == PULL_WAIT)
        return false;
    bool is_fine = pulled != PULL_FAIL;
    if (pulled == PULL_DATA)
        is_fine = davit_ms_reader_feed(run->reader, run->piece.at, run->piece.len) == DAVIT_MS_OK &&
                  take_responses(run);
    if (!is_fine) {
        tell_unknown(run);
        go_on(run);
    } else if (pulled == PULL_END) {
        end_reading(run);
    }
    return true;
}

/* --- a lock --- */

static void feed(struct batch_run *run, struct str text)
{
    if (davit_ms_reader_feed(run->reader, text.at, text.len) == DAVIT_MS_OK)
        (void)take_responses(run); /* end_reading() sees what it is */
}

/* RFC 4918 §9.10.1: a DAV:prop, which is what a 207 would say of it. */
static void end_lock(struct batch_run *run)
{
    struct str prop = buf_str(&run->piece);
    const char *declared = prop.len ? memmem(prop.at, prop.len, "?>", 2) : NULL;
    if (declared)
        prop = str_from(prop, (size_t)(declared - prop.at) + 2);
    feed(run, STR("<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>/</D:href><D:propstat>"));
    feed(run, prop);
    feed(run, STR("<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
                  "</D:multistatus>"));
    end_reading(run);
}

static bool read_lock(struct batch_run *run)
{
    struct source *body = run->inner->stream.response.body;
    struct err err;
    enum pull pulled = PULL_DATA;
    while (pulled == PULL_DATA && run->piece.len < LOCK_BODY_BYTES_MAX)
        pulled = body ? source_pull(body, &run->piece, PIECE_BYTES, &err) : PULL_END;
    if (pulled == PULL_WAIT)
        return false;
    if (pulled == PULL_END) {
        end_lock(run);
        return true;
    }
    tell_unknown(run);
    go_on(run);
    return true;
}

/* --- one operation --- */

static bool is_lock(const struct batch_run *run)
{
    const struct http_response *response = &run->inner->stream.response;
    return current(run)->method->id == METHOD_LOCK && http_is_success(response->status) &&
           response->status != HTTP_MULTI_STATUS;
}

/* It has been answered. False: it has to wait. */
static bool take_answer(struct batch_run *run)
{
    struct http_response *response = &run->inner->stream.response;
    const struct batch_outcome outcome = outcome_of(run);
    if (response->status != HTTP_MULTI_STATUS && !is_lock(run)) {
        tell(run, &outcome);
        go_on(run);
        return true;
    }
    if (!run->reader) {
        run->reader = davit_ms_reader_new(NULL);
        if (response->body)
            response->body->waker = &run->waker;
    }
    if (!run->reader) {
        tell_unknown(run);
        go_on(run);
        return true;
    }
    return is_lock(run) ? read_lock(run) : read_on(run);
}

/* What is asked of it by its own fields; and what those of the batch add. */
static void add_fields(struct batch_run *run, const struct batch_operation *operation)
{
    enum method_id id = operation->method->id;
    bool has_if = false;
    bool needs_no_token =
        operation->method->flags & METHOD_IS_SAFE || id == METHOD_LOCK || id == METHOD_UNLOCK;
    for (const struct batch_field *field = operation->fields; field; field = field->next) {
        has_if |= field->id == FIELD_IF;
        inner_add_field(run->inner, field->id, field->value);
    }
    if (run->tokens.len && !has_if && !needs_no_token)
        inner_add_field(run->inner, FIELD_IF, run->tokens);
}

static struct source *part_source(const struct batch_run *run, const struct batch_part *part)
{
    struct inner *inner = run->inner;
    struct file_range range = {run->content->fd, part->at, part->bytes};
    struct str text = str_from(buf_str(&run->content->head), (size_t)part->at);
    if (range.fd < 0 || !part->bytes)
        return source_of_text(&inner->arena, str_first(text, (size_t)part->bytes));
    return source_offload(source_of_file(&inner->arena, &range), inner->stream.executor,
                          &inner->stream.refs, AHEAD_BYTES);
}

static void begin(struct batch_run *run)
{
    const struct batch_operation *operation = current(run);
    run->inner = inner_new(run->x, operation->method->name, operation->path, operation->has_slash);
    run->inner->answered = answered;
    run->inner->owner = run;
    add_fields(run, operation);
    if (operation->part)
        inner_set_body(run->inner, part_source(run, operation->part), operation->part->bytes);
    else if (operation->body.at)
        inner_set_body(run->inner, source_of_text(&run->inner->arena, operation->body),
                       operation->body.len);
    inner_begin(run->inner);
}

static bool is_to_be_skipped(const struct batch_run *run)
{
    const struct batch_operation *operation = current(run);
    for (size_t i = 0; i < operation->after_count; i++) {
        if (run->failed[operation->after[i]])
            return true;
    }
    return run->has_ended;
}

static void skip(struct batch_run *run)
{
    const struct batch_outcome outcome = {
        .operation = current(run),
        .status = HTTP_FAILED_DEPENDENCY,
        .is_skipped = true,
        .why = dav_condition(CONDITION_PREDECESSOR_SUCCEEDED,
                             "it was not begun, since one before it has failed")};
    tell(run, &outcome);
    go_on(run);
}

/* --- all of them --- */

static void end(struct batch_run *run)
{
    struct http_response *response = &run->x->stream->response;
    struct buf summary = {0};
    run->is_over = true;
    batch_answer_end(&run->answer);
    batch_answer_add_summary(&run->answer, &summary);
    http_fields_set(&response->trailers, run->x->arena, FIELD_BATCH_SUMMARY,
                    arena_str(run->x->arena, buf_str(&summary)));
    buf_done(&summary);
}

/* The next step. False: it has to wait. */
static bool step(struct batch_run *run)
{
    if (run->inner)
        return run->inner->has_answered && take_answer(run);
    if (run->at == run->batch->count) {
        end(run);
    } else if (is_to_be_skipped(run)) {
        skip(run);
    } else if (run->in_a_row >= IN_A_ROW) {
        if (!run->is_posted)
            pause_run(run);
        return false;
    } else {
        begin(run);
    }
    return true;
}

static enum pull run_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct batch_run *run = CONTAINER_OF(self, struct batch_run, source);
    struct buf *out = &run->answer.out;
    (void)err; /* what fails is told */
    while (!out->len && !run->is_over) {
        if (step(run))
            continue;
        run->is_waiting = true;
        return PULL_WAIT;
    }
    if (!out->len)
        return PULL_END;
    struct str bytes = str_first(buf_str(out), want);
    buf_add(into, bytes);
    buf_consume(out, bytes.len);
    return PULL_DATA;
}

static void run_close(struct source *self)
{
    struct batch_run *run = CONTAINER_OF(self, struct batch_run, source);
    run->is_waiting = false;
    davit_ms_reader_free(run->reader);
    inner_leave(&run->inner);
    batch_answer_done(&run->answer);
    buf_done(&run->piece);
}

static const struct source_ops run_ops = {.name = "batch", .pull = run_pull, .close = run_close};

/* --- the beginning --- */

enum stage_end batch_run(struct batch *batch, const struct batch_wish *wish,
                         const struct spool *content)
{
    struct exchange *x = batch->x;
    struct batch_run *run = ARENA_NEW(x->arena, struct batch_run);
    if (!batch_answer_init(&run->answer, wish->is_json))
        return respond_error(x, dav_busy());
    run->source.ops = &run_ops;
    run->x = x;
    run->batch = batch;
    run->content = content;
    run->wish = *wish;
    run->answer.is_minimal = wish->is_minimal;
    run->tokens = inner_tokens(x);
    run->failed = arena_alloc(x->arena, batch->count * sizeof(*run->failed));
    run->waker.ring = body_rang;
    run->job.done = others_have_run;
    batch_answer_begin(&run->answer);
    if (principal_is_anonymous(&x->signed_in.principal) && admit_differs_below(x, x->path))
        (void)sign_in_challenge(x); /* some may say 401, also where none is offered */
    x->stream->response.verdict = &run->answer.verdict;
    respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
    respond_field(x, FIELD_TRAILER, http_field_name(FIELD_BATCH_SUMMARY));
    return respond_source(x, HTTP_MULTI_STATUS,
                          wish->is_json ? STR("application/json; charset=utf-8")
                                        : STR(MULTISTATUS_TYPE),
                          &run->source, LENGTH_UNKNOWN);
}
