/* store/resumable.h: uploads that last: whose bytes come in several requests, over days and
 * restarts, and are made visible by one PUT at the end. (An "upload" in store/store.h is one PUT
 * under way.) Front ends only translate: tus, the IETF's draft, chunks, a range of a file.
 *
 * Made by resumable_create(), then filled by appends, each from the offset that resumable_look()
 * tells, or by pieces that have names and an order; then prepared and committed, which is a PUT of
 * its content: under the same change, locks, conditions and quota, and in the same step. Bytes are
 * written once, into a file from which the commit is a rename; only what was sent out of order, or
 * goes to another file system than `near` is on, is copied.
 *
 * Whose: a resumable upload is its owner's, and NOT_FOUND to all others. Where: in the store that
 * has `near`: any path of the mount that it most likely goes to, and the same in all calls about
 * it. A front end keeps what else it must know in `note`, and its conditions until the commit.
 *
 * How long: until it is removed, or nobody has touched it for `upload_seconds`. When it has been
 * committed it is remembered for an hour, is_done, with what the commit answered: who repeats the
 * commit since its answer was lost is told that again. All that can be told is durable, as the
 * store is: the offset too, and what came last may have to be sent once more after a crash.
 *
 * All block, unless they are quick: call them on a worker. Any thread. Besides what each says:
 * DENIED: not in this store (or read-only); BUSY: many wait already; FAILED: the disk; logged. */
#pragma once

#include "store/change.h"
#include "store/store.h"
#include "stream/content_hash.h"

enum {
    RESUMABLE_ID_BYTES_MAX = 64,      /* [A-Za-z0-9_-], no other */
    RESUMABLE_TEXT_BYTES_MAX = 16384, /* of all texts together */
    RESUMABLE_PIECE_BYTES_MAX = 128,  /* of a piece's name, which are those and '.' */
};

/* Which. Borrows. */
struct resumable_key {
    struct res_path near;
    struct str owner; /* the principal; empty: anonymous, one for all */
    struct str id;
};

/* What who makes one says of it, and what is told of it ever after. */
struct resumable_wish {
    struct res_path near;
    struct str owner;
    struct str id;          /* empty: one is made that nobody can guess */
    struct res_path target; /* where it is to go to; the root: that is said when it is committed */
    uint64_t size_bytes;    /* UINT64_MAX: not known yet */
    struct content_hashes hashes; /* of the whole */
    /* Of these kinds one will probably be announced at the end, a bit for each (1U <<
     * CONTENT_SHA1): they are computed as the bytes come, if it can be. Of those in `hashes`, too.
     * Is not told. */
    unsigned hash_kinds;
    bool sets_modified;
    int64_t modified_s;
    /* The creation's conditions, for the front end to check when it commits: fields as they came.
     */
    struct str if_match;
    struct str if_none_match;
    struct str if_header;
    struct str note; /* the front end's own */
};

struct resumable {
    struct resumable_wish wish; /* its size, too, as it is known by now */
    uint64_t received_bytes;    /* from the beginning on, without a gap: where to append */
    uint64_t piece_bytes;       /* of pieces that could not be appended yet */
    int64_t expires_s;          /* since 1970; not before */
    bool is_done;               /* it was committed */
    bool was_new;               /* and there was nothing at its target before */
    bool has_stat;              /* what it has become is known; else a crash came between */
    struct store_stat stat;
};

/* Memory from the arena. OK: it is durable. EXISTS: the owner has one with this id. NO_SPACE,
 * OVER_QUOTA: so much does not fit, or the owner has too many (limits.def). DENIED: an id or text
 * that cannot be. Where the size is known, disk blocks are set aside for it. */
NODISCARD enum store_rc resumable_create(struct store *store, struct arena *arena,
                                         const struct resumable_wish *wish,
                                         struct resumable *resumable_out);

/* What becomes of an append that is under way when somebody looks. */
enum resumable_look {
    LOOK_ONLY,  /* nothing; the offset is that of its last note */
    LOOK_SETTLE /* it fails, since its client has gone and has come back: the offset told is where
                 * the next append begins */
};
/* Memory from the arena. NOT_FOUND: it is not there, another's, or over. */
NODISCARD enum store_rc resumable_look(struct store *store, struct arena *arena,
                                       const struct resumable_key *key, enum resumable_look how,
                                       struct resumable *resumable_out);

/* All of an owner's, in no order; id of the key is the beginning of theirs. Memory from the arena.
 */
struct resumable_list {
    struct resumable *items;
    size_t count;
};
NODISCARD enum store_rc resumable_list(struct store *store, struct arena *arena,
                                       const struct resumable_key *key,
                                       struct resumable_list *list_out);

/* It is gone, and so are its bytes; an append that is under way fails. UNKNOWN: it is, and may be
 * there again when the power goes. */
NODISCARD enum store_rc resumable_remove(struct store *store, const struct resumable_key *key);

/* --- bytes --- */

/* A part that is to come. */
struct resumable_part {
    uint64_t offset; /* where it begins: received_bytes. Not of a piece */
    /* What it will be then: its size is known from here on (tus: Upload-Length; IETF: the last
     * part). 0: nothing new. */
    uint64_t size_bytes; /* UINT64_MAX: not known (yet) */
    bool is_whole;       /* taken whole or not at all: for who checks a hash of the part itself */
    /* A piece: a part with a name, which comes in any order and is listed. Empty: it is none. */
    struct str piece;
    uint64_t key;  /* pieces are joined in the order of their keys */
    uint64_t next; /* the key of the one that follows at once, if it is known; UINT64_MAX: not */
    bool is_first; /* nothing comes before this one */
    bool key_is_offset; /* keys are offsets: what is joined must meet without a gap */
};

/* An append that is under way. */
struct resumable_append {
    struct sink sink;        /* blocks; its code is a store_rc. AGAIN: a later append, or look, has
                              * ended this one. LENGTH: more than there was to be */
    uint64_t received_bytes; /* by the last resumable_append_end() */
};

/* Ends one that is under way: two never interleave. AGAIN: the offset is another, and nothing has
 * changed, but that the earlier one has ended all the same; look. LENGTH: another size than was
 * said before, or less than is there. IS_DONE: it was committed. A piece whose turn it is is
 * appended at once, and then its sink is the only one that does so. Borrows nothing. Gives; close
 * it. */
NODISCARD enum store_rc resumable_append(struct store *store, const struct resumable_key *key,
                                         const struct resumable_part *part,
                                         struct resumable_append **append_out);

/* All has come: what was written is durable, and counts. A piece that had this name is replaced;
 * *was_there_out (may be NULL). Any but OK: only what received_bytes says. */
NODISCARD enum store_rc resumable_append_end(struct resumable_append *append, bool *was_there_out);

/* Quick. Without resumable_append_end(): of a part that is taken whole and of a piece nothing
 * stays; of others what was written, which is made durable by the next call about it. NULL is fine.
 * */
void resumable_append_close(struct resumable_append **append);

/* A piece that is there whole. */
struct resumable_piece {
    struct str name;
    uint64_t key;
    uint64_t bytes;
    int64_t modified_s;
};
struct resumable_pieces {
    struct resumable_piece *items; /* in the order of their keys */
    size_t count;
};
/* Memory from the arena. */
NODISCARD enum store_rc resumable_pieces(struct store *store, struct arena *arena,
                                         const struct resumable_key *key,
                                         struct resumable_pieces *pieces_out);
/* NOT_FOUND: there is none of that name. UNKNOWN: as of resumable_remove(). */
NODISCARD enum store_rc resumable_piece_remove(struct store *store, const struct resumable_key *key,
                                               struct str name);

/* --- the end --- */

/* What is asked when it is to be committed. */
struct resumable_end {
    struct res_path target; /* as located */
    uint64_t size_bytes;    /* of the whole, as is known now; UINT64_MAX: as it was said before */
    struct content_hashes hashes; /* besides those of the creation */
};

/* One that is ready to be committed: a PUT whose bytes have come. */
struct resumable_commit {
    struct store_upload *upload; /* where it goes to; upload->path, and so on */
    struct resumable *resumable; /* borrowed from the arena */
};

/* Joins what pieces there are, checks length and hashes, and finds its place at the target. Nothing
 * is visible yet. LENGTH, HASH: it is not what was announced; it stays as it is. IS_DONE:
 * committed before (or by somebody at this moment): look, and answer what is told. AGAIN: an append
 * is under way. What store_upload() says. Memory from the arena, which must outlive it; borrows the
 * target. Gives; close it. To prepare it again is fine, if it was not committed. */
NODISCARD enum store_rc resumable_prepare(struct store *store, struct arena *arena,
                                          const struct resumable_key *key,
                                          const struct resumable_end *end,
                                          struct resumable_commit **commit_out);

/* As store_upload_commit(), in every respect; then it is_done. On failure it is as before, and can
 * be prepared again. `is_new`: what is told as was_new. */
NODISCARD enum store_rc resumable_commit(struct resumable_commit *commit,
                                         struct store_change *change,
                                         const struct store_commit *options, bool is_new,
                                         struct store_stat *stat_out);

/* Quick. Not committed: it can be prepared again. NULL is fine. */
void resumable_commit_close(struct resumable_commit **commit);
