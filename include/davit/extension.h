/* davit/extension.h: extend `davit serve` by a shared object: methods, live properties, reports and
 * what a POST takes (RFC 4918, RFC 3253 §3.6), and a token of the DAV field (RFC 4918 §10.1).
 *
 * A shared object defines one symbol, davit_extension, and is named in the configuration:
 *
 *     [extension "greet"]
 *     load = /usr/local/lib/davit/greet.so
 *
 * It is loaded at the start, before davit gives up its rights, and stays until davit ends: what it
 * adds is the process's. It needs no library: what davit does for it comes as a table of functions.
 * To write a 207 it may use libdavit (davit/multistatus.h).
 *
 * Whoever asks has signed in, and the rules have been asked, before anything of it is called: for a
 * method that is DAVIT_EXT_SAFE and for a report and a property, whether he may read what is at the
 * path; for any other method and for a POST, whether he may write. Locks are not asked: what is
 * stored cannot be changed by these functions.
 *
 * Threads: it is called on workers, on several at a time. It may block. Requests wait for a worker
 * meanwhile. What it is given is for that call, and that thread.
 *
 * Ownership: what is passed either way is borrowed for the call. The structs of davit_extension are
 * borrowed for good.
 *
 * Errors: functions say true or false; false changes nothing. It is trusted code: it runs in
 * davit's process, and what it does wrong, davit does wrong. A crash in it is davit's. */
#pragma once

#include "davit/multistatus.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of this header. What it says may grow at the ends of structs within one version. */
#define DAVIT_EXTENSION_VERSION 1

/* What it is called for: a request, or one property of one resource. */
struct davit_ext;

struct davit_ext_resource {
    bool exists;
    bool is_collection;
    uint64_t size_bytes;
    int64_t modified_s; /* since 1970 */
};

/* What davit does for it. */
struct davit_ext_calls {
    unsigned version; /* DAVIT_EXTENSION_VERSION of davit */

    /* The request. An absent field, query or body is empty; `at` is NULL. */
    struct davit_ms_text (*method)(const struct davit_ext *call);
    /* As in the URL, encoded. */
    struct davit_ms_text (*query)(const struct davit_ext *call);
    /* By a name in any case; of several lines the first. */
    struct davit_ms_text (*field)(const struct davit_ext *call, const char *name);
    /* Whole; at most so long as the limit xml_bytes says. */
    struct davit_ms_text (*body)(const struct davit_ext *call);
    /* Empty: nobody has signed in. */
    struct davit_ms_text (*user)(const struct davit_ext *call);

    /* The resource: that of the request, or the one whose property is asked for. The path is
     * decoded, and has no slash at its ends; the href is a URI reference, for davit_ms_writer. */
    struct davit_ms_text (*path)(const struct davit_ext *call);
    struct davit_ms_text (*href)(const struct davit_ext *call);
    struct davit_ext_resource (*resource)(const struct davit_ext *call);
    /* The value of a dead property: the whole element, standing on its own. False: it has none. */
    bool (*dead)(const struct davit_ext *call, const char *ns, const char *name,
                 struct davit_ms_text *xml_out);

    /* The answer; of a property, its value. Bytes are written as they are: of a property they must
     * be well-formed content of an element. Text is escaped for XML. */
    bool (*write)(struct davit_ext *call, const char *bytes, size_t len);
    bool (*write_text)(struct davit_ext *call, const char *text, size_t len);

    /* Of requests alone. A status that is registered, from 200 on; without one it is 200, or 204
     * where nothing was written. False: there is no such status, or the field is none, or one that
     * davit writes itself. Content-Type is the body's; it is text/plain unless said. */
    bool (*status)(struct davit_ext *call, unsigned status);
    bool (*add_field)(struct davit_ext *call, const char *name, const char *value);
};

/* Answers a request. */
typedef void davit_ext_run_fn(const struct davit_ext_calls *davit, struct davit_ext *call);

/* Writes the value of a property. False: the resource has no such property. */
typedef bool davit_ext_get_fn(const struct davit_ext_calls *davit, struct davit_ext *call);

/* Where it is allowed (405 elsewhere), and what it is. */
enum davit_ext_flags {
    DAVIT_EXT_ON_FILE = 1,
    DAVIT_EXT_ON_COLLECTION = 2,
    DAVIT_EXT_ON_UNMAPPED = 4, /* where there is nothing */
    DAVIT_EXT_SAFE = 8,        /* a method that changes nothing (RFC 9110 §9.2.1) */
};

/* Lists end with a zeroed row. */
struct davit_ext_method {
    const char *name; /* in capital letters; one that davit does not know */
    unsigned flags;
    davit_ext_run_fn *run;
};

struct davit_ext_report { /* by the document element of the body */
    const char *ns;
    const char *name;
    unsigned flags; /* DAVIT_EXT_ON_FILE, DAVIT_EXT_ON_COLLECTION */
    davit_ext_run_fn *run;
};

struct davit_ext_post { /* by the media type of the body */
    const char *type;
    unsigned flags;
    davit_ext_run_fn *run;
};

struct davit_ext_property { /* protected, and no part of allprop */
    const char *ns;
    const char *name;
    davit_ext_get_fn *get;
};

struct davit_extension {
    unsigned version;                       /* DAVIT_EXTENSION_VERSION */
    const char *name;                       /* as in [extension "name"] */
    const char *where;                      /* where it is defined, for people */
    const char *token;                      /* of the DAV field; NULL: none */
    const struct davit_ext_method *methods; /* NULL: none; likewise the others */
    const struct davit_ext_report *reports;
    const struct davit_ext_post *posts;
    const struct davit_ext_property *properties;
};

/* The symbol that davit looks for. */
extern const struct davit_extension davit_extension;

#ifdef __cplusplus
}
#endif
