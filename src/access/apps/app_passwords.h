/* access/apps/app_passwords.h: tokens that the server makes for its users' apps, and takes back.
 * The file of the administrator's tokens is read only; this one the server writes, in the same
 * form. */
#pragma once

#include "access/tokens.h"

struct app_passwords;
struct err;

/* Of no file, so that there are none. Gives. */
NODISCARD struct app_passwords *app_passwords_new(void);
void app_passwords_free(struct app_passwords *apps); /* NULL is fine */

/* What the file has from now on counts; one that is not there has none. Where it is this file
 * already, it is read again: somebody else has changed it, perhaps. False: `err` says why, and all
 * is as it was. May block, as long as a change does. */
NODISCARD bool app_passwords_read(struct app_passwords *apps, const char *path, struct err *err);

/* Whether there can be new ones; says the key of logins (access/apps/login.h), which is kept beside
 * the file and made the first time. May block. */
NODISCARD bool app_passwords_key(struct app_passwords *apps, struct sha256 *key_out,
                                 struct err *err);

/* The one of that id, in memory from the arena; NULL: there is none. Never waits for the disk. */
NODISCARD const struct token *app_passwords_find(struct app_passwords *apps, struct str id,
                                                 struct arena *arena);

/* --- changes: on disk when they are DONE; they may block --- */

enum app_change {
    APP_DONE,
    APP_TAKEN,  /* there is one of that id, now or a moment ago; or there is none */
    APP_FULL,   /* the user has as many as he may */
    APP_FAILED, /* `err` says why: it may have been made, or not */
};

/* A token as it is to be, with its hash. `count_max`: how many its user may have. */
NODISCARD enum app_change app_passwords_add(struct app_passwords *apps, const struct token *token,
                                            size_t count_max, struct err *err);

struct app_password {
    struct str user;
    struct str text;
};

/* The login that has this text becomes an app password with the same id and another text. Memory
 * from the arena. TAKEN: there is no such login (any more). */
NODISCARD enum app_change app_passwords_fetch(struct app_passwords *apps, struct str login,
                                              struct arena *arena, struct app_password *out,
                                              struct err *err);

/* The one of that id; all of that user. TAKEN: there is none. */
NODISCARD enum app_change app_passwords_revoke(struct app_passwords *apps, struct str id,
                                               struct err *err);
NODISCARD enum app_change app_passwords_revoke_all(struct app_passwords *apps, struct str user,
                                                   struct err *err);
