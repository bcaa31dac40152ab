/* Some stages stand before those of every method: who is it, and may he do that here? A method asks
 * no more than admit_check() for what else it is about: a destination, a member.
 *
 * Signing in runs on the loop until it would hash a password; then where that is done. What is
 * refused is refused before a byte of the body is read, and before "100 Continue".
 *
 * The question is asked about the path in the URL and about where it leads
 * (docs/decisions/0005-aliases.md): a symbolic link, or another Unicode form of a name, is no way
 * round a rule. Of the answers the most restrictive counts. What has been asked about is what the
 * method gets: it works on the located path, in which the store follows no link. If one has come
 * there since, a read is located and judged anew (admit_again()), and a change is refused.
 *
 * OPTIONS asks for no right (Windows and others ask before they sign in, on every parent of what
 * they mount), but what stands in Authorization is looked at all the same: a client that tries its
 * password with OPTIONS must hear that it is wrong. */
#include "exchange/admit.h"

#include "dav/home.h"
#include "dav/principal.h"
#include "exchange/respond.h"

/* Of the client, without a port. */
static struct str address_of(const struct exchange *x)
{
    const struct http_request *request = &x->stream->request;
    struct str address = str_first(request->peer, str_index_last(request->peer, ':'));
    if (request->forwarded_for.len)
        return request->forwarded_for;
    if (address.len && address.at[0] == '[')
        address = str_from(str_first(address, str_index(address, ']')), 1);
    return address;
}

/* --- shared links --- */

#define LINK_SEGMENT ".link"

/* "/.link/TOKEN/…": whoever has the URL acts for the token's user within its scope. */
static bool is_link(const struct exchange *x)
{
    return x->service->view_link && str_eq(path_first(x->path), STR(LINK_SEGMENT));
}

/* The token in its URL; NULL: it is none. */
static struct str link_text(const struct exchange *x)
{
    struct str rest = str_from(path_str(x->path), sizeof(LINK_SEGMENT));
    return is_link(x) ? str_cut(&rest, '/') : STR_NONE;
}

/* The principal has come by that one. */
static void follow_link(struct exchange *x, struct str text)
{
    struct str *id = &x->signed_in.principal.link;
    *id = path_str(path_join(x->arena, PATH(LINK_SEGMENT), *id));
    x->link_prefix = (struct res_path){x->path.at, sizeof(LINK_SEGMENT) + text.len};
}

/* Rules and scopes are about where the collection really is. Outside of the link there is nothing:
 * false. */
static bool leave_link(const struct exchange *x, struct arena *arena, struct res_path *path)
{
    if (!x->link_prefix.at)
        return true;
    if (!path_is_within(*path, x->link_prefix))
        return false;
    *path = path_rebase(arena, *path, x->link_prefix, x->signed_in.principal.scope.path);
    return true;
}

/* --- questions --- */

/* What is at these paths is made up by the server: no resource of the store is reached there. */
static bool is_made_up(const struct exchange *x, struct res_path path)
{
    return principal_is_path(x->service->access, path) ||
           (x->service->view_link && str_eq(path_first(path), STR(LINK_SEGMENT)));
}

/* How the store tells names apart at `path`. */
static enum access_names names_at(const struct exchange *x, struct res_path path)
{
    static const enum access_names names[] = {
        [STORE_FOLDS_NOTHING] = ACCESS_NAMES_EXACT,
        [STORE_FOLDS_SOMEWHERE] = ACCESS_NAMES_BOTH,
        [STORE_FOLDS_ALL] = ACCESS_NAMES_FOLDED,
    };
    return names[store_folds(x->store, path)];
}

enum access_verdict admit_judge(const struct exchange *x, enum access_class class,
                                struct res_path path, struct res_path real)
{
    const struct access *access = x->service->access;
    const struct principal *principal = &x->signed_in.principal;
    struct arena arena = {0};                     /* used for links only */
    enum access_verdict verdict = ACCESS_REFUSED; /* but for what ask() lets pass */
    if (!access)
        return ACCESS_GRANTED;
    struct access_question question = {class, path, names_at(x, path)};
    enum access_names real_names = names_at(x, real);
    bool is_same = path_eq(path, real);
    bool is_inside = leave_link(x, &arena, &question.path) && leave_link(x, &arena, &real);
    if (is_inside && !is_made_up(x, question.path) && !is_made_up(x, real)) {
        verdict = access_may(access, principal, &question);
        question.path = real;
        question.names = real_names;
        if (!is_same)
            verdict = access_worse(verdict, access_may(access, principal, &question));
    }
    arena_done(&arena);
    return verdict;
}

static struct dav_result result_of(enum access_verdict verdict)
{
    switch (verdict) {
    case ACCESS_GRANTED:
        return DAV_FINE;
    case ACCESS_REFUSED:
        return dav_error(HTTP_FORBIDDEN, "you may not do that here");
    case ACCESS_SIGN_IN:
        return dav_error(HTTP_UNAUTHORIZED, "sign in to do that here");
    case ACCESS_HIDDEN:
        return dav_from_store(STORE_NOT_FOUND);
    }
    BUG("no such verdict");
}

struct dav_result admit_check(const struct exchange *x, enum access_class class,
                              struct res_path path, struct res_path real)
{
    return result_of(admit_judge(x, class, path, real));
}

bool admit_differs_below(const struct exchange *x, struct res_path path)
{
    const struct access *access = x->service->access;
    struct arena arena = {0}; /* used for links only */
    enum access_names names = names_at(x, path);
    if (!access || !leave_link(x, &arena, &path))
        return access != NULL;
    bool differs = access_differs_below(access, &x->signed_in.principal, path, names);
    arena_done(&arena);
    return differs;
}

bool admit_holds(const struct exchange *x, const struct lock *lock)
{
    const struct access *access = x->service->access;
    const struct principal *principal = &x->signed_in.principal;
    struct access_question question = {ACCESS_ADMIN, lock->root, names_at(x, lock->root)};
    if (!access || str_eq(lock->principal, principal_holder(principal)))
        return true;
    return !principal->link.len && /* who shares a collection does not hand on how to break locks */
           access_may(access, principal, &question) == ACCESS_GRANTED;
}

/* --- challenges --- */

/* Nobody else can read along: TLS, also up to a proxy that says so, or from this very machine,
 * where a proxy may have ended TLS, unless that proxy says there was none. */
static bool is_confidential(const struct exchange *x)
{
    const struct http_request *request = &x->stream->request;
    bool is_here =
        str_starts(request->peer, STR("127.")) || str_starts(request->peer, STR("[::1]"));
    if (request->forwarded_proto.len)
        return str_eq_nocase(request->forwarded_proto, STR("https"));
    return request->is_secure || is_here;
}

bool admit_challenge(struct exchange *x)
{
    struct str challenges[ACCESS_CHALLENGES_MAX];
    struct http_fields *fields = &x->stream->response.fields;
    if (!x->service->access || http_fields_has(fields, FIELD_WWW_AUTHENTICATE))
        return x->service->access != NULL;
    size_t count = access_challenges(x->service->access, &x->signed_in, is_confidential(x),
                                     x->arena, challenges);
    for (size_t i = 0; i < count; i++) { /* a line for each: the oldest clients know no lists */
        struct http_field_line line = {FIELD_WWW_AUTHENTICATE,
                                       http_field_name(FIELD_WWW_AUTHENTICATE), challenges[i]};
        http_fields_add(fields, x->arena, &line);
    }
    return count > 0;
}

/* --- signing in --- */

static enum stage_end put_off(struct exchange *x, struct dav_result result)
{
    struct buf seconds = {0};
    buf_add_u64(&seconds, x->signed_in.retry_s);
    respond_field(x, FIELD_RETRY_AFTER, buf_str(&seconds));
    buf_done(&seconds);
    return respond_error(x, result);
}

static enum stage_end sign_in(struct exchange *x)
{
    const struct http_request *request = &x->stream->request;
    struct sign_in question = {.authorization = exchange_field(x, FIELD_AUTHORIZATION),
                               .method = request->method,
                               .target = request->target,
                               .address = address_of(x),
                               .certificate = request->client,
                               .link = link_text(x),
                               .is_confidential = is_confidential(x),
                               .may_block = x->is_on_worker};
    switch (access_sign_in(x->service->access, &question, x->arena, &x->signed_in)) {
    case SIGN_IN_DONE:
        if (question.link.at)
            follow_link(x, question.link);
        else
            x->stream->response.user = x->signed_in.principal.name;
        if (x->signed_in.info.len)
            respond_field(x, FIELD_AUTHENTICATION_INFO, x->signed_in.info);
        return STAGE_NEXT;
    case SIGN_IN_BLOCKS:
        return STAGE_COMPUTES;
    case SIGN_IN_NO_LINK:
        return respond_error(x, dav_from_store(STORE_NOT_FOUND));
    case SIGN_IN_REFUSED:
        return respond_error(x, dav_error(HTTP_UNAUTHORIZED, "the credentials were not right"));
    case SIGN_IN_MALFORMED: /* RFC 9110 §11.6.2: so that the client hears what would be right */
        return respond_error(x, dav_error(HTTP_UNAUTHORIZED, "the Authorization is malformed"));
    case SIGN_IN_MISPLACED:
        return respond_error(x,
                             dav_error(HTTP_BAD_REQUEST, "the Authorization is for another URI"));
    case SIGN_IN_UNSAFE:
        return respond_error(x,
                             dav_error(HTTP_FORBIDDEN, "not without TLS: others can read along"));
    case SIGN_IN_THROTTLED:
        return put_off(x,
                       dav_error(HTTP_TOO_MANY_REQUESTS, "too many wrong sign-ins; wait a little"));
    case SIGN_IN_BUSY:
        return put_off(x, dav_error(HTTP_SERVICE_UNAVAILABLE,
                                    "too many sign in at this moment; try again soon"));
    case SIGN_IN_UNKNOWN:
        return put_off(x, dav_error(HTTP_SERVICE_UNAVAILABLE,
                                    "nobody can sign in at this moment; try again soon"));
    }
    BUG("no such end");
}

/* What is seen: of a shared link what is in its collection, otherwise what is for who asks. */
static enum stage_end enter(struct exchange *x)
{
    const struct dav_service *service = x->service;
    const struct principal *principal = &x->signed_in.principal;
    struct link_view seen = {principal, x->link_prefix};
    if (x->link_prefix.at)
        x->store = service->view_link(service, &seen, x->arena, &x->homes);
    else if (service->view)
        x->store = service->view(service, principal, x->arena, &x->homes);
    homes_find_missing(x);
    return STAGE_NEXT;
}

enum access_class admit_class_of(const struct dav_method *method)
{
    if (method->flags & METHOD_LOCKS)
        return ACCESS_LOCK;
    bool is_change = (method->flags & METHOD_WRITES) && !(method->flags & METHOD_COPIES);
    return is_change ? ACCESS_WRITE : ACCESS_READ;
}

/* Principals may be looked at by PROPFIND, and dav/principal.c says by whom. */
static struct dav_result ask_for_principal(const struct exchange *x)
{
    if (principal_is_anonymous(&x->signed_in.principal))
        return result_of(ACCESS_SIGN_IN);
    return x->method->stages == propfind_stages ? DAV_FINE : result_of(ACCESS_REFUSED);
}

/* Locates the request URI, and asks for all that it comes to. Where nothing can be, the path itself
 * is what can be asked about. */
static struct dav_result locate_and_ask(struct exchange *x)
{
    enum access_class class = admit_class_of(x->method);
    struct dav_result located = exchange_locate(x);
    struct dav_result result = admit_check(x, class, x->path, exchange_target(x));
    if (dav_is_fine(result) && x->is_located && !path_eq(x->real, x->leads_to))
        result = admit_check(x, class, x->path, x->real);
    return dav_is_fine(result) ? located : result;
}

struct dav_result admit_again(struct exchange *x, enum store_rc rc)
{
    enum { TRIES_MAX = 4 };
    struct res_path before = exchange_target(x);
    /* What was not located is the URL's own path: there may be something by another name. */
    bool is_elsewhere = rc == STORE_ALIAS || (rc == STORE_NOT_FOUND && !x->is_located &&
                                              !str_is_ascii(path_str(x->path)));
    if (!is_elsewhere)
        return dav_from_store(rc);
    x->is_located = false;
    struct dav_result result = locate_and_ask(x);
    if (!dav_is_fine(result) || ++x->locate_count < TRIES_MAX)
        return result;
    /* A link that leads nowhere; or somebody changes it all the time. */
    return dav_from_store(path_eq(before, x->leads_to) ? STORE_NOT_FOUND : STORE_ALIAS);
}

static enum stage_end ask(struct exchange *x)
{
    if (x->method->flags & METHOD_OPEN)
        return STAGE_NEXT;
    if (principal_is(x)) {
        struct dav_result result = ask_for_principal(x);
        return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
    }
    struct dav_result result = locate_and_ask(x);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

const struct stage admit_stages[] = {
    {"sign in", sign_in, ON_LOOP},
    {"enter", enter, ON_READ},
    {"make homes", homes_make, ON_LOOP},
    {"ask", ask, ON_READ},
    {0},
};
