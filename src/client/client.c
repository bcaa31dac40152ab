/* Requests on a loop: libcurl's multi interface, driven by the watches, the deadlines and the tasks
 * of a struct loop.
 *
 *     a socket is ready, libcurl's time has come,  -> noted -> the task -> libcurl -> what ended
 *     a body can go on                                            |
 *                                                                 '-> head(), a waker, done()
 *
 * libcurl says which sockets it wants watched for what (sockets.c), and when it wants to be called
 * again at the latest (timer_changed()). A ready socket is only noted; one task for all requests
 * then calls libcurl, and tells whose answer has come on. So nobody who is told stands within
 * libcurl, and may start and cancel what he likes.
 *
 * Handles are kept and used again: making one costs more than a short request.
 *
 * Redirects are not followed: each hop is a request of its own, for who asks to decide; so what is
 * said of addresses and of credentials holds for each of them.
 *
 * Invariants
 *  (1) a call has a transfer from its start until done() is called, or it is cancelled;
 *  (2) a transfer is in `under_way` or in `idle`, and in `noted` only while it is in the first;
 *  (3) after a call of head(), a waker or done() the transfer is looked at again only by way of
 *      `noted`, since it may be another's by then. */
#include "client/client.h"

#include <errno.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/mem.h"
#include "client/transfer_priv.h"

enum {
    IDLE_HANDLES_MAX = 128,
    DRAIN_MS = 1000,
};

/* --- what libcurl waits for --- */

static void timer_expired(struct deadline *deadline)
{
    struct client *client = CONTAINER_OF(deadline, struct client, timer);
    client->is_due = true;
    loop_queue(client->loop, &client->task);
}

/* The queue has this one deadline, so its length may be another each time. */
static int timer_changed(CURLM *multi, long timeout_ms, void *arg)
{
    struct client *client = arg;
    (void)multi;
    deadline_cancel(&client->timer);
    client->is_due = timeout_ms == 0;
    client->timers.length_ms = timeout_ms;
    if (timeout_ms > 0)
        deadline_arm(client->loop, &client->timers, &client->timer);
    else if (timeout_ms == 0)
        loop_queue(client->loop, &client->task);
    return 0;
}

static void run_libcurl(struct client *client)
{
    int running, what;
    curl_socket_t fd;
    while (sockets_take(&client->sockets, &fd, &what))
        (void)curl.multi_socket_action(client->multi, fd, what, &running); /* see ends */
    if (!client->is_due)
        return;
    client->is_due = false;
    (void)curl.multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running); /* as above */
}

/* --- handles --- */

static struct transfer *take_handle(struct client *client)
{
    if (!list_is_empty(&client->idle)) {
        struct transfer *p = CONTAINER_OF(client->idle.next, struct transfer, link);
        list_remove(&p->link);
        client->idle_count--;
        return p;
    }
    CURL *easy = curl.easy_init();
    if (!easy)
        BUG("out of memory");
    struct transfer *p = MEM_NEW(struct transfer);
    p->client = client;
    p->easy = easy;
    return p;
}

static void free_handle(struct transfer *p)
{
    curl.easy_setopt(p->easy, CURLOPT_COOKIEFILE, NULL);
    curl.easy_cleanup(p->easy);
    mem_free(p);
}

/* Its request is over, or is not wanted any more; the handle is for the next one. */
static void leave(struct transfer *p)
{
    struct client *client = p->client;
    struct transfer empty = {.client = client, .easy = p->easy};
    (void)curl.multi_remove_handle(client->multi, p->easy); /* it may have been before */
    deadline_cancel(&p->deadline);
    name_check_forget(p);
    transfer_close_upload(p);
    list_remove(&p->link);
    list_remove(&p->noted);
    curl.slist_free_all(p->headers);
    buf_done(&p->piece);
    buf_done(&p->ready);
    p->call->transfer = NULL;
    *p = empty;
    if (client->idle_count >= IDLE_HANDLES_MAX) {
        free_handle(p);
        return;
    }
    curl.easy_setopt(p->easy, CURLOPT_COOKIEFILE, NULL); /* a reset would only forget it */
    curl.easy_reset(p->easy);
    list_prepend(&client->idle, &p->link);
    client->idle_count++;
}

/* --- ends --- */

static void end_transfer(struct transfer *p, CURLcode code)
{
    (void)curl.multi_remove_handle(p->client->multi, p->easy); /* it was added */
    deadline_cancel(&p->deadline);
    transfer_close_upload(p);
    transfer_end(p, code);
}

static void deadline_expired(struct deadline *deadline)
{
    struct transfer *p = CONTAINER_OF(deadline, struct transfer, deadline);
    (void)snprintf(p->error, sizeof(p->error), "no byte has moved for too long"); /* fits */
    p->is_stopped = p->is_closed;
    end_transfer(p, p->is_stopped ? CURLE_WRITE_ERROR : CURLE_OPERATION_TIMEDOUT);
}

static void note_ends(struct client *client)
{
    int left;
    CURLMsg *message;
    while ((message = curl.multi_info_read(client->multi, &left))) {
        char *priv = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        (void)curl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &priv); /* was set */
        end_transfer((struct transfer *)(void *)priv, code);
    }
}

/* --- telling --- */

static void tell_head(struct transfer *p)
{
    struct call *call = p->call;
    struct source *body = &p->body;
    p->is_told = true;
    transfer_note(p);
    if (call->head)
        call->head(call, body);
    else
        source_close(&body);
}

static void tell(struct transfer *p)
{
    struct call *call = p->call;
    transfer_resume(p);
    if (p->has_head && !p->is_told) {
        tell_head(p);
    } else if (p->is_awaited && (p->ready.len > p->taken || p->is_over)) {
        p->is_awaited = false;
        transfer_note(p);
        source_wake(&p->body);
    } else if (p->is_over && (!p->is_told || p->is_closed)) {
        leave(p);
        call->done(call);
    }
}

static void act(struct task *task)
{
    struct client *client = CONTAINER_OF(task, struct client, task);
    run_libcurl(client);
    note_ends(client);
    while (!list_is_empty(&client->noted)) {
        struct transfer *p = CONTAINER_OF(client->noted.next, struct transfer, noted);
        list_remove(&p->noted);
        tell(p);
    }
}

/* --- requests --- */

static void clear_result(struct call *call)
{
    arena_reset(&call->arena);
    call->answer = (struct http_fields){0};
    call->status_line = STR_NONE;
    call->redirect_url = NULL;
    call->status = 0;
    call->was_sent = false;
    call->body_bytes = 0;
    call->message[0] = call->address[0] = '\0';
}

/* A line's end within a field would begin another one. */
static bool is_one_line(struct str text)
{
    return !memchr(text.at, '\n', text.len) && !memchr(text.at, '\r', text.len) &&
           !memchr(text.at, '\0', text.len);
}

static bool is_sendable(const struct call *call)
{
    bool is_fine = http_is_token(str_of_c(call->method));
    for (size_t i = 0; i < call->field_count; i++)
        is_fine = is_fine && http_is_token(call->fields[i].name) &&
                  (call->fields[i].value.len == 0 || is_one_line(call->fields[i].value));
    return is_fine;
}

void client_start(struct client *client, struct call *call)
{
    struct transfer *p = take_handle(client);
    clear_result(call);
    call->transfer = p;
    p->call = call;
    p->upload = call->upload;
    call->upload = NULL;
    p->started_ms = clock_mono_ms();
    list_init(&p->noted);
    deadline_init(&p->deadline, deadline_expired);
    list_append(&client->under_way, &p->link);
    if (is_sendable(call)) {
        transfer_setup(p);
        (void)curl.multi_add_handle(client->multi, p->easy); /* fails only when used wrongly */
        return;
    }
    (void)snprintf(call->message, sizeof(call->message), "a field of the request is malformed");
    call->end = CALL_OWN;
    transfer_over(p);
}

void client_cancel(struct client *client, struct call *call)
{
    (void)client;
    if (call->transfer)
        leave(call->transfer);
}

/* --- life --- */

/* One handle has the file, all have the cookies. */
static bool begin_cookies(struct client *client)
{
    const char *file = client->options->cookie_file;
    if (!file)
        return true;
    curl.share_setopt(client->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
    client->cookies = curl.easy_init();
    if (!client->cookies)
        return false;
    curl.easy_setopt(client->cookies, CURLOPT_SHARE, client->share);
    curl.easy_setopt(client->cookies, CURLOPT_COOKIEFILE, file);
    if (file[0])
        curl.easy_setopt(client->cookies, CURLOPT_COOKIEJAR, file); /* written when it is closed */
    return curl.easy_setopt(client->cookies, CURLOPT_COOKIELIST, "RELOAD") == CURLE_OK;
}

static void set_up_multi(struct client *client)
{
    const struct client_options *o = client->options;
    CURLM *multi = client->multi;
    curl.share_setopt(client->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS);
    curl.share_setopt(client->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl.multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, sockets_changed);
    curl.multi_setopt(multi, CURLMOPT_SOCKETDATA, &client->sockets);
    curl.multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer_changed);
    curl.multi_setopt(multi, CURLMOPT_TIMERDATA, client);
    curl.multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)o->connections_max);
    curl.multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)o->origin_connections_max);
    curl.multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING); /* decision 29 */
}

/* One that is not named need not be there; what is there is read, or that is said. */
static bool read_netrc(struct client *client, struct err *err)
{
    const struct client_options *o = client->options;
    const char *home = getenv("HOME");
    struct buf path = {0};
    struct str text = STR_NONE;
    if (!o->has_netrc || (!o->netrc_file && !home))
        return true;
    buf_addf(&path, o->netrc_file ? "%s" : "%s/.netrc", o->netrc_file ? o->netrc_file : home);
    bool is_read = file_read_small(buf_c(&path), &client->arena, &text, err);
    if (is_read)
        client->netrc = netrc_parse(text, &client->arena);
    buf_done(&path);
    return is_read || (!o->netrc_file && err->code == ENOENT);
}

bool client_load(struct err *err)
{
    return curl_load(err);
}

struct client *client_new(struct loop *loop, const struct client_options *options, struct err *err)
{
    if (!curl_load(err))
        return NULL;
    struct client *client = MEM_NEW(struct client);
    client->loop = loop;
    client->options = options;
    client->task.run = act;
    proxies_read(&client->proxies, options->proxy);
    sockets_init(&client->sockets, loop, &client->task);
    list_init(&client->under_way);
    list_init(&client->noted);
    list_init(&client->idle);
    list_init(&client->name_checks);
    deadline_init(&client->timer, timer_expired);
    loop_add_deadlines(loop, &client->timers, 0);
    loop_add_deadlines(loop, &client->progress_deadlines, options->progress_ms);
    loop_add_deadlines(loop, &client->answer_deadlines, options->answer_ms);
    loop_add_deadlines(loop, &client->drain_deadlines, DRAIN_MS);
    client->multi = curl.multi_init();
    client->share = curl.share_init();
    if (!client->multi || !client->share || !begin_cookies(client)) {
        err_sys(err, ENOMEM, "cannot create a client");
        client_free(client);
        return NULL;
    }
    set_up_multi(client);
    if (read_netrc(client, err))
        return client;
    client_free(client);
    return NULL;
}

void client_free(struct client *client)
{
    if (!client)
        return;
    while (!list_is_empty(&client->under_way))
        leave(CONTAINER_OF(client->under_way.next, struct transfer, link));
    while (!list_is_empty(&client->idle)) {
        struct transfer *p = CONTAINER_OF(client->idle.next, struct transfer, link);
        list_remove(&p->link);
        free_handle(p);
    }
    name_checks_forget(client);
    (void)curl.multi_cleanup(client->multi); /* nothing is left in it */
    sockets_done(&client->sockets);
    curl.easy_cleanup(client->cookies);
    (void)curl.share_cleanup(client->share); /* nobody uses it now */
    loop_unqueue(&client->task);
    deadline_cancel(&client->timer);
    loop_remove_deadlines(&client->timers);
    loop_remove_deadlines(&client->progress_deadlines);
    loop_remove_deadlines(&client->answer_deadlines);
    loop_remove_deadlines(&client->drain_deadlines);
    arena_done(&client->arena);
    mem_free(client);
}
