/* dav/extension/known.h: which extensions there are, and which of them are on. */
#pragma once

#include "dav/extension.h"

/* What an exchange remembers of them: its handler's part begins with it (struct target). */
struct extension_memo {
    uint64_t on; /* a bit for each that is */
    bool has_asked;
};

/* The rows that there are, by their numbers. */
size_t dav_extension_count(void);
const struct dav_extension *dav_extension_of(size_t number);
bool dav_extension_is_on(const struct exchange *x, size_t number);

/* The next POST or report, from *at on, that is on, and for the target; NULL: no more. *at begins
 * with 0. */
const struct dav_post *dav_next_post(const struct exchange *x, size_t *at);
const struct dav_report *dav_next_report(const struct prop_target *target, size_t *at);

/* Who claims the request, and who takes it, which is a POST. NULL: nobody. */
const struct dav_claim *dav_claim_of(const struct exchange *x);
const struct dav_post *dav_post_of(const struct exchange *x);

/* Lets those that are on read their fields. */
NODISCARD struct dav_result dav_read_fields(struct exchange *x);

/* For dav/extension/extend.c: one more row, but for its methods and properties. False: something of
 * it has somebody already who takes it, or there is no room: `err` says so. */
NODISCARD bool dav_know(const struct dav_extension *row, struct err *err);
bool dav_name_is_taken(struct err *err, const char *what, struct str name);
bool dav_has_no_room(struct err *err);
