/* Whom a browser believes to talk to is in Host, and a page of evil.example can have that name lead
 * to 127.0.0.1, or to a machine in the visitor's network, once it is loaded (DNS rebinding). To the
 * browser the server is then of the same origin as the page, which may read and write whatever
 * needs no sign-in. Nothing but the name tells such a request from a proper one.
 *
 * So where anybody may do something without signing in, only names are answered that nobody else
 * can lead here:
 *
 *   addresses              no name that could be led anywhere
 *   localhost, *.localhost RFC 6761 §6.3: never asked of the DNS
 *   of this machine        its host name, NAME.local (RFC 6762 §3), and
 *                          what /etc/hosts has beside it
 *   of --public-url        the administrator says so
 *   of the certificates    who gave them away has seen to it that they are ours
 *
 * With --public-url that holds where everybody signs in, too: the list is then known to be whole.
 * Ports do not count: they are mapped on the way, and no page chooses by them what a name is.
 *
 * Rejected: the canonical name that getaddrinfo(3) gives, and the search domains of resolv.conf.
 * Both come from whoever runs the network, so that a guest network could name itself; and asking
 * for them can hold up the start for as long as a name server is silent. Rejected, too: believing
 * X-Forwarded-Host instead of Host. It is judged besides Host, where a trusted proxy says it. */
#include "server/names.h"

#include <unistd.h>

#include "base/files.h"
#include "io/tls_names.h"
#include "text/uri.h"

enum { NAME_BYTES_MAX = 255, NAMES_MAX = 256 };

/* In lower case and without the root's dot (RFC 1034 §3.1); empty: it is no name. */
static struct str plain(struct str host, char to[NAME_BYTES_MAX])
{
    if (host.len && host.at[host.len - 1] == '.')
        host.len--;
    if (host.len > NAME_BYTES_MAX)
        return STR_NONE;
    for (size_t i = 0; i < host.len; i++)
        to[i] = char_lower(host.at[i]);
    return str_of(to, host.len);
}

/* --- learning --- */

static void add(struct known_names *names, struct str name, struct arena *arena)
{
    char lower[NAME_BYTES_MAX];
    name = plain(name, lower);
    if (name.len == 0 || names->other_count == NAMES_MAX)
        return;
    if (!names->others)
        names->others = arena_alloc(arena, NAMES_MAX * sizeof(*names->others));
    names->others[names->other_count++] = arena_str(arena, name);
}

static struct str take_word(struct str *line)
{
    *line = str_trim(*line);
    size_t len = 0;
    while (len < line->len && line->at[len] != ' ' && line->at[len] != '\t')
        len++;
    struct str word = str_first(*line, len);
    *line = str_from(*line, len);
    return word;
}

/* The other names on a line that has this one: hosts(5) begins a line with the address, then the
 * canonical name. */
static void add_line(struct known_names *names, struct str machine, struct str line,
                     struct arena *arena)
{
    bool is_ours = false;
    (void)take_word(&line); /* the address may be any */
    for (struct str rest = line, word; (word = take_word(&rest)).len;)
        is_ours |= str_eq_nocase(word, machine);
    for (struct str rest = line, word; is_ours && (word = take_word(&rest)).len;)
        add(names, word, arena);
}

void names_add_machine(struct known_names *names, struct str machine, struct str hosts,
                       struct arena *arena)
{
    struct buf local = {0};
    struct str label = str_first(machine, str_index(machine, '.'));
    if (label.len == 0)
        return;
    add(names, machine, arena);
    add(names, label, arena);
    buf_addf(&local, "%.*s.local", STR_ARGS(label));
    add(names, buf_str(&local), arena);
    buf_done(&local);
    while (hosts.len) {
        struct str line = str_cut(&hosts, '\n');
        add_line(names, machine, str_cut(&line, '#'), arena);
    }
}

void names_learn(struct known_names *names, const struct tls_server *tls, struct arena *arena)
{
    char machine[NAME_BYTES_MAX + 1] = "";
    struct str hosts = STR_NONE;
    struct buf certified = {0};
    struct err err;
    if (!file_read_small("/etc/hosts", arena, &hosts, &err))
        hosts = STR_NONE; /* it need not be there */
    if (gethostname(machine, sizeof(machine) - 1) == 0)
        names_add_machine(names, str_of_c(machine), hosts, arena);
    if (tls)
        tls_server_add_names(tls, &certified);
    for (struct str rest = buf_str(&certified); rest.len;)
        add(names, str_cut(&rest, '\n'), arena);
    buf_done(&certified);
}

/* --- judging --- */

/* URL Standard §3.5: a host whose last label is a number is an IPv4 address, whatever way it is
 * written in, and nothing that a name server is asked for. */
static bool is_address(struct str host)
{
    size_t dot = str_index_last(host, '.');
    struct str last = dot < host.len ? str_from(host, dot + 1) : host;
    uint64_t number;
    if (str_index(host, ':') < host.len) /* IPv6: no name has a colon */
        return true;
    if (str_starts(last, STR("0x")))
        return last.len == 2 || str_parse_hex(str_from(last, 2), &number);
    return str_parse_u64(last, &number);
}

static bool is_loopback(struct str host)
{
    return str_eq(host, STR("localhost")) || str_ends(host, STR(".localhost"));
}

bool names_have(const struct known_names *names, struct str host)
{
    char lower[NAME_BYTES_MAX];
    host = plain(host, lower);
    if (host.len == 0 || is_address(host) || is_loopback(host))
        return host.len > 0;
    for (size_t i = 0; i < names->public_name_count; i++) {
        struct str name = names->public_names[i].host;
        if (name.len && name.at[name.len - 1] == '.')
            name.len--;
        if (str_eq_nocase(name, host))
            return true;
    }
    for (size_t i = 0; i < names->other_count; i++) {
        if (tls_name_fits(names->others[i], host))
            return true;
    }
    return false;
}

void names_misdirect(struct http_stream *stream, struct str host)
{
    struct buf text = {0};
    struct http_response *response = &stream->response;
    bool is_secure = stream->request.is_secure;
    struct str name = str_first(host, NAME_BYTES_MAX);
    buf_addf(&text,
             "this server is not known by the name '%.*s'. If that is one of its names, add "
             "--public-url %s://%.*s/ (public-url in [server] of the configuration)",
             STR_ARGS(name), is_secure ? "https" : "http", STR_ARGS(name));
    response->note = arena_str(stream->arena, buf_str(&text));
    buf_clear(&text);
    buf_addf(&text, "%u %.*s: %.*s\n", HTTP_MISDIRECTED_REQUEST,
             STR_ARGS(http_reason(HTTP_MISDIRECTED_REQUEST)), STR_ARGS(response->note));
    struct str body = arena_str(stream->arena, buf_str(&text));
    buf_done(&text);
    response->status = HTTP_MISDIRECTED_REQUEST;
    response->body = source_of_text(stream->arena, body);
    response->body_bytes = body.len;
    http_response_set(stream, FIELD_CONTENT_TYPE, STR("text/plain; charset=utf-8"));
    http_response_set(stream, FIELD_X_CONTENT_TYPE_OPTIONS, STR("nosniff"));
    stream->ops->respond(stream);
}

/* What a trusted proxy says it was asked for: a list, where several stand in a row. */
static bool has_foreign(const struct known_names *names, struct str list, struct str *host_out)
{
    struct str port;
    while (list.len) {
        struct str item = str_trim(str_cut(&list, ','));
        if (item.len && !uri_parse_authority(item, host_out, &port))
            *host_out = item;
        if (item.len && !names_have(names, *host_out))
            return true;
    }
    return false;
}

bool names_admit(const struct known_names *names, struct http_stream *stream)
{
    const struct http_request *request = &stream->request;
    struct str host = request->host;
    if (!names->is_strict)
        return true;
    /* HTTP/1.0 may name none, which no browser does. */
    bool is_known = host.len == 0 || names_have(names, host);
    if (is_known && !has_foreign(names, request->forwarded_host, &host))
        return true;
    names_misdirect(stream, host);
    return false;
}
