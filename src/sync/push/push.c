/* Push: a client that keeps a WebSocket open is told when something has changed in its tree, and
 * does not ask every half minute.
 *
 *     client                                server
 *     alice, password              ---->
 *                                  <----    authenticated      or: err: Invalid credentials
 *                                  <----    notify_file        whenever there is something new
 *     listen notify_file_id        ---->                       (see below)
 *
 * What is said is that there is something; the client then asks for the tag of its root, as it
 * does without. The first notice comes at once behind "authenticated": what was changed while
 * nobody listened is found so. From then on there is at most one in socket_notice_ms, so that a
 * burst of changes is a handful of notices: the first at once, and those that follow together.
 *
 * Signing in is what it is for a request with Basic: through the same gate, throttle and hashers,
 * with the same memory of who was right lately (access/access.h). An empty name means that the
 * password is a token (sync/push/pre_auth.c). One attempt for each connection.
 *
 * A notice that cannot be sent, as the client has not taken the ones before, stays one that is to
 * be sent, and is tried again; there is never more than one.
 *
 * "listen notify_file_id" asks for notices with the ids of what has changed. It is heard and not
 * answered to: a client that asks for it takes the other kind as well, which servers send when they
 * do not know the ids. It is read so that it is no mistake.
 *
 * A reload, or a change of the accounts: who listens goes on by the new settings where what he has
 * signed in by still counts there, and is told once. Otherwise he is sent away, and hears when he
 * comes back. So is he at his next notice when it has expired.
 *
 * Life. One reference for the socket, one for each job that is under way: the hash of a password,
 * what the log has posted, the pause between notices. With the last one goes its hold on the
 * socket, and so the server does not stop before; and on the settings, whose store has the log. */
#include "base/log.h"
#include "base/mem.h"
#include "exchange/browser.h"
#include "exchange/respond.h"
#include "exchange/sign_in.h"
#include "http/web_socket.h"
#include "sync/endpoint.h"
#include "sync/push/listening.h"
#include "sync/push/pre_auth.h"
#include "text/base64.h"

#define AUTHENTICATED STR("authenticated")
#define REFUSED       STR("err: Invalid credentials")
#define NOTICE        STR("notify_file")

enum push_state {
    PUSH_NAME,     /* the first text says who */
    PUSH_PASSWORD, /* the next how that is to be believed */
    PUSH_SIGNING,  /* it is being looked at */
    PUSH_LISTENING,
    PUSH_OVER, /* nothing is said any more */
};

/* As long as it is found out who he is. */
struct signing {
    struct arena arena;
    struct buf authorization;
    struct sign_in question;
    struct signed_in signed_in;
    enum sign_in_end end;
};

struct push_session {
    struct socket_user user;
    struct refs refs;
    struct web_socket *socket; /* held; NULL: it was never open */
    const struct service *service;
    const struct sync_service *sync;
    struct executor *executor;
    enum push_state state;
    bool is_confidential;
    char *address;
    struct str name; /* what he calls himself; its own */
    struct signing *signing;
    struct job sign_job;
    struct listening listening;
    struct job pause_job;
    bool is_pausing;
    bool has_news; /* which wait for the end of the pause */
};

static struct push_session *push_of(struct socket_user *user)
{
    return CONTAINER_OF(user, struct push_session, user);
}

static void free_push(struct refs *refs)
{
    struct push_session *push = CONTAINER_OF(refs, struct push_session, refs);
    struct web_socket *socket = push->socket;
    struct refs *users = push->service->users;
    assert(!push->listening.log && !push->signing);
    mem_free(push->address);
    mem_free((char *)(uintptr_t)push->name.at);
    mem_free(push);
    refs_drop(users);
    if (socket)
        refs_drop(&socket->refs);
}

/* What goes on for it is over when it has come back; nothing more is said. A pause is not waited
 * for: it may be long, and who stops the server has to. */
static void end(struct push_session *push)
{
    if (push->is_pausing) {
        executor_recall(&push->pause_job);
        refs_drop(&push->refs);
    }
    if (push->state == PUSH_LISTENING && listening_end(&push->listening))
        refs_take(&push->refs); /* dropped when it has heard */
    push->state = PUSH_OVER;
}

/* --- notices --- */

static void pause_for(struct push_session *push, uint64_t ms)
{
    push->is_pausing = true;
    refs_take(&push->refs);
    executor_after(push->executor, &push->pause_job, (int64_t)ms);
}

static void tell_news(struct push_session *push)
{
    if (listening_is_over(&push->listening)) {
        web_socket_close(push->socket, SOCKET_GOING_AWAY);
        return;
    }
    push->has_news = !web_socket_send(push->socket, NOTICE);
    pause_for(push, push->service->limits->socket_notice_ms);
}

static void look(struct push_session *push)
{
    switch (listening_look(&push->listening)) {
    case NEWS_NONE:
        break;
    case NEWS_SOME:
        tell_news(push);
        break;
    case NEWS_LATER: /* when others have had their turn */
        pause_for(push, 0);
        break;
    }
}

static void pause_over(struct job *job)
{
    struct push_session *push = CONTAINER_OF(job, struct push_session, pause_job);
    push->is_pausing = false;
    if (push->has_news)
        tell_news(push);
    else
        look(push);
    refs_drop(&push->refs);
}

/* During a pause all is seen at its end, and nothing more is told until then. */
static void heard(struct listener *listener)
{
    struct push_session *push = CONTAINER_OF(CONTAINER_OF(listener, struct listening, listener),
                                             struct push_session, listening);
    if (push->state == PUSH_OVER)
        refs_drop(&push->refs);
    else if (!push->is_pausing)
        look(push);
}

/* --- signing in --- */

/* The log of requests has said 101 by now. */
static void refuse(struct push_session *push)
{
    log_line(LOG_WARN, "%s: the credentials on a WebSocket are wrong", push->address);
    (void)!web_socket_send(push->socket, REFUSED); /* it is being closed */
    web_socket_close(push->socket, SOCKET_POLICY);
}

static void welcome(struct push_session *push, const struct principal *principal)
{
    push->listening.sync = push->sync;
    push->listening.listener.executor = push->executor;
    push->listening.listener.heard = heard;
    if (!listening_begin(&push->listening, push->service, principal)) {
        web_socket_close(push->socket, SOCKET_NOT_NOW); /* or it would wait for nothing */
        return;
    }
    push->state = PUSH_LISTENING;
    web_socket_keep(push->socket);
    (void)!web_socket_send(push->socket, AUTHENTICATED); /* nothing was sent before */
    tell_news(push);
}

static void free_signing(struct push_session *push)
{
    struct signing *signing = push->signing;
    secret_wipe(signing->authorization.at, signing->authorization.len);
    buf_done(&signing->authorization);
    arena_done(&signing->arena);
    mem_free(signing);
    push->signing = NULL;
}

static void ask(struct push_session *push)
{
    struct signing *signing = push->signing;
    signing->end = access_sign_in(push->service->access, &signing->question, &signing->arena,
                                  &signing->signed_in);
}

/* What has come of it. */
static void answer(struct push_session *push)
{
    switch (push->signing->end) {
    case SIGN_IN_DONE:
        welcome(push, &push->signing->signed_in.principal);
        return;
    case SIGN_IN_THROTTLED:
    case SIGN_IN_BUSY:
    case SIGN_IN_UNKNOWN:
        web_socket_close(push->socket, SOCKET_NOT_NOW);
        return;
    default:
        refuse(push);
    }
}

static void sign_in_computing(struct job *job)
{
    struct push_session *push = CONTAINER_OF(job, struct push_session, sign_job);
    push->signing->question.may_block = true;
    ask(push);
}

static void sign_in_done(struct job *job)
{
    struct push_session *push = CONTAINER_OF(job, struct push_session, sign_job);
    if (push->state == PUSH_SIGNING)
        answer(push);
    free_signing(push);
    refs_drop(&push->refs);
}

/* As a request with Basic would (RFC 7617). */
static void sign_in(struct push_session *push, struct str password)
{
    struct signing *signing = push->signing = MEM_NEW(struct signing);
    struct buf pair = {0};
    buf_add(&pair, push->name);
    buf_add_char(&pair, ':');
    buf_add(&pair, password);
    BUF_ADD(&signing->authorization, "Basic ");
    base64_encode(&signing->authorization, buf_str(&pair), BASE64);
    secret_wipe(pair.at, pair.len);
    buf_done(&pair);
    signing->question = (struct sign_in){.authorization = buf_str(&signing->authorization),
                                         .method = STR("GET"),
                                         .target = STR("/"),
                                         .address = str_of_c(push->address),
                                         .is_confidential = push->is_confidential};
    ask(push);
    if (signing->end == SIGN_IN_BLOCKS) {
        refs_take(&push->refs);
        executor_compute(push->executor, &push->sign_job);
        return;
    }
    answer(push);
    free_signing(push);
}

static void sign_in_by_token(struct push_session *push, struct str token)
{
    struct arena arena = {0};
    struct principal principal;
    if (pre_auth_read(push->sync, token, &arena, &principal)) {
        principal.address = str_of_c(push->address);
        welcome(push, &principal);
    } else {
        refuse(push);
    }
    arena_done(&arena);
}

static void take_password(struct push_session *push, struct str password)
{
    struct principal anybody = {.name = push->name, .address = str_of_c(push->address)};
    push->state = PUSH_SIGNING;
    if (!push->service->access) /* as sync_user_of() */
        welcome(push, &anybody);
    else if (push->name.len == 0)
        sign_in_by_token(push, password);
    else if (str_index(push->name, ':') < push->name.len) /* RFC 7617 §2: it could not be said */
        refuse(push);
    else
        sign_in(push, password);
}

/* --- other settings --- */

/* The same mount in them; NULL: it is not there, or not for sync clients. */
static const struct sync_service *find_sync(const struct service *service, struct res_path prefix)
{
    struct arena arena = {0};
    struct res_path place = path_join(&arena, prefix, STR("index.php"));
    const struct handler *handler = handler_find(service, place);
    arena_done(&arena);
    if (!handler || handler->ops != &sync_endpoint_ops)
        return NULL;
    const struct sync_service *sync = handler->shared;
    return path_eq(sync->prefix, prefix) ? sync : NULL;
}

static void take_settings(struct push_session *push, const struct service *service,
                          const struct sync_service *sync)
{
    struct refs *old = push->service->users;
    push->service = service;
    push->sync = sync;
    refs_take(service->users);
    refs_drop(old);
}

/* Who is signing in does so by the old ones, and comes back: that is rare. */
static bool goes_on(struct push_session *push, const struct service *service,
                    const struct sync_service *sync)
{
    switch (push->state) {
    case PUSH_NAME:
    case PUSH_PASSWORD:
        return sync;
    case PUSH_SIGNING:
        return service == push->service;
    case PUSH_LISTENING:
        return sync && listening_renew(&push->listening, service, sync);
    case PUSH_OVER:
        break;
    }
    return false;
}

/* He is told, as the rules may show him what they have not. */
static void renew(struct push_session *push)
{
    const struct service *service = *push->service->in_force;
    const struct sync_service *sync = find_sync(service, push->sync->prefix);
    if (!goes_on(push, service, sync)) {
        web_socket_close(push->socket, SOCKET_GOING_AWAY);
        return;
    }
    if (service == push->service)
        return;
    take_settings(push, service, sync);
    push->has_news = push->state == PUSH_LISTENING;
    if (push->has_news && !push->is_pausing)
        tell_news(push);
}

/* --- the socket's user --- */

static void opened(struct socket_user *user, struct web_socket *socket)
{
    struct push_session *push = push_of(user);
    push->socket = socket;
    refs_take(&socket->refs);
    renew(push); /* the answer may have been long on its way */
}

static void renewed(struct socket_user *user)
{
    renew(push_of(user));
}

static void received(struct socket_user *user, struct str text)
{
    struct push_session *push = push_of(user);
    refs_take(&push->refs); /* what it says may close the socket */
    switch (push->state) {
    case PUSH_NAME:
        push->name = str_of(mem_copy_text(text.at, text.len), text.len);
        push->state = PUSH_PASSWORD;
        break;
    case PUSH_PASSWORD:
        take_password(push, text);
        break;
    case PUSH_SIGNING:
    case PUSH_LISTENING: /* "listen notify_file_id", and what clients may think of */
    case PUSH_OVER:
        break;
    }
    refs_drop(&push->refs);
}

static void closed(struct socket_user *user)
{
    struct push_session *push = push_of(user);
    end(push);
    refs_drop(&push->refs);
}

static const struct socket_user_ops user_ops = {
    .opened = opened, .received = received, .renewed = renewed, .closed = closed};

/* --- the endpoint --- */

static struct push_session *new_push(const struct exchange *x)
{
    struct push_session *push = MEM_NEW(struct push_session);
    struct str address = sign_in_address(x);
    push->user.ops = &user_ops;
    refs_init(&push->refs, free_push);
    push->service = x->service;
    refs_take(push->service->users);
    push->sync = sync_service_of(x);
    push->executor = x->stream->executor;
    push->is_confidential = sign_in_is_confidential(x);
    push->address = mem_copy_text(address.at, address.len);
    push->sign_job.work = sign_in_computing;
    push->sign_job.done = sign_in_done;
    push->pause_job.done = pause_over;
    return push;
}

static enum stage_end open_push(struct exchange *x)
{
    const char *why;
    struct dav_result origin = browser_check_socket(x);
    if (!dav_is_fine(origin))
        return respond_error(x, origin);
    struct push_session *push = new_push(x);
    enum http_status status = web_socket_offer(x->stream, &push->user, &why);
    if (status == HTTP_SWITCHING_PROTOCOLS)
        return STAGE_DONE;
    refs_drop(&push->refs);
    return respond_error(x, dav_error(status, why));
}

const struct stage sync_push_stages[] = {{"open push", open_push, ON_LOOP}};
