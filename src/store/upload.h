/* store/upload.h: writing to an upload where one may block, whatever kind its sink is of. */
#pragma once

#include "store/store.h"

/* Writes all of `bytes`. */
NODISCARD enum store_rc store_upload_write(struct store_upload *upload, struct str bytes);

/* Nothing more comes. OK: it may be committed. */
NODISCARD enum store_rc store_upload_end(struct store_upload *upload);
