/* cli/explain_text.h: what is known of a topic, as text and as JSON. */
#pragma once

#include "cli/explain_topic.h"

void explain_add_text(struct buf *to, const struct explain_topic *topic, size_t width);
void explain_add_json(struct buf *to, const struct explain_topic *topic);

/* All are statuses, registered or not. */
void explain_add_comparison(struct buf *to, const struct explain_topic *topics, size_t count,
                            size_t width);
