/* store/directory/acls.h: who may do what with a resource, as the state database keeps it. */
#pragma once

#include "base/err.h"

struct dir_store;

/* Makes the table of all of them (store/acl/table.h). False: they cannot be read, which `err` says.
 */
NODISCARD bool dir_acls_open(struct dir_store *dir, struct err *err);
