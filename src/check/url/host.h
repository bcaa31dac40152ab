/* check/url/host.h: the host parser of the URL Standard (§3.5). */
#pragma once

#include "base/buf.h"

/* Appends the host in its one form. Special schemes have domains and addresses, others any text.
 * False: it is no host; `to` then holds rubbish. */
NODISCARD bool host_parse(struct str text, bool is_special, struct buf *to);
