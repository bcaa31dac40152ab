/* store/trash/kept_priv.h: what the files of store/trash share. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "store/backend.h"
#include "store/store.h"
#include "store/trash/options.h"
#include "store/trash/spot.h"

enum { KEEP_TRIES = 8 }; /* of one step, in which others come first */

struct trash_store {
    struct store base;
    struct store *inner;
    struct trash_options options;
    /* The thread that looks for what has been kept long enough. */
    pthread_t sweeper;
    bool has_sweeper;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t rings;
    bool is_rung; /* something has been kept since it looked */
    bool is_closing;
};

static inline struct trash_store *trash_of(struct store *store)
{
    return CONTAINER_OF(store, struct trash_store, base);
}

static inline struct spot trash_spot(const struct trash_store *trash, struct arena *arena,
                                     struct res_path path)
{
    return spot_of(arena, trash->options.name, trash->options.levels, path);
}

/* --- changes (change.c) --- */

NODISCARD bool trash_begin(struct store *store, struct store_change *change);

/* What a call to the store inside is about, besides what was named when it began: a tree that
 * nobody else can know of yet. Until the next such. Borrows the path. */
void trash_cover(struct store_change *inside, struct res_path path);

/* --- keeping (keep.c); `inside` is the change of the store inside --- */

/* What is at the path, which is outside, is deleted: it is put among what is kept, as far as the
 * visitor lets it go: *slot_out, from the change's arena; at NULL: it is not kept. As
 * store_remove(). */
NODISCARD enum store_rc keep_deleted(struct trash_store *trash, struct store_change *inside,
                                     struct res_path path, struct store_visitor *visitor,
                                     struct res_path *slot_out);

/* A member of the trash as its record tells of it. NOT_FOUND: it is none. */
NODISCARD enum store_rc keep_read(struct trash_store *trash, struct arena *arena,
                                  const struct spot *spot, struct store_kept *kept_out);

/* --- versions (versions.c) --- */

/* The collections above one of versions are there, or are made. AGAIN: the change does not cover
 * them. */
NODISCARD enum store_rc versions_make_way(struct trash_store *trash, struct store_change *inside,
                                          struct res_path collection);

/* What is at the path is about to be overwritten: its content is kept as a version, whose path is
 * *version_out; at NULL: it is none that is kept. Memory from the change's arena. */
NODISCARD enum store_rc versions_keep(struct trash_store *trash, struct store_change *inside,
                                      struct res_path path, struct res_path *version_out);

/* It has not been overwritten after all; or it has been: then there may be too many. */
void versions_drop(struct store_change *inside, struct res_path version);
void versions_thin(struct store_change *inside, struct res_path version);

/* Those of `from`, with those of all that is in it, are `to`'s from now on: both are collections of
 * versions. OK, too, where there are none. */
NODISCARD enum store_rc versions_move(struct trash_store *trash, struct store_change *inside,
                                      struct res_path from, struct res_path to);

/* --- trees (tree.c) --- */

NODISCARD enum store_rc trash_remove(struct store_change *change, struct res_path path,
                                     struct store_visitor *visitor);
NODISCARD enum store_rc trash_copy(struct store_change *change,
                                   const struct store_transfer *transfer,
                                   struct store_visitor *visitor);
NODISCARD enum store_rc trash_move(struct store_change *change,
                                   const struct store_transfer *transfer,
                                   struct store_visitor *visitor);

/* --- uploads (upload.c) --- */

NODISCARD enum store_rc trash_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                                     struct store_upload **upload_out);

/* --- what goes (sweep.c) --- */

void sweeper_start_trash(struct trash_store *trash);
void sweeper_stop_trash(struct trash_store *trash);
void sweeper_ring(struct trash_store *trash); /* there is more to be kept */
NODISCARD bool trash_make_room(struct store *store, struct res_path path, uint64_t bytes);
