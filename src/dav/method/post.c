/* POST, where nothing takes it: who does is an extension's row (dav/extension.h). */
#include "dav/allow.h"
#include "dav/target.h"
#include "exchange/respond.h"

/* 415, where content of another type would be taken (RFC 9110 §15.5.16); otherwise 405. */
static enum stage_end post_refuse(struct exchange *x)
{
    struct prop_target there;
    struct method_place place = allow_place(x, &there);
    const struct dav_post *post;
    struct buf types = {0};
    for (size_t at = 0; (post = dav_next_post(x, &at));) {
        if (!post->type.len || !(post->flags & place.flags))
            continue;
        buf_add(&types, types.len ? STR(", ") : STR_NONE);
        buf_add(&types, post->type);
    }
    bool has_types = types.len && !place.is_read_only;
    if (has_types)
        respond_field(x, FIELD_ACCEPT_POST, buf_str(&types));
    buf_done(&types);
    return respond_error(
        x, has_types
               ? dav_error(HTTP_UNSUPPORTED_MEDIA_TYPE, "nothing here takes content of that type")
               : dav_error(HTTP_METHOD_NOT_ALLOWED, "nothing takes a POST here"));
}

const struct stage post_stages[] = {
    {"refuse", post_refuse, ON_READ},
};
