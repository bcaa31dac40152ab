/* doctor/report.h: a diagnosis, for people and for programs. */
#pragma once

#include "base/buf.h"
#include "doctor/diagnosis.h"

/* Only the words of that proxy; FRONT_COUNT: of all. */
void report_add_text(struct buf *to, const struct diagnosis *diagnosis, enum front front);
/* One object. */
void report_add_json(struct buf *to, const struct diagnosis *diagnosis, const char *url);
