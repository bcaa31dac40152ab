#include "check/run/login.h"

#include "base/mem.h"
#include "check/run/state.h"
#include "http/status.h"

struct login {
    struct call call;
    bool is_over;
};

static void on_done(struct call *call)
{
    CONTAINER_OF(call, struct login, call)->is_over = true;
}

bool crawl_login(struct crawl *crawl, struct err *err)
{
    static const struct http_field_line type = {FIELD_CONTENT_TYPE, STR_INIT("Content-Type"),
                                                STR_INIT("application/x-www-form-urlencoded")};
    struct login login = {
        .call = {.method = "POST", .fields = &type, .field_count = 1, .done = on_done}};
    struct buf url = {0};
    struct str fields = str_of_c(crawl->options->login_form);
    buf_add(&url, str_cut(&fields, ' '));
    login.call.url = buf_c(&url);
    login.call.text = fields;
    client_start(solo_client(crawl->solo), &login.call);
    while (!login.is_over)
        solo_turn(crawl->solo, -1);
    bool is_answer = login.call.end == CALL_ANSWERED;
    bool is_fine = is_answer && !http_is_error(login.call.status);
    if (!is_answer)
        err_set(err, 0, "cannot sign in: %s", login.call.message);
    else if (!is_fine)
        err_set(err, 0, "cannot sign in: status %u", login.call.status);
    call_free(&login.call);
    buf_done(&url);
    return is_fine;
}
