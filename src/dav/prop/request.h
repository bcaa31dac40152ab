/* dav/prop/request.h: what the bodies of PROPFIND, PROPPATCH, REPORT and LOCK ask for. */
#pragma once

#include "base/limits.h"
#include "dav/prop/live.h"
#include "dav/prop/name_set.h"
#include "exchange/result.h"
#include "xml/reader.h"

struct prop_name {
    struct str ns;
    struct str name;
    const struct dav_prop *live; /* NULL: only a dead property can have that name */
};

enum propfind_kind {
    PROPFIND_ALL,   /* allprop, perhaps with include; also an empty body */
    PROPFIND_NAMES, /* propname */
    PROPFIND_PROPS, /* prop */
};

/* Embedded by who wants values to be others. */
struct prop_rewriter {
    /* Of names[name] of the request: stands in `out` from `from` on. False: there is no memory. */
    bool (*rewrite)(struct prop_rewriter *self, size_t name, struct buf *out, size_t from);
};

struct propfind_request {
    enum propfind_kind kind;
    struct prop_name *names; /* of prop or include */
    size_t name_count;
    bool wants_quota; /* it may have to be counted */
    bool wants_dead;  /* a dead property may be part of the answer */
    bool wants_type;  /* the same where a name tells no type */
    bool wants_locks;
    bool wants_created;
    bool wants_hashes;
    bool wants_id;
    bool blocks;     /* a getter may */
    bool is_short;   /* allprop leaves out PROP_IS_LONG; set by the caller */
    bool is_minimal; /* what a resource does not have is not named (RFC 8144 §2.1); likewise */
    struct prop_rewriter *rewriter; /* NULL: values are as they are; likewise */
};

/* Of the store, of each resource: enum store_wants. */
unsigned propfind_wants(const struct propfind_request *request);

/* 400 where the body is not what RFC 4918 §14.20 asks for; 403 and 413 as xml/reader.h has it. */
NODISCARD struct dav_result propfind_parse(struct str body, const struct limits *limits,
                                           struct arena *arena,
                                           struct propfind_request *request_out);

/* The name of the document element, and nothing else; 400 where there is none. */
NODISCARD struct dav_result root_parse(struct str body, const struct limits *limits,
                                       struct arena *arena, struct prop_name *name_out);

/* A sync-collection (RFC 6578 §6.1). */
struct sync_request {
    struct propfind_request props; /* of each member: prop */
    struct str token;              /* as it came; empty: for all that is there */
    bool has_level;
    bool is_deep;      /* infinite */
    uint64_t nresults; /* UINT64_MAX: as many as there are */
};

/* 400 where the body makes no sense. */
NODISCARD struct dav_result sync_parse(struct str body, const struct limits *limits,
                                       struct arena *arena, struct sync_request *request_out);

/* ownCloud's filter-files, whose only rule here is oc:favorite: the properties that are asked for.
 * DAV:supported-report for any other rule. */
NODISCARD struct dav_result filter_parse(struct str body, const struct limits *limits,
                                         struct arena *arena, struct propfind_request *request_out);

/* One instruction of a PROPPATCH, in document order. */
struct prop_update {
    struct prop_name name;
    bool is_removal;
    struct str xml;  /* the whole element, standing on its own */
    struct str text; /* its character data, for properties that mean something to us; empty where it
                      * is too long for that */
    bool is_collection; /* a resourcetype that is DAV:collection, and nothing else */
};

struct proppatch_request {
    struct prop_update *updates;
    size_t update_count;
    bool is_mkcol; /* of a collection that is to be made */
};

NODISCARD struct dav_result proppatch_parse(struct str body, const struct limits *limits,
                                            struct arena *arena,
                                            struct proppatch_request *request_out);

/* The same for the mkcol of an extended MKCOL (RFC 5689 §5.1), which may set nothing. 415 for any
 * other body that is well-formed. */
NODISCARD struct dav_result mkcol_parse(struct str body, const struct limits *limits,
                                        struct arena *arena, struct proppatch_request *request_out);

/* RFC 2518 §12.12: what is to become of live properties in a COPY or MOVE. 415 for any other body
 * that is well-formed. */
NODISCARD struct dav_result propertybehavior_check(struct str body, const struct limits *limits);

/* What a LOCK body asks for (RFC 4918 §14.11). */
struct lock_request {
    bool is_exclusive;
    struct str owner_xml;
};

NODISCARD struct dav_result lockinfo_parse(struct str body, const struct limits *limits,
                                           struct arena *arena, struct lock_request *request_out);

/* --- what readers of bodies share --- */

/* Reads all of it; *stopped is what is said where an event has said false. */
struct dav_result body_read(struct str body, struct xml_events *events, const struct limits *limits,
                            const struct dav_result *stopped);

/* Whether it is that element of DAV:. */
bool body_is_dav(const struct xml_element *element, struct str local);

/* The name of an element, as that of a property. Copies into the arena. */
struct prop_name body_name(const struct xml_element *element, struct arena *arena);

/* Each name is kept, and stands in the answer, with its namespace: a few short elements could stand
 * for very much. Counts one; false: there are too many, which *stopped says. */
bool body_count_name(size_t *left, const struct xml_element *element, struct dav_result *stopped);

/* Room for one more item in an arena array that doubles. */
void *body_grow(struct arena *arena, void *items, size_t count, size_t item_bytes);

/* Events that mean nothing. */
bool body_ignore_text(struct xml_events *events, struct str text);
bool body_ignore_end(struct xml_events *events, unsigned depth);

/* Without the white space of XML at its ends. */
struct str body_trim(struct str text);

/* Names of properties that are asked for, while they are read. Its set is done away with by who
 * reads. */
struct names_reader {
    struct arena *arena;
    struct propfind_request *request;
    struct name_set seen; /* a property that is named twice is answered once */
    size_t bytes_left;
};

/* One more. False: there are too many, which *stopped says. */
bool names_read(struct names_reader *names, const struct xml_element *element,
                struct dav_result *stopped);
