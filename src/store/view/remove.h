/* store/view/remove.h: removing what is in a view. */
#pragma once

#include "store/backend.h"

/* As store_ops.remove. MOUNT: a mount begins at the path. Where some begin below it PARTIAL: they
 * stay, and with them what leads to them. */
enum store_rc view_remove(struct store_change *change, struct res_path path,
                          struct store_visitor *visitor);
