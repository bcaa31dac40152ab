/* store/store.h: the storage contract. docs/store-contract.md numbers its promises; the suite in
 * tests/contract/ holds every backend to them.
 *
 * Paths are as locate() gave them: it alone follows links. Where a link has come into the way
 * since, a call says ALIAS and has done nothing; so what was judged by its path is what is opened.
 *
 * Calls may come from any thread at any time. Reads see each change whole or not at all. Changes
 * are made under a claim (store/claim.h) that covers them. Only what is marked "quick" may be
 * called on a loop thread; the rest may block. */
#pragma once

#include "base/limits.h"
#include "store/claim.h"
#include "store/types.h"
#include "stream/sink.h"

struct store;
struct store_content;
struct store_cursor;
struct store_upload;

enum store_durability {
    DURABILITY_FLUSH, /* acknowledged means on disk: survives power loss */
    DURABILITY_LAZY,  /* acknowledged means with the kernel: survives kill -9 */
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
    enum store_durability durability;
    const struct limits *limits; /* must outlive the store */
    /* The root has come to be somewhere else, and can be opened there; called again, at most once a
     * second, as long as this store is asked for what it cannot know. Any thread. May be NULL. */
    void (*moved)(void *arg);
    void *moved_arg;
    /* A store of the same root that is lost, and still open: its state is taken over where that is
     * the same. NULL: none. */
    struct store *before;
};

struct store_ops {
    const char *name;

    /* Reads wait for something slower than the page cache: even quick ones belong on a worker. */
    bool reads_block;
    /* So does `quota`, which is not quick then. */
    bool quota_blocks;
    /* lock() and unlock() wait for a disk. Otherwise they are quick. */
    bool locks_block;

    void (*close)(struct store *store); /* frees */

    /* Quick. The resource that the path really names, where aliases exist (symbolic links, other
     * Unicode forms of a name): what all other calls ask for, and what claims, locks and properties
     * are kept under. The last segment need not exist. DENIED: it leads out of the store. Gives
     * memory from the arena. */
    enum store_rc (*locate)(struct store *store, struct arena *arena, struct res_path path,
                            enum locate_what what, struct res_path *real_out);

    /* Quick. */
    enum store_rc (*stat)(struct store *store, struct res_path path, struct store_stat *stat_out);

    /* Quick. Opens content for reading: what is read is what was there at this moment, whatever is
     * put there later. IS_COLLECTION for a collection. Gives; close it. */
    enum store_rc (*open)(struct store *store, struct res_path path,
                          struct store_content **content_out);

    /* A cursor over the members of a collection, in no order. Gives; close it. */
    enum store_rc (*list)(struct store *store, struct res_path path,
                          struct store_cursor **cursor_out);

    /* Quick: does nothing yet. An upload to `path`; its bytes go to upload->sink, whose code is a
     * store_rc. size_bytes: what will come; UINT64_MAX: unknown. Gives; commit or abort, then
     * close. Not quick where quota_blocks. */
    enum store_rc (*upload)(struct store *store, struct res_path path, uint64_t size_bytes,
                            struct store_upload **upload_out);

    /* EXISTS, NO_PARENT: nothing changed. */
    enum store_rc (*mkcol)(struct store *store, struct res_path path);

    /* Tree operations: on past failing members, each reported to the visitor. OK: all done.
     * PARTIAL: all but what was reported. Any other: nothing was changed. Locks and dead
     * properties go with what is removed; dead properties follow what is copied or moved, locks
     * never do. copy and move replace what is at `to`, if it is a resource (DENIED otherwise); a
     * lock that is rooted there stays. */
    enum store_rc (*remove)(struct store *store, struct res_path path,
                            struct store_visitor *visitor);
    enum store_rc (*copy)(struct store *store, const struct store_transfer *transfer,
                          struct store_visitor *visitor);
    enum store_rc (*move)(struct store *store, const struct store_transfer *transfer,
                          struct store_visitor *visitor);

    /* Quick. False: the resource has no dead properties for sure. */
    bool (*may_have_props)(struct store *store, struct res_path path);
    /* Shows all dead properties, sorted by namespace and name; none where there is no resource.
     * OK, or why it or the visitor has failed; what was shown until then was shown. */
    enum store_rc (*props)(struct store *store, struct res_path path,
                           struct store_prop_visitor *visitor);
    /* NOT_FOUND; NO_SPACE: there would be too many, or too much. Nothing changed then. */
    enum store_rc (*patch)(struct store *store, struct res_path path,
                           const struct store_patch *patch);

    /* Quick. False: there is no lock anywhere. */
    bool (*has_locks)(struct store *store);
    /* Quick. Live locks only. Gives memory from the arena. */
    enum store_rc (*locks)(struct store *store, struct arena *arena, struct res_path path,
                           enum lock_query query, struct lock_list *locks_out);
    /* Adds a lock, or replaces the one with that token. Its resource may be about to be made.
     * Copies. NO_SPACE: the limits allow no more. */
    enum store_rc (*lock)(struct store *store, const struct lock *lock);
    /* NOT_FOUND when no live lock has the token. */
    enum store_rc (*unlock)(struct store *store, struct str token);

    /* Quick, unless quota_blocks. */
    enum store_rc (*quota)(struct store *store, struct res_path path,
                           struct store_quota *quota_out);

    /* Quick. Whether nothing can be changed at that path, whatever is there. NULL: never. */
    bool (*is_read_only)(struct store *store, struct res_path path);

    /* Quick. How names are told apart at that path, once it has been located. NULL: all are. */
    enum store_folding (*folds)(struct store *store, struct res_path path);

    /* Quick. Whether what was opened as the root is no longer to be found there: everything is
     * UNAVAILABLE until it is, or until another store is opened. NULL: never. */
    bool (*is_lost)(struct store *store);

    /* Quick. As claims_take() and claims_release(). */
    bool (*claim)(struct store *store, struct claim *claim);
    void (*release)(struct store *store, struct claim *claim);
};

struct store {
    const struct store_ops *ops;
};

/* The same of any store. */
static inline enum store_folding store_folds(struct store *store, struct res_path path)
{
    return store->ops->folds ? store->ops->folds(store, path) : STORE_FOLDS_NOTHING;
}

struct store_content_ops {
    /* `len` bytes from `offset` on. Borrows the content until closed; memory from the arena. */
    struct source *(*source)(struct store_content *content, struct arena *arena, uint64_t offset,
                             uint64_t len);
    void (*close)(struct store_content *content);
};

struct store_content {
    const struct store_content_ops *ops;
    struct store_stat stat;
};

struct store_cursor_ops {
    /* OK: *member_out is the next; END: there is no more; any other: the listing failed. */
    enum store_rc (*next)(struct store_cursor *cursor, struct store_member *member_out);
    void (*close)(struct store_cursor *cursor);
};

struct store_cursor {
    const struct store_cursor_ops *ops;
    bool is_quick; /* next() is: it answers from memory */
};

struct store_upload_ops {
    /* Makes what was written visible in one step. NO_PARENT, IS_COLLECTION, EXISTS: nothing
     * changed; at a collection IS_COLLECTION, whatever is expected. *stat_out is the resource as
     * put. */
    enum store_rc (*commit)(struct store_upload *upload, const struct store_commit *options,
                            struct store_stat *stat_out);
    /* Also aborts what was not committed: leaves no trace. */
    void (*close)(struct store_upload *upload);
};

struct store_upload {
    const struct store_upload_ops *ops;
    struct sink sink;
};

/* Close what a pointer holds and clear it. NULL is fine. */
void store_close(struct store **store);
void store_content_close(struct store_content **content);
void store_cursor_close(struct store_cursor **cursor);
void store_upload_close(struct store_upload **upload);
