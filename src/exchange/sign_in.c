/* Who asks: the first stage of every request, where there are users.
 *
 * It runs on the loop until it would hash a password; then where that is done. What is refused is
 * refused before a byte of the body is read, and before "100 Continue".
 *
 * A method that asks for no right (OPTIONS: Windows and others ask before they sign in, on every
 * parent of what they mount) is signed in all the same: a client that tries its password with it
 * must hear that it is wrong. */
#include "exchange/sign_in.h"

#include "exchange/handler.h"
#include "exchange/respond.h"
#include "exchange/shared_link.h"

struct str sign_in_address(const struct exchange *x)
{
    const struct http_request *request = &x->stream->request;
    return request->forwarded_for.len ? request->forwarded_for : http_peer_address(request);
}

/* TLS, also up to a proxy that says so, or from this very machine, where a proxy may have ended
 * TLS, unless that proxy says there was none. */
bool sign_in_is_confidential(const struct exchange *x)
{
    const struct http_request *request = &x->stream->request;
    bool is_here =
        str_starts(request->peer, STR("127.")) || str_starts(request->peer, STR("[::1]"));
    if (request->forwarded_proto.len)
        return str_eq_nocase(request->forwarded_proto, STR("https"));
    return request->is_secure || is_here;
}

static bool challenge(struct exchange *x, bool is_for_apps)
{
    const struct challenge_place place = {sign_in_is_confidential(x), is_for_apps};
    struct str challenges[ACCESS_CHALLENGES_MAX];
    struct http_fields *fields = &x->stream->response.fields;
    if (!x->service->access || http_fields_has(fields, FIELD_WWW_AUTHENTICATE))
        return x->service->access != NULL;
    size_t count =
        access_challenges(x->service->access, &x->signed_in, &place, x->arena, challenges);
    for (size_t i = 0; i < count; i++) { /* a line for each: the oldest clients know no lists */
        struct http_field_line line = {FIELD_WWW_AUTHENTICATE,
                                       http_field_name(FIELD_WWW_AUTHENTICATE), challenges[i]};
        http_fields_add(fields, x->arena, &line);
    }
    return count > 0;
}

bool sign_in_challenge(struct exchange *x)
{
    return challenge(x, x->handler && x->handler->ops->is_for_apps);
}

void sign_in_challenge_people(struct exchange *x)
{
    (void)challenge(x, false); /* there may be nothing that they can do */
}

static enum stage_end put_off(struct exchange *x, struct dav_result result)
{
    struct buf seconds = {0};
    buf_add_u64(&seconds, x->signed_in.retry_s);
    respond_field(x, FIELD_RETRY_AFTER, buf_str(&seconds));
    buf_done(&seconds);
    return respond_error(x, result);
}

enum sign_in_end sign_in_by(struct exchange *x, struct str authorization, struct str link)
{
    const struct http_request *request = &x->stream->request;
    struct sign_in question = {.authorization = authorization,
                               .method = request->method,
                               .target = request->target,
                               .address = sign_in_address(x),
                               .certificate = request->client,
                               .link = link,
                               .is_confidential = sign_in_is_confidential(x),
                               .may_block = x->is_on_worker};
    return access_sign_in(x->service->access, &question, x->arena, &x->signed_in);
}

static enum stage_end sign_in(struct exchange *x)
{
    struct str link = link_token(x);
    switch (sign_in_by(x, exchange_field(x, FIELD_AUTHORIZATION), link)) {
    case SIGN_IN_DONE:
        if (link.at)
            link_follow(x, link);
        else
            x->stream->response.user = x->signed_in.principal.name;
        if (x->signed_in.info.len)
            respond_field(x, FIELD_AUTHENTICATION_INFO, x->signed_in.info);
        return STAGE_NEXT;
    case SIGN_IN_BLOCKS:
        return STAGE_COMPUTES;
    case SIGN_IN_NO_LINK:
        return respond_error(x, dav_not_found());
    case SIGN_IN_REFUSED:
        return respond_error(x, dav_error(HTTP_UNAUTHORIZED, "the credentials are wrong"));
    case SIGN_IN_MALFORMED: /* RFC 9110 §11.6.2: so that the client hears what would be right */
        return respond_error(x,
                             dav_error(HTTP_UNAUTHORIZED, "the Authorization field is malformed"));
    case SIGN_IN_MISPLACED:
        return respond_error(
            x, dav_error(HTTP_BAD_REQUEST, "the Authorization field is for another URI"));
    case SIGN_IN_UNSAFE:
        return respond_error(
            x,
            dav_error(HTTP_FORBIDDEN, "a password or token would travel unencrypted; use https"));
    case SIGN_IN_THROTTLED:
        return put_off(x, dav_error(HTTP_TOO_MANY_REQUESTS,
                                    "too many failed attempts to sign in; try again later"));
    case SIGN_IN_BUSY:
        return put_off(x, dav_error(HTTP_SERVICE_UNAVAILABLE,
                                    "too many people are signing in right now; try again soon"));
    case SIGN_IN_UNKNOWN:
        return put_off(x, dav_error(HTTP_SERVICE_UNAVAILABLE,
                                    "signing in is not possible right now; try again soon"));
    }
    BUG("no such end");
}

const struct stage sign_in_stages[] = {
    {"sign in", sign_in, ON_LOOP},
    {0},
};
