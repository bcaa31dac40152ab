/* store/directory/tree/look.h: what the kernel says of the members of a directory, several at a
 * time. */
#pragma once

#include "base/crew.h"
#include "store/types.h"

/* Looks at member->name in an open directory: its `rc`, and `is_link` or what is wanted of `stat`
 * (store_wants). False: there is no member of that name, or no more. */
NODISCARD bool dir_look_at(int fd, unsigned wants, struct store_member *member);

struct dir_looks;

/* All members of an open directory, likewise. Takes fd; borrows the crew, which helps with many.
 * Gives. */
NODISCARD struct dir_looks *dir_looks_new(int fd, unsigned wants, struct crew *crew);
void dir_looks_free(struct dir_looks *looks);

/* The next one, whose name is there until the next call; END; or why reading the directory failed.
 */
NODISCARD enum store_rc dir_looks_next(struct dir_looks *looks, struct store_member *member_out);

/* How many entries have been read so far. */
size_t dir_looks_count(const struct dir_looks *looks);
