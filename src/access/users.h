/* access/users.h: who there is, from two files. The first is one that htpasswd(1) reads and writes,
 * too; the second has the keys of the schemes that can do nothing with a hash:
 *
 *     FILE        name:hash
 *     FILE.keys   name:fingerprint of the hash:realm=… sha256=… md5=… scram=…
 *
 * Keys count only with the hash that they were made with: a program that knows nothing of them and
 * changes a password makes the old keys void. */
#pragma once

#include "access/scheme/scram.h"
#include "base/map.h"

struct err;

struct user {
    struct map_entry entry;
    struct str name;
    struct str hash;           /* as crypt(5) has it; empty: no password */
    struct str digest_keys[2]; /* by enum hash_kind; empty: there is none for the realm */
    struct scram_keys scram;   /* iterations 0: there are none */
};

struct users {
    struct arena arena; /* of all that it holds */
    struct map map;
    struct user **list; /* in the order of the file */
    size_t count;
    size_t cap;
};

/* Adds the users of a file's text to *users, which was zeroed. False: a line is malformed, and
 * `err` says which. What cannot be used, but is no mistake, is described in `notes`, a line each.
 */
NODISCARD bool users_read(struct users *users, struct str text, struct buf *notes, struct err *err);

/* Gives them their keys. Those of Digest count where they are for `realm`. */
NODISCARD bool users_read_keys(struct users *users, struct str text, struct str realm,
                               struct buf *notes, struct err *err);
void users_done(struct users *users);

/* NULL: there is none of that name. */
const struct user *users_find(const struct users *users, struct str name);

/* Whom to measure a stranger against, so that he costs what a user costs: the same for the same
 * name. NULL: nobody has a password. */
const struct user *users_decoy(const struct users *users, struct str name);

/* Appends a line for each of the two files, without their ends: all that a password gives. Slow on
 * purpose. False: libcrypt cannot hash it. */
NODISCARD bool users_add_lines(struct buf *line, struct buf *keys_line, struct str name,
                               struct str realm, struct str password);

/* What can be the name of a user: no ':' and no control characters, 1 to 255 bytes. */
NODISCARD bool users_is_name(struct str name);
