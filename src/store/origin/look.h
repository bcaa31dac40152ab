/* store/origin/look.h: what an origin says of its resources (PROPFIND). */
#pragma once

#include "store/origin/origin_state.h"

/* What is at the path now: origin->seen, whose rc it returns. */
enum store_rc look_at(struct origin *origin, struct res_path path);

/* The same; what is known of it already, where that is what was looked at last. */
enum store_rc look_lately(struct origin *origin, struct res_path path);

/* origin->seen is about a resource that was just made there. */
void look_made(struct origin *origin, struct res_path path, bool is_collection);
void look_forget(struct origin *origin);

/* The body of a PROPFIND for all properties. */
struct str look_all(void);

/* A number that differs where tags do, and otherwise size or date. */
uint64_t version_of(struct str tag, const struct store_stat *stat);

/* As store_ops.list. */
enum store_rc look_list(struct store *store, struct res_path path, unsigned wants,
                        struct store_cursor **cursor_out);
