/* multistatus/print/printer_priv.h: for the formats. */
#pragma once

#include "multistatus/keep.h"
#include "multistatus/print/printer.h"

struct printer_ops {
    const char *name;
    size_t bytes; /* of the format's own struct, which begins with a struct printer */
    void (*begin)(struct printer *printer);
    void (*response)(struct printer *printer, const struct davit_ms_response *response);
    void (*end)(struct printer *printer, const struct printer_end *end);
    void (*done)(struct printer *printer); /* or NULL */
};

struct printer {
    const struct printer_ops *ops;
    const struct printer_options *options;
    struct buf *out;
};

extern const struct printer_ops printer_table, printer_json, printer_jsonl, printer_csv,
    printer_summary, printer_xml;

/* "423 Locked"; "none" for 0. */
void printer_add_status(struct buf *to, unsigned status);

/* "getetag", or "{urn:x}name" where the namespace is not DAV:. */
void printer_add_prop_name(struct buf *to, const struct davit_ms_element *prop);

/* The properties that have no success, with their statuses; the conditions of a response and its
 * propstats; their descriptions. Separated by ", " or "; ". Nothing where there is none. */
void printer_add_failed_props(struct buf *to, const struct printer_filter *filter,
                              const struct davit_ms_response *response);
void printer_add_conditions(struct buf *to, const struct davit_ms_response *response);
void printer_add_descriptions(struct buf *to, const struct davit_ms_response *response);

/* The value of a property that was found, as text where it is text; empty: it was not. */
struct str printer_found_value(const struct printer_prop *wanted,
                               const struct davit_ms_response *response);
