/* sync/endpoint.h: the handler of endpoints.def, and the stages of its rows. */
#pragma once

#include "sync/service.h"

extern const struct handler_ops sync_endpoint_ops;

extern const struct stage sync_status_stages[];       /* sync/status.c */
extern const struct stage sync_reach_stages[];        /* sync/status.c */
extern const struct stage sync_capabilities_stages[]; /* sync/capabilities.c */
extern const struct stage sync_user_stages[];         /* sync/user.c */
extern const struct stage sync_push_stages[];         /* sync/push/push.c */
extern const struct stage sync_pre_auth_stages[];     /* sync/push/pre_auth.c */
extern const struct stage sync_nothing_stages[];      /* sync/ocs.c */
extern const struct stage sync_unknown_stages[];      /* sync/ocs.c */

/* sync/login/flow.c */
extern const struct stage sync_login_begin_stages[];
extern const struct stage sync_login_poll_stages[];
/* sync/login/consent.c */
extern const struct stage sync_login_show_stages[];
extern const struct stage sync_login_grant_stages[];
extern const struct stage sync_login_show_direct_stages[];
extern const struct stage sync_login_grant_direct_stages[];
/* sync/login/password.c */
extern const struct stage sync_password_make_stages[];
extern const struct stage sync_password_revoke_stages[];
