/* davit/multistatus.h: read and write 207 Multi-Status bodies (RFC 4918 §13, §14).
 *
 * A 207 is a container: its one status line says nothing about success. This library takes a body
 * apart, response by response, in memory that does not grow with their number, and says what was
 * inside; and it writes bodies in the form that every client reads.
 *
 * Nothing here ends the process, whatever the input and also without memory: every failure is a
 * result. One object is for one thread at a time. Text is UTF-8; sizes are in bytes.
 *
 * Ownership: what is passed in is borrowed for the call, unless it says otherwise. What is given
 * out by a `_new` function is freed by the `_free` function beside it; both accept NULL there.
 * Structs may grow at their ends within one soname: make them by `= {0}`, not by size. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- the model --- */

/* A view of text. Views that the reader gives out have a NUL behind them, which is not counted;
 * views that are passed in need none. `at` may be NULL when `len` is 0. */
struct davit_ms_text {
    const char *at;
    size_t len;
};

/* Where something begins in the body. All 0 unless DAVIT_MS_PLACES was asked for. */
struct davit_ms_place {
    uint64_t byte;   /* from 0 */
    uint64_t line;   /* from 1 */
    uint64_t column; /* from 1, in characters */
};

/* An element with a content of its own: a property (RFC 4918 §14.18), the precondition or
 * postcondition code of an error (§14.5, §16), or an extension. */
struct davit_ms_element {
    struct davit_ms_text ns;     /* of its name; empty: in no namespace */
    struct davit_ms_text name;   /* without prefix */
    struct davit_ms_text prefix; /* as the body has it. For the writer: empty lets it choose */
    struct davit_ms_text lang;   /* xml:lang in force (§4.3); empty: none */
    /* Its other attributes, and the namespaces it declares beside that of its own prefix, as XML
     * text with a space before each. */
    struct davit_ms_text attributes;
    /* Its character data, where it has no elements within. */
    struct davit_ms_text text;
    /* Its content as XML text that stands alone: it declares every namespace that its names use.
     * For the writer: empty, and `text` is written. */
    struct davit_ms_text value;
    bool has_elements;
    struct davit_ms_place place;
};

/* What an error element (§14.5) and a responsedescription (§14.25) say. */
struct davit_ms_reason {
    const struct davit_ms_element *conditions;
    size_t condition_count;
    struct davit_ms_text description;
    struct davit_ms_text description_lang;
};

/* Properties that share a status (§14.22). */
struct davit_ms_propstat {
    unsigned status;                  /* 0: it has none, or one that is no status line */
    struct davit_ms_text status_line; /* as it stands there */
    const struct davit_ms_element *props;
    size_t prop_count;
    struct davit_ms_reason reason;
    struct davit_ms_place place;
    struct davit_ms_place status_place;
};

struct davit_ms_href {
    struct davit_ms_text uri; /* as it stands there, without white space around it */
    struct davit_ms_place place;
};

/* What is said of a resource, or of several (§14.24): one or more hrefs with a status, or one href
 * with propstats. Nothing is refused here that XML allows: `davit read --lint` says what is wrong.
 */
struct davit_ms_response {
    const struct davit_ms_href *hrefs;
    size_t href_count;
    unsigned status; /* of the resource itself; 0: none is said, or what is no status line */
    struct davit_ms_text status_line;
    struct davit_ms_place status_place;
    const struct davit_ms_propstat *propstats;
    size_t propstat_count;
    struct davit_ms_reason reason;
    struct davit_ms_text location;         /* §14.9; empty: none */
    const struct davit_ms_element *others; /* elements that RFC 4918 does not name */
    size_t other_count;
    struct davit_ms_place place;
};

/* What is said of the whole. Complete when the body is. */
struct davit_ms_head {
    struct davit_ms_text ns; /* of the document element: "DAV:", see DAVIT_MS_ANY_NAMESPACE */
    struct davit_ms_text description;
    struct davit_ms_text description_lang;
    struct davit_ms_text sync_token; /* RFC 6578 §6.2 */
};

/* The status of what a response is about: its own; otherwise that of its propstats, a failure if
 * there is one. A property that does not exist (404) is no failure of its resource, and a property
 * that failed only because another did (424) gives way to that one. A 404 for no property at all
 * can only mean the resource, and is its status. 0: nothing is said. */
unsigned davit_ms_response_status(const struct davit_ms_response *response);

/* --- the verdict --- */

enum { DAVIT_MS_FAILURES_MAX = 12 };

struct davit_ms_count {
    unsigned status;
    uint64_t count;
};

/* What was inside. Each href is a member. Only 2xx is a success. */
struct davit_ms_verdict {
    uint64_t member_count;
    uint64_t success_count;
    /* The statuses that are no success, in the order of their coming. When there are more kinds
     * than fit, the last one counts the rest. Status 0: nothing was said of the member. */
    struct davit_ms_count failures[DAVIT_MS_FAILURES_MAX];
    size_t failure_count;
    unsigned worst;   /* the highest status; 0: there was no member */
    bool is_complete; /* the end tag of the multistatus has come */
};

/* Counts one member. */
void davit_ms_verdict_add(struct davit_ms_verdict *verdict, unsigned status);

/* Writes "ok=98,423=2" and a NUL, cut off at `size` bytes; returns how long it is uncut. */
size_t davit_ms_verdict_text(const struct davit_ms_verdict *verdict, char *to, size_t size);

/* --- results --- */

enum davit_ms_rc {
    DAVIT_MS_OK,
    DAVIT_MS_RESPONSE, /* the reader has a response */
    DAVIT_MS_MORE,     /* the reader wants bytes */
    DAVIT_MS_END,      /* the body is complete */
    /* Failures. They stay: every later call on the object returns the same. */
    DAVIT_MS_NO_MEMORY,
    DAVIT_MS_LIMIT,           /* beyond a limit */
    DAVIT_MS_MALFORMED,       /* not well-formed XML, or not in an encoding that XML obliges to */
    DAVIT_MS_FORBIDDEN,       /* a document type: nothing in WebDAV needs one */
    DAVIT_MS_NOT_MULTISTATUS, /* XML, but no DAV:multistatus */
    DAVIT_MS_CUT_OFF,         /* it ended before its end tag: members are missing */
    DAVIT_MS_MISUSE,          /* the writer's calls make no body in this order */
};

/* A sentence for a person. Static. */
const char *davit_ms_rc_text(enum davit_ms_rc rc);

#ifdef __cplusplus
}
#endif

#include "davit/multistatus_reader.h"
#include "davit/multistatus_writer.h"
