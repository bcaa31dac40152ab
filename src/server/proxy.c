/* Behind a proxy all clients have its address. Wrong sign-ins of one would slow all others, and
 * rules that say "from" would be about the proxy. X-Forwarded-For names the client, but whoever
 * connects can send it: it is believed from the addresses of --trust-proxy only.
 *
 * Each proxy appends whom it heard from, so the list is read from its end, and what was there
 * before the first that is not trusted was said by the client itself: it is not looked at. What is
 * no address ends the reading, too. */
#include "server/proxy.h"

/* Without its port and brackets. */
static struct str address_alone(struct str peer)
{
    struct str address = str_first(peer, str_index_last(peer, ':'));
    if (address.len && address.at[0] == '[')
        address = str_from(str_first(address, str_index(address, ']')), 1);
    return address;
}

static bool is_trusted(const struct proxies *proxies, struct str address)
{
    unsigned char bytes[NET_BYTES];
    if (!net_read_address(address, bytes))
        return false;
    for (size_t i = 0; i < proxies->count; i++) {
        if (net_has(&proxies->nets[i], bytes))
            return true;
    }
    return false;
}

bool proxy_is_trusted(const struct proxies *proxies, struct str peer)
{
    return is_trusted(proxies, address_alone(peer));
}

/* Takes the last of a list; some proxies give ports, and brackets to IPv6. */
static struct str take_last(struct str *list)
{
    size_t comma = str_index_last(*list, ',');
    bool is_only = comma == list->len;
    struct str last = str_trim(is_only ? *list : str_from(*list, comma + 1));
    *list = is_only ? STR_NONE : str_first(*list, comma);
    bool has_port =
        last.len && (last.at[0] == '[' || str_index(last, ':') == str_index_last(last, ':'));
    if (!has_port || str_index(last, ':') == last.len)
        return last;
    return last.at[last.len - 1] == ']' ? str_from(str_first(last, last.len - 1), 1)
                                        : address_alone(last);
}

void proxy_believe(const struct proxies *proxies, struct http_stream *stream)
{
    struct http_request *request = &stream->request;
    unsigned char bytes[NET_BYTES];
    if (!proxy_is_trusted(proxies, request->peer))
        return;
    request->forwarded_host =
        http_fields_join(&request->fields, FIELD_X_FORWARDED_HOST, stream->arena);
    request->forwarded_proto = http_fields_get(&request->fields, FIELD_X_FORWARDED_PROTO);
    struct str list = http_fields_join(&request->fields, FIELD_X_FORWARDED_FOR, stream->arena);
    while (list.len) {
        struct str address = take_last(&list);
        if (!net_read_address(address, bytes))
            return;
        request->forwarded_for = address;
        if (!is_trusted(proxies, address))
            return;
    }
}
