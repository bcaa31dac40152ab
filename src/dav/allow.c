#include "dav/allow.h"

#include "dav/method.h"
#include "dav/target.h"
#include "dav/upload/choose.h"
#include "exchange/admit.h"

static unsigned flags_of(unsigned dialects)
{
    return (dialects & DIALECT_PATCH ? METHOD_ON_PATCHED : 0U) |
           (dialects & DIALECTS_RESUMABLE ? METHOD_ON_RESUMABLE : 0U);
}

void allow_add(struct exchange *x, struct buf *to)
{
    struct store_stat stat;
    unsigned flags = METHOD_ON_UNMAPPED;
    struct res_path inside;
    unsigned dialects = upload_dialects_at(x);
    struct str id;
    if (x->stream->request.path.len == 0) { /* "*": the server as a whole */
        dav_methods_allow(to, METHOD_ON_ANY | flags_of(dialects), false, x->service->is_read_only);
        return;
    }
    if (dialects & DIALECTS_RESUMABLE && upload_is_named(x, &id)) {
        BUF_ADD(to, UPLOAD_METHODS);
        return;
    }
    const struct target *target = target_of(x);
    bool is_somewhere = dav_is_fine(target_locate(x));
    bool is_part = is_somewhere && target->shows_part;
    if (is_part)
        flags = METHOD_ON_COLLECTION;
    else if (admit_judge(x, ACCESS_READ, x->path, target_read(x)) != ACCESS_GRANTED)
        flags = METHOD_ON_ANY; /* who may not read must not learn from this what there is */
    else if (is_somewhere && store_stat(target->store, target->leads_to, 0, &stat) == STORE_OK)
        flags = stat.is_collection ? METHOD_ON_COLLECTION : METHOD_ON_FILE;
    if (flags == METHOD_ON_COLLECTION &&
        store_changes(target->store, x->arena, target->leads_to, &inside))
        flags |= METHOD_ON_SYNCED;
    flags |= flags & METHOD_ON_FILE ? flags_of(dialects) : flags_of(dialects & DIALECTS_RESUMABLE);
    dav_methods_allow(to, flags, path_is_root(x->path), is_part || target_is_read_only(x));
}
