/* What is followed, and what is looked at. Two questions that other checkers mix up:
 *
 *     inside    its links are followed: beneath the folder of a start, or what --scope matches
 *     wanted    it is fetched at all: unless --exclude matches and --include does not
 *
 * Expressions are POSIX extended ones, matched anywhere in the URL. Those of --include win over
 * --exclude, so that a part of what is left out can be taken back. */
#include "check/run/scope.h"

#include <regex.h>

#include "base/mem.h"

struct patterns {
    regex_t *at;
    size_t count;
};

struct scope {
    const struct check_options *options;
    struct patterns inside; /* --scope: none or one */
    struct patterns include;
    struct patterns exclude;
    struct buf *folders; /* "http://host/folder/" of each start */
    size_t folder_count;
    struct buf *roots; /* "file:///folder/" */
    size_t root_count;
};

static bool compile(struct patterns *patterns, const char *text, struct err *err)
{
    char why[160];
    patterns->at = mem_resize(patterns->at, (patterns->count + 1) * sizeof(*patterns->at));
    regex_t *pattern = &patterns->at[patterns->count];
    int rc = regcomp(pattern, text, REG_EXTENDED | REG_NOSUB);
    if (rc == 0) {
        patterns->count++;
        return true;
    }
    (void)regerror(rc, pattern, why, sizeof(why)); /* a shortened text is still one */
    return err_set(err, 0, "'%s' is not a regular expression: %s", text, why);
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

struct scope *scope_new(const struct check_options *options, struct err *err)
{
    struct scope *scope = MEM_NEW(struct scope);
    scope->options = options;
    bool is_fine = !options->scope || compile(&scope->inside, options->scope, err);
    for (size_t i = 0; i < options->include.count && is_fine; i++)
        is_fine = compile(&scope->include, options->include.at[i], err);
    for (size_t i = 0; i < options->exclude.count && is_fine; i++)
        is_fine = compile(&scope->exclude, options->exclude.at[i], err);
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

void scope_add_start(struct scope *scope, const struct url *url)
{
    struct buf folder = {0};
    struct str path = buf_str(&url->path);
    size_t slash = str_index_last(path, '/');
    url_format_origin(url, &folder);
    if (slash < path.len)
        buf_add(&folder, str_first(path, slash + 1));
    if (is_beneath_start(scope, buf_str(&folder))) { /* thousands of files may be of one folder */
        buf_done(&folder);
        return;
    }
    scope->folders =
        mem_resize(scope->folders, (scope->folder_count + 1) * sizeof(*scope->folders));
    scope->folders[scope->folder_count++] = folder;
}

void scope_add_root(struct scope *scope, struct str folder)
{
    for (size_t i = 0; i < scope->root_count; i++) {
        if (str_eq(buf_str(&scope->roots[i]), folder))
            return;
    }
    scope->roots = mem_resize(scope->roots, (scope->root_count + 1) * sizeof(*scope->roots));
    scope->roots[scope->root_count] = (struct buf){0};
    buf_add(&scope->roots[scope->root_count++], folder);
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
    if (match(&scope->exclude, url))
        return match(&scope->include, url);
    bool is_local = str_starts(url, STR("file:"));
    if (scope->options->skips_external && !is_local && !scope_is_inside(scope, url))
        return match(&scope->include, url);
    return true;
}

bool scope_remap(const struct scope *scope, struct str url, struct buf *to)
{
    for (size_t i = 0; i < scope->options->remap.count; i++) {
        struct str into = str_of_c(scope->options->remap.at[i]);
        struct str from = str_cut(&into, '=');
        if (from.len == 0 || !str_starts(url, from))
            continue;
        buf_clear(to);
        buf_add(to, into);
        buf_add(to, str_from(url, from.len));
        return true;
    }
    return false;
}
