/* multistatus/view/view.h: what `davit read` shows of a 207: formats and filters.
 *
 * A view gets the responses one by one and appends to a buffer, which the caller empties when it
 * likes. Only the canonical XML holds all; the table holds its first rows, to fit its columns. */
#pragma once

#include "base/buf.h"
#include "davit/multistatus.h"

enum { VIEW_STATUSES_MAX = 16, VIEW_PROPS_MAX = 8 };

struct view_status {
    unsigned from, to; /* both included */
};

struct view_prop {
    struct str ns; /* at == NULL: any */
    struct str name;
};

/* What is shown. A zeroed one shows everything. */
struct view_filter {
    bool is_failed; /* only members that failed */
    bool is_strict; /* a property that does not exist (404) is a failure of its resource */
    struct view_status statuses[VIEW_STATUSES_MAX];
    size_t status_count;
    struct str href; /* a glob; empty: any */
    struct view_prop props[VIEW_PROPS_MAX];
    size_t prop_count;
};

/* "404", "4xx" or several with commas between; false: it is none. */
NODISCARD bool view_filter_add_status(struct view_filter *filter, struct str text);

/* "getetag", or "{DAV:}getetag"; false: it is none, or there are too many. */
NODISCARD bool view_filter_add_prop(struct view_filter *filter, struct str text);

/* Whether a response is shown, and whether a property of it is. */
bool view_shows(const struct view_filter *filter, const struct davit_ms_response *response);
bool view_shows_prop(const struct view_filter *filter, const struct davit_ms_element *prop);

/* The status of a response, by the filter's measure of failure. */
unsigned view_status_of(const struct view_filter *filter, const struct davit_ms_response *response);

struct view_options {
    struct view_filter filter;
    size_t width; /* of the screen; 0: no bound */
    bool has_colour;
};

/* How a body ended. */
struct view_end {
    const struct davit_ms_verdict *verdict;
    const struct davit_ms_head *head;
    unsigned status; /* of an answer that says all by itself; 0: it has, or should have, members */
};

struct view;

/* "table", "json", ...: gives, or NULL where there is no such format. Borrows all until freed. */
NODISCARD struct view *view_new(const char *format, const struct view_options *options,
                                struct buf *out);
void view_free(struct view *view);

/* The names of the formats, for messages: "table, json, ...". */
const char *view_formats(void);

void view_begin(struct view *view);
void view_response(struct view *view, const struct davit_ms_response *response);
void view_end(struct view *view, const struct view_end *end);

/* "207(ok=98,423=2)". */
void view_add_summary(struct buf *to, const struct davit_ms_verdict *verdict);
