/* A PUT over a file makes a new one, whose birth time is that of the upload, and no system call
 * sets a birth time. When the document was created is kept in an extended attribute then, which
 * goes along with the file wherever it is moved, by whomever
 * (docs/decisions/0034-creation-dates.md).
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

enum { SECONDS_BYTES_MAX = 24 };

static bool read_kept(int fd, const char *name, int64_t *created_s_out)
{
    char text[SECONDS_BYTES_MAX];
    ssize_t got = attribute_get(fd, name, CREATED_ATTRIBUTE, text, sizeof(text));
    return got > 0 && unix_date_parse(str_of(text, (size_t)got), created_s_out);
}

bool created_stat(int fd, const char *name, const struct statx *stx, struct store_stat *stat_out)
{
    int64_t created_s;
    if (!dir_stat_of(stx, stat_out))
        return false;
    if (!stat_out->is_collection && (dir_time_marks(stx->stx_mtime.tv_nsec) & DIR_MARK_CREATED) &&
        read_kept(fd, name, &created_s))
        stat_out->created_s = created_s;
    return true;
}

bool created_stat_wanted(int fd, const char *name, unsigned wants, const struct statx *stx,
                         struct store_stat *stat_out)
{
    return wants & WANTS_CREATED ? created_stat(fd, name, stx, stat_out)
                                 : dir_stat_of(stx, stat_out);
}

bool created_keep(int fd, int64_t created_s)
{
    char text[SECONDS_BYTES_MAX];
    int len = snprintf(text, sizeof(text), "%lld", (long long)created_s);
    return created_s >= 0 && fsetxattr(fd, CREATED_ATTRIBUTE, text, (size_t)len, 0) == 0;
}
