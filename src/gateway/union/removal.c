/* A DELETE of what several origins have: were it removed from one only, another's would come to
 * light in its place.
 *
 *     ask the first, with the conditions -> it has done it -> ask all others -> (204, or 207)
 *                                        '> it has not -----> (its answer)
 *
 * The first is the one whose resource clients see, and whose tags and locks they know; or the one
 * that gave the lock token which the request names. If it refuses, nothing has happened anywhere,
 * and its answer is the answer. The others are asked without conditions, which are not about
 * theirs.
 *
 * Has one of them not removed it, there is a 207: of the collection or resource itself, with the
 * status of the first that has not, and what became of it at each in words; and the members that
 * those have named. An origin that has broken off may have removed it: then that is said. */
#include "gateway/union/removal.h"

#include "exchange/multistatus_body.h"
#include "exchange/respond.h"
#include "gateway/failure.h"
#include "gateway/request.h"
#include "gateway/union/members.h"
#include "gateway/union/tokens.h"
#include "gateway/union/united.h"
#include "multistatus/keep.h"

/* Beyond it members that were not removed are not named any more. */
enum { NAMED_BYTES_MAX = 262144 };

struct removal {
    struct ask *asks[UNION_ORIGINS_MAX];           /* by their order; NULL: it is not asked */
    struct dav_result failures[UNION_ORIGINS_MAX]; /* of those without an answer */
    size_t first;
    bool has_asked_all;
    size_t at; /* which one's failures are read */
    struct members members;
    struct multistatus_body *body;
};

/* --- asking --- */

static void ask_one(struct exchange *x, size_t i)
{
    struct relay *f = relay_of(x);
    struct removal *removal = united_of(x)->removal;
    united_choose(x, &united_of(x)->look->mates[i]);
    struct dav_result result = request_build(x, false);
    removal->asks[i] = f->ask;
    f->ask->is_aside = true;
    if (dav_is_fine(result))
        result = ask_start(f->ask);
    removal->failures[i] = result;
    f->is_unconditional = true;
}

static void begin(struct exchange *x)
{
    struct united *u = united_of(x);
    const struct gateway *bound = token_origin_find(x);
    struct removal *removal = ARENA_NEW(x->arena, struct removal);
    u->removal = removal;
    removal->members.x = x;
    removal->first = u->plan.index;
    for (size_t i = 0; i < u->look->count; i++) {
        if (&u->look->mates[i] == bound && u->plan.members & UINT64_C(1) << i)
            removal->first = i;
    }
    survey_end(u->look);
    ask_one(x, removal->first);
}

static void ask_others(struct exchange *x)
{
    const struct united *u = united_of(x);
    u->removal->has_asked_all = true;
    for (size_t i = 0; i < u->look->count; i++) {
        if (i != u->removal->first && u->plan.members & UINT64_C(1) << i)
            ask_one(x, i);
    }
}

static bool is_waited_for(const struct removal *removal, size_t i)
{
    const struct ask *ask = removal->asks[i];
    return ask && dav_is_fine(removal->failures[i]) && ask_is_pending(ask);
}

static bool waits(const struct removal *removal)
{
    for (size_t i = 0; i < UNION_ORIGINS_MAX; i++) {
        if (is_waited_for(removal, i))
            return true;
    }
    return false;
}

/* --- what came of it --- */

static void note_failures(struct removal *removal)
{
    for (size_t i = 0; i < UNION_ORIGINS_MAX; i++) {
        const struct ask *ask = removal->asks[i];
        if (ask && dav_is_fine(removal->failures[i]) && !ask->has_head)
            removal->failures[i] = failure_of(ask);
    }
}

/* 0: it is not there any more. */
static unsigned status_of(const struct removal *removal, size_t i)
{
    const struct ask *ask = removal->asks[i];
    if (!ask)
        return 0;
    if (!dav_is_fine(removal->failures[i]))
        return removal->failures[i].status;
    bool is_gone = ask->call.status == HTTP_NOT_FOUND || ask->call.status == HTTP_GONE ||
                   (http_is_success(ask->call.status) && ask->call.status != HTTP_MULTI_STATUS);
    return is_gone ? 0 : ask->call.status;
}

static bool is_removed(const struct removal *removal)
{
    for (size_t i = 0; i < UNION_ORIGINS_MAX; i++) {
        if (status_of(removal, i))
            return false;
    }
    return true;
}

/* "a: removed; b: 423 Locked" */
static void describe(const struct removal *removal, struct buf *to)
{
    for (size_t i = 0; i < UNION_ORIGINS_MAX; i++) {
        const struct ask *ask = removal->asks[i];
        unsigned status = status_of(removal, i);
        if (!ask)
            continue;
        buf_addf(to, "%s%.*s: ", to->len ? "; " : "", STR_ARGS(ask->gateway->label));
        if (!status)
            buf_addf(to, "removed");
        else if (status == HTTP_MULTI_STATUS)
            buf_addf(to, "not all of it is removed");
        else if (!ask->has_head && ask->call.was_sent)
            buf_addf(to, "no answer, and whether it is removed is not known");
        else
            buf_addf(to, "%u %.*s", status, STR_ARGS(http_reason(status)));
    }
}

static void add_own(struct exchange *x)
{
    struct removal *removal = united_of(x)->removal;
    struct multistatus *ms = multistatus_body_ms(removal->body);
    struct buf text = {0};
    unsigned worst = 0;
    for (size_t i = 0; i < UNION_ORIGINS_MAX && (!worst || worst == HTTP_MULTI_STATUS); i++)
        worst = status_of(removal, i) ? status_of(removal, i) : worst;
    describe(removal, &text);
    multistatus_response(ms, x->path, x->has_slash);
    multistatus_status(ms, worst == HTTP_MULTI_STATUS ? HTTP_FAILED_DEPENDENCY : worst, STR_NONE);
    multistatus_description(ms->out, buf_str(&text), STR_NONE);
    multistatus_response_end(ms);
    buf_done(&text);
}

static bool has_room(const struct removal *removal)
{
    return spool_len(&removal->body->spool) < NAMED_BYTES_MAX;
}

/* A member that is still there. */
static void add_member(struct removal *removal, const struct davit_ms_response *response)
{
    struct multistatus *ms = multistatus_body_ms(removal->body);
    unsigned status = davit_ms_response_status(response);
    for (size_t i = 0; i < response->href_count && has_room(removal); i++) {
        multistatus_response_uri(ms, str_of_text(response->hrefs[i].uri));
        multistatus_status(ms, status ? status : HTTP_BAD_GATEWAY, STR_NONE);
        multistatus_response_end(ms);
    }
}

/* Of one that names members; what it says no more is no failure of the whole, which is told of. */
static enum members_end read_one(struct removal *removal)
{
    const struct davit_ms_response *response;
    enum members_end end = MEMBERS_ONE;
    struct ask *ask = removal->asks[removal->at];
    if (!removal->members.reader && !members_open(&removal->members, ask)) {
        failure_note(ask, removal->members.err.text);
        return MEMBERS_FAIL;
    }
    while (end == MEMBERS_ONE && has_room(removal)) {
        end = members_next(&removal->members, &response);
        if (end == MEMBERS_ONE)
            add_member(removal, response);
    }
    if (end == MEMBERS_FAIL)
        failure_note(ask, removal->members.err.text);
    return end;
}

static enum stage_end report(struct exchange *x)
{
    struct removal *removal = united_of(x)->removal;
    if (!removal->body) {
        removal->body = multistatus_body_new(x);
        add_own(x);
    }
    while (removal->at < UNION_ORIGINS_MAX) {
        if (status_of(removal, removal->at) == HTTP_MULTI_STATUS) {
            if (read_one(removal) == MEMBERS_WAIT)
                return STAGE_WAIT;
            members_close(&removal->members);
        }
        removal->at++;
    }
    respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
    return respond_multistatus(x, removal->body);
}

/* --- the stage --- */

enum stage_end removal_answer(struct exchange *x)
{
    struct united *u = united_of(x);
    struct removal *removal = u->removal;
    if (u->plan.kind != PLAN_EACH)
        return STAGE_NEXT;
    if (x->stream->has_gone)
        return respond_status(x, HTTP_BAD_REQUEST);
    if (!removal)
        begin(x);
    removal = u->removal;
    if (!removal->has_asked_all) {
        struct ask *ask = removal->asks[removal->first];
        if (!dav_is_fine(removal->failures[removal->first]))
            return respond_error(x, removal->failures[removal->first]);
        if (waits(removal))
            return STAGE_WAIT;
        if (!ask->has_head || status_of(removal, removal->first)) {
            united_pass_on(x, ask);
            return STAGE_NEXT;
        }
        ask_others(x);
    }
    if (waits(removal))
        return STAGE_WAIT;
    note_failures(removal);
    return is_removed(removal) ? respond_status(x, HTTP_NO_CONTENT) : report(x);
}

void removal_end(struct exchange *x)
{
    const struct united *u = united_of(x);
    struct removal *removal = u->removal;
    if (!removal)
        return;
    if (removal->members.reader)
        members_close(&removal->members);
    for (size_t i = 0; i < UNION_ORIGINS_MAX; i++) {
        if (removal->asks[i] && !(u->is_sent && removal->asks[i] == u->relay.ask))
            ask_let_go(removal->asks[i]);
    }
}
