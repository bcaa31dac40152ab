/* dav/prop/live.h: live properties, from props.def. */
#pragma once

#include "dav/prop/prop.h"

enum { DAV_PROPS_MAX = 256 };
extern const struct dav_prop *const dav_props;
extern size_t dav_prop_count;
extern bool dav_props_may_block; /* the getter of one of them */

/* One more, of an extension (dav/extension.h). False: there is no room. */
NODISCARD bool dav_prop_add(const struct dav_prop *prop, size_t extension, bool may_be_off);

/* Getters that have a file of their own: dav/prop/rights.c. */
bool prop_owner(const struct prop_target *target, struct buf *to);
bool prop_current_user_principal(const struct prop_target *target, struct buf *to);
bool prop_principal_collection_set(const struct prop_target *target, struct buf *to);
bool prop_supported_privilege_set(const struct prop_target *target, struct buf *to);
bool prop_current_user_privilege_set(const struct prop_target *target, struct buf *to);
bool prop_acl(const struct prop_target *target, struct buf *to);
bool prop_acl_restrictions(const struct prop_target *target, struct buf *to);

/* In dav/prop/changes.c. */
bool prop_sync_token(const struct prop_target *target, struct buf *to);
bool prop_getctag(const struct prop_target *target, struct buf *to);
bool prop_getetag(const struct prop_target *target, struct buf *to);

/* In dav/prop/synced.c. */
bool prop_oc_id(const struct prop_target *target, struct buf *to);
bool prop_oc_fileid(const struct prop_target *target, struct buf *to);
bool prop_oc_permissions(const struct prop_target *target, struct buf *to);
bool prop_oc_size(const struct prop_target *target, struct buf *to);
bool prop_oc_share_types(const struct prop_target *target, struct buf *to);
bool prop_oc_download(const struct prop_target *target, struct buf *to);
bool prop_nc_creation_time(const struct prop_target *target, struct buf *to);

/* In dav/prop/hashes.c. */
bool prop_checksums(const struct prop_target *target, struct buf *to);

/* And in dav/principal.c. */
bool prop_principal_url(const struct prop_target *target, struct buf *to);
bool prop_alternate_uri_set(const struct prop_target *target, struct buf *to);
bool prop_group_membership(const struct prop_target *target, struct buf *to);
bool prop_group_member_set(const struct prop_target *target, struct buf *to);

/* NULL when it is no live property. */
const struct dav_prop *dav_prop_find(struct str ns, struct str name);

/* The same property, or NULL where to who asks it is no live one, or was none. */
const struct dav_prop *dav_prop_told(const struct exchange *x, const struct dav_prop *prop);

/* Whether whoever asks may do that to it: by the rules, and by what it is. */
bool prop_may(const struct prop_target *target, enum access_class class);
