/* exchange/handler.h: who answers for what lies below a path: a store, and what else is mounted.
 *
 * A request comes to its handler signed in. The handler's `enter` finds out what it needs to know
 * of the path, the rules are asked about it, and the handler is asked for the stages of the method.
 */
#pragma once

#include "access/access.h"
#include "exchange/result.h"
#include "exchange/stage.h"

struct exchange;
struct handler_mount;
struct look;
struct look_wish;
struct service;

struct handler_ops {
    const char *name;

    /* Of x->part, which is the handler's own: zeroed, and dies with the exchange. */
    size_t part_bytes;

    /* What comes before the rules; ends with a zeroed one. NULL: nothing does. */
    const struct stage *enter;

    /* How names are told apart at `path`. NULL: exactly. */
    enum access_names (*names)(const struct exchange *x, struct res_path path);

    /* What the rules say of a path of its, and of what is below, by what else than its name may be
     * read in it. Asked where somebody stands between (service->between), who knows nothing of
     * that; `shared` is the handler's. NULL: there is nothing else. */
    enum access_verdict (*judge_alias)(const struct exchange *x, const void *shared,
                                       enum access_class class, struct res_path path);
    bool (*alias_differs_below)(const struct exchange *x, const void *shared, struct res_path path);

    /* Of a path, what the rules say of which other path holds as well (dav/target.h). Quick where
     * names() is. NULL: of none. */
    bool (*stems_from)(const struct exchange *x, struct arena *arena, struct res_path path,
                       struct res_path *from_out);

    /* Of a path, what is kept with the resource of who may do what with it; NULL: nothing. And
     * whether that may be another below it; and a number that is another when any of it is, for all
     * that lies near `path`. Memory from the arena. NULL: it keeps none; all three, or none. */
    const struct acl *(*acls)(const struct exchange *x, struct arena *arena, struct res_path path);
    bool (*acls_differ_below)(const struct exchange *x, struct res_path path);
    uint64_t (*acls_mark)(const struct exchange *x, struct res_path path);

    /* May whoever asks use x->method here? NULL: what the rules say of the path. A handler whose
     * paths may lead elsewhere asks them about both ends (exchange/admit.h). */
    struct dav_result (*may)(const struct exchange *x);

    /* Its clients come with app passwords: they are told of Basic, which is how they do it. */
    bool is_for_apps;

    /* No rule speaks of what is there, and nothing else can be done to it: may() says who may look.
     */
    bool is_made_up;

    /* It is asked for the stages of methods that nobody here knows, too: METHOD_OTHER. */
    bool takes_others;

    /* What is there can be copied and moved to where another handler says so, too, and back: that
     * is done by service->between. */
    bool transfers;

    /* The stages of x->method; the last one says DONE. Or why there are none: 405, or another. */
    struct dav_result (*find)(const struct exchange *x, const struct stage **stages_out);

    /* Of a mount that is a member of a collection which somebody lists: begins to find out what can
     * be said of it (exchange/look.h). In the exchange's arena, on the loop. NULL: the stores know
     * what there is to be known. */
    struct look *(*look)(struct exchange *x, const struct handler_mount *mount,
                         const struct look_wish *wish);

    /* What a Destination means, of whose path it is; in x->arena. May block. NULL: what it says. */
    struct dav_result (*lands)(struct exchange *x, struct res_path *path);

    /* Sets Allow for a 405 (RFC 9110 §15.5.6): one stage. */
    const struct stage *allow;

    /* Whether stages for such a thread, from THREAD_OF_HANDLER on, may block. NULL: it has none. */
    bool (*blocks)(const struct exchange *x, unsigned thread);

    /* Stages are about to run again, from the one that looks: what it and those after it have found
     * is forgotten, and what they hold is let go. On any thread. NULL: no stage says AGAIN. */
    void (*again)(struct exchange *x);

    /* The answer is complete, and about to leave. On the loop. NULL: nothing is to be done. */
    void (*end)(struct exchange *x);
};

struct handler {
    const struct handler_ops *ops;
    const void *shared; /* by its requests; the handler's own, and read-only */
    bool is_over;       /* it shows paths of another under ones of its own (x->seen) */
};

/* A row of the mount table: of those that cover a path the longest counts. */
struct handler_mount {
    struct res_path prefix;
    const struct handler *handler;
};

/* NULL: nobody answers for the path. */
const struct handler *handler_find(const struct service *service, struct res_path path);

/* Who answers for x->path, where that is; of a COPY or MOVE to where another one does, who stands
 * between the two, and likewise of a PROPFIND of a whole tree with mounts of others in it. */
const struct handler *handler_of_request(struct exchange *x);

/* Whether the handler of the exchange answers for what is at that path, too. */
bool handler_reaches(const struct exchange *x, struct res_path to);

/* Whether a mount begins below the path. */
bool handler_holds_others(const struct service *service, struct res_path tree);
