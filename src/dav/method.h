/* dav/method.h: what each method does where a store is: tables of stages. */
#pragma once

#include "dav/extension.h"

/* What is to be done with a request, and how: by its method, or since an extension takes it
 * (dav/extension.h). Without stages: nothing is. */
struct dav_method dav_method_find(const struct exchange *x);

/* What the method's row says; of POST and REPORT what any of those says that take them. */
unsigned dav_method_flags(const struct method *method);

/* Where a method may be allowed. */
struct method_place {
    unsigned flags;                   /* METHOD_ON_...: what is there */
    bool is_root;                     /* where some methods make no sense */
    bool is_read_only;                /* methods that are not safe are not allowed */
    const struct prop_target *target; /* NULL: there is nothing, or nobody may know of it */
};

bool dav_method_is_for(const struct exchange *x, enum method_id id,
                       const struct method_place *place);

/* All methods that are, for an Allow field. */
void dav_methods_allow(struct buf *to, const struct exchange *x, const struct method_place *place);

/* One more, of the extension with that number. False: somebody has it already. */
NODISCARD bool dav_method_add(const struct dav_method *method, size_t extension);

/* What takes a POST says where that is allowed. */
void dav_method_take_post(unsigned flags);

/* The stage tables, each in dav/method/<name>.c. */
extern const struct stage options_stages[];
extern const struct stage get_stages[];
extern const struct stage put_stages[];
extern const struct stage post_stages[];
extern const struct stage upload_stages[]; /* dav/upload/resume.c */
extern const struct stage delete_stages[];
extern const struct stage mkcol_stages[];
extern const struct stage copy_stages[];
extern const struct stage move_stages[];
extern const struct stage propfind_stages[];
extern const struct stage proppatch_stages[];
extern const struct stage report_stages[];
extern const struct stage lock_stages[];
extern const struct stage unlock_stages[];
