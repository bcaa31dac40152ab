/* server/config.h: what `davit serve` is told. */
#pragma once

#include "base/limits.h"
#include "base/log.h"
#include "dav/service.h"
#include "io/socket.h"

enum { LISTENERS_MAX = 16, PUBLIC_NAMES_MAX = 16 };

struct server_config {
    const char *root; /* NULL: none was given */
    struct socket_address listeners[LISTENERS_MAX];
    size_t listener_count;
    bool is_anonymous;
    struct public_name public_names[PUBLIC_NAMES_MAX];
    size_t public_name_count;
    bool is_read_only;
    bool allows_infinity;
    enum store_durability durability;
    const char *state_dir;
    unsigned threads;
    unsigned workers;
    const char *user;
    const char *access_log;
    struct limits limits;
    bool wants_help;
    bool wants_limits;
};

/* Reads the arguments behind `serve`; they are borrowed. False: `err` says what is wrong and, for a
 * mistyped option, what was probably meant. */
NODISCARD bool config_read(int argc, char **argv, struct server_config *config_out,
                           struct err *err);

/* Print to standard output. */
void config_print_help(void);
void config_print_limits(const struct limits *limits);
