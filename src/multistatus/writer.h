/* multistatus/writer.h: writes a 207 body (RFC 4918 §13 and §14) piece by piece.
 *
 * The form is the one that every client reads: one prefix D for DAV:, no indentation, one href in a
 * response, absolute paths, "HTTP/1.1" in each status whatever the wire. The pieces are appended
 * to a buffer that the caller empties as it likes; nothing is kept but counts.
 *
 * The server writes with this, and so does libdavit (multistatus/public_writer.c), which checks
 * what it is given and reserves room before it calls. */
#pragma once

#include "http/status.h"
#include "multistatus/verdict.h"
#include "text/path.h"

/* How a body is written. Apps for iOS that sync read prefixes, and no namespaces. */
enum multistatus_dialect {
    MULTISTATUS_COMMON, /* D is DAV:, and any other namespace is declared where it is used */
    MULTISTATUS_SYNC,   /* d is DAV:, and oc and nc are those of the servers that they know */
};

struct multistatus {
    struct buf *out; /* borrows; may be changed between calls */
    struct davit_ms_verdict verdict;
    unsigned member_status; /* the worst of the response that is being written */
    unsigned member_count;  /* its hrefs */
    enum multistatus_dialect dialect;
    size_t value_at; /* of the property that is open, in `out` */
};

/* The media type of a 207 body. */
#define MULTISTATUS_TYPE "application/xml; charset=utf-8"

void multistatus_begin(struct multistatus *ms);
void multistatus_end(struct multistatus *ms);

/* <D:response><D:href>…</D:href>; then either propstats or one status; then response_end. */
void multistatus_response(struct multistatus *ms, struct res_path path, bool is_collection);
void multistatus_response_end(struct multistatus *ms);

/* The same for a URI reference that is encoded already; and another href for the same response. */
void multistatus_response_uri(struct multistatus *ms, struct str uri);
void multistatus_href(struct multistatus *ms, struct str uri);

/* <D:propstat><D:prop>; the caller appends the properties; then propstat_end with their status. */
void multistatus_propstat(struct multistatus *ms);
void multistatus_propstat_end(struct multistatus *ms, unsigned status, struct str error_xml);

/* The same with a sentence for people (§14.25), where it is not empty. */
void multistatus_propstat_explain(struct multistatus *ms, unsigned status, struct str error_xml,
                                  struct str description);

/* <D:status>…</D:status> and, where given, the content of <D:error>. */
void multistatus_status(struct multistatus *ms, unsigned status, struct str error_xml);

/* A whole response: a member and its status. */
void multistatus_member(struct multistatus *ms, struct res_path path, bool is_collection,
                        unsigned status, struct str error_xml);

/* An empty element of any name: with a prefix that is the dialect's, or declared in place. */
void multistatus_empty_prop(struct multistatus *ms, struct str ns, struct str name);

/* An element whose value the caller appends to ms->out: tags of DAV: with the prefix D. Where he
 * appends nothing it is empty. */
void multistatus_prop_open(struct multistatus *ms, struct str ns, struct str name);
void multistatus_prop_close(struct multistatus *ms, struct str ns, struct str name);

/* What was appended from `from` on has the prefix D: it gets the dialect's. */
void multistatus_relabel(const struct multistatus *ms, size_t from);

/* The pieces of which the above are made. A status by itself is of a property. */
void multistatus_prop_status(struct multistatus *ms, unsigned status);
void multistatus_element(struct buf *out, const struct davit_ms_element *element);
void multistatus_empty_element(struct buf *out, struct str ns, struct str name);
void multistatus_description(struct buf *out, struct str text, struct str lang);
void multistatus_location(struct buf *out, struct str uri);
void multistatus_sync_token(struct buf *out, struct str token);
