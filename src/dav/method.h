/* dav/method.h: methods as tables of stages. */
#pragma once

#include "base/str.h"

struct exchange;

/* What a stage says when it returns. */
enum stage_end {
    STAGE_NEXT,     /* go on with the next stage */
    STAGE_WAIT,     /* run me again after exchange_wake(); on the loop only */
    STAGE_BLOCKS,   /* run me again, on a worker: I would block the loop */
    STAGE_RETURNS,  /* run me again, on the loop: I would have to wait */
    STAGE_COMPUTES, /* run me again, where executor_compute() does: I have much to compute */
    STAGE_DONE,     /* the answer is complete */
};

/* Where a stage runs. */
enum stage_place {
    ON_LOOP,   /* does not block */
    ON_READ,   /* reads from the store: on the loop when the store answers from memory */
    ON_LOCKS,  /* changes locks, too: on the loop when that does not block either */
    ON_WORKER, /* may block */
};

struct stage {
    const char *name;
    enum stage_end (*run)(struct exchange *x);
    enum stage_place place;
};

/* `method_flags` of methods.def */
enum {
    METHOD_WRITES = 1,        /* refused when the server is read-only */
    METHOD_ON_FILE = 2,       /* allowed where there is a resource that is no collection */
    METHOD_ON_COLLECTION = 4, /* allowed on a collection */
    METHOD_ON_UNMAPPED = 8,   /* allowed where there is nothing yet */
    METHOD_ON_ROOT = 16,      /* allowed on the root, although it writes */
    METHOD_LOCKS = 32,        /* asks for the right to lock; otherwise to write or to read */
    METHOD_COPIES = 64,       /* writes, but not where the request URI is */
    METHOD_OPEN = 128,        /* asks for no right: clients ask before they sign in */
    METHOD_OF_NAME = 256,     /* is about a link itself, and not what it leads to */
    METHOD_ON_ANY = METHOD_ON_FILE | METHOD_ON_COLLECTION | METHOD_ON_UNMAPPED | METHOD_ON_ROOT,
};

struct dav_method {
    struct str name;
    const struct stage *stages; /* ends with a stage that says DONE */
    unsigned flags;
};

/* NULL: not known at all (501). */
const struct dav_method *dav_method_find(struct str name);

/* All methods with `flag` for an Allow field, less those that write where `is_read_only`.
 * `is_root`: the resource is the root, where some of them make no sense. */
struct buf;
void dav_methods_allow(struct buf *to, unsigned flag, bool is_root, bool is_read_only);

/* The stage tables, each in dav/method/<name>.c. */
extern const struct stage options_stages[];
extern const struct stage get_stages[];
extern const struct stage put_stages[];
extern const struct stage delete_stages[];
extern const struct stage mkcol_stages[];
extern const struct stage copy_stages[];
extern const struct stage move_stages[];
extern const struct stage propfind_stages[];
extern const struct stage proppatch_stages[];
extern const struct stage lock_stages[];
extern const struct stage unlock_stages[];
