#include "check/run/document.h"

#include "base/mem.h"

enum { HELD_MIN = 64 };

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
        url_copy(&document->base, &base);
        document->has_base = true;
    }
    url_done(&base);
}

static void on_anchor(struct finder *finder, struct str name)
{
    struct document *document = CONTAINER_OF(finder, struct document, finder);
    if (document->target != TARGET_NONE)
        site_add_name(document->site, document->target, name);
}

void document_begin(struct document *document, struct site *site, uint32_t target,
                    enum page_type type, struct str media_type)
{
    document->finder = (struct finder){on_link, on_base, on_anchor};
    document->site = site;
    document->target = target;
    document->held_count = 0;
    buf_clear(&document->held_text);
    document->has_base = false;
    document->page = page_new(type, media_type, &document->finder);
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
    mem_free(document->held);
    buf_done(&document->held_text);
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
