/* doctor/visit.h: what the probes of a run share: where they work, how they ask, and what they say.
 */
#pragma once

#include "doctor/ask.h"
#include "text/path.h"
#include "text/uri.h"

struct visit {
    const struct doctor_options *options;
    struct asker *asker;
    struct uri url;        /* of options->url */
    struct res_path path;  /* of it, decoded */
    const char *room;      /* URL of a collection of our own, with its slash; NULL: there is none */
    const char *room_name; /* which nobody else has */
    const char *left;      /* the URL of what must be removed in the end; NULL: nothing */
    const char *locked;    /* the URL of what we have locked; NULL: nothing */
    const char *token;     /* and its token, "<...>" */
    bool has_credentials;
    bool was_answered; /* something that needs them, if anything does, was answered to us */
    struct str allow;  /* as OPTIONS has it; empty: not known */
    bool has_locks;    /* OPTIONS says class 2 */
    struct probe_result *result; /* of the probe that runs */
    struct arena *arena;         /* as long as the diagnosis */
};

typedef void probe_fn(struct visit *visit);

/* A text that lives as long as the diagnosis. */
const char *visit_text(struct visit *visit, const char *format, ...) PRINTF_LIKE(2, 3);

/* What the probe says. Nothing: all is well. */
void visit_found(struct visit *visit, enum mistake mistake, const char *detail);
void visit_unknown(struct visit *visit, const char *why);
void visit_note(struct visit *visit, const char *note);

/* The URL of a name in the room; `name` is encoded. */
const char *visit_url(struct visit *visit, const char *name);

/* Sends it, with credentials; what is no field of its own is set before. */
const struct reply *visit_ask(struct visit *visit, const struct question *question);
/* PUT of a text, with its length. */
const struct reply *visit_put(struct visit *visit, const char *url, struct str body);
const struct reply *visit_get(struct visit *visit, const char *url);

/* PUT, of which nothing is looked for: false, and it was said why, where it fails. */
NODISCARD bool visit_can_put(struct visit *visit, const char *url, struct str body);

/* Gives back the lock that is held; it is held no longer where that is answered 2xx. */
const struct reply *visit_unlock(struct visit *visit);

/* An answer that nothing else can be made of: says what it means that it is not the one awaited. */
void visit_refused(struct visit *visit, const char *method, const struct reply *reply);

/* "403 Forbidden with an HTML page (Server: nginx)", or why there is no answer. */
const char *visit_describe(struct visit *visit, const struct reply *reply);

/* Whether an address in an answer is the one that clients use: it is at the same origin and within
 * the URL that is tried. False, and it was said what is wrong: `where` it stands. */
struct address_mistakes {
    const char *where;
    enum mistake origin;
    enum mistake path;    /* MISTAKE_COUNT: any path will do */
    bool may_be_upgraded; /* from http to https */
    bool may_be_relative;
};
bool visit_address(struct visit *visit, struct str address, const struct address_mistakes *kind);
