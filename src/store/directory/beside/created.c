/* A PUT over a file makes a new one, whose birth time is that of the upload, and no system call
 * sets a birth time. When the document was created, and which one it is, is kept in an extended
 * attribute then, and where who puts it says when it was (store_commit.created_s). That goes along
 * with the file wherever it is moved, by whomever (docs/decisions/0034-creation-dates.md). Other
 * programs may copy it to another file, which is not the same document: so the inode stands there
 * for which the id is meant.
 *
 * To ask for an attribute costs a system call for each member of a listing, and hardly any has one.
 * So the time of modification of those that have is marked: times that davit sets are whole
 * microseconds (dir_set_modified()), and one nanosecond more says that there is something to ask
 * for. Two in a thousand files of other programs are asked in vain. Where the mark is lost (another
 * program has written to the file, or the file system keeps coarser times), the birth time counts,
 * as it does where there are no such attributes. */
#include "store/directory/beside/created.h"

#include <sys/xattr.h>

#include "store/directory/beside/attributes.h"
#include "store/directory/entry.h"
#include "store/handle.h"
#include "text/date.h"

enum { KEPT_BYTES_MAX = 72, ID_DIGITS = 16 };

/* "SECONDS", or "SECONDS ID INODE". */
static void read_kept(int fd, const char *name, const struct statx *stx,
                      struct store_stat *stat_out)
{
    char text[KEPT_BYTES_MAX];
    uint64_t id;
    uint64_t inode;
    ssize_t got = attribute_get(fd, name, CREATED_ATTRIBUTE, text, sizeof(text));
    struct str rest = str_of(text, got > 0 ? (size_t)got : 0);
    struct str seconds = str_cut(&rest, ' ');
    struct str id_text = str_cut(&rest, ' ');
    if (!unix_date_parse(seconds, &stat_out->created_s))
        return;
    if (str_parse_hex(id_text, &id) && id && str_parse_u64(rest, &inode) && inode == stx->stx_ino)
        stat_out->id = id;
}

bool created_stat(int fd, const char *name, const struct statx *stx, struct store_stat *stat_out)
{
    if (!dir_stat_of(stx, stat_out))
        return false;
    if (!stat_out->is_collection && (dir_time_marks(stx->stx_mtime.tv_nsec) & DIR_MARK_CREATED))
        read_kept(fd, name, stx, stat_out);
    return true;
}

bool created_stat_wanted(int fd, const char *name, unsigned wants, const struct statx *stx,
                         struct store_stat *stat_out)
{
    return wants & (WANTS_CREATED | WANTS_ID) ? created_stat(fd, name, stx, stat_out)
                                              : dir_stat_of(stx, stat_out);
}

bool created_keep(int fd, const struct store_stat *stat)
{
    char text[KEPT_BYTES_MAX];
    struct stat st;
    if (stat->created_s < 0 || fstat(fd, &st) < 0)
        return false;
    int len = snprintf(text, sizeof(text), "%lld %0*llx %llu", (long long)stat->created_s,
                       ID_DIGITS, (unsigned long long)stat->id, (unsigned long long)st.st_ino);
    return fsetxattr(fd, CREATED_ATTRIBUTE, text, (size_t)len, 0) == 0;
}
