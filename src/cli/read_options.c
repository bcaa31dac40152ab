/* The command line of `davit read`: a row of read.def and a function here for each option. What the
 * options mean together is checked at the end, so that they may come in any order.
 *
 * Colours and the width of the screen are found out here, too: they depend on where standard output
 * goes. NO_COLOR is honoured, as https://no-color.org asks.
 *
 * Values are borrowed from argv, which lives as long as the process does. */
#include "cli/read_options.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/options.h"
#include "base/suggest.h"
#include "multistatus/reading/reading.h"
#include "multistatus/view/view.h"

/* --- one function for each option; true, or false with err set --- */

static bool set_format(struct read_options *options, const char *value, struct err *err)
{
    static const char *const names[] = {"table", "json", "jsonl", "csv", "summary", "xml"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(value, names[i]) == 0) {
            options->format = names[i];
            return true;
        }
    }
    return err_set(err, 0, "--format '%s' is none of %s", value, view_formats());
}

static bool set_failed(struct read_options *options, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return options->view.filter.is_failed = true;
}

static bool set_status(struct read_options *options, const char *value, struct err *err)
{
    return view_filter_add_status(&options->view.filter, str_of_c(value)) ||
           err_set(err, 0, "--status '%s' is not like 423, 4xx or 403,5xx", value);
}

static bool set_href(struct read_options *options, const char *value, struct err *err)
{
    (void)err; /* any text is a pattern */
    options->view.filter.href = str_of_c(value);
    return true;
}

static bool set_prop(struct read_options *options, const char *value, struct err *err)
{
    return view_filter_add_prop(&options->view.filter, str_of_c(value)) ||
           err_set(err, 0,
                   "--prop '%s' is not like getetag or {DAV:}getetag, or there are more "
                   "than %d",
                   value, VIEW_PROPS_MAX);
}

static bool set_strict(struct read_options *options, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return options->view.filter.is_strict = true;
}

static bool set_lint(struct read_options *options, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return options->wants_lint = true;
}

static bool set_client(struct read_options *options, const char *value, struct err *err)
{
    static const struct lint_exchange nothing;
    struct reading *reading = reading_new(value, &nothing);
    options->client = value;
    if (!reading)
        return err_set(err, 0, "--as '%s' is none of %s", value, reading_clients());
    reading_free(reading);
    return true;
}

static bool set_diff(struct read_options *options, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return options->wants_diff = true;
}

static bool set_method(struct read_options *options, const char *value, struct err *err)
{
    for (const char *c = value; *c; c++) {
        if (!char_is_alpha(*c) && *c != '-')
            return err_set(err, 0, "--method '%s' is no method", value);
    }
    options->request.method = value;
    return *value || err_set(err, 0, "--method is empty");
}

static bool set_depth(struct read_options *options, const char *value, struct err *err)
{
    options->depth = value;
    return strcmp(value, "0") == 0 || strcmp(value, "1") == 0 || strcmp(value, "infinity") == 0 ||
           err_set(err, 0, "--depth '%s' is none of 0, 1 and infinity", value);
}

static bool set_body(struct read_options *options, const char *value, struct err *err)
{
    (void)err; /* opening it will tell */
    options->body_file = value;
    return true;
}

static bool set_header(struct read_options *options, const char *value, struct err *err)
{
    struct fetch_request *request = &options->request;
    if (!strchr(value, ':') || strpbrk(value, "\r\n"))
        return err_set(err, 0, "--header '%s' is not NAME: VALUE", value);
    if (request->header_count >= FETCH_HEADERS_MAX - 2) /* Depth and Content-Type come, too */
        return err_set(err, 0, "more than %d --header", FETCH_HEADERS_MAX - 2);
    request->headers[request->header_count++] = value;
    return true;
}

static bool set_user(struct read_options *options, const char *value, struct err *err)
{
    const char *password = getenv("DAVIT_PASSWORD");
    int len = strchr(value, ':') ? snprintf(options->user, sizeof(options->user), "%s", value)
                                 : snprintf(options->user, sizeof(options->user), "%s:%s", value,
                                            password ? password : "");
    options->request.user = options->user;
    return (len >= 0 && (size_t)len < sizeof(options->user)) ||
           err_set(err, 0, "--user is too long");
}

static bool set_http(struct read_options *options, const char *value, struct err *err)
{
    bool is_2 = strcmp(value, "2") == 0;
    options->request.version = is_2 ? FETCH_2 : FETCH_1_1;
    return is_2 || strcmp(value, "1.1") == 0 ||
           err_set(err, 0, "--http '%s' is neither 1.1 nor 2", value);
}

static bool set_insecure(struct read_options *options, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return options->request.is_insecure = true;
}

static bool set_timeout(struct read_options *options, const char *value, struct err *err)
{
    uint64_t seconds;
    if (!str_parse_u64(str_of_c(value), &seconds) || seconds < 1 || seconds > 86400)
        return err_set(err, 0, "--timeout '%s' is no number from 1 to 86400", value);
    options->request.timeout_s = (unsigned)seconds;
    return true;
}

static bool set_target(struct read_options *options, const char *value, struct err *err)
{
    options->target = value;
    return value[0] == '/' || strstr(value, "://") ||
           err_set(err, 0, "--target '%s' is neither a URL nor a path", value);
}

static bool set_color(struct read_options *options, const char *value, struct err *err)
{
    if (strcmp(value, "auto") == 0)
        return true;
    options->view.has_colour = strcmp(value, "always") == 0;
    return options->view.has_colour || strcmp(value, "never") == 0 ||
           err_set(err, 0, "--color '%s' is none of auto, always and never", value);
}

static bool set_help(struct read_options *options, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return options->wants_help = true;
}

/* --- the table --- */

static const struct option rows[] = {
#define READ_OPTION(name, letter, argument, set, help) {name, argument, help, letter},
#include "cli/read.def"
#undef READ_OPTION
};

static const struct option_table table = {
    .command = "davit read", .rows = rows, .row_count = ARRAY_LEN(rows)};

static bool (*const setters[])(struct read_options *options, const char *value, struct err *err) = {
#define READ_OPTION(name, letter, argument, set, help) set,
#include "cli/read.def"
#undef READ_OPTION
};

static bool add_input(struct read_options *options, const char *value, struct err *err)
{
    (void)err; /* how many there may be is looked at when all options are known */
    options->inputs[options->input_count++] = value;
    return true;
}

/* What does not go together. */
static bool check(const struct read_options *options, struct err *err)
{
    const char *format = options->format ? options->format : "table";
    bool is_json = strcmp(format, "json") == 0 || strcmp(format, "jsonl") == 0;
    bool is_table = strcmp(format, "table") == 0;
    int modes = options->wants_lint + options->wants_diff + (options->client != NULL);
    if (modes > 1)
        return err_set(err, 0, "--lint, --as and --diff are three things: one at a time");
    if ((options->wants_lint || options->client) && !is_table && !is_json)
        return err_set(err, 0, "--lint and --as write text, json or jsonl, and no %s", format);
    if (options->wants_diff && !is_table)
        return err_set(err, 0, "--diff writes text, and no %s", format);
    if (options->wants_diff && options->input_count != 2)
        return err_set(err, 0, "--diff needs two bodies. Usage: davit read --diff A B");
    if (!options->wants_diff && !options->wants_lint && options->input_count > 1)
        return err_set(err, 0, "more than one input: '%s' and '%s'", options->inputs[0],
                       options->inputs[1]);
    return true;
}

/* NULL where the row is not in the command line. */
static void set_screen(struct read_options *options, bool has_color_option)
{
    struct winsize size;
    const char *no_color = getenv("NO_COLOR");
    if (!isatty(STDOUT_FILENO))
        return;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        options->view.width = size.ws_col;
    if (!has_color_option)
        options->view.has_colour = !no_color || !*no_color;
}

bool read_options_parse(int argc, char **argv, struct read_options *options_out, struct err *err)
{
    struct option_reader reader = {.table = &table, .argv = argv, .argc = argc};
    struct read_options *options = options_out;
    bool has_color_option = false;
    const char *value;
    size_t row;
    *options = (struct read_options){.request.method = "PROPFIND",
                                     .inputs = mem_new((size_t)argc + 1, sizeof(char *))};
    for (;;) {
        switch (option_read(&reader, &row, &value, err)) {
        case OPTION_ROW:
            has_color_option |= setters[row] == set_color && strcmp(value, "auto") != 0;
            if (!setters[row](options, value, err))
                return false;
            break;
        case OPTION_OPERAND:
            if (!add_input(options, value, err))
                return false;
            break;
        case OPTION_END:
            set_screen(options, has_color_option);
            return options->wants_help || check(options, err);
        case OPTION_WRONG:
            return false;
        }
    }
}

void read_options_done(struct read_options *options)
{
    mem_free(options->inputs);
}

void read_options_print_help(void)
{
    printf("Usage: davit read [OPTIONS] [FILE|-|URL]\n"
           "       davit read --lint [OPTIONS] FILE...\n"
           "       davit read --diff A B\n\n"
           "Shows what a 207 Multi-Status says. Reads a body, or a saved answer with its head\n"
           "(curl -i), from a file or standard input; or asks a server.\n\nOptions:\n");
    option_print(&table);
    printf("\nExit status: 0 every status inside is a success, 1 something failed inside, 2 wrong\n"
           "usage, 3 not a multistatus or cut off, 4 could not be fetched or read.\n");
}
