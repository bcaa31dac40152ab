/* exchange/destination.h: what a request says of a second resource, and of how much is meant. */
#pragma once

#include "exchange/exchange.h"

/* Whether that authority is the one that was asked for, or one of --public-url. */
bool authority_is_ours(const struct exchange *x, struct str host, struct str port);

/* The path that a URI names on this server: an absolute path, or an absolute URI whose authority is
 * the request's own or a public name. 400 when it is no such thing, 502 when it is elsewhere
 * (RFC 4918 §9.8.5). */
NODISCARD struct dav_result destination_parse(struct exchange *x, struct str uri,
                                              struct res_path *path_out);
/* The same with memory from another arena than the exchange's. */
NODISCARD struct dav_result destination_parse_in(const struct exchange *x, struct arena *arena,
                                                 struct str uri, struct res_path *path_out);

/* The Destination field (RFC 4918 §10.3). Notes for the log what a 502 may be due to. */
NODISCARD struct dav_result destination_read(struct exchange *x, struct res_path *path_out);

/* The Overwrite field (§10.6): true unless it says F. 400 for anything but T and F. */
NODISCARD struct dav_result overwrite_read(const struct exchange *x, bool *overwrites_out);

/* The Depth field (§10.2): its value, or `missing` when there is none. 400 for anything else. */
enum depth { DEPTH_0, DEPTH_1, DEPTH_INFINITY };
NODISCARD struct dav_result depth_read(const struct exchange *x, enum depth missing,
                                       enum depth *depth_out);

/* The same where ",noroot" may follow 1 or infinity, as Exchange's clients send it to PROPFIND
 * (MS-WDVSE §2.2.3): the resource itself is not meant, only what is in it. */
NODISCARD struct dav_result depth_read_noroot(const struct exchange *x, enum depth missing,
                                              enum depth *depth_out, bool *is_noroot_out);
