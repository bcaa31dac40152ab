/* Borders that rename(2) and link(2) do not pass (EXDEV), though both sides are beneath one root.
 *
 *   another mount       also where it is of the same file system
 *   encryption          what is in an encrypted directory is encrypted with its key (fscrypt); a
 *                       plain file does not become so by a rename
 *   a project           that a directory hands down to what is made in it, for quotas (XFS, ext4,
 *                       F2FS): the file's must be the same
 *   a layer             a directory of an overlay's lower layer has no inode that could move
 *
 * What is staged for an encrypted directory must be made in it, or its content would be on the disk
 * as it is. So these are looked for beforehand, and it is not waited for the kernel to say EXDEV,
 * which it does when everything has been written. A layer cannot be looked for; trying is harmless
 * there as long as nothing has been removed for it. */
#include "store/directory/mounts/border.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/directory/beneath.h"

/* What is `name` in fd, or fd itself where that is NULL. */
static bool look(int fd, const char *name, struct statx *stx_out)
{
    return statx(fd, name ? name : "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_MNT_ID,
                 stx_out) == 0;
}

static bool is_encrypted(const struct statx *stx)
{
    return stx->stx_attributes & STATX_ATTR_ENCRYPTED;
}

/* Whether both are encrypted in the same way, with the same key. */
static bool is_same_policy(int fd, int other_fd)
{
    struct fscrypt_get_policy_ex_arg policy = {.policy_size = sizeof(policy.policy)};
    struct fscrypt_get_policy_ex_arg other = {.policy_size = sizeof(other.policy)};
    return ioctl(fd, FS_IOC_GET_ENCRYPTION_POLICY_EX, &policy) == 0 &&
           ioctl(other_fd, FS_IOC_GET_ENCRYPTION_POLICY_EX, &other) == 0 &&
           policy.policy_size == other.policy_size &&
           memcmp(&policy.policy, &other.policy, policy.policy_size) == 0;
}

/* Opens it for a look, with no effect on it. -1: that cannot be. */
static int open_to_ask(int fd, const char *name)
{
    return openat(fd, name ? name : ".", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Into an encrypted directory. What cannot be opened is let pass: the kernel will say. */
static bool encryption_lets_pass(int from_fd, const char *name, int to_fd)
{
    struct statx stx;
    if (!look(from_fd, name, &stx) || !is_encrypted(&stx))
        return false;
    int fd = open_to_ask(from_fd, name);
    bool passes = fd < 0 || is_same_policy(fd, to_fd);
    fd_close(fd);
    return passes;
}

static bool project_lets_pass(int from_fd, const char *name, int to_fd)
{
    struct fsxattr from;
    struct fsxattr to;
    if (ioctl(to_fd, FS_IOC_FSGETXATTR, &to) < 0 || !(to.fsx_xflags & FS_XFLAG_PROJINHERIT))
        return true;
    int fd = open_to_ask(from_fd, name);
    bool passes =
        fd < 0 || ioctl(fd, FS_IOC_FSGETXATTR, &from) < 0 || from.fsx_projid == to.fsx_projid;
    fd_close(fd);
    return passes;
}

bool border_lets_pass(int from_fd, const char *name, int to_fd)
{
    struct statx from;
    struct statx to;
    if (from_fd == to_fd) /* where it is in already */
        return project_lets_pass(from_fd, name, to_fd);
    return look(from_fd, NULL, &from) && look(to_fd, NULL, &to) &&
           beneath_is_one_mount(&from, &to) &&
           (!is_encrypted(&to) || encryption_lets_pass(from_fd, name, to_fd)) &&
           project_lets_pass(from_fd, name, to_fd);
}

bool border_may_be_hidden(int fd)
{
    struct statfs fs;
    return fstatfs(fd, &fs) < 0 || fs.f_type == OVERLAYFS_SUPER_MAGIC;
}
