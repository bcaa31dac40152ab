/* RFC 9110 §11.4, and for what stands on its right side §11.2:
 *
 *   credentials = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
 *   auth-param  = token BWS "=" BWS ( token / quoted-string )
 *
 * One parser for all schemes; what the parts mean is theirs. Two allowances: clients send the
 * base64 of SCRAM's data without quotes (RFC 7804 does so in its examples), so that a plain value
 * may also hold '/' and end in '='; and a scheme alone is fine, since Office sends an empty Bearer.
 * Two refusals: a parameter that is there twice says two things, and a list that goes on behind a
 * value without a comma has a second reading. */
#include "access/scheme/authorization.h"

#include "http/fields.h"

static void skip_blank(struct str *rest)
{
    while (rest->len && (rest->at[0] == ' ' || rest->at[0] == '\t'))
        *rest = str_from(*rest, 1);
}

static struct str take_token(struct str *rest)
{
    size_t len = 0;
    while (len < rest->len && http_is_token_char(rest->at[len]))
        len++;
    struct str token = str_first(*rest, len);
    *rest = str_from(*rest, len);
    return token;
}

static bool is_token68_char(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || (c && strchr("-._~+/", c) != NULL);
}

static size_t token68_len(struct str text)
{
    size_t len = 0;
    while (len < text.len && is_token68_char(text.at[len]))
        len++;
    while (len > 0 && len < text.len && text.at[len] == '=')
        len++;
    return len;
}

/* What stands behind the opening quote, up to the closing one. */
static bool take_quoted(struct str *rest, struct arena *arena, struct str *value_out)
{
    size_t len = 0;
    size_t escapes = 0;
    for (; len < rest->len && rest->at[len] != '"'; len++) {
        if (rest->at[len] != '\\')
            continue;
        escapes++;
        len++;
    }
    if (len >= rest->len)
        return false;
    struct str raw = str_first(*rest, len);
    *rest = str_from(*rest, len + 1);
    *value_out = raw;
    if (escapes == 0)
        return true;
    char *plain = arena_alloc(arena, raw.len);
    size_t plain_len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.at[i] == '\\')
            i++;
        plain[plain_len++] = raw.at[i];
    }
    *value_out = str_of(plain, plain_len);
    return true;
}

static bool take_value(struct str *rest, struct arena *arena, struct str *value_out)
{
    if (rest->len && rest->at[0] == '"') {
        *rest = str_from(*rest, 1);
        return take_quoted(rest, arena, value_out);
    }
    struct str copy = *rest;
    struct str token = take_token(&copy);
    size_t len = size_max(token.len, token68_len(*rest));
    *value_out = str_first(*rest, len);
    *rest = str_from(*rest, len);
    return len > 0;
}

static bool take_param(struct str *rest, struct arena *arena, struct authorization *to)
{
    struct auth_param param = {.name = take_token(rest)};
    skip_blank(rest);
    if (param.name.len == 0 || rest->len == 0 || rest->at[0] != '=')
        return false;
    *rest = str_from(*rest, 1);
    skip_blank(rest);
    if (!take_value(rest, arena, &param.value) || to->param_count == AUTH_PARAMS_MAX)
        return false;
    for (size_t i = 0; i < to->param_count; i++) {
        if (str_eq_nocase(to->params[i].name, param.name))
            return false;
    }
    to->params[to->param_count++] = param;
    skip_blank(rest);
    return rest->len == 0 || rest->at[0] == ',';
}

bool authorization_parse(struct str field, struct arena *arena, struct authorization *out)
{
    struct str rest = str_trim(field);
    *out = (struct authorization){.scheme = take_token(&rest)};
    if (out->scheme.len == 0 || (rest.len && rest.at[0] != ' '))
        return false;
    rest = str_trim(rest);
    if (rest.len && token68_len(rest) == rest.len) {
        out->token68 = rest;
        return true;
    }
    while (rest.len) {
        if (rest.at[0] == ',')
            rest = str_from(rest, 1);
        else if (!take_param(&rest, arena, out))
            return false;
        skip_blank(&rest);
    }
    return true;
}

struct str authorization_get(const struct authorization *authorization, const char *name)
{
    for (size_t i = 0; i < authorization->param_count; i++) {
        const struct auth_param *param = &authorization->params[i];
        if (str_eq_nocase(param->name, str_of_c(name)))
            return param->value.at ? param->value : STR("");
    }
    return STR_NONE;
}

bool authorization_is(const struct authorization *authorization, const char *scheme)
{
    return str_eq_nocase(authorization->scheme, str_of_c(scheme));
}
