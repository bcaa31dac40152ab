/* A cursor of the store gives members in whatever order it likes, and another one in another. So
 * that a listing can be told in parts, each of which begins where the one before has ended, and
 * nothing is kept for a client in between, members are given in the order of the bytes of their
 * names, and a collection before its members. Where one is in that order its path says.
 *
 * Nothing is sorted as a whole: a collection is read from its beginning to its end, and of the
 * names behind the last that was given those are kept that come first, as many as are asked for;
 * when they have been given it is read again. So memory does not grow with the collections, and a
 * part costs a reading of each collection on the way to it, however small it is.
 *
 * Invariants
 *  (1) what is there from the beginning of the first part to the end of the last is given exactly
 *      once. Of what comes, goes or changes meanwhile the log of changes tells
 *      (store/change_log.h);
 *  (2) a collection is read before it is given, so that the item can say that it cannot be listed;
 *  (3) a place that is not there any more is the place where it would be.
 *
 * Rejected: docs/decisions/0086-first-sync-in-parts.md. */
#include "extension/ordered.h"

#include <stdlib.h>

#include "base/mem.h"

enum {
    KEPT_MAX = 16384,     /* in all collections that the walk is in, but */
    KEPT_OF_ONE_MIN = 64, /* so many of each */
};

struct ordered_member {
    struct store_stat stat;
    enum store_rc rc;
    bool is_mount;
    size_t name_len;
    char name[];
};

struct ordered_level {
    struct ordered_level *outer;
    size_t path_len; /* of the collection, within ordered->path */
    size_t real_len;
    bool is_part;
    bool has_more;                   /* behind those that are kept there may be others */
    struct buf after;                /* no name up to this one is kept */
    struct ordered_member **members; /* while it is read, a heap: the last one comes first */
    size_t count, room, max, at;
};

static struct res_path view(const struct buf *buf)
{
    return (struct res_path){buf->at, buf->len};
}

static struct str name_of(const struct ordered_member *member)
{
    return str_of(member->name, member->name_len);
}

/* --- a collection is read --- */

static int compare(const struct ordered_member *a, const struct ordered_member *b)
{
    return str_compare(name_of(a), name_of(b));
}

static int compare_for_sort(const void *a, const void *b)
{
    return compare(*(struct ordered_member *const *)a, *(struct ordered_member *const *)b);
}

static void swap(struct ordered_level *level, size_t i, size_t j)
{
    struct ordered_member *member = level->members[i];
    level->members[i] = level->members[j];
    level->members[j] = member;
}

static void sift_up(struct ordered_level *level, size_t i)
{
    for (size_t outer; i > 0; i = outer) {
        outer = (i - 1) / 2;
        if (compare(level->members[outer], level->members[i]) >= 0)
            return;
        swap(level, outer, i);
    }
}

static void sift_down(struct ordered_level *level)
{
    size_t i = 0;
    for (size_t last; (last = 2 * i + 1) < level->count; i = last) {
        if (last + 1 < level->count && compare(level->members[last], level->members[last + 1]) < 0)
            last++;
        if (compare(level->members[i], level->members[last]) >= 0)
            return;
        swap(level, i, last);
    }
}

static void forget(struct ordered_level *level)
{
    for (size_t i = 0; i < level->count; i++)
        mem_free(level->members[i]);
    level->count = level->at = 0;
}

static struct ordered_member *copy(const struct store_member *member)
{
    struct ordered_member *copy = mem_new(1, sizeof(*copy) + member->name.len);
    copy->stat = member->stat;
    copy->rc = member->rc;
    copy->is_mount = member->is_mount;
    copy->name_len = member->name.len;
    memcpy(copy->name, member->name.at, member->name.len);
    return copy;
}

static void make_room(struct ordered_level *level)
{
    if (level->count < level->room)
        return;
    level->room = level->room ? 2 * level->room : 16;
    level->members = mem_resize(level->members, level->room * sizeof(struct ordered_member *));
}

static void keep(struct ordered_level *level, const struct store_member *member)
{
    struct str name = member->name;
    if (member->is_link || (level->after.len && str_compare(name, buf_str(&level->after)) <= 0))
        return;
    if (level->count < level->max) {
        make_room(level);
        level->members[level->count++] = copy(member);
        sift_up(level, level->count - 1);
        return;
    }
    level->has_more = true;
    if (str_compare(name, name_of(level->members[0])) > 0)
        return;
    mem_free(level->members[0]);
    level->members[0] = copy(member);
    sift_down(level);
}

/* Keeps the names that come next. */
static enum store_rc read_level(struct ordered *ordered, struct ordered_level *level)
{
    struct store_member member;
    struct store_cursor *cursor;
    forget(level);
    level->has_more = false;
    struct res_path real = {ordered->real.at, level->real_len};
    enum store_rc rc = store_list(ordered->store, real, ordered->wants, &cursor);
    if (rc != STORE_OK)
        return rc;
    while ((rc = store_cursor_next(cursor, &member)) == STORE_OK)
        keep(level, &member);
    store_cursor_close(&cursor);
    if (level->count)
        qsort(level->members, level->count, sizeof(struct ordered_member *), compare_for_sort);
    return rc == STORE_END ? STORE_OK : rc;
}

/* --- levels --- */

static void leave(struct ordered *ordered)
{
    struct ordered_level *level = ordered->level;
    ordered->level = level->outer;
    ordered->level_count--;
    ordered->kept_max -= level->max;
    forget(level);
    buf_done(&level->after);
    mem_free(level->members);
    mem_free(level);
}

/* Goes into the collection that the walk is at, behind the member of that name, if it has one. */
static enum store_rc enter(struct ordered *ordered, bool is_part, struct str after)
{
    if (ordered->level_count > ordered->depth_max)
        return STORE_TOO_DEEP;
    struct ordered_level *level = MEM_NEW(struct ordered_level);
    level->outer = ordered->level;
    level->path_len = ordered->path.len;
    level->real_len = ordered->real.len;
    level->is_part = is_part;
    level->max = KEPT_MAX - size_min(ordered->kept_max, KEPT_MAX - KEPT_OF_ONE_MIN);
    level->max = size_min(level->max, ordered->asked);
    buf_add(&level->after, after);
    ordered->kept_max += level->max;
    ordered->level = level;
    ordered->level_count++;
    enum store_rc rc = read_level(ordered, level);
    if (rc != STORE_OK)
        leave(ordered);
    return rc;
}

static void go_to(struct ordered *ordered, const struct ordered_level *level, struct str name)
{
    path_step(&ordered->path, level->path_len, name);
    path_step(&ordered->real, level->real_len, name);
}

static enum walk_entry may_enter(struct ordered *ordered)
{
    return ordered->may_enter
               ? ordered->may_enter(ordered->owner, view(&ordered->path), view(&ordered->real))
               : WALK_ENTERS;
}

/* --- the walk --- */

/* Into what the walk is at, if that is a collection still. */
static enum store_rc descend(struct ordered *ordered, struct str after)
{
    struct store_stat stat;
    enum store_rc rc = store_stat(ordered->store, view(&ordered->real), 0, &stat);
    if (rc != STORE_OK || !stat.is_collection)
        return STORE_END;
    enum walk_entry entry = may_enter(ordered);
    return entry == WALK_PASSES_BY ? STORE_END : enter(ordered, entry == WALK_ENTERS_PART, after);
}

enum store_rc ordered_begin(struct ordered *ordered, const struct walk_item *target,
                            struct res_path after)
{
    struct str rest = path_str(after);
    struct str name = str_cut(&rest, '/');
    buf_add(&ordered->path, path_str(target->path));
    buf_add(&ordered->real, path_str(target->real));
    ordered->target_len = target->path.len;
    enum walk_entry entry = may_enter(ordered);
    if (entry == WALK_PASSES_BY)
        return STORE_OK;
    enum store_rc rc = enter(ordered, entry == WALK_ENTERS_PART, name);
    if (rc != STORE_OK || !ordered->is_deep)
        return rc;
    while (name.len && rc == STORE_OK) { /* what cannot be entered any more has been given (3) */
        go_to(ordered, ordered->level, name);
        name = str_cut(&rest, '/');
        rc = descend(ordered, name);
    }
    return STORE_OK;
}

void ordered_done(struct ordered *ordered)
{
    while (ordered->level)
        leave(ordered);
    buf_done(&ordered->path);
    buf_done(&ordered->real);
}

/* The next one that is kept; NULL: there is none. */
static enum store_rc next_member(struct ordered *ordered, struct ordered_member **member_out)
{
    struct ordered_level *level = ordered->level;
    if (level->at == level->count && level->has_more) {
        buf_clear(&level->after);
        buf_add(&level->after, name_of(level->members[level->count - 1]));
        enum store_rc rc = read_level(ordered, level);
        if (rc != STORE_OK)
            return rc;
    }
    if (level->at == level->count)
        return STORE_END;
    *member_out = level->members[level->at++];
    return STORE_OK;
}

static void give(struct ordered *ordered, struct walk_item *item)
{
    item->path = view(&ordered->path);
    item->real = view(&ordered->real);
    if (!ordered->is_deep || item->rc != STORE_OK || !item->stat.is_collection)
        return;
    enum walk_entry entry = may_enter(ordered);
    if (entry == WALK_PASSES_BY)
        return;
    item->rc = enter(ordered, entry == WALK_ENTERS_PART, STR_NONE);
    item->is_listing_rc = item->rc != STORE_OK;
}

enum store_rc ordered_next(struct ordered *ordered, struct walk_item *item_out)
{
    struct ordered_member *member;
    while (ordered->level) {
        const struct ordered_level *level = ordered->level;
        enum store_rc rc = next_member(ordered, &member);
        if (rc == STORE_END || rc == STORE_NOT_FOUND) { /* or it has gone meanwhile */
            leave(ordered);
            continue;
        }
        if (rc != STORE_OK)
            return rc;
        go_to(ordered, level, name_of(member));
        *item_out = (struct walk_item){.stat = member->stat,
                                       .rc = member->rc,
                                       .is_mount = member->is_mount,
                                       .is_of_part = level->is_part};
        give(ordered, item_out);
        if (item_out->rc != STORE_NOT_FOUND && item_out->rc != STORE_ALIAS)
            return STORE_OK;
    }
    return STORE_END;
}

struct res_path ordered_place(const struct ordered *ordered)
{
    struct str place = str_from(buf_str(&ordered->path), ordered->target_len);
    if (place.len && place.at[0] == '/')
        place = str_from(place, 1);
    return (struct res_path){place.at, place.len};
}
