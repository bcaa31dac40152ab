/* server/config/config_file.h: settings from a file (davit.conf(5)). */
#pragma once

#include "server/config/config.h"

/* Reads all but the options that `is_given` marks, by their rows: the command line has them. Sets
 * config->file. False: `err` names file and line. */
NODISCARD bool config_file_read(struct server_config *config, const char *path,
                                const bool *is_given, struct err *err);

/* The same from a text, into config->file, which has its path: for tests. */
NODISCARD bool config_file_parse(struct server_config *config, struct str text,
                                 const bool *is_given, struct err *err);
