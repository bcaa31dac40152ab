/* store/types.h: the vocabulary of the storage contract (store/store.h). */
#pragma once

#include "stream/content_hash.h"
#include "stream/source.h"
#include "text/path.h"

/* What became of an operation: the second of davit's three error vocabularies. */
enum store_rc {
    STORE_OK,
    STORE_END,           /* a cursor has no more members */
    STORE_PARTIAL,       /* a tree operation left out the members that it reported */
    STORE_NOT_FOUND,     /* there is no such resource */
    STORE_NO_PARENT,     /* what should hold it is missing, or is no collection */
    STORE_EXISTS,        /* there is something of that name already */
    STORE_IS_COLLECTION, /* a collection, where content is wanted */
    STORE_DENIED,        /* no permission, a reserved name, or outside the root */
    STORE_MOUNT,         /* a mount begins there, or below it, which stays where it is */
    STORE_READ_ONLY,     /* the file system has become so */
    STORE_SAME,       /* by another name it is, or holds, the other end of the transfer; or may */
    STORE_REFUSED,    /* the visitor of a tree operation said no */
    STORE_NO_SPACE,   /* disk, or a limit on what is kept */
    STORE_OVER_QUOTA, /* the mount's */
    STORE_ALIAS,      /* a link stands there, or on the way: locate() says where it leads */
    STORE_NAME_TOO_LONG,
    STORE_BUSY,        /* memory or descriptors are used up for now */
    STORE_TOO_DEEP,    /* more collections within collections than walk_depth */
    STORE_UNAVAILABLE, /* for now: nobody can say what is there */
    STORE_AGAIN,       /* of a change: what it rests on is so no more; nothing has changed */
    STORE_UNKNOWN,     /* the change was made, and nobody can say whether it will last; logged */
    STORE_LOCKED,      /* at another server, which has it: the token is missing */
    STORE_BAD_ORIGIN,  /* another server, which has it, refuses or fails; logged */
    STORE_NO_ANSWER,   /* another server has not answered: nobody knows what was done; logged */
    STORE_LENGTH,      /* the content is longer or shorter than was announced */
    STORE_HASH,        /* it has another hash than was announced */
    STORE_DONE,        /* a resumable upload: it was committed before */
    STORE_FAILED,      /* the disk or the database failed; logged where it was seen */
};

/* No time of any file: those before 1970 are negative. */
#define STORE_TIME_UNKNOWN INT64_MIN

/* A resource as it is now. */
struct store_stat {
    bool is_collection;
    bool is_executable;
    bool may_have_hashes; /* store_hashes() is worth asking; false where not wanted */
    uint64_t size_bytes;  /* 0 for a collection */
    uint64_t version;     /* differs whenever the content does; what a strong entity tag needs */
    int64_t modified_s;   /* since 1970; STORE_TIME_UNKNOWN: not known */
    int64_t created_s;    /* since 1970; negative: not known, or not wanted */
    uint64_t id;          /* its own wherever it moves, and above 0; 0: not known, or not wanted */
};

/* Of what is there, and of which no more is known than what it is. */
static inline struct store_stat store_stat_unknown(bool is_collection)
{
    return (struct store_stat){
        .is_collection = is_collection, .modified_s = STORE_TIME_UNKNOWN, .created_s = -1};
}

/* A member of a collection, as a cursor finds it. */
struct store_member {
    struct str name;  /* borrows until the cursor moves or closes */
    enum store_rc rc; /* OK, or why nothing is known of it but its name */
    struct store_stat stat;
    bool is_link;  /* nothing else is known of it: locate() says where it leads, if anywhere */
    bool is_mount; /* of a view: one begins there; so it is a collection, whatever `rc` says */
};

/* A dead property: its whole element as text that stands on its own (xml/fragment.h). */
struct store_prop {
    struct str ns;
    struct str name;
    struct str xml;
};

struct store_props {
    struct store_prop *items;
    size_t count;
};

/* To whom the dead properties of a resource are shown, one after the other. Embedded. */
struct store_prop_visitor {
    /* Whether to show this one: its value is not looked at otherwise. NULL: all. */
    bool (*wants)(struct store_prop_visitor *visitor, struct str ns, struct str name);

    /* The property is the store's, and gone when this returns. OK: go on; END: it is enough;
     * any other is why it has failed. Must not change the store. */
    enum store_rc (*show)(struct store_prop_visitor *visitor, const struct store_prop *prop);
};

/* Changes to one resource that are made together or not at all. */
struct store_patch {
    struct store_prop *props; /* xml empty: remove */
    size_t prop_count;
    bool sets_modified;
    int64_t modified_s;
    bool sets_executable;
    bool is_executable;
    bool sets_acl;  /* where the traits say has_acls; otherwise DENIED */
    struct str acl; /* empty: the resource has none of its own */
};

/* A write lock (RFC 4918 §6). */
struct lock {
    struct str token;     /* "urn:uuid:…" */
    struct res_path root; /* the resource that was locked */
    bool is_exclusive;
    bool is_infinite;     /* Depth: infinity */
    struct str owner_xml; /* the owner element, or empty */
    struct str principal; /* who holds it; empty: anonymous */
    uint32_t timeout_s;   /* as granted */
    int64_t expires_ms;   /* by clock_boot_ms(): no setting of the clock frees it or prolongs it */
};

struct lock_list {
    struct lock *items;
    size_t count;
};

/* Which locks are asked for. */
enum lock_query {
    LOCKS_COVERING, /* those rooted at the path, and infinite ones above it */
    LOCKS_WITHIN,   /* those rooted at the path or below it */
};

struct store_quota {
    bool is_known;
    uint64_t available_bytes; /* at most INT64_MAX */
    uint64_t used_bytes;
};

/* What a tree operation asks and tells on its way. Embedded in who starts it. Of the store, its
 * functions may ask for locks and stat resources, and nothing else. */
struct store_visitor {
    /* May this resource be removed, moved, or given other members? 0: yes. Any other value comes
     * back in `failed`, and nothing is asked or changed below it. Asked top down, about the target
     * too. */
    unsigned (*refuse)(struct store_visitor *visitor, struct res_path path);

    /* Could `refuse` say no to `path` or to anything below it? False lets a whole tree move in one
     * step, and what lies deeper than walk_depth go without further questions. */
    bool (*may_refuse)(struct store_visitor *visitor, struct res_path path);

    /* A member could not be dealt with. `reason` is what `refuse` said, 0 otherwise. */
    void (*failed)(struct store_visitor *visitor, struct res_path path, bool is_collection,
                   enum store_rc rc, unsigned reason);

    /* May this resource be copied? Asked top down about the members of what is copied, as
     * `refuse`; the target may be asked about, too. NULL: all of them. */
    unsigned (*refuse_copy)(struct store_visitor *visitor, struct res_path path);

    /* The member `path` is a link: may what it leads to, `real`, be copied in its place? As
     * `refuse_copy`; NULL: always. */
    unsigned (*refuse_link)(struct store_visitor *visitor, struct res_path path,
                            struct res_path real);
};

/* A copy or a move. */
struct store_transfer {
    struct res_path from;
    struct res_path to;
    bool is_deep;        /* of a collection with its members; a move always is */
    bool expects_absent; /* STORE_EXISTS when there is something, or comes meanwhile */
    bool shares_content; /* a copy of a file may be a second name of it: whatever is put in the
                          * place of the one leaves the other as it is */
    struct str mark;     /* of a view: a name that is nowhere, in the ranges beside `to` */
};

/* What has been looked at, and is rested on. */
struct store_seen {
    bool exists; /* a resource */
    bool has_version;
    uint64_t version; /* of its content, where that matters */
};

/* How an upload becomes visible. */
struct store_commit {
    bool expects_absent; /* STORE_EXISTS when there is something (If-None-Match: *) */
    /* STORE_AGAIN when something else is there by now, whoever made it. NULL: it does not matter.
     * Borrows until it is committed. */
    const struct store_seen *seen;
    bool sets_modified;
    int64_t modified_s;
    bool sets_created; /* where the storage can keep it; the stat says whether it does */
    int64_t created_s;
    const struct content_hashes *hashes; /* of the content; NULL: none are known */
    /* For what is brought from another store, where the store's traits say that it keeps it; of
     * others it is the storage's own. */
    bool sets_version;
    uint64_t version;
};

/* A lock that is wanted. */
struct lock_wish {
    const struct lock *lock; /* a known token: in the place of that lock */
    bool makes_resource;     /* an empty one, in the same step; EXISTS where there is something */
};
