#include "store/memory/state.h"

#include "base/clock.h"
#include "store/gather.h"

struct store_stat memory_new_stat(struct memory_store *memory, bool is_collection)
{
    int64_t now_s = clock_wall_ms() / 1000;
    uint64_t number = ++memory->version;
    return (struct store_stat){
        .is_collection = is_collection,
        .may_have_hashes = !is_collection,
        .version = number,
        .modified_s = now_s,
        .created_s = now_s,
        .id = number,
    };
}

struct node *memory_parent(struct memory_store *memory, struct res_path path)
{
    struct node *parent = node_find(memory->root, path_parent(path));
    return parent && parent->stat.is_collection ? parent : NULL;
}

/* --- how much --- */

uint64_t memory_props_bytes(const struct store_props *list)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < list->count; i++)
        bytes += prop_bytes(&list->items[i]);
    return bytes;
}

uint64_t memory_bytes_alone(const struct node *node)
{
    return node->stat.size_bytes + memory_props_bytes(&node->props.list);
}

uint64_t memory_bytes(const struct node *node)
{
    uint64_t bytes = memory_bytes_alone(node);
    LIST_EACH (&node->members, link)
        bytes += memory_bytes(CONTAINER_OF(link, struct node, link));
    return bytes;
}

bool memory_has_room(const struct memory_store *memory, const struct store_change *change,
                     uint64_t fewer, uint64_t more)
{
    const struct node *base = node_find(memory->root, change->room.base);
    if (!change->room.quota_bytes || more <= fewer)
        return true;
    uint64_t used = base ? memory_bytes(base) : 0;
    return used <= change->room.quota_bytes && more - fewer <= change->room.quota_bytes - used;
}
