/* robots.txt. Groups begin with one or more User-agent lines; a robot heeds the groups that name
 * it, all of them as if they were one, and only if there are none the groups for "*" (RFC 9309
 * §2.2.1). The rule with the longest pattern that matches wins, and allowing wins over disallowing
 * where both are of one length (§2.2.2).
 *
 * The file is read twice, once for the robot and, if nothing named it, once for "*": simpler than
 * to keep both, and a file is small. Patterns and targets are compared in one form of their percent
 * encoding: escapes of unreserved characters are undone, others are upper case, and bytes beyond
 * ASCII are escaped.
 *
 * Rejected: matching '*' by recursion, which a pattern of many stars makes exponential; `matches()`
 * goes back to the last star only, so it costs the product of both lengths at most. */
#include "check/read/robots.h"

#include "base/buf.h"

enum { RULES_MAX = 10000, SITEMAPS_MAX = 1000, DELAY_S_MAX = 3600 };

struct reading {
    struct arena *arena;
    struct str agent;
    struct robots *robots;
    struct robots_rule *rules;
    struct str *sitemaps;
    bool is_in_agents; /* the line before was a User-agent: another one belongs to it */
    bool is_ours;      /* the group that is being read */
    bool was_named;    /* some group was ours */
};

static bool is_unreserved(unsigned char c)
{
    return char_is_alpha((char)c) || char_is_digit((char)c) || c == '-' || c == '.' || c == '_' ||
           c == '~';
}

static void add_escaped(struct buf *to, unsigned char c)
{
    const char text[3] = {'%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]};
    buf_add(to, str_of(text, sizeof(text)));
}

/* The one form in which patterns and targets are compared. */
static void add_normal(struct buf *to, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        bool is_escape = c == '%' && i + 2 < text.len && hex_value(text.at[i + 1]) >= 0 &&
                         hex_value(text.at[i + 2]) >= 0;
        if (is_escape) {
            c = (unsigned char)(hex_value(text.at[i + 1]) << 4 | hex_value(text.at[i + 2]));
            i += 2;
        }
        if (is_unreserved(c) || (!is_escape && c > ' ' && c < 0x7f))
            buf_add_char(to, (char)c);
        else
            add_escaped(to, c);
    }
}

static void add_rule(struct reading *r, struct str pattern, bool is_allowed)
{
    struct robots *robots = r->robots;
    struct buf normal = {0};
    if (pattern.len == 0 || robots->rule_count == RULES_MAX)
        return; /* an empty rule matches nothing */
    add_normal(&normal, pattern);
    if (robots->rule_count % 64 == 0) {
        struct robots_rule *more = arena_alloc(r->arena, (robots->rule_count + 64) * sizeof(*more));
        if (robots->rule_count)
            memcpy(more, r->rules, robots->rule_count * sizeof(*more));
        robots->rules = r->rules = more;
    }
    r->rules[robots->rule_count++] =
        (struct robots_rule){arena_str(r->arena, buf_str(&normal)), is_allowed};
    buf_done(&normal);
}

static void add_sitemap(struct reading *r, struct str url)
{
    struct robots *robots = r->robots;
    if (url.len == 0 || robots->sitemap_count == SITEMAPS_MAX)
        return;
    if (!r->sitemaps)
        robots->sitemaps = r->sitemaps = arena_alloc(r->arena, SITEMAPS_MAX * sizeof(url));
    r->sitemaps[robots->sitemap_count++] = arena_str(r->arena, url);
}

static void set_delay(struct reading *r, struct str value)
{
    double seconds = 0, unit = 1;
    bool is_fraction = false;
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] == '.' && !is_fraction) {
            is_fraction = true;
            continue;
        }
        if (!char_is_digit(value.at[i]))
            return;
        seconds = seconds * 10 + (value.at[i] - '0');
        unit *= is_fraction ? 10 : 1;
    }
    seconds /= unit;
    r->robots->delay_s = seconds < DELAY_S_MAX ? seconds : DELAY_S_MAX;
}

/* The product token of a User-agent line: "davit/1.0 (...)" names davit (RFC 9309 §2.2.1). */
static struct str product_token(struct str value)
{
    size_t len = 0;
    while (len < value.len &&
           (char_is_alpha(value.at[len]) || value.at[len] == '-' || value.at[len] == '_'))
        len++;
    return len ? str_first(value, len) : value;
}

static void on_agent(struct reading *r, struct str value)
{
    if (!r->is_in_agents)
        r->is_ours = false;
    r->is_in_agents = true;
    bool is_any = str_eq(r->agent, STR("*"));
    bool is_ours =
        is_any ? str_starts(value, STR("*")) : str_eq_nocase(product_token(value), r->agent);
    r->is_ours = r->is_ours || is_ours;
    r->was_named = r->was_named || is_ours;
}

static void on_line(struct reading *r, struct str line)
{
    struct str name, value = str_trim(str_first(line, str_index(line, '#')));
    if (str_index(value, ':') == value.len)
        return;
    name = str_trim(str_cut(&value, ':'));
    value = str_trim(value);
    if (str_eq_nocase(name, STR("user-agent"))) {
        on_agent(r, value);
        return;
    }
    if (str_eq_nocase(name, STR("sitemap"))) { /* belongs to no group, and ends none */
        add_sitemap(r, value);
        return;
    }
    bool is_allow = str_eq_nocase(name, STR("allow"));
    bool is_rule = is_allow || str_eq_nocase(name, STR("disallow"));
    bool is_delay = str_eq_nocase(name, STR("crawl-delay"));
    if (!is_rule && !is_delay)
        return; /* unknown records end no group either */
    r->is_in_agents = false;
    if (r->is_ours && is_rule)
        add_rule(r, value, is_allow);
    else if (r->is_ours)
        set_delay(r, value);
}

static bool read_for(struct arena *arena, struct str text, struct str agent,
                     struct robots *robots_out)
{
    *robots_out = (struct robots){0};
    struct reading r = {.arena = arena, .agent = agent, .robots = robots_out};
    while (text.len) {
        size_t len = 0;
        while (len < text.len && text.at[len] != '\n' && text.at[len] != '\r')
            len++;
        on_line(&r, str_first(text, len));
        text = str_from(text, len + 1);
    }
    return r.was_named;
}

struct robots robots_parse(struct arena *arena, struct str text, struct str agent)
{
    struct robots robots;
    if (str_starts(text, STR("\xef\xbb\xbf")))
        text = str_from(text, 3);
    if (!read_for(arena, text, agent, &robots))
        (void)read_for(arena, text, STR("*"), &robots); /* or nothing holds */
    return robots;
}

static bool matches(struct str pattern, struct str target)
{
    bool is_anchored = str_ends(pattern, STR("$"));
    size_t p = 0, t = 0, star = SIZE_MAX, star_target = 0;
    if (is_anchored)
        pattern.len--;
    for (;;) {
        if (p == pattern.len && (!is_anchored || t == target.len))
            return true;
        if (p < pattern.len && pattern.at[p] == '*') {
            star = p++;
            star_target = t;
        } else if (p < pattern.len && t < target.len && pattern.at[p] == target.at[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX && star_target < target.len) {
            p = star + 1;
            t = ++star_target;
        } else {
            return false;
        }
    }
}

bool robots_allows(const struct robots *robots, struct str target)
{
    struct buf normal = {0};
    size_t longest = 0;
    bool is_allowed = true;
    add_normal(&normal, target);
    for (size_t i = 0; i < robots->rule_count; i++) {
        const struct robots_rule *rule = &robots->rules[i];
        bool is_weaker = rule->pattern.len < longest ||
                         (rule->pattern.len == longest && !rule->is_allowed && longest);
        if (is_weaker || !matches(rule->pattern, buf_str(&normal)))
            continue;
        longest = rule->pattern.len;
        is_allowed = rule->is_allowed;
    }
    buf_done(&normal);
    return is_allowed || str_eq(target, STR("/robots.txt"));
}
