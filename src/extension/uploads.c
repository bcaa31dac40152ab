/* Ways to upload besides a whole PUT: what they do is dav/upload/, which shares PUT's stages, and
 * knows by a mount's key `uploads` what is offered where (dav/upload/choose.h). */
#include "dav/method.h"
#include "dav/upload/choose.h"
#include "exchange/respond.h"

/* --- those that go on later --- */

static bool are_resumable(const struct exchange *x)
{
    return upload_dialects_at(x) & DIALECTS_RESUMABLE;
}

/* RFC 9110 §9.3.3: POST does what the resource makes of it. */
static const struct dav_post posts[] = {
    {upload_stages, STR_INIT(""), METHOD_ON_ANY | METHOD_ON_ROOT, NULL},
    {0},
};

static const struct dav_claim claims[] = {
    {upload_stages, upload_is_asked, METHOD_WRITES},
    {0},
};

static void add_options(struct exchange *x, struct str allow)
{
    (void)allow; /* nothing of it depends on the resource */
    upload_add_options(x);
}

const struct dav_extension resumable_uploads_extension = {
    .name = STR_INIT("resumable-uploads"),
    .where = STR_INIT("tus 1.0, draft-ietf-httpbis-resumable-upload"),
    .is_of_writes = true,
    .is_on = are_resumable,
    .posts = posts,
    .claims = claims,
    .add_options = add_options,
};

/* --- parts of files --- */

static bool are_patched(const struct exchange *x)
{
    return upload_dialects_at(x) & DIALECT_PATCH;
}

static const struct dav_method methods[] = {
    {put_stages, METHOD_PATCH, METHOD_REPLACES | METHOD_ON_FILE},
    {0},
};

static void add_accepted(struct exchange *x, struct str allow)
{
    if (http_list_has(allow, STR("PATCH")))
        respond_field(x, FIELD_ACCEPT_PATCH, STR(PARTIAL_UPDATE_TYPE)); /* RFC 5789 §3.1 */
}

const struct dav_extension partial_updates_extension = {
    .name = STR_INIT("partial-updates"),
    .where = STR_INIT("SabreDAV, RFC 5789"),
    .token = STR_INIT("sabredav-partialupdate"),
    .is_of_writes = true,
    .is_on = are_patched,
    .methods = methods,
    .add_options = add_accepted,
};
