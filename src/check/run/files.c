/* Documents on this machine: checked before they are published, or as lists of what to check. A
 * file is a target like any other, with a file: URL; it is read where others are fetched.
 *
 * A folder as a start stands for all documents in it, a folder that is linked to for its index.html
 * or for itself. --base says what the links of files are relative to, when that is not the folder
 * that they are in now. Symbolic links to folders are not followed, so that no ring is walked. */
#include "check/run/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "check/run/discover.h"
#include "check/url/percent.h"

enum { READ_BYTES = 1 << 16, FOLDER_DEPTH_MAX = 64 };

/* --- reading --- */

static void read_links(struct crawl *crawl, struct document *document, int fd, enum page_type type)
{
    char bytes[READ_BYTES];
    document_begin(document, crawl->site, document->target, type, STR_NONE);
    ssize_t len;
    while ((len = read(fd, bytes, sizeof(bytes))) > 0 &&
           page_feed(document->page, str_of(bytes, size_of_ssize(len))))
        ;
    (void)!page_end(document->page); /* a damaged file has the links that were found */
    site_at(crawl->site, document->target)->flags |=
        TARGET_IS_PARSED | (page_has_names(document->page) ? TARGET_HAS_NAMES : 0);
    crawl->counts.pages++;
    links_add(crawl, document);
}

/* A folder stands for its index, or for itself. */
static int open_document(struct buf *path, bool *is_folder)
{
    struct stat info;
    int fd = open(buf_c(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    *is_folder = fd >= 0 && fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
    if (!*is_folder)
        return fd;
    BUF_ADD(path, "/index.html");
    int index = open(buf_c(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (index < 0)
        return fd;
    fd_close(fd);
    *is_folder = false;
    return index;
}

void file_read(struct crawl *crawl, uint32_t id)
{
    struct document document = {.target = id};
    struct buf path = {0};
    bool is_folder;
    struct target *target = site_at(crawl->site, id);
    target->flags |= TARGET_IS_FILE;
    const char *base = crawl->options->base;
    struct str base_url = base ? str_of_c(base) : site_url(crawl->site, id);
    bool is_url = url_parse(&document.base, site_url(crawl->site, id), NULL, NULL);
    assert(is_url); /* it was one when it was queued */
    percent_decode(&path, buf_str(&document.base.path));
    int fd = open_document(&path, &is_folder);
    int code = errno;
    enum page_type type = page_type_of(STR_NONE, buf_str(&path));
    bool is_read = fd >= 0 && !is_folder && type != PAGE_NONE &&
                   (target->flags & (TARGET_IS_INSIDE | TARGET_WANTS_NAMES));
    if (is_read && url_parse(&document.base, base_url, NULL, NULL))
        read_links(crawl, &document, fd, type);
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

/* --- starts --- */

static void add_file(struct crawl *crawl, const char *path)
{
    const struct link_context context = {.page = TARGET_NONE};
    struct buf url = {0};
    BUF_ADD(&url, "file://");
    percent_encode(&url, str_of_c(path), PERCENT_PATH);
    const struct found_link link = {.raw = buf_str(&url), .at = {1, 1}, .kind = LINK_START};
    link_add(crawl, &context, &link);
    buf_done(&url);
}

/* All documents in a folder and those beneath it; hidden ones are left out. */
static bool add_folder(struct crawl *crawl, struct buf *path, unsigned depth, struct err *err)
{
    DIR *folder = opendir(buf_c(path));
    size_t len = path->len;
    bool is_fine = true;
    if (!folder)
        return err_sys(err, errno, "cannot read '%s'", buf_c(path));
    for (struct dirent *entry; is_fine && (entry = readdir(folder));) {
        struct stat info;
        if (entry->d_name[0] == '.')
            continue;
        buf_addf(path, "/%s", entry->d_name);
        if (lstat(buf_c(path), &info) == 0 && S_ISDIR(info.st_mode) && depth < FOLDER_DEPTH_MAX)
            is_fine = add_folder(crawl, path, depth + 1, err);
        else if (page_type_of(STR_NONE, buf_str(path)) != PAGE_NONE)
            add_file(crawl, buf_c(path));
        path->len = len;
    }
    (void)closedir(folder); /* only read */
    return is_fine;
}

static void read_list(struct crawl *crawl, int fd)
{
    struct buf text = {0};
    ssize_t len;
    while ((len = read(fd, buf_reserve(&text, READ_BYTES), READ_BYTES)) > 0)
        text.len += size_of_ssize(len);
    struct str rest = buf_str(&text);
    while (rest.len) {
        struct str line = str_trim(str_cut(&rest, '\n'));
        while (line.len && line.at[line.len - 1] == '\r')
            line.len--;
        const struct link_context context = {.page = TARGET_NONE};
        const struct found_link link = {.raw = line, .at = {1, 1}, .kind = LINK_LIST_LINE};
        if (line.len && line.at[0] != '#')
            link_add(crawl, &context, &link);
    }
    buf_done(&text);
}

bool file_add_start(struct crawl *crawl, const char *start, struct err *err)
{
    struct stat info;
    struct buf path = {0};
    if (strcmp(start, "-") == 0) {
        read_list(crawl, STDIN_FILENO);
        return true;
    }
    if (strncmp(start, "file://", 7) == 0)
        start += 7;
    char *real = realpath(start, NULL);
    if (!real || stat(real, &info) < 0)
        return err_sys(err, errno,
                       "'%s' is neither a URL (such as https://example.org/) nor a file", start);
    buf_add(&path, str_of_c(real));
    mem_free(real);
    struct url folder = {0};
    struct buf url = {0};
    buf_addf(&url, "file://%s/", buf_c(&path));
    if (url_parse(&folder, buf_str(&url), NULL, NULL))
        scope_add_start(crawl->scope, &folder);
    bool is_fine = true;
    if (S_ISDIR(info.st_mode))
        is_fine = add_folder(crawl, &path, 0, err);
    else
        add_file(crawl, buf_c(&path));
    url_done(&folder);
    buf_done(&url);
    buf_done(&path);
    return is_fine;
}
