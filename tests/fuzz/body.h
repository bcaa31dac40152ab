/* tests/fuzz/body.h: what the targets for XML request bodies share. */
#pragma once

#include "base/limits.h"
#include "exchange/result.h"
#include "fuzz.h"

/* Small ones, that a fuzzer reaches. */
extern const struct limits body_limits;

/* The result is one that the XML explains: a body is taken only if it is well-formed, within the
 * limits and of that document element in DAV:, and each fault has its status. */
void body_check_result(struct str body, struct str root, struct dav_result result);

/* Appends the body with `child` as the last child of its document element. False: where that ends
 * cannot be told without reading it. */
bool body_insert(struct buf *to, struct str body, struct str child);

/* Appends, for each element at `depth`, what support/xml_tree.h logs of it, and a BODY_END. */
#define BODY_END '\x1d'
void body_log_trees(struct buf *to, struct str body, unsigned depth);

/* Two elements that stand alone are the same tree; both may be empty. Their texts may differ: a
 * declaration that is in force anyway is written once. */
bool body_is_same_tree(struct str a, struct str b);

/* The log's first name is that one; and the character data of a log, put together. */
bool body_log_is_of(struct str log, struct str ns, struct str name);
void body_log_text(struct buf *to, struct str log);
