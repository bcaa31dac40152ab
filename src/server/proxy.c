/* Behind a proxy all clients have its address. Wrong sign-ins of one would slow all others, and
 * rules that say "from" would be about the proxy. X-Forwarded-For names the client, but whoever
 * connects can send it: it is believed from the addresses of --trust-proxy only.
 *
 * Each proxy appends whom it heard from, so the list is read from its end, and what was there
 * before the first that is not trusted was said by the client itself: it is not looked at. What is
 * no address ends the reading, too.
 *
 * Forwarded (RFC 7239) says the same in one field. It counts where there is no X-Forwarded-For: a
 * proxy that writes the older field lets the newer one pass as the client sent it. */
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

/* --- Forwarded --- */

static struct str take_last_element(struct str *list)
{
    size_t start = 0;
    size_t len;
    while (start + (len = http_index_unquoted(str_from(*list, start), ',')) < list->len)
        start += len + 1;
    struct str last = str_from(*list, start);
    *list = start ? str_first(*list, start - 1) : STR_NONE;
    return last;
}

/* The value of a parameter, without its quotes; what has escapes in it is none that we know. */
static struct str parameter_of(struct str element, struct str name)
{
    while (element.len) {
        size_t len = http_index_unquoted(element, ';');
        struct str value = str_first(element, len);
        struct str key = str_trim(str_cut(&value, '='));
        element = str_from(element, len + 1);
        if (!str_eq_nocase(key, name))
            continue;
        value = str_trim(value);
        if (value.len > 1 && value.at[0] == '"' && value.at[value.len - 1] == '"')
            value = str_of(value.at + 1, value.len - 2);
        return str_index(value, '\\') == value.len && str_index(value, '"') == value.len ? value
                                                                                         : STR_NONE;
    }
    return STR_NONE;
}

/* Host and scheme are those that the first proxy of ours was asked for. */
static void believe_forwarded(const struct proxies *proxies, struct http_stream *stream)
{
    struct http_request *request = &stream->request;
    unsigned char bytes[NET_BYTES];
    struct str list = http_fields_join(&request->fields, FIELD_FORWARDED, stream->arena);
    while (list.len) {
        struct str element = take_last_element(&list);
        struct str address = parameter_of(element, STR("for"));
        request->forwarded_host = parameter_of(element, STR("host"));
        request->forwarded_proto = parameter_of(element, STR("proto"));
        address = take_last(&address);
        if (!net_read_address(address, bytes))
            return; /* "unknown", or a name that hides it */
        request->forwarded_for = address;
        if (!is_trusted(proxies, address))
            return;
    }
}

void proxy_believe(const struct proxies *proxies, struct http_stream *stream)
{
    struct http_request *request = &stream->request;
    unsigned char bytes[NET_BYTES];
    if (!proxy_is_trusted(proxies, request->peer))
        return;
    if (!http_fields_has(&request->fields, FIELD_X_FORWARDED_FOR) &&
        http_fields_has(&request->fields, FIELD_FORWARDED)) {
        believe_forwarded(proxies, stream);
        return;
    }
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
