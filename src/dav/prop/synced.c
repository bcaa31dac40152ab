/* Properties of the servers whose sync clients are served here, too (src/sync/). Nobody else is
 * told that they are there: in the other dialect a client may have dead ones of these names.
 *
 * An id is what a client knows a resource by when it has another name: that is how a renaming over
 * there becomes one here, and nothing is fetched again. It is text: the number, and where it is
 * from. Some clients read the number as signed, so it has 63 bits.
 *
 * Permissions are letters, and the rules' answers: G may be read, W written, C and K given new
 * files and collections, D removed, N renamed and V moved elsewhere. The root of what is synced
 * stays where it is. R and S are about shares, of which there are none.
 *
 * The size of a collection would be that of all that is in it. Nobody has counted that, and a walk
 * for each listing would cost more than all else in it: it is missing, and clients do without.
 * Missing are also those of locks, which are asked for where capabilities promise locking, and a
 * fingerprint of the data: one that changes tells clients to send again what they have, as after a
 * backup was put back, of which davit knows nothing. */
#include "dav/prop/synced.h"

#include "dav/prop/live.h"
#include "dav/target.h"
#include "exchange/respond.h"

bool prop_oc_fileid(const struct prop_target *target, struct buf *to)
{
    if (!target->stat.id)
        return false;
    buf_add_u64(to, target->stat.id & INT64_MAX);
    return true;
}

bool prop_oc_id(const struct prop_target *target, struct buf *to)
{
    if (!prop_oc_fileid(target, to))
        return false;
    buf_add(to, dav_service_of(target->x)->id_suffix);
    return true;
}

bool prop_oc_permissions(const struct prop_target *target, struct buf *to)
{
    bool may_write = prop_may(target, ACCESS_WRITE);
    bool is_root = path_eq(target->path, target->x->seen.prefix);
    if (prop_may(target, ACCESS_READ) || target->is_part)
        buf_add_char(to, 'G');
    if (may_write && !is_root)
        BUF_ADD(to, "DNV");
    if (may_write)
        buf_add(to, target->stat.is_collection ? STR("CK") : STR("W"));
    return true;
}

bool prop_oc_size(const struct prop_target *target, struct buf *to)
{
    if (target->stat.is_collection)
        return false;
    buf_add_u64(to, target->stat.size_bytes);
    return true;
}

/* Nobody shares it: that is known, and said by a value with nothing in it. */
bool prop_oc_share_types(const struct prop_target *target, struct buf *to)
{
    (void)target, (void)to;
    return true;
}

/* There is no other address at which it could be got sooner, and no cookie for one. */
bool prop_oc_download(const struct prop_target *target, struct buf *to)
{
    (void)to;
    return !target->stat.is_collection;
}

bool prop_nc_creation_time(const struct prop_target *target, struct buf *to)
{
    if (target->stat.created_s < 0)
        return false;
    buf_add_u64(to, (uint64_t)target->stat.created_s);
    return true;
}

/* --- fields --- */

static void tell(struct exchange *x, enum http_field field, const struct prop_target *target,
                 bool (*get)(const struct prop_target *target, struct buf *to))
{
    struct buf value = {0};
    if (get(target, &value))
        respond_field(x, field, buf_str(&value));
    buf_done(&value);
}

bool synced_is_told(const struct exchange *x)
{
    return x->dialect == MULTISTATUS_SYNC;
}

void synced_tell(struct exchange *x, struct res_path real, const struct store_stat *stat)
{
    const struct prop_target target = {.x = x,
                                       .store = target_of(x)->store,
                                       .arena = x->arena,
                                       .path = x->path,
                                       .real = real,
                                       .stat = *stat};
    if (!synced_is_told(x))
        return;
    tell(x, FIELD_OC_FILEID, &target, prop_oc_id);
    tell(x, FIELD_OC_PERM, &target, prop_oc_permissions);
    if (!stat->is_collection)
        respond_field(x, FIELD_OC_ETAG, etag_of_stat(x->arena, stat));
}
