/* dav/extension.h: what extends RFC 4918, as rows that dav is given: it knows none of them by name.
 *
 * A row says what an extension adds to the tables that dav has anyway. Dispatch, Allow, the DAV
 * field, supported-method-set and supported-report-set all come from them, so that nothing has to
 * be told of a new one but its row (extension/extensions.def). Methods' names are in
 * exchange/methods.def, with the right that each asks for; rules have been asked, and who asks has
 * signed in, before anything of an extension runs.
 *
 * Arrays of a row end with a zeroed one; NULL: none. */
#pragma once

#include "exchange/exchange.h"

struct dav_prop;
struct prop_target;

/* Where a method is allowed, and what it is */
enum {
    METHOD_ON_FILE = 1,        /* allowed where there is a resource that is no collection */
    METHOD_ON_COLLECTION = 2,  /* allowed on a collection */
    METHOD_ON_UNMAPPED = 4,    /* allowed where there is nothing yet */
    METHOD_ON_ROOT = 8,        /* allowed on the root, although it is not safe */
    METHOD_OF_NAME = 16,       /* is about a link itself, and not what it leads to */
    METHOD_REPLACES = 32,      /* afterwards there is something else, or nothing */
    METHOD_WRITES = 64,        /* it is not safe, although its name says that it is */
    METHOD_ON_KEPT = 128,      /* allowed on what is kept of what was deleted or overwritten */
    METHOD_READS = 256,        /* who may read may ask; what is done is asked for apart */
    METHOD_ON_PRINCIPAL = 512, /* of a report: allowed on users and groups (RFC 3744 §2), too */
    METHOD_ON_ANY = METHOD_ON_FILE | METHOD_ON_COLLECTION | METHOD_ON_UNMAPPED,
};

struct dav_method {
    const struct stage *stages; /* the last one says DONE */
    enum method_id id;
    unsigned flags;
};

/* What a REPORT asks for, by its document element (RFC 3253 §3.6). When its stages run, the target
 * has been located, is there, meets the conditions of the If field, and has that report; the body
 * is in x->body, and theirs to drop. Where the answer has not begun, the first of them has
 * report_item() (dav/report.h). */
struct dav_report {
    const struct stage *stages;
    struct str ns;
    struct str name;
    unsigned flags; /* METHOD_ON_FILE, METHOD_ON_COLLECTION, METHOD_ON_PRINCIPAL */
    bool (*is_for)(const struct prop_target *target); /* NULL: wherever the flags say */
};

/* What takes a POST, by the media type of its content. Rows with a type are asked before those
 * without one, which take anything. */
struct dav_post {
    const struct stage *stages;
    struct str type; /* "type/subtype"; empty: any, or none */
    unsigned flags;
    bool (*takes)(const struct exchange *x); /* NULL: all of that type */
};

/* A request that is the extension's own, whatever its method: by its query, or by a field. */
struct dav_claim {
    const struct stage *stages;
    /* Asked of every request: it looks first at what tells most of them apart. */
    bool (*claims)(const struct exchange *x);
    unsigned flags; /* METHOD_WRITES, where the method does not say so */
};

struct dav_extension {
    struct str name;   /* one word: by it configurations and docs/extensions.md know it */
    struct str where;  /* where it is defined: "RFC 6578" */
    struct str token;  /* of the DAV field (RFC 4918 §10.1); empty: it has none */
    bool is_of_writes; /* it is not told of where nothing can be changed */
    /* Whether it is there, at x->path and for who asks. Asked once in an exchange, where something
     * of it may be told or done. NULL: always. */
    bool (*is_on)(const struct exchange *x);
    const struct dav_method *methods;
    const struct dav_report *reports;
    const struct dav_post *posts;
    const struct dav_claim *claims; /* asked whether it is on or not: they look for themselves */
    const struct dav_prop *props;   /* dav/prop/prop.h */
    /* Fields of requests that mean something to it: where one is there, and it is on, `read` is
     * called before the method. Ends with FIELD_OTHER. */
    const enum http_field *fields;
    struct dav_result (*read)(struct exchange *x);
    /* Adds fields to an answer to OPTIONS, that has this Allow. */
    void (*add_options)(struct exchange *x, struct str allow);
};
