/* server/privilege.h: giving up rights once they are not needed. */
#pragma once

#include "base/err.h"

/* Becomes `user` (NULL: stays who it is) and sees to it that no right comes back. */
NODISCARD bool privilege_drop(const char *user, struct err *err);
