#include "dav/allow.h"
#include "dav/method.h"
#include "dav/target.h"
#include "dav/upload/choose.h"
#include "exchange/respond.h"

/* Apache's: there is its property `executable`, without which cadaver's chexec does not ask. */
#define PROPSET ", <http://apache.org/dav/propset/fs/1>"

static void add_classes(struct exchange *x)
{
    bool is_read_only = target_is_read_only(x);
    struct buf classes = {0};
    /* Without LOCK there is no class 2; Finder then mounts read-only, as it should. */
    buf_add(&classes, is_read_only ? STR("1, 3") : STR("1, 2, 3"));
    if (!is_read_only && (upload_dialects_at(x) & DIALECT_PATCH))
        BUF_ADD(&classes, ", sabredav-partialupdate");
    if (!is_read_only)
        BUF_ADD(&classes, ", extended-mkcol"); /* RFC 5689 §3.1 */
    BUF_ADD(&classes, PROPSET);
    respond_field(x, FIELD_DAV, buf_str(&classes));
    buf_done(&classes);
}

/* RFC 9110 §9.3.7, RFC 4918 §10.1. Answered for every path, also where there is nothing: clients
 * ask before they know, and some refuse a server whose root or whose parents do not answer. */
static enum stage_end options_answer(struct exchange *x)
{
    struct buf allow = {0};
    allow_add(x, &allow);
    add_classes(x);
    respond_field(x, FIELD_MS_AUTHOR_VIA, STR("DAV")); /* Office opens read-only without it */
    respond_field(x, FIELD_ALLOW, buf_str(&allow));
    respond_field(x, FIELD_ACCEPT_RANGES, STR("bytes"));
    if (!target_is_read_only(x))
        upload_add_options(x);
    if (http_list_has(buf_str(&allow), STR("PATCH")))
        respond_field(x, FIELD_ACCEPT_PATCH, STR(PARTIAL_UPDATE_TYPE)); /* RFC 5789 §3.1 */
    buf_done(&allow);
    return respond_status(x, HTTP_OK);
}

/* RFC 9110 §9.3.7: a body may come, and says nothing to us. */
const struct stage options_stages[] = {
    {"answer", options_answer, ON_READ},
};
