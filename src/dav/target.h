/* dav/target.h: the target resource of a request, in a store: what a store's handler knows of an
 * exchange. */
#pragma once

#include "dav/extension/known.h"
#include "dav/from_store.h"
#include "dav/mounted/looks.h"
#include "dav/service.h"
#include "dav/walk.h"
#include "text/etag.h"

/* Where the stages of a store's methods run, besides those places that all handlers have. */
enum {
    ON_READ = THREAD_OF_HANDLER, /* reads: on the loop when the store answers from memory */
    ON_LOCKS, /* changes locks, too: on the loop when that does not block either */
};

struct target {
    struct extension_memo extensions;
    struct store *seen;  /* what whoever asks sees */
    struct store *store; /* the same, or what a change that has begun has in its place */
    /* As located, and judged where there are rules; the store follows no link on its own. */
    struct res_path leads_to; /* what is read */
    struct res_path real;     /* what is changed, and what locks are about: the same, but
                               * for a link in a method that is about its name */
    bool is_located;
    enum store_rc kept_rc; /* of what `real` is kept from, where that is beside all else: */
    struct store_kept kept;
    bool shows_part; /* a collection of which he sees what leads to what he may read */
    bool is_again; /* it was located before: the rules have not been asked about where it is now */
    unsigned locate_count;
    unsigned alias_count;       /* how often a change has met a link */
    struct dav_result located;  /* what came of it, where that was asked before the rules were */
    struct home *homes;         /* of whoever asks, as long as they must be made */
    struct looks looks;         /* at mounts that are members of a collection that is listed */
    struct exchange *x;         /* who waits for the change to begin */
    struct store_change change; /* of a method that makes one */
};

/* The handler's part of the exchange. */
static inline struct target *target_of(const struct exchange *x)
{
    assert(x->handler->ops->part_bytes == sizeof(struct target));
    return x->part;
}

/* Fills in leads_to and real; cheap when they are filled in already. */
NODISCARD struct dav_result target_locate(struct exchange *x);

/* What is read: where the URL leads, or is taken to lead as long as it has not been located. */
struct res_path target_read(const struct exchange *x);

/* Of a path beside all else (store_is_aside()): where what is kept there was, so that the rules of
 * that place hold as well; the path itself where it is no such thing; at NULL: nobody can say.
 * False: it is of no such path. Memory from the arena. */
NODISCARD bool target_stems_from(const struct exchange *x, struct arena *arena,
                                 struct res_path path, struct res_path *from_out);

/* What whoever asks may do with a collection on a walk, by its path and where it leads. */
enum walk_entry target_entry(const struct exchange *x, struct res_path path, struct res_path real);

/* The item, which may not be read, as it is when a part of it is shown: nothing of its own is told.
 * False: nothing is shown. */
NODISCARD bool target_show_part(const struct exchange *x, const struct walk_item *item,
                                struct walk_item *part_out);

/* Begins target->change, whose ranges a stage before has filled: a stage of its own, on the loop.
 * It is ended when the exchange is done. */
enum stage_end target_begin(struct exchange *x);
void target_end(struct exchange *x);

/* A call of the change has come to `rc`, which is no success: the answer; or all is looked at once
 * more (exchange_again()), where something has come in between. */
enum stage_end target_refused(struct exchange *x, enum store_rc rc);

/* Ends the change, and forgets where the path leads. */
void target_forget(struct exchange *x);

/* What was said of a mount in the collection that is listed, where that is another handler's. NULL:
 * it is a store's, or was not asked. */
const struct look *target_look(const struct exchange *x, struct res_path real);

/* Where mounts of other handlers are stores: from now on sees those, too, but for what a look has
 * found out of reach, so that nobody waits for that once more. On a thread that may read. 503: too
 * many do so already. */
NODISCARD struct dav_result target_see_reached(struct exchange *x);

/* May whoever asks use x->method at the path, and where it leads? */
NODISCARD struct dav_result target_may(const struct exchange *x);

/* A read of target_read() has come to `rc`. Fine: that is another path now, which has been judged;
 * try again. Any other: what to answer. */
NODISCARD struct dav_result target_again(struct exchange *x, enum store_rc rc);

/* The resource that the request URI leads to. That there is none is no error: *exists_out. */
NODISCARD struct dav_result target_stat(struct exchange *x, struct store_stat *stat_out,
                                        bool *exists_out);

/* The resource that a method needs: 404 where there is none, and where a URL that ends in a slash
 * names what is no collection (RFC 4918 §5.2). */
NODISCARD struct dav_result target_get(struct exchange *x, struct store_stat *stat_out);

/* Whether nothing can be changed there, whoever asks. */
bool target_is_read_only(const struct exchange *x);

/* The entity tag of what is at `real` and has that stat: another server's where it is there. */
NODISCARD struct dav_result target_tag(const struct exchange *x, struct res_path real,
                                       const struct store_stat *stat, struct etag *tag_out);

/* `"<16 hexadecimal digits>"`, the strong entity tag of a version. Copies into the arena. */
struct str etag_of_stat(struct arena *arena, const struct store_stat *stat);
