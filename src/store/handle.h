/* store/handle.h: a store and what is opened in it, as those hold them who call it (store/store.h)
 * and those who provide it (store/backend.h). */
#pragma once

#include "base/limits.h"
#include "store/types.h"
#include "stream/sink.h"

struct acl_table;
struct change_log;
struct crew;
struct resumables;
struct store;
struct store_content_ops;
struct store_cursor_ops;
struct store_ops;
struct store_upload_ops;
struct source;

enum store_durability {
    DURABILITY_FLUSH, /* acknowledged means on disk: survives power loss */
    DURABILITY_LAZY,  /* acknowledged means with the kernel: survives kill -9 */
};

/* How the roots of two stores lie to each other, by what they are and not by what they are called.
 */
enum store_roots {
    STORE_ROOTS_APART,
    STORE_ROOTS_ONE,  /* one directory, by one way: one store serves both */
    STORE_ROOTS_MEET, /* one lies in the other, or shows there by a mount */
};

enum locate_what {
    LOCATE_RESOURCE, /* what the path leads to */
    LOCATE_NAME,     /* the same, but for an alias in the last segment: what takes a name away from
                      * a resource, or gives it to another, is about the name */
};

/* Whether names that differ in the case of their letters (or in more: trailing dots, short names)
 * lead to one resource. */
enum store_folding {
    STORE_FOLDS_NOTHING,
    STORE_FOLDS_SOMEWHERE, /* in parts of the tree */
    STORE_FOLDS_ALL,
};

struct store_options {
    const char *root;      /* of the resources; a backend may not need one */
    const char *state_dir; /* of davit's own state; NULL: the backend's default */
    bool is_read_only;
    bool is_alone;  /* nobody else changes what is below the root while it is open */
    bool is_synced; /* what is changed is kept in a change log */
    bool has_acls;  /* who may do what is kept with resources (store_acls()) */
    enum store_durability durability;
    const struct limits *limits; /* must outlive the store */
    /* Who may help where there is much of the same to do; outlives all that is opened in the store.
     * NULL: nobody. */
    struct crew *crew;
    /* The root has come to be somewhere else, and can be opened there; called again, at most once a
     * second, as long as this store is asked for what it cannot know. Any thread. May be NULL. */
    void (*moved)(void *arg);
    void *moved_arg;
    /* A store of the same root that is lost, and still open: its state is taken over where that is
     * the same. NULL: none. */
    struct store *before;
};

/* What a store is like. Set by who opens it, and the same until it is closed. */
struct store_traits {
    /* What may wait for more than the page cache, a lock of a moment, or arithmetic: a disk's
     * flush, a database, a network. */
    bool reads_block; /* what looks at resources, and what store/store.h says is quick */
    bool quota_blocks;
    bool locks_block; /* lock() and unlock() */

    bool counts_bytes;    /* and keeps to change->room: nobody else need count (store_used()) */
    bool keeps_versions;  /* an import may set them, and when a resource was made */
    bool keeps_removed;   /* what is removed or replaced is there for a while (store_kept()) */
    bool has_acls;        /* store_acls() tells of some path */
    bool has_other_names; /* what is in it may be in other stores, too, and nobody can tell */
};

/* What is going to be asked about a resource, or about the members of a listing. */
enum store_wants {
    WANTS_PROPS = 1,   /* store_props() */
    WANTS_LOCKS = 2,   /* store_locks(), LOCKS_COVERING */
    WANTS_CREATED = 4, /* store_stat.created_s, which may be kept elsewhere; else it is negative */
    WANTS_HASHES = 8,  /* store_hashes() */
    WANTS_ID = 16,     /* store_stat.id, likewise; else it is 0 */
    WANTS_TO_REPLACE = 32, /* something else will be there: nothing need be remembered */
    WANTS_ASIDE = 64,      /* of a listing: with the collections that are beside all else */
};

/* Something that is kept after it was deleted or overwritten (store/trash/). */
struct store_kept {
    struct res_path from; /* where it was */
    struct str by;        /* who deleted it; empty: nobody knows */
    int64_t gone_us;      /* when, since 1970 */
    bool is_version;      /* of what may still be there: what it was until then */
    bool is_member; /* of what was deleted or overwritten: what is above all has went with it */
};

struct store {
    const struct store_ops *ops; /* store/backend.h; for the gate alone */
    struct store_traits traits;
    struct change_log *log; /* of what is changed by calls to it; NULL: none. The gate's */
    struct acl_table *acls; /* what is kept with resources; NULL: nothing. Likewise */
};

/* Where a store keeps what it says of who may do what at a path. */
struct acl_place {
    struct acl_table *table; /* NULL: nowhere */
    struct res_path path;    /* there */
    bool has_others_below;   /* below the path it is kept elsewhere, too */
};

/* Quick, whatever the traits say: where it is kept who may do what with the resource, which
 * store_patch() sets: it follows a move, goes with what is removed, stays where content is
 * replaced, and is not copied. No property that is shown tells of it. Gives memory from the arena.
 */
struct acl_place store_acls(struct store *store, struct arena *arena, struct res_path path);

/* --- what was opened --- */

struct store_content {
    const struct store_content_ops *ops;
    struct store_stat stat;
    enum store_rc failure; /* why a source of it fails, where it does; OK: FAILED */
};

struct store_cursor {
    const struct store_cursor_ops *ops;
    bool is_quick;   /* every step answers from memory */
    bool does_block; /* its store's reads do; the gate's */
    unsigned wants;  /* as it was opened with; likewise */
};

/* A file that is complete, and is to be the content of an upload. */
struct store_staged {
    int fd;     /* for reading and writing */
    int dir_fd; /* where it has its name */
    const char *name;
    uint64_t size_bytes;
};

struct store_upload {
    const struct store_upload_ops *ops;
    struct sink sink;
    struct res_path path; /* borrowed; the gate's */
    /* How it is going to be committed, for a store that must tell another server before the bytes:
     * set by who writes it before the first, and borrowed; NULL: that is not known yet. */
    const struct store_commit *plan;
    struct change_log *log; /* of the store that gave it, and the path there: the gate's */
    struct res_path logged;
};
