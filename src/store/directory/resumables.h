/* store/directory/resumables.h: who keeps the resumable uploads of a directory. */
#pragma once

#include "store/backend.h"

struct dir_store;

/* NULL: nobody; it is read-only, or that was logged. */
struct resumables *dir_resumables(struct store *store, struct res_path near);

/* Somebody does where some have been begun, so that what is over goes. */
void dir_resumables_start(struct dir_store *dir);
void dir_resumables_close(struct dir_store *dir);
