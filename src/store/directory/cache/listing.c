/* A listing may have ten thousand members and is read from front to end, so what is known of them
 * lies in one row, the names in another, and a table of indices finds one by its name. An index is
 * good for as long as the listing is: a reader may stop anywhere and go on while members come and
 * go. Those that have gone keep their place, and get it back when they come again; whoever owns the
 * listing gives it up when too many have gone.
 *
 * Rejected: the formatted responses, which need no formatting but ten times the memory. */
#include "store/directory/cache/listing.h"

#include "base/map.h"
#include "base/mem.h"

enum { SLOTS_MIN = 32, GONE_MIN = 64, NAMES_BYTES_MAX = 1 << 30 };

struct listing *listing_new(void)
{
    struct listing *listing = MEM_NEW(struct listing);
    listing->slot_count = SLOTS_MIN;
    listing->slots = mem_new(SLOTS_MIN, sizeof(*listing->slots));
    return listing;
}

void listing_free(struct listing *listing)
{
    if (!listing)
        return;
    buf_done(&listing->names);
    mem_free(listing->items);
    mem_free(listing->slots);
    mem_free(listing);
}

size_t listing_bytes(const struct listing *listing)
{
    return sizeof(*listing) + listing->cap * sizeof(*listing->items) + listing->names.cap +
           listing->slot_count * sizeof(*listing->slots);
}

struct str listing_name(const struct listing *listing, uint32_t index)
{
    const struct listed *item = &listing->items[index];
    return str_of(listing->names.at + item->name_at, item->name_len);
}

/* Where the name is, or would be. */
static size_t slot_of(const struct listing *listing, struct str name)
{
    size_t mask = listing->slot_count - 1;
    size_t slot = hash_bytes(name) & mask;
    while (listing->slots[slot] && !str_eq(listing_name(listing, listing->slots[slot] - 1), name))
        slot = (slot + 1) & mask;
    return slot;
}

uint32_t listing_find(const struct listing *listing, struct str name)
{
    uint32_t found = listing->slots[slot_of(listing, name)];
    return found ? found - 1 : LISTED_NONE;
}

static void grow(struct listing *listing)
{
    if (listing->count == listing->cap) {
        listing->cap = size_max(16, listing->cap + listing->cap / 4); /* they are most of it */
        listing->items = mem_resize(listing->items, listing->cap * sizeof(*listing->items));
    }
    if ((listing->count + 1) * 2 <= listing->slot_count)
        return;
    mem_free(listing->slots);
    listing->slot_count *= 2;
    listing->slots = mem_new(listing->slot_count, sizeof(*listing->slots));
    for (uint32_t i = 0; i < listing->count; i++)
        listing->slots[slot_of(listing, listing_name(listing, i))] = i + 1;
}

bool listing_is_worn(const struct listing *listing)
{
    return listing->names.len >= NAMES_BYTES_MAX ||
           (listing->gone_count >= GONE_MIN && listing->gone_count > listing->count / 2);
}

uint32_t listing_add(struct listing *listing, struct str name)
{
    uint32_t index = listing_find(listing, name);
    if (index == LISTED_NONE) {
        assert(name.len <= UINT16_MAX && listing->names.len < NAMES_BYTES_MAX);
        grow(listing);
        index = (uint32_t)listing->count;
        listing->slots[slot_of(listing, name)] = index + 1;
        listing->items[index] = (struct listed){
            .name_at = (uint32_t)listing->names.len, .name_len = (uint16_t)name.len, .watch = -1};
        buf_add(&listing->names, name);
        buf_add_char(&listing->names, '\0');
        listing->count++;
        listing->gone_count++;
    }
    listing->gone_count -= listing->items[index].is_there ? 0 : 1;
    listing->items[index].is_there = true;
    return index;
}

void listing_remove(struct listing *listing, uint32_t index)
{
    struct listed *item = &listing->items[index];
    assert(item->watch < 0 && !item->is_sure);
    listing->gone_count += item->is_there ? 1 : 0;
    item->is_there = false;
    item->is_due = false;
}
