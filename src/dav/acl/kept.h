/* dav/acl/kept.h: what a store keeps with resources of who may do what with them, for those who
 * judge. */
#pragma once

#include "access/acl/acl.h"
#include "exchange/exchange.h"
#include "store/store.h"

struct kept_acl;

/* Three of struct handler_ops. */
const struct acl *dav_acls(const struct exchange *x, struct arena *arena, struct res_path path);
bool dav_acls_differ_below(const struct exchange *x, struct res_path path);
uint64_t dav_acls_mark(const struct exchange *x, struct res_path path);

/* Whether anything can be kept with what is at the path. */
bool dav_keeps_acl(struct store *store, struct res_path path);

/* What was found, as those judge it who have no exchange. Memory from the arena. */
const struct acl *dav_acls_of(const struct kept_acl *kept, struct arena *arena);

/* What holds there; NULL: nothing. Memory from the arena. */
const struct kept_acl *dav_acl_find(struct store *store, struct arena *arena, struct res_path path);
