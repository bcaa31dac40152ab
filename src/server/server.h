/* server/server.h: the running server. */
#pragma once

#include "server/config/config.h"

/* Serves until SIGTERM or SIGINT; on SIGHUP reads the arguments and what they name again. Takes
 * what `config` holds. 0, or the exit status for a failure to start, which it logs. */
NODISCARD int server_run(struct server_config *config, int argc, char **argv);
