/* access/apps/login.h: an app that wants a password of its own. It is given a link, which its user
 * opens in a browser to sign in and grant it, and a text by which it fetches the password then
 * (access/apps/app_passwords.h). Nothing is kept of it before it is granted: the link says all. */
#pragma once

#include "access/secret.h"
#include "base/arena.h"
#include "base/buf.h"

struct login {
    bool is_direct;     /* the browser itself is to get the password, for the app it belongs to */
    struct str id;      /* of the app password that there will be */
    struct str hash;    /* of the text that fetches it; a direct one has none */
    int64_t began_s;    /* by the wall clock */
    struct str address; /* where it began */
    struct str client;  /* what the app calls itself, as it may be shown; not empty */
};

/* Appends what an app calls itself, as it may be shown on one line, cut short; never nothing. */
void login_add_client(struct buf *to, struct str client);

/* What a login that begins now is to be; the client's name as it was sent. Appends the link, which
 * is one segment of a path, and the text that fetches the password: of a direct one none. */
void login_begin(const struct sha256 *key, const struct login *like, struct buf *link_out,
                 struct buf *fetch_out);

/* What a link says, in memory from the arena. False: we have not made it. */
NODISCARD bool login_read(const struct sha256 *key, struct str link, struct arena *arena,
                          struct login *out);

/* Appends what a page must send along, so that nobody else's page sends it: for this login, shown
 * to this user. */
void login_add_proof(const struct sha256 *key, const struct login *login, struct str user,
                     struct buf *to);
