/* Folders of chunks: made, looked at, removed.
 *
 * Who lists one goes on from what is told: so only chunks that are there whole are, and as long as
 * they are. They are told as members of a collection, by the code that tells properties of any
 * (dav/prop/answer.h): what is asked of them is a type and a length, and the rest they do not have.
 *
 * A folder whose file has been made is gone, but to a MOVE that is repeated. So one of the same
 * name can be made again, which forgets what the first became: some clients make the name of the
 * path of the file, and would otherwise have to wait an hour with the next version of it. */
#include "dav/prop/answer.h"
#include "exchange/body.h"
#include "exchange/destination.h"
#include "exchange/respond.h"
#include "sync/chunk/chunk.h"

struct dav_result chunk_result(enum store_rc rc)
{
    if (rc == STORE_NOT_FOUND || rc == STORE_DONE)
        return dav_error(HTTP_NOT_FOUND, "there is no such folder of chunks, or it is over");
    return dav_from_store(rc);
}

struct dav_result chunk_read_total(const struct exchange *x, uint64_t *bytes_out)
{
    struct str text = exchange_field(x, FIELD_OC_TOTAL_LENGTH);
    if (!text.at)
        text = exchange_field(x, FIELD_OC_TOTAL_FILE_LENGTH);
    *bytes_out = LENGTH_UNKNOWN;
    if (!text.at || (str_parse_u64(str_trim(text), bytes_out) && *bytes_out <= INT64_MAX))
        return DAV_FINE;
    return dav_error(HTTP_BAD_REQUEST, "OC-Total-Length is not a number of bytes");
}

/* --- MKCOL --- */

static enum stage_end make(struct exchange *x)
{
    const struct chunks *chunks = chunks_of(x);
    struct store *store = target_of(x)->store;
    struct resumable_wish wish = {
        .near = chunks->key.near,
        .owner = chunks->key.owner,
        .id = chunks->key.id,
        .hash_kinds = 1U << CONTENT_SHA1}; /* which is what the capabilities ask for */
    struct resumable made;
    struct dav_result result = chunk_read_total(x, &wish.size_bytes);
    if (dav_is_fine(result))
        result = chunk_may_go(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    enum store_rc rc = resumable_create(store, x->arena, &wish, &made);
    if (rc == STORE_EXISTS &&
        resumable_look(store, x->arena, &chunks->key, LOOK_ONLY, &made) == STORE_OK &&
        made.is_done) { /* another file of the same name: clients make it of the path */
        rc = resumable_remove(store, &chunks->key);
        if (rc == STORE_OK)
            rc = resumable_create(store, x->arena, &wish, &made);
    }
    if (rc == STORE_EXISTS) /* clients go on then: it is an upload that was interrupted */
        return respond_error(x, dav_error(HTTP_METHOD_NOT_ALLOWED, "the folder is there"));
    return rc == STORE_OK ? respond_status(x, HTTP_CREATED) : respond_error(x, dav_from_store(rc));
}

const struct stage chunk_make_stages[] = {
    {"no body", exchange_expect_no_body, ON_LOOP},
    {"make", make, ON_WORKER},
};

/* --- DELETE --- */

static enum stage_end remove_it(struct exchange *x)
{
    const struct chunks *chunks = chunks_of(x);
    struct store *store = target_of(x)->store;
    enum store_rc rc = chunks->name.len ? resumable_piece_remove(store, &chunks->key, chunks->name)
                                        : resumable_remove(store, &chunks->key);
    return rc == STORE_OK ? respond_status(x, HTTP_NO_CONTENT) : respond_error(x, chunk_result(rc));
}

const struct stage chunk_remove_stages[] = {
    {"no body", exchange_expect_no_body, ON_LOOP},
    {"remove", remove_it, ON_WORKER},
};

/* --- PROPFIND --- */

struct chunk_listing {
    struct propfind_request request;
    enum depth depth;
    struct multistatus_body *body;
};

/* False: there is no memory. */
static bool tell(struct exchange *x, struct chunk_listing *listing, struct str name,
                 const struct store_stat *stat)
{
    struct res_path path = name.len ? path_join(x->arena, x->path, name) : x->path;
    const struct prop_target target = {
        .x = x,
        .store = target_of(x)->store,
        .arena = x->arena,
        .path = path,
        .real = path,
        .stat = *stat,
    };
    return prop_answer(listing->body, &target, &listing->request);
}

static enum store_rc tell_chunks(struct exchange *x, struct chunk_listing *listing)
{
    struct resumable_pieces pieces = {0};
    enum store_rc rc = resumable_pieces(target_of(x)->store, x->arena, &chunks_of(x)->key, &pieces);
    for (size_t i = 0; i < pieces.count && rc == STORE_OK; i++) {
        const struct resumable_piece *piece = &pieces.items[i];
        struct store_stat stat = store_stat_unknown(false);
        stat.size_bytes = piece->bytes;
        stat.modified_s = piece->modified_s;
        stat.version = (uint64_t)piece->modified_s ^ piece->key << 32 ^ piece->bytes;
        rc = tell(x, listing, piece->name, &stat) ? STORE_OK : STORE_BUSY;
    }
    return rc;
}

static struct dav_result check_folder(struct exchange *x)
{
    const struct chunks *chunks = chunks_of(x);
    struct resumable now;
    if (!chunks->folder.len)
        return DAV_FINE;
    enum store_rc rc = resumable_look(target_of(x)->store, x->arena, &chunks->key, LOOK_ONLY, &now);
    return chunk_result(rc == STORE_OK && now.is_done ? STORE_NOT_FOUND : rc);
}

static enum stage_end list(struct exchange *x)
{
    struct chunk_listing listing = {0};
    struct store_stat folder = store_stat_unknown(true);
    struct dav_result result =
        propfind_parse(buf_str(&x->body), x->service->limits, x->arena, &listing.request);
    exchange_drop_body(x);
    if (dav_is_fine(result))
        result = depth_read(x, DEPTH_1, &listing.depth);
    if (dav_is_fine(result))
        result = check_folder(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    listing.body = multistatus_body_new(x);
    enum store_rc rc = tell(x, &listing, STR_NONE, &folder) ? STORE_OK : STORE_BUSY;
    if (rc == STORE_OK && listing.depth != DEPTH_0 && chunks_of(x)->folder.len)
        rc = tell_chunks(x, &listing);
    if (rc != STORE_OK)
        return respond_error(x, chunk_result(rc));
    respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
    return respond_multistatus(x, listing.body);
}

const struct stage chunk_list_stages[] = {
    {"body", exchange_read_xml, ON_LOOP},
    {"list", list, ON_WORKER},
};
