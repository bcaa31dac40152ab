/* check/read/script/script_links.h: the links of what stands in a <script>, or in a file of its
 * own. */
#pragma once

#include "check/read/link.h"

enum script_kind {
    SCRIPT_NONE, /* nothing that has links */
    SCRIPT_CLASSIC,
    SCRIPT_MODULE,
    SCRIPT_IMPORT_MAP,
    SCRIPT_JSON_LD,
    SCRIPT_MANIFEST, /* of a web application */
};

/* By the attribute `type` of a <script>; empty: it has none. */
enum script_kind script_kind_of(struct str type);

struct script_links;

/* `kind` is not SCRIPT_NONE, `at` is where it begins in its document. Borrows the finder until
 * freed. Gives. */
NODISCARD struct script_links *script_links_new(struct finder *finder, enum script_kind kind,
                                                struct html_position at);
void script_links_free(struct script_links *links);

/* More of it, at any split, in UTF-8. */
void script_links_feed(struct script_links *links, struct str bytes);
