/* gateway/resource_tags.h: the resources that an If field names (RFC 4918 §10.4.1). */
#pragma once

#include "base/buf.h"

/* Embedded by who maps URLs. */
struct tag_mapper {
    /* Appends what the tag's URI is on the other side. False: it stays as it is. */
    bool (*map)(struct tag_mapper *mapper, struct str uri, struct buf *to);
};

/* Appends the value of an If field with its tags mapped; state tokens, entity tags and blanks are
 * copied. A value that is malformed is copied from there on. */
void resource_tags_map(struct str value, struct tag_mapper *mapper, struct buf *to);
