/* URIs are taken apart by cutting at the delimiters in the order in which RFC 3986 gives them
 * meaning: scheme, authority, path, query. A fragment never comes over HTTP, so '#' is refused.
 *
 * Strict where two readers might disagree about who is meant, because the answer decides whether a
 * COPY stays on this server: user information is refused, since "http://us@them/" is made to be
 * misread (RFC 9110 §4.2.4); only of a Destination, where file managers send it and what stands
 * behind it must be us, is it left out. A port is digits within range; a host is made of the
 * characters that a registered name may have, or is an IPv6 address in brackets. A path that begins
 * with "//" would be an authority to a reader of relative references, so it is no path here.
 *
 * Lenient where nobody can be misled: bytes beyond ASCII in a path mean what they would mean
 * encoded.
 *
 * Ports: a proxy that ends TLS for us turns https on 443 into http on 80 or any port of ours, and
 * clients name the one that they see; so the default ports of both schemes count as the same. */
#include "text/uri.h"

#include <arpa/inet.h>

static bool is_scheme(struct str text)
{
    if (text.len == 0 || !char_is_alpha(text.at[0]))
        return false;
    for (size_t i = 1; i < text.len; i++) {
        char c = text.at[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && c != '+' && c != '-' && c != '.')
            return false;
    }
    return true;
}

/* RFC 3986 §2 leaves no room for these anywhere in a URI; '#' would begin a fragment. Bytes beyond
 * ASCII are let through: old clients send names unencoded, and they are not ambiguous. */
static bool has_forbidden(struct str text, const char *allowed)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        bool is_control = c < 0x20 || c == 0x7f;
        if (is_control || (strchr(" \"#<>\\^`{|}", c) && !strchr(allowed, c)))
            return true;
    }
    return false;
}

static bool is_port(struct str text)
{
    uint64_t port;
    return text.len == 0 || (str_parse_u64(text, &port) && port <= 65535);
}

static bool is_host(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && (!c || !strchr("-._~%!$&'()*+,;=", c)))
            return false;
    }
    return text.len > 0;
}

static bool is_ipv6(struct str text)
{
    char copy[INET6_ADDRSTRLEN] = "";
    struct in6_addr address;
    if (text.len >= sizeof(copy) || str_index(text, '\0') < text.len)
        return false;
    if (text.len)
        memcpy(copy, text.at, text.len);
    return inet_pton(AF_INET6, copy, &address) == 1;
}

bool uri_parse_authority(struct str text, struct str *host_out, struct str *port_out)
{
    struct str host;
    struct str port = STR_NONE;
    if (text.len && text.at[0] == '[') {
        size_t end = str_index(text, ']');
        if (end == text.len)
            return false;
        host = str_of(text.at + 1, end - 1);
        struct str rest = str_from(text, end + 1);
        if (!is_ipv6(host) || (rest.len && rest.at[0] != ':'))
            return false;
        port = str_from(rest, 1);
    } else {
        port = text;
        host = str_cut(&port, ':');
        if (!is_host(host))
            return false;
    }
    if (!is_port(port))
        return false;
    *host_out = host;
    *port_out = port;
    return true;
}

/* The authority without its user information. */
static struct str without_user(struct str authority)
{
    size_t at = str_index_last(authority, '@');
    return at < authority.len ? str_from(authority, at + 1) : authority;
}

static bool parse(struct str text, bool is_lenient, struct uri *uri_out)
{
    struct uri uri = {0};
    if (text.len == 0 || has_forbidden(text, is_lenient ? " ^`{|}" : ""))
        return false;
    if (text.at[0] != '/') {
        size_t colon = str_index(text, ':');
        uri.scheme = str_first(text, colon);
        struct str rest = str_from(text, colon);
        if (!is_scheme(uri.scheme) || !str_starts(rest, STR("://")))
            return false;
        rest = str_from(rest, 3);
        size_t end = size_min(str_index(rest, '/'), str_index(rest, '?'));
        struct str authority = str_first(rest, end);
        if (is_lenient)
            authority = without_user(authority);
        if (!uri_parse_authority(authority, &uri.host, &uri.port))
            return false;
        text = str_from(rest, end);
    } else if (text.len > 1 && text.at[1] == '/') {
        return false; /* a network-path reference: path-absolute has one slash (RFC 3986 §3.3) */
    }
    uri.query = text;
    uri.path = str_cut(&uri.query, '?');
    if (uri.path.len == 0)
        uri.path = STR("/");
    *uri_out = uri;
    return true;
}

bool uri_parse(struct str text, struct uri *uri_out)
{
    return parse(text, false, uri_out);
}

bool uri_parse_lenient(struct str text, struct uri *uri_out)
{
    return parse(text, true, uri_out);
}

void uri_add_authority(struct buf *to, struct str host, struct str port)
{
    bool has_brackets = str_index(host, ':') < host.len;
    buf_addf(to, has_brackets ? "[%.*s]" : "%.*s", STR_ARGS(host));
    if (port.len)
        buf_addf(to, ":%.*s", STR_ARGS(port));
}

struct str uri_port_of(struct str scheme, struct str port)
{
    if (port.len)
        return port;
    return str_eq_nocase(scheme, STR("https")) ? STR("443") : STR("80");
}

/* Takes one character off the front; an escape that is none is its own characters. */
static char take_decoded(struct str *text)
{
    int high = text->len > 2 && text->at[0] == '%' ? hex_value(text->at[1]) : -1;
    int low = high >= 0 ? hex_value(text->at[2]) : -1;
    char c = text->at[0];
    if (low >= 0)
        c = (char)(high << 4 | low);
    *text = str_from(*text, low >= 0 ? 3 : 1);
    return c;
}

bool uri_means(struct str encoded, struct str plain)
{
    size_t len = 0;
    while (encoded.len && len < plain.len && take_decoded(&encoded) == plain.at[len])
        len++;
    return !encoded.len && len == plain.len;
}

static bool is_default_port(struct str port)
{
    return port.len == 0 || str_eq(port, STR("80")) || str_eq(port, STR("443"));
}

bool uri_same_authority(struct str host_a, struct str port_a, struct str host_b, struct str port_b)
{
    if (!str_eq_nocase(host_a, host_b))
        return false;
    return str_eq(port_a, port_b) || (is_default_port(port_a) && is_default_port(port_b));
}
