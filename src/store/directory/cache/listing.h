/* store/directory/cache/listing.h: the names of a collection's members, and what is known of each,
 * packed. One thread at a time. */
#pragma once

#include "base/buf.h"
#include "store/types.h"

struct cache_node;

struct listed {
    uint32_t name_at; /* in the names, which end in NUL */
    uint16_t name_len;
    uint8_t tries; /* how often it was asked for and not known */
    bool is_there;
    bool is_due;  /* worth being learned */
    bool is_sure; /* `stat` holds until its watch, or its directory's, tells of a change */
    int watch;    /* its number; -1: none, and unless it is_sure nothing is known but the name */
    struct store_stat stat;
};

struct listing {
    struct cache_node *node; /* whose members these are; NULL: the cache has dropped them */
    unsigned refs;
    bool is_complete;
    struct listed *items; /* those that have gone stay, at their places, as long as it lives */
    size_t count;
    size_t cap;
    size_t gone_count;
    size_t watch_count;
    uint64_t changes; /* of names, and of members that have no watch */
    size_t counted;   /* bytes that the cache has counted */
    struct buf names;
    uint32_t *slots; /* by the hash of the name: an index + 1, or 0 */
    size_t slot_count;
};

#define LISTED_NONE UINT32_MAX

/* Empty. Gives. */
NODISCARD struct listing *listing_new(void);
void listing_free(struct listing *listing);

/* Memory of its own, watches not counted. */
size_t listing_bytes(const struct listing *listing);

/* Ends in NUL; valid until the next add. */
struct str listing_name(const struct listing *listing, uint32_t index);

/* LISTED_NONE: there is, and was, none of that name. */
uint32_t listing_find(const struct listing *listing, struct str name);

/* It is better made anew: too many of its members have gone, or it can hold no more. */
bool listing_is_worn(const struct listing *listing);

/* The member of that name, which is there from now on. Copies. The listing is not worn. */
uint32_t listing_add(struct listing *listing, struct str name);

/* Its watch has been given back. */
void listing_remove(struct listing *listing, uint32_t index);
