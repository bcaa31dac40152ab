/* sync/bulk/bulk.h: POST to remote.php/dav/bulk: many small files in one request. */
#pragma once

#include "sync/service.h"

struct handler_ops sync_bulk_ops(void);
