/* dav/prop/request.h: what the bodies of PROPFIND, PROPPATCH, REPORT and LOCK ask for. */
#pragma once

#include "base/limits.h"
#include "dav/prop/live.h"
#include "exchange/result.h"

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
    bool is_short;   /* allprop leaves out PROP_IS_LONG; set by the caller */
    bool is_minimal; /* what a resource does not have is not named (RFC 8144 §2.1); likewise */
};

/* Of the store, of each resource: enum store_wants. */
unsigned propfind_wants(const struct propfind_request *request);

/* 400 where the body is not what RFC 4918 §14.20 asks for; 403 and 413 as xml/reader.h has it. */
NODISCARD struct dav_result propfind_parse(struct str body, const struct limits *limits,
                                           struct arena *arena,
                                           struct propfind_request *request_out);

/* A sync-collection (RFC 6578 §6.1). */
struct sync_request {
    struct propfind_request props; /* of each member: prop */
    struct str token;              /* as it came; empty: for all that is there */
    bool has_level;
    bool is_deep;      /* infinite */
    uint64_t nresults; /* UINT64_MAX: as many as there are */
};

/* 400 where the body makes no sense; DAV:supported-report for any other report. */
NODISCARD struct dav_result sync_parse(struct str body, const struct limits *limits,
                                       struct arena *arena, struct sync_request *request_out);

/* ownCloud's filter-files, whose only rule here is oc:favorite: the properties that are asked for.
 * DAV:supported-report for any other report, or rule. */
NODISCARD struct dav_result filter_parse(struct str body, const struct limits *limits,
                                         struct arena *arena, struct propfind_request *request_out);

/* One instruction of a PROPPATCH, in document order. */
struct prop_update {
    struct prop_name name;
    bool is_removal;
    struct str xml;  /* the whole element, standing on its own */
    struct str text; /* its character data, for properties that mean something to us; empty where it
                      * is too long for that */
};

struct proppatch_request {
    struct prop_update *updates;
    size_t update_count;
};

NODISCARD struct dav_result proppatch_parse(struct str body, const struct limits *limits,
                                            struct arena *arena,
                                            struct proppatch_request *request_out);

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
