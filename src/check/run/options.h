/* check/run/options.h: what a run of the checker is told. Strings are borrowed for its life. */
#pragma once

#include "base/text_list.h"
#include "check/model/outcome.h"
#include "check/read/markdown/wiki.h"
#include "client/options.h"

enum robots_mode { ROBOTS_OBEY, ROBOTS_WARN, ROBOTS_IGNORE };
enum sitemap_mode { SITEMAP_AUTO, SITEMAP_ONLY, SITEMAP_OFF };
enum method_mode { METHOD_AUTO, METHOD_GET, METHOD_HEAD };

/* "403=warn": what a status is to be taken for. */
struct status_rule {
    unsigned first, last;
    enum verdict verdict;
};
enum { STATUS_RULES_MAX = 32 };

struct check_options {
    struct client_options client;
    struct text_list starts;

    bool is_recursive;
    bool is_dump; /* links are found, and none is asked for but to be read */
    unsigned depth_max;
    uint64_t pages_max;
    uint64_t links_max;
    unsigned trap_after; /* pages that say nothing new before a site is suspect; 0: it never is */
    int64_t time_max_ms; /* 0: any time */
    const char *scope;   /* a regular expression; NULL: the hosts and folders of the starts */
    struct text_list include;
    struct text_list exclude;
    struct text_list exclude_fragment;
    struct text_list exclude_places; /* "element@attribute", with wildcards */
    struct text_list remap;          /* "FROM=TO" */
    bool requires_https;
    const char *base;
    const char *root_dir; /* what "/x" in a local file is beneath; NULL: the folder named */
    const char *index;    /* names between commas: which file of a folder a link to it means */
    struct text_list fallback_ext; /* what may be missing at the end of a link to a local file */
    bool skips_external;

    bool takes_ignored;        /* of folders, also what .gitignore and node_modules leave out */
    struct text_list suffixes; /* of folders, only files that end so; none: all documents */

    enum sitemap_mode sitemap;
    enum robots_mode robots;
    struct text_list own; /* hosts for which ROBOTS_IGNORE holds */
    double crawl_delay_s;

    bool is_dav;
    bool is_dav_deep; /* ask with Depth: infinity */
    bool is_strict;   /* a property that is absent is a failure */
    bool has_css;
    enum wikilinks wikilinks; /* of Markdown */
    bool has_soft404;
    bool has_archive;

    enum method_mode method;
    unsigned concurrency;
    unsigned per_host;
    unsigned per_loopback; /* the same for this machine */
    double rate;           /* requests a second to one host; 0: adaptive only */
    unsigned retries;
    int64_t retry_budget_ms;
    struct outcome_rules rules;
    uint64_t body_bytes_max;
    uint64_t members_max;

    struct status_rule status_rules[STATUS_RULES_MAX];
    size_t status_rule_count;
    verdict_set fail_on;

    const char *login_form; /* "URL NAME=VALUE&..." */
    const char *spill_dir;
};
