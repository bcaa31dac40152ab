/* access/users.h: who there is, from two files. The first is one that htpasswd(1) reads and writes,
 * too; the second has the keys of the schemes that can do nothing with a hash:
 *
 *     FILE        name:hash
 *     FILE.keys   name:fingerprint of the hash:realm=… sha256=… md5=… scram=…
 *                 :salts=… (of nobody: what strangers' salts are made with)
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
    struct str salts_key; /* what strangers' salts are made with; empty: none is kept */
    unsigned *rounds;     /* of all keys for SCRAM, in ascending order */
    size_t rounds_count;
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

/* Whom to measure a stranger against, so that he costs what a user costs; `hash` is that of his
 * name. NULL: nobody has a password. */
const struct user *users_decoy(const struct users *users, uint64_t hash);

/* How many rounds of SCRAM a stranger is told, so that he is told what a user is: `chance` is his
 * own, evenly distributed number, and as many strangers have each count as users have. */
unsigned users_decoy_rounds(const struct users *users, uint32_t chance);

/* What the lines of a user are made of. */
struct user_secret {
    struct str name;
    struct str realm;
    struct str password;
    bool has_md5;    /* also for Digest with MD5 */
    unsigned rounds; /* of SCRAM */
};

/* Appends a line for each of the two files, without their ends: all that a password gives. Slow on
 * purpose. False: libcrypt cannot hash it. */
NODISCARD bool users_add_lines(struct buf *line, struct buf *keys_line,
                               const struct user_secret *secret);

/* Appends the line of FILE.keys that keeps strangers' salts: a new one. */
void users_add_salts_line(struct buf *keys_line);

/* What can be the name of a user: no ':' and no control characters, no blank at either end, 1 to
 * 255 bytes. */
NODISCARD bool users_is_name(struct str name);
