/* dav/method.h: what each method does where a store is: tables of stages. */
#pragma once

#include "exchange/exchange.h"

/* `flags` of methods.def */
enum {
    METHOD_ON_FILE = 1,       /* allowed where there is a resource that is no collection */
    METHOD_ON_COLLECTION = 2, /* allowed on a collection */
    METHOD_ON_UNMAPPED = 4,   /* allowed where there is nothing yet */
    METHOD_ON_ROOT = 8,       /* allowed on the root, although it is not safe */
    METHOD_OF_NAME = 16,      /* is about a link itself, and not what it leads to */
    METHOD_ON_SYNCED = 32,    /* allowed on a collection whose changes are logged */
    METHOD_ON_RESUMABLE = 64, /* allowed where uploads may go on later */
    METHOD_ON_PATCHED = 128,  /* allowed on a file of which parts may be changed */
    METHOD_REPLACES = 256,    /* afterwards there is something else, or nothing */
    METHOD_ON_ANY = METHOD_ON_FILE | METHOD_ON_COLLECTION | METHOD_ON_UNMAPPED,
};

/* NULL: it is not served. They end with a stage that says DONE. */
const struct stage *dav_method_stages(const struct method *method);
unsigned dav_method_flags(const struct method *method);

/* All methods with one of `flags` for an Allow field, less those that are not safe where
 * `is_read_only`. `is_root`: the resource is the root, where some of them make no sense. */
void dav_methods_allow(struct buf *to, unsigned flags, bool is_root, bool is_read_only);

/* The stage tables, each in dav/method/<name>.c. */
extern const struct stage options_stages[];
extern const struct stage get_stages[];
extern const struct stage put_stages[];
extern const struct stage upload_stages[];
extern const struct stage delete_stages[];
extern const struct stage mkcol_stages[];
extern const struct stage copy_stages[];
extern const struct stage move_stages[];
extern const struct stage propfind_stages[];
extern const struct stage proppatch_stages[];
extern const struct stage report_stages[];
extern const struct stage lock_stages[];
extern const struct stage unlock_stages[];
