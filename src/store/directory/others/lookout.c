#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "store/directory/beneath.h"
#include "store/directory/entry.h"
#include "store/directory/others/lookout.h"
#include "store/directory/root.h"

int lookout_open(const struct lookout *lookout, struct res_path path, int flags)
{
    struct dir_name name;
    if (dir_name_of(path, &name) != STORE_OK) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return beneath_open(lookout->options.root->fd, name.text,
                        flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, RESOLVE_NO_SYMLINKS);
}

bool lookout_is_closed(int parent_fd, const char *name)
{
    return faccessat(parent_fd, name, R_OK | X_OK, AT_EACCESS) < 0 && errno == EACCES;
}

bool lookout_may_be_missing(int code)
{
    return code == ENOENT || code == ENOTDIR || code == ELOOP || code == EACCES || code == EXDEV ||
           code == ENAMETOOLONG;
}
