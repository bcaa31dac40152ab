#include "client/public_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

struct range {
    const char *prefix;
    unsigned bits;
};

/* IANA's registry of special-purpose IPv4 addresses, those that are not globally reachable. */
static const struct range ranges_v4[] = {
    {"0.0.0.0", 8},      {"10.0.0.0", 8},     {"100.64.0.0", 10}, {"127.0.0.0", 8},
    {"169.254.0.0", 16}, {"172.16.0.0", 12},  {"192.0.0.0", 24},  {"192.0.2.0", 24},
    {"192.88.99.0", 24}, {"192.168.0.0", 16}, {"198.18.0.0", 15}, {"198.51.100.0", 24},
    {"203.0.113.0", 24}, {"224.0.0.0", 4},    {"240.0.0.0", 4},
};

/* Of IPv6 only what is assigned for use is public (2000::/3), less what is special in it. */
static const struct range ranges_v6[] = {
    {"2001::", 23}, {"2001:db8::", 32}, {"2002::", 16}, {"3fff::", 20}, {"5f00::", 16},
};

static bool is_within(const unsigned char *address, const unsigned char *prefix, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(address, prefix, whole) != 0)
        return false;
    return rest == 0 || (unsigned)(address[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

static bool is_special(int family, const unsigned char *address)
{
    const struct range *ranges = family == AF_INET ? ranges_v4 : ranges_v6;
    size_t count = family == AF_INET ? ARRAY_LEN(ranges_v4) : ARRAY_LEN(ranges_v6);
    for (size_t i = 0; i < count; i++) {
        unsigned char prefix[16];
        int rc = inet_pton(family, ranges[i].prefix, prefix);
        assert(rc == 1); /* the table is ours */
        if (is_within(address, prefix, ranges[i].bits))
            return true;
    }
    return false;
}

static bool is_public_v6(const unsigned char *address)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const unsigned char translated[12] = {0, 0x64, 0xff, 0x9b};
    if (memcmp(address, mapped, sizeof(mapped)) == 0 ||
        memcmp(address, translated, sizeof(translated)) == 0)
        return !is_special(AF_INET, address + 12);
    return address[0] >> 5 == 1 && !is_special(AF_INET6, address);
}

bool address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof(v4));
        return !is_special(AF_INET, (const unsigned char *)&v4.sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof(v6));
        return is_public_v6((const unsigned char *)&v6.sin6_addr);
    }
    return false;
}
