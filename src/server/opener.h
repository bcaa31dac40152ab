/* server/opener.h: a small process that keeps root's right to open files when davit gives it up
 * (--user), so that SIGHUP can read and reopen what only root may. */
#pragma once

#include "server/config/config.h"

/* Starts it, where `config` says that another user is to be become, and makes file_open() ask it
 * for what this process may not open. `argc` and `argv`: those of config_read(), for when it reads
 * the configuration again. Before there are threads. */
NODISCARD bool opener_start(const struct server_config *config, int argc, char **argv,
                            struct err *err);

/* Has it read the configuration again, so that it opens what that names now. */
void opener_renew(void);

/* It ends. */
void opener_stop(void);
