/* store/directory/resumables.h: who keeps the resumable uploads of a directory. */
#pragma once

#include "store/backend.h"

struct dir_store;

/* As store_resumables(). DENIED: it is read-only. */
NODISCARD enum store_rc dir_resumables(struct store *store, struct res_path near,
                                       struct resumables **of_out);

/* Somebody does where some have been begun, so that what is over goes. */
void dir_resumables_start(struct dir_store *dir);
void dir_resumables_close(struct dir_store *dir);
