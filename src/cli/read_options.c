/* The command line of `davit read`: a row of read_options.def for each option, and a function here
 * for those that are no plain value. What the options mean together is checked at the end, so that
 * they may come in any order.
 *
 * Colours and the width of the screen are found out here, too: they depend on where standard output
 * goes. NO_COLOR is honoured, as https://no-color.org asks. */
#include "cli/read_options.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/secret_file.h"
#include "multistatus/print/printer.h"
#include "multistatus/reading/reading.h"

enum {
    OWN_HEADERS = 3, /* Depth, Content-Type and Idempotency-Key */
    KEY_BYTES_MAX = 255
};

/* --- whether a text will do --- */

static bool check_client(const char *value, struct err *err)
{
    static const struct lint_exchange nothing;
    struct reading *reading = reading_new(value, &nothing);
    if (!reading)
        return err_set(err, 0, "'%s' is none of %s", value, reading_clients());
    reading_free(reading);
    return true;
}

static bool check_method(const char *value, struct err *err)
{
    size_t len = 0;
    while (char_is_alpha(value[len]) || value[len] == '-')
        len++;
    return (len && !value[len]) || err_set(err, 0, "'%s' is not a method", value);
}

static bool check_target(const char *value, struct err *err)
{
    return value[0] == '/' || strstr(value, "://") ||
           err_set(err, 0, "'%s' is neither a URL nor a path", value);
}

/* --- what is no plain value --- */

static bool set_status(void *target, const char *value, struct err *err)
{
    struct read_options *options = target;
    return printer_filter_add_status(&options->printer.filter, str_of_c(value)) ||
           err_set(err, 0, "'%s' is not a list of statuses (for example 423, 4xx or 403,5xx)",
                   value);
}

static bool set_href(void *target, const char *value, struct err *err)
{
    struct read_options *options = target;
    (void)err; /* any text is a pattern */
    options->printer.filter.href = str_of_c(value);
    return true;
}

static bool set_prop(void *target, const char *value, struct err *err)
{
    struct read_options *options = target;
    return printer_filter_add_prop(&options->printer.filter, str_of_c(value)) ||
           err_set(err, 0,
                   "'%s' is not a property (for example getetag or {DAV:}getetag), or there are "
                   "more than %d",
                   value, PRINTER_PROPS_MAX);
}

static bool set_header(void *target, const char *value, struct err *err)
{
    struct read_options *options = target;
    struct fetch_request *request = &options->request;
    if (!strchr(value, ':') || strpbrk(value, "\r\n"))
        return err_set(err, 0, "'%s' is not NAME: VALUE", value);
    if (request->header_count >= FETCH_HEADERS_MAX - OWN_HEADERS)
        return err_set(err, 0, "more than %d header fields", FETCH_HEADERS_MAX - OWN_HEADERS);
    request->headers[request->header_count++] = value;
    return true;
}

/* A string of structured fields (RFC 9651 §3.3.3). */
static bool set_key(void *target, const char *value, struct err *err)
{
    struct read_options *options = target;
    struct buf *field = &options->key_field;
    buf_clear(field);
    BUF_ADD(field, "Idempotency-Key: \"");
    for (const char *c = value; *c; c++) {
        if (*c < ' ' || *c > '~')
            return err_set(err, 0, "a key is printable ASCII");
        if (*c == '"' || *c == '\\')
            buf_add_char(field, '\\');
        buf_add_char(field, *c);
    }
    buf_add_char(field, '"');
    options->key = buf_c(field);
    size_t len = strlen(value);
    return (len > 0 && len <= KEY_BYTES_MAX) ||
           err_set(err, 0, "a key has 1 to %d characters", KEY_BYTES_MAX);
}

static bool set_user(void *target, const char *value, struct err *err)
{
    struct read_options *options = target;
    const char *password = getenv("DAVIT_PASSWORD");
    int len = strchr(value, ':') ? snprintf(options->user, sizeof(options->user), "%s", value)
                                 : snprintf(options->user, sizeof(options->user), "%s:%s", value,
                                            password ? password : "");
    options->request.user = options->user;
    return (len >= 0 && (size_t)len < sizeof(options->user)) || err_set(err, 0, "it is too long");
}

static bool set_bearer_file(void *target, const char *value, struct err *err)
{
    struct read_options *options = target;
    buf_clear(&options->bearer);
    bool is_read = secret_file_read_token(value, &options->bearer, err);
    options->request.bearer = buf_c(&options->bearer);
    return is_read;
}

static bool set_netrc_file(void *target, const char *value, struct err *err)
{
    struct read_options *options = target;
    options->request.has_netrc = true;
    options->request.netrc_file = value;
    return secret_file_check(value, err);
}

static bool set_http(void *target, const char *value, struct err *err)
{
    struct read_options *options = target;
    bool is_2 = strcmp(value, "2") == 0;
    options->request.version = is_2 ? FETCH_2 : FETCH_1_1;
    return is_2 || strcmp(value, "1.1") == 0 || err_set(err, 0, "'%s' is neither 1.1 nor 2", value);
}

/* --- the table --- */

static bool add_input(void *target, const char *value, struct err *err)
{
    (void)err; /* how many there may be is looked at when all options are known */
    text_list_add(&((struct read_options *)target)->inputs, value);
    return true;
}

#define OPTION_TARGET struct read_options
static const struct option rows[] = {
#define READ_OPTION(name_, letter_, argument_, value, help_)                                       \
    {.name = (name_), .letter = (letter_), .argument = (argument_), value, .help = (help_)},
#include "cli/read_options.def"
#undef READ_OPTION
};

const struct option_table read_table = {
    .command = "davit read", .rows = rows, .row_count = ARRAY_LEN(rows), .operand = add_input};

const struct option_table batch_table = {
    .command = "davit batch", .rows = rows, .row_count = ARRAY_LEN(rows), .operand = add_input};

/* What does not go together. */
static bool check(const struct read_options *options, struct err *err)
{
    const char *format = options->format ? options->format : "table";
    bool is_json = strcmp(format, "json") == 0 || strcmp(format, "jsonl") == 0;
    bool is_table = strcmp(format, "table") == 0;
    int modes = options->wants_lint + options->wants_diff + (options->client != NULL);
    if (modes > 1)
        return err_set(err, 0,
                       "--lint, --as and --diff cannot be used together; give one at a time");
    if ((options->wants_lint || options->client) && !is_table && !is_json)
        return err_set(err, 0, "--lint and --as write text, json or jsonl, not %s", format);
    if (options->request.user && options->request.bearer)
        return err_set(err, 0, "--user and --bearer-file cannot be used together");
    if (options->wants_diff && !is_table)
        return err_set(err, 0, "--diff writes text, not %s", format);
    if (options->wants_diff && options->inputs.count != 2)
        return err_set(err, 0, "--diff needs two bodies. Usage: davit read --diff A B");
    if (!options->wants_diff && !options->wants_lint && options->inputs.count > 1)
        return err_set(err, 0, "more than one input: '%s' and '%s'", options->inputs.at[0],
                       options->inputs.at[1]);
    return true;
}

static void set_screen(struct read_options *options)
{
    struct winsize size;
    const char *no_color = getenv("NO_COLOR");
    bool is_screen = isatty(STDOUT_FILENO);
    if (is_screen && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        options->printer.width = size.ws_col;
    options->printer.has_colour =
        options->color == WHEN_ALWAYS ||
        (options->color == WHEN_AUTO && is_screen && (!no_color || !*no_color));
}

bool read_options_parse(int argc, char **argv, struct read_options *options_out, struct err *err)
{
    *options_out = (struct read_options){.request.method = "PROPFIND"};
    if (!options_read(&read_table, argc, argv, options_out, err))
        return false;
    set_screen(options_out);
    return options_out->wants_help || check(options_out, err);
}

bool batch_options_parse(int argc, char **argv, struct read_options *options_out, struct err *err)
{
    *options_out = (struct read_options){.request.method = "POST", .is_batch = true};
    if (!options_read(&batch_table, argc, argv, options_out, err))
        return false;
    set_screen(options_out);
    if (options_out->wants_help)
        return true;
    if (options_out->inputs.count != 2 || options_out->wants_diff || options_out->body_file)
        return err_set(err, 0, "Usage: davit batch [OPTIONS] FILE|- URL");
    options_out->body_file = options_out->inputs.at[0];
    options_out->inputs.at[0] = options_out->inputs.at[1];
    options_out->inputs.count = 1;
    return check(options_out, err);
}

void batch_options_print_help(void)
{
    printf("Usage: davit batch [OPTIONS] FILE|- URL\n\n"
           "Sends a batch, XML, JSON or a multipart body, to a collection, and shows what the\n"
           "operations came to, as davit read shows a 207.\n\nOptions:\n");
    option_print(&batch_table);
    printf("\nExit status: that of davit read.\n");
}

void read_options_done(struct read_options *options)
{
    text_list_done(&options->inputs);
    buf_done(&options->bearer);
    buf_done(&options->key_field);
}

void read_options_print_help(void)
{
    printf("Usage: davit read [OPTIONS] [FILE|-|URL]\n"
           "       davit read --lint [OPTIONS] FILE...\n"
           "       davit read --diff A B\n\n"
           "Shows what a 207 Multi-Status says. Reads a body, or a saved answer with its head\n"
           "(curl -i), from a file or standard input; or asks a server.\n\nOptions:\n");
    option_print(&read_table);
    printf("\nExit status: 0 every status inside is a success, 1 something failed inside, 2 wrong\n"
           "usage, 3 not a multistatus or cut off, 4 could not be fetched or read.\n");
}
