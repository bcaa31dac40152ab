/* cli/check_config.h: the settings of `davit check`, from its command line and a file. */
#pragma once

#include "cli/check_options.h"

/* Reads the command line and, before it, the file that it names with --config, or
 * "davit-check.conf" as it is found: in the folder of the first start that is local, otherwise in
 * this one, or in one above. What argv sets wins. "davit-check.ignore", found likewise, adds to
 * --exclude. False: `err` says what is wrong. Borrows argv. Free the command in any case. */
NODISCARD bool check_command_read(int argc, char **argv, struct check_command *command,
                                  struct err *err);

/* Appends what a run is to look at: its starts, and the settings that say so. Of two runs for which
 * it is the same one can go on with the other. No secrets are in it. */
void check_command_add_settings(const struct check_command *command, struct buf *to);

/* Prints all settings as a file has them; secrets are not shown. */
void check_command_print(const struct check_command *command);
