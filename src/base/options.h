/* base/options.h: command lines, by a table of rows.
 *
 * Each command has its options in one .def file. The rows' names, arguments and help go into an
 * option_set; what an option does is a function in a table beside it, in the same order, so that it
 * can take the command's own type. Parsing, --help and the guess at a mistyped name all go through
 * the rows. */
#pragma once

#include "base/err.h"

struct option_row {
    const char *name;
    char letter;          /* -X is short for it; 0: nothing is */
    const char *argument; /* NULL: it takes none */
    const char *help;
};

struct option_set {
    const char *command; /* "davit serve" */
    const struct option_row *rows;
    size_t count;
};

/* Where in argv the reading is. A zeroed one with argc and argv set is at the start. */
struct options {
    int argc;
    char **argv; /* borrowed; so are the values */
    int at;
    bool are_over; /* after "--" */
};

enum options_got {
    OPTIONS_OPTION,  /* *row_out and *value_out are set; the value is NULL where it takes none */
    OPTIONS_OPERAND, /* *value_out is what stands there; a lone "-" is one */
    OPTIONS_END,
    OPTIONS_WRONG, /* err says what, and what was probably meant */
};

NODISCARD enum options_got options_next(struct options *options, const struct option_set *set,
                                        size_t *row_out, const char **value_out, struct err *err);

/* Prints the rows. */
void options_print(const struct option_set *set);
