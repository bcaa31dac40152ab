/* COPY and MOVE. Destination is the one field that names a URL as clients see it, and every proxy
 * that changes scheme, host or path leaves it as it is.
 *
 * A server that does not know itself in it answers 502, 403, 400, 404 or 409. These say other
 * things, too: so the same is asked again with a path alone in Destination (RFC 4918 §10.3 allows
 * it), which needs no scheme and no host. If that goes, it is the origin that is wrong; if not, and
 * the answer is one that a writable collection does not give, it is the path. */
#include "doctor/probes.h"
#include "http/status.h"

static const struct str text = STR_INIT("from here to there");

static const struct reply *transfer(struct visit *visit, const char *method, const char *from,
                                    struct str to)
{
    const struct question question = {.method = method,
                                      .url = from,
                                      .fields = {{.name = STR("Destination"), .value = to},
                                                 {.name = STR("Overwrite"), .value = STR("F")}}};
    return visit_ask(visit, &question);
}

static struct str path_of_url(const char *url)
{
    struct uri uri;
    return uri_parse(str_of_c(url), &uri) ? uri.path : STR("/");
}

static void check_arrived(struct visit *visit, const char *method, const char *to)
{
    const struct reply *reply = visit_get(visit, to);
    if (reply->status == HTTP_NOT_FOUND)
        visit_found(visit, MISTAKE_MOVED_ELSEWHERE,
                    visit_text(visit,
                               "%s to %s is acknowledged, and nothing is there; the copy "
                               "lies elsewhere and cannot be removed",
                               method, to));
    else if (!http_is_success(reply->status))
        visit_refused(visit, "GET", reply);
    else if (!str_eq(reply->body, text))
        visit_found(visit, MISTAKE_BODY_LOST,
                    visit_text(visit, "%s to %s: what is there differs", method, to));
}

/* Of a writable collection, between whose members nothing stands in the way. */
static bool is_of_destination(unsigned status)
{
    return status == HTTP_BAD_REQUEST || status == HTTP_NOT_FOUND || status == HTTP_CONFLICT ||
           status == HTTP_BAD_GATEWAY;
}

static void judge_refusal(struct visit *visit, const char *method, const char *from,
                          const struct reply *reply, const char *to)
{
    const char *detail = visit_text(visit, "%s with Destination: %s is answered %s", method, to,
                                    visit_describe(visit, reply));
    bool may_be = is_of_destination(reply->status) || reply->status == HTTP_FORBIDDEN;
    if (!may_be) {
        visit_refused(visit, method, reply);
        return;
    }
    const struct reply *by_path = transfer(visit, method, from, path_of_url(to));
    if (http_is_success(by_path->status))
        visit_found(visit, MISTAKE_DESTINATION,
                    visit_text(visit, "%s; with a path alone it goes", detail));
    else if (is_of_destination(reply->status))
        visit_found(visit, MISTAKE_DESTINATION, detail);
    else
        visit_refused(visit, method, reply);
}

static void probe_transfer(struct visit *visit, const char *method, const char *from,
                           const char *to)
{
    if (!visit_can_put(visit, from, text))
        return;
    const struct reply *reply = transfer(visit, method, from, str_of_c(to));
    if (http_is_success(reply->status) && reply->status != HTTP_MULTI_STATUS)
        check_arrived(visit, method, to);
    else
        judge_refusal(visit, method, from, reply, to);
}

void probe_copy(struct visit *visit)
{
    probe_transfer(visit, "COPY", visit_url(visit, "copy-from.txt"),
                   visit_url(visit, "copy-to.txt"));
}

void probe_move(struct visit *visit)
{
    probe_transfer(visit, "MOVE", visit_url(visit, "move-from.txt"),
                   visit_url(visit, "move-to.txt"));
}
