/* dav/from_store.h: what a storage result means to a client. */
#pragma once

#include "exchange/result.h"
#include "store/types.h"

/* The only mapping. STORE_OK is fine. */
struct dav_result dav_from_store(enum store_rc rc);

/* Of a method that what is kept is not for. */
struct dav_result dav_kept_only(void);
