/* Documents on this machine: checked before they are published, or as lists of what to check. A
 * file is a target like any other, with a file: URL; it is read where others are fetched.
 *
 * A folder as a start stands for all documents in it, a folder that is linked to for its index
 * (--index) or for itself. --base says what the links of files are relative to, when that is not
 * the folder that they are in now. Which files a folder has is found out by check/local/folder.c */
#include "check/run/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "check/run/discover.h"
#include "check/url/percent.h"

enum { READ_BYTES = 1 << 16 };

static void read_links(struct crawl *crawl, struct document *document, int fd, enum page_type type)
{
    document_begin(document, crawl->site, document->target, type, STR_NONE);
    page_want_wikilinks(document->page, crawl->options->wikilinks);
    buf_clear(&crawl->piece);
    char *bytes = buf_reserve(&crawl->piece, READ_BYTES);
    ssize_t len;
    while ((len = read(fd, bytes, READ_BYTES)) > 0 &&
           page_feed(document->page, str_of(bytes, size_of_ssize(len))))
        ;
    document_read(crawl, document);
}

static int open_readable(struct buf *path)
{
    return open(buf_c(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

/* What servers find for a link without the end of its name. */
static int open_fallback(const struct text_list *ends, struct buf *path)
{
    int fd = -1;
    errno = ENOENT;
    while (path->len > 1 && path->at[path->len - 1] == '/')
        path->len--;
    size_t len = path->len;
    for (size_t i = 0; i < ends->count && fd < 0; i++) {
        const char *end = ends->at[i];
        path->len = len;
        buf_addf(path, "%s%s", end[0] == '.' ? "" : ".", end);
        fd = open_readable(path);
    }
    return fd;
}

/* Of a folder. -1: it has none; then the path may be another. */
static int open_index(const struct check_options *options, struct buf *path)
{
    struct str names = str_of_c(options->index);
    size_t len = path->len;
    int fd = -1;
    while (names.len && fd < 0) {
        struct str name = str_trim(str_cut(&names, ','));
        path->len = len;
        buf_addf(path, "/%.*s", STR_ARGS(name));
        fd = open_readable(path);
    }
    return fd;
}

/* A folder stands for its index; one without is there, but nothing in it is read. */
static int open_document(const struct check_options *options, struct buf *path, bool *is_folder,
                         bool *is_document)
{
    struct stat info;
    int fd = open_readable(path);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        fd = open_fallback(&options->fallback_ext, path);
    *is_folder = fd >= 0 && fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
    *is_document = fd >= 0 && !*is_folder;
    if (!*is_folder)
        return fd;
    int index = open_index(options, path);
    if (index < 0)
        return fd;
    fd_close(fd);
    *is_document = true;
    return index;
}

/* The folder that will be the root of the site that the file is of. */
static struct str site_root(const struct crawl *crawl, struct str url)
{
    struct str root;
    return scope_root_of(crawl->scope, url, &root) ? str_first(root, root.len - 1) : STR_NONE;
}

/* What the links of a file are relative to: --base, with the way from the folder that was named to
 * the file; otherwise the file's own URL, and that of a folder ends in a slash. */
static bool set_base(const struct crawl *crawl, struct document *document, bool is_folder)
{
    struct str url = site_url(crawl->site, document->target), root;
    const char *base = crawl->options->base;
    struct buf text = {0};
    if (base) {
        buf_add(&text, str_of_c(base));
        bool has_root = scope_root_of(crawl->scope, url, &root) &&
                        str_starts(str_from(url, STR("file://").len), root);
        if (has_root && !str_ends(buf_str(&text), STR("/")))
            BUF_ADD(&text, "/");
        if (has_root)
            buf_add(&text, str_from(url, STR("file://").len + root.len));
    } else {
        buf_add(&text, url);
        if (is_folder && text.at[text.len - 1] != '/')
            BUF_ADD(&text, "/");
    }
    bool is_url = url_parse(&document->base, buf_str(&text), NULL, NULL);
    buf_done(&text);
    if (is_url && document->base.kind == URL_FILE)
        url_set_site(&document->base, site_root(crawl, url));
    return is_url;
}

void file_read(struct crawl *crawl, uint32_t id)
{
    struct document document = {.target = id};
    struct buf path = {0};
    bool is_folder, is_document;
    struct target *target = site_at(crawl->site, id);
    target->flags |= TARGET_IS_FILE;
    bool is_url = url_parse(&document.base, site_url(crawl->site, id), NULL, NULL);
    assert(is_url); /* it was one when it was queued */
    percent_decode(&path, buf_str(&document.base.path));
    int fd = open_document(crawl->options, &path, &is_folder, &is_document);
    int code = errno;
    enum page_type type = page_type_of_file(buf_str(&path), target->flags & TARGET_IS_START);
    if (type == PAGE_NONE)
        type = document_type_by_places(target, STR_NONE, buf_str(&path));
    bool is_read = is_document && type != PAGE_NONE &&
                   (target->flags & (TARGET_IS_INSIDE | TARGET_WANTS_NAMES));
    if (is_read && set_base(crawl, &document, is_folder))
        read_links(crawl, &document, fd, type);
    if (fd >= 0 && !is_read && target->flags & TARGET_IS_START)
        site_set_note(crawl->site, id, STR("davit finds no links in files of this kind"));
    fd_close(fd);
    bool is_ours = fd < 0 && (code == EMFILE || code == ENFILE || code == ENOMEM);
    if (fd < 0) {
        struct err err;
        err_sys(&err, code, "cannot open it");
        site_set_note(crawl->site, id, str_of_c(err.text));
    }
    crawl_finish(crawl, id, is_ours ? VERDICT_NOT_CHECKED : fd < 0 ? VERDICT_BROKEN : VERDICT_OK);
    document_done(&document);
    buf_done(&path);
}
