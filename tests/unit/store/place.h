/* tests/unit/store/place.h: a tree in which others change something, and what looks for that, without
 * its thread. */
#pragma once

#include "base/limits.h"
#include "store/directory/others/pass.h"
#include "store/directory/root.h"
#include "store/state_home.h"

/* A tree, `name`/tree, and beside it what a store keeps. */
struct place {
    char name[64];
    char text[512]; /* of place_path() */
    struct dir_root root;
    struct state_home home;
    struct limits limits;
    struct lookout lookout;
    struct news news;
    struct pass pass;
};

/* With d/e/f and g, which a walk has seen, and so many watches at most. Gives. */
struct place *place_new(size_t watches);
void place_free(struct place *place);

/* Until the next call. */
const char *place_path(struct place *place, const char *name);

void place_write(struct place *place, const char *name, const char *content);
void place_make_directory(struct place *place, const char *name);

struct change_log *place_log(const struct place *place);

/* The newest row that tells of it. */
uint64_t place_told(struct place *place, const char *name);

/* A walk; `begun` does something before it ends. */
bool place_walk(struct place *place, bool is_whole, void (*begun)(struct place *place));
