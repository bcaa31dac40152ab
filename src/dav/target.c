/* The path of a URL and what it leads to in a store (docs/decisions/0005-aliases.md): a symbolic
 * link, or another Unicode form of a name, is located before anything is done, and methods work on
 * the located path, in which the store follows no link. If one has come there since, a read is
 * located and judged anew (target_again()); a change is, too, from its beginning.
 *
 * Where there are rules they are asked about both: the path in the URL, and where it leads. How a
 * store tells names apart may be found out by locating one: so that comes before the rules are
 * asked (dav/handler.c), and that a path leads nowhere is said after it. Where there are no rules,
 * reads are not located at all until a link turns out to stand in the way. */
#include "dav/target.h"

#include "dav/method.h"
#include "dav/upload/choose.h"
#include "exchange/admit.h"
#include "exchange/answer/compress.h"
#include "exchange/respond.h"

/* --- where it leads --- */

/* Asked where the store may be: a method that only looks, at what is a collection. */
static bool shows_part(const struct exchange *x)
{
    const struct target *target = target_of(x);
    struct store_stat stat;
    return (x->method->flags & METHOD_IS_SAFE) && admit_shows_part(x, x->path, target->leads_to) &&
           store_stat(target->store, target->leads_to, 0, &stat) == STORE_OK && stat.is_collection;
}

struct dav_result target_locate(struct exchange *x)
{
    struct target *target = target_of(x);
    unsigned flags = dav_method_flags(x->method);
    struct str upload;
    if (target->is_located)
        return DAV_FINE;
    struct store *store = target->store;
    enum store_rc rc = store_locate(store, x->arena, x->path, LOCATE_RESOURCE, &target->leads_to);
    target->real = target->leads_to;
    if (rc == STORE_OK && (flags & METHOD_OF_NAME) && !upload_is_named(x, &upload))
        rc = store_locate(store, x->arena, x->path, LOCATE_NAME, &target->real);
    if (rc == STORE_NO_PARENT && !(flags & METHOD_ON_UNMAPPED))
        rc = STORE_NOT_FOUND;
    target->is_located = rc == STORE_OK;
    if (rc == STORE_OK && store_is_aside(store, target->real))
        target->kept_rc = store_kept(store, x->arena, target->real, &target->kept);
    target->shows_part = rc == STORE_OK && x->service->access && shows_part(x);
    return rc == STORE_OK && target->is_again ? target_may(x) : dav_from_store(rc);
}

struct res_path target_read(const struct exchange *x)
{
    const struct target *target = target_of(x);
    return target->is_located ? target->leads_to : x->path;
}

bool target_stems_from(const struct exchange *x, struct arena *arena, struct res_path path,
                       struct res_path *from_out)
{
    const struct target *target = target_of(x);
    struct store_kept kept = target->kept;
    enum store_rc rc = target->kept_rc;
    if (!target->store || !store_is_aside(target->store, path))
        return false;
    if (!target->is_located || !path_eq(path, target->real))
        rc = store_kept(target->store, arena, path, &kept);
    *from_out = path;                    /* a collection of what is kept */
    if (x->signed_in.principal.link.len) /* by which somebody has shared what is there */
        *from_out = (struct res_path){NULL, 0};
    else if (rc == STORE_OK)
        *from_out = kept.from;
    else if (rc != STORE_NOT_FOUND)
        *from_out = (struct res_path){NULL, 0};
    return true;
}

/* What is asked of an upload is for who may write what it is to become, a HEAD, too. */
static enum access_class right_of(const struct exchange *x)
{
    struct str upload;
    bool may_ask_apart = x->method->id == METHOD_POST || x->method->right == ACCESS_ADMIN;
    if (upload_is_named(x, &upload))
        return ACCESS_WRITE;
    bool asks_apart = may_ask_apart && (dav_method_find(x).flags & METHOD_READS);
    return asks_apart ? ACCESS_READ : x->method->right;
}

/* Where nothing can be, the path itself is what can be asked about. */
struct dav_result target_may(const struct exchange *x)
{
    const struct target *target = target_of(x);
    enum access_class right = right_of(x);
    if (target->is_located && target->shows_part)
        return DAV_FINE;
    struct dav_result result = admit_check(x, right, x->path, target_read(x));
    if (dav_is_fine(result) && target->is_located && !path_eq(target->real, target->leads_to))
        result = admit_check(x, right, x->path, target->real);
    return result;
}

static struct dav_result locate_and_ask(struct exchange *x)
{
    struct dav_result located = target_locate(x);
    struct dav_result result = target_may(x);
    return dav_is_fine(result) ? located : result;
}

struct dav_result target_again(struct exchange *x, enum store_rc rc)
{
    enum { TRIES_MAX = 4 };
    struct target *target = target_of(x);
    struct res_path before = target_read(x);
    /* What was not located is the URL's own path: there may be something by another name. */
    bool is_elsewhere = rc == STORE_ALIAS || (rc == STORE_NOT_FOUND && !target->is_located &&
                                              !str_is_ascii(path_str(x->path)));
    if (!is_elsewhere)
        return dav_from_store(rc);
    target->is_located = false;
    struct dav_result result = locate_and_ask(x);
    if (!dav_is_fine(result) || ++target->locate_count < TRIES_MAX)
        return result;
    /* A link that leads nowhere; or somebody changes it all the time. */
    return dav_from_store(path_eq(before, target->leads_to) ? STORE_NOT_FOUND : STORE_ALIAS);
}

/* --- a part of what is there --- */

enum walk_entry target_entry(const struct exchange *x, struct res_path path, struct res_path real)
{
    if (admit_judge(x, ACCESS_READ, path, real) == ACCESS_GRANTED)
        return WALK_ENTERS;
    return admit_shows_part(x, path, real) ? WALK_ENTERS_PART : WALK_PASSES_BY;
}

bool target_show_part(const struct exchange *x, const struct walk_item *item,
                      struct walk_item *part_out)
{
    if (item->rc != STORE_OK || !item->stat.is_collection ||
        !admit_shows_part(x, item->path, item->real))
        return false;
    *part_out = *item;
    part_out->is_part = true;
    part_out->stat = store_stat_unknown(true);
    if (x->dialect == MULTISTATUS_SYNC)
        part_out->stat.id = item->stat.id; /* without it a client takes no folder (prop/answer.c) */
    return true;
}

const struct look *target_look(const struct exchange *x, struct res_path real)
{
    return looks_find(&target_of(x)->looks, real);
}

struct dav_result target_see_reached(struct exchange *x)
{
    const struct dav_service *dav = dav_service_of(x);
    struct target *target = target_of(x);
    struct home *homes; /* were made before */
    struct store *seen = dav->view_between ? dav->view_between(dav, x, &homes) : target->seen;
    if (!seen)
        return dav_busy();
    target->seen = target->store = seen;
    return DAV_FINE;
}

/* --- changes --- */

static void change_begun(struct store_change *change)
{
    exchange_wake(CONTAINER_OF(change, struct target, change)->x);
}

enum stage_end target_begin(struct exchange *x)
{
    struct target *target = target_of(x);
    struct store_change *change = &target->change;
    if (!change->begun) {
        target->x = x;
        change->executor = x->stream->executor;
        change->begun = change_begun;
        change->who = x->signed_in.principal.name;
        if (!store_begin(target->seen, change))
            return STAGE_WAIT;
    }
    if (!change->is_begun)
        return target_refused(x, change->rc);
    target->store = change->store;
    return STAGE_NEXT;
}

void target_end(struct exchange *x)
{
    struct target *target = target_of(x);
    store_end(&target->change);
    target->change.begun = NULL;
    target->store = target->seen;
}

enum stage_end target_refused(struct exchange *x, enum store_rc rc)
{
    enum { ALIASES_MAX = 2 }; /* a link that stays is no race */
    struct target *target = target_of(x);
    bool is_again = rc == STORE_AGAIN || (rc == STORE_ALIAS && target->alias_count++ < ALIASES_MAX);
    return is_again ? exchange_again(x, dav_from_store(rc)) : respond_error(x, dav_from_store(rc));
}

void target_forget(struct exchange *x)
{
    struct target *target = target_of(x);
    target_end(x);
    target->is_located = false;
    target->is_again = true;
}

/* --- what is there --- */

struct dav_result target_stat(struct exchange *x, struct store_stat *stat_out, bool *exists_out)
{
    *stat_out = (struct store_stat){0};
    unsigned wants = dav_method_flags(x->method) & METHOD_REPLACES ? WANTS_TO_REPLACE : 0;
    enum store_rc rc = store_stat(target_of(x)->store, target_read(x), wants, stat_out);
    *exists_out = rc == STORE_OK;
    /* ALIAS: a link that leads nowhere. What would be put in its place, the store refuses. */
    return rc == STORE_NOT_FOUND || rc == STORE_ALIAS ? DAV_FINE : dav_from_store(rc);
}

struct dav_result target_get(struct exchange *x, struct store_stat *stat_out)
{
    bool exists;
    struct dav_result result = target_stat(x, stat_out, &exists);
    if (dav_is_fine(result) && (!exists || (x->has_slash && !stat_out->is_collection)))
        return dav_from_store(STORE_NOT_FOUND);
    return result;
}

bool target_is_read_only(const struct exchange *x)
{
    return x->service->is_read_only || store_is_read_only(target_of(x)->store, x->path);
}

/* One that is there and cannot be read matches nothing. */
struct dav_result target_tag(const struct exchange *x, struct res_path real,
                             const struct store_stat *stat, struct etag *tag_out)
{
    struct str theirs;
    enum store_rc rc = store_tag(target_of(x)->store, x->arena, real, &theirs);
    if (rc != STORE_OK)
        return dav_from_store(rc);
    *tag_out = (struct etag){.is_weak = theirs.len};
    if (!theirs.len)
        tag_out->opaque = etag_of_stat(x->arena, stat);
    else
        (void)!etag_take(&theirs, tag_out);
    compress_know_tag(x, tag_out);
    return DAV_FINE;
}

struct str etag_of_stat(struct arena *arena, const struct store_stat *stat)
{
    struct buf tag = {0};
    buf_add_char(&tag, '"');
    buf_add_hex(&tag, stat->version, 16);
    buf_add_char(&tag, '"');
    struct str copy = arena_str(arena, buf_str(&tag));
    buf_done(&tag);
    return copy;
}
