/* store/origin/content.h: content at an origin: read by GET, written by PUT. */
#pragma once

#include "store/backend.h"

/* As store_ops.open and store_ops.upload. */
enum store_rc origin_open(struct store *store, struct res_path path,
                          struct store_content **content_out);
enum store_rc origin_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                            struct store_upload **upload_out);
