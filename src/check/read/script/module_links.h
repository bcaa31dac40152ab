/* check/read/script/module_links.h: what a script imports: `import "./x.js"`, and import("./x.js")
 * of a string that stands there. */
#pragma once

#include "check/read/link.h"

struct module_links;

/* Borrows the finder until freed. Only a module can have the declarations; other scripts have the
 * calls. `at` is where the script begins in its document. Gives. */
NODISCARD struct module_links *module_links_new(struct finder *finder, bool is_module,
                                                struct html_position at);
void module_links_free(struct module_links *links);

/* More of it, at any split, in UTF-8. */
void module_links_feed(struct module_links *links, struct str bytes);
