/* sign_in_fixture.h: two users, their tokens, and what clients send to sign in as them. */
#pragma once

#include "access/access.h"
#include "access/accounts.h"

/* alice has all keys and the password "pencil", bob a hash of "pw" only. */
extern struct users users;
extern struct tokens tokens;
extern struct buf token_text; /* alice's: "phone", to read */
extern struct buf link_text;  /* bob's shared link: "shared", to read */
extern struct accounts accounts;
extern struct access access_; /* offers all that there is */
extern const struct access_bounds bounds;
extern struct shared_state *shared;
extern struct arena arena;
extern struct signed_in got; /* by the last question */

/* Around each test, for cmocka; the clock stands at 1,000,000 ms. */
int fixture_begin(void **state);
int fixture_end(void **state);

/* After the last test. */
void fixture_done(void);

/* A node that serves alone. Gives. */
struct shared_state *new_shared(void);

/* --- asking --- */

/* For "/x" by GET, so that nobody can read along. `field` NULL: without Authorization. */
enum sign_in_end ask_from(const char *address, bool may_block, const char *field);

/* Where it may block. */
enum sign_in_end ask(const char *field);

/* --- what clients send: the values of Authorization; memory from the arena --- */

const char *basic(const char *user, const char *password);

/* A challenge that begins so and has `with` in it; and a parameter of one. */
struct str challenge_of(const char *beginning, const char *with);
struct str param_of(struct str challenge, const char *name);

const char *digest_field(const char *user, const char *password, struct str nonce, unsigned count);

/* The first step of SCRAM: the challenge, and what of the client's message the proof is about. */
struct str begin_scram(const char *user, struct str *bare);
struct str server_first_of(struct str step);
struct str client_final(const char *password, struct str bare, struct str server_first);
const char *scram_field(struct str sid, struct str message);
