#include "gateway/failure.h"

#include "exchange/respond.h"

static const struct {
    enum http_status status;
    unsigned after_s;
    const char *text;
} rows[] = {
#define GATEWAY_FAILURE(end, evidence, status, after_s, text)                                      \
    [CALL_##end] = {status, after_s, text},
#include "gateway/failures.def"
#undef GATEWAY_FAILURE
};

void failure_note(const struct ask *ask, const char *what)
{
    struct exchange *x = ask->x;
    struct buf note = {0};
    buf_addf(&note, "%s of %s: %s", ask->call.method, ask->call.url, what);
    x->stream->response.note = arena_str(x->arena, buf_str(&note));
    buf_done(&note);
}

/* A request that changes something may have arrived: nobody can say whether it was done. */
static bool is_unknown(const struct ask *ask)
{
    return ask->call.was_sent && !ask->call.is_safe;
}

struct dav_result failure_words(const struct ask *ask)
{
    assert(ask->is_over && ask->call.end != CALL_ANSWERED && ask->call.end != CALL_UPLOAD);
    return dav_error(rows[ask->call.end].status, rows[ask->call.end].text);
}

struct dav_result failure_of(const struct ask *ask)
{
    const struct call *call = &ask->call;
    struct exchange *x = ask->x;
    struct buf what = {0};
    char after[16];
    struct dav_result result = failure_words(ask);
    buf_addf(&what, "%s%s", call->message,
             is_unknown(ask) ? " (whether it was done is not known)" : "");
    failure_note(ask, buf_c(&what));
    buf_done(&what);
    if (is_unknown(ask))
        result.text = "the server behind this gateway has not answered: whether the request was "
                      "carried out is not known; look before it is sent again";
    else if (rows[call->end].after_s) {
        str_print(after, sizeof(after), "%u", rows[call->end].after_s);
        respond_field(x, FIELD_RETRY_AFTER, str_of_c(after));
    }
    return result;
}
