/* server/extensions.h: the shared objects that a configuration names. */
#pragma once

#include "server/config/config.h"

/* All extensions, once in a process: those that davit has, and those of the file. */
NODISCARD bool server_extend(const struct server_config *config, struct err *err);

/* Whether a configuration that is read later names the same: what is loaded stays. */
NODISCARD bool server_extends_alike(const struct server_config *config,
                                    const struct server_config *other, struct err *err);
