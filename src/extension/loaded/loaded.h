/* extension/loaded/loaded.h: extensions in shared objects (davit/extension.h), as rows of dav's. */
#pragma once

#include "dav/extension.h"
#include "davit/extension.h"

/* What a request is answered by: the stages before it find the resource, and collect the body. */
enum { LOADED_FIND, LOADED_BODY, LOADED_RUN, LOADED_STAGES };
struct loaded_answerer {
    struct stage stages[LOADED_STAGES];
    davit_ext_run_fn *run;
    unsigned flags; /* METHOD_ON_... */
};

/* From its first stage on, or, of a report, from the last one. */
void loaded_answerer_init(struct loaded_answerer *answerer, davit_ext_run_fn *run, unsigned flags);

/* The getter of all their properties; dav_prop.of is the davit_ext_property. */
bool loaded_prop_get(const struct prop_target *target, struct buf *to);
