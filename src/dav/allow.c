#include "dav/allow.h"

#include "dav/method.h"
#include "dav/prop/answer.h"
#include "dav/target.h"
#include "dav/upload/choose.h"
#include "exchange/admit.h"

struct method_place allow_place_of(const struct prop_target *there)
{
    return (struct method_place){.flags = there->stat.is_collection ? METHOD_ON_COLLECTION
                                                                    : METHOD_ON_FILE,
                                 .is_root = path_is_root(there->path),
                                 .is_read_only = there->x->service->is_read_only ||
                                                 store_is_read_only(there->store, there->path),
                                 .target = there};
}

struct method_place allow_place(struct exchange *x, struct prop_target *there)
{
    struct target *target = target_of(x);
    bool is_somewhere = dav_is_fine(target_locate(x));
    bool is_part = is_somewhere && target->shows_part;
    struct method_place place = {.flags = METHOD_ON_UNMAPPED,
                                 .is_root = path_is_root(x->path),
                                 .is_read_only = is_part || target_is_read_only(x)};
    struct walk_item item = {.path = x->path, .real = target_read(x)};
    if (is_part)
        place.flags = METHOD_ON_COLLECTION;
    else if (admit_judge(x, ACCESS_READ, item.path, item.real) != ACCESS_GRANTED)
        place.flags = METHOD_ON_ANY; /* who may not read must not learn from this what there is */
    else if (is_somewhere && store_stat(target->store, item.real, 0, &item.stat) == STORE_OK) {
        *there = prop_target_of(x, x->arena, &item);
        place = allow_place_of(there);
    }
    return place;
}

void allow_add(struct exchange *x, struct buf *to)
{
    struct prop_target there;
    struct str id;
    struct method_place place = {.flags = METHOD_ON_ANY, .is_read_only = x->service->is_read_only};
    if ((upload_dialects_at(x) & DIALECTS_RESUMABLE) && upload_is_named(x, &id)) {
        BUF_ADD(to, UPLOAD_METHODS);
        return;
    }
    if (x->stream->request.path.len) /* otherwise "*": the server as a whole */
        place = allow_place(x, &there);
    dav_methods_allow(to, x, &place);
}
