/* One table for all that is said of programs: rows of the configuration, each for those that a
 * pattern means, and the quirks that davit knows by itself (clients.def), by patterns as well.
 *
 * A request is held against the rows once, before anything else is asked: it is cheap, a client
 * that is not served costs no more than that, and who asks need not have signed in to hear why.
 * Where there are no rows nothing is looked at. What is done for a member of a listing asks
 * nothing of this.
 *
 * What a client is to be told rides on an answer that it gets anyway: in a 207 behind the responses
 * (RFC 4918 §14.24), where programs that show a text look for it, and in davit's own element, for
 * those that look for that; on any other in a field, as a display string (RFC 9651 §3.3.8), since
 * it is a text in any language. On answers to parts of a request it is not: the whole has one.
 * Once in a period: to a user, or where nobody has signed in to an address, with that User-Agent.
 *
 * A gateway's 207 is another server's, and streams through: it has the field.
 *
 * Rejected: Warning (RFC 7234 §5.5), which is obsolete. Rejected: to tell it on a first answer
 * alone, and remember connections: a client has many. */
#include "exchange/clients/clients.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/metrics/metrics.h"
#include "exchange/clients/told.h"
#include "exchange/clients/user_agent.h"
#include "exchange/respond.h"
#include "multistatus/writer.h"
#include "xml/writer.h"

struct client_rules {
    const struct client_rule *rules;
    size_t count;
    struct told *told;
};

static const struct {
    struct str name;
    struct str pattern;
} quirks[QUIRK_COUNT] = {
#define DAV_CLIENT(quirk, name, pattern, why)                                                      \
    [quirk] = {{name, sizeof(name) - 1}, {pattern, sizeof(pattern) - 1}},
#include "exchange/clients/clients.def"
#undef DAV_CLIENT
};

struct client_rules *client_rules_new(struct arena *arena, const struct client_rule *rules,
                                      size_t count, size_t told_max)
{
    struct client_rules *made = ARENA_NEW(arena, struct client_rules);
    *made = (struct client_rules){rules, count, told_new(arena, told_max)};
    return made;
}

/* --- quirks --- */

bool client_quirks_read(struct str list, unsigned *quirks_out, struct str *wrong_out)
{
    unsigned found = 0;
    *quirks_out = 0;
    if (str_eq(str_trim(list), STR("none")))
        return true;
    do {
        struct str name = str_trim(str_cut(&list, ','));
        unsigned bit = 0;
        for (size_t i = 0; i < QUIRK_COUNT; i++) {
            if (str_eq(name, quirks[i].name))
                bit = 1U << i;
        }
        *wrong_out = name;
        if (!bit)
            return false;
        found |= bit;
    } while (list.len);
    *quirks_out = found;
    return true;
}

const char *client_quirk_names(void)
{
#define DAV_CLIENT(quirk, name, pattern, why) name ", "
    static const char names[] =
#include "exchange/clients/clients.def"
        ;
#undef DAV_CLIENT
    return names;
}

bool client_has(const struct exchange *x, enum client_quirk quirk)
{
    if (x->client && x->client->has_quirks)
        return x->client->quirks >> quirk & 1;
    return user_agent_is(exchange_field(x, FIELD_USER_AGENT), quirks[quirk].pattern);
}

/* --- who is served --- */

/* As much as a log should have of it. */
static struct str agent_of(const struct exchange *x)
{
    return str_first(exchange_field(x, FIELD_USER_AGENT), 256);
}

static struct dav_result refuse(struct exchange *x)
{
    struct dav_result result =
        dav_condition(CONDITION_CLIENT_SUPPORTED, "this client is not served here");
    struct str notice = x->client->notice;
    struct buf reason = {0};
    struct buf text = {0};
    metric_add(METRIC_CLIENTS_REFUSED, 0, 1);
    buf_addf(&text, "refused by [client \"%.*s\"]: %.*s", STR_ARGS(x->client->pattern),
             STR_ARGS(agent_of(x)));
    x->stream->response.note = arena_str(x->arena, buf_str(&text));
    buf_done(&text);
    BUF_ADD(&reason, "<V:reason>");
    xml_add_text(&reason, notice.len ? notice : str_of_c(result.text));
    BUF_ADD(&reason, "</V:reason>");
    result.condition_xml = arena_str(x->arena, buf_str(&reason));
    buf_done(&reason);
    return result;
}

struct dav_result client_admit(struct exchange *x)
{
    const struct client_rules *rules = x->service->clients;
    if (!rules)
        return DAV_FINE;
    struct str agent = exchange_field(x, FIELD_USER_AGENT);
    for (size_t i = 0; i < rules->count && !x->client; i++) {
        if (user_agent_is(agent, rules->rules[i].pattern))
            x->client = &rules->rules[i];
    }
    return x->client && x->client->is_refused ? refuse(x) : DAV_FINE;
}

/* --- what is told --- */

/* A user, or an address; by that program; about that. */
static uint64_t key_of(const struct exchange *x)
{
    struct buf text = {0};
    struct str user = x->signed_in.principal.name;
    buf_addf(&text, "%zu\n", (size_t)(x->client - x->service->clients->rules));
    buf_add(&text, user.len ? user : http_peer_address(&x->stream->request));
    buf_addf(&text, user.len ? "\nuser\n" : "\naddress\n");
    buf_add(&text, exchange_field(x, FIELD_USER_AGENT));
    uint64_t key = hash_bytes(buf_str(&text));
    buf_done(&text);
    return key;
}

/* A refusal says it each time. */
bool client_is_to_be_told(struct exchange *x)
{
    const struct client_rule *rule = x->client;
    if (!rule || !rule->notice.len || x->is_within)
        return false;
    if (x->telling == TELLING_UNKNOWN) {
        bool is_due = rule->is_refused || told_claim(x->service->clients->told, key_of(x),
                                                     clock_mono_ms(), rule->period_ms);
        x->telling = is_due ? TELLING_DUE : TELLING_NOTHING;
        if (is_due && !rule->is_refused) {
            metric_add(METRIC_CLIENTS_TOLD, 0, 1);
            log_line(LOG_INFO, "%.*s: was told the notice of [client \"%.*s\"]: %.*s",
                     STR_ARGS(x->stream->request.peer), STR_ARGS(rule->pattern),
                     STR_ARGS(agent_of(x)));
        }
    }
    return x->telling == TELLING_DUE;
}

void client_tell_in_multistatus(struct exchange *x, struct buf *to)
{
    if (!client_is_to_be_told(x))
        return;
    multistatus_description(to, x->client->notice, STR_NONE);
    BUF_ADD(to, "<V:notice xmlns:V=\"" NS_DAVIT "\">");
    xml_add_text(to, x->client->notice);
    BUF_ADD(to, "</V:notice>");
}

/* RFC 9651 §4.1.11 */
static void add_display_string(struct buf *to, struct str text)
{
    BUF_ADD(to, "%\"");
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c == '%' || c == '"' || c < ' ' || c >= 0x7f)
            buf_addf(to, "%%%02x", c);
        else
            buf_add_char(to, (char)c);
    }
    BUF_ADD(to, "\"");
}

void client_tell_in_head(struct exchange *x)
{
    struct buf value = {0};
    bool is_in_body = x->has_multistatus && x->stream->response.status == HTTP_MULTI_STATUS;
    if (!client_is_to_be_told(x) || is_in_body)
        return;
    add_display_string(&value, x->client->notice);
    respond_field(x, FIELD_DAVIT_NOTICE, buf_str(&value));
    buf_done(&value);
}
