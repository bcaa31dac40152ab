/* sync/login/visit.h: what the endpoints of apps' logins have in common. */
#pragma once

#include "access/apps/app_passwords.h"
#include "sync/login/page.h"

#define LOGIN_FLOW "index.php/login/v2/flow/" /* and the link, within a mount */

/* Why an endpoint cannot do anything: 404 where there are no app passwords, 403 where somebody
 * could read along. */
NODISCARD struct dav_result login_may_be(const struct exchange *x);

struct app_passwords *login_apps(const struct exchange *x);

/* The key of logins; may block. False: an answer has been made, and the log is told why. */
NODISCARD bool login_key(struct exchange *x, struct sha256 *key_out);

/* 503: it could not be kept. The log is told why. */
struct dav_result login_not_kept(struct exchange *x, const struct err *err);

/* What the app calls itself, as it was sent. */
struct str login_client(const struct exchange *x);

/* Whether who has signed in has shown that he is he: by no token, and through no link. */
bool login_is_himself(const struct exchange *x);

/* A password for that app that its user has granted right here; appends it. */
NODISCARD enum app_change login_make(struct exchange *x, const struct token *like,
                                     struct buf *text_out, struct err *err);
