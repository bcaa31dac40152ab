/* cli/admin/apps.h: the file that a server writes its app passwords to, changed from outside. */
#pragma once

#include "access/apps/app_passwords.h"
#include "base/err.h"

/* What one command does to them. `name`: an id or a user. */
typedef enum app_change apps_revoke_fn(struct app_passwords *apps, struct str name,
                                       struct err *err);

/* Does it as the server's user would (see apps.c): for good, so it comes last. FAILED: `err`. */
NODISCARD enum app_change apps_revoke(const char *path, apps_revoke_fn *revoke, struct str name,
                                      struct err *err);

/* Appends the tokens of that file to those of others. */
NODISCARD bool apps_list(const char *path, struct tokens *tokens, struct err *err);
