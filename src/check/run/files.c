/* Documents on this machine: checked before they are published, or as lists of what to check. A
 * file is a target like any other, with a file: URL; it is read where others are fetched.
 *
 * A folder as a start stands for all documents in it, a folder that is linked to for its index.html
 * or for itself. --base says what the links of files are relative to, when that is not the folder
 * that they are in now. Symbolic links to folders are not followed, so that no ring is walked. */
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
    char bytes[READ_BYTES];
    document_begin(document, crawl->site, document->target, type, STR_NONE);
    ssize_t len;
    while ((len = read(fd, bytes, sizeof(bytes))) > 0 &&
           page_feed(document->page, str_of(bytes, size_of_ssize(len))))
        ;
    document_read(crawl, document);
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
    enum page_type type = page_type_of_file(buf_str(&path), target->flags & TARGET_IS_START);
    bool is_read = fd >= 0 && !is_folder && type != PAGE_NONE &&
                   (target->flags & (TARGET_IS_INSIDE | TARGET_WANTS_NAMES));
    if (is_read && url_parse(&document.base, base_url, NULL, NULL))
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
