/* cli/complete.h: what may come next in a command line, for the completions of shells. */
#pragma once

#include "cli/command.h"

/* `davit complete WORD...`: the words behind `davit`, the last being the one that is typed, perhaps
 * empty. Prints what it may become, a line each; nothing where a file may stand. */
int complete(const struct command *commands, size_t count, int argc, char **argv);
