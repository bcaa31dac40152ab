/* server/config.h: what `davit serve` is told. */
#pragma once

#include "base/limits.h"
#include "base/log.h"
#include "dav/service.h"
#include "io/socket.h"
#include "io/tls.h"

enum { LISTENERS_MAX = 16, PUBLIC_NAMES_MAX = 16 };

enum listener_kind {
    LISTEN_MAIN,     /* TLS where there is a certificate, otherwise in the clear */
    LISTEN_PLAIN,    /* in the clear whatever there is */
    LISTEN_REDIRECT, /* in the clear, and all it says is where TLS is to be had */
};

struct listener_config {
    struct socket_address address;
    enum listener_kind kind;
};

struct server_config {
    const char *root; /* NULL: none was given */
    struct listener_config listeners[LISTENERS_MAX];
    size_t listener_count;
    bool is_anonymous;
    struct public_name public_names[PUBLIC_NAMES_MAX];
    size_t public_name_count;
    struct tls_options tls; /* no pairs: no TLS */
    size_t tls_key_count;
    const char *hsts; /* seconds; NULL: nothing is said of them */
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
