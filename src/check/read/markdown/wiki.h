/* check/read/markdown/wiki.h: links of wikis, "[[Page]]", which Markdown does not have. */
#pragma once

#include "base/buf.h"

enum wikilinks {
    WIKILINKS_OFF,
    WIKILINKS_GITHUB,   /* [[title|Some Page]] leads to Some-Page.md */
    WIKILINKS_OBSIDIAN, /* [[Some Page|title]] leads to Some Page.md */
};

/* The next one in `*rest`, which is cut off behind it: its address, appended, and its title. False:
 * there is none. */
bool wiki_take(struct str *rest, enum wikilinks style, struct buf *url, struct str *title_out);
