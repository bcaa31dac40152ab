/* `davit doctor`: its options, its signals, and what its exit status says. What is tried and what
 * it means is in doctor/.
 *
 * A first SIGINT or SIGTERM ends what is tried, and what was made is still removed; the next one
 * ends that, too, and what is left is said. The report is printed in any case: what was found
 * before is worth as much, and who has to remove something by hand must learn where it is. */
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/secret_file.h"
#include "doctor/doctor.h"
#include "doctor/report.h"
#include "text/uri.h"

enum { EXIT_UNTRIED = 3 };

struct doctor_command {
    struct doctor_options run;
    const char *format; /* NULL: text */
    const char *proxy;  /* NULL: all */
    const char *user;
    const char *password_file;
    const char *bearer_file;
    struct text_list urls;
    struct buf url, user_password, bearer;
    bool wants_help;
};

/* --- options --- */

static bool add_url(void *target, const char *value, struct err *err)
{
    (void)err; /* how many there may be is looked at when all options are known */
    text_list_add(&((struct doctor_command *)target)->urls, value);
    return true;
}

#define OPTION_TARGET struct doctor_command
static const struct option rows[] = {
#define DOCTOR_OPTION(name_, letter_, argument_, value, help_)                                     \
    {.name = (name_), .letter = (letter_), .argument = (argument_), value, .help = (help_)},
#include "cli/doctor_options.def"
#undef DOCTOR_OPTION
};

const struct option_table doctor_table = {
    .command = "davit doctor", .rows = rows, .row_count = ARRAY_LEN(rows), .operand = add_url};

static bool settle_user(struct doctor_command *command, struct err *err)
{
    const char *password = getenv("DAVIT_PASSWORD");
    bool is_whole = command->user && strchr(command->user, ':');
    if (command->password_file && (!command->user || is_whole))
        return err_set(err, 0, "--password-file needs --user with a name alone");
    if (!command->user)
        return true;
    buf_addf(&command->user_password, is_whole ? "%s" : "%s:", command->user);
    if (command->password_file) {
        if (!secret_file_read_line(command->password_file, &command->user_password, err))
            return false;
    } else if (!is_whole && password) {
        buf_add(&command->user_password, str_of_c(password));
    }
    command->run.user_password = buf_c(&command->user_password);
    return true;
}

/* With the slash that a collection has. */
static bool settle_url(struct doctor_command *command, struct err *err)
{
    struct uri uri;
    const char *given = command->urls.count ? command->urls.at[0] : NULL;
    if (command->urls.count != 1)
        return err_set(err, 0, "%s. Usage: davit doctor [OPTIONS] URL",
                       given ? "more than one URL" : "no URL");
    if (!uri_parse(str_of_c(given), &uri) || uri.query.len ||
        (!str_eq_nocase(uri.scheme, STR("http")) && !str_eq_nocase(uri.scheme, STR("https"))))
        return err_set(err, 0, "'%s' is not the http or https URL of a collection", given);
    buf_add(&command->url, str_of_c(given));
    bool has_path = uri.path.at >= given && uri.path.at < given + strlen(given);
    if (!has_path || !str_ends(uri.path, STR("/")))
        buf_add_char(&command->url, '/');
    command->run.url = buf_c(&command->url);
    return true;
}

static bool settle(struct doctor_command *command, struct err *err)
{
    struct doctor_options *run = &command->run;
    run->has_netrc |= run->netrc_file != NULL;
    if ((command->user != NULL) + (command->bearer_file != NULL) + run->has_netrc > 1)
        return err_set(err, 0, "--user, --bearer-file and --netrc cannot be used together");
    if (command->bearer_file) {
        if (!secret_file_read_token(command->bearer_file, &command->bearer, err))
            return false;
        run->bearer = buf_c(&command->bearer);
    }
    return settle_user(command, err) && settle_url(command, err);
}

static int print_help(void)
{
    printf(
        "Usage: davit doctor [OPTIONS] URL\n\n"
        "Tries a WebDAV server through whatever proxies stand in front of it, in a collection of\n"
        "its own beneath URL that it removes again, and names each mistake and its fix.\n"
        "\nOptions:\n");
    option_print(&doctor_table);
    printf("\nExit status: 0 all is well, or cannot be told, 1 there is trouble, 2 wrong usage,\n"
           "3 it could not be tried, or not to the end, or something could not be removed.\n");
    return EXIT_FINE;
}

/* --- a run --- */

static volatile sig_atomic_t interruption;

/* timeout(1) sends each of its signals twice, to the process and to its group: that is one. */
static void on_signal(int number)
{
    enum { ONE_MS = 500 };
    static int64_t last_ms; /* only here */
    int64_t now_ms = clock_mono_ms();
    (void)number;
    if (!interruption || now_ms - last_ms > ONE_MS)
        interruption++;
    last_ms = now_ms;
}

static void show_progress(const char *probe)
{
    tell(stderr, "trying %s\n", probe);
}

static enum front front_of(const char *name)
{
    size_t front = 0;
    if (!name)
        return FRONT_COUNT;
    while (!str_eq_nocase(str_of_c(name), str_of_c(front_names[front])))
        front++; /* it is one of the words of the option */
    return (enum front)front;
}

static bool print(const struct doctor_command *command, const struct diagnosis *diagnosis)
{
    struct buf text = {0};
    bool is_json = command->format && strcmp(command->format, "json") == 0;
    if (is_json)
        report_add_json(&text, diagnosis, command->run.url);
    else
        report_add_text(&text, diagnosis, front_of(command->proxy));
    tell(stdout, "%s", buf_c(&text));
    buf_done(&text);
    if (fflush(stdout) == 0)
        return true;
    tell(stderr, "davit: cannot write to standard output\n");
    return false;
}

static int run(const struct doctor_command *command)
{
    struct diagnosis diagnosis;
    struct err err;
    int status = EXIT_UNTRIED;
    (void)signal(SIGINT, on_signal);  /* cannot fail with these */
    (void)signal(SIGTERM, on_signal); /* likewise */
    if (!doctor_run(&command->run, &diagnosis, &err))
        tell(stderr, "davit: %s\n", err.text);
    else if (print(command, &diagnosis))
        status = diagnosis.trouble_count                                           ? EXIT_FAILED
                 : diagnosis.untried || diagnosis.is_interrupted || diagnosis.left ? EXIT_UNTRIED
                                                                                   : EXIT_FINE;
    diagnosis_done(&diagnosis);
    return status;
}

int cmd_doctor(int argc, char **argv)
{
    struct doctor_command command = {
        .run = {.timeout_s = 60, .upload_bytes = 2097152, .interruption = &interruption}};
    struct err err;
    int status = EXIT_USAGE;
    if (isatty(STDERR_FILENO))
        command.run.progress = show_progress;
    if (!options_read(&doctor_table, argc, argv, &command, &err) ||
        (!command.wants_help && !settle(&command, &err)))
        tell(stderr, "davit: %s\n", err.text);
    else
        status = command.wants_help ? print_help() : run(&command);
    text_list_done(&command.urls);
    buf_done(&command.url);
    buf_done(&command.user_password);
    buf_done(&command.bearer);
    return status;
}
