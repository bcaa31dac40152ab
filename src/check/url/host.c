/* Hosts. A link may spell one host in many ways: in capitals, percent-encoded, with characters
 * beyond ASCII, an IPv4 address as one number or in octal. A checker that took these for different
 * hosts would ask one server twice and pace it wrongly, so each host gets the one form that
 * browsers give it.
 *
 * The steps are those of the URL Standard: percent-decode, IDNA to ASCII (UTS #46,
 * non-transitional, by libidn2), refuse what a domain cannot hold, and read what ends in a number
 * as IPv4.
 *
 * Most hosts are plain ASCII without "xn--" and skip IDNA: it would only lower their case. IDNA
 * 2008 refuses emoji and other symbols, which UTS #46 and browsers let pass; libidn2 tests for them
 * only without IDN2_TRANSITIONAL, so a name that is refused for that alone is tried with it.
 * libidn2 also refuses labels that are longer than DNS allows, which browsers let pass to fail
 * later; such a host cannot be reached, and being told so here is no loss. */
#include "check/url/host.h"

#include <idn2.h>

#include "check/url/percent.h"
#include "text/utf8_clean.h"

/* Code points that no host may hold, and those that no domain may hold besides. */
static bool is_forbidden_in_host(unsigned char c)
{
    return c == 0 || (c < 0x80 && strchr("\t\n\r #/:<>?@[\\]^|", c));
}

static bool is_forbidden_in_domain(unsigned char c)
{
    return is_forbidden_in_host(c) || c <= 0x1f || c == '%' || c == 0x7f;
}

/* --- IPv6 --- */

struct ipv6 {
    uint16_t pieces[8];
    unsigned count;
    int compress; /* where "::" stood; -1: nowhere */
};

/* The last two pieces as dotted decimal. */
static bool take_dotted(struct str *rest, struct ipv6 *ip)
{
    unsigned seen = 0;
    if (ip->count > 6)
        return false;
    while (rest->len) {
        unsigned value = 0, digits = 0;
        if (seen > 0) {
            if (rest->at[0] != '.' || seen == 4)
                return false;
            *rest = str_from(*rest, 1);
        }
        for (; rest->len && char_is_digit(rest->at[0]); digits++) {
            if (digits && value == 0)
                return false; /* a leading zero */
            value = value * 10 + (unsigned)(rest->at[0] - '0');
            if (value > 255)
                return false;
            *rest = str_from(*rest, 1);
        }
        if (digits == 0)
            return false;
        ip->pieces[ip->count] = (uint16_t)((unsigned)ip->pieces[ip->count] << 8 | value);
        if (++seen % 2 == 0)
            ip->count++;
    }
    return seen == 4;
}

static unsigned take_piece(struct str *rest, uint16_t *piece_out)
{
    unsigned digits = 0, value = 0;
    while (digits < 4 && rest->len && hex_value(rest->at[0]) >= 0) {
        value = value << 4 | (unsigned)hex_value(rest->at[0]);
        *rest = str_from(*rest, 1);
        digits++;
    }
    *piece_out = (uint16_t)value;
    return digits;
}

static bool ipv6_take(struct str rest, struct ipv6 *ip)
{
    if (str_starts(rest, STR("::"))) {
        rest = str_from(rest, 2);
        ip->compress = (int)++ip->count;
    } else if (str_starts(rest, STR(":"))) {
        return false;
    }
    while (rest.len) {
        if (ip->count == 8)
            return false;
        if (rest.at[0] == ':') {
            if (ip->compress >= 0)
                return false;
            rest = str_from(rest, 1);
            ip->compress = (int)++ip->count; /* at least one piece of zeros */
            continue;
        }
        struct str before = rest;
        unsigned digits = take_piece(&rest, &ip->pieces[ip->count]);
        if (rest.len && rest.at[0] == '.') {
            ip->pieces[ip->count] = 0;
            if (digits == 0 || !take_dotted(&before, ip))
                return false;
            break;
        }
        ip->count++;
        if (rest.len == 0)
            break;
        if (rest.at[0] != ':' || rest.len == 1)
            return false;
        rest = str_from(rest, 1);
    }
    return ip->compress >= 0 || ip->count == 8;
}

/* Moves the pieces behind "::" to the end. */
static void ipv6_expand(struct ipv6 *ip)
{
    if (ip->compress < 0)
        return;
    unsigned from = ip->count, to = 8;
    while (from > (unsigned)ip->compress) {
        ip->pieces[--to] = ip->pieces[--from];
        if (from != to)
            ip->pieces[from] = 0;
    }
}

/* The longest run of zeros, if it is longer than one; its length in *len_out. */
static unsigned longest_zeros(const struct ipv6 *ip, unsigned *len_out)
{
    unsigned best = 0;
    *len_out = 1;
    for (unsigned i = 0; i < 8; i++) {
        unsigned len = 0;
        while (i + len < 8 && ip->pieces[i + len] == 0)
            len++;
        if (len > *len_out) {
            *len_out = len;
            best = i;
        }
    }
    return best;
}

static void ipv6_format(const struct ipv6 *ip, struct buf *to)
{
    unsigned len;
    unsigned start = longest_zeros(ip, &len);
    buf_add_char(to, '[');
    for (unsigned i = 0; i < 8; i++) {
        if (len > 1 && i == start) {
            buf_add(to, i == 0 ? STR("::") : STR(":"));
            i += len - 1;
            continue;
        }
        buf_addf(to, "%x%s", ip->pieces[i], i < 7 ? ":" : "");
    }
    buf_add_char(to, ']');
}

/* --- IPv4 --- */

/* Decimal, octal with a leading 0, or hexadecimal with 0x; false: not a number. */
static bool ipv4_number(struct str text, uint64_t *value_out)
{
    unsigned base = 10;
    uint64_t value = 0;
    if (text.len == 0)
        return false;
    if (str_starts_nocase(text, STR("0x"))) {
        base = 16;
        text = str_from(text, 2);
    } else if (text.len >= 2 && text.at[0] == '0') {
        base = 8;
        text = str_from(text, 1);
    }
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_value(text.at[i]);
        if (digit < 0 || (unsigned)digit >= base)
            return false;
        if (value < (uint64_t)1 << 40)
            value = value * base + (unsigned)digit;
    }
    *value_out = value;
    return true;
}

static struct str without_last_dot(struct str text)
{
    return str_ends(text, STR(".")) ? str_first(text, text.len - 1) : text;
}

/* Whether the last label is a number, so that the whole must be an address. */
static bool ends_in_number(struct str text)
{
    uint64_t value;
    text = without_last_dot(text);
    size_t dot = str_index_last(text, '.');
    struct str last = dot < text.len ? str_from(text, dot + 1) : text;
    size_t digits = 0;
    while (digits < last.len && char_is_digit(last.at[digits]))
        digits++;
    return last.len && (digits == last.len ||
                        (str_starts_nocase(last, STR("0x")) && ipv4_number(last, &value)));
}

static bool ipv4_parse(struct str text, struct buf *to)
{
    uint64_t parts[4], address = 0;
    size_t count = 0;
    struct str rest = without_last_dot(text);
    bool is_more = true;
    while (is_more) {
        is_more = str_index(rest, '.') < rest.len;
        if (count == 4 || !ipv4_number(str_cut(&rest, '.'), &parts[count]))
            return false;
        count++;
    }
    for (size_t i = 0; i + 1 < count; i++) {
        if (parts[i] > 255)
            return false;
        address |= parts[i] << (8 * (3 - i));
    }
    if (parts[count - 1] >= (uint64_t)1 << (8 * (5 - count)))
        return false;
    address |= parts[count - 1];
    buf_addf(to, "%u.%u.%u.%u", (unsigned)(address >> 24 & 255), (unsigned)(address >> 16 & 255),
             (unsigned)(address >> 8 & 255), (unsigned)(address & 255));
    return true;
}

/* --- domains --- */

static bool needs_idna(struct str domain)
{
    for (size_t i = 0; i < domain.len; i++) {
        if ((unsigned char)domain.at[i] >= 0x80)
            return true;
        if (str_starts_nocase(str_from(domain, i), STR("xn--")) &&
            (i == 0 || domain.at[i - 1] == '.'))
            return true;
    }
    return false;
}

static bool to_ascii(struct buf *domain)
{
    char *ascii = NULL;
    if (memchr(domain->at, 0, domain->len))
        return false;
    int rc = idn2_to_ascii_8z(buf_c(domain), &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (rc == IDN2_DISALLOWED)
        rc = idn2_to_ascii_8z(buf_c(domain), &ascii, IDN2_NFC_INPUT | IDN2_TRANSITIONAL);
    if (rc != IDN2_OK)
        return false;
    buf_clear(domain);
    buf_add(domain, str_of_c(ascii));
    idn2_free(ascii);
    return true;
}

static bool domain_parse(struct str text, struct buf *to)
{
    struct buf decoded = {0}, domain = {0};
    percent_decode(&decoded, text);
    utf8_add_clean(&domain, buf_str(&decoded));
    bool is_fine = domain.len > 0;
    if (is_fine && needs_idna(buf_str(&domain)))
        is_fine = to_ascii(&domain);
    for (size_t i = 0; i < domain.len && is_fine; i++) {
        domain.at[i] = char_lower(domain.at[i]);
        is_fine = !is_forbidden_in_domain((unsigned char)domain.at[i]);
    }
    is_fine = is_fine && domain.len > 0;
    if (is_fine && ends_in_number(buf_str(&domain)))
        is_fine = ipv4_parse(buf_str(&domain), to);
    else if (is_fine)
        buf_add(to, buf_str(&domain));
    buf_done(&decoded);
    buf_done(&domain);
    return is_fine;
}

static bool opaque_parse(struct str text, struct buf *to)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_forbidden_in_host((unsigned char)text.at[i]))
            return false;
    }
    percent_encode(to, text, PERCENT_CONTROL);
    return true;
}

bool host_parse(struct str text, bool is_special, struct buf *to)
{
    if (text.len && text.at[0] == '[') {
        struct ipv6 ip = {.compress = -1};
        if (!str_ends(text, STR("]")))
            return false;
        if (!ipv6_take(str_of(text.at + 1, text.len - 2), &ip))
            return false;
        ipv6_expand(&ip);
        ipv6_format(&ip, to);
        return true;
    }
    return is_special ? domain_parse(text, to) : opaque_parse(text, to);
}
