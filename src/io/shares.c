/* One client must not take what there is for all: connections, and memory for bodies and answers.
 * Whom to count as one is a guess. An IPv4 address may stand for an office, and so its share is
 * large; who has IPv6 has a network of 64 bits at least, and so that is one.
 *
 * The table has a fixed number of shares, and an address is hashed to one of them, with a key that
 * nobody knows (base/map.h). Addresses that meet in one share have it together: that makes a bound
 * a little tighter for a few, and it spares a look-up under a lock, memory for each address, and
 * the question when to forget one. Connections carry a pointer to their share and count themselves
 * out of it when they close (io/channel.c).
 *
 * Rejected: to count a proxy's clients by X-Forwarded-For. Their connections are the proxy's, which
 * can bound them better than we can; a proxy that is believed has no share, and takes of the whole.
 */
#include "io/shares.h"

#include "base/map.h"
#include "base/mem.h"

enum { SHARE_COUNT = 256 };

struct shares {
    struct share at[SHARE_COUNT];
};

struct shares *shares_new(const struct limits *limits, struct budget *memory)
{
    struct shares *shares = MEM_NEW(struct shares);
    for (size_t i = 0; i < SHARE_COUNT; i++) {
        shares->at[i].connections.max = limits->address_connections;
        shares->at[i].memory.max = limits->address_memory_bytes;
        shares->at[i].memory.whole = memory;
    }
    return shares;
}

void shares_free(struct shares *shares)
{
    mem_free(shares);
}

struct share *shares_of(struct shares *shares, const struct socket_address *peer)
{
    char network[ADDRESS_NETWORK_BYTES];
    size_t len = address_network(peer, network);
    return &shares->at[hash_bytes(str_of(network, len)) % SHARE_COUNT];
}
