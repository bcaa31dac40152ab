/* store/directory/beside/known.h: hashes of content that somebody has asked for, in memory. */
#pragma once

#include "stream/content_hash.h"
#include "text/path.h"

struct known;

/* For so many files; gives. Takes no memory for them before the first is noted. */
NODISCARD struct known *known_new(size_t count_max);
void known_free(struct known *known); /* NULL is fine */

/* What was noted of that version at that path, which may be that nothing is known. False: it was
 * not noted, or others have come in its place. Any thread. */
NODISCARD bool known_find(struct known *known, struct res_path path, uint64_t version,
                          struct content_hashes *hashes_out);
void known_note(struct known *known, struct res_path path, uint64_t version,
                const struct content_hashes *hashes);
