/* check/run/document.h: a document that is read, and its links until it ends. */
#pragma once

#include "check/model/site.h"
#include "check/run/page.h"
#include "check/url/url.h"

/* A link that waits for the end of its page, which may say another base. Texts are offsets. */
struct held_link {
    enum link_kind kind;
    uint32_t base; /* one of held_bases plus one; 0: the document's */
    struct html_position at;
    uint32_t raw, raw_len;
    uint32_t text, text_len;
};

/* The base of a part of the document, relative to that of the part around it. */
struct held_base {
    uint32_t outer; /* as in held_link */
    uint32_t href, href_len;
};

/* A zeroed one has nothing to be freed. */
struct document {
    struct finder finder;
    struct site *site;
    uint32_t target;
    struct page *page; /* NULL: nothing of it is read */
    struct url base;   /* of its links: where it is, until the document says another */
    bool has_base;     /* it has said one */
    struct url place;  /* then: where it is */
    struct held_link *held;
    size_t held_count, held_cap;
    struct buf held_text;

    struct held_base *held_bases;
    size_t base_count, base_cap;
    uint32_t inner_base;   /* where the document stands; as in held_link */
    struct url found_base; /* what found_base_of came to */
    uint32_t found_base_of;
};

/* Begins to read one, from its start. Its names become those of `target`; TARGET_NONE: nobody
 * wants them. Borrows the site until done. */
void document_begin(struct document *document, struct site *site, uint32_t target,
                    enum page_type type, struct str media_type);
/* What `target`, which by its type alone is nothing that is read, is read as because of the places
 * that lead there; PAGE_NONE: nothing. */
enum page_type document_type_by_places(const struct target *target, struct str media_type,
                                       struct str path);
/* The same of a 207, whose members are held as links. */
void document_begin_members(struct document *document, struct site *site, uint32_t target);
/* Reads no more of it. */
void document_drop(struct document *document);
void document_done(struct document *document);

/* Where it is, whatever base it says it has. */
const struct url *document_place(const struct document *document);

/* One of its links, `number` of `held_count`. Valid until the next one is held. */
struct found_link document_link(const struct document *document, size_t number);
/* What that is relative to; once the document has ended. Likewise. */
const struct url *document_link_base(struct document *document, size_t number);
