/* The gate: every call to a store, whoever makes it, and of a view or a wrapper to the store
 * inside, goes through here. So what holds for all calls is said once, and what looks at all of
 * them (counting, timing) would have one place.
 *
 * What holds is where a call may run. A thread with a loop serves thousands, and what it waits for,
 * they wait for. So a call that may wait must not be made there: one that is not quick, or whose
 * store's traits say that it is not in this store. To do so is a mistake in the program, and ends
 * it; since most stores never wait where they might, only a store of which every call may
 * (store/slow) finds such mistakes, and the suites run with it.
 *
 * And a call that changes something must be part of a change that has begun and whose ranges cover
 * what it changes. It would be right without, until somebody else changes the same at that moment.
 * This is seen in every store, since it costs a comparison or two of paths.
 *
 * What has been changed is noted in the store's log, where it has one, before and after each call
 * (store/change_log.h): here, because here all pass, and none can forget it.
 *
 * So is who may do what with a resource, where a store keeps that: as a dead property, so that it
 * goes where they go, with whatever the store promises of those. Its name is none that XML has; so
 * no client can name it, and none is shown it. What the store has of it is known from memory
 * (store/acl/table.h), and read anew after each change that may have moved it.
 *
 * Rejected: to check it in the backends. Each would have to, and none of those that there are ever
 * waits for what it reads. */
#include "store/store.h"

#include "base/turn.h"
#include "store/acl/table.h"
#include "store/backend.h"
#include "store/change_log.h"

/* --- the one question --- */

static void check_place(bool may_block)
{
    assert(!may_block || turn_current() == 0);
}

static const struct store_ops *pass(const struct store *store, bool may_block)
{
    check_place(may_block);
    return store->ops;
}

static const struct store_ops *pass_read(const struct store *store)
{
    return pass(store, store->traits.reads_block);
}

static const struct store_ops *pass_quota(const struct store *store)
{
    return pass(store, store->traits.reads_block || store->traits.quota_blocks);
}

static const struct store_ops *pass_lock(const struct store *store, bool makes_resource)
{
    return pass(store, store->traits.reads_block || store->traits.locks_block || makes_resource);
}

void store_traits_add(struct store_traits *to, const struct store_traits *more)
{
    to->reads_block |= more->reads_block;
    to->quota_blocks |= more->quota_blocks;
    to->locks_block |= more->locks_block;
    to->keeps_removed |= more->keeps_removed;
    to->has_acls |= more->has_acls;
}

/* --- what is known without a look --- */

enum store_folding store_folds(struct store *store, struct res_path path)
{
    return store->ops->folds ? store->ops->folds(store, path) : STORE_FOLDS_NOTHING;
}

bool store_is_read_only(struct store *store, struct res_path path)
{
    return store->ops->is_read_only && store->ops->is_read_only(store, path);
}

bool store_is_lost(struct store *store)
{
    return store->ops->is_lost && store->ops->is_lost(store);
}

struct change_log *store_changes(struct store *store, struct arena *arena, struct res_path path,
                                 struct res_path *inside_out)
{
    if (store->ops->changes)
        return store->ops->changes(store, arena, path, inside_out);
    *inside_out = path;
    return store->log;
}

struct acl_place store_acls(struct store *store, struct arena *arena, struct res_path path)
{
    if (!store->traits.has_acls)
        return (struct acl_place){NULL, path, false};
    if (store->ops->acls)
        return store->ops->acls(store, arena, path);
    return (struct acl_place){store->acls, path, false};
}

bool store_is_aside(struct store *store, struct res_path path)
{
    return store->ops->is_aside && store->ops->is_aside(store, path);
}

/* --- changes --- */

bool store_begin(struct store *store, struct store_change *change)
{
    assert(!change->is_begun);
    change->store = store;
    change->rc = STORE_OK;
    if (!store->ops->begin(store, change))
        return false;
    change->is_begun = change->rc == STORE_OK;
    return true;
}

void store_end(struct store_change *change)
{
    if (change->is_begun)
        change->store->ops->end(change);
    change->is_begun = false;
    change->range_count = 0;
    arena_done(&change->arena);
}

struct store_change *store_part(struct store_change *change, struct res_path path)
{
    const struct store_ops *ops = change->store->ops;
    return ops->part ? ops->part(change, path) : change;
}

/* The second question: for what changes `path` under the change. */
static void check_covered(const struct store_change *change, struct res_path path,
                          enum claim_reach reach)
{
    assert(change->is_begun && change_covers(change, path, reach, true));
}

static const struct store_ops *pass_change(const struct store_change *change, struct res_path path,
                                           enum claim_reach reach)
{
    check_covered(change, path, reach);
    return pass(change->store, true);
}

/* --- who may do what --- */

/* The property that it is kept as (store/directory/state/db.c knows the name as well). */
static bool is_acl(struct str ns, struct str name)
{
    return ns.len == 0 && str_eq(name, STORE_ACL_NAME);
}

struct acl_reader {
    struct store_prop_visitor visitor;
    struct arena *arena;
    struct str text;
};

static bool wants_acl(struct store_prop_visitor *visitor, struct str ns, struct str name)
{
    (void)visitor; /* all of it is in the name */
    return is_acl(ns, name);
}

static enum store_rc read_acl(struct store_prop_visitor *visitor, const struct store_prop *prop)
{
    struct acl_reader *reader = CONTAINER_OF(visitor, struct acl_reader, visitor);
    reader->text = arena_str(reader->arena, prop->xml);
    return STORE_END;
}

/* What the store has there now is what holds. Where it cannot say, what was said last, of `or`. */
static void learn_acl(struct store *store, struct arena *arena, struct res_path path,
                      struct res_path or)
{
    struct acl_reader reader = {{wants_acl, read_acl}, arena, STR_NONE};
    enum store_rc rc = store->ops->props(store, path, &reader.visitor);
    if (rc != STORE_OK && rc != STORE_END) {
        const struct kept_acl *kept = acl_table_find(store->acls, arena, or);
        reader.text = kept && kept->levels == 0 ? kept->text : STR_NONE;
    }
    acl_table_set(store->acls, path, reader.text);
}

/* Something has happened to what is in the tree. */
static void learn_acls(struct store *store, struct res_path tree)
{
    struct arena arena = {0};
    size_t count = 0;
    struct res_path *paths =
        store->acls ? acl_table_paths(store->acls, &arena, tree, &count) : NULL;
    for (size_t i = 0; i < count; i++)
        learn_acl(store, &arena, paths[i], paths[i]);
    arena_done(&arena);
}

/* It may be at either end, in parts: first there, then here, and only then no longer at both. */
static void learn_moved_acls(struct store *store, const struct store_transfer *transfer)
{
    struct arena arena = {0};
    size_t count = 0;
    struct res_path *paths = acl_table_paths(store->acls, &arena, transfer->from, &count);
    for (size_t i = 0; i < count; i++) {
        struct res_path to = path_rebase(&arena, paths[i], transfer->from, transfer->to);
        learn_acl(store, &arena, to, paths[i]);
    }
    learn_acls(store, transfer->to);
    learn_acls(store, transfer->from);
    arena_done(&arena);
}

/* --- looking --- */

enum store_rc store_locate(struct store *store, struct arena *arena, struct res_path path,
                           enum locate_what what, struct res_path *real_out)
{
    return pass_read(store)->locate(store, arena, path, what, real_out);
}

/* What is not wanted is not told, whether the backend knows it or not: nobody comes to rely on it.
 */
static void leave_out(unsigned wants, struct store_stat *stat)
{
    if (!(wants & WANTS_CREATED))
        stat->created_s = -1;
    if (!(wants & WANTS_HASHES))
        stat->may_have_hashes = false;
    if (!(wants & WANTS_ID))
        stat->id = 0;
}

enum store_rc store_stat(struct store *store, struct res_path path, unsigned wants,
                         struct store_stat *stat_out)
{
    enum store_rc rc = pass_read(store)->stat(store, path, wants, stat_out);
    if (rc == STORE_OK)
        leave_out(wants, stat_out);
    return rc;
}

enum store_rc store_tag(struct store *store, struct arena *arena, struct res_path path,
                        struct str *tag_out)
{
    const struct store_ops *ops = pass_read(store);
    *tag_out = STR_NONE;
    return ops->tag ? ops->tag(store, arena, path, tag_out) : STORE_OK;
}

void store_hashes(struct store *store, struct res_path path, const struct store_stat *stat,
                  struct content_hashes *hashes_out)
{
    const struct store_ops *ops = pass_read(store);
    *hashes_out = (struct content_hashes){0};
    if (ops->hashes)
        ops->hashes(store, path, stat, hashes_out);
}

void store_note_hashes(struct store *store, struct res_path path, const struct store_stat *stat,
                       const struct content_hashes *hashes)
{
    const struct store_ops *ops = pass_read(store);
    if (ops->note_hashes)
        ops->note_hashes(store, path, stat, hashes);
}

enum store_rc store_content_open(struct store *store, struct res_path path,
                                 struct store_content **content_out)
{
    return pass_read(store)->open(store, path, content_out);
}

enum store_rc store_list(struct store *store, struct res_path path, unsigned wants,
                         struct store_cursor **cursor_out)
{
    enum store_rc rc = pass_read(store)->list(store, path, wants, cursor_out);
    if (rc == STORE_OK) {
        (*cursor_out)->does_block = store->traits.reads_block;
        (*cursor_out)->wants = wants;
    }
    return rc;
}

bool store_may_have_props(struct store *store, struct res_path path)
{
    return pass_read(store)->may_have_props(store, path);
}

bool store_shows_props(struct store *store, struct res_path path)
{
    return turn_current() == 0 && store_may_have_props(store, path);
}

/* What clients may be shown. */
struct shown_props {
    struct store_prop_visitor base;
    struct store_prop_visitor *outer;
};

static bool wants_shown(struct store_prop_visitor *base, struct str ns, struct str name)
{
    struct store_prop_visitor *outer = CONTAINER_OF(base, struct shown_props, base)->outer;
    return !is_acl(ns, name) && (!outer->wants || outer->wants(outer, ns, name));
}

static enum store_rc show_shown(struct store_prop_visitor *base, const struct store_prop *prop)
{
    struct store_prop_visitor *outer = CONTAINER_OF(base, struct shown_props, base)->outer;
    return outer->show(outer, prop);
}

enum store_rc store_props(struct store *store, struct res_path path,
                          struct store_prop_visitor *visitor)
{
    struct shown_props shown = {{wants_shown, show_shown}, visitor};
    return pass(store, true)->props(store, path, &shown.base);
}

bool store_has_locks(struct store *store)
{
    return pass_read(store)->has_locks(store);
}

enum store_rc store_locks(struct store *store, struct arena *arena, struct res_path path,
                          enum lock_query query, struct lock_list *locks_out)
{
    return pass_read(store)->locks(store, arena, path, query, locks_out);
}

enum store_rc store_quota(struct store *store, struct res_path path, struct store_quota *quota_out)
{
    return pass_quota(store)->quota(store, path, quota_out);
}

enum store_rc store_used(struct store *store, struct res_path path, uint64_t *bytes_out)
{
    return pass(store, true)->used(store, path, bytes_out);
}

enum store_rc store_kept(struct store *store, struct arena *arena, struct res_path path,
                         struct store_kept *kept_out)
{
    const struct store_ops *ops = pass_read(store);
    return ops->kept ? ops->kept(store, arena, path, kept_out) : STORE_NOT_FOUND;
}

enum store_rc store_keeping(struct store *store, struct arena *arena, struct res_path path,
                            struct res_path *trash_out, struct res_path *versions_out)
{
    const struct store_ops *ops = store->ops;
    return ops->keeping ? ops->keeping(store, arena, path, trash_out, versions_out)
                        : STORE_NOT_FOUND;
}

bool store_make_room(struct store *store, struct res_path path, uint64_t bytes)
{
    const struct store_ops *ops = pass(store, true);
    return ops->make_room && ops->make_room(store, path, bytes);
}

/* --- what is noted of a change --- */

static enum store_rc note_begin(struct change_log *log, struct change_note *note)
{
    return log ? change_log_begin(log, note) : STORE_OK;
}

static enum store_rc note_end(struct change_log *log, struct change_note *note, enum store_rc rc)
{
    enum change_outcome outcome = OUTCOME_NOTHING;
    if (rc == STORE_OK)
        outcome = OUTCOME_ALL;
    else if (rc == STORE_PARTIAL || rc == STORE_UNKNOWN || rc == STORE_FAILED)
        outcome = OUTCOME_UNKNOWN;
    if (log)
        change_log_end(log, note, outcome);
    return rc;
}

static struct change_note note_of_one(struct res_path path)
{
    return (struct change_note){.rows = {{.path = path, .kind = CHANGE_OF_ONE}}, .row_count = 1};
}

/* Whether there is something with nothing in it. */
static bool is_one(struct store *store, struct res_path path)
{
    struct store_stat stat;
    return store_stat(store, path, 0, &stat) == STORE_OK && !stat.is_collection;
}

static struct change_row row_of_source(struct store *store, struct res_path path)
{
    return (struct change_row){path, is_one(store, path) ? CHANGE_OF_ONE : CHANGE_WENT,
                               LEFT_NOTHING};
}

/* Of what comes to `transfer->to`. */
static struct change_row row_of_target(struct store *store, const struct store_transfer *transfer,
                                       bool is_move)
{
    struct store_stat stat;
    enum store_rc rc = store_stat(store, transfer->to, 0, &stat);
    struct change_row row = {transfer->to, CHANGE_REPLACED, LEFT_UNKNOWN};
    if (rc != STORE_NOT_FOUND && (rc != STORE_OK || stat.is_collection))
        return row;
    row.kind = is_one(store, transfer->from) ? CHANGE_OF_ONE : CHANGE_CAME;
    if (row.kind == CHANGE_OF_ONE)
        row.left = LEFT_NEW;
    else if (is_move)
        row.left = LEFT_MOVED;
    return row;
}

/* --- changing --- */

enum store_rc store_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                           struct store_upload **upload_out)
{
    enum store_rc rc = pass_quota(store)->upload(store, path, size_bytes, upload_out);
    if (rc != STORE_OK)
        return rc;
    struct store_upload *upload = *upload_out;
    upload->path = path;
    if (!upload->log) { /* or else it came from a store inside */
        upload->log = store->log;
        upload->logged = path;
    }
    return rc;
}

enum store_rc store_upload_take(struct store_upload *upload, const struct store_staged *file)
{
    check_place(true);
    return upload->ops->take ? upload->ops->take(upload, file) : STORE_END;
}

enum store_rc store_resumables(struct store *store, struct res_path near,
                               struct resumables **of_out)
{
    const struct store_ops *ops = pass(store, true);
    return ops->resumables ? ops->resumables(store, near, of_out) : STORE_DENIED;
}

enum store_rc store_mkcol(struct store_change *change, struct res_path path)
{
    const struct store_ops *ops = pass_change(change, path, CLAIM_SELF);
    struct change_note note = note_of_one(path);
    struct change_log *log = change->store->log;
    note.rows[0].left = LEFT_NEW;
    enum store_rc rc = note_begin(log, &note);
    return rc == STORE_OK ? note_end(log, &note, ops->mkcol(change, path)) : rc;
}

static enum store_rc remove_tree(struct store_change *change, struct res_path path,
                                 struct store_visitor *visitor)
{
    const struct store_ops *ops = pass_change(change, path, CLAIM_TREE);
    enum store_rc rc = ops->remove(change, path, visitor);
    learn_acls(change->store, path);
    return rc;
}

enum store_rc store_remove(struct store_change *change, struct res_path path,
                           struct store_visitor *visitor)
{
    struct change_note note = {.row_count = 1};
    struct change_log *log = change->store->log;
    if (log)
        note.rows[0] = row_of_source(change->store, path);
    enum store_rc rc = note_begin(log, &note);
    return rc == STORE_OK ? note_end(log, &note, remove_tree(change, path, visitor)) : rc;
}

static enum store_rc copy_tree(struct store_change *change, const struct store_transfer *transfer,
                               struct store_visitor *visitor)
{
    enum claim_reach reach = transfer->is_deep ? CLAIM_TREE : CLAIM_SELF;
    assert(change_covers(change, transfer->from, reach, false));
    const struct store_ops *ops = pass_change(change, transfer->to, CLAIM_TREE);
    enum store_rc rc = ops->copy(change, transfer, visitor);
    learn_acls(change->store, transfer->to); /* of what was replaced */
    return rc;
}

enum store_rc store_copy(struct store_change *change, const struct store_transfer *transfer,
                         struct store_visitor *visitor)
{
    struct change_note note = {.row_count = 1};
    struct change_log *log = change->store->log;
    if (log)
        note.rows[0] = row_of_target(change->store, transfer, false);
    enum store_rc rc = note_begin(log, &note);
    return rc == STORE_OK ? note_end(log, &note, copy_tree(change, transfer, visitor)) : rc;
}

static enum store_rc move_tree(struct store_change *change, const struct store_transfer *transfer,
                               struct store_visitor *visitor)
{
    check_covered(change, transfer->from, CLAIM_TREE);
    const struct store_ops *ops = pass_change(change, transfer->to, CLAIM_TREE);
    struct acl_table *acls = change->store->acls;
    struct acl_move move = {.from = transfer->from, .to = transfer->to};
    if (!acls)
        return ops->move(change, transfer, visitor);
    acl_table_begin_move(acls, &move);
    enum store_rc rc = ops->move(change, transfer, visitor);
    learn_moved_acls(change->store, transfer);
    acl_table_end_move(acls, &move);
    return rc;
}

enum store_rc store_move(struct store_change *change, const struct store_transfer *transfer,
                         struct store_visitor *visitor)
{
    struct change_note note = {.row_count = 2};
    struct change_log *log = change->store->log;
    if (log) {
        note.rows[0] = row_of_source(change->store, transfer->from);
        note.rows[1] = row_of_target(change->store, transfer, true);
    }
    enum store_rc rc = note_begin(log, &note);
    return rc == STORE_OK ? note_end(log, &note, move_tree(change, transfer, visitor)) : rc;
}

/* What is set of who may do what is one more property, and then what holds. */
static enum store_rc patch_acl(struct store_change *change, struct res_path path,
                               const struct store_patch *patch)
{
    struct acl_table *acls = change->store->acls;
    struct arena arena = {0};
    struct store_patch whole = *patch;
    if (!acls)
        return STORE_DENIED;
    if (patch->acl.len && !acl_table_has_room(acls, path))
        return STORE_NO_SPACE;
    whole.sets_acl = false;
    whole.props = arena_alloc(&arena, (patch->prop_count + 1) * sizeof(*whole.props));
    if (patch->prop_count)
        memcpy(whole.props, patch->props, patch->prop_count * sizeof(*whole.props));
    whole.props[whole.prop_count++] = (struct store_prop){STR_NONE, STORE_ACL_NAME, patch->acl};
    enum store_rc rc = change->store->ops->patch(change, path, &whole);
    if (rc == STORE_OK || rc == STORE_UNKNOWN)
        acl_table_set(acls, path, patch->acl);
    arena_done(&arena);
    return rc;
}

static enum store_rc patch_one(struct store_change *change, struct res_path path,
                               const struct store_patch *patch)
{
    const struct store_ops *ops = pass_change(change, path, CLAIM_SELF);
    for (size_t i = 0; i < patch->prop_count; i++) {
        if (is_acl(patch->props[i].ns, patch->props[i].name))
            return STORE_DENIED;
    }
    return patch->sets_acl && !ops->acls ? patch_acl(change, path, patch)
                                         : ops->patch(change, path, patch);
}

enum store_rc store_patch(struct store_change *change, struct res_path path,
                          const struct store_patch *patch)
{
    struct change_note note = note_of_one(path);
    struct change_log *log = change->store->log;
    enum store_rc rc = note_begin(log, &note);
    return rc == STORE_OK ? note_end(log, &note, patch_one(change, path, patch)) : rc;
}

/* A lock by itself is nothing that is there; what it makes is. */
enum store_rc store_lock(struct store_change *change, const struct lock_wish *wish)
{
    check_covered(change, wish->lock->root, CLAIM_SELF);
    const struct store_ops *ops = pass_lock(change->store, wish->makes_resource);
    struct change_note note = note_of_one(wish->lock->root);
    struct change_log *log = wish->makes_resource ? change->store->log : NULL;
    enum store_rc rc = note_begin(log, &note);
    return rc == STORE_OK ? note_end(log, &note, ops->lock(change, wish)) : rc;
}

enum store_rc store_unlock(struct store_change *change, const struct lock *lock)
{
    check_covered(change, lock->root, CLAIM_SELF);
    return pass_lock(change->store, false)->unlock(change, lock);
}

/* --- what was opened --- */

struct source *store_content_source(struct store_content *content, struct arena *arena,
                                    uint64_t offset, uint64_t len)
{
    return content->ops->source(content, arena, offset, len);
}

enum store_rc store_cursor_next(struct store_cursor *cursor, struct store_member *member_out)
{
    check_place(cursor->does_block);
    enum store_rc rc = cursor->ops->next(cursor, member_out);
    if (rc == STORE_OK)
        leave_out(cursor->wants, &member_out->stat);
    return rc;
}

enum store_rc store_upload_commit(struct store_upload *upload, struct store_change *change,
                                  const struct store_commit *options, struct store_stat *stat_out)
{
    (void)pass_change(change, upload->path, CLAIM_SELF); /* the call is the upload's own */
    struct change_note note = note_of_one(upload->logged);
    enum store_rc rc = note_begin(upload->log, &note);
    if (rc != STORE_OK)
        return rc;
    struct store_change *part = store_part(change, upload->path);
    rc = upload->ops->commit(upload, part, options, stat_out);
    if (rc == STORE_OK)
        note.rows[0].left = stat_out->version;
    return note_end(upload->log, &note, rc);
}

void store_close(struct store **store)
{
    struct store *closing = *store;
    *store = NULL;
    if (closing)
        closing->ops->close(closing);
}

void store_content_close(struct store_content **content)
{
    struct store_content *closing = *content;
    *content = NULL;
    if (closing)
        closing->ops->close(closing);
}

void store_cursor_close(struct store_cursor **cursor)
{
    struct store_cursor *closing = *cursor;
    *cursor = NULL;
    if (closing)
        closing->ops->close(closing);
}

void store_upload_close(struct store_upload **upload)
{
    struct store_upload *closing = *upload;
    *upload = NULL;
    if (closing)
        closing->ops->close(closing);
}
