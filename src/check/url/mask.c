#include "check/url/mask.h"

/* Where "user:password" stands, in any text that may be a URL: between the slashes and an '@' that
 * is still in the authority (RFC 3986 §3.2). False: nowhere. */
static bool find_password(struct str url, size_t *from_out, size_t *to_out)
{
    size_t slashes = str_index(url, '/');
    if (str_index(url, '@') == url.len || !str_starts(str_from(url, slashes), STR("//")))
        return false;
    struct str host = str_from(url, slashes + 2);
    host = str_first(host, str_index(host, '/'));
    host = str_first(host, str_index(host, '?'));
    host = str_first(host, str_index(host, '#'));
    size_t at = str_index_last(host, '@'), colon = str_index(host, ':');
    *from_out = slashes + 2 + colon + 1;
    *to_out = slashes + 2 + at;
    return at < host.len && colon < at;
}

bool url_has_password(struct str url)
{
    size_t from, to;
    return find_password(url, &from, &to);
}

void url_add_masked(struct buf *to, struct str url)
{
    size_t from, end;
    if (find_password(url, &from, &end)) {
        buf_add(to, str_first(url, from));
        BUF_ADD(to, "***");
        url = str_from(url, end);
    }
    buf_add(to, url);
}
