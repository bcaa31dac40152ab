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
 * it is their turn.
 *
 * A batch with a record (record.h) has what it tells written there on a worker before it is sent,
 * and before the next operation begins. What is in the record already is told first. Where its
 * client goes away the operation under way is waited for, and noted: the run outlives its answer
 * for so long. */
#include "extension/batch/run.h"

#include "exchange/admit.h"
#include "exchange/answer/compress.h"
#include "exchange/inner/inner.h"
#include "exchange/respond.h"
#include "exchange/sign_in.h"
#include "extension/batch/answer.h"
#include "extension/batch/record.h"
#include "stream/offload.h"

enum {
    IN_A_ROW = 16,
    PIECE_BYTES = 16384,
    AHEAD_BYTES = 65536,
    LOCK_BODY_BYTES_MAX = 65536, /* the answer to one LOCK */
};

/* What is to be done with the record. */
enum record_work {
    WORK_NONE,
    WORK_READ,
    WORK_ADD, /* what was told last: it is answer.out */
    WORK_STOP,
    WORK_END,
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
    struct batch_record *record; /* NULL: there is none */
    enum record_work due;
    struct batch_told told; /* of ADD */
    struct job record_job;  /* on a worker: the record is its own, and answer.out stays */
    size_t unknown;         /* of the operations that come next: nobody knows what they came to */
    bool is_at_work;        /* that job */
    bool is_reading;        /* what has come before is not all told yet */
    bool is_ended;          /* the record says so */
    bool has_stopped;       /* the record says so */
    bool is_full;           /* the record is as long as it may be, or is lost */
    bool is_on_its_own;     /* its client has gone */
};

/* --- waiting --- */

static void go_on_alone(struct batch_run *run);

static void pause_run(struct batch_run *run);

static void wake(struct batch_run *run)
{
    if (run->is_on_its_own && !run->is_posted)
        pause_run(run);
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
    if (run->is_on_its_own)
        go_on_alone(run);
    else
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
    run->told = (struct batch_told){run->answer.status, outcome->is_skipped};
    if (run->record && !run->record->is_lost)
        run->due = WORK_ADD;
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

static void tell_instead(struct batch_run *run, struct dav_result why, bool is_skipped)
{
    const struct batch_outcome outcome = {
        .operation = current(run), .status = why.status, .is_skipped = is_skipped, .why = why};
    tell(run, &outcome);
    go_on(run);
}

/* True: the operation is not done, and it was told why. */
static bool is_told_instead(struct batch_run *run)
{
    if (run->unknown) {
        run->unknown--;
        tell_instead(run,
                     dav_condition(CONDITION_OUTCOME_KNOWN,
                                   "the batch was cut off, and whether this was done is not known"),
                     false);
    } else if (is_to_be_skipped(run)) {
        tell_instead(run,
                     dav_condition(CONDITION_PREDECESSOR_SUCCEEDED,
                                   "it was not begun, since one before it has failed"),
                     true);
    } else if (run->is_full) {
        tell_instead(run,
                     dav_error(HTTP_INSUFFICIENT_STORAGE,
                               "it was not begun, since its answer could not be kept"),
                     true);
    } else {
        return false;
    }
    return true;
}

/* --- the record --- */

static bool is_recording(const struct batch_run *run)
{
    return run->is_at_work || run->due != WORK_NONE;
}

static void do_record(struct job *job)
{
    struct batch_run *run = CONTAINER_OF(job, struct batch_run, record_job);
    switch (run->due) {
    case WORK_READ:
        if (!batch_record_read(run->record))
            run->due = WORK_NONE;
        break;
    case WORK_ADD:
        batch_record_add(run->record, &run->told, buf_str(&run->answer.out));
        run->due = WORK_NONE;
        break;
    case WORK_STOP:
        batch_record_stop(run->record);
        run->due = WORK_NONE;
        break;
    case WORK_END:
        batch_record_end(run->record);
        run->due = WORK_NONE;
        break;
    case WORK_NONE:
        break;
    }
}

/* What was read; the last of it, when nothing more is due. */
static void take_read(struct batch_run *run)
{
    struct batch_record *record = run->record;
    for (size_t i = 0; i < record->told_count && run->at < run->batch->count; i++) {
        const struct batch_told *told = &record->told[i];
        run->failed[run->at] =
            !batch_answer_tell_again(&run->answer, told->status, told->is_skipped);
        run->has_ended |= run->failed[run->at++] && run->wish.is_strict;
    }
    buf_add(&run->answer.out, buf_str(&record->text));
    record->told_count = 0;
    buf_clear(&record->text);
    if (run->due != WORK_NONE)
        return;
    size_t left = run->batch->count - run->at;
    if (!record->is_certain)
        run->unknown = left;
    else if (!record->is_stopped)
        run->unknown = size_min(left, 1);
}

static void record_done(struct job *job)
{
    struct batch_run *run = CONTAINER_OF(job, struct batch_run, record_job);
    const struct limits *limits = run->x->service->limits;
    struct refs *stream = &run->x->stream->refs;
    run->is_at_work = false;
    if (run->is_reading)
        take_read(run);
    run->is_reading = run->due == WORK_READ;
    run->is_full |=
        run->record->is_lost || kept_answer_bytes(run->record->answer) > limits->idempotency_bytes;
    wake(run);
    refs_drop(stream);
}

static void start_recording(struct batch_run *run)
{
    run->is_at_work = true;
    refs_take(&run->x->stream->refs);
    executor_submit(run->x->stream->executor, &run->record_job);
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
    if (is_recording(run)) {
        if (!run->is_at_work)
            start_recording(run);
        return false;
    }
    if (run->inner)
        return run->inner->has_answered && take_answer(run);
    if (run->at == run->batch->count && run->record && !run->is_ended) {
        run->is_ended = true;
        run->due = WORK_END;
    } else if (run->at == run->batch->count) {
        end(run);
    } else if (is_told_instead(run)) {
        return true;
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
    while ((!out->len || is_recording(run)) && !run->is_over) {
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

static void leave(struct batch_run *run)
{
    davit_ms_reader_free(run->reader);
    inner_leave(&run->inner);
    batch_answer_done(&run->answer);
    buf_done(&run->piece);
}

/* Whether the record is to say that nothing is under way, which is so. */
static bool has_to_stop(const struct batch_run *run)
{
    return !run->has_stopped && !run->is_ended && !run->unknown && !run->record->is_lost;
}

/* To the end of what is under way, for the record alone. */
static void go_on_alone(struct batch_run *run)
{
    do {
        bool is_recorded = !is_recording(run);
        bool is_read = run->is_reading && !run->is_at_work; /* all else is there already */
        if (is_recorded)
            buf_clear(&run->answer.out);
        if (is_recorded && !run->inner && has_to_stop(run)) {
            run->has_stopped = true;
            run->due = WORK_STOP;
        } else if (is_read || (is_recorded && !run->inner)) {
            run->is_on_its_own = false;
            batch_record_done(run->record);
            leave(run);
            refs_drop(&run->x->stream->refs);
            return;
        }
    } while (step(run));
}

static void run_close(struct source *self)
{
    struct batch_run *run = CONTAINER_OF(self, struct batch_run, source);
    run->is_waiting = false;
    if (!run->record || run->is_over) {
        leave(run);
        return;
    }
    run->is_on_its_own = true;
    refs_take(&run->x->stream->refs);
    go_on_alone(run);
}

static const struct source_ops run_ops = {.name = "batch", .pull = run_pull, .close = run_close};

/* --- the beginning --- */

/* Tokens of locks are secrets, and what a client writes stands beside them (decision 94). */
static bool tells_tokens(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        enum method_id id = batch->operations[i]->method->id;
        if (id == METHOD_LOCK || id == METHOD_PROPFIND)
            return true;
    }
    return false;
}

static void respond_wishes(struct exchange *x, const struct batch_wish *wish)
{
    if (wish->is_minimal)
        respond_preferred(x, wish->is_brief ? STR_NONE : STR("return=minimal"));
    if (wish->is_strict)
        respond_preferred(x, STR("handling=strict"));
}

enum stage_end batch_run(struct batch *batch, const struct batch_wish *wish,
                         const struct spool *content, struct batch_record *record)
{
    struct exchange *x = batch->x;
    struct batch_run *run = ARENA_NEW(x->arena, struct batch_run);
    if (!batch_answer_init(&run->answer, wish->is_json))
        return respond_error(x, dav_busy());
    respond_wishes(x, wish);
    if (record) {
        run->record = record;
        run->record_job.work = do_record;
        run->record_job.done = record_done;
        run->is_reading = record->is_found;
        run->due = record->is_found ? WORK_READ : WORK_NONE;
        if (record->is_found)
            respond_field(x, FIELD_IDEMPOTENT_REPLAYED, STR("true"));
    }
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
    if (!tells_tokens(batch))
        (void)compress_offer(x, true);
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
