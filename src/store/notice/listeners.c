/* Who is told of changes, by the path that he listens at.
 *
 * A change at a path is news for those who listen there or at a collection above it, so it is
 * looked up segment by segment: what that costs depends on the depth of the path alone, not on how
 * many listen. Those who listen below are told, too, where a whole tree comes or goes; that is
 * rare, and all places are looked at. Where nobody listens it is one comparison.
 *
 * What is told is only that there is news. What it is stands in the log of changes
 * (store/change_log.h), whoever wants to know asks there, and so nothing is collected here that
 * could grow: a listener has one job, which is on its way or not. However many changes come before
 * he looks, he hears once: who looks once in a second costs those who make a thousand changes in it
 * one wake-up.
 *
 * Invariant: he waits again before he looks, so that whatever is changed while he does is told. */
#include "store/notice/listeners.h"

#include "base/mem.h"

/* Where somebody listens. */
struct listened_place {
    struct map_entry entry;
    struct list listeners;
    size_t path_len;
    char path[];
};

static struct listened_place *place_of(struct map_entry *entry)
{
    return CONTAINER_OF(entry, struct listened_place, entry);
}

static struct listened_place *new_place(struct listeners *listeners, struct res_path path)
{
    struct listened_place *place = mem_new(1, sizeof(*place) + path.len);
    list_init(&place->listeners);
    place->path_len = path.len;
    if (path.len)
        memcpy(place->path, path.at, path.len);
    map_add(&listeners->places, &place->entry, str_of(place->path, place->path_len));
    return place;
}

static void hear(struct job *job)
{
    struct listener *listener = CONTAINER_OF(job, struct listener, job);
    atomic_store(&listener->state, LISTENER_KNOWS);
    listener->heard(listener);
}

void listeners_add(struct listeners *listeners, struct listener *listener, struct res_path path)
{
    struct map_entry *entry = map_find(&listeners->places, path_str(path));
    listener->place = entry ? place_of(entry) : new_place(listeners, path);
    listener->job.done = hear;
    atomic_init(&listener->state, LISTENER_WAITS);
    list_append(&listener->place->listeners, &listener->link);
}

bool listeners_remove(struct listeners *listeners, struct listener *listener)
{
    struct listened_place *place = listener->place;
    list_remove(&listener->link);
    listener->place = NULL;
    if (list_is_empty(&place->listeners)) {
        map_remove(&listeners->places, &place->entry);
        mem_free(place);
    }
    if (listeners_are_none(listeners))
        map_done(&listeners->places);
    return atomic_load(&listener->state) == LISTENER_IS_TOLD;
}

bool listeners_are_none(const struct listeners *listeners)
{
    return listeners->places.count == 0;
}

static void tell_place(struct listened_place *place)
{
    LIST_EACH (&place->listeners, link) {
        struct listener *listener = CONTAINER_OF(link, struct listener, link);
        int waits = LISTENER_WAITS;
        if (atomic_compare_exchange_strong(&listener->state, &waits, LISTENER_IS_TOLD))
            executor_post(listener->executor, &listener->job);
    }
}

static void tell_above(const struct listeners *listeners, struct res_path path)
{
    for (;; path = path_parent(path)) {
        struct map_entry *entry = map_find(&listeners->places, path_str(path));
        if (entry)
            tell_place(place_of(entry));
        if (path_is_root(path))
            return;
    }
}

static void tell_below(const struct listeners *listeners, struct res_path path)
{
    for (struct map_entry *entry = NULL; (entry = map_next(&listeners->places, entry));) {
        struct res_path at = {entry->key.at, entry->key.len};
        if (path_is_within(at, path))
            tell_place(place_of(entry));
    }
}

void listeners_tell(const struct listeners *listeners, struct res_path path, bool is_deep)
{
    if (listeners_are_none(listeners))
        return;
    tell_above(listeners, path);
    if (is_deep)
        tell_below(listeners, path);
}
