/* cli/check_options.h: the command line of `davit check`. */
#pragma once

#include "check/report/report.h"
#include "check/run/options.h"
#include "cli/command.h"

enum { OUTPUTS_MAX = 16, GITHUB_ORIGINS = 3 };

struct check_output {
    const struct report_ops *ops;
    const char *path; /* NULL: standard output */
};

struct check_command {
    struct check_options run;
    struct report_options report;
    struct check_output outputs[OUTPUTS_MAX];
    size_t output_count;

    const char *history;
    unsigned after_bad;
    bool compares;
    bool resumes;
    int64_t cache_age_ms;
    uint64_t quota_per_day; /* 0: none */
    const char *account;

    bool is_recursion_set;
    bool is_quiet;
    bool is_verbose;
    enum when progress;
    enum when color;
    bool has_progress; /* by the two before it, and where it goes to */
    bool has_colour;
    bool shows_stats;
    bool wants_help;
    bool wants_config;  /* printed, and nothing else */
    const char *config; /* the file that settings were read from; NULL: none */
    bool has_no_config;
    struct arena arena; /* of what the file says */
    struct text_list headers;
    struct text_list header_hosts;
    struct text_list origins; /* of the starts */
    struct buf bearer;
    struct client_token github[GITHUB_ORIGINS];
};

void check_command_default(struct check_command *command);
/* What the options mean together, when all are read. False: `err` says what is wrong. */
NODISCARD bool check_command_settle(struct check_command *command, struct err *err);
void check_command_done(struct check_command *command);
void check_command_print_help(void);
