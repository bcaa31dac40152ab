/* Verdicts by their names, and what kind of redirect leads from one URL to another.
 *
 * The kinds are for people who mend links: what only adds a slash, or goes to https at the same
 * host, can be mended by a script; a permanent one should be mended, a temporary one not; and who
 * ends up at another host wants to know. The first that holds is said, in the order of
 * redirect_kind_of(): https before another host, since its port is another one on any test server.
 */
#include "check/model/verdict.h"

#include "http/status.h"

const struct verdict_row verdict_rows[VERDICT_COUNT] = {
#define VERDICT(id, name, class, meaning) [VERDICT_##id] = {name, CLASS_##class, meaning},
#include "check/model/verdicts.def"
#undef VERDICT
};

verdict_set verdicts_of_class(enum verdict_class class)
{
    verdict_set set = 0;
    for (int i = 0; i < VERDICT_COUNT; i++) {
        if (verdict_rows[i].class == class)
            set |= verdict_bit((enum verdict)i);
    }
    return set;
}

static verdict_set verdict_find(struct str name)
{
    verdict_set set = 0;
    if (str_eq(name, STR("fail")))
        return verdicts_of_class(CLASS_FAIL);
    if (str_eq(name, STR("note")))
        return verdicts_of_class(CLASS_NOTE) & ~verdict_bit(VERDICT_PERMANENT_REDIRECT);
    if (str_eq(name, STR("all")))
        return ((verdict_set)1 << VERDICT_COUNT) - 1;
    for (int i = 0; i < VERDICT_COUNT; i++) {
        struct str row = str_of_c(verdict_rows[i].name);
        bool is_tls = str_eq(name, STR("tls")) && str_starts(row, STR("tls-"));
        if (is_tls || str_eq(row, name))
            set |= verdict_bit((enum verdict)i);
    }
    return set;
}

bool verdicts_parse(struct str names, verdict_set *set_out)
{
    verdict_set set = 0;
    while (names.len) {
        verdict_set more = verdict_find(str_trim(str_cut(&names, ',')));
        if (more == 0)
            return false;
        set |= more;
    }
    *set_out = set;
    return true;
}

const char *redirect_kind_name(enum redirect_kind kind)
{
    static const char *const names[REDIRECT_KIND_COUNT] = {
        [REDIRECT_NONE] = "",
        [REDIRECT_PERMANENT] = "permanent",
        [REDIRECT_TEMPORARY] = "temporary",
        [REDIRECT_SLASH_ONLY] = "slash-only",
        [REDIRECT_HTTP_TO_HTTPS] = "http-to-https",
        [REDIRECT_OTHER_HOST] = "to-other-host",
    };
    return names[kind];
}

/* The scheme with its "//", and the host with its port. */
static struct str host_of(struct str url, struct str *rest_out)
{
    struct str rest = url;
    (void)str_cut(&rest, '/'); /* "https:" and the empty part behind the first slash */
    (void)str_cut(&rest, '/');
    size_t len = str_index(rest, '/');
    *rest_out = str_from(rest, len);
    return str_first(rest, len);
}

static struct str without_port(struct str host)
{
    size_t colon = str_index_last(host, ':'), bracket = str_index_last(host, ']');
    bool is_port = colon < host.len && (bracket == host.len || bracket < colon);
    return is_port ? str_first(host, colon) : host;
}

static bool differ_by_slash(struct str a, struct str b)
{
    if (a.len == b.len + 1)
        return str_ends(a, STR("/")) && str_eq(str_first(a, b.len), b);
    return b.len == a.len + 1 && str_ends(b, STR("/")) && str_eq(str_first(b, a.len), a);
}

enum redirect_kind redirect_kind_of(unsigned status, struct str from, struct str to)
{
    struct str from_rest, to_rest;
    struct str from_host = host_of(from, &from_rest), to_host = host_of(to, &to_rest);
    bool is_secured = str_starts(from, STR("http:")) && str_starts(to, STR("https:"));
    if (is_secured && str_eq(without_port(from_host), without_port(to_host)) &&
        str_eq(from_rest, to_rest))
        return REDIRECT_HTTP_TO_HTTPS;
    if (!str_eq(from_host, to_host))
        return REDIRECT_OTHER_HOST;
    if (differ_by_slash(from, to))
        return REDIRECT_SLASH_ONLY;
    return http_is_moved(status) ? REDIRECT_PERMANENT : REDIRECT_TEMPORARY;
}
