#include "base/log.h"
#include "cli/command.h"
#include "server/config/config_read.h"
#include "server/server.h"

int cmd_serve(int argc, char **argv)
{
    struct server_config config;
    struct err err;
    if (!config_read(argc, argv, &config, &err)) {
        tell(stderr, "davit: %s\n", err.text);
        return EXIT_USAGE;
    }
    if (config.wants_help)
        config_print_help();
    else if (config.wants_limits)
        config_print_limits(&config.limits);
    else
        return server_run(&config, argc, argv) == 0 ? EXIT_FINE : EXIT_FAILED;
    config_done(&config);
    return EXIT_FINE;
}
