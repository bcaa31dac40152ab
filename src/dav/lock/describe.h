/* dav/lock/describe.h: locks as XML (RFC 4918 §14 and §15.8). */
#pragma once

#include "store/types.h"

struct exchange;

/* Appends the content of lockdiscovery: an activelock for each lock, with its token unless that is
 * hidden from whoever asks. */
void lock_describe(struct buf *to, const struct exchange *x, const struct lock_list *locks);

/* The content of supportedlock: what LOCK accepts. */
#define LOCK_SUPPORTED_XML                                                                         \
    "<D:lockentry><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>"    \
    "</D:lockentry><D:lockentry><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/>"      \
    "</D:locktype></D:lockentry>"
