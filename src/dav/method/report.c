/* REPORT (RFC 3253 §3.6): which one is asked for says the document element of the body, and who has
 * it a row (dav/extension.h), with stages that this goes on with. A resource that has no report at
 * all has no such method; one that has others is asked for one that it does not have. */
#include "dav/report.h"

#include "dav/extension/known.h"
#include "dav/lock/if_check.h"
#include "dav/principal.h"
#include "dav/prop/answer.h"
#include "dav/target.h"
#include "exchange/answer/compress.h"
#include "exchange/body.h"
#include "exchange/respond.h"
#include "http/prefer.h"

const struct walk_item *report_item(const struct exchange *x)
{
    return x->state;
}

void report_begin_answer(struct exchange *x, struct propfind_request *props)
{
    struct http_preferences prefers = http_preferences_read(&x->stream->request.fields);
    props->is_minimal = prefers.is_minimal;
    if (!props->wants_locks) /* lock tokens are secrets */
        (void)compress_offer(x, true);
    respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
    if (prefers.is_minimal)
        respond_preferred(x, prefers.is_brief ? STR_NONE : STR("return=minimal"));
}

static struct dav_result find_principal(struct exchange *x, struct walk_item *item)
{
    item->path = item->real = x->path;
    return principal_find(x, x->path, &item->stat);
}

static struct dav_result look(struct exchange *x, struct walk_item *item)
{
    size_t at = 0;
    if (x->handler->ops->is_made_up)
        return find_principal(x, item);
    struct dav_result result = target_locate(x);
    if (dav_is_fine(result))
        result = target_get(x, &item->stat);
    if (!dav_is_fine(result))
        return result;
    item->path = x->path;
    item->real = target_of(x)->leads_to;
    struct prop_target target = prop_target_of(x, x->arena, item);
    if (!dav_next_report(&target, &at))
        return dav_error(HTTP_METHOD_NOT_ALLOWED, "there is no report of what is here");
    return if_header_check(x);
}

static enum stage_end report_find(struct exchange *x)
{
    struct walk_item *item = ARENA_NEW(x->arena, struct walk_item);
    x->state = item;
    struct dav_result result = look(x, item);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

static enum stage_end report_choose(struct exchange *x)
{
    const struct prop_target target = prop_target_of(x, x->arena, report_item(x));
    const struct dav_report *report;
    struct prop_name root;
    struct dav_result result = root_parse(buf_str(&x->body), x->service->limits, x->arena, &root);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    for (size_t at = 0; (report = dav_next_report(&target, &at));) {
        if (str_eq(report->name, root.name) && str_eq(report->ns, root.ns))
            return exchange_go_on(x, report->stages);
    }
    return respond_error(
        x, dav_condition(CONDITION_SUPPORTED_REPORT, "there is no such report of what is here"));
}

const struct stage report_stages[] = {
    {"find", report_find, ON_READ},
    {"body", exchange_read_xml, ON_LOOP},
    {"choose", report_choose, ON_READ},
};
