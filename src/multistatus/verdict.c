/* Counting what was inside. There are two measures of bad, and they differ on purpose.
 *
 * Among the properties of one member, a 404 is no failure: it says that the resource does not have
 * that property, which is what most clients ask to learn; and a 424 gives way to its cause. Among
 * members, a 404 is a failure like any other: the member does not exist.
 *
 * The failures are told apart up to a bound, because a hostile body could name hundreds of codes;
 * the sum stays right. */
#include "multistatus/verdict.h"

#include "http/status.h"

static unsigned rank(unsigned status)
{
    if (status == HTTP_NOT_FOUND || status == 0)
        return 0;
    if (status == HTTP_FAILED_DEPENDENCY)
        return 2;
    return http_is_success(status) ? 1 : status;
}

unsigned verdict_worse(unsigned a, unsigned b)
{
    unsigned worse = rank(b) > rank(a) ? b : a;
    return rank(worse) == 0 ? HTTP_OK : worse;
}

unsigned davit_ms_response_status(const struct davit_ms_response *response)
{
    unsigned status = 0;
    bool is_of_nothing = true; /* a 404 for no property at all: the resource is meant */
    if (response->status || response->status_line.len)
        return response->status;
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        is_of_nothing &= propstat->status == HTTP_NOT_FOUND && propstat->prop_count == 0;
        if (propstat->status)
            status = verdict_worse(status, propstat->status);
    }
    return status && is_of_nothing ? HTTP_NOT_FOUND : status;
}

/* Of members: that one does not exist is a failure like any other. */
static bool is_worse(unsigned status, unsigned than)
{
    bool is_dependent = status == HTTP_FAILED_DEPENDENCY;
    bool than_is_dependent = than == HTTP_FAILED_DEPENDENCY;
    if (is_dependent != than_is_dependent && http_is_error(status) && http_is_error(than))
        return than_is_dependent;
    return status > than;
}

void davit_ms_verdict_add(struct davit_ms_verdict *verdict, unsigned status)
{
    size_t i = 0;
    verdict->member_count++;
    if (is_worse(status, verdict->worst))
        verdict->worst = status;
    if (http_is_success(status)) {
        verdict->success_count++;
        return;
    }
    while (i < verdict->failure_count && verdict->failures[i].status != status)
        i++;
    if (i == DAVIT_MS_FAILURES_MAX)
        i--;
    if (i == verdict->failure_count) {
        verdict->failure_count++;
        verdict->failures[i].status = status;
    }
    verdict->failures[i].count++;
}

static size_t format_success(const struct davit_ms_verdict *verdict, char *to)
{
    if (verdict->success_count < 10) { /* most: not worth a conversion */
        memcpy(to, "ok=", 3);
        to[3] = (char)('0' + (int)verdict->success_count);
        to[4] = '\0';
        return 4;
    }
    return (size_t)snprintf(to, VERDICT_BYTES, "ok=%llu",
                            (unsigned long long)verdict->success_count);
}

/* Writes the text into `to`, which has VERDICT_BYTES; returns its length. */
static size_t format(const struct davit_ms_verdict *verdict, char *to)
{
    int len = (int)format_success(verdict, to);
    for (size_t i = 0; i < verdict->failure_count; i++) {
        const struct davit_ms_count *kind = &verdict->failures[i];
        char status[16] = "none";
        if (kind->status)
            str_print(status, sizeof(status), "%u", kind->status);
        len += snprintf(to + len, VERDICT_BYTES - (size_t)len, ",%s=%llu", status,
                        (unsigned long long)kind->count);
    }
    return (size_t)len;
}

size_t davit_ms_verdict_text(const struct davit_ms_verdict *verdict, char *to, size_t size)
{
    char text[VERDICT_BYTES];
    size_t len = format(verdict, text);
    if (size) {
        size_t copied = size_min(len, size - 1);
        memcpy(to, text, copied);
        to[copied] = '\0';
    }
    return len;
}

void verdict_format(const struct davit_ms_verdict *verdict, struct buf *to)
{
    char text[VERDICT_BYTES];
    buf_add(to, str_of(text, format(verdict, text)));
}

const char *davit_ms_rc_text(enum davit_ms_rc rc)
{
    switch (rc) {
    case DAVIT_MS_OK:
        return "all is well";
    case DAVIT_MS_RESPONSE:
        return "there is a response";
    case DAVIT_MS_MORE:
        return "more bytes are needed";
    case DAVIT_MS_END:
        return "the multistatus is complete";
    case DAVIT_MS_NO_MEMORY:
        return "out of memory";
    case DAVIT_MS_LIMIT:
        return "it is beyond a limit";
    case DAVIT_MS_MALFORMED:
        return "it is not well-formed XML";
    case DAVIT_MS_FORBIDDEN:
        return "it has a document type, which is refused";
    case DAVIT_MS_NOT_MULTISTATUS:
        return "it is not a multistatus of the namespace DAV:";
    case DAVIT_MS_CUT_OFF:
        return "it is cut off: it ends before </multistatus>";
    case DAVIT_MS_MISUSE:
        return "the functions were called in the wrong order";
    }
    return "unknown";
}
