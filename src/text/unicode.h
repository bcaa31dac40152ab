/* text/unicode.h: one name, several spellings: the forms of Unicode. Only this folder knows
 * utf8proc. */
#pragma once

#include "text/path.h"

enum unicode_form {
    UNICODE_NFC,   /* composed: how names are compared, and how most programs write them */
    UNICODE_NFD,   /* decomposed: how a Mac writes them */
    UNICODE_SMALL, /* NFC, each letter as its small one: what every file system that does not tell
                    * case apart takes for one name */
    UNICODE_LOOSE, /* NFC, case folded in full ("ß" is "ss"), and what cannot be seen left out:
                    * what at least one of them takes for one name */
};

/* The text in that form, which may be the same bytes; each part between slashes by itself. A part
 * that is no UTF-8 has no other form, but for its ASCII letters. Memory from the arena. */
struct str unicode_form(struct arena *arena, struct str text, enum unicode_form form);

/* Whether both are the same in NFC. */
bool unicode_eq(struct str a, struct str b);

/* How many bytes of `path` name the collection `tree`, in whatever form; SIZE_MAX: it is not
 * within. */
size_t unicode_within(struct res_path path, struct res_path tree);

/* A letter, a digit, a mark on one of them, or what joins words, such as '_'. */
bool unicode_is_word(uint32_t character);
