/* check/run/soft404.h: pages that say 200 and are none. NULL stands for not looking for them. */
#pragma once

#include "base/buf.h"
#include "check/model/site.h"
#include "check/run/page.h"

struct soft404;

struct soft404 *soft404_new(void); /* gives */
void soft404_free(struct soft404 *soft404);

/* A page that was read, and answered with 200. */
void soft404_note(struct soft404 *soft404, uint32_t id, const struct page *page);

/* What was noted since the last time, and what was so saved, of a run that is gone on with. */
void soft404_save(struct soft404 *soft404, struct buf *to);
NODISCARD bool soft404_load(struct soft404 *soft404, struct str bytes);

/* All else is done: each folder is to be asked for something that is not there. False: there is
 * nothing to ask, or it was asked already. */
bool soft404_begin(struct soft404 *soft404, const struct site *site);

struct soft404_probe {
    uint32_t target; /* one that stands in the folder */
    struct buf url;  /* what to ask for */
};
/* What to ask folder `number` for; false: there are no more. */
bool soft404_probe(const struct soft404 *soft404, uint32_t number, struct soft404_probe *probe);

/* What it has shown; `page` NULL: the folder knows what it does not have. */
void soft404_answer(struct soft404 *soft404, struct site *site, uint32_t number,
                    const struct page *page);
