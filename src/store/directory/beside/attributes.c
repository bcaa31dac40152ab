/* What a file system keeps beside a file's content: the users' attributes, and the ACLs, which it
 * shows as attributes as well.
 *
 * A member is asked without being opened: to open a file is an event for those who watch it, breaks
 * the leases of others, and may not be allowed. Until Linux 6.13 there was no call for that but one
 * by a whole path, so it goes through /proc/self/fd, which costs more than the question itself;
 * since then getxattrat(2) and listxattrat(2) take a directory and a name. Whether these are to be
 * had the first call tells: ENOSYS from older kernels, EPERM from filters of system calls that do
 * not know them. Neither is an answer of a file system to such a question. */
#include "store/directory/beside/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/directory/entry.h"

#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

enum {
    /* Headers learn of them years later. The numbers are those of all machines but Alpha and MIPS,
     * which has no call of these. */
    CALL_GETXATTRAT = 464,
    CALL_LISTXATTRAT = 465,
    LINK_BYTES = 32 + 1024, /* "/proc/self/fd/", a number, a name */
};

/* --- of a member --- */

static atomic_bool has_no_calls;

/* What a call gave. False: there is no such call. */
static bool is_answer(ssize_t got)
{
    if (got >= 0 || (errno != ENOSYS && errno != EPERM))
        return true;
    atomic_store_explicit(&has_no_calls, true, memory_order_relaxed);
    return false;
}

static ssize_t get_at(int fd, const char *name, const char *attribute, void *value_out, size_t size)
{
    struct {
        _Alignas(8) uint64_t value;
        uint32_t size;
        uint32_t flags;
    } args = {.value = (uintptr_t)value_out, .size = (uint32_t)size};
    return syscall(CALL_GETXATTRAT, fd, name, AT_SYMLINK_NOFOLLOW, attribute, &args, sizeof(args));
}

static ssize_t list_at(int fd, const char *name, char *names_out, size_t size)
{
    return syscall(CALL_LISTXATTRAT, fd, name, AT_SYMLINK_NOFOLLOW, names_out, size);
}

static bool may_try(void)
{
    return !atomic_load_explicit(&has_no_calls, memory_order_relaxed);
}

/* A path to `name` in fd, or to what fd is. */
static bool link_to(char link_out[LINK_BYTES], int fd, const char *name)
{
    int len = snprintf(link_out, LINK_BYTES, "/proc/self/fd/%d%s%s", fd, *name ? "/" : "", name);
    errno = ENAMETOOLONG;
    return len > 0 && len < LINK_BYTES;
}

static ssize_t get_of_member(int fd, const char *name, const char *attribute, void *value_out,
                             size_t size)
{
    char link[LINK_BYTES];
    if (may_try()) {
        ssize_t got = get_at(fd, name, attribute, value_out, size);
        if (is_answer(got))
            return got;
    }
    return link_to(link, fd, name) ? lgetxattr(link, attribute, value_out, size) : -1;
}

ssize_t attribute_get(int fd, const char *name, const char *attribute, void *value_out, size_t size)
{
    char link[LINK_BYTES];
    if (*name)
        return get_of_member(fd, name, attribute, value_out, size);
    ssize_t got = fgetxattr(fd, attribute, value_out, size);
    bool is_path = got < 0 && errno == EBADF;
    return is_path && link_to(link, fd, name) ? getxattr(link, attribute, value_out, size) : got;
}

static ssize_t list_of_member(int fd, const char *name, char *names_out, size_t size)
{
    char link[LINK_BYTES];
    if (may_try()) {
        ssize_t got = list_at(fd, name, names_out, size);
        if (is_answer(got))
            return got;
    }
    return link_to(link, fd, name) ? llistxattr(link, names_out, size) : -1;
}

/* --- what a file takes over --- */

static bool is_carried(const char *attribute)
{
    if (strcmp(attribute, CREATED_ATTRIBUTE) == 0 || /* a copy is created anew */
        strcmp(attribute, HASHES_ATTRIBUTE) == 0)    /* it is another version */
        return false;
    return strncmp(attribute, "user.", 5) == 0 || strcmp(attribute, ACL_ACCESS) == 0 ||
           strcmp(attribute, ACL_DEFAULT) == 0;
}

/* 0 or errno. */
static int carry_one(int from_fd, const char *name, int to_fd, const char *attribute)
{
    struct buf value = {0};
    char *room = buf_reserve(&value, XATTR_SIZE_MAX);
    ssize_t len = attribute_get(from_fd, name, attribute, room, XATTR_SIZE_MAX);
    int code = len < 0 || fsetxattr(to_fd, attribute, value.at, (size_t)len, 0) < 0 ? errno : 0;
    buf_done(&value);
    return code == ENODATA || code == ENOTSUP ? 0 : code; /* it has just gone; or it is not known */
}

/* Mostly there are none, or a few that fit into little room: then it is one call. */
static ssize_t list_all(int from_fd, const char *name, struct buf *names)
{
    static const size_t rooms[] = {256, XATTR_LIST_MAX};
    ssize_t len = -1;
    for (size_t i = 0; i < ARRAY_LEN(rooms); i++) {
        char *room = buf_reserve(names, rooms[i]);
        len = *name ? list_of_member(from_fd, name, room, rooms[i])
                    : flistxattr(from_fd, room, rooms[i]);
        if (len >= 0 || errno != ERANGE)
            break;
    }
    return len;
}

/* *has_acl_out: one of them said who may do what. */
static enum store_rc carry(int from_fd, const char *name, int to_fd, bool *has_acl_out)
{
    struct buf names = {0};
    int code = 0;
    bool has_acl = false;
    ssize_t len = list_all(from_fd, name, &names);
    for (ssize_t at = 0; at < len && !code; at += (ssize_t)strlen(names.at + at) + 1) {
        const char *attribute = names.at + at;
        has_acl = has_acl || strcmp(attribute, ACL_ACCESS) == 0;
        code = is_carried(attribute) ? carry_one(from_fd, name, to_fd, attribute) : 0;
    }
    buf_done(&names);
    *has_acl_out = has_acl;
    return code ? dir_rc(code, "cannot set a file's attributes") : STORE_OK;
}

enum store_rc attributes_carry(int from_fd, const char *name, int to_fd)
{
    bool has_acl;
    enum store_rc rc = carry(from_fd, name, to_fd, &has_acl);
    /* What the collection hands down to new files is not the old one's. Mostly there is nothing,
     * and to look is cheaper than to remove it. */
    if (!has_acl && fgetxattr(to_fd, ACL_ACCESS, NULL, 0) >= 0)
        (void)fremovexattr(to_fd, ACL_ACCESS); /* as good as it can be */
    return rc;
}

enum store_rc attributes_carry_to_plain(int from_fd, int to_fd, bool *has_acl_out)
{
    return carry(from_fd, "", to_fd, has_acl_out);
}

bool attributes_hand_down_acl(int fd)
{
    return fgetxattr(fd, ACL_DEFAULT, NULL, 0) >= 0 || (errno != ENODATA && errno != ENOTSUP);
}
