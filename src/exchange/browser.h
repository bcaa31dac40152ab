/* exchange/browser.h: what is said to browsers, in which pages run that are not ours. */
#pragma once

#include "exchange/exchange.h"

/* Fine, or 403: a page of another origin has made a browser send a method that is not safe. */
NODISCARD struct dav_result browser_check_origin(struct exchange *x);

/* Adds what keeps stored content of that type from doing anything here, for every answer to a GET:
 * also 206, 304, and without a body. */
void browser_confine(struct exchange *x, struct str media_type);

/* The same for an answer of our own that shows what others have said: an error. */
void browser_confine_error(struct exchange *x);

/* The same for an index, whose style is `index_style`. */
void browser_confine_index(struct exchange *x);

/* What stands in an index's <style>; its policy names the hash of it. */
extern const char browser_index_style[];
