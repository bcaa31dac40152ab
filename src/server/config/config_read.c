#include "server/config/config_read.h"

#include "base/mem.h"
#include "server/config/config_file.h"

/* Which options the command line has, and the file that it names: read before it, and it wins.
 * `is_given`: one for each row. */
static bool look_ahead(int argc, char **argv, bool *is_given, const char **path, struct err *err)
{
    const struct option *rows = config_options.rows;
    const size_t root_row = (size_t)(option_find(&config_options, STR("root")) - rows);
    struct option_reader reader = {.table = &config_options, .argv = argv, .argc = argc};
    enum option_rc rc;
    const char *value;
    size_t row;
    while ((rc = option_read(&reader, &row, &value, err)) != OPTION_END) {
        if (rc == OPTION_WRONG)
            return false;
        is_given[rc == OPTION_OPERAND ? root_row : row] = true; /* an operand is the root */
        if (rc == OPTION_ROW && strcmp(rows[row].name, "config") == 0)
            *path = value;
    }
    return true;
}

static bool read_all(int argc, char **argv, struct server_config *config, struct err *err)
{
    bool *is_given = mem_new(config_options.row_count, sizeof(*is_given));
    const char *path = NULL;
    bool is_fine = look_ahead(argc, argv, is_given, &path, err) &&
                   (!path || config_file_read(config, path, is_given, err)) &&
                   options_read(&config_options, argc, argv, config, err) &&
                   config_check(config, err);
    mem_free(is_given);
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
