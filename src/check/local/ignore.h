/* check/local/ignore.h: what a .gitignore leaves out (gitignore(5)). */
#pragma once

#include "base/str.h"

struct ignore;

/* The rules of one folder: the text of its .gitignore. Borrows the text until freed. Gives. */
NODISCARD struct ignore *ignore_new(struct str text);
void ignore_free(struct ignore *ignore);

enum ignored { IGNORED_UNSAID, IGNORED_NO, IGNORED_YES };

/* What its rules say of `path`, which is relative to their folder and has no '/' at its ends. The
 * last rule that matches decides. */
enum ignored ignore_says(const struct ignore *ignore, struct str path, bool is_folder);
