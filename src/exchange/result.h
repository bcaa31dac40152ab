/* exchange/result.h: what became of a method: the third of davit's three error vocabularies. */
#pragma once

#include "base/buf.h"
#include "http/status.h"

/* Of elements that are davit's own. */
#define NS_DAVIT "urn:x-davit"

enum dav_condition {
    CONDITION_NONE,
#define DAV_CONDITION(name, status, element, where, ...) CONDITION_##name,
#include "exchange/conditions.def"
#undef DAV_CONDITION
    CONDITION_COUNT
};

/* Small enough to return by value. A zeroed one means that all is well so far. */
struct dav_result {
    unsigned status;
    enum dav_condition condition;
    const char *text;         /* for a person; static; NULL: the reason phrase will do */
    struct str condition_xml; /* what stands in the condition's element: hrefs; of davit's own, with
                               * the prefix V: more */
};

static inline bool dav_is_fine(struct dav_result result)
{
    return result.status == 0;
}

#define DAV_FINE ((struct dav_result){0})

static inline struct dav_result dav_error(enum http_status status, const char *text)
{
    return (struct dav_result){.status = status, .text = text};
}

/* The status that conditions.def gives it. */
struct dav_result dav_condition(enum dav_condition condition, const char *text);

/* 404 and 503 in the words that are used everywhere. */
struct dav_result dav_not_found(void);
struct dav_result dav_busy(void);

/* What a condition is called. */
void dav_condition_name(enum dav_condition condition, struct str *ns_out, struct str *name_out);

/* Appends what stands within DAV:error for this result: nothing, where it has no condition. */
void dav_condition_add(struct buf *to, const struct dav_result *result);
