/* sync/push/listening.h: what is new for somebody in a mount's tree, as the log of changes tells it
 * and the rules let him know. On the loop that he is on. */
#pragma once

#include "access/access.h"
#include "store/change_log.h"
#include "sync/service.h"

struct listening {
    struct listener listener; /* `executor` and `heard` are the caller's to set */
    const struct sync_service *sync;
    const struct access *access; /* NULL: he may read all */
    struct change_log *log;      /* NULL: he does not listen */
    struct acl_table *acls;      /* of the same store; NULL: it keeps none */
    struct principal principal;  /* who; its texts are its own */
    struct standing standing;    /* when he began */
    struct res_path place;       /* in the log: what he sees as the root; its own */
    struct change_point seen;    /* what he knows of */
};

/* Begins. Copies the principal; what else is pointed to outlives it. False: no log tells of his
 * tree, or he is gone. */
NODISCARD bool listening_begin(struct listening *listening, const struct service *service,
                               const struct principal *principal);

/* The accounts have changed, or all settings: goes on by those. False: what he stands by is
 * gone, or his tree is another; and all is as it was. */
NODISCARD bool listening_renew(struct listening *listening, const struct service *service,
                               const struct sync_service *sync);

/* What he has signed in by has expired. */
bool listening_is_over(const struct listening *listening);

enum news {
    NEWS_NONE,
    NEWS_SOME,
    NEWS_LATER, /* of many changes that are not for him the first were looked at: ask again */
};

/* What there is since the last time. */
enum news listening_look(struct listening *listening);

/* True: the listener hears once more, and stays until then. */
NODISCARD bool listening_end(struct listening *listening);
