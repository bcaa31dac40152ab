/* check/read/script/json_links.h: the links of JSON-LD, of import maps, and of the manifests of web
 * applications: rows of links.def, whose attributes are the keys that lead to them. */
#pragma once

#include "check/read/link.h"

enum json_document { JSON_LD, JSON_IMPORT_MAP, JSON_MANIFEST };

struct json_links;

/* Borrows the finder until freed. `at` is where the text begins in its document. Gives. */
NODISCARD struct json_links *json_links_new(struct finder *finder, enum json_document document,
                                            struct html_position at);
void json_links_free(struct json_links *links);

/* More of it, at any split, in UTF-8. What is no JSON is read up to the fault. */
void json_links_feed(struct json_links *links, struct str bytes);
