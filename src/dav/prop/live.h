/* dav/prop/live.h: live properties, from props.def. */
#pragma once

#include "access/rules.h"
#include "store/store.h"

/* Namespaces of properties. */
#define NS_DAV            "DAV:"
#define NS_APACHE         "http://apache.org/dav/props/"
#define NS_WINDOWS        "urn:schemas-microsoft-com:"
#define NS_CALENDARSERVER "http://calendarserver.org/ns/"
#define NS_OWNCLOUD       "http://owncloud.org/ns"
#define NS_NEXTCLOUD      "http://nextcloud.org/ns"

enum {
    PROP_IN_ALLPROP = 1,
    PROP_PROTECTED = 2,     /* PROPPATCH may not change it */
    PROP_OVERRIDABLE = 4,   /* a dead property of that name is its value */
    PROP_SETS_MODIFIED = 8, /* setting it sets the time of modification */
    PROP_SETS_EXECUTABLE = 16,
    PROP_OF_QUOTA = 64,
    PROP_ON_PRINCIPAL = 128, /* principals have it, too; and it tells nothing that is stored */
    PROP_IS_LONG = 32,       /* left out of allprop for clients that limit a listing's size */
    PROP_OF_LOCKS = 256,
    PROP_OF_TYPE = 512, /* a dead property is its value where the name tells none */
    PROP_OF_CREATION = 1024,
    PROP_OF_CONTENT = 2048, /* no collection has it */
    PROP_OF_HASHES = 4096,
    PROP_OF_SYNC = 8192, /* told in the dialect of sync clients alone; elsewhere it is dead */
    PROP_OF_ID = 16384,
};

struct exchange;

/* The resource whose properties are asked for. */
struct prop_target {
    const struct exchange *x; /* who asks */
    struct store *store;      /* the exchange's */
    struct arena *arena;      /* for what a getter needs; dies with the target */
    struct res_path path;     /* as in the URL */
    struct res_path real;     /* as located */
    struct store_stat stat;
    bool is_part;      /* a collection that may not be read, where something in it may */
    bool is_principal; /* a user or a group, and nothing that is in the store */
};

struct dav_prop {
    struct str ns;
    struct str name;
    /* Appends the value's XML. False: the resource has no such property. */
    bool (*get)(const struct prop_target *target, struct buf *to);
    unsigned flags;
};

extern const struct dav_prop dav_props[];
extern const size_t dav_prop_count;

/* Getters that have a file of their own: dav/prop/rights.c. */
bool prop_owner(const struct prop_target *target, struct buf *to);
bool prop_current_user_principal(const struct prop_target *target, struct buf *to);
bool prop_principal_collection_set(const struct prop_target *target, struct buf *to);
bool prop_supported_privilege_set(const struct prop_target *target, struct buf *to);
bool prop_current_user_privilege_set(const struct prop_target *target, struct buf *to);
bool prop_acl(const struct prop_target *target, struct buf *to);
bool prop_acl_restrictions(const struct prop_target *target, struct buf *to);

/* In dav/prop/changes.c. */
bool prop_supported_report_set(const struct prop_target *target, struct buf *to);
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
