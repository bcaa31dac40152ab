/* The rules of a .gitignore, one a line:
 *
 *     # text           nothing; neither is an empty line. "\#", "\!" begin a name
 *     !rule            takes back what an earlier rule left out
 *     rule/            folders only
 *     name             at any depth
 *     /name, a/name    from the folder of the file on
 *     **               as a whole part of a path: any number of parts, none included
 *
 * A part of a path is matched by fnmatch(3), which reads *, ?, [a-z] and backslashes the same way.
 * A rule with many "**" could take long, so each needs at least one part of the path to try
 * another; paths have few. */
#include "check/local/ignore.h"

#include <fnmatch.h>

#include "base/buf.h"
#include "base/mem.h"

enum { STARS_MAX = 4 }; /* a rule with more of them is none: git has no use for it either */

struct rule {
    char **parts; /* each with a NUL; views of `text` */
    size_t part_count;
    char *text;
    bool is_taken_back;
    bool is_for_folders;
};

struct ignore {
    struct rule *rules;
    size_t count;
};

static bool is_stars(const char *part)
{
    return strcmp(part, "**") == 0;
}

static void add_part(struct rule *rule, char *part)
{
    rule->parts = mem_resize(rule->parts, (rule->part_count + 1) * sizeof(*rule->parts));
    rule->parts[rule->part_count++] = part;
}

static void rule_done(struct rule *rule)
{
    mem_free(rule->parts);
    mem_free(rule->text);
}

/* Blanks at its end do not count, unless a backslash stands before. */
static struct str trim(struct str line)
{
    while (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    while (line.len && line.at[line.len - 1] == ' ' &&
           (line.len < 2 || line.at[line.len - 2] != '\\'))
        line.len--;
    return line;
}

/* False: the line is no rule. */
static bool rule_parse(struct rule *rule, struct str line)
{
    static char any_depth[] = "**";
    size_t stars = 0;
    *rule = (struct rule){0};
    line = trim(line);
    if (line.len == 0 || line.at[0] == '#')
        return false;
    rule->is_taken_back = line.at[0] == '!';
    line = str_from(line, rule->is_taken_back);
    rule->is_for_folders = line.len && line.at[line.len - 1] == '/';
    line.len -= rule->is_for_folders;
    bool is_rooted = str_index(line, '/') < line.len;
    line = str_from(line, line.len && line.at[0] == '/');
    if (line.len == 0)
        return false;
    if (!is_rooted)
        add_part(rule, any_depth);
    char *rest = rule->text = mem_copy_text(line.at, line.len);
    for (char *part; (part = strsep(&rest, "/"));) {
        add_part(rule, part);
        stars += is_stars(part);
    }
    if (stars <= STARS_MAX)
        return true;
    rule_done(rule);
    return false;
}

struct ignore *ignore_new(struct str text)
{
    struct ignore *ignore = MEM_NEW(struct ignore);
    struct rule rule;
    while (text.len) {
        if (!rule_parse(&rule, str_cut(&text, '\n')))
            continue;
        ignore->rules = mem_resize(ignore->rules, (ignore->count + 1) * sizeof(*ignore->rules));
        ignore->rules[ignore->count++] = rule;
    }
    return ignore;
}

void ignore_free(struct ignore *ignore)
{
    if (!ignore)
        return;
    for (size_t i = 0; i < ignore->count; i++)
        rule_done(&ignore->rules[i]);
    mem_free(ignore->rules);
    mem_free(ignore);
}

static bool match(char *const *parts, size_t part_count, char *const *names, size_t name_count)
{
    if (part_count == 0)
        return name_count == 0;
    if (!is_stars(parts[0]))
        return name_count && fnmatch(parts[0], names[0], 0) == 0 &&
               match(parts + 1, part_count - 1, names + 1, name_count - 1);
    bool is_last = part_count == 1;
    for (size_t i = is_last; i <= name_count; i++) {
        if (match(parts + 1, part_count - 1, names + i, name_count - i))
            return true;
    }
    return false;
}

enum ignored ignore_says(const struct ignore *ignore, struct str path, bool is_folder)
{
    struct rule names = {.text = mem_copy_text(path.at, path.len)};
    enum ignored says = IGNORED_UNSAID;
    char *rest = names.text;
    for (char *name; (name = strsep(&rest, "/"));)
        add_part(&names, name);
    for (size_t i = ignore->count; i-- > 0 && says == IGNORED_UNSAID;) {
        const struct rule *rule = &ignore->rules[i];
        if ((is_folder || !rule->is_for_folders) &&
            match(rule->parts, rule->part_count, names.parts, names.part_count))
            says = rule->is_taken_back ? IGNORED_NO : IGNORED_YES;
    }
    rule_done(&names);
    return says;
}
