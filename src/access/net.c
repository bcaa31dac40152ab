#include "access/net.h"

#include <arpa/inet.h>

unsigned net_read_address(struct str text, unsigned char to[NET_BYTES])
{
    char copy[INET6_ADDRSTRLEN];
    memset(to, 0, NET_BYTES);
    if (text.len >= sizeof(copy) || text.len == 0)
        return 0;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET6, copy, to) == 1)
        return 128;
    memset(to, 0, NET_BYTES);
    to[10] = to[11] = 0xff;
    if (inet_pton(AF_INET, copy, to + 12) == 1)
        return 32;
    memset(to, 0, NET_BYTES);
    return 0;
}

struct str net_of(struct str address, unsigned bytes, unsigned char to[NET_BYTES])
{
    static const unsigned char mapped[NET_BYTES - 4] = {[10] = 0xff, [11] = 0xff}; /* IPv4 */
    if (!net_read_address(address, to))
        return address;
    bool is_ipv4 = memcmp(to, mapped, sizeof(mapped)) == 0;
    return str_of((const char *)to, is_ipv4 ? NET_BYTES : bytes);
}

bool net_parse(struct str text, struct net *out)
{
    struct net net;
    struct str bits = text;
    struct str address = str_cut(&bits, '/');
    uint64_t wanted;
    unsigned max = net_read_address(address, net.bytes);
    net.bits = 128;
    if (max && address.len < text.len) {
        if (!str_parse_u64(bits, &wanted) || wanted > max)
            return false;
        net.bits = 128 - max + (unsigned)wanted;
    }
    if (max)
        *out = net;
    return max != 0;
}

bool net_has(const struct net *net, const unsigned char address[NET_BYTES])
{
    unsigned whole = net->bits / 8;
    unsigned rest = net->bits % 8;
    if (memcmp(net->bytes, address, whole) != 0)
        return false;
    return !rest || (net->bytes[whole] ^ address[whole]) >> (8 - rest) == 0;
}
