/* doctor/ask.h: the requests of a doctor, one after the other. Blocks. */
#pragma once

#include "client/call.h"
#include "doctor/diagnosis.h"

enum { QUESTION_FIELDS_MAX = 6, REPLY_BYTES_MAX = 4194304, EXPECT_S = 5 };

enum body_form {
    BODY_SIZED,   /* with a Content-Length */
    BODY_CHUNKED, /* its length is not said */
    BODY_WAITS,   /* sized, and sent after "100 Continue" (RFC 9110 §10.1.1) */
    BODY_FILLED,  /* `fill_bytes` of anything, with a Content-Length */
};

/* Borrowed for the call. */
struct question {
    const char *method;
    const char *url;
    struct http_field_line fields[QUESTION_FIELDS_MAX]; /* up to the first without a name */
    struct str body;                                    /* at == NULL: none */
    uint64_t fill_bytes;
    enum body_form form;
    bool may_http2;
    bool is_anonymous;
};

struct reply {
    unsigned status; /* 0: there is no answer that counts; `end` and `why` say more */
    enum call_end end;
    const char *why;
    const struct http_fields *fields;
    struct str body; /* its beginning, where it is very long */
    bool is_http2;
    bool has_waited;     /* BODY_WAITS: until it was tired of waiting */
    bool is_interrupted; /* it was not asked, or not to its end: what became of it is not known */
};

struct asker;

/* Borrows options. NULL: `err` says why. Gives. */
NODISCARD struct asker *asker_new(const struct doctor_options *options, struct err *err);
void asker_free(struct asker *asker);

/* Valid until asker_forget(). */
const struct reply *ask(struct asker *asker, const struct question *question);

/* The replies so far are not needed any longer. */
void asker_forget(struct asker *asker);

/* What was asked to stop so far is over: the next requests are made. */
void asker_ignore_interruption(struct asker *asker);
bool asker_is_interrupted(const struct asker *asker);

/* The first line's value; empty: there is none. */
struct str reply_field(const struct reply *reply, struct str name);
