/* The hashes that a client has announced of what it put, and that were found to hold, stay with the
 * file: in an extended attribute, which is there before the file is seen and is flushed with it, so
 * that an upload has no change of the database for them, and which goes along wherever the file is
 * moved, by whomever (docs/decisions/0082-integrity.md).
 *
 *     user.davit.hashes    VERSION SHA1:HEX MD5:HEX
 *
 * Invariants
 *  (1) they are told of the version that they were kept with, and of no other: that is worked out
 *      from what the file is now (entry.c), so what another program writes is not taken for them;
 *  (2) whatever makes another version of the same content (a copy, a time that is set) keeps them
 *      anew; where that fails, or a crash comes between, nothing is known;
 *  (3) who was not told that there may be some does not ask: the mark of a file's time says it, as
 *      with the date of creation (created.c).
 *
 * What was asked for is remembered, and what was computed for somebody with it (known.c): to read
 * the attribute of a member is three system calls. What was computed of a file that was changed
 * just now is not: another program may change it once more without another time. To write what was
 * computed into the attribute was rejected: the mark is a part of the time, and so of the version;
 * a GET would change the tag. */
#include "store/directory/beside/hashes.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>

#include "base/clock.h"
#include "base/fd.h"
#include "store/directory/beside/attributes.h"
#include "store/directory/beside/known.h"
#include "store/directory/entry.h"
#include "store/directory/resolve.h"

enum {
    VERSION_DIGITS = 16,
    TEXT_BYTES_MAX = 1024,
    SETTLED_S = 2, /* what is older is not written twice within one step of a clock */
};

/* --- the attribute --- */

/* What is kept with `version` of the file. False: nothing is. */
static bool read_kept(int fd, uint64_t version, struct content_hashes *hashes_out)
{
    char text[TEXT_BYTES_MAX];
    struct content_hashes hashes = {0};
    uint64_t kept_with;
    ssize_t got = attribute_get(fd, "", HASHES_ATTRIBUTE, text, sizeof(text));
    struct str rest = str_of(text, got > 0 ? (size_t)got : 0);
    struct str digits = str_cut(&rest, ' ');
    if (digits.len != VERSION_DIGITS || !str_parse_hex(digits, &kept_with) ||
        kept_with != version || !content_hashes_parse(rest, &hashes))
        return false;
    *hashes_out = hashes;
    return true;
}

/* False: it is no file. */
static bool version_of_open(int fd, uint64_t *version_out)
{
    struct statx stx;
    struct store_stat stat;
    if (!dir_statx(fd, "", AT_EMPTY_PATH, &stx) || !dir_stat_of(&stx, &stat))
        return false;
    *version_out = stat.version;
    return true;
}

static bool read_of_open(int fd, struct content_hashes *hashes_out)
{
    uint64_t version;
    return version_of_open(fd, &version) && read_kept(fd, version, hashes_out);
}

void hashes_keep(int fd, const struct content_hashes *hashes)
{
    struct buf text = {0};
    uint64_t version;
    if (!version_of_open(fd, &version))
        return;
    buf_add_hex(&text, version, VERSION_DIGITS);
    buf_add_char(&text, ' ');
    content_hashes_print(&text, hashes);
    (void)!fsetxattr(fd, HASHES_ATTRIBUTE, text.at, text.len, 0); /* then they are not known */
    buf_done(&text);
}

void hashes_carry(int from_fd, int to_fd)
{
    struct content_hashes hashes;
    if (read_of_open(from_fd, &hashes))
        hashes_keep(to_fd, &hashes);
}

int hashes_set_modified(int fd, int64_t modified_s)
{
    struct stat st;
    struct content_hashes hashes;
    if (fstat(fd, &st) < 0)
        return errno;
    unsigned marks = dir_time_marks((uint32_t)st.st_mtim.tv_nsec);
    bool has_hashes = (marks & DIR_MARK_HASHES) && read_of_open(fd, &hashes);
    int code = dir_set_modified(fd, &modified_s, marks);
    if (!code && has_hashes)
        hashes_keep(fd, &hashes);
    return code;
}

/* --- the store's calls --- */

void dir_hashes(struct store *store, struct res_path path, const struct store_stat *stat,
                struct content_hashes *hashes_out)
{
    const struct dir_store *dir = dir_of(store);
    if (known_find(dir->known, path, stat->version, hashes_out) || !stat->may_have_hashes)
        return;
    int fd = dir_open_beneath(dir, path, O_PATH);
    if (fd < 0)
        return;
    if (!read_kept(fd, stat->version, hashes_out))
        *hashes_out = (struct content_hashes){0};
    fd_close(fd);
    known_note(dir->known, path, stat->version, hashes_out);
}

void dir_note_hashes(struct store *store, struct res_path path, const struct store_stat *stat,
                     const struct content_hashes *hashes)
{
    struct content_hashes all = {0};
    if (stat->modified_s > clock_wall_ms() / 1000 - SETTLED_S)
        return;
    dir_hashes(store, path, stat, &all);
    content_hashes_add(&all, hashes);
    known_note(dir_of(store)->known, path, stat->version, &all);
}
