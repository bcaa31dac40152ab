/* What is followed, and what is looked at. Two questions that other checkers mix up:
 *
 *     inside    its links are followed: beneath the folder of a start, or what --scope matches
 *     wanted    it is fetched at all: unless --exclude matches and --include does not
 *
 * Expressions are POSIX extended ones, matched anywhere in the URL. Those of --include win over
 * --exclude, so that a part of what is left out can be taken back. A link is known by its URL with
 * its fragment and without: `\.html$` and `#L[0-9]+$` both mean what they say.
 *
 * --remap is the exception: it matches at the beginning only, and first as it stands there. An
 * address that has another within it (of an archive, of a proxy) must stay what it is, and what
 * people write there are beginnings of URLs, some with '[' and '?' in them. */
#include "check/run/scope.h"

#include <regex.h>
#include <stdio.h>

#include "base/mem.h"
#include "check/model/record.h"

struct patterns {
    regex_t *at;
    size_t count;
};

enum { GROUPS = 10, REPEATED_MAX = 2000, NESTED_MAX = 32 };

struct remap {
    regex_t from;
    struct str literal; /* the same, as it was written */
    struct str to;
};

struct scope {
    const struct check_options *options;
    struct patterns inside; /* --scope: none or one */
    struct patterns include;
    struct patterns exclude;
    struct patterns exclude_fragment;
    struct remap *remaps;
    size_t remap_count;
    struct buf *folders; /* "http://host/folder/" of each start */
    size_t folder_count;
    struct buf *roots; /* "file:///folder/" */
    size_t root_count;
    bool unwanted[LINK_KIND_COUNT]; /* by --exclude-place */
};

/* Behind what stands in brackets. */
static const char *skip_class(const char *at)
{
    at += at[1] == '^' ? 2 : 1;
    at += *at == ']';
    while (*at && *at != ']')
        at++;
    return *at ? at : at - 1;
}

/* Whether "{m,n}" repeat so much that to compile it takes all memory: each repetition is written
 * out, and those of groups multiply. An expression may come with somebody's project. */
static bool repeats_too_much(const char *text)
{
    uint64_t sizes[NESTED_MAX] = {0}, last = 0, repeated = 0;
    size_t depth = 0;
    for (const char *at = text; *at && repeated <= REPEATED_MAX; at++) {
        uint64_t size = 1; /* what this adds to its group */
        if (*at == '(' && ++depth < NESTED_MAX) {
            sizes[depth] = size = 0;
        } else if (*at == '(') {
            return true;
        } else if (*at == ')' && depth) {
            size = sizes[depth--];
        } else if (*at == '{') {
            unsigned least = 0, most = 0;
            (void)(sscanf(at, "{%5u,%5u", &least, &most) > 0 || sscanf(at, "{,%5u", &most));
            size = last * (most > least ? most : least); /* 0: it is no repetition */
            repeated += size;
        } else if (*at == '[') {
            at = skip_class(at);
        } else if (*at == '\\' && at[1]) {
            at++;
        }
        sizes[depth] += size;
        last = size;
    }
    return repeated > REPEATED_MAX;
}

static bool compile(regex_t *pattern, const char *text, int flags, struct err *err)
{
    char why[160];
    if (repeats_too_much(text))
        return err_set(err, 0, "'%s' repeats too much to be compiled", text);
    int rc = regcomp(pattern, text, REG_EXTENDED | flags);
    if (rc == 0)
        return true;
    (void)regerror(rc, pattern, why, sizeof(why)); /* a shortened text is still one */
    return err_set(err, 0, "'%s' is not a regular expression: %s", text, why);
}

static bool add_pattern(struct patterns *patterns, const char *text, struct err *err)
{
    patterns->at = mem_resize(patterns->at, (patterns->count + 1) * sizeof(*patterns->at));
    bool is_fine = compile(&patterns->at[patterns->count], text, REG_NOSUB, err);
    patterns->count += is_fine;
    return is_fine;
}

static bool add_patterns(struct patterns *patterns, const struct text_list *texts, struct err *err)
{
    bool is_fine = true;
    for (size_t i = 0; i < texts->count && is_fine; i++)
        is_fine = add_pattern(patterns, texts->at[i], err);
    return is_fine;
}

bool scope_check_pattern(const char *text, struct err *err)
{
    regex_t pattern;
    bool is_fine = compile(&pattern, text, REG_NOSUB, err);
    if (is_fine)
        regfree(&pattern);
    return is_fine;
}

static void patterns_done(struct patterns *patterns)
{
    for (size_t i = 0; i < patterns->count; i++)
        regfree(&patterns->at[i]);
    mem_free(patterns->at);
}

static bool match(const struct patterns *patterns, struct str url)
{
    for (size_t i = 0; i < patterns->count; i++) {
        regmatch_t range = {0, (regoff_t)url.len};
        if (regexec(&patterns->at[i], url.at, 1, &range, REG_STARTEND) == 0)
            return true;
    }
    return false;
}

/* --- remapping --- */

/* "FROM=TO", or "FROM TO" where FROM has a '='. */
static bool parse_remap(const char *text, struct remap *remap, struct err *err)
{
    struct buf from = {0};
    struct str rest = str_of_c(text);
    bool has_blank = strchr(text, ' ');
    if (!has_blank && !strchr(text, '='))
        return err_set(err, 0, "'%s' is not FROM=TO", text);
    remap->literal = str_cut(&rest, has_blank ? ' ' : '=');
    remap->to = str_trim(rest);
    if (remap->literal.len == 0)
        return err_set(err, 0, "'%s' does not say what to replace", text);
    buf_add(&from, remap->literal);
    bool is_fine = compile(&remap->from, buf_c(&from), 0, err);
    buf_done(&from);
    return is_fine;
}

bool scope_check_remap(const char *text, struct err *err)
{
    struct remap remap;
    bool is_fine = parse_remap(text, &remap, err);
    if (is_fine)
        regfree(&remap.from);
    return is_fine;
}

static bool add_remaps(struct scope *scope, struct err *err)
{
    const struct text_list *texts = &scope->options->remap;
    scope->remaps = mem_new(texts->count + 1, sizeof(*scope->remaps));
    bool is_fine = true;
    for (size_t i = 0; i < texts->count && is_fine; i++) {
        is_fine = parse_remap(texts->at[i], &scope->remaps[i], err);
        scope->remap_count += is_fine;
    }
    return is_fine;
}

static bool remap_matches(const struct remap *remap, struct str url, regmatch_t *groups)
{
    if (str_starts(url, remap->literal)) {
        for (int i = 0; i < GROUPS; i++)
            groups[i] = (regmatch_t){-1, -1};
        groups[0] = (regmatch_t){0, (regoff_t)remap->literal.len};
        return true;
    }
    groups[0] = (regmatch_t){0, (regoff_t)url.len};
    return regexec(&remap->from, url.at, GROUPS, groups, REG_STARTEND) == 0 && groups[0].rm_so == 0;
}

/* $0 is all that matched, $1 to $9 are its groups, $$ is a dollar. */
static void expand(struct buf *to, struct str text, struct str url, const regmatch_t *groups)
{
    for (size_t i = 0; i < text.len; i++) {
        char next = i + 1 < text.len ? text.at[i + 1] : '\0';
        if (text.at[i] != '$' || (next != '$' && !char_is_digit(next))) {
            buf_add_char(to, text.at[i]);
            continue;
        }
        i++;
        if (next == '$') {
            buf_add_char(to, '$');
            continue;
        }
        const regmatch_t *group = &groups[next - '0'];
        if (group->rm_so >= 0)
            buf_add(to, str_of(url.at + group->rm_so, (size_t)(group->rm_eo - group->rm_so)));
    }
}

bool scope_remap(const struct scope *scope, struct str url, struct buf *to, struct str *folder_out)
{
    regmatch_t groups[GROUPS];
    for (size_t i = 0; i < scope->remap_count; i++) {
        const struct remap *remap = &scope->remaps[i];
        if (!remap_matches(remap, url, groups))
            continue;
        buf_clear(to);
        expand(to, remap->to, url, groups);
        buf_add(to, str_from(url, (size_t)groups[0].rm_eo));
        struct str fixed = str_first(remap->to, str_index(remap->to, '$'));
        size_t slash = str_index_last(fixed, '/');
        *folder_out = slash < fixed.len ? str_first(fixed, slash + 1) : fixed;
        return true;
    }
    return false;
}

/* --- places --- */

bool scope_check_place(const char *text, struct err *err)
{
    bool marks[LINK_KIND_COUNT];
    return link_kinds_mark(text, marks) ||
           err_set(err, 0,
                   "'%s' matches no kind of place; they are named as reports have them: "
                   "img@data-src, json-ld@*",
                   text);
}

static bool mark_places(struct scope *scope, struct err *err)
{
    const struct text_list *patterns = &scope->options->exclude_places;
    bool is_fine = true;
    for (size_t i = 0; i < patterns->count && is_fine; i++)
        is_fine = scope_check_place(patterns->at[i], err) &&
                  link_kinds_mark(patterns->at[i], scope->unwanted);
    return is_fine;
}

bool scope_wants_place(const struct scope *scope, enum link_kind kind)
{
    return !scope->unwanted[kind];
}

/* --- life --- */

struct scope *scope_new(const struct check_options *options, struct err *err)
{
    struct scope *scope = MEM_NEW(struct scope);
    scope->options = options;
    bool is_fine = (!options->scope || add_pattern(&scope->inside, options->scope, err)) &&
                   add_patterns(&scope->include, &options->include, err) &&
                   add_patterns(&scope->exclude, &options->exclude, err) &&
                   add_patterns(&scope->exclude_fragment, &options->exclude_fragment, err) &&
                   mark_places(scope, err) && add_remaps(scope, err);
    if (is_fine)
        return scope;
    scope_free(scope);
    return NULL;
}

void scope_free(struct scope *scope)
{
    if (!scope)
        return;
    patterns_done(&scope->inside);
    patterns_done(&scope->include);
    patterns_done(&scope->exclude);
    patterns_done(&scope->exclude_fragment);
    for (size_t i = 0; i < scope->remap_count; i++)
        regfree(&scope->remaps[i].from);
    mem_free(scope->remaps);
    for (size_t i = 0; i < scope->folder_count; i++)
        buf_done(&scope->folders[i]);
    for (size_t i = 0; i < scope->root_count; i++)
        buf_done(&scope->roots[i]);
    mem_free(scope->folders);
    mem_free(scope->roots);
    mem_free(scope);
}

static bool is_beneath_start(const struct scope *scope, struct str url)
{
    for (size_t i = 0; i < scope->folder_count; i++) {
        if (str_starts(url, buf_str(&scope->folders[i])))
            return true;
    }
    return false;
}

/* Copies. */
static void add_text(struct buf **list, size_t *count, struct str text)
{
    *list = mem_resize(*list, (*count + 1) * sizeof(**list));
    (*list)[*count] = (struct buf){0};
    buf_add(&(*list)[(*count)++], text);
}

static void add_folder(struct scope *scope, struct str folder)
{
    if (!is_beneath_start(scope, folder)) /* thousands of files may be of one folder */
        add_text(&scope->folders, &scope->folder_count, folder);
}

void scope_add_start(struct scope *scope, const struct url *url)
{
    struct buf folder = {0};
    struct str path = buf_str(&url->path);
    size_t slash = str_index_last(path, '/');
    url_format_origin(url, &folder);
    if (slash < path.len)
        buf_add(&folder, str_first(path, slash + 1));
    add_folder(scope, buf_str(&folder));
    buf_done(&folder);
}

void scope_add_root(struct scope *scope, struct str folder)
{
    for (size_t i = 0; i < scope->root_count; i++) {
        if (str_eq(buf_str(&scope->roots[i]), folder))
            return;
    }
    add_text(&scope->roots, &scope->root_count, folder);
}

static void save_texts(const struct buf *texts, size_t count, struct buf *to)
{
    record_add_number(to, count);
    for (size_t i = 0; i < count; i++)
        record_add_text(to, buf_str(&texts[i]));
}

void scope_save(const struct scope *scope, struct buf *to)
{
    save_texts(scope->folders, scope->folder_count, to);
    save_texts(scope->roots, scope->root_count, to);
}

static bool load_texts(struct scope *scope, void add(struct scope *, struct str), struct str *bytes)
{
    uint64_t count;
    struct str text;
    bool is_fine = record_take_number(bytes, &count);
    for (uint64_t i = 0; i < count && is_fine; i++) {
        is_fine = record_take_text(bytes, &text);
        if (is_fine)
            add(scope, text);
    }
    return is_fine;
}

bool scope_load(struct scope *scope, struct str *bytes)
{
    return load_texts(scope, add_folder, bytes) && load_texts(scope, scope_add_root, bytes);
}

bool scope_root_of(const struct scope *scope, struct str url, struct str *path_out)
{
    for (size_t i = 0; i < scope->root_count; i++) {
        struct str root = buf_str(&scope->roots[i]);
        if (!scope->options->root_dir && !str_starts(url, root))
            continue;
        *path_out = str_from(root, STR("file://").len);
        return true;
    }
    return false;
}

bool scope_is_inside(const struct scope *scope, struct str url)
{
    if (scope->inside.count)
        return match(&scope->inside, url);
    return is_beneath_start(scope, url);
}

bool scope_is_wanted(const struct scope *scope, struct str url)
{
    bool is_local = str_starts(url, STR("file:"));
    bool is_left = match(&scope->exclude, url) ||
                   (scope->options->skips_external && !is_local && !scope_is_inside(scope, url));
    return !is_left || match(&scope->include, url);
}

bool scope_sees_fragments(const struct scope *scope)
{
    return scope->exclude.count || scope->include.count;
}

bool scope_wants_link(const struct scope *scope, bool wants_url, struct str url, struct str whole)
{
    if (wants_url && !match(&scope->exclude, whole))
        return true;
    return match(&scope->include, whole) || (wants_url && match(&scope->include, url));
}

bool scope_wants_text(const struct scope *scope, struct str text)
{
    return !match(&scope->exclude, text) || match(&scope->include, text);
}

bool scope_wants_fragment(const struct scope *scope, struct str fragment)
{
    return !match(&scope->exclude_fragment, fragment);
}
