/* exchange/clients/user_agent.h: whom a User-Agent names (RFC 9110 §10.1.5), and whether that is
 * one of those that an administrator means.
 *
 * A pattern is the name of a product, or several words, in any case; with a "*" at its end it may
 * go on. Behind a "/" its version may be bounded: "davfs2/<1.5", "mirall/>=3.0,<3.2". Products are
 * looked at wherever they stand, but not within comments. */
#pragma once

#include "base/err.h"
#include "base/str.h"

/* Whether it is a pattern; `err` says what is wrong with it. */
NODISCARD bool user_agent_check(struct str pattern, struct err *err);

/* `pattern` is one. A product that says no version has none within any bounds. */
bool user_agent_is(struct str agent, struct str pattern);

/* Below, at or above 0: "1.9" < "1.10", "2" = "2.0", "3.0-rc1" < "3.0". What is behind a "+" counts
 * for nothing. */
int user_agent_compare_versions(struct str a, struct str b);
