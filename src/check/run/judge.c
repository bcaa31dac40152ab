#include "check/run/judge.h"

#include "check/url/percent.h"
#include "http/status.h"

enum { STATUS_BANNED = 999 }; /* no status of HTTP, but what some sites say to robots */

enum verdict judge_end(enum call_end end)
{
    static const enum verdict verdicts[] = {
        [CALL_ANSWERED] = VERDICT_OK,
        [CALL_DNS] = VERDICT_DNS,
        [CALL_REFUSED] = VERDICT_REFUSED,
        [CALL_TIMEOUT] = VERDICT_TIMEOUT,
        [CALL_CUT_OFF] = VERDICT_CUT_OFF,
        [CALL_TLS_EXPIRED] = VERDICT_TLS_EXPIRED,
        [CALL_TLS_NAME] = VERDICT_TLS_NAME,
        [CALL_TLS_UNTRUSTED] = VERDICT_TLS_UNTRUSTED,
        [CALL_TLS_PROTOCOL] = VERDICT_TLS_PROTOCOL,
        [CALL_NOT_HTTP] = VERDICT_BROKEN,
        [CALL_PRIVATE] = VERDICT_PRIVATE,
        [CALL_PROXY] = VERDICT_NOT_CHECKED,
        [CALL_UPLOAD] = VERDICT_NOT_CHECKED, /* there are none */
        [CALL_OWN] = VERDICT_NOT_CHECKED,
    };
    return verdicts[end];
}

bool judge_is_redirect(const struct call *call)
{
    switch (call->status) {
    case HTTP_MOVED_PERMANENTLY:
    case HTTP_FOUND:
    case HTTP_SEE_OTHER:
    case HTTP_TEMPORARY_REDIRECT:
    case HTTP_PERMANENT_REDIRECT:
        return true;
    default:
        return false;
    }
}

void judge_location(const struct call *call, struct buf *to)
{
    percent_add_bytes(to, call_field(call, STR("Location")));
}

enum verdict judge_status(const struct check_options *options, const struct call *call,
                          bool is_form)
{
    for (size_t i = 0; i < options->status_rule_count; i++) {
        const struct status_rule *rule = &options->status_rules[i];
        if (call->status >= rule->first && call->status <= rule->last)
            return rule->verdict;
    }
    if (is_form) /* GET is not what it is for: that somebody answers is all that can be known */
        return VERDICT_OK;
    switch (call->status) {
    case HTTP_UNAUTHORIZED:
    case HTTP_FORBIDDEN:
    case HTTP_PROXY_AUTH_REQUIRED:
    case HTTP_UNAVAILABLE_FOR_LEGAL_REASONS:
    case STATUS_BANNED:
        return VERDICT_BLOCKED;
    case HTTP_TOO_MANY_REQUESTS:
        return VERDICT_THROTTLED;
    case HTTP_SERVICE_UNAVAILABLE:
        return call_field(call, STR("Retry-After")).len ? VERDICT_THROTTLED : VERDICT_BROKEN;
    default:
        return http_is_success(call->status) ? VERDICT_OK : VERDICT_BROKEN;
    }
}

bool judge_is_worth_another_try(const struct call *call)
{
    switch (call->end) {
    case CALL_ANSWERED:
        return call->status >= HTTP_INTERNAL_ERROR && call->status != HTTP_NOT_IMPLEMENTED &&
               call->status != HTTP_VERSION_NOT_SUPPORTED && call->status < 600;
    case CALL_REFUSED:
    case CALL_CUT_OFF:
    case CALL_TLS_PROTOCOL:
    case CALL_NOT_HTTP:
    case CALL_PROXY:
    case CALL_OWN:
        return true;
    case CALL_TIMEOUT: /* a page that stalls does so again: each try costs the whole time */
        return !call->was_sent;
    default: /* asking again changes no certificate and no name */
        return false;
    }
}
