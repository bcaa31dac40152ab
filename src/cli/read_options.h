/* cli/read_options.h: what `davit read` is told. */
#pragma once

#include "cli/command.h"
#include "client/fetch.h"
#include "multistatus/print/printer.h"

struct read_options {
    const char *format; /* NULL: not said */
    struct printer_options printer;
    bool wants_lint, wants_diff, wants_help;
    const char *client; /* NULL: none */
    struct fetch_request request;
    const char *depth;     /* NULL: not said */
    const char *body_file; /* NULL: none */
    struct buf key_field;
    const char *key;    /* Idempotency-Key, as it is sent; NULL: none */
    bool is_batch;      /* that is one, and is sent as what it is */
    const char *target; /* NULL: not said */
    struct text_list inputs;
    enum when color;
    char user[512];
    struct buf bearer;
};

/* Reads the arguments behind `read`; they are borrowed. False: `err` says what is wrong. */
NODISCARD bool read_options_parse(int argc, char **argv, struct read_options *options_out,
                                  struct err *err);
void read_options_print_help(void);

/* The same of the arguments behind `batch`, which become those of a `read`. */
NODISCARD bool batch_options_parse(int argc, char **argv, struct read_options *options_out,
                                   struct err *err);
void batch_options_print_help(void);
void read_options_done(struct read_options *options);
