/* Chunks are no resources: what is below uploads/ is the engine's (store/resumable.h), a folder one
 * upload that lasts and a chunk one of its pieces. They are in no listing of the mount, no rule
 * speaks of them, and nobody but their owner sees them.
 *
 * What they become is a resource like any other. So a MOVE of ".file" is turned into a PUT of its
 * Destination before the rules are asked: they are asked about that, as are locks, conditions (also
 * in an If that names it, as the desktops' does), links and quota, by the code that asks them of a
 * PUT.
 *
 * Until then somebody fills the disk. What he has begun counts against his limits and the mount's
 * quota; who may write nowhere in the mount may not begin, and where a client says at once where it
 * will go (the second protocol's Destination), that is asked at once. */
#include "sync/chunk/chunk.h"

#include "dav/home.h"
#include "dav/method.h"
#include "dav/upload/choose.h"
#include "exchange/admit.h"
#include "exchange/browser.h"
#include "exchange/destination.h"
#include "exchange/respond.h"
#include "sync/files.h"

#define JOINED_NAME ".file"

/* --- which --- */

/* The engine's name for it: of a folder that is called as no id may be, a hash. "oc-" keeps them
 * apart from those that other front ends make. */
static struct str id_of(struct exchange *x, struct str folder)
{
    struct content_hashes wanted = {0};
    struct buf id = {0};
    bool is_plain = folder.len + 3 <= RESUMABLE_ID_BYTES_MAX - 1;
    for (size_t i = 0; i < folder.len; i++) {
        char c = folder.at[i];
        is_plain &= char_is_alpha(c) || char_is_digit(c) || c == '-' || c == '_';
    }
    BUF_ADD(&id, "oc-");
    if (is_plain) {
        buf_add(&id, folder);
    } else {
        wanted.of[CONTENT_SHA1].len = content_hash_bytes(CONTENT_SHA1);
        struct content_check *check = content_check_new(x->arena, &wanted);
        content_check_add(check, folder);
        const struct content_hashes *found = content_check_found(check);
        BUF_ADD(&id, "hash-");
        for (size_t i = 0; i < found->of[CONTENT_SHA1].len; i++)
            buf_add_hex(&id, found->of[CONTENT_SHA1].bytes[i], 2);
    }
    struct str copy = arena_str(x->arena, buf_str(&id));
    buf_done(&id);
    return copy;
}

/* False: it is nobody's, or somebody else's, or what holds no chunks. */
static bool read_path(struct exchange *x, struct chunks *chunks)
{
    struct str of_users = STR("remote.php/dav/uploads/");
    struct str rest = sync_path_of(x);
    if (!str_starts(rest, of_users))
        return false;
    rest = str_from(rest, of_users.len);
    struct str user = str_cut(&rest, '/');
    bool is_own = sync_see_files(x, user);
    chunks->folder = str_cut(&rest, '/');
    chunks->name = rest;
    chunks->key.id = id_of(x, chunks->folder);
    chunks->key.owner = principal_holder(&x->signed_in.principal);
    return is_own && str_index(rest, '/') == rest.len;
}

/* A place in the mount's files, by whichever of their paths. */
static struct dav_result read_destination(struct exchange *x, struct res_path *to_out)
{
    struct dav_result result = destination_read(x, to_out);
    if (dav_is_fine(result))
        result = upload_check_destination(x);
    if (!dav_is_fine(result))
        return result;
    size_t len = sync_files_prefix(x, *to_out);
    if (len == 0 || len == to_out->len)
        return dav_error(HTTP_FORBIDDEN, "chunks become a file of the same mount");
    x->seen.prefix = (struct res_path){to_out->at, len};
    return DAV_FINE;
}

/* From here on it is a PUT of the destination. */
static struct dav_result turn(struct exchange *x, struct chunks *chunks)
{
    struct res_path to;
    struct dav_result result = read_destination(x, &to);
    if (dav_is_fine(result))
        result = browser_check_reach(x, to);
    if (dav_is_fine(result))
        result = overwrite_read(x, &chunks->overwrites);
    if (!dav_is_fine(result))
        return result;
    chunks->key.near = x->seen.prefix; /* the same place, whatever it is called */
    x->path = to;
    x->has_slash = false;
    x->method = method_of(METHOD_PUT);
    chunks->joins = true;
    return DAV_FINE;
}

static enum stage_end find_chunks(struct exchange *x)
{
    struct chunks *chunks = ARENA_NEW(x->arena, struct chunks);
    bool is_nobody = principal_is_anonymous(&x->signed_in.principal);
    struct dav_result result = DAV_FINE;
    x->state = chunks;
    if (x->service->access && is_nobody)
        return respond_error(x, admit_result(ACCESS_SIGN_IN));
    if (!read_path(x, chunks))
        return respond_error(x, dav_not_found());
    chunks->key.near = x->seen.prefix;
    if (x->method->id == METHOD_MOVE && str_eq(chunks->name, STR(JOINED_NAME)))
        result = turn(x, chunks);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

static enum stage_end locate(struct exchange *x)
{
    return chunks_of(x)->joins ? dav_locate(x) : STAGE_NEXT;
}

static const struct stage enter_stages[] = {
    {"find chunks", find_chunks, ANYWHERE},
    {"see", dav_see, ON_READ},
    {"make homes", homes_make, ANYWHERE},
    {"locate", locate, ON_READ},
    {0},
};

/* --- who --- */

static struct dav_result may(const struct exchange *x)
{
    const struct chunks *chunks = chunks_of(x);
    if (chunks->joins)
        return target_may(x);
    if (x->method->flags & METHOD_IS_SAFE)
        return DAV_FINE;
    return admit_somewhere(x, ACCESS_WRITE, x->seen.prefix);
}

struct dav_result chunk_may_go(struct exchange *x)
{
    struct res_path seen = x->seen.prefix;
    struct res_path to;
    if (!http_fields_has(&x->stream->request.fields, FIELD_DESTINATION))
        return DAV_FINE;
    struct dav_result result = read_destination(x, &to);
    if (dav_is_fine(result))
        result = admit_check(x, ACCESS_WRITE, to, to);
    x->seen.prefix = seen;
    return result;
}

/* --- what --- */

struct chunk_method {
    enum method_id method;
    const struct stage *stages;
    bool of_all, of_folder, of_chunk;
};

static const struct chunk_method methods[] = {
    {METHOD_MKCOL, chunk_make_stages, .of_folder = true},
    {METHOD_PROPFIND, chunk_list_stages, .of_all = true, .of_folder = true},
    {METHOD_DELETE, chunk_remove_stages, .of_folder = true, .of_chunk = true},
    {METHOD_PUT, chunk_put_stages, .of_chunk = true},
};

static bool is_method_of(const struct chunk_method *method, const struct chunks *chunks)
{
    if (!chunks->folder.len)
        return method->of_all;
    return chunks->name.len ? method->of_chunk : method->of_folder;
}

static struct dav_result find(const struct exchange *x, const struct stage **stages_out)
{
    const struct chunks *chunks = chunks_of(x);
    if (chunks->joins) {
        struct dav_result result = dav_store_ops.find(x, stages_out);
        *stages_out = chunk_join_stages;
        return result;
    }
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        *stages_out = methods[i].stages;
        if (methods[i].method == x->method->id && is_method_of(&methods[i], chunks))
            return DAV_FINE;
    }
    return dav_error(HTTP_METHOD_NOT_ALLOWED, "chunks know no such method");
}

static enum stage_end set_allow(struct exchange *x)
{
    const struct chunks *chunks = chunks_of(x);
    struct buf allow = {0};
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (!is_method_of(&methods[i], chunks))
            continue;
        buf_add(&allow, allow.len ? STR(", ") : STR_NONE);
        buf_add(&allow, method_of(methods[i].method)->name);
    }
    if (str_eq(chunks->name, STR(JOINED_NAME)))
        buf_add(&allow, STR(", MOVE"));
    respond_field(x, FIELD_ALLOW, buf_str(&allow));
    buf_done(&allow);
    return STAGE_DONE;
}

static const struct stage allow_stage = {"allow", set_allow, ANYWHERE};

struct handler_ops sync_chunk_ops(void)
{
    struct handler_ops ops = dav_store_ops;
    ops.name = "chunks";
    ops.enter = enter_stages;
    ops.may = may;
    ops.transfers = false;
    ops.find = find;
    ops.allow = &allow_stage;
    return ops;
}
