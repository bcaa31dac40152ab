#include "access/accounts.h"

#include "base/clock.h"

static bool find_user(const struct accounts *accounts, struct str name, struct arena *arena,
                      const struct user **user_out)
{
    (void)arena; /* it is there already */
    *user_out = accounts->users ? users_find(accounts->users, name) : NULL;
    return true;
}

static bool find_token(const struct accounts *accounts, struct str id, struct arena *arena,
                       const struct token **token_out)
{
    (void)arena; /* it is there already */
    *token_out = accounts->tokens ? tokens_find(accounts->tokens, id) : NULL;
    return true;
}

struct accounts accounts_of_files(const struct users *users, const struct tokens *tokens)
{
    static const struct accounts_ops ops = {find_user, find_token};
    return (struct accounts){.ops = &ops, .users = users, .tokens = tokens};
}

bool accounts_find_token(const struct accounts *accounts, struct str text, struct arena *arena,
                         const struct token **token_out)
{
    const struct token *token = NULL;
    *token_out = NULL;
    if (!accounts->tokens || !token_is_text(text))
        return true;
    if (!accounts->ops->find_token(accounts, token_id_of(text), arena, &token))
        return false;
    if (token_verify(token, text, clock_wall_ms() / 1000))
        *token_out = token;
    return true;
}
