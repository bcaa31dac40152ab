/* What is told of what a mount keeps (store/trash): of what was deleted where it was, when, and by
 * whom; of a file, its versions.
 *
 * Of RFC 3253 there is what a client can read: the report version-tree (§3.7), one response for
 * each version, and version-name (§3.4.4), the moment at which it was overwritten. Nobody puts a
 * resource under version control or takes it from there, so there is no token in the DAV field,
 * and no checked-in (§3.2.1), which would promise VERSION-CONTROL.
 *
 * The versions are the members of a collection, so the report is a listing of it; a file that was
 * never overwritten has none, and that is an answer as well. */
#include "dav/extension.h"
#include "dav/listing.h"
#include "dav/prop/answer.h"
#include "dav/report.h"
#include "dav/target.h"
#include "exchange/body.h"
#include "exchange/respond.h"
#include "text/date.h"
#include "xml/writer.h"

enum { INLINE_BODY_BYTES = 65536 };

/* --- properties --- */

static bool find(const struct prop_target *target, struct store_kept *kept_out)
{
    return store_is_aside(target->store, target->real) &&
           store_kept(target->store, target->arena, target->real, kept_out) == STORE_OK &&
           !kept_out->is_member;
}

static bool prop_kept_from(const struct prop_target *target, struct buf *to)
{
    struct store_kept kept;
    if (!find(target, &kept))
        return false;
    BUF_ADD(to, "<D:href>");
    path_encode(to, kept.from, target->stat.is_collection);
    BUF_ADD(to, "</D:href>");
    return true;
}

static bool prop_kept_at(const struct prop_target *target, struct buf *to)
{
    struct store_kept kept;
    if (!find(target, &kept))
        return false;
    iso_date_add(to, kept.gone_us / 1000000);
    return true;
}

static bool prop_kept_by(const struct prop_target *target, struct buf *to)
{
    struct store_kept kept;
    if (!find(target, &kept) || kept.by.len == 0)
        return false;
    xml_add_text(to, kept.by);
    return true;
}

static bool prop_version_name(const struct prop_target *target, struct buf *to)
{
    struct store_kept kept;
    if (!find(target, &kept) || !kept.is_version)
        return false;
    xml_add_text(to, path_name(target->real));
    return true;
}

/* --- the same, as sync clients ask for it (src/sync/trash.c) --- */

static bool prop_trashbin_filename(const struct prop_target *target, struct buf *to)
{
    struct store_kept kept;
    if (!find(target, &kept))
        return false;
    xml_add_text(to, path_name(kept.from));
    return true;
}

/* From the root of what they sync, without a slash before it. */
static bool prop_trashbin_location(const struct prop_target *target, struct buf *to)
{
    struct res_path root = target->x->seen.prefix;
    struct store_kept kept;
    if (!find(target, &kept) || !root.at || !path_is_within(kept.from, root))
        return false;
    xml_add_text(to, str_from(path_str(kept.from), root.len + 1));
    return true;
}

static bool prop_trashbin_time(const struct prop_target *target, struct buf *to)
{
    struct store_kept kept;
    if (!find(target, &kept) || kept.gone_us < 0)
        return false;
    buf_add_u64(to, (uint64_t)kept.gone_us / 1000000);
    return true;
}

static const struct dav_prop props[] = {
    {STR_INIT(NS_DAVIT), STR_INIT("kept-from"), prop_kept_from, PROP_PROTECTED | PROP_BLOCKS},
    {STR_INIT(NS_DAVIT), STR_INIT("kept-at"), prop_kept_at, PROP_PROTECTED | PROP_BLOCKS},
    {STR_INIT(NS_DAVIT), STR_INIT("kept-by"), prop_kept_by, PROP_PROTECTED | PROP_BLOCKS},
    {STR_INIT(NS_NEXTCLOUD), STR_INIT("trashbin-filename"), prop_trashbin_filename,
     PROP_PROTECTED | PROP_BLOCKS | PROP_OF_SYNC},
    {STR_INIT(NS_NEXTCLOUD), STR_INIT("trashbin-original-location"), prop_trashbin_location,
     PROP_PROTECTED | PROP_BLOCKS | PROP_OF_SYNC},
    {STR_INIT(NS_NEXTCLOUD), STR_INIT("trashbin-deletion-time"), prop_trashbin_time,
     PROP_PROTECTED | PROP_BLOCKS | PROP_OF_SYNC},
    {STR_INIT(NS_DAV), STR_INIT("version-name"), prop_version_name, PROP_PROTECTED | PROP_BLOCKS},
    {{0}},
};

/* --- version-tree --- */

struct versions {
    struct walk_item target; /* the collection of versions */
    struct propfind_request props;
    struct listing listing;
};

/* Where the versions are of the resource, or of that of which it is one. */
static enum store_rc find_versions(struct store *store, struct arena *arena, struct res_path real,
                                   struct res_path *versions_out)
{
    struct store_kept kept = {.from = real};
    struct res_path trash;
    enum store_rc rc = STORE_OK;
    if (store_is_aside(store, real))
        rc = store_kept(store, arena, real, &kept);
    if (rc == STORE_OK && store_is_aside(store, real) && !kept.is_version)
        rc = STORE_NOT_FOUND;
    return rc == STORE_OK ? store_keeping(store, arena, kept.from, &trash, versions_out) : rc;
}

static bool has_versions(const struct prop_target *target)
{
    struct arena arena = {0};
    struct res_path versions;
    bool has = target->store->traits.keeps_removed && !target->stat.is_collection &&
               find_versions(target->store, &arena, target->real, &versions) == STORE_OK;
    arena_done(&arena);
    return has;
}

static struct versions *versions_of(const struct listing *listing)
{
    return listing->x->state;
}

/* Below a collection of versions there may be others, of what has that one's name before it. */
static bool tell(struct listing *listing, struct arena *arena, const struct walk_item *item)
{
    struct prop_target target = prop_target_of(listing->x, arena, item);
    return item->stat.is_collection ||
           prop_answer(listing->body, &target, &versions_of(listing)->props);
}

static void refuse(struct listing *listing, const struct walk_item *item, unsigned status)
{
    struct prop_target target = prop_target_of(listing->x, NULL, item);
    if (!item->stat.is_collection)
        prop_answer_refused(multistatus_body_ms(listing->body), &target, status,
                            &versions_of(listing)->props);
}

static bool tell_unreachable(struct listing *listing, struct arena *arena,
                             const struct walk_item *item, const struct dav_result *why)
{
    (void)arena; /* no mount begins there */
    refuse(listing, item, why->status);
    return true;
}

static bool blocks(const struct listing *listing, const struct walk_item *item)
{
    struct prop_target target = prop_target_of(listing->x, NULL, item);
    return item->rc == STORE_OK && prop_answer_blocks(&target, &versions_of(listing)->props);
}

static enum store_rc next_of_none(struct listing *listing, struct walk_item *item_out)
{
    (void)listing, (void)item_out; /* it was never overwritten */
    return STORE_END;
}

static const struct listing_ops ops = {tell, refuse, tell_unreachable, blocks};
static const struct listing_ops none_ops = {tell, refuse, tell_unreachable, blocks, next_of_none};

struct tree_reader {
    struct xml_events events;
    struct names_reader names;
    struct dav_result stopped;
    bool is_in_prop;
};

/* <version-tree> with a <prop>, or with nothing; all else in it means nothing here. */
static bool tree_start(struct xml_events *events, const struct xml_element *element)
{
    struct tree_reader *reader = CONTAINER_OF(events, struct tree_reader, events);
    if (element->depth == 2)
        reader->is_in_prop = body_is_dav(element, STR("prop"));
    return element->depth != 3 || !reader->is_in_prop ||
           names_read(&reader->names, element, &reader->stopped);
}

static struct dav_result parse(struct exchange *x, struct propfind_request *request_out)
{
    const struct limits *limits = x->service->limits;
    struct propfind_request request = {.kind = PROPFIND_PROPS};
    struct tree_reader reader = {
        .events = {tree_start, body_ignore_text, body_ignore_end},
        .names = {x->arena, &request, {.arena = x->arena}, (size_t)limits->property_name_bytes}};
    struct dav_result result =
        body_read(buf_str(&x->body), &reader.events, limits, &reader.stopped);
    name_set_done(&reader.names.seen);
    if (dav_is_fine(result))
        *request_out = request;
    return result;
}

static enum stage_end versions_read(struct exchange *x)
{
    if (x->body.len > INLINE_BODY_BYTES && !x->is_on_worker)
        return STAGE_BLOCKS;
    struct versions *versions = ARENA_NEW(x->arena, struct versions);
    versions->target = *report_item(x);
    x->state = versions;
    struct dav_result result = parse(x, &versions->props);
    exchange_drop_body(x);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

static enum stage_end versions_answer(struct exchange *x)
{
    struct versions *versions = x->state;
    struct walk_item *target = &versions->target;
    struct store *store = target_of(x)->store;
    struct res_path collection;
    enum store_rc rc = find_versions(store, x->arena, target->real, &collection);
    if (rc != STORE_OK)
        return respond_error(x, dav_from_store(rc));
    target->path = target->real = collection;
    rc = store_stat(store, collection, 0, &target->stat);
    listing_init(&versions->listing, x, rc == STORE_OK ? &ops : &none_ops);
    versions->listing.wants = propfind_wants(&versions->props);
    versions->listing.leaves_out_target = true;
    report_begin_answer(x, &versions->props);
    return listing_answer(&versions->listing, target, DEPTH_1);
}

static const struct stage stages[] = {
    {"read", versions_read, ON_READ},
    {"answer", versions_answer, ON_READ},
};

static const struct dav_report reports[] = {
    {stages, STR_INIT(NS_DAV), STR_INIT("version-tree"), METHOD_ON_FILE, has_versions},
    {0},
};

const struct dav_extension kept_extension = {
    .name = STR_INIT("kept"),
    .where = STR_INIT("RFC 3253 §3.4, §3.7"),
    .reports = reports,
    .props = props,
};
