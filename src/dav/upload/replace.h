/* dav/upload/replace.h: may content be put at the target (RFC 4918 §9.7)? Of every method that does
 * so, in one request or in many. */
#pragma once

#include "exchange/exchange.h"
#include "store/types.h"

/* What conditions, locks and what is there have to say. Under the change it holds until that ends;
 * before, it is a courtesy. */
NODISCARD struct dav_result replace_check(struct exchange *x, struct store_stat *stat_out,
                                          bool *exists_out);

/* The same, and where there is nothing yet, whether something can be. */
NODISCARD struct dav_result replace_check_first(struct exchange *x, struct store_stat *stat_out,
                                                bool *exists_out);

/* Where there is no room for so many bytes, the oldest of what is kept of other things goes. Not
 * under a change. */
void replace_make_room(struct exchange *x, uint64_t bytes);

/* Whether there is room for so much, as far as that is known. */
NODISCARD struct dav_result replace_check_space(struct exchange *x, uint64_t bytes);

/* Why the store has refused it: what a check has to say goes first. */
struct dav_result replace_refusal(struct exchange *x, enum store_rc rc);

/* Whether it is known where the content ends (RFC 1945 §7.2.2). */
NODISCARD struct dav_result replace_check_length(const struct exchange *x);

/* X-OC-Mtime, ownCloud's and rclone's, and X-OC-CTime, Nextcloud's: when it was modified, and when
 * created. */
NODISCARD struct dav_result replace_read_dates(const struct exchange *x,
                                               struct store_commit *commit);

/* Answers which of them are kept. `stat`: of what has been put; NULL: it is not known. */
void replace_tell_dates(struct exchange *x, const struct store_commit *commit,
                        const struct store_stat *stat);
