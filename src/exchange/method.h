/* exchange/method.h: methods by their names and by what they are, from methods.def: what stands
 * before it is known whether they are served. What they do is their handler's affair. */
#pragma once

#include "access/rules.h"

enum method_id {
#define METHOD(name, flags, right, where) METHOD_##name,
#include "exchange/methods.def"
#undef METHOD
    METHOD_LOADED,                     /* from here on those that method_add() has added */
    METHOD_COUNT = METHOD_LOADED + 16, /* at most so many of them */
    METHOD_OTHER = METHOD_COUNT,       /* none of these, for a handler that passes it on */
};

/* `flags` of methods.def */
enum {
    METHOD_IS_SAFE = 1, /* RFC 9110 §9.2.1 */
    METHOD_IS_OPEN = 2, /* asks for no right: clients ask before they sign in */
};

struct method {
    struct str name;
    enum method_id id;
    unsigned flags;
    enum access_class right; /* what it asks for at its request URI */
};

/* One more, before there are requests; borrows the name for good. NULL: there is one of that name,
 * or there are too many. */
const struct method *method_add(struct str name, unsigned flags, enum access_class right);

/* The id behind the last that there is. */
enum method_id method_end(void);

/* NULL: not known at all (501). */
const struct method *method_find(struct str name);
const struct method *method_of(enum method_id id);

/* One that is not known: it may do anything. Borrows the name; memory from the arena. */
const struct method *method_other(struct arena *arena, struct str name);
