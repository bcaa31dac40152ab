/* Authorization fields and what the schemes make of them. Whatever comes: views stay within the
 * input or the arena, a field that is written again from its parts is read as the same, and nobody
 * is signed in whose password was never set. */
#include "access/access.h"
#include "access/accounts.h"
#include "access/scheme/authorization.h"
#include "access/standalone.h"
#include "base/err.h"
#include "fuzz.h"

static struct access access_;

static void init(void)
{
    static const size_t max[SHARED_TABLES] = {16, 16, 16};
    static const struct access_bounds bounds = {
        .nonce_ms = 60000, .cache_count = 16, .right_ms = 1000, .waiting_count = 4};
    static struct accounts accounts;
    static struct users users;
    static struct tokens tokens;
    struct buf notes = {0};
    struct err err;
    FUZZ_CHECK(users_read(&users, STR("alice:\n"), &notes, &err));
    accounts = accounts_of_files(&users, &tokens);
    access_ = (struct access){.state = access_state_new(&bounds, standalone_new(max)),
                              .realm = STR("r"),
                              .accounts = &accounts,
                              .allows_clear_basic = true};
    for (size_t i = 0; i < ACCESS_SCHEME_COUNT; i++)
        access_.offers[i] = true;
}

static void add_quoted(struct buf *to, struct str value)
{
    buf_add_char(to, '"');
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\')
            buf_add_char(to, '\\');
        buf_add_char(to, value.at[i]);
    }
    buf_add_char(to, '"');
}

static void check_again(const struct authorization *parsed, struct arena *arena)
{
    struct authorization again;
    struct buf text = {0};
    buf_add(&text, parsed->scheme);
    buf_add_char(&text, ' ');
    buf_add(&text, parsed->token68);
    for (size_t i = 0; i < parsed->param_count; i++) {
        buf_add(&text, i ? STR(", ") : STR_NONE);
        buf_add(&text, parsed->params[i].name);
        buf_add_char(&text, '=');
        add_quoted(&text, parsed->params[i].value);
    }
    FUZZ_CHECK(authorization_parse(buf_str(&text), arena, &again));
    FUZZ_CHECK(str_eq(again.scheme, parsed->scheme) && str_eq(again.token68, parsed->token68));
    FUZZ_CHECK(again.param_count == parsed->param_count);
    for (size_t i = 0; i < parsed->param_count; i++) {
        FUZZ_CHECK(str_eq(again.params[i].name, parsed->params[i].name));
        FUZZ_CHECK(str_eq(again.params[i].value, parsed->params[i].value));
    }
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct authorization parsed;
    struct signed_in signed_in = {0};
    struct str field = fuzz_input(data, size);
    if (!access_.state)
        init();
    if (authorization_parse(field, &arena, &parsed))
        check_again(&parsed, &arena);
    struct sign_in request = {.authorization = field,
                              .method = STR("GET"),
                              .target = STR("/"),
                              .address = STR("192.0.2.1:1"),
                              .may_block = true};
    enum sign_in_end end = access_sign_in(&access_, &request, &arena, &signed_in);
    FUZZ_CHECK(principal_is_anonymous(&signed_in.principal));
    FUZZ_CHECK(end != SIGN_IN_BLOCKS && end != SIGN_IN_UNSAFE);
    arena_done(&arena);
    return 0;
}
