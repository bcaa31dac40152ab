/* check/run/discover.h: from a link to a target, and to its place. */
#pragma once

#include "check/run/document.h"
#include "check/run/state.h"

/* Where the link was found. */
struct link_context {
    uint32_t page; /* TARGET_NONE: the command line */
    const struct url *base;
    struct url_encoder *encoder;
    unsigned depth;
};

/* Makes a place of it, and what has to be looked at for it a target. */
void link_add(struct crawl *crawl, const struct link_context *context,
              const struct found_link *link);
/* The links that it holds. */
void document_add_links(struct crawl *crawl, struct document *document);
/* A document has come to its end: its links are added where they are followed, within --max-pages.
 * Returns whether they are. */
bool document_read(struct crawl *crawl, struct document *document);

/* A page that is watched was read (traps.h). True: `far` (appended) is to be asked for. */
bool document_wants_far(struct crawl *crawl, const struct host *host,
                        const struct document *document, struct buf *far, uint32_t *number_out);
/* Whether what stands at `url` leads to pages that would be followed, and that nobody else leads to
 * yet. */
bool document_leads_on(struct crawl *crawl, struct document *document, struct str url);

/* A target has its verdict, and nobody wanted a name in it when it was asked for: if somebody has
 * since, and it was not read, it is asked for once more. */
void target_names_came_late(struct crawl *crawl, uint32_t id);

/* Where the redirect of `from` leads. TARGET_NONE: to nothing that is a URL. */
uint32_t link_redirect(struct crawl *crawl, uint32_t from, struct str location);
