/* store/directory/upload.h: uploads. */
#pragma once

#include "store/directory/dir.h"

NODISCARD enum store_rc dir_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                                   struct store_upload **upload_out);

/* Makes an empty file where nothing is. */
NODISCARD enum store_rc dir_make_empty(struct store *store, struct res_path path);
