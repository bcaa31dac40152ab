/* store/directory/beside/hashes.h: hashes of content, as far as they are known. */
#pragma once

#include "store/directory/dir.h"

/* Keeps them with an open file that has the time of modification that it is to have, marked
 * (dir_set_modified()), if the file system can. */
void hashes_keep(int fd, const struct content_hashes *hashes);

/* To an open file that is a copy of another, with its time of modification, which has the mark. */
void hashes_carry(int from_fd, int to_fd);

/* Sets when an open file was modified, as dir_set_modified(); its content is what it was. */
NODISCARD int hashes_set_modified(int fd, int64_t modified_s);

void dir_hashes(struct store *store, struct res_path path, const struct store_stat *stat,
                struct content_hashes *hashes_out);
void dir_note_hashes(struct store *store, struct res_path path, const struct store_stat *stat,
                     const struct content_hashes *hashes);
