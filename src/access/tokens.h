/* access/tokens.h: long random secrets that stand for a user, within bounds: passwords for apps,
 * bearer tokens, and the secrets in the URLs of shared links. The file has a line for each:
 *
 *     id:user:SHA-256 of the secret:BOUNDS
 *
 * with [path=/…] [read-only] [expires=…] [made=…] [link|login] [note=…] as bounds, and times in
 * seconds since 1970. */
#pragma once

#include "access/secret.h"
#include "base/map.h"
#include "text/path.h"

struct err;

enum { TOKEN_ID_BYTES = 12, TOKEN_TEXT_BYTES = 4 + TOKEN_ID_BYTES + 43 };

/* Where and how a principal may act at most. */
struct scope {
    struct res_path path; /* of the URL; the root: everywhere */
    bool is_read_only;
};

struct token {
    struct map_entry entry;
    struct str id;
    struct str user;
    struct str hash; /* of the secret, in hexadecimal digits */
    struct scope scope;
    int64_t expires_s; /* 0: never */
    int64_t made_s;    /* 0: that is not said */
    bool is_link;      /* for URLs only */
    bool is_login;     /* for fetching an app password only (access/apps/login.h) */
    bool is_app;       /* the server has made it: it counts while its user is there */
    struct str note;
    struct str line; /* as it was read */
};

struct tokens {
    struct arena arena;
    struct map map;
    struct token **list;
    size_t count;
    size_t cap;
};

/* Adds those of a file's text to *tokens, which was zeroed. False: `err` names the line. */
NODISCARD bool tokens_read(struct tokens *tokens, struct str text, struct err *err);
void tokens_done(struct tokens *tokens);

/* Whether it has that text ("dvt_…") and has not expired. NULL: that of nobody, which takes as long
 * and is never right. */
NODISCARD bool token_verify(const struct token *token, struct str text, int64_t now_s);

/* Whether it looks like one: then it is no password that a person chose. */
NODISCARD bool token_is_text(struct str text);

/* The id within what looks like a token. */
struct str token_id_of(struct str text);

/* `text`, with *** for the secret of each token in it, so that it can be logged: a log is read by
 * more people than may act for its users. The token may be percent-encoded. The text itself where
 * there is none; otherwise memory from the arena. */
NODISCARD struct str token_mask(struct str text, struct arena *arena);

NODISCARD const struct token *tokens_find(const struct tokens *tokens, struct str id);

/* A new token and its text, which is appended. The hash of `like` is not looked at; where it has no
 * id there is a new one. Borrows both buffers; hash_out was empty. */
struct token token_make(const struct token *like, struct buf *text_out, struct buf *hash_out);

/* Appends the line of such a token, without its end, and its text. */
void tokens_add_line(struct buf *to, const struct token *like, struct buf *text_out);

/* The same for a token whose text there is already. */
void tokens_add_row(struct buf *to, const struct token *token);

/* Appends a text that nobody can guess. The id may be empty: there is a new one. */
void token_add_text(struct buf *to, struct str id);
