/* sync/chunk/chunk.h: remote.php/dav/uploads/NAME: large files come there in chunks, in a folder
 * for each file, and a MOVE of its member ".file" makes one of them where it leads to. */
#pragma once

#include "dav/target.h"
#include "dav/upload/receive.h"
#include "store/resumable.h"
#include "sync/service.h"

/* The handler's operations, and the stages of its methods. */
struct handler_ops sync_chunk_ops(void);
extern const struct stage chunk_make_stages[];   /* MKCOL of a folder */
extern const struct stage chunk_list_stages[];   /* PROPFIND of one, and of what holds them */
extern const struct stage chunk_remove_stages[]; /* DELETE of one, and of a chunk */
extern const struct stage chunk_put_stages[];    /* PUT of a chunk */
extern const struct stage chunk_join_stages[];   /* MOVE of ".file": by now a PUT */

/* What x->state is, from before the rules are asked. */
struct chunks {
    struct str folder; /* its name; empty: it is about what holds all of them */
    struct str name;   /* of a chunk; empty: it is about the folder */
    bool joins;        /* it is ".file", and x->path is where that is to go */
    struct resumable_key key;

    /* --- of a chunk that comes --- */
    struct content_check *check; /* NULL: no hash was announced */
    struct resumable_append *append;
    struct receiving receiving;
    struct dav_result why; /* not all of it has come */

    /* --- of what they become --- */
    struct resumable now;
    struct resumable_commit *end;
    struct resumable_end wish;
    struct store_commit commit;
    bool overwrites;
    bool exists;
};

static inline struct chunks *chunks_of(const struct exchange *x)
{
    return x->state;
}

/* Where the request says that the file is to go, if it does (Destination): may it be written there?
 */
NODISCARD struct dav_result chunk_may_go(struct exchange *x);

/* OC-Total-Length, or what others call it; LENGTH_UNKNOWN: it is not there. */
NODISCARD struct dav_result chunk_read_total(const struct exchange *x, uint64_t *bytes_out);

/* What the engine says, to who asks about a folder. */
struct dav_result chunk_result(enum store_rc rc);
