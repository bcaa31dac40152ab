/* store/backend.h: what a backend provides: for backends, for what wraps one, and for the gate
 * (store/store.c), which alone calls what is in these tables. What each call promises stands in
 * store/store.h, at the function of the same name. */
#pragma once

#include "store/claim.h"
#include "store/handle.h"

struct store_ops {
    const char *name;

    void (*close)(struct store *store); /* frees */

    enum store_rc (*locate)(struct store *store, struct arena *arena, struct res_path path,
                            enum locate_what what, struct res_path *real_out);
    enum store_rc (*stat)(struct store *store, struct res_path path, struct store_stat *stat_out);
    enum store_rc (*open)(struct store *store, struct res_path path,
                          struct store_content **content_out);
    enum store_rc (*list)(struct store *store, struct res_path path,
                          struct store_cursor **cursor_out);
    enum store_rc (*upload)(struct store *store, struct res_path path, uint64_t size_bytes,
                            struct store_upload **upload_out);

    enum store_rc (*mkcol)(struct store *store, struct res_path path);
    enum store_rc (*remove)(struct store *store, struct res_path path,
                            struct store_visitor *visitor);
    enum store_rc (*copy)(struct store *store, const struct store_transfer *transfer,
                          struct store_visitor *visitor);
    enum store_rc (*move)(struct store *store, const struct store_transfer *transfer,
                          struct store_visitor *visitor);

    bool (*may_have_props)(struct store *store, struct res_path path);
    enum store_rc (*props)(struct store *store, struct res_path path,
                           struct store_prop_visitor *visitor);
    enum store_rc (*patch)(struct store *store, struct res_path path,
                           const struct store_patch *patch);

    bool (*has_locks)(struct store *store);
    enum store_rc (*locks)(struct store *store, struct arena *arena, struct res_path path,
                           enum lock_query query, struct lock_list *locks_out);
    enum store_rc (*lock)(struct store *store, const struct lock *lock);
    enum store_rc (*unlock)(struct store *store, struct str token);

    enum store_rc (*quota)(struct store *store, struct res_path path,
                           struct store_quota *quota_out);

    bool (*is_read_only)(struct store *store, struct res_path path);        /* NULL: never */
    enum store_folding (*folds)(struct store *store, struct res_path path); /* NULL: nothing */
    bool (*is_lost)(struct store *store);                                   /* NULL: never */

    bool (*claim)(struct store *store, struct claim *claim);
    void (*release)(struct store *store, struct claim *claim);
};

struct store_content_ops {
    struct source *(*source)(struct store_content *content, struct arena *arena, uint64_t offset,
                             uint64_t len);
    void (*close)(struct store_content *content);
};

struct store_cursor_ops {
    enum store_rc (*next)(struct store_cursor *cursor, struct store_member *member_out);
    void (*close)(struct store_cursor *cursor);
};

struct store_upload_ops {
    enum store_rc (*commit)(struct store_upload *upload, const struct store_commit *options,
                            struct store_stat *stat_out);
    void (*close)(struct store_upload *upload);
};
