#include <unistd.h>

#include "base/log.h"
#include "base/suggest.h"
#include "cli/admin/admin.h"
#include "cli/complete.h"

static const struct command commands[] = {
#define CLI_COMMAND(name, run, options, verbs, what) {name, run, options, verbs, what},
#include "cli/commands.def"
#undef CLI_COMMAND
};

static void print_help(FILE *to)
{
    fprintf(to, "Usage: davit COMMAND [OPTIONS] [ARGUMENTS]\n\n"
                "A WebDAV server and multi-status toolkit.\n\nCommands:\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].what);
    fprintf(to, "\n'davit COMMAND --help' says more. 'davit --version' says which davit it is.\n");
}

static int unknown(const char *name)
{
    const char *names[ARRAY_LEN(commands)];
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        names[i] = commands[i].name;
    const char *meant = suggest(name, names, ARRAY_LEN(names));
    if (meant)
        tell(stderr, "davit: there is no command '%s'; did you mean '%s'?\n", name, meant);
    else
        tell(stderr, "davit: there is no command '%s'; see davit --help\n", name);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0 || strcmp(name, "-h") == 0) {
        print_help(stdout);
        return EXIT_FINE;
    }
    if (strcmp(name, "--version") == 0) {
        printf("davit %s\n", DAVIT_VERSION);
        return EXIT_FINE;
    }
    if (strcmp(name, "complete") == 0)
        return complete(commands, ARRAY_LEN(commands), argc - 2, argv + 2);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(argc - 2, argv + 2);
    }
    return unknown(name);
}
