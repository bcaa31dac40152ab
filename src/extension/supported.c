/* What a resource can be asked to do (RFC 3253 §3.1.3 and §3.1.5): read from the tables by which it
 * is done, for each member of a listing as for the target of OPTIONS and REPORT. */
#include "dav/allow.h"
#include "dav/extension/known.h"
#include "dav/prop/prop.h"
#include "multistatus/writer.h"

static bool prop_supported_method_set(const struct prop_target *target, struct buf *to)
{
    const struct method_place place = allow_place_of(target);
    for (enum method_id id = 0; id < method_end(); id++) {
        if (!dav_method_is_for(target->x, id, &place))
            continue;
        BUF_ADD(to, "<D:supported-method name=\"");
        buf_add(to, method_of(id)->name);
        BUF_ADD(to, "\"/>");
    }
    return true;
}

/* No report at all, and no such property: it has no REPORT. */
static bool prop_supported_report_set(const struct prop_target *target, struct buf *to)
{
    struct multistatus ms = {.out = to, .dialect = target->x->dialect};
    const struct dav_report *report;
    bool has_any = false;
    for (size_t at = 0; (report = dav_next_report(target, &at)); has_any = true) {
        BUF_ADD(to, "<D:supported-report><D:report>");
        multistatus_empty_prop(&ms, report->ns, report->name);
        BUF_ADD(to, "</D:report></D:supported-report>");
    }
    return has_any;
}

static const struct dav_prop props[] = {
    {STR_INIT(NS_DAV), STR_INIT("supported-method-set"), prop_supported_method_set, PROP_PROTECTED},
    {STR_INIT(NS_DAV), STR_INIT("supported-report-set"), prop_supported_report_set, PROP_PROTECTED},
    {{0}},
};

const struct dav_extension supported_extension = {
    .name = STR_INIT("supported"),
    .where = STR_INIT("RFC 3253 §3.1"),
    .props = props,
};
