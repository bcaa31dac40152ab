/* `davit explain`: what a status or a precondition means. All that it knows is in tables, the same
 * that the server answers by: http/status.def, exchange/conditions.def, and cli/examples.def; it
 * asks nobody.
 *
 * Here is the command line. What an argument means is found in explain_topic.c, how it looks in
 * explain_text.c. What is not known is told on standard error and in the exit status, and does not
 * keep the others from being explained. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/explain_text.h"

enum { TOPICS_MAX = 16, WIDTH_DEFAULT = 100, WIDTH_MIN = 40, COLUMN_WIDTH = 28 };

struct explain_options {
    bool is_json, wants_help;
    size_t width; /* 0: not said */
    const char *topics[TOPICS_MAX];
    size_t topic_count;
};

static bool add_topic(void *target, const char *value, struct err *err)
{
    struct explain_options *options = target;
    if (options->topic_count == TOPICS_MAX)
        return err_set(err, 0, "more than %d arguments", TOPICS_MAX);
    options->topics[options->topic_count++] = value;
    return true;
}

#define OPTION_TARGET struct explain_options
static const struct option rows[] = {
#define EXPLAIN_OPTION(name_, letter_, argument_, value, help_)                                    \
    {.name = (name_), .letter = (letter_), .argument = (argument_), value, .help = (help_)},
#include "cli/explain_options.def"
#undef EXPLAIN_OPTION
};

const struct option_table explain_table = {
    .command = "davit explain", .rows = rows, .row_count = ARRAY_LEN(rows), .operand = add_topic};

static void print_help(void)
{
    printf("Usage: davit explain [OPTIONS] [CODE|CLASS|CONDITION|'STATUS LINE']...\n\n"
           "Says what a status means, when it is used, what its body holds, what a client should\n"
           "do. Several are compared. Without any: all codes, a line each.\n\n"
           "    davit explain 207\n"
           "    davit explain 207 200 201 202 204\n"
           "    davit explain 4xx\n"
           "    davit explain lock-token-submitted\n\nOptions:\n");
    option_print(&explain_table);
    printf("\nExit status: 0, or 1 when something is not known, 2 wrong usage.\n");
}

/* Where there is no screen, wide enough for `columns` beside each other. */
static size_t width_of_screen(size_t columns)
{
    struct winsize size;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
        return size_max(size.ws_col, WIDTH_MIN);
    return size_max(WIDTH_DEFAULT, columns * COLUMN_WIDTH);
}

static void complain(const struct explain_topic *topic)
{
    if (topic->suggestion)
        tell(stderr, "davit: unknown status or condition '%s'; did you mean '%s'?\n",
             topic->argument, topic->suggestion);
    else
        tell(stderr,
             "davit: unknown status or condition '%s'; give a status from 100 to 599, a class such "
             "as 4xx, a status line or a precondition\n",
             topic->argument);
}

/* Whether all are statuses that can be compared. */
static bool are_comparable(const struct explain_topic *topics, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (topics[i].kind != EXPLAIN_STATUS)
            return false;
    }
    return count > 1;
}

static void add_json(struct buf *out, const struct explain_topic *topics, size_t count)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < count; i++)
        explain_add_json(out, &topics[i]);
    BUF_ADD(out, "]\n");
}

static void add_text(struct buf *out, const struct explain_topic *topics, size_t count,
                     size_t width)
{
    if (are_comparable(topics, count)) {
        explain_add_comparison(out, topics, count, width);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (out->len)
            buf_add_char(out, '\n');
        explain_add_text(out, &topics[i], width);
    }
}

static int explain(const struct explain_options *options)
{
    struct explain_topic topics[TOPICS_MAX] = {0};
    struct buf out = {0};
    int status = EXIT_FINE;
    size_t width = options->width ? options->width : width_of_screen(options->topic_count);
    size_t count = options->topic_count;
    for (size_t i = 0; i < count; i++) {
        topics[i] = explain_parse(options->topics[i]);
        if (topics[i].kind == EXPLAIN_NOTHING) {
            complain(&topics[i]);
            status = EXIT_FAILED;
        }
    }
    if (count == 0) {
        static const char *const classes[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
        for (; count < ARRAY_LEN(classes); count++)
            topics[count] = explain_parse(classes[count]);
    }
    if (options->is_json)
        add_json(&out, topics, count);
    else
        add_text(&out, topics, count, width);
    if (out.len)
        (void)fwrite(out.at, 1, out.len, stdout); /* fflush() tells */
    if (fflush(stdout) != 0)
        status = EXIT_FAILED;
    buf_done(&out);
    return status;
}

int cmd_explain(int argc, char **argv)
{
    struct explain_options options = {0};
    struct err err;
    if (!options_read(&explain_table, argc, argv, &options, &err)) {
        tell(stderr, "davit: %s\n", err.text);
        return EXIT_USAGE;
    }
    if (options.wants_help) {
        print_help();
        return EXIT_FINE;
    }
    return explain(&options);
}
