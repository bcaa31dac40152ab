/* base/options.h: command lines: "--name VALUE", "--name=VALUE", for rows with a letter "-X VALUE"
 * and
 * "-XVALUE", operands, and "--" before operands that begin with '-'. */
#pragma once

#include "base/err.h"

/* A row of a command's table. */
struct option {
    const char *name;
    const char *argument; /* what it takes, for people; NULL: nothing */
    const char *help;
    char letter; /* -X is short for it; 0: nothing is */
};

enum option_rc {
    OPTION_END,
    OPTION_ROW,     /* an option, and its value (NULL where it takes none) */
    OPTION_OPERAND, /* the value is an operand */
    OPTION_WRONG,   /* `err` says what, and what was probably meant */
};

struct option_reader {
    const char *command; /* "davit serve" */
    const struct option *rows;
    size_t row_count;
    char **argv;
    int argc;
    int at;
    bool are_options_over;
};

/* Takes the next from argv. Values are parts of argv. */
NODISCARD enum option_rc option_read(struct option_reader *reader, size_t *row_out,
                                     const char **value_out, struct err *err);

/* Prints the table to standard output. */
void option_print(const struct option *rows, size_t row_count);
