#include "check/url/mask.h"

static bool is_slash(char c)
{
    return c == '/' || c == '\\'; /* browsers read both */
}

/* From an authority on: what of it is a password. False: nothing. */
static bool find_in_authority(struct str text, size_t from, size_t *from_out, size_t *to_out)
{
    struct str host = str_from(text, from);
    size_t len = 0;
    while (len < host.len && !is_slash(host.at[len]) && host.at[len] != '?' && host.at[len] != '#')
        len++;
    host = str_first(host, len);
    size_t at = str_index_last(host, '@'), colon = str_index(host, ':');
    *from_out = from + colon + 1;
    *to_out = from + at;
    return at < host.len && colon < at;
}

/* The next password from `from` on, in any text that may have URLs in it: between the slashes and
 * an '@' that is still in the authority (RFC 3986 §3.2). False: there is none. */
static bool find_password(struct str text, size_t from, size_t *from_out, size_t *to_out)
{
    for (size_t at = from; at < text.len; at++) {
        size_t first = at;
        while (at < text.len && is_slash(text.at[at]))
            at++;
        size_t least = first && text.at[first - 1] == ':' ? 1 : 2;
        if (at - first >= least && find_in_authority(text, at, from_out, to_out))
            return true;
    }
    return false;
}

bool url_has_password(struct str text)
{
    size_t from, to;
    return str_index(text, '@') < text.len && find_password(text, 0, &from, &to);
}

void url_add_masked(struct buf *to, struct str text)
{
    size_t done = 0, from, end;
    while (find_password(text, done, &from, &end)) {
        buf_add(to, str_first(str_from(text, done), from - done));
        BUF_ADD(to, "***");
        done = end;
    }
    buf_add(to, str_from(text, done));
}
