/* server/server.h: the running server. */
#pragma once

#include "server/config.h"

/* Serves until SIGTERM or SIGINT. 0, or the exit status for a failure to start, which it logs. */
NODISCARD int server_run(const struct server_config *config);
