#include "server/config/config_read.h"

#include "base/mem.h"
#include "server/config/config_file.h"

/* The file is read before the command line, which wins: what is given there is passed over. */
static bool read_all(int argc, char **argv, struct server_config *config, struct err *err)
{
    struct option_look look = {.is_given = mem_new(config_options.row_count, sizeof(bool))};
    bool is_fine = options_look(&config_options, argc, argv, &look, err);
    if (look.operands.count) /* the root */
        look.is_given[option_find(&config_options, STR("root")) - config_options.rows] = true;
    is_fine = is_fine &&
              (!look.config || config_file_read(config, look.config, look.is_given, err)) &&
              options_read(&config_options, argc, argv, config, err) && config_check(config, err);
    text_list_done(&look.operands);
    mem_free(look.is_given);
    return is_fine;
}

/* The level of the log is the process's. */
static bool end(struct server_config *config, bool is_fine, struct server_config *config_out)
{
    if (is_fine) {
        log_set_level(config->log_level);
        *config_out = *config;
    } else {
        config_done(config);
    }
    return is_fine;
}

bool config_read(int argc, char **argv, struct server_config *config_out, struct err *err)
{
    struct server_config config = config_default();
    return end(&config, read_all(argc, argv, &config, err), config_out);
}

bool config_read_file(const char *path, struct server_config *config_out, struct err *err)
{
    struct server_config config = config_default();
    bool *is_given = mem_new(config_options.row_count, sizeof(*is_given));
    bool is_fine = !path || config_file_read(&config, path, is_given, err);
    mem_free(is_given);
    return end(&config, is_fine, config_out);
}
