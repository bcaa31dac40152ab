/* store/directory/flush.h: making changes durable, with concurrent ones sharing the cost. */
#pragma once

#include "store/store.h"

struct flush;

/* `root_fd` names the file system that most files are on; borrows it. */
NODISCARD struct flush *flush_new(int root_fd, enum store_durability durability);
void flush_free(struct flush *flush);

/* Returns when what was written to the file or directory `fd` before the call is on disk. At once
 * when the store is lazy. 0, or an errno. */
NODISCARD int flush_wait(struct flush *flush, int fd);

/* Before a new file gets its name: returns when its content is where no name can overtake it. That
 * costs much less than to have it on the disk. */
NODISCARD int flush_content(struct flush *flush, int fd);

/* After that: the file, and then the directory that it has its name in. */
NODISCARD int flush_named(struct flush *flush, int fd, int dir_fd);

/* The same for all that was written below `fd`. */
NODISCARD int flush_tree(struct flush *flush, int fd);
