/* store/directory/read.h: what a resource is, its content, its members. */
#pragma once

#include "store/directory/dir.h"

NODISCARD enum store_rc dir_stat(struct store *store, struct res_path path, unsigned wants,
                                 struct store_stat *stat_out);
NODISCARD enum store_rc dir_content_open(struct store *store, struct res_path path,
                                         struct store_content **content_out);
NODISCARD enum store_rc dir_list(struct store *store, struct res_path path, unsigned wants,
                                 struct store_cursor **cursor_out);
