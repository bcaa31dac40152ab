/* The rules about values of properties of DAV: that every server has, each a row of checks[].
 * Values that have elements are looked at as XML text: it is well-formed and without comments,
 * because the reader has written it.
 *
 * Only what was found (2xx) is looked at: a property that failed is empty. What stands in another
 * namespace that somebody meant for DAV: is told once for each property, and not held to the
 * rules. */
#include "multistatus/lint/props.h"

#include "text/date.h"
#include "text/etag.h"

static struct str text_of(const struct davit_ms_element *prop)
{
    return str_of_text(prop->text);
}

static void check_etag(struct lint *lint, const struct davit_ms_element *prop)
{
    struct str rest = str_trim(text_of(prop));
    struct etag etag;
    if (!etag_take(&rest, &etag) || rest.len)
        lint_found(lint, LINT_ETAG_UNQUOTED, prop->place, text_of(prop));
    else if (etag.is_weak)
        lint_found(lint, LINT_ETAG_WEAK, prop->place, text_of(prop));
}

/* Only the one form that RFC 9110 §5.6.7 lets senders generate. */
static void check_http_date(struct lint *lint, const struct davit_ms_element *prop)
{
    struct str text = str_trim(text_of(prop));
    char same[HTTP_DATE_LEN];
    int64_t seconds;
    bool is_fine = http_date_parse(text, &seconds) && text.len == HTTP_DATE_LEN;
    if (is_fine) {
        http_date_format(same, seconds);
        is_fine = str_eq(text, str_of(same, HTTP_DATE_LEN));
    }
    if (!is_fine)
        lint_found(lint, LINT_DATE_HTTP, prop->place, text_of(prop));
}

/* Whether `text` is like `form`, in which 0 stands for a digit. */
static bool has_form(struct str text, const char *form)
{
    size_t len = strlen(form);
    if (text.len < len)
        return false;
    for (size_t i = 0; i < len; i++) {
        bool fits = form[i] == '0' ? char_is_digit(text.at[i]) : text.at[i] == form[i];
        if (!fits)
            return false;
    }
    return true;
}

static void check_iso_date(struct lint *lint, const struct davit_ms_element *prop)
{
    struct str text = str_trim(text_of(prop));
    struct str rest = str_from(text, 19);
    bool is_fine = has_form(text, "0000-00-00T00:00:00");
    if (is_fine && str_starts(rest, STR("."))) {
        size_t digits = 1;
        while (digits < rest.len && char_is_digit(rest.at[digits]))
            digits++;
        is_fine = digits > 1;
        rest = str_from(rest, digits);
    }
    bool has_zone = str_eq_nocase(rest, STR("Z")) ||
                    (rest.len == 6 && (has_form(rest, "+00:00") || has_form(rest, "-00:00")));
    if (!is_fine || !has_zone)
        lint_found(lint, LINT_DATE_ISO, prop->place, text_of(prop));
}

static void check_length(struct lint *lint, const struct davit_ms_element *prop)
{
    uint64_t length;
    if (!str_parse_u64(str_trim(text_of(prop)), &length))
        lint_found(lint, LINT_LENGTH, prop->place, text_of(prop));
}

static void check_resourcetype(struct lint *lint, const struct davit_ms_element *prop)
{
    if (str_trim(text_of(prop)).len)
        lint_found(lint, LINT_RESOURCETYPE_TEXT, prop->place, text_of(prop));
}

/* The text between the next <name> or <p:name> and the next '<'; what is looked at goes on behind
 * it. `is_element`: an element stands there instead. False: there is none. */
static bool next_text(struct str *rest, struct str name, struct str *text_out, bool *is_element)
{
    while (rest->len) {
        *rest = str_from(*rest, str_index(*rest, '<') + 1);
        struct str tag = str_first(*rest, str_index(*rest, '>'));
        struct str word = str_first(tag, str_index(tag, ' '));
        size_t colon = str_index(word, ':');
        bool is_end = str_starts(tag, STR("/"));
        if (is_end || !str_eq(colon < word.len ? str_from(word, colon + 1) : word, name))
            continue;
        *rest = str_from(*rest, tag.len + 1);
        *text_out = str_first(*rest, str_index(*rest, '<'));
        struct str behind = str_from(*rest, text_out->len + 1);
        *is_element = behind.len && behind.at[0] != '/';
        return true;
    }
    return false;
}

static bool is_absolute_uri(struct str text)
{
    size_t colon = str_index(text, ':');
    if (colon == 0 || colon + 1 >= text.len || !char_is_alpha(text.at[0]))
        return false;
    for (size_t i = 0; i < colon; i++) {
        char c = text.at[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && c != '+' && c != '-' && c != '.')
            return false;
    }
    return true;
}

static void check_lock_token(struct lint *lint, const struct davit_ms_element *prop,
                             struct str rest, struct str text, bool is_element)
{
    struct str token;
    bool is_nested;
    if (!is_element || str_trim(text).len || !next_text(&rest, STR("href"), &token, &is_nested)) {
        lint_found(lint, LINT_LOCK_TOKEN_TEXT, prop->place, text);
        return;
    }
    if (!is_absolute_uri(str_trim(token)))
        lint_found(lint, LINT_LOCK_TOKEN_URI, prop->place, token);
}

static void check_locks(struct lint *lint, const struct davit_ms_element *prop)
{
    struct str rest = str_of_text(prop->value);
    struct str text;
    bool is_element;
    while (next_text(&rest, STR("locktoken"), &text, &is_element))
        check_lock_token(lint, prop, rest, text, is_element);
    rest = str_of_text(prop->value);
    while (next_text(&rest, STR("timeout"), &text, &is_element)) {
        uint64_t seconds;
        struct str number = str_trim(text);
        bool is_fine = str_eq_nocase(number, STR("Infinite"));
        if (!is_fine && str_starts_nocase(number, STR("Second-")))
            is_fine = str_parse_u64(str_from(number, 7), &seconds);
        if (!is_fine)
            lint_found(lint, LINT_LOCK_TIMEOUT, prop->place, text);
    }
}

static const struct check {
    struct str name;
    void (*check)(struct lint *lint, const struct davit_ms_element *prop);
} checks[] = {
    {{"getetag", 7}, check_etag},
    {{"getlastmodified", 15}, check_http_date},
    {{"creationdate", 12}, check_iso_date},
    {{"getcontentlength", 16}, check_length},
    {{"resourcetype", 12}, check_resourcetype},
    {{"lockdiscovery", 13}, check_locks},
};

/* What somebody wrote who meant DAV:. */
static bool is_like_dav(struct str ns)
{
    return ns.len == 0 || str_eq_nocase(ns, STR("DAV:")) || str_eq_nocase(ns, STR("DAV")) ||
           str_eq_nocase(ns, STR("http://www.webdav.org/")) || str_eq_nocase(ns, STR("DAV:/"));
}

void lint_prop(struct lint *lint, const struct davit_ms_element *prop)
{
    struct str ns = str_of_text(prop->ns);
    bool is_dav = str_eq(ns, STR("DAV:"));
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if (!str_eq(str_of_text(prop->name), checks[i].name))
            continue;
        if (is_dav)
            checks[i].check(lint, prop);
        else if (is_like_dav(ns))
            lint_found(lint, LINT_PROP_NAMESPACE, prop->place, ns);
    }
}
