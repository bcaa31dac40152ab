/* sync/login/page.h: the page by which a user gives an app a password of its own. */
#pragma once

#include "access/apps/login.h"
#include "exchange/exchange.h"

struct login_page {
    const struct login *login; /* NULL: there is only something to say */
    struct str host;           /* what the user signs in to */
    struct str user;           /* who has signed in; empty: the page asks */
    bool takes_password;       /* it may */
    bool has_other_ways;       /* the browser can sign in by what else is offered */
    struct str address;        /* where the browser is */
    bool is_elsewhere;         /* the app is not there */
    int64_t ago_s;             /* since the app asked */
    struct str proof;          /* login_add_proof() */
    struct str link;           /* of a direct login, which the form brings along */
    const char *title;         /* static; NULL: it asks for access */
    const char *alert;         /* what is wrong, likewise; NULL: nothing */
    const char *text;          /* what came of it, where there is nothing to ask */
    struct str to_app;         /* a URL that the app takes; empty: none */
};

/* Answers with it, as a page that nobody frames, keeps, or runs scripts in. */
enum stage_end login_page_send(struct exchange *x, enum http_status status,
                               const struct login_page *page);
