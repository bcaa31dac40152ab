/* extension/search/schema.h: what can be asked for in a basicsearch (RFC 5323 §4, §5.19). */
#pragma once

#include "dav/walk.h"

/* Answers a query-schema-discovery about that scope. */
enum stage_end search_schema_answer(struct exchange *x, const struct walk_item *scope);
