/* What tells of changes: entity tags, the properties by which a client sees without a listing that
 * there is something new in a collection, and the form of a sync token.
 *
 * The token is the collection's own tag, and not the newest number of the whole tree: so it stays
 * the same while nothing has changed there, which is what clients compare, and is known for as long
 * as that is so (change_index_knows()). Where not all may see all, it says for which view of the
 * members it was given: what comes into sight when rules change has not changed. It must be a URI
 * (RFC 6578 §6.2); data: is a scheme of which nobody will try to get anything from anywhere. */
#include "dav/prop/changes.h"

#include "dav/prop/live.h"
#include "exchange/admit.h"

#define TOKEN_START "data:,davit-"

enum { ID_DIGITS = 16 };

void sync_token_add(struct buf *to, const struct exchange *x, struct res_path real,
                    struct change_point point)
{
    uint64_t view = admit_view(x, real);
    BUF_ADD(to, TOKEN_START);
    buf_add_hex(to, point.run, ID_DIGITS);
    buf_add_char(to, '-');
    buf_add_u64(to, point.seq);
    if (!view)
        return;
    buf_add_char(to, '-');
    buf_add_hex(to, view, ID_DIGITS);
}

bool sync_token_parse(const struct exchange *x, struct res_path real, struct str token,
                      struct change_point *point_out)
{
    struct change_point point;
    uint64_t view = 0;
    if (!str_starts(token, STR(TOKEN_START)))
        return false;
    struct str rest = str_from(token, sizeof(TOKEN_START) - 1);
    struct str run = str_cut(&rest, '-');
    struct str seq = str_cut(&rest, '-');
    if (run.len != ID_DIGITS || !str_parse_hex(run, &point.run) ||
        !str_parse_u64(seq, &point.seq) ||
        (rest.len && (rest.len != ID_DIGITS || !str_parse_hex(rest, &view))) ||
        view != admit_view(x, real))
        return false;
    *point_out = point;
    return true;
}

/* False: its changes are in no log. */
static bool find_tag(const struct prop_target *target, struct change_point *tag_out)
{
    struct res_path inside;
    if (!target->stat.is_collection)
        return false;
    struct change_log *log = store_changes(target->store, target->arena, target->real, &inside);
    if (log)
        *tag_out = change_log_tag(log, inside);
    return log;
}

bool prop_sync_token(const struct prop_target *target, struct buf *to)
{
    struct change_point tag;
    bool is_synced = find_tag(target, &tag);
    if (is_synced)
        sync_token_add(to, target->x, target->real, tag);
    return is_synced;
}

/* The same, for those who know no sync tokens. */
bool prop_getctag(const struct prop_target *target, struct buf *to)
{
    return prop_sync_token(target, to);
}

/* Another one whenever anything below it changes, or may be seen otherwise. */
static bool add_collection_tag(const struct prop_target *target, struct buf *to)
{
    struct change_point tag;
    uint64_t view = admit_view(target->x, target->real);
    if (!find_tag(target, &tag))
        return false;
    buf_add_char(to, '"');
    buf_add_hex(to, tag.run, ID_DIGITS);
    buf_add_char(to, '-');
    buf_add_u64(to, tag.seq);
    if (view) {
        buf_add_char(to, '-');
        buf_add_hex(to, view, ID_DIGITS);
    }
    buf_add_char(to, '"');
    return true;
}

/* Sync clients see by a collection's whether they need to look into it. To others a tag is of what
 * GET gives, and of that a collection has none. */
bool prop_getetag(const struct prop_target *target, struct buf *to)
{
    if (target->stat.is_collection)
        return target->x->dialect == MULTISTATUS_SYNC && add_collection_tag(target, to);
    buf_add_char(to, '"');
    buf_add_hex(to, target->stat.version, 16);
    buf_add_char(to, '"');
    return true;
}

bool changes_are_logged(const struct prop_target *target)
{
    struct change_point tag;
    return find_tag(target, &tag);
}
