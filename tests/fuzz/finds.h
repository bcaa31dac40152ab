/* fuzz/finds.h: what a reader of documents found, as text, so that two ways of reading compare. */
#pragma once

#include "base/buf.h"
#include "check/read/link.h"

struct finds {
    struct finder finder;
    struct buf lines;
};

static inline void finds_link(struct finder *finder, const struct found_link *link)
{
    struct finds *finds = CONTAINER_OF(finder, struct finds, finder);
    assert(link->kind < LINK_KIND_COUNT);
    buf_addf(&finds->lines, "%d %u:%u ", (int)link->kind, link->at.line, link->at.column);
    buf_add(&finds->lines, link->raw);
    buf_add_char(&finds->lines, '\0');
    buf_add(&finds->lines, link->text);
    buf_add_char(&finds->lines, '\n');
}

static inline void finds_text(struct finder *finder, struct str text)
{
    struct finds *finds = CONTAINER_OF(finder, struct finds, finder);
    buf_add(&finds->lines, text);
    buf_add_char(&finds->lines, '\n');
}

static inline void finds_leave(struct finder *finder)
{
    finds_text(finder, STR_NONE);
}

static inline struct finds finds_new(void)
{
    return (struct finds){.finder = {.link = finds_link,
                                     .base = finds_text,
                                     .anchor = finds_text,
                                     .enter = finds_text,
                                     .leave = finds_leave}};
}
