/* exchange/browser.h: what is said to browsers, in which pages run that are not ours. */
#pragma once

#include "exchange/exchange.h"

/* Fine, or 403: a page of another origin has made a browser send a method that is not safe. */
NODISCARD struct dav_result browser_check_origin(struct exchange *x);

/* The same of any page but our own, also of one that the mount names: what is asked for reaches
 * beyond it. */
NODISCARD struct dav_result browser_check_own(struct exchange *x);

/* As browser_check_origin(), whatever the method is, for what becomes a WebSocket. */
NODISCARD struct dav_result browser_check_socket(struct exchange *x);

/* "https://app.example", with a port or without. False: it is not the origin of a page. Views into
 * the text. */
NODISCARD bool web_origin_parse(struct str text, struct web_origin *origin_out);

/* Adds to the answer, whatever it will be, which page elsewhere may read it (CORS); where somebody
 * may, also that this depends on who asks. */
void browser_share(struct exchange *x);

/* True: the request is a browser's question what a page may ask for, and has been answered. */
NODISCARD bool browser_answer_preflight(struct exchange *x);

/* As browser_check_origin(), about a path that the request does something to besides its own. */
NODISCARD struct dav_result browser_check_reach(struct exchange *x, struct res_path path);

/* Adds what keeps stored content of that type from doing anything here, for every answer to a GET:
 * also 206, 304, and without a body. */
void browser_confine(struct exchange *x, struct str media_type);

/* What is at x->path as people know it, also through a link; of the root empty. */
struct str browser_name(const struct exchange *x);

/* The answer is to be saved, as a file of that name. */
void browser_offer(struct exchange *x, struct str name);

/* The same for an answer of our own that shows what others have said: an error. */
void browser_confine_error(struct exchange *x);

/* The same for an index, whose style is `index_style`. */
void browser_confine_index(struct exchange *x);

/* What stands in an index's <style>; its policy names the hash of it. */
extern const char browser_index_style[];
