/* dav/index.h: a collection as a page for people. */
#pragma once

#include "exchange/exchange.h"

/* Answers with an HTML list of the members of the collection at x->path. */
enum stage_end index_answer(struct exchange *x);

/* A stage before it, on the loop, where others may have to be asked of mounts in it. */
enum stage_end index_look(struct exchange *x);
