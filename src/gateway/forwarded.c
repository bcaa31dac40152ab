/* Who has passed a message on.
 *
 * Via (RFC 9110 §7.6.3) is kept whoever sent it: it is how loops are seen. Our name in it is
 * another with each process, so that a davit behind a davit is no loop.
 *
 * Forwarded (RFC 7239) and the older X-Forwarded-* say whom a request is for, which origins log and
 * judge by. Whoever connects can send them: so what came goes on only where the peer is a proxy
 * that is believed, and begins with us otherwise. The names are those that the client used. */
#include "gateway/forwarded.h"

#include "base/random.h"
#include "text/uri.h"

struct forwarded_name forwarded_name_new(void)
{
    struct forwarded_name name;
    str_print(name.text, sizeof(name.text), "davit-%08x", (unsigned)(random_u64() & 0xffffffff));
    return name;
}

/* Adds the field: what came of it, where that goes on, and what we say. */
static void add(const struct exchange *x, struct http_fields *to, enum http_field id, bool goes_on,
                struct str own)
{
    struct buf value = {0};
    struct str before =
        goes_on ? http_fields_join(&x->stream->request.fields, id, x->arena) : STR_NONE;
    buf_add(&value, before);
    if (before.len && own.len)
        BUF_ADD(&value, ", ");
    buf_add(&value, own);
    const struct http_field_line line = {id, http_field_name(id),
                                         arena_str(x->arena, buf_str(&value))};
    if (value.len)
        http_fields_add(to, x->arena, &line);
    buf_done(&value);
}

static struct str version_of(const struct http_request *request)
{
    switch (request->version) {
    case HTTP_1_0:
        return STR("1.0");
    case HTTP_1_1:
        return STR("1.1");
    case HTTP_2:
        return STR("2");
    }
    BUG("no such HTTP version");
}

static void add_host(struct buf *to, const struct http_request *request)
{
    if (request->forwarded_host.len) {
        struct str hosts = request->forwarded_host;
        buf_add(to, str_trim(str_cut(&hosts, ','))); /* the first is the client's */
        return;
    }
    uri_add_authority(to, request->host, request->port);
}

static struct str scheme_of(const struct http_request *request)
{
    if (request->forwarded_proto.len)
        return request->forwarded_proto;
    return request->is_secure ? STR("https") : STR("http");
}

/* A quote in a host would end the quotes around it (RFC 7239 §4). */
static bool is_quotable(struct str text)
{
    return str_index(text, '"') == text.len && str_index(text, '\\') == text.len;
}

void forwarded_add(const struct exchange *x, const struct forwarded_name *name,
                   struct http_fields *to)
{
    const struct http_request *request = &x->stream->request;
    bool is_believed = request->forwarded_for.len;
    struct str peer = http_peer_address(request);
    bool is_ipv6 = str_index(peer, ':') < peer.len;
    struct buf via = {0}, host = {0}, forwarded = {0};
    struct str version = version_of(request);
    buf_addf(&via, "%.*s %s", STR_ARGS(version), name->text);
    add_host(&host, request);
    struct str scheme = scheme_of(request);
    buf_addf(&forwarded, is_ipv6 ? "for=\"[%.*s]\"" : "for=%.*s", STR_ARGS(peer));
    if (host.len && is_quotable(buf_str(&host)))
        buf_addf(&forwarded, ";host=\"%.*s\"", STR_ARGS(buf_str(&host)));
    buf_addf(&forwarded, ";proto=%.*s", STR_ARGS(scheme));
    add(x, to, FIELD_VIA, true, buf_str(&via));
    add(x, to, FIELD_FORWARDED, is_believed, buf_str(&forwarded));
    add(x, to, FIELD_X_FORWARDED_FOR, is_believed, peer);
    add(x, to, FIELD_X_FORWARDED_HOST, false, buf_str(&host));
    add(x, to, FIELD_X_FORWARDED_PROTO, false, scheme);
    buf_done(&via);
    buf_done(&host);
    buf_done(&forwarded);
}

struct str forwarded_via(struct arena *arena, const struct forwarded_name *name,
                         struct str status_line, struct str via)
{
    struct buf value = {0};
    struct str version = str_first(status_line, str_index(status_line, ' '));
    version = str_starts_nocase(version, STR("HTTP/")) ? str_from(version, 5) : STR("1.1");
    buf_addf(&value, "%.*s%s%.*s %s", STR_ARGS(via), via.len ? ", " : "", STR_ARGS(version),
             name->text);
    struct str copy = arena_str(arena, buf_str(&value));
    buf_done(&value);
    return copy;
}

bool forwarded_is_loop(const struct exchange *x, const struct forwarded_name *name)
{
    struct str via = http_fields_join(&x->stream->request.fields, FIELD_VIA, x->arena);
    while (via.len) {
        struct str step = str_trim(str_cut(&via, ','));
        struct str who = str_trim(str_from(step, str_index(step, ' ')));
        if (str_eq(str_first(who, str_index(who, ' ')), str_of_c(name->text)))
            return true;
    }
    return false;
}
