/* dav/prop/prop.h: what a live property is: a row of dav/props.def, or of an extension. */
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
    PROP_OF_OPTION = 32768, /* of an extension that may be off: then it is dead */
    PROP_BLOCKS = 65536,    /* its getter may block */
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
    const struct dav_prop *asked; /* by its getter */
    bool is_part;                 /* a collection that may not be read, where something in it may */
    bool is_principal;            /* a user or a group, and nothing that is in the store */
};

struct dav_prop {
    struct str ns;
    struct str name;
    /* Appends the value's XML. False: the resource has no such property. */
    bool (*get)(const struct prop_target *target, struct buf *to);
    unsigned flags;
    const void *of;   /* what a getter needs to know that has several */
    size_t extension; /* its number, with PROP_OF_OPTION; set by dav_prop_add() */
};
