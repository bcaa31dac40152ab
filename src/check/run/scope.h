/* check/run/scope.h: which links are looked at, which are followed, and what they are changed to.
 */
#pragma once

#include "base/err.h"
#include "check/read/link.h"
#include "check/run/options.h"
#include "check/url/url.h"

struct scope;

/* All URLs and texts have a NUL behind them. */

/* Compiles the expressions of the options, which are borrowed. NULL: one is none, `err` says which.
 * Gives. */
NODISCARD struct scope *scope_new(const struct check_options *options, struct err *err);
void scope_free(struct scope *scope);

/* A start: what is beneath its folder on its host is inside, unless --scope says otherwise. */
void scope_add_start(struct scope *scope, const struct url *url);

/* A folder of local files, "file:///site/", that will be the root of a site. Copies. */
void scope_add_root(struct scope *scope, struct str folder);

/* The path of the root that the local file at `url` will be beneath, "/site/". False: there is
 * none. Valid until the next root is added. */
bool scope_root_of(const struct scope *scope, struct str url, struct str *path_out);

/* What was added with the two above, of a run that is gone on with. */
void scope_save(const struct scope *scope, struct buf *to);
NODISCARD bool scope_load(struct scope *scope, struct str *bytes);

/* Whether the links of that page are followed. */
bool scope_is_inside(const struct scope *scope, struct str url);

/* Whether it is looked at at all. `url` has no fragment. */
bool scope_is_wanted(const struct scope *scope, struct str url);
/* Whether a fragment may make a difference to that. */
bool scope_sees_fragments(const struct scope *scope);
/* The same of a link that has one; `wants_url` is what the other has said of `url`, `whole` is the
 * URL with its fragment. */
bool scope_wants_link(const struct scope *scope, bool wants_url, struct str url, struct str whole);
/* The same of what is no URL. */
bool scope_wants_text(const struct scope *scope, struct str text);
/* Whether places of that kind count. */
bool scope_wants_place(const struct scope *scope, enum link_kind kind);
/* Whether a fragment is looked for. */
bool scope_wants_fragment(const struct scope *scope, struct str fragment);

/* Whether a text will do as an expression, or for --remap or --exclude-place. */
NODISCARD bool scope_check_pattern(const char *text, struct err *err);
NODISCARD bool scope_check_remap(const char *text, struct err *err);
NODISCARD bool scope_check_place(const char *text, struct err *err);

/* What --remap makes of it, in `to`, and the folder that TO names before anything is taken from the
 * URL. False: it stays as it is. */
bool scope_remap(const struct scope *scope, struct str url, struct buf *to, struct str *folder_out);
