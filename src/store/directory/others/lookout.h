/* store/directory/others/lookout.h: what those share who find out what other programs change: what
 * the kernel tells (news.h), and walks (pass.h). All of it is of one thread. */
#pragma once

#include "store/change_log.h"
#include "store/directory/others/watches.h"

struct dir_root;
struct limits;

struct others_options {
    const struct dir_root *root;
    struct state_home *home; /* where it is kept what the tree was like */
    struct change_log *log;
    const struct limits *limits;
};

struct lookout {
    struct others_options options;
    uint64_t tree; /* which one it is */
    struct watches watches;
    bool is_dirty;      /* a watched directory is */
    bool has_unwatched; /* there is one that is not watched */
};

/* Opens a directory below the root, through no link. -1 and errno. Gives. */
NODISCARD int lookout_open(const struct lookout *lookout, struct res_path path, int flags);

/* Whether we may not look at what is in a directory. Whoever opens it changes an attribute of it.
 */
bool lookout_is_closed(int parent_fd, const char *name);

/* Whether a directory that was there a moment ago may be passed by, when that has failed with
 * `code`: it has gone, or cannot be reached. Any other is a failure of ours, and says nothing. */
bool lookout_may_be_missing(int code);
