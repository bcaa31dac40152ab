/* COPY and MOVE in a view. Within one store they are the store's own, with a visitor
 * between that speaks of the view's paths. From one store to another a tree is copied resource by
 * resource through the contract, and then, for a MOVE, what was copied is removed; a member that
 * cannot be copied is reported and stays where it is, and so does the collection that holds it.
 *
 * Between stores no step is one step: who looks meanwhile sees a part of the tree at each end, and
 * a crash leaves it so. But nothing is removed before its copy is complete, and a file appears
 * whole (it is an upload). What is replaced is removed first, unless it is a file that a file
 * replaces; what appears where nothing was is never replaced. A collection that was moved is looked
 * at once more before it goes: where others may put something into it meanwhile (another server's
 * clients, another program), that was not copied, and stays. Where two stores may be one by
 * another name, that is found out before anything is replaced (apart.c). */
#include "store/view/tree.h"

#include "base/mem.h"
#include "store/acl/table.h"
#include "store/gather.h"
#include "store/silent.h"
#include "store/store.h"
#include "store/upload.h"
#include "store/view/apart.h"
#include "store/view/change.h"
#include "store/view/guide.h"
#include "store/view/quota.h"

enum {
    DEPTH_MAX = 400,
    STEP_BYTES = 1 << 18,
};

/* --- from one store to another --- */

struct transfer {
    struct store *store; /* the view */
    struct store_change *change;
    struct store_visitor *visitor;
    struct res_path from;
    struct res_path to;
    struct str mark; /* empty: both ends are known to be two */
    struct arena arena;
    bool is_move;
    bool is_deep;
    bool expects_absent;
    bool replaces_file; /* by a file, in one step */
    bool is_taken;      /* there is something where nothing was expected */
    struct steps steps;
    bool is_again;          /* the first call was answered AGAIN */
    struct lock_list locks; /* of what was removed to make room: they are the name's */
    size_t failures;
};

static bool fail(struct transfer *transfer, struct res_path path, bool is_collection,
                 enum store_rc rc, unsigned reason)
{
    if (rc == STORE_EXISTS && path_eq(path, transfer->from) && !transfer->steps.has_changed) {
        transfer->is_taken = true;
        return false;
    }
    if (rc == STORE_AGAIN) { /* likewise */
        transfer->is_again = true;
        return false;
    }
    transfer->failures++;
    transfer->visitor->failed(transfer->visitor, path, is_collection, rc, reason);
    return false;
}

static enum store_rc copy_bytes(struct store_content *content, struct store_upload *upload)
{
    struct arena arena = {0};
    struct buf chunk = {0};
    struct err err;
    struct source *source = store_content_source(content, &arena, 0, content->stat.size_bytes);
    enum store_rc rc = STORE_OK;
    enum pull pulled = PULL_DATA;
    while (rc == STORE_OK && pulled == PULL_DATA) {
        buf_clear(&chunk);
        pulled = source_pull(source, &chunk, STEP_BYTES, &err);
        if (pulled == PULL_DATA)
            rc = store_upload_write(upload, buf_str(&chunk));
    }
    if (rc == STORE_OK && pulled == PULL_END)
        rc = store_upload_end(upload);
    source_close(&source);
    buf_done(&chunk);
    arena_done(&arena);
    if (rc == STORE_OK && pulled != PULL_END)
        rc = content->failure ? content->failure : STORE_FAILED;
    return rc;
}

static bool has_prop(const struct store_props *props, const struct store_prop *wanted)
{
    for (size_t i = 0; i < props->count; i++) {
        if (str_eq(props->items[i].ns, wanted->ns) && str_eq(props->items[i].name, wanted->name))
            return true;
    }
    return false;
}

/* All that `from` has, and the removal of what only `to` has: promise 12. */
static enum store_rc gather_patch(struct transfer *transfer, struct arena *arena,
                                  struct res_path from, struct res_path to,
                                  struct store_patch *patch)
{
    struct store_props props;
    struct store_props old = {0};
    enum store_rc rc = store_gather_props(transfer->store, arena, from, &props);
    if (rc == STORE_OK && transfer->replaces_file)
        rc = store_gather_props(transfer->store, arena, to, &old);
    if (rc != STORE_OK)
        return rc;
    patch->props = arena_alloc(arena, (props.count + old.count + 1) * sizeof(*patch->props));
    if (props.count)
        memcpy(patch->props, props.items, props.count * sizeof(*patch->props));
    patch->prop_count = props.count;
    for (size_t i = 0; i < old.count; i++) {
        if (!has_prop(&props, &old.items[i]))
            patch->props[patch->prop_count++] =
                (struct store_prop){old.items[i].ns, old.items[i].name, STR_NONE};
    }
    return STORE_OK;
}

/* In one patch with what stands in it already. */
static enum store_rc copy_props(struct transfer *transfer, struct res_path from, struct res_path to,
                                struct store_patch patch)
{
    struct arena arena = {0};
    enum store_rc rc;
    do {
        arena_reset(&arena);
        rc = gather_patch(transfer, &arena, from, to, &patch);
        if (rc == STORE_OK && (patch.prop_count || patch.sets_executable))
            rc = store_patch(transfer->change, to, &patch);
    } while (steps_repeat(&transfer->steps, &rc));
    arena_done(&arena);
    return rc;
}

/* What is there where nothing was to be seen is not ours to replace. A file that is replaced by one
 * may be another by now: at another server. */
static enum store_rc rc_of_made(const struct transfer *transfer, enum store_rc rc)
{
    bool was_unseen = !transfer->expects_absent && !transfer->replaces_file;
    return rc == STORE_EXISTS && was_unseen ? STORE_DENIED : rc;
}

/* Whether the call that puts something at `to` is to be made again. */
static bool is_to_put_again(struct transfer *transfer, struct res_path to, enum store_rc *rc)
{
    return steps_repeat_at(&transfer->steps, transfer->store, to, rc);
}

static enum store_rc commit_copy(struct transfer *transfer, struct store_upload *upload,
                                 struct store_stat *stat_out)
{
    enum store_rc rc;
    do {
        rc = store_upload_commit(upload, transfer->change, upload->plan, stat_out);
    } while (is_to_put_again(transfer, upload->path, &rc));
    return rc_of_made(transfer, rc);
}

static enum store_rc copy_file(struct transfer *transfer, struct res_path from, struct res_path to)
{
    struct store_content *content = NULL;
    struct store_upload *upload = NULL;
    struct store_patch patch = {0};
    struct content_hashes hashes;
    struct store_commit commit = {.expects_absent = !transfer->replaces_file, .hashes = &hashes};
    struct store_stat stat;
    enum store_rc rc = store_content_open(transfer->store, from, &content);
    patch.is_executable = rc == STORE_OK && content->stat.is_executable;
    if (rc == STORE_OK)
        rc = store_upload(transfer->store, to, content->stat.size_bytes, &upload);
    if (rc == STORE_OK) {
        /* The copy is the same document. */
        commit.sets_modified = content->stat.modified_s != STORE_TIME_UNKNOWN;
        commit.modified_s = content->stat.modified_s;
        store_hashes(transfer->store, from, &content->stat, &hashes);
        upload->plan = &commit;
        rc = copy_bytes(content, upload);
    }
    if (rc == STORE_OK)
        rc = commit_copy(transfer, upload, &stat);
    store_upload_close(&upload);
    store_content_close(&content);
    if (rc != STORE_OK)
        return rc;
    patch.sets_executable = stat.is_executable != patch.is_executable;
    return copy_props(transfer, from, to, patch);
}

static bool copy_tree(struct transfer *transfer, struct res_path from, struct res_path to,
                      unsigned depth);

/* 0: it may be copied, or moved. */
static unsigned refusal(struct transfer *transfer, struct res_path from)
{
    struct store_visitor *visitor = transfer->visitor;
    if (transfer->is_move)
        return visitor->refuse(visitor, from);
    return visitor->refuse_copy ? visitor->refuse_copy(visitor, from) : 0;
}

/* True: all members are copied, and moved where they are to be. */
static bool copy_members(struct transfer *transfer, struct res_path from, struct res_path to,
                         unsigned depth)
{
    struct store_cursor *cursor = NULL;
    struct store_member member;
    bool is_complete = true;
    enum store_rc rc =
        store_list(transfer->store, from, WANTS_PROPS | WANTS_LOCKS | WANTS_HASHES, &cursor);
    if (rc != STORE_OK)
        return fail(transfer, from, true, rc, 0);
    while ((rc = store_cursor_next(cursor, &member)) == STORE_OK) {
        struct arena arena = {0};
        struct res_path member_from = path_join(&arena, from, member.name);
        struct res_path member_to = path_join(&arena, to, member.name);
        is_complete = copy_tree(transfer, member_from, member_to, depth + 1) && is_complete;
        arena_done(&arena);
    }
    store_cursor_close(&cursor);
    return rc == STORE_END ? is_complete : fail(transfer, from, true, rc, 0);
}

static enum store_rc copy_one(struct transfer *transfer, struct res_path from, struct res_path to,
                              bool is_collection)
{
    enum store_rc rc;
    if (!is_collection)
        return copy_file(transfer, from, to);
    do {
        rc = store_mkcol(transfer->change, to);
    } while (is_to_put_again(transfer, to, &rc));
    rc = rc_of_made(transfer, rc);
    return rc == STORE_OK ? copy_props(transfer, from, to, (struct store_patch){0}) : rc;
}

/* What has been copied goes; it was asked about before. */
static enum store_rc remove_source(struct transfer *transfer, struct res_path from)
{
    struct store_visitor silent = silent_visitor();
    enum store_rc rc;
    do {
        rc = store_remove(transfer->change, from, &silent);
    } while (is_to_put_again(transfer, from, &rc));
    return rc == STORE_NOT_FOUND ? STORE_OK : rc; /* somebody else has removed it */
}

/* EXISTS: something has come into a collection since its members were moved. */
static enum store_rc check_empty(struct transfer *transfer, struct res_path from)
{
    struct store_cursor *cursor = NULL;
    struct store_member member;
    enum store_rc rc = store_list(transfer->store, from, 0, &cursor);
    if (rc == STORE_OK)
        rc = store_cursor_next(cursor, &member);
    store_cursor_close(&cursor);
    if (rc == STORE_OK)
        return STORE_EXISTS;
    return rc == STORE_END ? STORE_OK : rc;
}

/* What a link leads to, if it is a file: a collection is elsewhere. NOT_FOUND: it leads nowhere. */
static enum store_rc find_behind(struct transfer *transfer, struct arena *arena,
                                 struct res_path link, struct res_path *real_out)
{
    struct store_stat stat;
    enum store_rc rc = store_locate(transfer->store, arena, link, LOCATE_RESOURCE, real_out);
    if (rc == STORE_OK)
        rc = store_stat(transfer->store, *real_out, 0, &stat);
    if (rc == STORE_OK && stat.is_collection)
        return STORE_DENIED;
    return rc == STORE_ALIAS ? STORE_NOT_FOUND : rc;
}

/* The file that a link leads to is copied in its place. */
static bool copy_link(struct transfer *transfer, struct res_path from, struct res_path to)
{
    struct store_visitor *visitor = transfer->visitor;
    struct arena arena = {0};
    struct res_path real;
    unsigned reason = refusal(transfer, from);
    enum store_rc rc = reason ? STORE_REFUSED : find_behind(transfer, &arena, from, &real);
    if (rc == STORE_OK && visitor->refuse_link)
        reason = visitor->refuse_link(visitor, from, real);
    if (rc == STORE_OK)
        rc = reason ? STORE_REFUSED : copy_file(transfer, real, to);
    arena_done(&arena);
    if (rc == STORE_OK && transfer->is_move)
        rc = remove_source(transfer, from);
    if (rc == STORE_NOT_FOUND && !transfer->is_move) /* as a listing: it is no member */
        return true;
    return rc == STORE_OK || fail(transfer, from, false, rc, reason);
}

static struct apart apart_of(const struct transfer *transfer)
{
    return (struct apart){transfer->change, transfer->mark, transfer->steps};
}

/* A source by whose members the destination itself is met would be copied into itself for ever. */
static enum store_rc check_not_met(struct transfer *transfer, struct res_path from)
{
    struct apart apart = apart_of(transfer);
    if (!transfer->mark.len || path_eq(from, transfer->from) ||
        !apart_may_be_one(path_name(from), path_name(transfer->to)))
        return STORE_OK;
    enum store_rc rc = apart_check(&apart, transfer->to, from, from);
    return rc == STORE_DENIED ? STORE_SAME : rc;
}

static bool copy_tree(struct transfer *transfer, struct res_path from, struct res_path to,
                      unsigned depth)
{
    struct store_stat stat = {0};
    enum store_rc rc = store_stat(transfer->store, from, 0, &stat);
    if (rc == STORE_NOT_FOUND)
        return true; /* it has gone since it was listed */
    if (rc == STORE_ALIAS)
        return copy_link(transfer, from, to);
    unsigned reason = rc == STORE_OK ? refusal(transfer, from) : 0;
    if (reason)
        return fail(transfer, from, stat.is_collection, STORE_REFUSED, reason);
    if (rc == STORE_OK && stat.is_collection)
        rc = check_not_met(transfer, from);
    if (rc == STORE_OK)
        rc = depth > DEPTH_MAX ? STORE_TOO_DEEP : copy_one(transfer, from, to, stat.is_collection);
    if (rc != STORE_OK)
        return fail(transfer, from, stat.is_collection, rc, 0);
    bool is_complete = true;
    if (stat.is_collection && transfer->is_deep)
        is_complete = copy_members(transfer, from, to, depth);
    if (!transfer->is_move || !is_complete)
        return is_complete;
    if (stat.is_collection)
        rc = check_empty(transfer, from);
    if (rc == STORE_OK)
        rc = remove_source(transfer, from);
    return rc == STORE_OK || fail(transfer, from, stat.is_collection, rc, 0);
}

/* --- what is at the destination --- */

struct ends {
    struct res_path from;
    struct store_stat from_stat;
    struct store_stat to_stat;
};

/* A lock that is rooted at the destination stays for what comes there (promises 12 and 13). */
static enum store_rc note_locks(struct transfer *transfer, struct res_path to)
{
    struct lock_list *locks = &transfer->locks;
    struct store *store = transfer->store;
    enum store_rc rc = store_locks(store, &transfer->arena, to, LOCKS_WITHIN, locks);
    size_t count = 0;
    for (size_t i = 0; rc == STORE_OK && i < locks->count; i++) {
        if (path_eq(locks->items[i].root, to))
            locks->items[count++] = locks->items[i];
    }
    locks->count = count;
    return rc;
}

/* Makes room; the locks come back at once, before there is anything that they could protect. */
static enum store_rc remove_old(struct transfer *transfer, struct res_path to)
{
    enum store_rc rc = note_locks(transfer, to);
    if (rc == STORE_OK)
        rc = store_remove(transfer->change, to, transfer->visitor);
    (void)!steps_repeat(&transfer->steps, &rc); /* if it is, it was the first */
    for (size_t i = 0; rc == STORE_OK && i < transfer->locks.count; i++) {
        struct lock_wish wish = {.lock = &transfer->locks.items[i]};
        enum store_rc locked;
        do {
            locked = store_lock(transfer->change, &wish); /* too late to stop for it */
        } while (is_to_put_again(transfer, to, &locked));
    }
    return rc;
}

/* Nothing has come: neither do the locks stay. */
static void drop_idle_locks(struct transfer *transfer, struct res_path to)
{
    struct store_stat stat;
    if (transfer->locks.count == 0 || store_stat(transfer->store, to, 0, &stat) != STORE_NOT_FOUND)
        return;
    for (size_t i = 0; i < transfer->locks.count; i++) {
        enum store_rc rc;
        do {
            rc = store_unlock(transfer->change,
                              &transfer->locks.items[i]); /* it expires otherwise */
        } while (is_to_put_again(transfer, to, &rc));
    }
}

/* By what a file is another that the destination is, where a mark cannot be made. */
static bool has_other_size(const struct store_stat *a, const struct store_stat *b)
{
    return a->size_bytes != UINT64_MAX && b->size_bytes != UINT64_MAX &&
           a->size_bytes != b->size_bytes;
}

/* Whether what is replaced is, or holds, what it is replaced by: by another name. */
static enum store_rc check_apart(struct transfer *transfer, struct res_path to,
                                 const struct ends *ends)
{
    const struct mount *mount = view_find(view_of(transfer->store), ends->from);
    struct apart apart = apart_of(transfer);
    struct res_path inner = ends->from_stat.is_collection ? ends->from : path_parent(ends->from);
    enum store_rc rc;
    if (!transfer->mark.len || (ends->from_stat.is_collection && !ends->to_stat.is_collection))
        return STORE_OK;
    if (ends->to_stat.is_collection) {
        rc = apart_check(&apart, to, inner, mount->prefix);
        if (rc == STORE_OK)
            rc = apart_check_base(&apart, to, mount, ends->from, &ends->from_stat);
    } else {
        rc = apart_check(&apart, path_parent(to), inner, inner);
        if (rc == STORE_DENIED && has_other_size(&ends->from_stat, &ends->to_stat))
            rc = STORE_OK;
    }
    return rc == STORE_DENIED ? STORE_SAME : rc;
}

/* What the source is: of a link, the file that it leads to. */
static enum store_rc find_source(struct transfer *transfer, struct ends *ends)
{
    ends->from = transfer->from;
    enum store_rc rc = store_stat(transfer->store, ends->from, 0, &ends->from_stat);
    if (rc != STORE_ALIAS)
        return rc;
    rc = find_behind(transfer, &transfer->arena, transfer->from, &ends->from);
    return rc == STORE_OK ? store_stat(transfer->store, ends->from, 0, &ends->from_stat) : rc;
}

/* A file is replaced by a file in one step, later, and as it is now. */
static enum store_rc prepare_replacement(struct transfer *transfer, struct res_path to)
{
    struct store_stat stat;
    enum store_rc rc = store_stat(transfer->store, to, 0, &stat);
    transfer->replaces_file = rc == STORE_OK && !stat.is_collection;
    if (rc == STORE_OK && stat.is_collection)
        return STORE_EXISTS;
    return rc == STORE_NOT_FOUND ? STORE_OK : rc;
}

/* Looks at both ends, and makes room at the destination. What is no resource is not seen here, and
 * stays: copy_one() finds the name taken. */
static enum store_rc clear_way(struct transfer *transfer, struct res_path to)
{
    struct ends ends = {0};
    struct res_path real;
    enum store_rc rc = find_source(transfer, &ends);
    if (rc != STORE_OK)
        return rc;
    enum store_rc found = store_stat(transfer->store, to, 0, &ends.to_stat);
    if (found == STORE_NOT_FOUND)
        return STORE_OK;
    if (found != STORE_OK && found != STORE_ALIAS)
        return found;
    if (transfer->expects_absent)
        return STORE_EXISTS;
    if (found == STORE_ALIAS &&
        find_behind(transfer, &transfer->arena, to, &real) == STORE_NOT_FOUND)
        return STORE_DENIED; /* a link that leads nowhere is no resource */
    if (found == STORE_OK)
        rc = check_apart(transfer, to, &ends);
    if (rc != STORE_OK)
        return rc;
    if (found == STORE_OK && !ends.from_stat.is_collection && !ends.to_stat.is_collection)
        return prepare_replacement(transfer, to);
    return remove_old(transfer, to);
}

static enum store_rc transfer_across(struct transfer *transfer, struct res_path to)
{
    enum store_rc rc = clear_way(transfer, to);
    if (rc == STORE_OK) {
        (void)copy_tree(transfer, transfer->from, to, 0); /* what failed is counted */
        rc = transfer->failures ? STORE_PARTIAL : STORE_OK;
        if (transfer->is_taken)
            rc = STORE_EXISTS;
        if (transfer->is_again)
            rc = STORE_AGAIN;
    }
    drop_idle_locks(transfer, to);
    return rc;
}

/* --- both --- */

/* Who may do what with it, or with something in it, is kept there, and would be lost (RFC 3744
 * §7.4). */
static bool has_acls(struct transfer *transfer, const struct mount *mount)
{
    struct arena *arena = &transfer->arena;
    size_t count = 0;
    struct acl_place place =
        store_acls(mount->store, arena, view_enter(arena, mount, transfer->from));
    if (place.table)
        (void)acl_table_paths(place.table, arena, place.path, &count);
    return count;
}

static enum store_rc tree_run(struct transfer *transfer, struct res_path to)
{
    struct view *view = view_of(transfer->store);
    const struct mount *from_mount = view_find(view, transfer->from);
    const struct mount *to_mount = view_find(view, to);
    bool is_pinned = transfer->is_deep && view_has_below(view, transfer->from);
    if (transfer->is_move && view_has_within(view, transfer->from))
        return view_pins(transfer->from);
    if (view_has_within(view, to))
        return view_pins(to);
    if (is_pinned || !to_mount || to_mount->is_read_only ||
        (transfer->is_move && from_mount && from_mount->is_read_only))
        return STORE_DENIED;
    if (!from_mount)
        return STORE_NOT_FOUND;
    struct guide guide = guide_for(transfer->visitor);
    if (from_mount->store != to_mount->store) {
        if (transfer->is_move && has_acls(transfer, from_mount))
            return STORE_DENIED;
        bool may_be_one =
            from_mount->store->traits.has_other_names || to_mount->store->traits.has_other_names;
        transfer->mark = may_be_one ? transfer->mark : STR_NONE;
        assert(!may_be_one || transfer->mark.len);
        return transfer_across(transfer, to);
    }
    guide.view = view;
    guide.mount = from_mount;
    guide.from = transfer->from;
    guide.from_real = view_enter(&transfer->arena, from_mount, transfer->from);
    guide.to = to;
    guide.to_real = view_enter(&transfer->arena, to_mount, to);
    struct store_change *change = view_change(transfer->change, to_mount);
    struct view_budget budget = {change->store, from_mount, to_mount, .is_move = transfer->is_move};
    enum store_rc rc = budget_transfer(&budget, guide.from_real, guide.to_real, transfer->is_deep);
    if (rc == STORE_OK) {
        struct store_transfer inner = {guide.from_real, guide.to_real, transfer->is_deep,
                                       transfer->expects_absent};
        rc = transfer->is_move ? store_move(change, &inner, &guide.base)
                               : store_copy(change, &inner, &guide.base);
        budget_settle(&budget, rc);
    }
    guide_done(&guide);
    return rc;
}

static enum store_rc transfer_in_view(struct store_change *change,
                                      const struct store_transfer *wanted,
                                      struct store_visitor *visitor, bool is_move)
{
    struct transfer transfer = {.store = change->store,
                                .change = change,
                                .visitor = visitor,
                                .from = wanted->from,
                                .to = wanted->to,
                                .mark = wanted->mark,
                                .is_move = is_move,
                                .is_deep = is_move || wanted->is_deep,
                                .expects_absent = wanted->expects_absent};
    enum store_rc rc = tree_run(&transfer, wanted->to);
    arena_done(&transfer.arena);
    return rc;
}

enum store_rc view_copy(struct store_change *change, const struct store_transfer *copy,
                        struct store_visitor *visitor)
{
    return transfer_in_view(change, copy, visitor, false);
}

enum store_rc view_move(struct store_change *change, const struct store_transfer *move,
                        struct store_visitor *visitor)
{
    return transfer_in_view(change, move, visitor, true);
}
