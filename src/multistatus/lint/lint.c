/* The linter looks at three things: the head of the answer, where it is known; the body as it is
 * read (the reader tells an observer what the model cannot hold); and each response. It keeps no
 * response: only a hash of each href, to see one that comes twice.
 *
 * A rule is a row of rules.def and one place here, in hrefs.c or props.c that finds it. Where a
 * rule needs to know the request (its scope, its method) and the request is not known, it is
 * silent.
 *
 * What is reported at the end, because only then it is known: a 424 that nothing else explains, a
 * target that no response is about, an empty body. */
#include "multistatus/lint/lint.h"

#include "base/mem.h"
#include "http/status.h"
#include "multistatus/facts.h"
#include "multistatus/lint/hrefs.h"
#include "multistatus/lint/props.h"

/* Comparing each with each takes long where there are thousands. */
enum { LARGE_BYTES = 1000000, COMPARED_PROPS_MAX = 64 };

static const struct davit_ms_place nowhere;

static void observer_found(struct reader_observer *observer, enum lint_rule rule,
                           struct davit_ms_place place, struct str detail)
{
    lint_found(CONTAINER_OF(observer, struct lint, observer), rule, place, detail);
}

struct reader_observer *lint_observer(struct lint *lint)
{
    return &lint->observer;
}

uint64_t lint_count(const struct lint *lint, enum lint_severity severity)
{
    return lint->counts[severity];
}

/* --- the head --- */

/* The value of a parameter of a media type, without quotes; empty: there is none. */
static struct str parameter_of(struct str type, struct str name)
{
    (void)str_cut(&type, ';'); /* the type itself */
    while (type.len) {
        struct str value = str_trim(str_cut(&type, ';'));
        struct str key = str_trim(str_cut(&value, '='));
        value = str_trim(value);
        if (value.len >= 2 && value.at[0] == '"')
            value = str_first(str_from(value, 1), value.len - 2);
        if (str_eq_nocase(key, name))
            return value;
    }
    return STR_NONE;
}

static void check_head(struct lint *lint)
{
    const struct lint_exchange *exchange = lint->exchange;
    struct str rest = exchange->content_type;
    struct str type = str_trim(str_cut(&rest, ';'));
    if (exchange->status && exchange->status != HTTP_MULTI_STATUS)
        lint_found(lint, LINT_NOT_207, nowhere, http_reason(exchange->status));
    if (!exchange->has_head)
        return;
    struct http_status_line line;
    bool has_reason = http_status_line_parse(exchange->status_line, &line) &&
                      str_starts(line.version, STR("HTTP/1")); /* HTTP/2 has none */
    if (has_reason && !str_eq(line.reason, http_reason(line.status)))
        lint_found(lint, LINT_STATUS_REASON, nowhere, exchange->status_line);
    bool is_text = str_eq_nocase(type, STR("text/xml"));
    if (!is_text && !str_eq_nocase(type, STR("application/xml")))
        lint_found(lint, LINT_MEDIA_TYPE, nowhere, exchange->content_type);
    if (is_text && !parameter_of(exchange->content_type, STR("charset")).len)
        lint_found(lint, LINT_CHARSET_MISSING, nowhere, exchange->content_type);
}

/* What the XML declaration says; empty: nothing. */
static struct str declared_encoding(struct str bytes)
{
    struct str declaration = str_first(bytes, str_index(bytes, '>'));
    const char *at =
        declaration.len ? memmem(declaration.at, declaration.len, "encoding", 8) : NULL;
    if (!str_starts(declaration, STR("<?xml")) || !at)
        return STR_NONE;
    struct str rest = str_from(declaration, (size_t)(at - declaration.at) + 8);
    while (rest.len && strchr(" \t\r\n=", rest.at[0]))
        rest = str_from(rest, 1);
    if (rest.len == 0 || (rest.at[0] != '"' && rest.at[0] != '\''))
        return STR_NONE;
    char quote = rest.at[0];
    rest = str_from(rest, 1);
    return str_cut(&rest, quote);
}

static struct str encoding_of(struct str bytes)
{
    if (str_starts(bytes, STR("\xfe\xff")) || str_starts(bytes, STR("\xff\xfe")) ||
        str_starts(bytes, str_of("\0<", 2)) || str_starts(bytes, str_of("<\0", 2)))
        return STR("utf-16");
    if (str_starts(bytes, STR("\xef\xbb\xbf")))
        return STR("utf-8");
    struct str declared = declared_encoding(bytes);
    return declared.len ? declared : STR("utf-8");
}

/* Methods whose members may be elsewhere: those that COPY and MOVE name are also those of the
 * destination, a report's may be a file's versions, a search says itself where it looks. */
static bool is_about_others(struct str method)
{
    static const struct str methods[] = {STR_INIT("COPY"),  STR_INIT("MOVE"),   STR_INIT("BCOPY"),
                                         STR_INIT("BMOVE"), STR_INIT("REPORT"), STR_INIT("SEARCH")};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (str_eq(method, methods[i]))
            return true;
    }
    return false;
}

static void find_scope(struct lint *lint)
{
    const struct lint_exchange *exchange = lint->exchange;
    bool is_scoped = !is_about_others(exchange->method);
    bool has_slash;
    lint->has_scope =
        is_scoped && uri_parse(exchange->target, &lint->scope) &&
        path_decode(&lint->scope_arena, lint->scope.path, &lint->scope_path, &has_slash) == PATH_OK;
}

void lint_body(struct lint *lint, struct str first_bytes)
{
    const struct davit_ms_place start = {0, 1, 1};
    struct str encoding = encoding_of(first_bytes);
    struct str charset = parameter_of(lint->exchange->content_type, STR("charset"));
    find_scope(lint);
    check_head(lint);
    if (!str_eq_nocase(encoding, STR("utf-8")) && !str_eq_nocase(encoding, STR("us-ascii")))
        lint_found(lint, LINT_ENCODING, start, encoding);
    /* us-ascii is a part of utf-8 */
    bool agrees =
        str_eq_nocase(charset, encoding) || str_eq_nocase(encoding, STR("us-ascii")) ||
        (str_starts_nocase(charset, STR("utf-16")) && str_starts_nocase(encoding, STR("utf-16")));
    if (charset.len && !agrees)
        lint_found(lint, LINT_CHARSET, start, charset);
}

/* --- a response --- */

static void check_status(struct lint *lint, unsigned status, struct davit_ms_text line,
                         struct davit_ms_place place)
{
    struct str text = str_of_text(line);
    struct http_status_line parsed;
    if (!http_status_line_parse(text, &parsed) || !parsed.version.len) {
        lint_found(lint, LINT_STATUS_LINE, place, text);
        return;
    }
    struct str reason = http_reason(status);
    bool is_registered = !str_eq(reason, STR("Unknown"));
    if (!str_eq(parsed.version, STR("HTTP/1.1")))
        lint_found(lint, LINT_STATUS_VERSION, place, text);
    if (status < 200 || status == HTTP_MULTI_STATUS || status > 599)
        lint_found(lint, LINT_STATUS_INTERIM, place, text);
    else if (!is_registered)
        lint_found(lint, LINT_STATUS_UNREGISTERED, place, text);
    if (is_registered && !str_eq(parsed.reason, reason))
        lint_found(lint, LINT_STATUS_REASON, place, text);
    lint->has_unauthorized |= status == HTTP_UNAUTHORIZED;
    if (status == HTTP_FAILED_DEPENDENCY && !lint->has_dependent) {
        lint->has_dependent = true;
        lint->dependent_place = place;
    }
    lint->has_cause |= http_is_error(status) && status != HTTP_FAILED_DEPENDENCY;
}

/* A property that stands in an earlier propstat, or earlier in its own. */
static bool is_repeated(const struct davit_ms_response *response, size_t propstat, size_t prop)
{
    const struct davit_ms_element *self = &response->propstats[propstat].props[prop];
    for (size_t i = 0; i <= propstat; i++) {
        const struct davit_ms_propstat *other = &response->propstats[i];
        size_t count = i == propstat ? prop : other->prop_count;
        for (size_t k = 0; k < count; k++) {
            if (str_eq(str_of_text(other->props[k].name), str_of_text(self->name)) &&
                str_eq(str_of_text(other->props[k].ns), str_of_text(self->ns)))
                return true;
        }
    }
    return false;
}

static void check_repeated(struct lint *lint, const struct davit_ms_response *response)
{
    struct hash_set seen = {0};
    struct buf name = {0};
    size_t count = 0;
    for (size_t i = 0; i < response->propstat_count; i++)
        count += response->propstats[i].prop_count;
    for (size_t i = 0; i < response->propstat_count; i++) {
        const struct davit_ms_propstat *propstat = &response->propstats[i];
        for (size_t k = 0; k < propstat->prop_count; k++) {
            const struct davit_ms_element *prop = &propstat->props[k];
            bool is_known = count <= COMPARED_PROPS_MAX && is_repeated(response, i, k);
            if (count > COMPARED_PROPS_MAX) {
                buf_clear(&name);
                buf_add(&name, str_of_text(prop->ns));
                buf_add_char(&name, '\0');
                buf_add(&name, str_of_text(prop->name));
                is_known = hash_set_add(&seen, buf_str(&name));
            }
            if (is_known)
                lint_found(lint, LINT_PROP_TWICE, prop->place, str_of_text(prop->name));
        }
    }
    hash_set_done(&seen);
    buf_done(&name);
}

static void check_propstat(struct lint *lint, const struct davit_ms_response *response, size_t i)
{
    const struct davit_ms_propstat *propstat = &response->propstats[i];
    if (!propstat->status_line.len)
        lint_found(lint, LINT_PROPSTAT_WITHOUT_STATUS, propstat->place, STR_NONE);
    else
        check_status(lint, propstat->status, propstat->status_line, propstat->status_place);
    /* Only so far back: a response of thousands of propstats must not take forever. */
    for (size_t k = i > COMPARED_PROPS_MAX ? i - COMPARED_PROPS_MAX : 0; k < i; k++) {
        const struct davit_ms_propstat *other = &response->propstats[k];
        bool has_reason = other->reason.condition_count || propstat->reason.condition_count ||
                          other->reason.description.len || propstat->reason.description.len;
        if (propstat->status && other->status == propstat->status && !has_reason) {
            lint_found(lint, LINT_PROPSTAT_SAME, propstat->place,
                       str_of_text(propstat->status_line));
            break;
        }
    }
    bool has_values = http_is_success(propstat->status) && !fact_is_names_only(response);
    for (size_t k = 0; has_values && k < propstat->prop_count; k++)
        lint_prop(lint, &propstat->props[k]);
}

/* A 404 for what every resource has, or for nothing, says that there is no resource. */
static void check_missing(struct lint *lint, const struct davit_ms_response *response)
{
    const struct davit_ms_propstat *only = response->propstats;
    bool is_sure = false;
    if (response->propstat_count != 1 || only->status != HTTP_NOT_FOUND ||
        response->status_line.len)
        return;
    for (size_t i = 0; i < only->prop_count; i++)
        is_sure |= str_eq(str_of_text(only->props[i].name), STR("resourcetype"));
    is_sure |= only->prop_count == 0;
    lint_found(lint, is_sure ? LINT_MISSING_ONLY : LINT_MISSING_ONLY_MAYBE, only->place,
               response->href_count ? str_of_text(response->hrefs[0].uri) : STR_NONE);
}

static void check_shape(struct lint *lint, const struct davit_ms_response *response)
{
    struct str href = response->href_count ? str_of_text(response->hrefs[0].uri) : STR_NONE;
    bool has_status = response->status_line.len > 0;
    if (response->href_count == 0)
        lint_found(lint, LINT_HREF_MISSING, response->place, STR_NONE);
    if (!has_status && response->propstat_count == 0)
        lint_found(lint, LINT_STATUS_MISSING, response->place, href);
    if (has_status && response->propstat_count)
        lint_found(lint, LINT_STATUS_AND_PROPSTAT, response->place, href);
    if (response->href_count > 1)
        lint_found(lint, response->propstat_count ? LINT_HREFS_AND_PROPSTAT : LINT_HREFS_IN_LISTING,
                   response->hrefs[1].place, str_of_text(response->hrefs[1].uri));
    unsigned status = davit_ms_response_status(response);
    if (response->location.len && (status < 300 || status > 399))
        lint_found(lint, LINT_LOCATION_ALONE, response->place, str_of_text(response->location));
}

void lint_response(struct lint *lint, const struct davit_ms_response *response)
{
    check_shape(lint, response);
    for (size_t i = 0; i < response->href_count; i++)
        lint_href(lint, &response->hrefs[i]);
    if (response->status_line.len)
        check_status(lint, response->status, response->status_line, response->status_place);
    for (size_t i = 0; i < response->propstat_count; i++)
        check_propstat(lint, response, i);
    check_repeated(lint, response);
    check_missing(lint, response);
    lint_slash(lint, response);
}

/* --- the whole --- */

struct lint *lint_new(struct lint_sink *sink, const struct lint_exchange *exchange)
{
    struct lint *lint = MEM_NEW(struct lint);
    lint->observer.found = observer_found;
    lint->sink = sink;
    lint->exchange = exchange;
    return lint;
}

void lint_free(struct lint *lint)
{
    if (!lint)
        return;
    hash_set_done(&lint->hrefs);
    arena_done(&lint->scope_arena);
    mem_free(lint);
}

static void check_end(struct lint *lint, const struct davit_ms_reader *reader)
{
    const struct davit_ms_head *head = davit_ms_reader_head(reader);
    const struct davit_ms_verdict *verdict = davit_ms_reader_verdict(reader);
    const struct lint_exchange *exchange = lint->exchange;
    if (verdict->member_count == 0 && !head->sync_token.len) /* RFC 6578: nothing has changed */
        lint_found(lint, LINT_EMPTY, nowhere, STR_NONE);
    if (lint->has_dependent && !lint->has_cause)
        lint_found(lint, LINT_NO_CAUSE, lint->dependent_place, STR_NONE);
    if (lint->has_unauthorized && exchange->has_head && !exchange->has_challenge)
        lint_found(lint, LINT_NO_CHALLENGE, nowhere, STR_NONE);
    if (lint->has_scope && str_eq(exchange->method, STR("PROPFIND")) && !lint->has_target &&
        !exchange->is_noroot && verdict->member_count)
        lint_found(lint, LINT_TARGET_MISSING, nowhere, exchange->target);
}

static enum lint_rule rule_of(enum davit_ms_rc rc)
{
    switch (rc) {
    case DAVIT_MS_FORBIDDEN:
        return LINT_FORBIDDEN;
    case DAVIT_MS_NOT_MULTISTATUS:
        return LINT_NOT_MULTISTATUS;
    case DAVIT_MS_CUT_OFF:
        return LINT_CUT_OFF;
    case DAVIT_MS_LIMIT:
        return LINT_LIMIT;
    default:
        return LINT_MALFORMED;
    }
}

void lint_end(struct lint *lint, const struct davit_ms_reader *reader, enum davit_ms_rc rc,
              uint64_t bytes)
{
    const struct davit_ms_place start = {0, 1, 1};
    struct str ns = str_of_text(davit_ms_reader_head(reader)->ns);
    bool has_begun = rc != DAVIT_MS_NOT_MULTISTATUS && (rc == DAVIT_MS_END || ns.len);
    if (has_begun && !str_eq(ns, STR("DAV:")))
        lint_found(lint, LINT_NAMESPACE, start, ns);
    if (bytes > LARGE_BYTES)
        lint_found(lint, LINT_LARGE, nowhere, STR_NONE);
    if (rc == DAVIT_MS_END)
        check_end(lint, reader);
    else
        lint_found(lint, rule_of(rc), davit_ms_reader_place(reader),
                   rc == DAVIT_MS_MALFORMED ? str_of_c(davit_ms_reader_message(reader)) : STR_NONE);
}
