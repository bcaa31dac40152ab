/* Starts: what a run is told to begin with. A URL or a file is one target, a folder stands for all
 * documents in it, "-" for the addresses on standard input.
 *
 * Who asks for a run wants the links of its starts looked at. When that could not be done, a run
 * that says nothing looks like one in which all is well. So each start that was not read for links
 * is named, with the reason, and the run counts as one that did not look at all. A start that
 * failed is named by its verdict already.
 *
 * A start that is redirected (from http: to https:, to www.) is where it leads: what is beneath
 * that is followed as well. discover.c sees to it, here it is said. */
#include "check/run/start/start.h"

#include <errno.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "check/local/folder.h"
#include "check/model/record.h"
#include "check/read/plain_links.h"
#include "check/run/discover.h"
#include "check/url/mask.h"
#include "check/url/percent.h"

enum { READ_BYTES = 1 << 16 };

enum start_kind { START_DOCUMENT, START_FOLDER, START_LIST };

struct start {
    enum start_kind kind;
    const char *text;      /* as it was given; the crawl's */
    uint32_t first, after; /* the targets that it made, in a row */
    bool is_known;         /* it named what another start had made, or what is no URL */
    uint64_t hidden_count;
    uint64_t ignored_count;
    char *unread; /* which folders could not be read; NULL: none */
};

static struct start *start_new(struct crawl *crawl, const char *text, enum start_kind kind)
{
    crawl->starts = mem_resize(crawl->starts, (crawl->start_count + 1) * sizeof(*crawl->starts));
    struct start *start = &crawl->starts[crawl->start_count++];
    uint32_t next = site_target_count(crawl->site);
    *start = (struct start){
        .kind = kind,
        .text = arena_text(&crawl->start_arena, str_of_c(text)),
        .first = next,
        .after = next,
    };
    return start;
}

void starts_save(const struct crawl *crawl, struct buf *to)
{
    record_add_number(to, crawl->start_count);
    for (size_t i = 0; i < crawl->start_count; i++) {
        const struct start *start = &crawl->starts[i];
        record_add_number(to, start->kind);
        record_add_text(to, str_of_c(start->text));
        record_add_number(to, start->first);
        record_add_number(to, start->after);
        record_add_number(to, start->is_known);
        record_add_number(to, start->hidden_count);
        record_add_number(to, start->ignored_count);
        record_add_text(to, start->unread ? str_of_c(start->unread) : STR_NONE);
    }
}

static bool start_load(struct crawl *crawl, struct str *bytes)
{
    uint32_t kind, first, after, is_known, count = site_target_count(crawl->site);
    uint64_t hidden, ignored;
    struct str text, unread;
    if (!(record_take_u32(bytes, START_LIST, &kind) && record_take_text(bytes, &text) &&
          record_take_u32(bytes, count, &first) && record_take_u32(bytes, count, &after) &&
          record_take_u32(bytes, 1, &is_known) && record_take_number(bytes, &hidden) &&
          record_take_number(bytes, &ignored) && record_take_text(bytes, &unread)))
        return false;
    const char *name = arena_text(&crawl->start_arena, text);
    struct start *start = start_new(crawl, name, (enum start_kind)kind);
    start->first = first;
    start->after = after;
    start->is_known = is_known;
    start->hidden_count = hidden;
    start->ignored_count = ignored;
    start->unread = unread.len ? mem_copy_text(unread.at, unread.len) : NULL;
    return true;
}

bool starts_load(struct crawl *crawl, struct str *bytes)
{
    uint64_t count;
    bool is_fine = record_take_number(bytes, &count);
    for (uint64_t i = 0; i < count && is_fine; i++)
        is_fine = start_load(crawl, bytes);
    return is_fine;
}

void starts_done(struct crawl *crawl)
{
    for (size_t i = 0; i < crawl->start_count; i++)
        mem_free(crawl->starts[i].unread);
    mem_free(crawl->starts);
    arena_done(&crawl->start_arena);
}

/* --- URLs --- */

static void add_link(struct crawl *crawl, struct start *start, struct str raw, enum link_kind kind)
{
    const struct link_context context = {.page = TARGET_NONE};
    const struct found_link link = {.raw = raw, .at = {1, 1}, .kind = kind};
    uint64_t places = site_place_count(crawl->site);
    link_add(crawl, &context, &link);
    uint32_t after = site_target_count(crawl->site);
    bool is_link = site_place_count(crawl->site) > places;
    start->is_known = start->is_known || (is_link && start->after == after);
    start->after = after;
}

/* A sitemap where sites have it. robots.txt may name others. */
static void add_sitemap(struct crawl *crawl, const char *text)
{
    struct url base = {0}, url = {0};
    bool is_new;
    if (crawl->options->sitemap == SITEMAP_OFF || !crawl->options->is_recursive)
        return;
    bool is_fine = url_parse(&base, str_of_c(text), NULL, NULL) && url_is_http(&base) &&
                   url_parse(&url, STR("/sitemap.xml"), &base, NULL);
    if (is_fine) {
        buf_clear(&crawl->format);
        url_format(&url, &crawl->format, false);
        uint32_t id = site_target(crawl->site, buf_str(&crawl->format), &is_new);
        site_at(crawl->site, id)->flags |= TARGET_IS_SITEMAP | TARGET_IS_FREE | TARGET_IS_GUESS;
        if (is_new)
            hosts_enqueue(&crawl->hosts, id, &url);
    }
    url_done(&base);
    url_done(&url);
}

static void add_scope(struct crawl *crawl, const char *text)
{
    struct url url = {0};
    if (url_parse(&url, str_of_c(text), NULL, NULL) && url.has_host)
        scope_add_start(crawl->scope, &url);
    url_done(&url);
}

static void add_url(struct crawl *crawl, const char *text)
{
    struct start *start = start_new(crawl, text, START_DOCUMENT);
    add_scope(crawl, text);
    if (crawl->options->sitemap != SITEMAP_ONLY)
        add_link(crawl, start, str_of_c(text), LINK_START);
    add_sitemap(crawl, text);
    if (crawl->options->sitemap == SITEMAP_ONLY)
        start->after = site_target_count(crawl->site);
}

/* --- files --- */

/* The URL of a local path: what stands for itself in a name must not be read as part of a URL. */
static void add_file_url(struct buf *to, struct str path)
{
    BUF_ADD(to, "file://");
    for (size_t i = 0; i < path.len; i++) {
        if (path.at[i] == '%' || path.at[i] == '\\')
            buf_addf(to, "%%%02X", (unsigned)path.at[i]);
        else
            percent_encode(to, str_of(path.at + i, 1), PERCENT_PATH);
    }
}

static void add_file_scope(struct crawl *crawl, struct str path, bool is_folder)
{
    struct url url = {0};
    struct buf text = {0};
    add_file_url(&text, path);
    if (is_folder)
        BUF_ADD(&text, "/");
    if (is_folder && !crawl->options->root_dir)
        scope_add_root(crawl->scope, buf_str(&text));
    if (url_parse(&url, buf_str(&text), NULL, NULL))
        scope_add_start(crawl->scope, &url);
    url_done(&url);
    buf_done(&text);
}

static void add_file(struct crawl *crawl, struct start *start, const char *path,
                     enum link_kind kind)
{
    struct buf url = {0};
    add_file_url(&url, str_of_c(path));
    add_link(crawl, start, buf_str(&url), kind);
    buf_done(&url);
}

struct folder_start {
    struct folder_walk walk;
    struct crawl *crawl;
    struct start *start;
};

static bool has_suffix(const struct text_list *suffixes, struct str path)
{
    bool has = suffixes->count == 0;
    for (size_t i = 0; i < suffixes->count && !has; i++)
        has = str_ends(path, str_of_c(suffixes->at[i]));
    return has;
}

static void on_file(struct folder_walk *walk, const char *path)
{
    struct folder_start *folder = CONTAINER_OF(walk, struct folder_start, walk);
    if (page_type_of_file(str_of_c(path), false) != PAGE_NONE &&
        has_suffix(&folder->crawl->options->suffixes, str_of_c(path)))
        add_file(folder->crawl, folder->start, path, LINK_FOLDER_FILE);
}

static char *describe_unread(const struct folder_walk *walk)
{
    struct buf text = {0};
    buf_add(&text, str_of_c(walk->unread.text));
    if (walk->unread_count > 1)
        buf_addf(&text, "; and %llu other folders", (unsigned long long)walk->unread_count - 1);
    char *copy = mem_copy_text(text.at, text.len);
    buf_done(&text);
    return copy;
}

static void add_folder(struct crawl *crawl, const char *text, const char *path)
{
    struct start *start = start_new(crawl, text, START_FOLDER);
    struct folder_start folder = {
        .walk = {.file = on_file, .takes_all = crawl->options->takes_ignored},
        .crawl = crawl,
        .start = start,
    };
    folder_walk(&folder.walk, path);
    start->hidden_count = folder.walk.hidden_count;
    start->ignored_count = folder.walk.ignored_count;
    start->unread = folder.walk.unread_count ? describe_unread(&folder.walk) : NULL;
}

/* What is at `path`; `text` is how it was named. */
static bool add_path(struct crawl *crawl, const char *text, const char *path, struct err *err)
{
    struct stat info;
    char *real = realpath(path, NULL);
    if (!real || stat(real, &info) < 0)
        return err_sys(err, errno,
                       "'%s' is neither a URL (such as https://example.org/) nor a file", text);
    bool is_folder = S_ISDIR(info.st_mode);
    add_file_scope(crawl, str_of_c(real), is_folder);
    if (is_folder)
        add_folder(crawl, text, real);
    else
        add_file(crawl, start_new(crawl, text, START_DOCUMENT), real, LINK_START);
    mem_free(real);
    return true;
}

static bool add_root(struct crawl *crawl, struct err *err)
{
    struct buf url = {0};
    char *real = realpath(crawl->options->root_dir, NULL);
    if (!real)
        return err_sys(err, errno, "--root-dir '%s'", crawl->options->root_dir);
    add_file_url(&url, str_of_c(real));
    BUF_ADD(&url, "/");
    scope_add_root(crawl->scope, buf_str(&url));
    buf_done(&url);
    mem_free(real);
    return true;
}

/* A pattern that no shell has expanded. */
static bool add_matches(struct crawl *crawl, const char *pattern, struct err *err)
{
    glob_t matches = {0};
    bool is_fine = glob(pattern, GLOB_BRACE | GLOB_TILDE, NULL, &matches) == 0 ||
                   err_set(err, 0, "no file matches '%s'", pattern);
    for (size_t i = 0; is_fine && i < matches.gl_pathc; i++)
        is_fine = add_path(crawl, pattern, matches.gl_pathv[i], err);
    globfree(&matches);
    return is_fine;
}

static bool add_local(struct crawl *crawl, const char *text, struct err *err)
{
    struct stat info;
    struct url url = {0};
    struct buf path = {0};
    if (crawl->options->root_dir && !add_root(crawl, err))
        return false;
    bool is_url = strncmp(text, "file://", 7) == 0 && url_parse(&url, str_of_c(text), NULL, NULL);
    if (is_url)
        percent_decode(&path, buf_str(&url.path));
    else
        buf_add(&path, str_of_c(text));
    bool is_pattern = !is_url && strpbrk(text, "*?[{") && lstat(text, &info) < 0;
    bool is_fine =
        is_pattern ? add_matches(crawl, text, err) : add_path(crawl, text, buf_c(&path), err);
    url_done(&url);
    buf_done(&path);
    return is_fine;
}

static bool add_list(struct crawl *crawl, const char *name, struct err *err)
{
    struct buf text = {0};
    ssize_t len;
    struct start *start = start_new(crawl, name, START_LIST);
    while ((len = read(STDIN_FILENO, buf_reserve(&text, READ_BYTES), READ_BYTES)) > 0)
        text.len += size_of_ssize(len);
    struct list_reader reader = {.rest = buf_str(&text)};
    struct str line;
    uint64_t places = site_place_count(crawl->site);
    while (len == 0 && list_take(&reader, &line))
        add_link(crawl, start, line, LINK_LIST_LINE);
    start->is_known = site_place_count(crawl->site) > places; /* a list is read by that */
    buf_done(&text);
    return len == 0 || err_sys(err, errno, "cannot read standard input");
}

bool start_add(struct crawl *crawl, const char *text, struct err *err)
{
    if (strcmp(text, "-") == 0)
        return add_list(crawl, "standard input", err);
    if (strstr(text, "://") == NULL || strncmp(text, "file:", 5) == 0)
        return add_local(crawl, text, err);
    add_url(crawl, text);
    return true;
}

/* --- the end --- */

/* Where a target leads. */
static uint32_t end_of(const struct crawl *crawl, uint32_t id)
{
    return target_outcome(crawl->site, &crawl->options->rules, id).end;
}

/* Read, or reported as bad: then its verdict speaks. */
static bool is_settled(const struct crawl *crawl, uint32_t id)
{
    struct outcome outcome = target_outcome(crawl->site, &crawl->options->rules, id);
    const struct target *end = site_at(crawl->site, outcome.end);
    bool is_reported = site_at(crawl->site, id)->flags & TARGET_IS_LINKED &&
                       (crawl->options->fail_on & verdict_bit(outcome.verdict) ||
                        outcome.verdict == VERDICT_NOT_CHECKED);
    return is_reported || end->flags & (TARGET_IS_PARSED | TARGET_HAS_MEMBERS | TARGET_IS_CACHED);
}

static bool is_read(const struct crawl *crawl, const struct start *start)
{
    bool is_any = start->is_known;
    for (uint32_t id = start->first; id < start->after && !is_any; id++)
        is_any = is_settled(crawl, id);
    return is_any;
}

static void add_why(const struct crawl *crawl, const struct start *start, struct buf *to)
{
    if (start->first == start->after) {
        static const struct str whys[] = {
            [START_DOCUMENT] = STR_INIT("it has no sitemap, or is no address of a document"),
            [START_FOLDER] = STR_INIT("no document is in it"),
            [START_LIST] = STR_INIT("it names no address"),
        };
        buf_add(to, whys[start->kind]);
        return;
    }
    uint32_t id = end_of(crawl, start->first);
    const struct target *end = site_at(crawl->site, id);
    const char *note = site_note(crawl->site, id);
    if (note && note[0])
        buf_add(to, str_of_c(note));
    else if (end->verdict == VERDICT_ROBOTS)
        BUF_ADD(to, "robots.txt asks robots to stay away");
    else if (end->verdict == VERDICT_SKIPPED)
        BUF_ADD(to, "it is left out by --exclude, or has a scheme that is not checked");
    else if (end->verdict == VERDICT_PRIVATE)
        buf_add(to, str_of_c(verdict_rows[VERDICT_PRIVATE].meaning));
    else if (!(end->flags & (TARGET_IS_INSIDE | TARGET_IS_SITEMAP)))
        BUF_ADD(to, "it does not lead to what --scope holds");
    else
        buf_addf(to, "it answers with status %u", end->status);
}

static void add_unread(const struct crawl *crawl, const struct start *start, struct buf *to)
{
    url_add_masked(to, str_of_c(start->text));
    BUF_ADD(to, " was not read for links: ");
    add_why(crawl, start, to);
}

void starts_judge(struct crawl *crawl)
{
    struct buf why = {0};
    size_t more = 0;
    for (size_t i = 0; i < crawl->start_count && !crawl->has_trouble; i++) {
        const struct start *start = &crawl->starts[i];
        bool is_fine = is_read(crawl, start);
        if (is_fine && !start->unread)
            continue;
        more += why.len > 0;
        if (why.len)
            continue;
        if (is_fine)
            buf_add(&why, str_of_c(start->unread));
        else
            add_unread(crawl, start, &why);
    }
    if (more)
        buf_addf(&why, "; and %zu other starts", more);
    if (crawl->counts.beyond && why.len == 0 && !crawl->has_trouble)
        buf_addf(&why, "the links of %llu pages are beyond --max-pages",
                 (unsigned long long)crawl->counts.beyond);
    else if (crawl->counts.cut && why.len == 0 && !crawl->has_trouble)
        buf_addf(&why, "%llu pages are too long, and only their beginnings were read",
                 (unsigned long long)crawl->counts.cut);
    if (why.len) {
        err_set(&crawl->trouble, 0, "%s", buf_c(&why));
        crawl->has_trouble = true;
    }
    buf_done(&why);
}

static void add_left_out(const struct start *start, struct buf *to)
{
    if (start->ignored_count)
        buf_addf(to, "; left out by .gitignore or as node_modules: %llu",
                 (unsigned long long)start->ignored_count);
    if (start->hidden_count)
        buf_addf(to, "; hidden, and left out: %llu", (unsigned long long)start->hidden_count);
    if (start->unread)
        buf_addf(to, "; %s", start->unread);
}

bool start_describe(const struct crawl *crawl, size_t number, struct buf *to)
{
    if (number >= crawl->start_count)
        return false;
    const struct start *start = &crawl->starts[number];
    bool is_one = start->kind == START_DOCUMENT && start->first < start->after;
    uint32_t end = is_one ? end_of(crawl, start->first) : TARGET_NONE;
    if (!is_read(crawl, start)) {
        add_unread(crawl, start, to);
        add_left_out(start, to);
    } else if (start->hidden_count || start->ignored_count || start->unread) {
        buf_add(to, str_of_c(start->text));
        add_left_out(start, to);
    } else if (is_one && end != start->first && crawl->options->is_recursive) {
        struct str url = site_url(crawl->site, end);
        url_add_masked(to, str_of_c(start->text));
        BUF_ADD(to, " leads to ");
        url_add_masked(to, url);
        BUF_ADD(to, ": what is beneath that is followed");
    }
    return true;
}
