/* access/accounts.h: who there is: users and their tokens, wherever they are kept. Where that is
 * not in files, to ask may take a while, and may fail. */
#pragma once

#include "access/tokens.h"
#include "access/users.h"

struct accounts {
    const struct accounts_ops *ops;
    bool may_block;              /* a question may wait: see base/shared_state.h */
    const struct users *users;   /* all or some of them: what they can use is offered, and strangers
                                  * are measured against them; NULL: nobody has a password */
    const struct tokens *tokens; /* likewise; NULL: nobody has one */
};

/* What is found is valid as long as the accounts, or memory from the arena. False: it cannot be
 * found out now. */
struct accounts_ops {
    bool (*find_user)(const struct accounts *accounts, struct str name, struct arena *arena,
                      const struct user **user_out);
    bool (*find_token)(const struct accounts *accounts, struct str id, struct arena *arena,
                       const struct token **token_out);
};

/* Those of files that have been read. They must outlive the accounts; either may be NULL. */
struct accounts accounts_of_files(const struct users *users, const struct tokens *tokens);

/* The user of that name; NULL: there is none. */
NODISCARD static inline bool accounts_find_user(const struct accounts *accounts, struct str name,
                                                struct arena *arena, const struct user **user_out)
{
    return accounts->ops->find_user(accounts, name, arena, user_out);
}

/* The token with that text ("dvt_…"), if there is one that has not expired; NULL: there is none. */
NODISCARD bool accounts_find_token(const struct accounts *accounts, struct str text,
                                   struct arena *arena, const struct token **token_out);
