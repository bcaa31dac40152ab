/* LOCK and what lives by it. The token goes three ways: from the server in Lock-Token, back in If
 * with the URL of what is locked or without, and back in Lock-Token to UNLOCK. Each is lost by
 * another mistake. A lock is given back whatever was found, by room.c where a signal comes between;
 * one that cannot be given back ends by itself.
 *
 * Nobody else can have locked what is tried: it is in the room. So a refusal for want of a token is
 * never somebody else's lock. */
#include "doctor/listing.h"
#include "doctor/probes.h"
#include "http/status.h"

static const struct reply *put_if(struct visit *visit, const char *url, const char *condition)
{
    const struct question question = {.method = "PUT",
                                      .url = url,
                                      .fields = {{.name = STR("If"), .value = str_of_c(condition)}},
                                      .body = STR("with the token")};
    return visit_ask(visit, &question);
}

static const struct reply *lock(struct visit *visit, const char *url)
{
    const struct question question = {
        .method = "LOCK",
        .url = url,
        .fields = {{.name = STR("Depth"), .value = STR("0")},
                   {.name = STR("Timeout"), .value = STR("Second-300")},
                   {.name = STR("Content-Type"), .value = STR("application/xml; charset=utf-8")}},
        .body = STR("<?xml version=\"1.0\" encoding=\"utf-8\"?>"
                    "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope>"
                    "<D:locktype><D:write/></D:locktype><D:owner>davit doctor</D:owner>"
                    "</D:lockinfo>")};
    return visit_ask(visit, &question);
}

static void judge_no_lock(struct visit *visit, const char *url, const struct reply *reply)
{
    struct listing listing;
    bool is_refusal = reply->status == HTTP_FORBIDDEN || reply->status == HTTP_NOT_IMPLEMENTED ||
                      reply->status == HTTP_METHOD_NOT_ALLOWED;
    bool is_promised = is_refusal && visit_list(visit, url, "0", &listing) && listing.count &&
                       listing.members[0].has_lock_entries;
    if (is_promised || (is_refusal && visit->has_locks))
        visit_found(visit, MISTAKE_LOCK_LIES,
                    visit_text(visit, "LOCK is answered %s; %s", visit_describe(visit, reply),
                               is_promised ? "supportedlock has entries" : "DAV has class 2"));
    else
        visit_refused(visit, "LOCK", reply);
}

/* The token in the body of an answer to LOCK (RFC 4918 §14.14), "<...>"; empty: it is not there.
 * Only to be able to give back a lock whose Lock-Token was lost: so it need not be read as XML. */
static struct str token_within(struct visit *visit, struct str body)
{
    static const struct str beginnings[] = {STR_INIT("opaquelocktoken:"), STR_INIT("urn:uuid:")};
    for (size_t at = 0; at < body.len; at++) {
        struct str rest = str_from(body, at);
        bool is_token = str_starts(rest, beginnings[0]) || str_starts(rest, beginnings[1]);
        if (is_token)
            return str_of_c(
                visit_text(visit, "<%.*s>", STR_ARGS(str_first(rest, str_index(rest, '<')))));
    }
    return STR_NONE;
}

static void give_back(struct visit *visit)
{
    const struct reply *reply = visit_unlock(visit);
    if (http_is_success(reply->status))
        return;
    if (reply->status == HTTP_CONFLICT || reply->status == HTTP_BAD_REQUEST ||
        reply->status == HTTP_PRECONDITION_FAILED)
        visit_found(visit, MISTAKE_LOCK_LOST,
                    visit_text(visit, "UNLOCK is answered %s", visit_describe(visit, reply)));
    else
        visit_refused(visit, "UNLOCK", reply);
}

static void token_missing(struct visit *visit, const char *url, const struct reply *reply)
{
    struct str token = token_within(visit, reply->body);
    visit_found(visit, MISTAKE_TOKEN_MISSING,
                visit_text(visit, "LOCK is answered %u, Lock-Token: %.*s", reply->status,
                           STR_ARGS(reply_field(reply, STR("Lock-Token")))));
    if (!token.len)
        return;
    visit->locked = url;
    visit->token = token.at;
    give_back(visit);
}

/* Locks a file of ours; visit->token is what has come of it. False: there is no lock, and it was
 * said why. */
static bool take_lock(struct visit *visit, const char *url)
{
    if (!visit_can_put(visit, url, STR("to be locked")))
        return false;
    const struct reply *reply = lock(visit, url);
    if (!http_is_success(reply->status) || reply->status == HTTP_MULTI_STATUS) {
        judge_no_lock(visit, url, reply);
        return false;
    }
    struct str token = reply_field(reply, STR("Lock-Token"));
    if (token.len < 3 || token.at[0] != '<') {
        token_missing(visit, url, reply);
        return false;
    }
    visit->locked = url;
    visit->token = arena_text(visit->arena, token);
    return true;
}

static bool is_not_met(const struct reply *reply)
{
    return reply->status == HTTP_PRECONDITION_FAILED || reply->status == HTTP_LOCKED;
}

/* RFC 4918 §7.5: a change of what is locked needs its token. */
void probe_lock(struct visit *visit)
{
    const char *url = visit_url(visit, "locked.txt");
    if (!take_lock(visit, url))
        return;
    const struct reply *without = visit_put(visit, url, STR("without the token"));
    if (http_is_success(without->status))
        visit_found(visit, MISTAKE_LOCK_IGNORED,
                    visit_text(visit, "PUT without the token is answered %u", without->status));
    else if (without->status != HTTP_LOCKED)
        visit_refused(visit, "PUT", without);
    const struct reply *with = put_if(visit, url, visit_text(visit, "(%s)", visit->token));
    if (is_not_met(with))
        visit_found(
            visit, MISTAKE_LOCK_LOST,
            visit_text(visit, "PUT with If: (TOKEN) is answered %s", visit_describe(visit, with)));
    else if (!http_is_success(with->status))
        visit_refused(visit, "PUT", with);
    give_back(visit);
}

/* RFC 4918 §9.10.2. */
static void refresh(struct visit *visit, const char *url)
{
    const struct question question = {
        .method = "LOCK",
        .url = url,
        .fields = {{.name = STR("If"), .value = str_of_c(visit_text(visit, "(%s)", visit->token))},
                   {.name = STR("Timeout"), .value = STR("Second-300")}}};
    const struct reply *reply = visit_ask(visit, &question);
    if (is_not_met(reply))
        visit_found(visit, MISTAKE_LOCK_LOST,
                    visit_text(visit, "a refresh with If: (TOKEN) is answered %s",
                               visit_describe(visit, reply)));
    else if (!http_is_success(reply->status))
        visit_refused(visit, "LOCK", reply);
}

/* RFC 4918 §10.4.3: the same condition, with the URL as the client sees it and without. */
void probe_if(struct visit *visit)
{
    const char *url = visit_url(visit, "tagged-list.txt");
    if (!take_lock(visit, url))
        return;
    const struct reply *tagged =
        put_if(visit, url, visit_text(visit, "<%s> (%s)", url, visit->token));
    if (is_not_met(tagged) || tagged->status == HTTP_BAD_REQUEST ||
        tagged->status == HTTP_BAD_GATEWAY) {
        const struct reply *untagged = put_if(visit, url, visit_text(visit, "(%s)", visit->token));
        visit_found(visit, http_is_success(untagged->status) ? MISTAKE_IF_TAG : MISTAKE_LOCK_LOST,
                    visit_text(visit, "PUT with If: <%s> (TOKEN) is answered %s", url,
                               visit_describe(visit, tagged)));
    } else if (!http_is_success(tagged->status)) {
        visit_refused(visit, "PUT", tagged);
    }
    refresh(visit, url);
    give_back(visit);
}
