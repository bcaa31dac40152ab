/* store/view/usage.h: how many bytes there are in parts of stores: for quotas. Any thread. */
#pragma once

#include "store/store.h"

struct usages;

/* A collection of a store, and what is in it. */
struct usage_place {
    struct usages *usages;
    struct store *store;
    struct res_path base;
};

struct usages *usages_new(void);
void usages_free(struct usages *usages); /* NULL is fine */

/* The store is about to be closed. */
void usages_forget(struct usages *usages, const struct store *store);

/* The bytes of all files and dead properties at `path` and below it. May block. */
NODISCARD enum store_rc tree_bytes(struct store *store, struct res_path path, uint64_t *bytes_out);

/* How many there are; counted where that is not known, or was counted too long ago. May block. */
NODISCARD enum store_rc usage_get(const struct usage_place *place, uint64_t *bytes_out);

/* Takes `more` of them, if there are no more than `quota` then. May block. */
NODISCARD enum store_rc usage_take(const struct usage_place *place, uint64_t more, uint64_t quota);

/* The same by what was counted last, however long ago: quick. */
NODISCARD enum store_rc usage_take_known(const struct usage_place *place, uint64_t more,
                                         uint64_t quota);

/* That many have gone. */
void usage_give(const struct usage_place *place, uint64_t fewer);

/* Something has changed, and nobody knows by how much: counted anew when it is asked for. */
void usage_doubt(const struct usage_place *place);
