/* check/model/site.h: what is known of the links of a run.
 *
 * A target is a URL without its fragment, fetched at most once. A place is where a link to it
 * stands. A name is an anchor of a target that fragments may lead to. A member is a row of a 207.
 * A trap is what a site goes on in for ever.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "check/model/fragment.h"
#include "check/model/place.h"
#include "check/model/verdict.h"

enum target_state {
    TARGET_IDLE, /* nobody has asked for it to be fetched */
    TARGET_QUEUED,
    TARGET_UNDER_WAY,
    TARGET_DONE,
};

enum target_flag {
    TARGET_IS_INSIDE = 1,    /* in scope: its links are followed */
    TARGET_IS_PARSED = 2,    /* its links were read */
    TARGET_HAS_MEMBERS = 4,  /* it answered with a 207 */
    TARGET_WANTS_NAMES = 8,  /* some link to it has a fragment */
    TARGET_IS_SITEMAP = 16,  /* read for its links whatever it is sent as */
    TARGET_IS_FREE = 32,     /* robots.txt, sitemaps, hops: no link that counts */
    TARGET_IS_CACHED = 64,   /* known from an earlier run, not fetched */
    TARGET_IS_FORM = 128,    /* only forms lead to it */
    TARGET_IS_LINKED = 256,  /* it has a place */
    TARGET_IS_FILE = 512,    /* local */
    TARGET_IS_START = 1024,  /* named by who asked for the run */
    TARGET_HAS_NAMES = 2048, /* it is a document, and its names are known */
    TARGET_IS_LEFT = 4096,   /* only links that are left out lead there, so far */
    TARGET_SETS_COOKIE = 8192,
    TARGET_IS_ASKED_AGAIN = 16384, /* with a cookie that it wanted */
    TARGET_FOLDS_NAMES = 32768,    /* its names are known in the form of heading_name_fold() */
    TARGET_IS_JUDGED = 65536,      /* it is known whether it is wanted: */
    TARGET_IS_UNWANTED = 131072,   /* --exclude and others leave it out */
    TARGET_WANTS_HTTPS = 262144,   /* an http: link leads there, and https: is looked for */
    TARGET_IS_GUESS = 524288,      /* only looked for: it may be missing */
    TARGET_SAYS_NOTHING = 1048576, /* that another of its shape had not said (traps.c) */
    TARGET_IS_TRAPPED = 2097152,   /* left out, since its site goes on for ever there */
    TARGET_IS_HINT = 4194304,      /* only places of ROLE_HINT lead to it */
    TARGET_IS_MODULE = 8388608,    /* read for what it imports, if it is a script */
    TARGET_IS_MANIFEST = 16777216, /* read as one of a web application, if it is JSON */
    TARGET_IS_BEYOND = 33554432,   /* a page whose links are beyond --max-pages */
};

/* What a target is to be fetched for. */
enum target_wish {
    WISH_STATUS,
    WISH_LINKS,
    WISH_NAMES, /* some link to it has a fragment */
};

/* What the history says of something that is bad, or was. */
struct past {
    uint32_t bad_runs;    /* in a row, this one included */
    uint32_t bad_since_s; /* time of day; 0: it is good */
    bool is_new : 1;      /* it counts as bad since this run */
    bool is_fixed : 1;    /* it counted as bad until this run */
    bool is_held : 1;     /* bad, but not for as many runs as --after-bad says */
    bool is_recorded : 1; /* in this run */
};

/* 64 bytes: there may be millions. */
struct target {
    const char *url; /* with a NUL; the site's */
    uint32_t url_len;
    uint32_t host;        /* of the engine; TARGET_NONE: not asked for over HTTP */
    uint32_t next;        /* in a queue of the engine */
    uint32_t redirect_to; /* TARGET_NONE: nowhere */
    uint32_t found_on;    /* the first page that links to it; TARGET_NONE: a start */
    uint32_t place_count;
    uint32_t note; /* an offset; 0: none */
    uint32_t time_ms;
    struct past past;
    uint32_t flags;
    uint16_t status; /* 0: no answer */
    uint16_t depth;  /* links from the start */
    uint8_t state;
    uint8_t verdict;
    uint8_t redirect_kind;
    uint8_t hops; /* redirects that led to it */
};

enum member_kind { MEMBER_RESPONSE, MEMBER_PROPSTAT };

/* A row of a 207. */
struct member {
    uint32_t target; /* the 207's */
    uint16_t status;
    uint8_t kind;
    uint8_t verdict;  /* OK, BROKEN for a failure, SKIPPED for one that only follows from another */
    struct str href;  /* resolved */
    struct str props; /* names, between spaces */
    struct str condition;
    struct str description;
    struct str location;
    uint32_t cause; /* the member that a 424 follows from; TARGET_NONE: none */
    bool is_kept;   /* run_log.c has written it */
};

/* Addresses without an end, all of which say the same. */
struct trap {
    struct str pattern; /* '*' where they differ */
    uint32_t example;   /* one that was read */
    uint64_t left_out;  /* targets */
};

struct site;

/* Places beyond a few megabytes go to a nameless file in `spill_dir`. Gives. */
NODISCARD struct site *site_new(const char *spill_dir);
void site_free(struct site *site);

/* The target of that URL, made if need be. The id is valid for good, the pointer until the next
 * target is made. */
uint32_t site_target(struct site *site, struct str url, bool *is_new_out);
/* TARGET_NONE: there is none. */
uint32_t site_find(const struct site *site, struct str url);
struct target *site_at(const struct site *site, uint32_t id);
uint32_t site_target_count(const struct site *site);
struct str site_url(const struct site *site, uint32_t id);

/* The fragment of the Location of a redirect, which may be empty; NULL: it has none. Copies. */
void site_set_redirect_fragment(struct site *site, uint32_t id, const struct fragment *fragment);

/* What a place asks for: the fragment of the last redirect that has one, in place of its own (RFC
 * 9110 §10.2.2). */
struct fragment site_fragment_of(const struct site *site, const struct place *place);

/* A sentence about a target, for people. */
void site_set_note(struct site *site, uint32_t id, struct str note);
const char *site_note(const struct site *site, uint32_t id);

/* Copies. False: the file could not be written, `err` says why; the place is lost. */
NODISCARD bool site_add_place(struct site *site, const struct place *place, struct err *err);
uint64_t site_place_count(const struct site *site);

/* Calls visit() for each place, in the order of their coming; what it is given is valid during the
 * call only. False: the file could not be read, or visit() returned false. */
NODISCARD bool site_visit_places(struct site *site, struct place_visitor *visitor, struct err *err);

/* What the history says: of a target, of a link that has a fault of its own ("URL#fragment", or
 * what is no URL; NULL when there is none and none is made), and of a place, which has one of
 * these. */
struct past *site_past(struct site *site, uint32_t id);
struct past *site_fault(struct site *site, struct str name, bool is_made);
const struct past *site_place_past(const struct site *site, const struct place *place,
                                   enum verdict verdict);
/* The name of such a fault, appended. False: no fragment is looked for, and its URL is one. */
bool site_fault_name(const struct site *site, const struct place *place, struct buf *to);

void site_add_name(struct site *site, uint32_t id, struct str name);
/* All of them. */
const struct anchor_set *site_names(const struct site *site);

/* --- for who keeps a copy (run_log.h) --- */

/* Names are hashed with that key, and those that come are noted; before the first comes. */
void site_note_names(struct site *site, const uint64_t key[2]);
/* The hashes that came since they were forgotten, 8 bytes each. */
struct str site_new_names(const struct site *site);
void site_forget_new_names(struct site *site);
void site_add_names(struct site *site, struct str hashes);
/* NULL: it has none. */
const struct fragment *site_redirect_fragment(const struct site *site, uint32_t id);
struct place_log;
struct place_log *site_places(const struct site *site);

/* Copies. Returns its number. */
uint32_t site_add_member(struct site *site, const struct member *member);
const struct member *site_members(const struct site *site, uint32_t *count_out);
struct member *site_member(struct site *site, uint32_t number);

/* Copies. Returns its number; that of the same pattern, where it is known. */
uint32_t site_add_trap(struct site *site, const struct trap *trap);
const struct trap *site_traps(const struct site *site, uint32_t *count_out);
struct trap *site_trap(struct site *site, uint32_t number);
void site_set_trap_pattern(struct site *site, uint32_t number, struct str pattern); /* copies */
