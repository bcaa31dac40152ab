#include "exchange/result.h"

static const struct {
    enum http_status status;
    struct str element;
    bool is_own; /* davit's */
} conditions[CONDITION_COUNT] = {
#define DAV_CONDITION(name, status, element, where, ...)                                           \
    [CONDITION_##name] = {(enum http_status)(status), {element, sizeof(element) - 1}, false},
#define DAVIT_CONDITION(name, status, element, where, ...)                                         \
    [CONDITION_##name] = {(enum http_status)(status), {element, sizeof(element) - 1}, true},
#include "exchange/conditions.def"
#undef DAV_CONDITION
};

struct dav_result dav_condition(enum dav_condition condition, const char *text)
{
    return (struct dav_result){
        .status = conditions[condition].status, .condition = condition, .text = text};
}

struct dav_result dav_not_found(void)
{
    return dav_error(HTTP_NOT_FOUND, "there is no such resource");
}

struct dav_result dav_busy(void)
{
    return dav_error(HTTP_SERVICE_UNAVAILABLE, "the server is too busy; try again");
}

void dav_condition_name(enum dav_condition condition, struct str *ns_out, struct str *name_out)
{
    *ns_out = conditions[condition].is_own ? STR(NS_DAVIT) : STR("DAV:");
    *name_out = conditions[condition].element;
}

void dav_condition_add(struct buf *to, const struct dav_result *result)
{
    if (result->condition == CONDITION_NONE)
        return;
    struct str element = conditions[result->condition].element;
    bool is_own = conditions[result->condition].is_own;
    const char *prefix = is_own ? "V" : "D";
    buf_addf(to, "<%s:%.*s%s", prefix, STR_ARGS(element),
             is_own ? " xmlns:V=\"" NS_DAVIT "\"" : "");
    if (result->condition_xml.len == 0) {
        BUF_ADD(to, "/>");
        return;
    }
    buf_add_char(to, '>');
    buf_add(to, result->condition_xml);
    buf_addf(to, "</%s:%.*s>", prefix, STR_ARGS(element));
}
