/* Rules judge a path as it stands in a URL. An origin on Windows may read another in it: "a\\b" is
 * two names to it, "a.", "a " and "a::$DATA" are "a", and "LONGNA~1" is whatever long name it was
 * made for. So what is plain of a path is judged as well, and must be granted, too: then it may be
 * sent as it is, since a name with a colon or a dot at its end is a name like any other to the next
 * origin. What a short name stands for nobody here knows: where rules speak of what is beside it,
 * it is refused.
 *
 * What would lead up has no place at all (gateway/url_map.c).
 *
 * Rejected: to refuse such names. "12:30.jpg" is a photograph. And to encode them: "%5C" is decoded
 * before it is looked at. */
#include "gateway/origin/aliases.h"

#include "exchange/admit.h"
#include "gateway/relay.h"

/* The name without what Windows does not count: a stream, and dots and blanks at its end. */
static struct str plain(struct str name)
{
    name = str_first(name, str_index(name, ':'));
    while (name.len && (name.at[name.len - 1] == '.' || name.at[name.len - 1] == ' '))
        name.len--;
    return name;
}

/* Our own part of the path: the mount. */
static size_t own_len(const struct gateway *gateway, struct res_path path)
{
    struct res_path outer = gateway->place->outer;
    return path_is_within(path, outer) ? outer.len : 0;
}

/* What an origin on Windows takes it for; mostly the same. Memory from the arena, or `path`'s. */
static struct res_path plain_path(const struct gateway *gateway, struct arena *arena,
                                  struct res_path path)
{
    size_t own = own_len(gateway, path);
    struct str rest = str_from(path_str(path), own);
    struct buf to = {0};
    buf_add(&to, str_first(path_str(path), own));
    while (rest.len) {
        size_t len = size_min(str_index(rest, '/'), str_index(rest, '\\'));
        struct str name = plain(str_first(rest, len));
        rest = str_from(rest, len + 1);
        if (name.len == 0)
            continue;
        if (to.len)
            buf_add_char(&to, '/');
        buf_add(&to, name);
    }
    if (!str_eq(buf_str(&to), path_str(path))) {
        struct str text = arena_str(arena, buf_str(&to));
        path = (struct res_path){text.at, text.len};
    }
    buf_done(&to);
    return path;
}

/* "LONGNA~1" and "LONGNA~1.TXT": eight characters at most, and three. */
static bool is_short(struct str name)
{
    size_t tilde = str_index(name, '~');
    size_t dot = str_index(name, '.');
    if (tilde == 0 || tilde == name.len || tilde > dot || dot > 8 || name.len > dot + 4)
        return false;
    for (size_t i = tilde + 1; i < dot; i++) {
        if (!char_is_digit(name.at[i]))
            return false;
    }
    return dot > tilde + 1;
}

/* A name that may be any of those beside it, not all of which are to be treated alike. */
static bool has_riddle(const struct exchange *x, const struct gateway *gateway,
                       struct res_path path)
{
    for (size_t own = own_len(gateway, path); path.len > own; path = path_parent(path)) {
        if (is_short(path_name(path)) && admit_differs_below(x, path_parent(path)))
            return true;
    }
    return false;
}

struct dav_result aliases_admit(const struct exchange *x, enum access_class class,
                                struct res_path path)
{
    const struct gateway *gateway = gateway_of(x);
    struct arena arena = {0};
    struct res_path other = plain_path(gateway, &arena, path);
    struct dav_result result = admit_check(x, class, path, path);
    if (dav_is_fine(result) && !path_eq(other, path))
        result = admit_check(x, class, other, other);
    if (dav_is_fine(result) && x->service->access && has_riddle(x, gateway, other))
        result = dav_error(HTTP_FORBIDDEN, "this name may be short for another: use the long one");
    arena_done(&arena);
    return result;
}

bool aliases_differ_below(const struct exchange *x, struct res_path path)
{
    return admit_differs_below(x, path) || alias_differs_below(x, gateway_of(x), path);
}

/* --- where somebody else stands before the gateway --- */

/* Of what is plain already this is asked once more, and has only riddles to look for. */
enum access_verdict alias_judge(const struct exchange *x, const void *shared,
                                enum access_class class, struct res_path path)
{
    struct arena arena = {0};
    struct res_path other = plain_path(shared, &arena, path);
    enum access_verdict verdict = ACCESS_GRANTED;
    if (!path_eq(other, path))
        verdict = admit_judge(x, class, other, other);
    else if (has_riddle(x, shared, path))
        verdict = ACCESS_REFUSED;
    arena_done(&arena);
    return verdict;
}

bool alias_differs_below(const struct exchange *x, const void *shared, struct res_path path)
{
    struct arena arena = {0};
    struct res_path other = plain_path(shared, &arena, path);
    bool differs = !path_eq(other, path) && admit_differs_below(x, other);
    arena_done(&arena);
    return differs;
}
