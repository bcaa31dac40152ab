/* A language and a type are said of content, and are kept beside it: as dead properties, so that
 * COPY and MOVE take them along in any store, and an upload that replaces the content keeps them
 * until it gives others. The language is a client's to set (PROPPATCH); the type is what its last
 * PUT gave, and nobody else's: getcontenttype is protected.
 *
 * A type is kept only where the name tells none, so that most uploads write nothing but content. It
 * is a stranger's word: what may be shown of it is decided as for all others
 * (exchange/browser.c), and only what needs no escape in a field or an element is kept. */
#include "dav/kept.h"

#include "dav/target.h"
#include "http/media_type.h"

enum { VALUE_BYTES_MAX = 300, AGAIN_MAX = 8 };

#define TYPE_NAME   "getcontenttype"
#define TYPE_BEGINS "<D:" TYPE_NAME " xmlns:D=\"DAV:\">"
#define TYPE_ENDS   "</D:" TYPE_NAME ">"

/* Looks for one dead property, and at no other: values may be long. */
struct finder {
    struct store_prop_visitor visitor;
    struct arena *arena;
    struct str name;
    const char *characters; /* besides letters and digits: with these no field can be forged */
    struct str found;       /* empty: there is none that can be sent */
};

static bool wants(struct store_prop_visitor *visitor, struct str ns, struct str name)
{
    const struct finder *finder = CONTAINER_OF(visitor, struct finder, visitor);
    return str_eq(name, finder->name) && str_eq(ns, STR("DAV:"));
}

static bool is_fine(const struct finder *finder, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && (!c || !strchr(finder->characters, c)))
            return false;
    }
    return text.len && text.len <= VALUE_BYTES_MAX;
}

static enum store_rc take(struct store_prop_visitor *visitor, const struct store_prop *prop)
{
    struct finder *finder = CONTAINER_OF(visitor, struct finder, visitor);
    struct str rest = prop->xml; /* <D:getcontentlanguage …>en</D:getcontentlanguage> */
    (void)str_cut(&rest, '>');   /* the start tag; the text is what stands before the end tag */
    struct str value = str_trim(str_cut(&rest, '<'));
    if (is_fine(finder, value))
        finder->found = arena_str(finder->arena, value);
    return STORE_END; /* there is one */
}

static struct str find(struct exchange *x, struct str name, const char *characters)
{
    const struct target *target = target_of(x);
    struct finder finder = {{wants, take}, x->arena, name, characters, STR_NONE};
    if (!store_shows_props(target->store, target_read(x)))
        return STR_NONE;
    /* What cannot be looked at has none. */
    (void)!store_props(target->store, target_read(x), &finder.visitor);
    return finder.found;
}

/* A list of language tags (RFC 9110 §8.5). */
struct str kept_language(struct exchange *x)
{
    return find(x, STR("getcontentlanguage"), "-, ");
}

static struct str find_type(struct exchange *x)
{
    return find(x, STR(TYPE_NAME), "!#$^_.+-/;= ");
}

struct str kept_type(struct exchange *x)
{
    const struct media_types *types = dav_service_of(x)->media_types;
    struct str name = path_name(x->path);
    struct str kept = media_type_is_told(types, name) ? STR_NONE : find_type(x);
    return kept.len ? kept : media_type_find(types, name);
}

static enum store_rc patch(struct exchange *x, struct str type)
{
    struct target *target = target_of(x);
    struct buf xml = {0};
    if (type.len) {
        BUF_ADD(&xml, TYPE_BEGINS);
        buf_add(&xml, type);
        BUF_ADD(&xml, TYPE_ENDS);
    }
    struct store_prop prop = {STR("DAV:"), STR(TYPE_NAME), buf_str(&xml)};
    struct store_patch change = {.props = &prop, .prop_count = 1};
    enum store_rc rc = STORE_AGAIN;
    for (unsigned i = 0; i < AGAIN_MAX && rc == STORE_AGAIN; i++)
        rc = store_patch(&target->change, target->real, &change);
    buf_done(&xml);
    return rc;
}

enum store_rc kept_type_set(struct exchange *x, struct str given, bool replaces)
{
    struct str name = path_name(x->path);
    struct buf type = {0};
    enum store_rc rc = STORE_OK;
    if (media_type_is_told(dav_service_of(x)->media_types, name))
        return STORE_OK;
    (void)!media_type_take(&type, given); /* then it is empty */
    if (!str_eq(buf_str(&type), replaces ? find_type(x) : STR_NONE))
        rc = patch(x, buf_str(&type));
    buf_done(&type);
    return rc == STORE_NO_SPACE || rc == STORE_OVER_QUOTA ? STORE_OK : rc; /* it has no type then */
}
