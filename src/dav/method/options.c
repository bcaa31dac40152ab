#include "dav/allow.h"
#include "dav/extension/known.h"
#include "dav/target.h"
#include "exchange/respond.h"

/* Whether the extension is told of. */
static bool is_told(const struct exchange *x, size_t number)
{
    return dav_extension_is_on(x, number) &&
           !(dav_extension_of(number)->is_of_writes && target_is_read_only(x));
}

static void add_classes(struct exchange *x)
{
    struct buf classes = {0};
    /* Without LOCK there is no class 2; Finder then mounts read-only, as it should. */
    buf_add(&classes, target_is_read_only(x) ? STR("1, 3") : STR("1, 2, 3"));
    for (size_t i = 0; i < dav_extension_count(); i++) {
        struct str token = dav_extension_of(i)->token;
        if (!token.len || !is_told(x, i))
            continue;
        BUF_ADD(&classes, ", ");
        buf_add(&classes, token);
    }
    respond_field(x, FIELD_DAV, buf_str(&classes));
    buf_done(&classes);
}

static void add_of_extensions(struct exchange *x, struct str allow)
{
    for (size_t i = 0; i < dav_extension_count(); i++) {
        const struct dav_extension *extension = dav_extension_of(i);
        if (extension->add_options && is_told(x, i))
            extension->add_options(x, allow);
    }
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
    add_of_extensions(x, buf_str(&allow));
    buf_done(&allow);
    return respond_status(x, HTTP_OK);
}

/* RFC 9110 §9.3.7: a body may come, and says nothing to us. */
const struct stage options_stages[] = {
    {"answer", options_answer, ON_READ},
};
