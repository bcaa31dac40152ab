#include "store/directory/cache/local.h"

#include <sys/vfs.h>

/* As statfs(2) names them: ext2 to ext4, XFS, Btrfs, F2FS, tmpfs. */
static const unsigned local_types[] = {0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x01021994};

bool fs_is_local(int fd)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(local_types); i++) {
        if ((unsigned)fs.f_type == local_types[i])
            return true;
    }
    return false;
}
