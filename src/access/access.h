/* access/access.h: who asks, and whether he may. All that the other layers need. */
#pragma once

#include "access/rules.h"

struct access_state;
struct accounts;
struct app_passwords;
struct err;
struct gate_seat;
struct jwt_keys;
struct shared_state;

/* Whom a client certificate is for. */
struct access_certificate {
    struct access_certificate *next;
    struct str subject; /* as RFC 4514 writes it */
    struct str user;
};

/* What is decided anew on every reload: read-only once it is made, any thread. */
struct access {
    struct access_state *state;
    struct str realm;
    bool offers[ACCESS_SCHEME_COUNT];
    bool allows_clear_basic; /* also where others may read along */
    bool has_app_passwords;  /* the state's */
    bool lets_everyone;      /* without rules: who is not signed in may do what users may */
    const struct access_certificate *certificates;
    const struct accounts *accounts;
    struct rules *rules; /* the two may be NULL */
    struct jwt_keys *jwt_keys;
    struct str jwt_issuer;
    struct str jwt_audience;
    const char *jwt_user_claim;
    int64_t jwt_skew_s;
};

/* What must outlive a reload: nonces, who was right lately, and who was wrong how often. What other
 * nodes must know of it is in the shared state. */
struct access_bounds {
    int64_t nonce_ms;
    size_t cache_count;
    int64_t right_ms;
    int64_t wrong_ms;
    size_t waiting_count; /* for a password hash */
};

/* `shared` must outlive it. */
NODISCARD struct access_state *access_state_new(const struct access_bounds *bounds,
                                                struct shared_state *shared);
void access_state_free(struct access_state *state);

/* Those that are made while the server runs; borrowed. */
struct app_passwords *access_app_passwords(struct access_state *state);

/* Whether a password that a person types can be looked at. */
bool access_takes_passwords(const struct access *access);

/* Offers what all users can use: for who does not configure it. */
void access_offer_usable(struct access *access);

/* --- signing in --- */

struct sign_in {
    struct str authorization; /* the field; NULL: there is none */
    struct str method;
    struct str target;      /* as sent */
    struct str address;     /* of the client, with or without a port */
    struct str certificate; /* the subject of the client's; empty: there was none */
    struct str link; /* the token in the URL of a shared link, which alone counts; NULL: none */
    bool is_confidential; /* nobody else can read along: TLS, or this machine */
    bool may_block;       /* where executor_compute() does */
};

enum sign_in_end {
    SIGN_IN_DONE,      /* `principal` says who, perhaps nobody */
    SIGN_IN_BLOCKS,    /* ask again, with the same signed_in, where it may block: in any case */
    SIGN_IN_NO_LINK,   /* 404: there is none such, or it has expired */
    SIGN_IN_REFUSED,   /* 401: wrong, or there is another step */
    SIGN_IN_MALFORMED, /* 401: it cannot be read */
    SIGN_IN_MISPLACED, /* 400: made for another target */
    SIGN_IN_UNSAFE,    /* 403: Basic where others can read along */
    SIGN_IN_THROTTLED, /* 429: after retry_s */
    SIGN_IN_BUSY,      /* 503: after retry_s; too many wait for a hash */
    SIGN_IN_UNKNOWN,   /* 503: after retry_s; what nodes share cannot be reached */
};

struct signed_in {
    struct principal principal;
    struct str info;      /* Authentication-Info; empty: none */
    struct str next_step; /* the only challenge, where the scheme has another step */
    bool is_stale;        /* the credentials were right, but the nonce was not */
    unsigned retry_s;
    struct gate_seat *seat; /* after BLOCKS, where a hash is waited for; NULL: none */
};

/* Memory from the arena; *out was zeroed. The principal's `link` is the id of its token. */
NODISCARD enum sign_in_end access_sign_in(const struct access *access,
                                          const struct sign_in *request, struct arena *arena,
                                          struct signed_in *out);

/* What somebody has signed in by, as the accounts have it. */
struct standing {
    bool is_known;      /* there are others who know: a certificate's signer, an issuer of tokens */
    struct sha256 mark; /* of the password's hash, or of the token and its bounds */
    int64_t until_s;    /* by the wall clock; 0: for ever */
};

/* For who goes on after his request: what he stands by now; he has lost it where the mark is
 * another. False: there is no such account or token any more. Never waits. */
NODISCARD bool access_standing(const struct access *access, const struct principal *principal,
                               struct standing *out);

enum { ACCESS_CHALLENGES_MAX = ACCESS_SCHEME_COUNT };

/* Where somebody is told how to sign in. */
struct challenge_place {
    bool is_confidential;
    bool is_for_apps; /* who have app passwords: Basic is offered for those alone, too */
};

/* The values for WWW-Authenticate, in the order that clients can bear, of which one may come twice;
 * says how many. Memory from the arena. */
size_t access_challenges(const struct access *access, const struct signed_in *signed_in,
                         const struct challenge_place *place, struct arena *arena,
                         struct str challenges_out[ACCESS_CHALLENGES_MAX]);

/* --- asking --- */

enum access_verdict {
    ACCESS_GRANTED,
    ACCESS_REFUSED, /* 403 */
    ACCESS_SIGN_IN, /* 401: nobody is signed in, and it might help */
    ACCESS_HIDDEN,  /* 404: as if there were nothing */
};

/* The more restrictive of two answers. */
enum access_verdict access_worse(enum access_verdict a, enum access_verdict b);

/* How names are compared. */
enum access_names {
    ACCESS_NAMES_EXACT,  /* but for the form of Unicode */
    ACCESS_NAMES_FOLDED, /* where no case is told apart */
    ACCESS_NAMES_BOTH,   /* where that is so for some: what is granted either way */
};

struct access_question {
    enum access_class class;
    struct res_path path; /* as in the URL */
    enum access_names names;
};

/* May this principal do this here? */
NODISCARD enum access_verdict access_may(const struct access *access,
                                         const struct principal *principal,
                                         const struct access_question *question);

/* Whether there may be a user of that name: where others say who there is, any. False: it cannot be
 * found out now. Where accounts may block, it may. */
NODISCARD bool access_knows_user(const struct access *access, struct str name, struct arena *arena,
                                 bool *knows_out);

/* What he is told where a list that is kept with the resource refuses what that grants (acl.h). */
enum access_verdict access_refusal(const struct access *access, const struct principal *principal);

/* Whether he may do it somewhere below, at a place that a rule or his token names. */
NODISCARD bool access_leads_below(const struct access *access, const struct principal *principal,
                                  const struct access_question *question);

/* A digest of who asks and of all that decides what he may read: the same after a restart. */
uint64_t access_view(const struct access *access, const struct principal *principal);

/* Whether anybody may do something without signing in. */
bool access_lets_anybody(const struct access *access);

/* False: what is granted for the path is granted for all that is below it. */
NODISCARD bool access_differs_below(const struct access *access, const struct principal *principal,
                                    struct res_path path, enum access_names names);
