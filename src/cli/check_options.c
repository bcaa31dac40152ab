/* The command line of `davit check`: a row of check.def and a function here for each option. What
 * the options mean together is settled at the end (settle()), so that they may come in any order.
 *
 * Robots.txt can be ignored only for hosts that the user says are theirs: a checker that ignores it
 * elsewhere gets its users banned, and whoever runs it on somebody else's site should have to say
 * something untrue to do so. */
#include "cli/check_options.h"

#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/options.h"
#include "check/url/url.h"

enum {
    CONCURRENCY = 64,
    PER_HOST = 6,
    PER_LOOPBACK = 64,
    RETRIES = 3,
    REDIRECTS = 10,
    MEMBERS_MAX = 10000,
    TOKEN_BYTES_MAX = 16384,
};

#define DAY_MS ((int64_t)86400000)

/* --- values --- */

static bool read_number(const char *value, uint64_t max, uint64_t *number_out, struct err *err)
{
    uint64_t number = 0;
    if (!str_parse_u64(str_of_c(value), &number) || number > max)
        return err_set(err, 0, "'%s' is no number up to %llu", value, (unsigned long long)max);
    *number_out = number;
    return true;
}

static bool read_unsigned(const char *value, unsigned least, unsigned *number_out, struct err *err)
{
    uint64_t number = 0;
    if (!read_number(value, 1000000, &number, err))
        return false;
    if (number < least)
        return err_set(err, 0, "'%s' is less than %u", value, least);
    *number_out = (unsigned)number;
    return true;
}

/* "20", "20s", "500ms", "1.5m", "2h", "1d". */
static bool read_time(const char *value, int64_t *ms_out, struct err *err)
{
    static const struct {
        struct str unit;
        int64_t ms;
    } units[] = {{STR_INIT("ms"), 1},
                 {STR_INIT("s"), 1000},
                 {STR_INIT("m"), 60000},
                 {STR_INIT("h"), 3600000},
                 {STR_INIT("d"), 86400000}};
    struct str text = str_of_c(value);
    int64_t unit = 1000;
    uint64_t number;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (!str_ends(text, units[i].unit))
            continue;
        unit = units[i].ms;
        text.len -= units[i].unit.len;
        break;
    }
    struct str tenths = text;
    uint64_t tenth = 0;
    bool is_fine = str_parse_u64(str_cut(&tenths, '.'), &number) && number <= 1000000 &&
                   (tenths.len == 0 || (tenths.len == 1 && str_parse_u64(tenths, &tenth)));
    if (!is_fine)
        return err_set(err, 0, "'%s' is no time like 20s, 1.5m or 1d", value);
    *ms_out = (int64_t)number * unit + (int64_t)tenth * unit / 10;
    return true;
}

static bool choose(const char *value, const char *const *names, size_t count, unsigned *which_out,
                   struct err *err)
{
    struct buf all = {0};
    for (size_t i = 0; i < count; i++) {
        if (strcmp(value, names[i]) == 0) {
            *which_out = (unsigned)i;
            buf_done(&all);
            return true;
        }
        buf_addf(&all, "%s%s", i ? ", " : "", names[i]);
    }
    (void)err_set(err, 0, "'%s' is none of %s", value, buf_c(&all)); /* always false */
    buf_done(&all);
    return false;
}

static bool read_switch(const char *value, bool *is_on, struct err *err)
{
    static const char *const names[] = {"off", "on"};
    unsigned which;
    if (!choose(value, names, ARRAY_LEN(names), &which, err))
        return false;
    *is_on = which == 1;
    return true;
}

static bool add_text(struct text_list *list, const char *value)
{
    list->at = mem_resize(list->at, (list->count + 2) * sizeof(*list->at));
    list->at[list->count++] = value;
    list->at[list->count] = NULL;
    return true;
}

/* --- one function for each option; true, or false with err set --- */

#define SETTER(name)                                                                               \
    static bool name(struct check_command *c, __attribute__((unused)) const char *value,           \
                     __attribute__((unused)) struct err *err)

SETTER(set_recursive)
{
    c->is_recursion_set = true;
    return c->run.is_recursive = true;
}

SETTER(set_no_recursive)
{
    c->run.is_recursive = false;
    return c->is_recursion_set = true;
}

SETTER(set_depth)
{
    c->run.is_recursive = c->is_recursion_set = true;
    return read_unsigned(value, 0, &c->run.depth_max, err);
}

SETTER(set_max_pages)
{
    return read_number(value, UINT32_MAX, &c->run.pages_max, err);
}

SETTER(set_max_links)
{
    return read_number(value, UINT32_MAX, &c->run.links_max, err);
}

SETTER(set_scope)
{
    c->run.scope = value;
    return true;
}

SETTER(set_include)
{
    return add_text(&c->run.include, value);
}

SETTER(set_exclude)
{
    return add_text(&c->run.exclude, value);
}

SETTER(set_external)
{
    bool is_on;
    if (!read_switch(value, &is_on, err))
        return false;
    c->run.skips_external = !is_on;
    return true;
}

SETTER(set_sitemap)
{
    static const char *const names[] = {"auto", "only", "off"};
    unsigned which;
    if (!choose(value, names, ARRAY_LEN(names), &which, err))
        return false;
    c->run.sitemap = (enum sitemap_mode)which;
    return true;
}

SETTER(set_base)
{
    c->run.base = value;
    return true;
}

SETTER(set_remap)
{
    if (!strchr(value, '='))
        return err_set(err, 0, "--remap '%s' has no '='", value);
    return add_text(&c->run.remap, value);
}

SETTER(set_fragments)
{
    return read_switch(value, &c->run.has_fragments, err);
}

SETTER(set_css)
{
    return read_switch(value, &c->run.has_css, err);
}

SETTER(set_soft404)
{
    return c->run.has_soft404 = true;
}

SETTER(set_dav)
{
    return c->run.is_dav = true;
}

SETTER(set_dav_depth)
{
    static const char *const names[] = {"1", "infinity"};
    unsigned which;
    if (!choose(value, names, ARRAY_LEN(names), &which, err))
        return false;
    c->run.is_dav_deep = which == 1;
    return true;
}

SETTER(set_strict)
{
    return c->run.is_strict = true;
}

SETTER(set_robots)
{
    static const char *const names[] = {"obey", "warn", "ignore"};
    unsigned which;
    if (!choose(value, names, ARRAY_LEN(names), &which, err))
        return false;
    c->run.robots = (enum robots_mode)which;
    return true;
}

SETTER(set_own)
{
    return add_text(&c->run.own, value);
}

SETTER(set_crawl_delay)
{
    int64_t ms = 0;
    if (!read_time(value, &ms, err))
        return false;
    c->run.crawl_delay_s = (double)ms / 1000;
    return true;
}

SETTER(set_method)
{
    static const char *const names[] = {"auto", "get", "head"};
    unsigned which;
    if (!choose(value, names, ARRAY_LEN(names), &which, err))
        return false;
    c->run.method = (enum method_mode)which;
    return true;
}

SETTER(set_concurrency)
{
    return read_unsigned(value, 1, &c->run.concurrency, err);
}

SETTER(set_per_host)
{
    if (!read_unsigned(value, 1, &c->run.per_host, err))
        return false;
    c->run.per_loopback = c->run.per_host;
    return true;
}

SETTER(set_rate)
{
    uint64_t number;
    struct str text = str_of_c(value);
    if (str_ends(text, STR("/s")))
        text.len -= 2;
    if (!str_parse_u64(text, &number) || number == 0)
        return err_set(err, 0, "--rate '%s' is not like 5/s", value);
    c->run.rate = (double)number;
    return true;
}

static bool set_ms(unsigned *to, const char *value, struct err *err)
{
    int64_t ms = 0;
    if (!read_time(value, &ms, err))
        return false;
    *to = ms < INT32_MAX ? (unsigned)ms : INT32_MAX;
    return true;
}

SETTER(set_timeout)
{
    return set_ms(&c->run.client.total_ms, value, err);
}

SETTER(set_connect_timeout)
{
    return set_ms(&c->run.client.connect_ms, value, err);
}

SETTER(set_retries)
{
    return read_unsigned(value, 0, &c->run.retries, err);
}

SETTER(set_retry_budget)
{
    return read_time(value, &c->run.retry_budget_ms, err);
}

SETTER(set_redirects)
{
    return read_unsigned(value, 0, &c->run.redirects_max, err);
}

SETTER(set_auth)
{
    c->run.client.user_password = value;
    return true;
}

SETTER(set_bearer_file)
{
    FILE *file = fopen(value, "re");
    if (!file)
        return err_sys(err, errno, "opening %s", value);
    buf_clear(&c->bearer);
    c->bearer.len = fread(buf_reserve(&c->bearer, TOKEN_BYTES_MAX), 1, TOKEN_BYTES_MAX, file);
    (void)fclose(file); /* only read */
    while (c->bearer.len && (unsigned char)c->bearer.at[c->bearer.len - 1] <= ' ')
        c->bearer.len--;
    c->run.client.bearer = buf_c(&c->bearer);
    return c->bearer.len || err_set(err, 0, "there is no token in %s", value);
}

SETTER(set_netrc)
{
    return c->run.client.has_netrc = true;
}

SETTER(set_login_form)
{
    c->run.login_form = value;
    return strchr(value, ' ') ||
           err_set(err, 0, "--login-form '%s' is not like 'URL a=b&c=d'", value);
}

SETTER(set_cookie_jar)
{
    c->run.client.cookie_file = value;
    return true;
}

SETTER(set_header)
{
    static struct text_list headers; /* lives as long as argv does */
    if (!strchr(value, ':'))
        return err_set(err, 0, "--header '%s' is not like 'Name: value'", value);
    (void)add_text(&headers, value); /* always true */
    c->run.client.headers = headers.at;
    return true;
}

SETTER(set_user_agent)
{
    c->run.client.user_agent = value;
    return true;
}

SETTER(set_proxy)
{
    c->run.client.proxy = value;
    return true;
}

SETTER(set_insecure)
{
    return c->run.client.is_insecure = true;
}

SETTER(set_ca_file)
{
    c->run.client.ca_file = value;
    return true;
}

SETTER(set_http1)
{
    return c->run.client.is_http1_only = true;
}

SETTER(set_public_only)
{
    return c->run.client.is_public_only = true;
}

/* "404" or "500-599". */
static bool read_statuses(struct str text, struct status_rule *rule)
{
    uint64_t first, last;
    struct str rest = text;
    if (!str_parse_u64(str_cut(&rest, '-'), &first))
        return false;
    last = first;
    if (rest.len && !str_parse_u64(rest, &last))
        return false;
    rule->first = (unsigned)u64_min(first, 999);
    rule->last = (unsigned)u64_min(last, 999);
    return first <= last;
}

static bool add_rule(struct check_command *c, const struct status_rule *rule, struct err *err)
{
    if (c->run.status_rule_count == STATUS_RULES_MAX)
        return err_set(err, 0, "more than %d statuses", STATUS_RULES_MAX);
    c->run.status_rules[c->run.status_rule_count++] = *rule;
    return true;
}

SETTER(set_accept)
{
    struct str rest = str_of_c(value);
    while (rest.len) {
        struct status_rule rule = {.verdict = VERDICT_OK};
        if (!read_statuses(str_trim(str_cut(&rest, ',')), &rule))
            return err_set(err, 0, "--accept '%s' is not like 200-299,405", value);
        if (!add_rule(c, &rule, err))
            return false;
    }
    return true;
}

SETTER(set_status)
{
    struct status_rule rule;
    struct str name = str_of_c(value);
    verdict_set set;
    bool is_fine = read_statuses(str_cut(&name, '='), &rule);
    if (str_eq(name, STR("warn")))
        name = STR("blocked");
    if (!is_fine || !verdicts_parse(name, &set) || (set & (set - 1)))
        return err_set(err, 0, "--status '%s' is not like 403=broken", value);
    rule.verdict = (enum verdict)__builtin_ctz(set);
    return add_rule(c, &rule, err);
}

SETTER(set_fail_on)
{
    return verdicts_parse(str_of_c(value), &c->report.fail_on) ||
           err_set(err, 0, "--fail-on '%s' has what is no verdict", value);
}

SETTER(set_history)
{
    c->history = value;
    return true;
}

SETTER(set_after_bad)
{
    return read_unsigned(value, 1, &c->after_bad, err);
}

SETTER(set_only_changed)
{
    return c->report.only_changed = true;
}

SETTER(set_compare)
{
    return c->compares = true;
}

SETTER(set_cache_age)
{
    return read_time(value, &c->cache_age_ms, err);
}

SETTER(set_cache)
{
    c->history = value;
    if (c->cache_age_ms == 0)
        c->cache_age_ms = DAY_MS;
    return true;
}

SETTER(set_quota)
{
    struct str text = str_of_c(value);
    if (str_ends(text, STR("/day")))
        text.len -= 4;
    return (str_parse_u64(text, &c->quota_per_day) && c->quota_per_day) ||
           err_set(err, 0, "--quota '%s' is not like 1500/day", value);
}

SETTER(set_account)
{
    c->account = value;
    return true;
}

SETTER(set_output)
{
    const char *colon = strchr(value, ':');
    struct str name = colon ? str_of(value, (size_t)(colon - value)) : str_of_c(value);
    struct check_output output = {report_find(name), colon ? colon + 1 : NULL};
    if (!output.ops)
        return err_set(err, 0,
                       "--output '%s' is none of text, json, jsonl, csv, html, junit, sarif, "
                       "github, sitemap, multistatus",
                       value);
    if (c->output_count == OUTPUTS_MAX)
        return err_set(err, 0, "more than %d --output", OUTPUTS_MAX);
    c->outputs[c->output_count++] = output;
    return true;
}

SETTER(set_verbose)
{
    c->report.shown = ((verdict_set)1 << VERDICT_COUNT) - 1;
    return true;
}

SETTER(set_archive)
{
    return c->run.has_archive = true;
}

SETTER(set_stats)
{
    return c->shows_stats = true;
}

SETTER(set_quiet)
{
    c->has_progress = false;
    return c->is_quiet = true;
}

SETTER(set_progress)
{
    static const char *const names[] = {"auto", "on", "off"};
    unsigned which;
    if (!choose(value, names, ARRAY_LEN(names), &which, err))
        return false;
    c->has_progress = which == 1 || (which == 0 && isatty(STDERR_FILENO));
    return true;
}

SETTER(set_color)
{
    static const char *const names[] = {"auto", "always", "never"};
    unsigned which;
    if (!choose(value, names, ARRAY_LEN(names), &which, err))
        return false;
    c->has_colour = which == 1 || (which == 0 && c->has_colour);
    return true;
}

SETTER(set_spill)
{
    c->run.spill_dir = value;
    return true;
}

SETTER(set_help)
{
    return c->wants_help = true;
}

/* --- the tables --- */

static const struct option rows[] = {
#define CHECK_OPTION(name, letter, argument, set, help) {name, argument, help, letter},
#include "cli/check.def"
#undef CHECK_OPTION
};

static const struct option_table table = {
    .command = "davit check", .rows = rows, .row_count = ARRAY_LEN(rows)};

static bool (*const setters[])(struct check_command *c, const char *value, struct err *err) = {
#define CHECK_OPTION(name, letter, argument, set, help) set,
#include "cli/check.def"
#undef CHECK_OPTION
};

void check_command_print_help(void)
{
    printf(
        "Usage: davit check [OPTIONS] URL|FILE|FOLDER|-...\n\n"
        "Checks links, and looks inside every 207. '-' reads addresses from standard input.\n\n");
    option_print(&table);
    printf("\nExit status: 0 all is well; 1 something is bad; 2 the command line is; 3 the run\n"
           "could not be finished, and what was not looked at is said to be not checked.\n");
}

/* --- all together --- */

static void set_defaults(struct check_command *c)
{
    const char *dir = getenv("TMPDIR");
    *c = (struct check_command){0};
    c->run.depth_max = UINT32_MAX;
    c->run.has_fragments = c->run.has_css = true;
    c->run.concurrency = CONCURRENCY;
    c->run.per_host = PER_HOST;
    c->run.per_loopback = PER_LOOPBACK;
    c->run.retries = RETRIES;
    c->run.retry_budget_ms = 60000;
    c->run.redirects_max = REDIRECTS;
    c->run.members_max = MEMBERS_MAX;
    c->run.client.user_agent = "davit/" DAVIT_VERSION " (link checker)";
    c->run.client.connect_ms = 5000;
    c->run.client.total_ms = 20000;
    c->run.spill_dir = dir && dir[0] ? dir : "/tmp";
    c->report.fail_on = verdicts_of_class(CLASS_FAIL);
    c->report.shown = verdicts_of_class(CLASS_FAIL) | verdicts_of_class(CLASS_NOTE) |
                      verdict_bit(VERDICT_NOT_CHECKED) | verdict_bit(VERDICT_ROBOTS) |
                      verdict_bit(VERDICT_PRIVATE);
    c->account = "default";
    c->has_progress = isatty(STDERR_FILENO);
    c->has_colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

/* --accept replaces what is fine: what it does not name is not. */
static bool close_accepted(struct check_command *c, struct err *err)
{
    const struct status_rule success = {200, 299, VERDICT_BROKEN};
    for (size_t i = 0; i < c->run.status_rule_count; i++) {
        if (c->run.status_rules[i].verdict == VERDICT_OK)
            return add_rule(c, &success, err);
    }
    return true;
}

static void set_first_host(struct check_command *c, struct str url)
{
    struct url start = {0};
    if (url_parse(&start, url, NULL, NULL) && start.has_host) {
        buf_clear(&c->auth_host);
        buf_add(&c->auth_host, buf_str(&start.host));
        c->run.client.auth_host = buf_c(&c->auth_host);
        bool is_root = url_is_http(&start) && str_eq(buf_str(&start.path), STR("/"));
        if (!c->is_recursion_set && (is_root || c->run.is_dav))
            c->run.is_recursive = true;
    }
    url_done(&start);
}

static bool settle(struct check_command *c, struct err *err)
{
    c->report.with_fragments = c->run.has_fragments;
    c->report.redirects_max = c->run.redirects_max;
    c->run.fail_on = c->report.fail_on;
    c->run.client.connections_max = c->run.concurrency * 2;
    if (c->run.login_form && !c->run.client.cookie_file)
        c->run.client.cookie_file = ""; /* kept, but not written */
    if (c->run.robots == ROBOTS_IGNORE && c->run.own.count == 0)
        return err_set(err, 0, "--robots ignore needs --own HOST: it is for your own hosts");
    if (c->quota_per_day && !c->history)
        return err_set(err, 0, "--quota needs --history FILE to count in");
    bool wants_history = c->after_bad || c->report.only_changed || c->compares || c->cache_age_ms;
    if (wants_history && !c->history)
        return err_set(err, 0, "that needs --history FILE");
    if (c->run.client.is_public_only && c->run.client.proxy)
        return err_set(err, 0, "--public-only cannot see where a --proxy connects to");
    if (c->output_count == 0)
        c->outputs[c->output_count++].ops = &report_text;
    if (c->run.starts.count)
        set_first_host(c, str_of_c(c->run.starts.at[0]));
    else if (!c->compares)
        return err_set(err, 0, "what to check? See davit check --help");
    return close_accepted(c, err);
}

bool check_command_read(int argc, char **argv, struct check_command *command, struct err *err)
{
    struct option_reader reader = {.table = &table, .argv = argv, .argc = argc};
    const char *value;
    size_t row;
    set_defaults(command);
    for (;;) {
        switch (option_read(&reader, &row, &value, err)) {
        case OPTION_ROW:
            if (!setters[row](command, value, err))
                return false;
            break;
        case OPTION_OPERAND:
            (void)add_text(&command->run.starts, value); /* always true */
            break;
        case OPTION_END:
            return command->wants_help || settle(command, err);
        case OPTION_WRONG:
            return false;
        }
    }
}

void check_command_done(struct check_command *command)
{
    mem_free(command->run.starts.at);
    mem_free(command->run.include.at);
    mem_free(command->run.exclude.at);
    mem_free(command->run.remap.at);
    mem_free(command->run.own.at);
    buf_done(&command->bearer);
    buf_done(&command->auth_host);
}
