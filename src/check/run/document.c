/* A document while it is read. What its links are relative to is known at its end only: <base> may
 * stand behind them, and a part of a feed may have a base of its own, relative to that of the part
 * around it. So links are held until then, their texts in one buffer, and beside them the bases of
 * parts as they were written; a link has the number of its base. A base is made a URL when the
 * first link asks for it, and links that follow each other mostly have the same.
 *
 * Names are told of at once: nothing that comes later changes them.
 *
 * Rejected: URLs in place of texts, made as they come, which would be wrong before a <base>. */
#include "check/run/document.h"

#include "base/mem.h"

enum { HELD_MIN = 64, BASES_MIN = 4 };

static uint32_t hold_text(struct document *document, struct str text)
{
    uint32_t at = u32_of_size(document->held_text.len);
    buf_add(&document->held_text, text);
    return at;
}

static void on_link(struct finder *finder, const struct found_link *link)
{
    struct document *document = CONTAINER_OF(finder, struct document, finder);
    if (document->held_count == document->held_cap) {
        document->held_cap = size_max(HELD_MIN, document->held_cap * 2);
        document->held = mem_resize(document->held, document->held_cap * sizeof(*document->held));
    }
    struct held_link *held = &document->held[document->held_count++];
    held->kind = link->kind;
    held->base = document->inner_base;
    held->at = link->at;
    held->raw = hold_text(document, link->raw);
    held->raw_len = u32_of_size(link->raw.len);
    held->text = hold_text(document, link->text);
    held->text_len = u32_of_size(link->text.len);
}

static void on_base(struct finder *finder, struct str href)
{
    struct document *document = CONTAINER_OF(finder, struct document, finder);
    struct url base = {0};
    if (url_parse(&base, href, &document->base, NULL) && !document->has_base) {
        url_copy(&document->place, &document->base);
        url_copy(&document->base, &base);
        document->has_base = true;
    }
    url_done(&base);
}

/* Of many parts that follow each other with the same base, as in feeds, one is kept. */
static void on_enter(struct finder *finder, struct str href)
{
    struct document *document = CONTAINER_OF(finder, struct document, finder);
    const struct held_base *last =
        document->base_count ? &document->held_bases[document->base_count - 1] : NULL;
    bool is_same = last && last->outer == document->inner_base &&
                   str_eq(href, str_of(document->held_text.at + last->href, last->href_len));
    if (!is_same && document->base_count == document->base_cap) {
        document->base_cap = size_max(BASES_MIN, document->base_cap * 2);
        document->held_bases =
            mem_resize(document->held_bases, document->base_cap * sizeof(*document->held_bases));
    }
    if (!is_same)
        document->held_bases[document->base_count++] = (struct held_base){
            document->inner_base, hold_text(document, href), u32_of_size(href.len)};
    document->inner_base = u32_of_size(document->base_count);
}

static void on_leave(struct finder *finder)
{
    struct document *document = CONTAINER_OF(finder, struct document, finder);
    document->inner_base = document->held_bases[document->inner_base - 1].outer;
}

static void on_anchor(struct finder *finder, struct str name)
{
    struct document *document = CONTAINER_OF(finder, struct document, finder);
    if (document->target != TARGET_NONE)
        site_add_name(document->site, document->target, name);
}

static void hold_nothing(struct document *document, struct site *site, uint32_t target)
{
    document->site = site;
    document->target = target;
    document->held_count = document->base_count = 0;
    document->inner_base = document->found_base_of = 0;
    buf_clear(&document->held_text);
    document->has_base = false;
}

void document_begin_members(struct document *document, struct site *site, uint32_t target)
{
    document->finder = (struct finder){.link = on_link};
    hold_nothing(document, site, target);
}

void document_begin(struct document *document, struct site *site, uint32_t target,
                    enum page_type type, struct str media_type)
{
    document->finder = (struct finder){.link = on_link,
                                       .base = on_base,
                                       .anchor = on_anchor,
                                       .enter = on_enter,
                                       .leave = on_leave};
    hold_nothing(document, site, target);
    document->page = page_new(type, media_type, &document->finder);
}

enum page_type document_type_by_places(const struct target *target, struct str media_type,
                                       struct str path)
{
    if (target->flags & TARGET_IS_MODULE)
        return page_type_of_module(media_type, path);
    return target->flags & TARGET_IS_MANIFEST ? page_type_of_manifest(media_type, path) : PAGE_NONE;
}

void document_drop(struct document *document)
{
    page_free(document->page);
    document->page = NULL;
}

void document_done(struct document *document)
{
    document_drop(document);
    url_done(&document->base);
    url_done(&document->place);
    url_done(&document->found_base);
    mem_free(document->held);
    mem_free(document->held_bases);
    buf_done(&document->held_text);
}

const struct url *document_place(const struct document *document)
{
    return document->has_base ? &document->place : &document->base;
}

struct found_link document_link(const struct document *document, size_t number)
{
    const struct held_link *held = &document->held[number];
    return (struct found_link){
        .raw = str_of(document->held_text.at + held->raw, held->raw_len),
        .text = str_of(document->held_text.at + held->text, held->text_len),
        .at = held->at,
        .kind = held->kind,
    };
}

/* One that is no URL changes nothing. */
static void find_base(struct document *document, uint32_t number)
{
    struct url inner = {0};
    if (number == 0) {
        url_copy(&document->found_base, &document->base);
        return;
    }
    const struct held_base *base = &document->held_bases[number - 1];
    find_base(document, base->outer); /* as deep as readers go: a few dozen */
    struct str href = str_of(document->held_text.at + base->href, base->href_len);
    if (url_parse(&inner, href, &document->found_base, NULL))
        url_copy(&document->found_base, &inner);
    url_done(&inner);
}

/* url(#x) is about the document itself, whatever its base is (CSS Values 4 §4.5.1). */
static bool is_of_document(const struct document *document, const struct held_link *held)
{
    bool is_css = held->kind == LINK_CSS_URL || link_rows[held->kind].form == FORM_STYLE;
    return is_css && held->raw_len && document->held_text.at[held->raw] == '#';
}

const struct url *document_link_base(struct document *document, size_t number)
{
    uint32_t base = document->held[number].base;
    if (document->has_base && is_of_document(document, &document->held[number]))
        return &document->place;
    if (base == 0)
        return &document->base;
    if (document->found_base_of != base)
        find_base(document, base);
    document->found_base_of = base;
    return &document->found_base;
}
