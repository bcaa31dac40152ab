/* check/report/report.h: a run's results, in as many forms at a time as are wanted. */
#pragma once

#include "check/model/outcome.h"
#include "check/run/crawl.h"

/* What is counted over all places. */
struct report_summary {
    uint64_t places[VERDICT_COUNT];
    uint64_t targets[VERDICT_COUNT]; /* that are linked; each under its worst place */
    uint64_t members[VERDICT_COUNT];
    uint64_t statuses[1000]; /* targets that are linked, by where they lead; 0: no answer */
    struct {
        uint64_t links, bad;
    } kinds[LINK_KIND_COUNT];
    uint64_t place_count;
    uint64_t target_count;
    uint64_t bad;     /* places that fail the run */
    uint64_t excused; /* bad, but held back, or no news with --only-changed */
    struct {
        uint64_t all, bad, unknown;
    } cases; /* targets by themselves, and faults of links: what has a test case of its own */
    struct crawl_counts counts;
    int64_t started_ms; /* time of day */
    int64_t took_ms;
    bool is_complete;
    const char *why_incomplete;
};

/* A place and all that is to be said of it. Views are valid during the call. */
struct report_row {
    const struct place *place;
    const struct target *target; /* NULL: it is no URL */
    struct outcome outcome;
    struct str url;      /* what the link says, resolved; `raw` where it is no URL */
    struct str page;     /* empty: the command line */
    struct str end;      /* where redirects lead; otherwise as url */
    struct str moved_to; /* what the link should say, where it has moved for good; empty */
    unsigned status;     /* of the end */
    uint32_t time_ms;
    const char *note; /* of the end */
    const struct past *past;
    bool is_bad;   /* it fails the run */
    bool is_fault; /* of the link itself: its target may be fine */
    bool is_trapped;
};

struct report_member {
    const struct member *member;
    struct str target;     /* the 207's URL */
    struct str cause_href; /* of a 424; empty: none */
};

/* A target as a whole, for forms that list these and no places. */
struct report_target {
    const struct target *target;
    struct outcome outcome; /* without fragments */
    struct str url;
    struct str end;
    struct str found_on; /* the first page that links to it */
    unsigned status;     /* of the end */
    const char *note;
    bool is_bad;
};

/* Addresses without an end, of which those that are left out are in no row unless all are. */
struct report_trap {
    struct str pattern;
    struct str example;
    uint64_t left_out;
};

struct report;

struct report_ops {
    /* Any may be NULL. Called in this order: begin, each row, each member, each target, end. */
    void (*begin)(struct report *report);
    void (*row)(struct report *report, const struct report_row *row);
    void (*member)(struct report *report, const struct report_member *member);
    void (*target)(struct report *report, const struct report_target *target);
    void (*end)(struct report *report);
};

/* One output. Its ops write to `out`, which is emptied into the file now and then. */
struct report {
    const struct report_ops *ops;
    const struct report_summary *summary;
    const struct report_trap *traps;
    uint32_t trap_count;
    struct buf out;
    bool has_colour;
    bool shows_stats;
    uint64_t written; /* rows, for commas and the like */
    void *state;      /* the ops' own; freed by end() */
    FILE *file;
    const char *path; /* NULL: standard output */
};

extern const struct report_ops report_text, report_json, report_jsonl, report_csv, report_html,
    report_markdown, report_links, report_junit, report_sarif, report_github, report_multistatus,
    report_sitemap;

/* NULL: there is no such form. */
const struct report_ops *report_find(struct str name);
struct str report_name(const struct report_ops *ops);

struct report_options {
    verdict_set shown; /* rows of other verdicts are left out */
    verdict_set fail_on;
    bool only_changed;
    struct outcome_rules rules;
};

/* Counts all places; the rest of the summary is the caller's. */
NODISCARD bool report_count(struct site *site, const struct report_options *options,
                            struct report_summary *summary, struct err *err);

/* Writes all of them. False: a file could not be written, or places not be read. */
NODISCARD bool report_write(struct site *site, const struct report_options *options,
                            struct report *reports, size_t count, struct err *err);

/* Whether it failed by the options, held or not. */
bool report_is_failure(const struct report_options *options, enum verdict verdict);

/* --- for the forms --- */

/* Between tags, or in an attribute. */
void add_xml(struct buf *to, struct str text);
/* A page; a file is named from where we run. */
void add_page(struct buf *to, struct str page);
/* "2026-01-31T12:00:00Z". */
void add_time(struct buf *to, int64_t wall_ms);
/* "404", or "dns", or "200 -> 404 https://...": a few words on what came. */
void add_reason(struct buf *to, const struct report_row *row);
/* "PATTERN goes on for ever ...". */
void add_trap(struct buf *to, const struct report_trap *trap);
