/* cli/admin/admin.h: what the commands for administrators share: their options, and the verbs
 * behind the command's name. */
#pragma once

#include "base/err.h"
#include "server/config/config.h"

enum { OPERANDS_MAX = 4 };

/* Whose option a row of options.def is, as bits. */
enum admin_command { USER = 1, TOKEN = 2, RULE = 4, CONFIG = 8, GATEWAY = 16, UPLOAD = 32 };

struct admin {
    struct server_config config; /* of -c FILE, or the defaults; with --users and so on in it */
    const char *config_path;     /* this and the others: NULL where none was given */
    const char *users;
    const char *tokens;
    const char *app_passwords;
    const char *realm;
    const char *password_file;
    const char *path;
    const char *note;
    const char *from;
    const char *format; /* NULL: text */
    const char *state;
    int64_t expires_s; /* 0: never */
    bool is_read_only;
    bool is_link;
    bool has_md5; /* davit user: also keys for Digest with MD5 */
    bool wants_help;
    const char *operands[OPERANDS_MAX];
    size_t operand_count;
};

struct admin_verb {
    const char *name;
    const char *operands; /* for people: "NAME" */
    size_t operand_count;
    int (*run)(struct admin *admin);
    const char *help;
    size_t optional_count; /* operands that there may be besides */
};

struct admin_verbs {
    const struct option_table *options;
    const struct admin_verb *rows;
    size_t count;
};

extern const struct admin_verbs user_verbs;
extern const struct admin_verbs token_verbs;
extern const struct admin_verbs rule_verbs;
extern const struct admin_verbs config_verbs;
extern const struct admin_verbs gateway_verbs;
extern const struct admin_verbs upload_verbs;

/* Reads `davit COMMAND VERB …` and runs the verb. Returns the exit status. */
int admin_run(const struct admin_verbs *verbs, int argc, char **argv);

/* Prints `davit: …` and returns EXIT_FAILED. */
int admin_fail(const struct err *err);
