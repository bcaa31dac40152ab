/* What every error has, whoever answers with it: added once, here.
 *
 * An error with a precondition has it in its body, as RFC 4918 §16 asks for; others have a line for
 * people. A 401 brings the challenges along (RFC 9110 §11.6.1), and is a 403 where there are none;
 * a 405 has brought the methods that are allowed (§15.5.6), for which the runner has asked the
 * handler, as that may have to look; a 503 says when to try again (§15.6.4). */
#include "exchange/answer/finish.h"

#include "exchange/browser.h"
#include "exchange/respond.h"
#include "exchange/sign_in.h"
#include "multistatus/writer.h"

#define RETRY_AFTER_SECONDS "5"

bool exchange_lacks_allow(const struct exchange *x)
{
    return x->failure.status == HTTP_METHOD_NOT_ALLOWED && x->handler &&
           !http_fields_has(&x->stream->response.fields, FIELD_ALLOW);
}

static void add_text(struct buf *to, const struct dav_result *result)
{
    struct str reason = http_reason(result->status);
    buf_addf(to, "%u %.*s", result->status, STR_ARGS(reason));
    if (result->text)
        buf_addf(to, ": %s", result->text);
    buf_add_char(to, '\n');
}

static void add_condition(struct buf *to, const struct dav_result *result)
{
    BUF_ADD(to, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:error xmlns:D=\"DAV:\">");
    dav_condition_add(to, result);
    BUF_ADD(to, "</D:error>\n");
}

void exchange_finish(struct exchange *x)
{
    const struct http_fields *fields = &x->stream->response.fields;
    struct dav_result result = x->failure;
    struct buf body = {0};
    if (dav_is_fine(result))
        return;
    if (result.status == HTTP_UNAUTHORIZED && !sign_in_challenge(x)) /* RFC 9110 §15.5.2 */
        result = dav_error(HTTP_FORBIDDEN, "signing in needs TLS or a client certificate");
    if (result.status == HTTP_SERVICE_UNAVAILABLE && !http_fields_has(fields, FIELD_RETRY_AFTER))
        respond_field(x, FIELD_RETRY_AFTER, STR(RETRY_AFTER_SECONDS));
    browser_confine_error(x);
    if (result.condition) /* RFC 4918 §16 */
        add_condition(&body, &result);
    else
        add_text(&body, &result);
    struct str type = result.condition ? STR(MULTISTATUS_TYPE) : STR("text/plain; charset=utf-8");
    (void)respond_text(x, (enum http_status)result.status, type,
                       arena_str(x->arena, buf_str(&body))); /* always DONE */
    buf_done(&body);
}
