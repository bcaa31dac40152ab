/* check/run/start/start.h: what a run begins with, and whether it was read. */
#pragma once

#include "check/run/state.h"

/* A URL, a file, a folder, or "-" for a list on standard input; `text` is borrowed. */
NODISCARD bool start_add(struct crawl *crawl, const char *text, struct err *err);

/* All of them, with the targets that they made; of a run that is gone on with. */
void starts_save(const struct crawl *crawl, struct buf *to);
NODISCARD bool starts_load(struct crawl *crawl, struct str *bytes);

/* At the end of the run: a start that was not read for links is trouble of the run. */
void starts_judge(struct crawl *crawl);

/* Appends what is to be told of the start `number`: that it was not read, where it led, what of it
 * was left out. Nothing where all is as one would expect. False: there is no such start. */
bool start_describe(const struct crawl *crawl, size_t number, struct buf *to);

void starts_done(struct crawl *crawl);
