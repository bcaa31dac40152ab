/* store/backend.h: what a backend provides: for backends, for what wraps one, and for the gate
 * (store/store.c), which alone calls what is in these tables. What each call promises stands in
 * store/store.h, at the function of the same name. */
#pragma once

#include "store/change.h"
#include "store/handle.h"

/* The property as which it is kept who may do what: a name that no XML has. */
#define STORE_ACL_NAME STR(" acl")

struct store_ops {
    const char *name;

    void (*close)(struct store *store); /* frees */

    enum store_rc (*locate)(struct store *store, struct arena *arena, struct res_path path,
                            enum locate_what what, struct res_path *real_out);
    enum store_rc (*stat)(struct store *store, struct res_path path, unsigned wants,
                          struct store_stat *stat_out);
    /* NULL: tags are made of versions. */
    enum store_rc (*tag)(struct store *store, struct arena *arena, struct res_path path,
                         struct str *tag_out);
    /* NULL: it keeps none. Both, or none. *hashes_out is empty before. */
    void (*hashes)(struct store *store, struct res_path path, const struct store_stat *stat,
                   struct content_hashes *hashes_out);
    void (*note_hashes)(struct store *store, struct res_path path, const struct store_stat *stat,
                        const struct content_hashes *hashes);
    enum store_rc (*open)(struct store *store, struct res_path path,
                          struct store_content **content_out);
    enum store_rc (*list)(struct store *store, struct res_path path, unsigned wants,
                          struct store_cursor **cursor_out);
    enum store_rc (*upload)(struct store *store, struct res_path path, uint64_t size_bytes,
                            struct store_upload **upload_out);

    enum store_rc (*mkcol)(struct store_change *change, struct res_path path);
    enum store_rc (*remove)(struct store_change *change, struct res_path path,
                            struct store_visitor *visitor);
    enum store_rc (*copy)(struct store_change *change, const struct store_transfer *transfer,
                          struct store_visitor *visitor);
    enum store_rc (*move)(struct store_change *change, const struct store_transfer *transfer,
                          struct store_visitor *visitor);

    bool (*may_have_props)(struct store *store, struct res_path path);
    enum store_rc (*props)(struct store *store, struct res_path path,
                           struct store_prop_visitor *visitor);
    enum store_rc (*patch)(struct store_change *change, struct res_path path,
                           const struct store_patch *patch);

    bool (*has_locks)(struct store *store);
    enum store_rc (*locks)(struct store *store, struct arena *arena, struct res_path path,
                           enum lock_query query, struct lock_list *locks_out);
    enum store_rc (*lock)(struct store_change *change, const struct lock_wish *wish);
    enum store_rc (*unlock)(struct store_change *change, const struct lock *lock);

    enum store_rc (*quota)(struct store *store, struct res_path path,
                           struct store_quota *quota_out);
    /* NULL: it does not count. */
    enum store_rc (*used)(struct store *store, struct res_path path, uint64_t *bytes_out);

    /* Of a store whose changes are in the logs of others: which, and the path there. NULL: its own.
     */
    struct change_log *(*changes)(struct store *store, struct arena *arena, struct res_path path,
                                  struct res_path *inside_out);

    /* Of a store whose resources are those of others: as store_acls(). NULL: its own table. */
    struct acl_place (*acls)(struct store *store, struct arena *arena, struct res_path path);

    /* NULL, all of them: it keeps nothing that was removed. */
    bool (*is_aside)(struct store *store, struct res_path path);
    enum store_rc (*kept)(struct store *store, struct arena *arena, struct res_path path,
                          struct store_kept *kept_out);
    enum store_rc (*keeping)(struct store *store, struct arena *arena, struct res_path path,
                             struct res_path *trash_out, struct res_path *versions_out);
    bool (*make_room)(struct store *store, struct res_path path, uint64_t bytes);

    /* As store_resumables(). NULL: nobody keeps them. */
    enum store_rc (*resumables)(struct store *store, struct res_path near,
                                struct resumables **of_out);

    bool (*is_read_only)(struct store *store, struct res_path path);        /* NULL: never */
    enum store_folding (*folds)(struct store *store, struct res_path path); /* NULL: nothing */
    bool (*is_lost)(struct store *store);                                   /* NULL: never */

    /* True: it has begun, or change->rc says why not. False: change_tell() will be called. May set
     * change->store, which is `store` otherwise; it has the calls from then on. */
    bool (*begin)(struct store *store, struct store_change *change);
    void (*end)(struct store_change *change); /* one that has begun */
    /* Of a store that gives uploads of others: the change that an upload to that path is committed
     * under. NULL: the same. */
    struct store_change *(*part)(struct store_change *change, struct res_path path);
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
    /* NULL: no file can be taken. */
    enum store_rc (*take)(struct store_upload *upload, const struct store_staged *file);
    enum store_rc (*commit)(struct store_upload *upload, struct store_change *change,
                            const struct store_commit *options, struct store_stat *stat_out);
    void (*close)(struct store_upload *upload);
};
