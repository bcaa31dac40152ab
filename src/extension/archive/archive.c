/* GET of a collection as a zip or a tar: "?zip", "?tar", or Accept. The query is for people: a
 * link, which the index page has; Accept is for programs. A browser, which takes text/html as well,
 * is shown the page as ever.
 *
 * Not offered of it: ranges, since what has been sent would have to be made once more and may have
 * changed meanwhile; an entity tag, since nobody knows without reading all of it whether it is the
 * same; and its length (docs/decisions/0093-archives.md). */
#include "dav/extension.h"
#include "dav/lock/if_check.h"
#include "dav/method.h"
#include "dav/target.h"
#include "exchange/body.h"
#include "exchange/browser.h"
#include "exchange/respond.h"
#include "extension/archive/packing.h"
#include "http/accept.h"
#include "http/media_type.h"

static const struct archive_format *const formats[] = {&archive_zip, &archive_tar};

/* "zip" as a part of the query by itself, perhaps with a value that says nothing. */
static bool is_in_query(struct str query, const struct archive_format *format)
{
    while (query.len) {
        struct str value = str_cut(&query, '&');
        struct str name = str_cut(&value, '=');
        if (value.len == 0 && str_eq(name, str_from(format->suffix, 1)))
            return true;
    }
    return false;
}

/* Whether Accept names the type itself, and no page that could be shown instead. */
static bool is_accepted(struct str accept, struct str type)
{
    return accept_weight_of_type(accept, type) && !accept_weight_of_type(accept, STR("text/html"));
}

/* NULL: none is asked for. */
static const struct archive_format *format_of(const struct exchange *x)
{
    struct str query = x->stream->request.query;
    struct str accept = exchange_field(x, FIELD_ACCEPT);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (is_in_query(query, formats[i]) || is_accepted(accept, formats[i]->media_type))
            return formats[i];
    }
    return NULL;
}

static bool claims(const struct exchange *x)
{
    bool is_get = x->method->id == METHOD_GET || x->method->id == METHOD_HEAD;
    return is_get && dav_service_of(x)->offers_archives && format_of(x);
}

static enum stage_end send(struct exchange *x, const struct archive_format *format)
{
    struct source *source;
    struct str folder = browser_name(x);
    struct buf name = {0};
    if (!packing_enter(x->service->limits))
        return respond_error(x, dav_busy());
    enum store_rc rc = packing_begin(x, format, folder, &source);
    if (rc != STORE_OK)
        return respond_error(x, dav_from_store(rc));
    buf_add(&name, folder.len ? folder : STR("files"));
    buf_add(&name, format->suffix);
    respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
    respond_field(x, FIELD_ACCEPT_RANGES, STR("none"));
    respond_field(x, FIELD_VARY, STR("Accept"));
    browser_confine(x, format->media_type);
    browser_offer(x, buf_str(&name));
    buf_done(&name);
    return respond_source(x, HTTP_OK, format->media_type, exchange_offload(x, source),
                          LENGTH_UNKNOWN);
}

/* What is no collection is sent as it is. */
static enum stage_end archive_answer(struct exchange *x)
{
    struct store_stat stat;
    struct dav_result result = target_locate(x);
    if (dav_is_fine(result))
        result = target_get(x, &stat);
    if (dav_is_fine(result) && !stat.is_collection)
        return exchange_go_on(x, get_stages);
    if (dav_is_fine(result))
        result = if_header_check(x);
    return dav_is_fine(result) ? send(x, format_of(x)) : respond_error(x, result);
}

static const struct stage archive_stages[] = {
    {"no body", exchange_expect_no_body, ON_LOOP},
    {"archive", archive_answer, ON_WORKER},
};

static const struct dav_claim archive_claims[] = {{archive_stages, claims, 0}, {0}};

const struct dav_extension archive_extension = {
    .name = STR_INIT("archive"),
    .where = STR_INIT("davit's own"),
    .claims = archive_claims,
};
