/* `davit cert self-signed`: a certificate and its key, to try TLS with. What is in them is decided
 * in io/self_signed.c; this file has the options and the files.
 *
 * Nothing is ever overwritten: a key that is lost is lost, and who wants a new pair can say where.
 * The key is its owner's alone from the moment it has a name, and it is written first, so that a
 * certificate never stands there without one. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "cli/command.h"
#include "io/self_signed.h"
#include "text/date.h"

enum { NAMES_MAX = 64, DAYS_MAX = 36500 };

struct cert_config {
    struct text_list names;
    unsigned days;
    const char *out; /* NULL: none was given */
    bool wants_help;
};

/* --- options --- */

#define OPTION_TARGET struct cert_config
static const struct option rows[] = {
#define CERT_OPTION(name_, letter_, argument_, value, help_)                                       \
    {.name = (name_), .letter = (letter_), .argument = (argument_), value, .help = (help_)},
#include "cli/admin/cert_options.def"
#undef CERT_OPTION
};

const struct option_table cert_table = {
    .command = "davit cert self-signed", .rows = rows, .row_count = ARRAY_LEN(rows)};

static bool read_arguments(struct cert_config *config, int argc, char **argv, struct err *err)
{
    static const char *const of_this_machine[] = {"localhost", "127.0.0.1", "::1"};
    if (!options_read(&cert_table, argc, argv, config, err))
        return false;
    if (config->names.count > NAMES_MAX)
        return err_set(err, 0, "--name: more than %d names", NAMES_MAX);
    if (!config->out && !config->wants_help)
        return err_set(
            err, 0,
            "no directory for the files. Usage: davit cert self-signed [OPTIONS] --out DIR");
    if (config->names.count)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(of_this_machine); i++)
        text_list_add(&config->names, of_this_machine[i]);
    return true;
}

/* --- files --- */

static bool write_all(int fd, struct str text)
{
    while (text.len) {
        ssize_t done = write(fd, text.at, text.len);
        if (done < 0)
            return false;
        text = str_from(text, (size_t)done);
    }
    return true;
}

static bool write_file(int dir, const char *name, struct str text, mode_t mode, struct err *err)
{
    int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0 && errno == EEXIST)
        return err_set(err, errno, "'%s' already exists and is left as it is", name);
    if (fd < 0)
        return err_sys(err, errno, "cannot create '%s'", name);
    bool is_fine = write_all(fd, text) && fsync(fd) == 0;
    if (!is_fine)
        err_sys(err, errno, "cannot write '%s'", name);
    if (close(fd) < 0 && is_fine)
        is_fine = err_sys(err, errno, "cannot write '%s'", name);
    if (!is_fine)
        (void)unlinkat(dir, name, 0); /* half a file is none */
    return is_fine;
}

static bool write_pair(const char *out, const struct self_signed *made, struct err *err)
{
    if (mkdir(out, 0700) < 0 && errno != EEXIST)
        return err_sys(err, errno, "cannot create '%s'", out);
    int dir = open(out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return err_sys(err, errno, "cannot open '%s'", out);
    bool is_fine = write_file(dir, "key.pem", buf_str(&made->key), 0600, err);
    if (is_fine && !write_file(dir, "cert.pem", buf_str(&made->certificate), 0644, err)) {
        (void)unlinkat(dir, "key.pem", 0); /* of no use to anybody */
        is_fine = false;
    }
    fd_close(dir);
    return is_fine;
}

static void announce(const struct cert_config *config, const struct self_signed *made)
{
    struct buf text = {0};
    for (size_t i = 0; i < config->names.count; i++)
        buf_addf(&text, "%s%s", i ? ", " : "", config->names.at[i]);
    BUF_ADD(&text, ", valid until ");
    iso_date_add(&text, made->until_s);
    tell(stdout, "%s/cert.pem: for %s\n", config->out, buf_c(&text));
    tell(stdout, "%s/key.pem: its key, for you alone\n", config->out);
    tell(stdout, "SHA-256 %.*s\n\n", STR_ARGS(buf_str(&made->fingerprint)));
    tell(stdout, "davit serve --tls-cert %s/cert.pem --tls-key %s/key.pem DIR\n", config->out,
         config->out);
    buf_done(&text);
}

static int print_help(void)
{
    printf("Usage: davit cert self-signed [OPTIONS] --out DIR\n\n"
           "Makes a certificate that nobody vouches for, to try TLS with.\n\nOptions:\n");
    option_print(&cert_table);
    return EXIT_FINE;
}

static int make_pair(const struct cert_config *config)
{
    struct self_signed_wish wish = {config->names.at, config->names.count, config->days};
    struct self_signed made = {0};
    struct err err;
    bool is_fine = self_signed_make(&wish, &made, &err) && write_pair(config->out, &made, &err);
    if (is_fine)
        announce(config, &made);
    else
        tell(stderr, "davit: %s\n", err.text);
    self_signed_done(&made);
    return is_fine ? EXIT_FINE : EXIT_FAILED;
}

static int self_signed(int argc, char **argv)
{
    struct cert_config config = {.days = 365};
    struct err err;
    int status = EXIT_USAGE;
    if (!read_arguments(&config, argc, argv, &err))
        tell(stderr, "davit: %s\n", err.text);
    else
        status = config.wants_help ? print_help() : make_pair(&config);
    text_list_done(&config.names);
    return status;
}

int cmd_cert(int argc, char **argv)
{
    if (argc > 0 && strcmp(argv[0], "self-signed") == 0)
        return self_signed(argc - 1, argv + 1);
    bool wants_help = argc > 0 && strcmp(argv[0], "--help") == 0;
    fprintf(wants_help ? stdout : stderr,
            "Usage: davit cert self-signed [--name HOST]... [--days N] --out DIR\n");
    return wants_help ? EXIT_FINE : EXIT_USAGE;
}
