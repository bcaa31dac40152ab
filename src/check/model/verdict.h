/* check/model/verdict.h: what can be said of a link: the rows of verdicts.def. */
#pragma once

#include "base/str.h"

enum verdict {
#define VERDICT(id, name, class, meaning) VERDICT_##id,
#include "check/model/verdicts.def"
#undef VERDICT
    VERDICT_COUNT,
};

enum verdict_class { CLASS_FINE, CLASS_NOTE, CLASS_FAIL, CLASS_UNKNOWN };

struct verdict_row {
    const char *name;
    enum verdict_class class;
    const char *meaning;
};
extern const struct verdict_row verdict_rows[VERDICT_COUNT];

/* A set of verdicts, a bit for each. */
typedef uint32_t verdict_set;

static inline verdict_set verdict_bit(enum verdict verdict)
{
    return (verdict_set)1 << verdict;
}

verdict_set verdicts_of_class(enum verdict_class class);

/* "broken,dns": false, and the set untouched, when one is no verdict. "fail", "note" and "all" are
 * the classes'; "tls" stands for all that begin so. Permanent redirects must be named. */
NODISCARD bool verdicts_parse(struct str names, verdict_set *set_out);

/* How a redirect differs from where it leads. */
enum redirect_kind {
    REDIRECT_NONE,
    REDIRECT_PERMANENT, /* 301, 308 */
    REDIRECT_TEMPORARY,
    REDIRECT_SLASH_ONLY,    /* permanent or not: to the same with a slash at its end, or without */
    REDIRECT_HTTP_TO_HTTPS, /* to the same, but secure */
    REDIRECT_OTHER_HOST,
    REDIRECT_KIND_COUNT,
};
const char *redirect_kind_name(enum redirect_kind kind);

/* `status` is that of the redirect; both URLs are in their one form. */
enum redirect_kind redirect_kind_of(unsigned status, struct str from, struct str to);
