/* The variables are read as most programs read them, libcurl among them: http_proxy (in capitals it
 * may be a header that somebody has sent to a CGI program), https_proxy, all_proxy, no_proxy, the
 * latter three in capitals, too. We read them ourselves since who failed, the proxy or the server,
 * decides what is said of a link, and libcurl does not tell whether it asked a proxy.
 *
 * In no_proxy stand names, between commas or spaces. A name is for the hosts beneath it as well,
 * with a dot before it or without. Addresses may be networks, "10.0.0.0/8". A port may stand behind
 * either, and then only that is meant. */
#include "client/proxy.h"

#include <arpa/inet.h>

enum { ADDRESS_BYTES = 16, ADDRESS_TEXT_BYTES = 64 };

static struct proxy read_one(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *value = getenv(names[i]);
        if (value && value[0])
            return (struct proxy){value, names[i]};
    }
    return (struct proxy){NULL, NULL};
}

void proxies_read(struct proxies *proxies, const char *named)
{
    static const char *const http[] = {"http_proxy", "all_proxy", "ALL_PROXY"};
    static const char *const https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    static const char *const except[] = {"no_proxy", "NO_PROXY"};
    *proxies = (struct proxies){
        .http = read_one(http, ARRAY_LEN(http)),
        .https = read_one(https, ARRAY_LEN(https)),
        .except = read_one(except, ARRAY_LEN(except)).url,
    };
    if (named)
        proxies->http = proxies->https = (struct proxy){named[0] ? named : NULL, NULL};
}

/* --- no_proxy --- */

/* Its bytes; 0: it is no address. */
static unsigned read_address(struct str text, unsigned char to[ADDRESS_BYTES])
{
    char copy[ADDRESS_TEXT_BYTES];
    if (text.len > 2 && text.at[0] == '[' && text.at[text.len - 1] == ']')
        text = str_of(text.at + 1, text.len - 2);
    if (text.len >= sizeof(copy))
        return 0;
    str_print(copy, sizeof(copy), "%.*s", STR_ARGS(text));
    if (inet_pton(AF_INET, copy, to) == 1)
        return 4;
    return inet_pton(AF_INET6, copy, to) == 1 ? ADDRESS_BYTES : 0;
}

static bool is_same(const unsigned char *a, const unsigned char *b, size_t bits)
{
    size_t whole = bits / 8, rest = bits % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

/* "10.0.0.0/8", or an address; both may have brackets. */
static bool is_in_network(struct str entry, struct str host)
{
    unsigned char wanted[ADDRESS_BYTES], given[ADDRESS_BYTES];
    struct str rest = entry;
    unsigned bytes = read_address(host, given);
    uint64_t bits = (uint64_t)bytes * 8;
    if (bytes == 0 || read_address(str_cut(&rest, '/'), wanted) != bytes)
        return false;
    bool is_network = str_index(entry, '/') == entry.len ||
                      (str_parse_u64(rest, &bits) && bits <= (uint64_t)bytes * 8);
    return is_network && is_same(wanted, given, (size_t)bits);
}

static struct str without_dots(struct str name)
{
    while (name.len && name.at[0] == '.')
        name = str_from(name, 1);
    if (str_ends(name, STR(".")))
        name.len--;
    return name;
}

static bool is_beneath(struct str domain, struct str host)
{
    domain = without_dots(domain);
    host = without_dots(host);
    if (domain.len == 0 || host.len < domain.len)
        return false;
    size_t before = host.len - domain.len;
    return str_eq_nocase(str_from(host, before), domain) &&
           (before == 0 || host.at[before - 1] == '.');
}

static bool is_meant(struct str entry, struct str host, struct str port)
{
    if (str_eq(entry, STR("*")) || is_in_network(entry, host) || is_beneath(entry, host))
        return true;
    size_t colon = str_index_last(entry, ':');
    if (colon == entry.len || !str_eq(str_from(entry, colon + 1), port))
        return false;
    entry = str_first(entry, colon);
    return is_in_network(entry, host) || is_beneath(entry, host);
}

bool proxy_is_spared(const char *except, struct str host, struct str port)
{
    struct str rest = str_of_c(except);
    while (rest.len) {
        size_t len = 0;
        while (len < rest.len && rest.at[len] != ',' && rest.at[len] != ' ')
            len++;
        if (len && is_meant(str_first(rest, len), host, port))
            return true;
        rest = str_from(rest, len + 1);
    }
    return false;
}

struct str proxy_place(const struct proxy *proxy)
{
    struct str text = str_of_c(proxy->url);
    for (size_t i = 0; i + 3 <= text.len; i++) {
        if (str_starts(str_from(text, i), STR("://"))) {
            text = str_from(text, i + 3);
            break;
        }
    }
    text = str_first(text, str_index(text, '/'));
    size_t at = str_index_last(text, '@');
    return at < text.len ? str_from(text, at + 1) : text;
}
