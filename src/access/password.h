/* access/password.h: passwords as crypt(5) keeps them: yescrypt, bcrypt, SHA-crypt. */
#pragma once

#include "base/str.h"

enum { PASSWORD_BYTES_MAX = 512, PASSWORD_HASH_BYTES = 384 };

/* Whether `hash` is one that libcrypt can check a password against. */
NODISCARD bool password_is_hash(struct str hash);

/* Slow on purpose: on a worker only. */
NODISCARD bool password_verify(struct str password, struct str hash);

/* A new yescrypt hash with a NUL behind it. Slow on purpose. False: libcrypt cannot. */
NODISCARD bool password_hash(struct str password, char hash_out[PASSWORD_HASH_BYTES]);
