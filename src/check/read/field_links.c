/* The grammar of RFC 8288 §B, read as leniently as it says: parameters without values, empty ones,
 * commas in a row. What stands between '<' and '>' is the address, whatever is in it; so a comma in
 * an address divides nothing, and neither does one in a quoted string.
 *
 * A relation says who goes there. preload and its like browsers fetch as soon as the field is there
 * (HTML 4.2.4.5), the addresses of origins to connect to early are no resources, and to a pingback
 * programs send something. All others are for who looks for them. */
#include "check/read/field_links.h"

#include "check/read/srcset.h"

struct field_link {
    struct str url;
    struct str rel; /* the first one counts (RFC 8288 §3.3) */
};

static struct str skip(struct str text, const char *characters)
{
    while (text.len && text.at[0] && strchr(characters, text.at[0]))
        text = str_from(text, 1);
    return text;
}

/* A token, or a quoted string; what is escaped in one is no relation that anybody knows. */
static struct str take_value(struct str *rest)
{
    struct str text = *rest;
    size_t len = 0;
    if (text.len && text.at[0] == '"') {
        text = str_from(text, 1);
        while (len < text.len && text.at[len] != '"')
            len += text.at[len] == '\\' ? 2 : 1;
        *rest = str_from(text, len + 1);
        return str_first(text, len);
    }
    while (len < text.len && !strchr(" \t;,", text.at[len]))
        len++;
    *rest = str_from(text, len);
    return str_first(text, len);
}

/* ";name=value" (RFC 8288 §B.3). */
static void take_param(struct str *rest, struct field_link *link)
{
    struct str text = skip(*rest, "; \t");
    size_t len = 0;
    while (len < text.len && !strchr("= \t;,", text.at[len]))
        len++;
    struct str name = str_first(text, len), value = STR_NONE;
    text = skip(str_from(text, len), " \t");
    if (text.len && text.at[0] == '=') {
        text = skip(str_from(text, 1), " \t");
        value = take_value(&text);
    }
    if (str_eq_nocase(name, STR("rel")) && !link->rel.at)
        link->rel = value;
    *rest = skip(text, " \t");
}

/* "<url>; rel=x, <url>" (RFC 8288 §B.2). False: there is no further one. */
static bool take_link(struct str *rest, struct field_link *link_out)
{
    struct str text = skip(*rest, ", \t");
    size_t end = str_index(text, '>');
    if (text.len == 0 || text.at[0] != '<' || end == text.len)
        return false;
    *link_out = (struct field_link){.url = str_of(text.at + 1, end - 1)};
    text = skip(str_from(text, end + 1), " \t");
    while (text.len && text.at[0] == ';')
        take_param(&text, link_out);
    *rest = text;
    return text.len == 0 || text.at[0] == ',';
}

static bool is_among(struct str rel, const struct str *names, size_t count)
{
    struct str word;
    while (spaced_take(&rel, &word)) {
        for (size_t i = 0; i < count; i++) {
            if (str_eq_nocase(word, names[i]))
                return true;
        }
    }
    return false;
}

static enum link_kind kind_of(struct str rel, bool is_response)
{
    static const struct str for_programs[] = {STR_INIT("pingback"), STR_INIT("webmention"),
                                              STR_INIT("hub")};
    static const struct str fetched[] = {STR_INIT("preload"), STR_INIT("modulepreload"),
                                         STR_INIT("stylesheet"), STR_INIT("prefetch")};
    if (!is_response)
        return LINK_META_LINK;
    if (is_among(rel, for_programs, ARRAY_LEN(for_programs)))
        return LINK_RESPONSE_PINGBACK;
    return is_among(rel, fetched, ARRAY_LEN(fetched)) ? LINK_RESPONSE_PART : LINK_RESPONSE_LINK;
}

void field_links(struct finder *finder, struct str value, struct html_position at, bool is_response)
{
    static const struct str origins[] = {STR_INIT("preconnect"), STR_INIT("dns-prefetch")};
    struct field_link link;
    bool goes_on = true;
    while (goes_on) {
        link = (struct field_link){0};
        goes_on = take_link(&value, &link);
        if (link.url.len && !is_among(link.rel, origins, ARRAY_LEN(origins)))
            finder_link(finder, kind_of(link.rel, is_response), link.url, link.rel, at);
    }
}
