/* doctor/doctor.h: tries a WebDAV server through whatever stands in front of it, and says whose
 * mistake makes what fail. Blocks. */
#pragma once

#include "base/err.h"
#include "doctor/diagnosis.h"

/* False: `err` says why no request could be made at all. The diagnosis is to be done in either
 * case. */
NODISCARD bool doctor_run(const struct doctor_options *options, struct diagnosis *diagnosis,
                          struct err *err);
