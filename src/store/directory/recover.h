/* store/directory/recover.h: start-up. */
#pragma once

#include "store/directory/dir.h"

/* What a crash left behind: finishes intents, removes what was staged, loads the locks. */
NODISCARD bool dir_recover(struct dir_store *dir, struct err *err);
