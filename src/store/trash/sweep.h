/* store/trash/sweep.h: what goes from what is kept. */
#pragma once

struct store;

/* What has been kept for long enough goes, and, of more than there may be, the oldest. As the
 * thread does it. May block. */
void trash_sweep(struct store *store);
