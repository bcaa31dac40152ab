/* Requests, asked one after the other on clients with a loop of their own: one that speaks HTTP/1.1
 * alone, since most mistakes show there, and one that takes what the server prefers.
 *
 * Nothing is decoded and no redirect is followed: what is looked for is just what a proxy does to
 * these. Credentials go to the origin of the URL that the user named, and to no other.
 *
 * A body that is sent in chunks, or waits for "100 Continue", is a source: the moment of its first
 * pull says whether somebody has answered Expect, or libcurl has waited as long as it was told to.
 *
 * A signal only counts. What is under way then has some seconds to end, since a collection or a
 * lock that was made can only be removed when its answer is known; a second signal ends that. What
 * comes after asker_ignore_interruption(), the cleaning up, is asked all the same, until the next
 * one. */
#include "doctor/ask.h"

#include "base/clock.h"
#include "base/mem.h"
#include "client/solo.h"
#include "text/uri.h"

enum { CONNECT_MS = 20000, PIECE_BYTES = 65536, TURN_MS = 200, GRACE_MS = 5000 };

struct upload {
    struct source base;
    struct str rest;
    uint64_t fill_bytes; /* before it */
    int64_t began_ms;    /* 0: not yet */
};

struct asking {
    struct reply reply;
    struct call call;
    struct upload upload;
    struct source *answer;
    struct waker waker;
    struct buf piece;
    struct buf body;
    bool is_over;
    struct asking *before;
};

struct asker {
    const struct doctor_options *options;
    struct solo *solos[2];
    struct client_options client_options[2]; /* HTTP/1.1, and what is preferred */
    char *scheme, *host, *port;
    struct arena arena;
    struct asking *asked; /* newest first */
    int ignored;          /* signals */
};

/* --- clients --- */

static void set_options(struct asker *asker)
{
    const struct doctor_options *o = asker->options;
    unsigned timeout_ms = o->timeout_s * 1000;
    for (size_t i = 0; i < ARRAY_LEN(asker->client_options); i++) {
        asker->client_options[i] = (struct client_options){
            .is_insecure = o->is_insecure,
            .is_http1_only = i == 0,
            .connect_ms = CONNECT_MS,
            .progress_ms = timeout_ms,
            .answer_ms = timeout_ms,
            .expect_ms = EXPECT_S * 1000,
            .user_agent = "davit-doctor",
            .accept = "*/*",
            .user_password = o->user_password,
            .bearer = o->bearer,
            .has_netrc = o->has_netrc && !o->user_password && !o->bearer,
            .takes_netrc_default = true, /* the user has named the server */
            .netrc_file = o->netrc_file,
            .ca_file = o->ca_file,
            .auth_scheme = asker->scheme,
            .auth_host = asker->host,
            .auth_port = asker->port,
        };
    }
}

/* As libcurl writes them: an IPv6 address has its brackets. */
static void set_origin(struct asker *asker)
{
    struct uri uri = {0};
    struct buf host = {0};
    bool is_url = uri_parse(str_of_c(asker->options->url), &uri); /* the caller has looked */
    assert(is_url);
    uri_add_authority(&host, uri.host, STR_NONE);
    asker->scheme = arena_text(&asker->arena, uri.scheme);
    asker->host = arena_text(&asker->arena, buf_str(&host));
    asker->port = arena_text(&asker->arena, uri_port_of(uri.scheme, uri.port));
    buf_done(&host);
}

struct asker *asker_new(const struct doctor_options *options, struct err *err)
{
    if (!client_load(err))
        return NULL;
    struct asker *asker = MEM_NEW(struct asker);
    asker->options = options;
    set_origin(asker);
    set_options(asker);
    for (size_t i = 0; i < ARRAY_LEN(asker->solos); i++) {
        asker->solos[i] = solo_new(&asker->client_options[i], err);
        if (!asker->solos[i]) {
            asker_free(asker);
            return NULL;
        }
    }
    return asker;
}

void asker_free(struct asker *asker)
{
    if (!asker)
        return;
    asker_forget(asker);
    for (size_t i = 0; i < ARRAY_LEN(asker->solos); i++)
        solo_free(asker->solos[i]);
    arena_done(&asker->arena);
    mem_free(asker);
}

void asker_forget(struct asker *asker)
{
    while (asker->asked) {
        struct asking *asking = asker->asked;
        asker->asked = asking->before;
        call_free(&asking->call);
        buf_done(&asking->piece);
        buf_done(&asking->body);
        mem_free(asking);
    }
}

/* --- signals --- */

void asker_ignore_interruption(struct asker *asker)
{
    asker->ignored = *asker->options->interruption;
}

bool asker_is_interrupted(const struct asker *asker)
{
    return *asker->options->interruption > asker->ignored;
}

/* --- bodies --- */

static enum pull upload_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct upload *upload = CONTAINER_OF(self, struct upload, base);
    (void)err; /* memory does not fail */
    if (!upload->began_ms)
        upload->began_ms = clock_mono_ms();
    if (upload->fill_bytes) {
        size_t len = (size_t)u64_min(upload->fill_bytes, want);
        memset(buf_reserve(into, len), 'x', len);
        into->len += len;
        upload->fill_bytes -= len;
        return PULL_DATA;
    }
    if (upload->rest.len == 0)
        return PULL_END;
    struct str part = str_first(upload->rest, want);
    buf_add(into, part);
    upload->rest = str_from(upload->rest, part.len);
    return PULL_DATA;
}

static const struct source_ops upload_ops = {.name = "a doctor's upload", .pull = upload_pull};

static void read_answer(struct waker *waker)
{
    struct asking *asking = CONTAINER_OF(waker, struct asking, waker);
    struct err err; /* the call says it, too */
    enum pull pulled = PULL_DATA;
    while (pulled == PULL_DATA && asking->body.len < REPLY_BYTES_MAX) {
        buf_clear(&asking->piece);
        pulled = source_pull(asking->answer, &asking->piece, PIECE_BYTES, &err);
        buf_add(&asking->body, buf_str(&asking->piece));
    }
    if (pulled != PULL_WAIT)
        source_close(&asking->answer);
}

/* --- a request --- */

static void on_head(struct call *call, struct source *body)
{
    struct asking *asking = CONTAINER_OF(call, struct asking, call);
    asking->answer = body;
    body->waker = &asking->waker;
    read_answer(&asking->waker);
}

static void on_done(struct call *call)
{
    CONTAINER_OF(call, struct asking, call)->is_over = true;
}

static void set_body(struct asking *asking, const struct question *question)
{
    struct call *call = &asking->call;
    uint64_t bytes = question->body.len + question->fill_bytes;
    if (!question->body.at && !question->fill_bytes)
        return;
    if (question->form == BODY_SIZED) {
        call->text = question->body;
        return;
    }
    asking->upload = (struct upload){
        .base.ops = &upload_ops, .rest = question->body, .fill_bytes = question->fill_bytes};
    call->upload = &asking->upload.base;
    call->upload_bytes = question->form == BODY_CHUNKED ? LENGTH_UNKNOWN : bytes;
}

static void set_up(struct asking *asking, const struct question *question)
{
    struct call *call = &asking->call;
    size_t count = 0;
    while (count < QUESTION_FIELDS_MAX && question->fields[count].name.len)
        count++;
    call->url = question->url;
    call->method = question->method;
    call->fields = question->fields;
    call->field_count = count;
    call->is_anonymous = question->is_anonymous;
    call->head = on_head;
    call->done = on_done;
    asking->waker.ring = read_answer;
    set_body(asking, question);
}

static void settle(struct asking *asking, int64_t began_ms)
{
    struct reply *reply = &asking->reply;
    const struct call *call = &asking->call;
    bool is_whole = call->end == CALL_ANSWERED;
    reply->end = call->end;
    reply->why = call->message;
    reply->fields = &call->answer;
    reply->status = is_whole ? call->status : 0;
    reply->body = buf_str(&asking->body);
    reply->is_http2 = str_starts(call->status_line, STR("HTTP/2"));
    reply->has_waited =
        asking->upload.began_ms && asking->upload.began_ms - began_ms >= (int64_t)EXPECT_S * 1000;
}

static void await(struct asker *asker, struct asking *asking, struct solo *solo)
{
    int64_t until_ms = 0; /* 0: as long as it takes */
    while (!asking->is_over && !asking->reply.is_interrupted) {
        solo_turn(solo, TURN_MS);
        int signals = *asker->options->interruption - asker->ignored;
        if (signals && !until_ms)
            until_ms = clock_mono_ms() + GRACE_MS;
        asking->reply.is_interrupted =
            !asking->is_over && signals && (signals > 1 || clock_mono_ms() > until_ms);
    }
}

const struct reply *ask(struct asker *asker, const struct question *question)
{
    struct asking *asking = MEM_NEW(struct asking);
    struct solo *solo = asker->solos[question->may_http2];
    int64_t began_ms = clock_mono_ms();
    asking->before = asker->asked;
    asker->asked = asking;
    asking->reply.is_interrupted = asker_is_interrupted(asker);
    asking->reply.fields = &asking->call.answer;
    asking->reply.why = "it was interrupted";
    if (asking->reply.is_interrupted)
        return &asking->reply;
    set_up(asking, question);
    client_start(solo_client(solo), &asking->call);
    await(asker, asking, solo);
    if (asking->reply.is_interrupted)
        client_cancel(solo_client(solo), &asking->call);
    else
        settle(asking, began_ms);
    return &asking->reply;
}

struct str reply_field(const struct reply *reply, struct str name)
{
    for (size_t i = 0; i < reply->fields->count; i++) {
        if (str_eq_nocase(reply->fields->lines[i].name, name))
            return reply->fields->lines[i].value;
    }
    return STR_NONE;
}
