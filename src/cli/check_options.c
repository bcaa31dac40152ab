/* The command line of `davit check`: a row of check_options.def for each option, and a function
 * here for those that are no plain value. What the options mean together is settled at the end
 * (check_command_settle()), so that they may come in any order.
 *
 * Robots.txt can be ignored only for hosts that the user says are theirs: a checker that ignores it
 * elsewhere gets its users banned, and whoever runs it on somebody else's site should have to say
 * something untrue to do so. */
#include "cli/check_options.h"

#include <unistd.h>

#include "check/run/scope.h"
#include "check/url/url.h"
#include "cli/secret_file.h"

enum {
    CONCURRENCY = 64,
    PER_HOST = 6,
    PER_LOOPBACK = 64,
    RETRIES = 3,
    REDIRECTS = 10,
    MEMBERS_MAX = 10000,
    TRAP_AFTER = 24,
};

#define DAY_MS ((int64_t)86400000)

/* --- whether a text will do --- */

static bool check_header(const char *value, struct err *err)
{
    return strchr(value, ':') || err_set(err, 0, "'%s' is not NAME: VALUE", value);
}

static bool check_index(const char *value, struct err *err)
{
    struct str rest = str_of_c(value);
    bool is_fine = true;
    do {
        bool is_last = str_index(rest, ',') == rest.len;
        struct str name = str_trim(str_cut(&rest, ','));
        is_fine &= name.len && str_index(name, '/') == name.len && !str_eq(name, STR(".."));
        if (is_last)
            break;
    } while (is_fine);
    return is_fine ||
           err_set(err, 0, "'%s' is not names of files (such as index.html,README.md)", value);
}

static bool check_base(const char *value, struct err *err)
{
    struct url url = {0};
    bool is_fine = url_parse(&url, str_of_c(value), NULL, NULL);
    url_done(&url);
    return is_fine || err_set(err, 0, "'%s' is not a URL (such as https://example.org/)", value);
}

static bool check_login_form(const char *value, struct err *err)
{
    return strchr(value, ' ') ||
           err_set(err, 0, "'%s' is not a URL and fields (for example 'URL a=b&c=d')", value);
}

/* --- how far --- */

static bool set_recursive(void *target, const char *value, struct err *err)
{
    struct check_command *c = target;
    (void)err; /* a flag, which a file sets to yes or no */
    c->run.is_recursive = !value || strcmp(value, "no") != 0;
    return c->is_recursion_set = true;
}

static void add_recursive(struct buf *to, const char *key, const void *target)
{
    const struct check_command *c = target;
    option_add_text(to, key, !c->is_recursion_set ? NULL : c->run.is_recursive ? "yes" : "no");
}

static bool set_no_recursive(void *target, const char *value, struct err *err)
{
    bool is_set = !value || strcmp(value, "no") != 0;
    return !is_set || set_recursive(target, "no", err);
}

static bool set_depth(void *target, const char *value, struct err *err)
{
    const struct option_range range = {0, 1000000};
    struct check_command *c = target;
    uint64_t depth;
    if (!option_parse_count(str_of_c(value), range, &depth, err))
        return false;
    c->run.depth_max = (unsigned)depth;
    return set_recursive(target, NULL, err);
}

static void add_depth(struct buf *to, const char *key, const void *target)
{
    const struct check_command *c = target;
    if (c->run.depth_max == UINT32_MAX)
        option_add_text(to, key, NULL);
    else
        buf_addf(to, "%s = %u\n", key, c->run.depth_max);
}

/* --- how fast --- */

static bool set_crawl_delay(void *target, const char *value, struct err *err)
{
    struct check_command *c = target;
    int64_t ms;
    if (!option_parse_time(str_of_c(value), &ms, err))
        return false;
    c->run.crawl_delay_s = (double)ms / 1000;
    return true;
}

static void add_crawl_delay(struct buf *to, const char *key, const void *target)
{
    const struct check_command *c = target;
    buf_addf(to, "%s = %.0fms\n", key, c->run.crawl_delay_s * 1000);
}

/* "5/s", "1500/day"; what stands behind the slash may be missing. */
static bool parse_rate(const char *value, struct str unit, uint64_t *number_out)
{
    struct str text = str_of_c(value);
    if (str_ends(text, unit))
        text.len -= unit.len;
    return str_parse_u64(text, number_out) && *number_out > 0;
}

static bool set_rate(void *target, const char *value, struct err *err)
{
    struct check_command *c = target;
    uint64_t number;
    if (!parse_rate(value, STR("/s"), &number))
        return err_set(err, 0, "'%s' is not a rate (for example 5/s)", value);
    c->run.rate = (double)number;
    return true;
}

static void add_rate(struct buf *to, const char *key, const void *target)
{
    const struct check_command *c = target;
    if (c->run.rate > 0)
        buf_addf(to, "%s = %.0f/s\n", key, c->run.rate);
    else
        option_add_text(to, key, NULL);
}

static bool set_quota(void *target, const char *value, struct err *err)
{
    struct check_command *c = target;
    return parse_rate(value, STR("/day"), &c->quota_per_day) ||
           err_set(err, 0, "'%s' is not a quota (for example 1500/day)", value);
}

static void add_quota(struct buf *to, const char *key, const void *target)
{
    const struct check_command *c = target;
    if (c->quota_per_day)
        buf_addf(to, "%s = %llu/day\n", key, (unsigned long long)c->quota_per_day);
    else
        option_add_text(to, key, NULL);
}

/* --- who --- */

static bool set_bearer_file(void *target, const char *value, struct err *err)
{
    struct check_command *c = target;
    buf_clear(&c->bearer);
    bool is_read = secret_file_read_token(value, &c->bearer, err);
    c->run.client.bearer = buf_c(&c->bearer);
    return is_read;
}

static bool set_netrc_file(void *target, const char *value, struct err *err)
{
    struct check_command *c = target;
    c->run.client.has_netrc = true;
    c->run.client.netrc_file = value;
    return secret_file_check(value, err);
}

/* --- what statuses mean --- */

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

static bool set_accept(void *target, const char *value, struct err *err)
{
    struct check_command *c = target;
    struct str rest = str_of_c(value);
    while (rest.len) {
        struct status_rule rule = {.verdict = VERDICT_OK};
        if (!read_statuses(str_trim(str_cut(&rest, ',')), &rule))
            return err_set(err, 0, "'%s' is not a list of statuses (for example 200-299,405)",
                           value);
        if (!add_rule(c, &rule, err))
            return false;
    }
    return true;
}

static bool set_status(void *target, const char *value, struct err *err)
{
    struct check_command *c = target;
    struct status_rule rule;
    struct str name = str_of_c(value);
    verdict_set set;
    bool is_fine = read_statuses(str_cut(&name, '='), &rule);
    if (str_eq(name, STR("warn")))
        name = STR("blocked");
    if (!is_fine || !verdicts_parse(name, &set) || !set || (set & (set - 1)))
        return err_set(err, 0, "'%s' is not STATUS=VERDICT (for example 403=broken)", value);
    rule.verdict = (enum verdict)__builtin_ctz(set);
    return add_rule(c, &rule, err);
}

/* --accept is written as what it comes to. */
static void add_statuses(struct buf *to, const char *key, const void *target)
{
    const struct check_command *c = target;
    for (size_t i = 0; i < c->run.status_rule_count; i++) {
        const struct status_rule *rule = &c->run.status_rules[i];
        buf_addf(to, "%s = %u-%u=%s\n", key, rule->first, rule->last,
                 verdict_rows[rule->verdict].name);
    }
    if (c->run.status_rule_count == 0)
        option_add_text(to, key, NULL);
}

static bool set_fail_on(void *target, const char *value, struct err *err)
{
    struct check_command *c = target;
    return (verdicts_parse(str_of_c(value), &c->report.fail_on) && c->report.fail_on) ||
           err_set(err, 0, "there is no such verdict in '%s'", value);
}

static void add_fail_on(struct buf *to, const char *key, const void *target)
{
    const struct check_command *c = target;
    const char *comma = "";
    buf_addf(to, "%s = ", key);
    for (int i = 0; i < VERDICT_COUNT; i++) {
        if (!(c->report.fail_on & verdict_bit((enum verdict)i)))
            continue;
        buf_addf(to, "%s%s", comma, verdict_rows[i].name);
        comma = ",";
    }
    BUF_ADD(to, "\n");
}

/* --- what for --- */

static bool set_cache(void *target, const char *value, struct err *err)
{
    struct check_command *c = target;
    (void)err; /* opening it will tell */
    c->history = value;
    if (c->cache_age_ms == 0)
        c->cache_age_ms = DAY_MS;
    return true;
}

static bool set_output(void *target, const char *value, struct err *err)
{
    struct check_command *c = target;
    const char *colon = strchr(value, ':');
    struct str name = colon ? str_of(value, (size_t)(colon - value)) : str_of_c(value);
    struct check_output output = {report_find(name), colon ? colon + 1 : NULL};
    if (!output.ops)
        return err_set(err, 0,
                       "'%s' is none of text, json, jsonl, csv, html, markdown, links, junit, "
                       "sarif, github, sitemap and multistatus",
                       value);
    if (c->output_count == OUTPUTS_MAX)
        return err_set(err, 0, "more than %d outputs", OUTPUTS_MAX);
    c->outputs[c->output_count++] = output;
    return true;
}

static void add_outputs(struct buf *to, const char *key, const void *target)
{
    const struct check_command *c = target;
    for (size_t i = 0; i < c->output_count; i++) {
        struct str name = report_name(c->outputs[i].ops);
        const char *path = c->outputs[i].path;
        buf_addf(to, "%s = %.*s%s%s\n", key, STR_ARGS(name), path ? ":" : "", path ? path : "");
    }
}

/* --- the table --- */

static bool add_start(void *target, const char *value, struct err *err)
{
    (void)err; /* whether it is a URL is found out when it is fetched */
    text_list_add(&((struct check_command *)target)->run.starts, value);
    return true;
}

#define OPTION_TARGET struct check_command
static const struct option rows[] = {
#define CHECK_OPTION(name_, letter_, argument_, value, help_)                                      \
    {.name = (name_), .letter = (letter_), .argument = (argument_), value, .help = (help_)},
#include "cli/check_options.def"
#undef CHECK_OPTION
};

const struct option_table check_table = {
    .command = "davit check", .rows = rows, .row_count = ARRAY_LEN(rows), .operand = add_start};

void check_command_print_help(void)
{
    printf(
        "Usage: davit check [OPTIONS] URL|FILE|FOLDER|-...\n\n"
        "Checks links, and looks inside every 207. '-' reads addresses from standard input.\n\n");
    option_print(&check_table);
    printf("\nExit status: 0 all links are fine, 1 something is bad, 2 wrong usage, 3 the run "
           "could not be\nfinished, and what was not looked at is reported as not checked.\n");
}

/* --- all together --- */

void check_command_default(struct check_command *c)
{
    const char *dir = getenv("TMPDIR");
    *c = (struct check_command){0};
    c->run.depth_max = UINT32_MAX;
    c->run.rules.with_fragments = c->run.has_css = true;
    c->run.concurrency = CONCURRENCY;
    c->run.retries = RETRIES;
    c->run.retry_budget_ms = 60000;
    c->run.rules.redirects_max = REDIRECTS;
    c->run.members_max = MEMBERS_MAX;
    c->run.index = "index.html";
    c->run.trap_after = TRAP_AFTER;
    c->run.client.user_agent = "davit/" DAVIT_VERSION " (link checker)";
    c->run.client.accept = "*/*";
    c->run.client.decodes = true;
    c->run.client.connect_ms = 5000;
    c->run.client.total_ms = 20000;
    c->run.spill_dir = dir && dir[0] ? dir : "/tmp";
    c->report.fail_on = verdicts_of_class(CLASS_FAIL);
    c->report.shown = verdicts_of_class(CLASS_FAIL) | verdicts_of_class(CLASS_NOTE) |
                      verdict_bit(VERDICT_NOT_CHECKED) | verdict_bit(VERDICT_ROBOTS) |
                      verdict_bit(VERDICT_PRIVATE);
    c->account = "default";
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

/* Which servers were named. What signs in is for the first of them, a netrc for all. */
static void add_origin(struct check_command *c, struct str url, bool is_first)
{
    struct url start = {0};
    if (url_parse(&start, url, NULL, NULL) && start.has_host) {
        char port[16];
        str_print(port, sizeof(port), "%u", url_port(&start));
        const char *host = arena_text(&c->arena, buf_str(&start.host));
        const char *scheme = arena_text(&c->arena, buf_str(&start.scheme));
        struct buf origin = {0};
        buf_addf(&origin, "%s://%s:%s", scheme, host, port);
        text_list_add(&c->origins, arena_text(&c->arena, buf_str(&origin)));
        buf_done(&origin);
        if (is_first) {
            c->run.client.auth_host = host;
            c->run.client.auth_scheme = scheme;
            c->run.client.auth_port = arena_text(&c->arena, str_of_c(port));
        }
        bool is_root = url_is_http(&start) && str_eq(buf_str(&start.path), STR("/"));
        if (is_first && !c->is_recursion_set && !c->run.is_dump && (is_root || c->run.is_dav))
            c->run.is_recursive = true;
    }
    url_done(&start);
}

/* Nothing is looked at, so nothing is bad; what is no URL is a link all the same. */
static void settle_dump(struct check_command *c)
{
    if (!c->run.is_dump)
        return;
    c->run.rules.with_fragments = false;
    c->run.has_soft404 = false;
    c->report.fail_on = 0;
    c->is_verbose = true;
    if (c->output_count == 0)
        c->outputs[c->output_count++].ops = &report_links;
}

/* What is decided by where it goes. */
static void settle_screen(struct check_command *c)
{
    c->has_progress = c->progress == WHEN_ALWAYS ||
                      (c->progress == WHEN_AUTO && !c->is_quiet && isatty(STDERR_FILENO));
    c->has_colour = c->color == WHEN_ALWAYS ||
                    (c->color == WHEN_AUTO && isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
    if (c->is_verbose)
        c->report.shown = ((verdict_set)1 << VERDICT_COUNT) - 1;
}

/* A token of the environment is for GitHub, by https, and for nobody else: the hosts that take it
 * for what they are asked are these. Those of users' pages are not among them. */
static void settle_github(struct check_command *c)
{
    static const char *const origins[GITHUB_ORIGINS] = {"https://github.com:443",
                                                        "https://api.github.com:443",
                                                        "https://raw.githubusercontent.com:443"};
    const char *token = getenv("GITHUB_TOKEN");
    if (!token || !token[0])
        token = getenv("GH_TOKEN");
    bool is_token = token && token[0];
    for (const char *at = token; is_token && *at; at++) /* a line end would begin another field */
        is_token = *at > ' ' && *at < 0x7f;
    for (size_t i = 0; i < GITHUB_ORIGINS && is_token; i++)
        c->github[i] = (struct client_token){origins[i], token};
    c->run.client.tokens = c->github;
    c->run.client.token_count = is_token ? GITHUB_ORIGINS : 0;
}

bool check_command_settle(struct check_command *c, struct err *err)
{
    static const char *const none[] = {NULL};
    settle_dump(c);
    settle_screen(c);
    settle_github(c);
    c->run.per_loopback = c->run.per_host ? c->run.per_host : PER_LOOPBACK;
    c->run.per_host = c->run.per_host ? c->run.per_host : PER_HOST;
    c->run.client.headers = c->headers.at;
    c->run.client.header_hosts = c->header_hosts.at;
    c->run.rules.tells_moved = (c->report.fail_on & verdict_bit(VERDICT_PERMANENT_REDIRECT)) != 0;
    c->report.rules = c->run.rules;
    c->report.shown |= c->report.fail_on;
    c->run.fail_on = c->report.fail_on;
    c->run.client.connections_max = c->run.concurrency * 2;
    if (!c->run.client.cookie_file)
        c->run.client.cookie_file = ""; /* kept, but not written */
    if (c->run.robots == ROBOTS_IGNORE && c->run.own.count == 0)
        return err_set(err, 0,
                       "--robots ignore needs --own HOST, because it is for your own hosts only");
    if (c->quota_per_day && !c->history)
        return err_set(err, 0, "--quota needs --history FILE to count in");
    bool wants_history =
        c->after_bad || c->report.only_changed || c->compares || c->resumes || c->cache_age_ms;
    if (wants_history && !c->history)
        return err_set(err, 0,
                       "--after-bad, --only-changed, --compare, --resume and --cache-age need "
                       "--history FILE");
    if (c->resumes && c->run.starts.count == 0)
        return err_set(err, 0, "--resume needs the starts and settings of the run it goes on with");
    if (c->run.client.is_public_only && c->run.client.proxy)
        return err_set(
            err, 0, "--public-only cannot be used with --proxy, which hides where connections go");
    if (c->output_count == 0)
        c->outputs[c->output_count++].ops = &report_text;
    for (size_t i = 0; i < c->run.starts.count; i++)
        add_origin(c, str_of_c(c->run.starts.at[i]), i == 0);
    c->run.client.has_netrc |= c->run.client.takes_netrc_default;
    c->run.client.origins = c->origins.at ? c->origins.at : none;
    if (c->run.starts.count == 0 && !c->compares)
        return err_set(err, 0, "nothing to check; see davit check --help");
    if (c->headers.count && !c->run.client.auth_host && !c->header_hosts.count)
        return err_set(err, 0,
                       "--header is sent to the first start's server, and that is none: name hosts "
                       "by --header-for");
    return close_accepted(c, err);
}

void check_command_done(struct check_command *command)
{
    text_list_done(&command->run.starts);
    text_list_done(&command->run.include);
    text_list_done(&command->run.exclude);
    text_list_done(&command->run.exclude_fragment);
    text_list_done(&command->run.exclude_places);
    text_list_done(&command->run.remap);
    text_list_done(&command->run.own);
    text_list_done(&command->run.suffixes);
    text_list_done(&command->run.fallback_ext);
    text_list_done(&command->headers);
    buf_done(&command->bearer);
    text_list_done(&command->header_hosts);
    text_list_done(&command->origins);
    arena_done(&command->arena);
}
