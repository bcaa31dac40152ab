/* multistatus/view/view_priv.h: for the formats. */
#pragma once

#include "multistatus/keep.h"
#include "multistatus/view/view.h"

struct view_ops {
    const char *name;
    size_t bytes; /* of the format's own struct, which begins with a struct view */
    void (*begin)(struct view *view);
    void (*response)(struct view *view, const struct davit_ms_response *response);
    void (*end)(struct view *view, const struct view_end *end);
    void (*done)(struct view *view); /* or NULL */
};

struct view {
    const struct view_ops *ops;
    const struct view_options *options;
    struct buf *out;
};

extern const struct view_ops view_table, view_json, view_jsonl, view_csv, view_summary, view_xml;

/* "423 Locked"; "none" for 0. */
void view_add_status(struct buf *to, unsigned status);

/* "getetag", or "{urn:x}name" where the namespace is not DAV:. */
void view_add_prop_name(struct buf *to, const struct davit_ms_element *prop);

/* The properties that have no success, with their statuses; the conditions of a response and its
 * propstats; their descriptions. Separated by ", " or "; ". Nothing where there is none. */
void view_add_failed_props(struct buf *to, const struct view_filter *filter,
                           const struct davit_ms_response *response);
void view_add_conditions(struct buf *to, const struct davit_ms_response *response);
void view_add_descriptions(struct buf *to, const struct davit_ms_response *response);

/* The value of a property that was found, as text where it is text; empty: it was not. */
struct str view_found_value(const struct view_prop *wanted,
                            const struct davit_ms_response *response);
