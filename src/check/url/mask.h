/* check/url/mask.h: URLs as they are told to people: without their passwords. */
#pragma once

#include "base/buf.h"

bool url_has_password(struct str url);

/* Appends it, with "***" in place of a password. */
void url_add_masked(struct buf *to, struct str url);
