/* Whether somebody may do something somewhere: the bounds of his token, then the rules (rules.c),
 * or where there are none, whether he has signed in.
 *
 * A question is about a thing, and a store may know one thing by several spellings. Those that are
 * forms of Unicode are one name everywhere: all is asked in NFC. Where a store does not tell case
 * apart, nobody can say what exactly it takes for one name (file systems have tables of their own),
 * only two bounds of it, and the question is asked in both:
 *
 *   SMALL   what is one name there is, for most names, one in this form: an `allow` that holds only
 *           by way of a bolder equation ("ß" is "ss") is none
 *   LOOSE   what is one name anywhere is one in this form: no `deny` is got around by a spelling
 *
 * Of the answers the most restrictive counts.
 *
 * Rejected: to look up what each rule's path is on disk. Patterns have no one path, and what they
 * are about need not be there yet. */
#include "access/access.h"

#include "access/accounts.h"
#include "access/state_priv.h"
#include "base/clock.h"
#include "base/mem.h"

struct access_state *access_state_new(const struct access_bounds *bounds,
                                      struct shared_state *shared)
{
    unsigned char decoys[SHARED_SECRET_BYTES];
    struct access_state *state = MEM_NEW(struct access_state);
    state->shared = shared;
    nonces_init(&state->nonces, shared, bounds->nonce_ms);
    state->right = credential_cache_new(bounds->cache_count, bounds->right_ms);
    state->wrong = credential_cache_new(bounds->cache_count, bounds->wrong_ms);
    state->gate = gate_new(bounds->waiting_count);
    state->apps = app_passwords_new();
    shared_secret(shared, "sign-in", 0, state->key);
    shared_secret(shared, "decoys", 0, decoys);
    memcpy(state->decoy_key, decoys, sizeof(state->decoy_key));
    return state;
}

void access_state_free(struct access_state *state)
{
    if (!state)
        return;
    nonces_done(&state->nonces);
    credential_cache_free(state->right);
    credential_cache_free(state->wrong);
    gate_free(state->gate);
    app_passwords_free(state->apps);
    secret_wipe(state->key, sizeof(state->key));
    mem_free(state);
}

struct app_passwords *access_app_passwords(struct access_state *state)
{
    return state->apps;
}

bool access_takes_passwords(const struct access *access)
{
    const struct users *users = access->accounts->users;
    return access->offers[ACCESS_BASIC] && users && users->count;
}

void access_offer_usable(struct access *access)
{
    const struct users *users = access->accounts->users;
    size_t count = users ? users->count : 0;
    size_t with[ACCESS_SCHEME_COUNT] = {0};
    for (size_t i = 0; i < count; i++) {
        const struct user *user = users->list[i];
        with[ACCESS_BASIC] += user->hash.len != 0;
        with[ACCESS_SCRAM] += user->scram.iterations != 0;
        with[ACCESS_DIGEST] += user->digest_keys[HASH_SHA256].len != 0;
        with[ACCESS_DIGEST_MD5] += user->digest_keys[HASH_MD5].len != 0;
    }
    /* A client takes the strongest that is offered: all users must be able to use it. */
    access->offers[ACCESS_SCRAM] = count && with[ACCESS_SCRAM] == count;
    access->offers[ACCESS_DIGEST] = count && with[ACCESS_DIGEST] == count;
    access->offers[ACCESS_DIGEST_MD5] = count && with[ACCESS_DIGEST_MD5] == count;
    access->offers[ACCESS_BASIC] =
        with[ACCESS_BASIC] || access->accounts->tokens || access->has_app_passwords;
    access->offers[ACCESS_BEARER] = access->jwt_keys != NULL;
    access->offers[ACCESS_CERTIFICATE] = true; /* where TLS asks for one */
}

static bool can_sign_in(const struct access *access)
{
    for (size_t i = 0; i < ACCESS_SCHEME_COUNT; i++) {
        if (access->offers[i] && i != ACCESS_CERTIFICATE)
            return true;
    }
    return false;
}

enum access_verdict access_refusal(const struct access *access, const struct principal *principal)
{
    if (principal_is_anonymous(principal) && can_sign_in(access))
        return ACCESS_SIGN_IN;
    return ACCESS_REFUSED;
}

static bool asks_in(enum access_names names, enum unicode_form form)
{
    switch (form) {
    case UNICODE_NFC:
        return names != ACCESS_NAMES_FOLDED;
    case UNICODE_SMALL:
    case UNICODE_LOOSE:
        return names != ACCESS_NAMES_EXACT;
    case UNICODE_NFD:
        return false;
    }
    BUG("no such form");
}

static bool is_in_scope(const struct scope *scope, struct res_path path, enum unicode_form form)
{
    struct arena arena = {0};
    if (!scope->path.at || path_is_within(path, scope->path))
        return true;
    struct str formed = unicode_form(&arena, path_str(path), form);
    struct str tree = unicode_form(&arena, path_str(scope->path), form);
    bool is_in = path_is_within((struct res_path){formed.at, formed.len},
                                (struct res_path){tree.at, tree.len});
    arena_done(&arena);
    return is_in;
}

static enum access_verdict judge(const struct access *access, const struct principal *principal,
                                 const struct rule_question *question)
{
    const struct scope *scope = &principal->scope;
    enum access_class class = question->class;
    if (!is_in_scope(scope, question->path, question->form)) /* the token may not; he might */
        return ACCESS_REFUSED;
    if (scope->is_read_only && class != ACCESS_READ)
        return ACCESS_REFUSED;
    if (!access->rules || rules_are_empty(access->rules)) {
        bool is_somebody = !principal_is_anonymous(principal) || access->lets_everyone;
        return is_somebody && class != ACCESS_ADMIN ? ACCESS_GRANTED
                                                    : access_refusal(access, principal);
    }
    struct rule_verdict verdict = rules_judge(access->rules, question);
    if (verdict.is_allowed)
        return ACCESS_GRANTED;
    return verdict.is_hidden ? ACCESS_HIDDEN : access_refusal(access, principal);
}

bool access_lets_anybody(const struct access *access)
{
    if (!access->rules || rules_are_empty(access->rules))
        return access->lets_everyone;
    return rules_let_anybody(access->rules);
}

enum access_verdict access_worse(enum access_verdict a, enum access_verdict b)
{
    return a > b ? a : b; /* granted, refused, sign in, hidden */
}

enum access_verdict access_may(const struct access *access, const struct principal *principal,
                               const struct access_question *question)
{
    enum access_verdict verdict = ACCESS_GRANTED;
    for (enum unicode_form form = UNICODE_NFC; form <= UNICODE_LOOSE; form++) {
        struct rule_question asked = {principal, question->class, question->path, form};
        if (asks_in(question->names, form))
            verdict = access_worse(verdict, judge(access, principal, &asked));
    }
    return verdict;
}

struct leading {
    const struct access *access;
    const struct principal *principal;
    const struct access_question *question;
};

static bool may_there(void *arg, struct res_path path)
{
    const struct leading *leading = arg;
    struct access_question there = *leading->question;
    there.path = path;
    return access_may(leading->access, leading->principal, &there) == ACCESS_GRANTED;
}

bool access_leads_below(const struct access *access, const struct principal *principal,
                        const struct access_question *question)
{
    struct leading leading = {access, principal, question};
    const struct res_path scope = principal->scope.path;
    bool is_exact = question->names == ACCESS_NAMES_EXACT;
    struct rule_question asked = {principal, question->class, question->path,
                                  is_exact ? UNICODE_NFC : UNICODE_SMALL};
    if (scope.at && unicode_within(scope, question->path) < scope.len && may_there(&leading, scope))
        return true;
    return access->rules && rules_lead_below(access->rules, &asked, may_there, &leading);
}

bool access_differs_below(const struct access *access, const struct principal *principal,
                          struct res_path path, enum access_names names)
{
    const struct res_path scope = principal->scope.path;
    if (scope.at && (names != ACCESS_NAMES_EXACT || unicode_within(scope, path) != SIZE_MAX))
        return true;
    for (enum unicode_form form = UNICODE_NFC; form <= UNICODE_LOOSE && access->rules; form++) {
        if (asks_in(names, form) && rules_differ_below(access->rules, path, form))
            return true;
    }
    return false;
}

uint64_t access_view(const struct access *access, const struct principal *principal)
{
    struct buf text = {0};
    uint64_t view = 0;
    buf_addf(&text, "%.*s\n%.*s\n", STR_ARGS(principal->name),
             STR_ARGS(path_str(principal->scope.path)));
    if (access->rules)
        rules_add_view(access->rules, principal, ACCESS_READ, &text);
    struct sha256 digest = secret_sha256(buf_str(&text));
    buf_done(&text);
    for (unsigned i = 0; i < sizeof(view); i++)
        view = view << 8 | digest.bytes[i];
    return view;
}

/* --- who stays --- */

bool access_has_certificate(const struct access *access, struct str user)
{
    const struct access_certificate *certificate = access->certificates;
    while (certificate && !str_eq(certificate->user, user))
        certificate = certificate->next;
    return certificate;
}

bool access_knows_user(const struct access *access, struct str name, struct arena *arena,
                       bool *knows_out)
{
    const struct user *user = NULL;
    *knows_out = access->jwt_keys || access_has_certificate(access, name);
    if (*knows_out || accounts_find_user(access->accounts, name, arena, &user))
        return *knows_out |= user != NULL, true;
    return false;
}

static const struct user *user_of(const struct access *access, const struct principal *principal,
                                  struct arena *arena)
{
    const struct user *user = NULL;
    (void)!accounts_find_user(access->accounts, principal->name, arena, &user); /* or nobody */
    return user;
}

/* Who has been removed has left his apps behind. NULL: he has none such. */
static const struct token *token_of(const struct access *access, const struct principal *principal,
                                    struct arena *arena)
{
    const struct accounts *accounts = access->accounts;
    const struct token *token = NULL;
    if (!principal->is_app)
        (void)!(accounts->tokens &&
                accounts->ops->find_token(accounts, principal->token, arena, &token));
    else if (access->has_app_passwords &&
             (user_of(access, principal, arena) || access_has_certificate(access, principal->name)))
        token = app_passwords_find(access->state->apps, principal->token, arena);
    bool is_his =
        token && str_eq(token->user, principal->name) && !token->is_link && !token->is_login;
    return is_his ? token : NULL;
}

static bool stands_by_token(const struct token *token, struct standing *out)
{
    struct buf row = {0};
    if (!token || (token->expires_s && token->expires_s <= clock_wall_ms() / 1000))
        return false;
    tokens_add_row(&row, token);
    *out = (struct standing){true, secret_sha256(buf_str(&row)), token->expires_s};
    buf_done(&row);
    return true;
}

static bool stands_by_password(const struct user *user, struct standing *out)
{
    if (user)
        *out = (struct standing){user->hash.len, secret_sha256(user->hash), 0};
    return user;
}

bool access_standing(const struct access *access, const struct principal *principal,
                     struct standing *out)
{
    struct arena arena = {0};
    bool stands = true;
    bool is_elsewhere = access->accounts->may_block || principal->scheme == ACCESS_CERTIFICATE ||
                        principal->scheme == ACCESS_BEARER; /* a JWT, unless it is a token */
    *out = (struct standing){0};
    if (principal->token.len && !access->accounts->may_block)
        stands = stands_by_token(token_of(access, principal, &arena), out);
    else if (!is_elsewhere)
        stands = stands_by_password(user_of(access, principal, &arena), out);
    arena_done(&arena);
    return stands;
}
