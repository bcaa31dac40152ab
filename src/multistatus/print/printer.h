/* multistatus/print/printer.h: what `davit read` shows of a 207: formats and filters.
 *
 * A printer gets the responses one by one and appends to a buffer, which the caller empties when it
 * likes. Only the canonical XML holds all; the table holds its first rows, to fit its columns. */
#pragma once

#include "base/buf.h"
#include "davit/multistatus.h"

enum { PRINTER_STATUSES_MAX = 16, PRINTER_PROPS_MAX = 8 };

struct printer_status {
    unsigned from, to; /* both included */
};

struct printer_prop {
    struct str ns; /* at == NULL: any */
    struct str name;
};

/* What is shown. A zeroed one shows everything. */
struct printer_filter {
    bool is_failed; /* only members that failed */
    bool is_strict; /* a property that does not exist (404) is a failure of its resource */
    struct printer_status statuses[PRINTER_STATUSES_MAX];
    size_t status_count;
    struct str href; /* a glob; empty: any */
    struct printer_prop props[PRINTER_PROPS_MAX];
    size_t prop_count;
};

/* "404", "4xx" or several with commas between; false: it is none. */
NODISCARD bool printer_filter_add_status(struct printer_filter *filter, struct str text);

/* "getetag", or "{DAV:}getetag"; false: it is none, or there are too many. */
NODISCARD bool printer_filter_add_prop(struct printer_filter *filter, struct str text);

/* Whether a response is shown, and whether a property of it is. */
bool printer_shows(const struct printer_filter *filter, const struct davit_ms_response *response);
bool printer_shows_prop(const struct printer_filter *filter, const struct davit_ms_element *prop);

/* The status of a response, by the filter's measure of failure. */
unsigned printer_status_of(const struct printer_filter *filter,
                           const struct davit_ms_response *response);

struct printer_options {
    struct printer_filter filter;
    size_t width; /* of the screen; 0: no bound */
    bool has_colour;
};

/* How a body ended. */
struct printer_end {
    const struct davit_ms_verdict *verdict;
    const struct davit_ms_head *head;
    unsigned status; /* of an answer that says all by itself; 0: it has, or should have, members */
};

struct printer;

/* "table", "json", ...: gives, or NULL where there is no such format. Borrows all until freed. */
NODISCARD struct printer *printer_new(const char *format, const struct printer_options *options,
                                      struct buf *out);
void printer_free(struct printer *printer);

/* The names of the formats, for messages: "table, json, ...". */

void printer_begin(struct printer *printer);
void printer_response(struct printer *printer, const struct davit_ms_response *response);
void printer_end(struct printer *printer, const struct printer_end *end);

/* Appends the members of the object that the JSON formats make of a response. */
void printer_add_json(struct buf *to, const struct printer_filter *filter,
                      const struct davit_ms_response *response);

/* "207(ok=98,423=2)". */
void printer_add_summary(struct buf *to, const struct davit_ms_verdict *verdict);
