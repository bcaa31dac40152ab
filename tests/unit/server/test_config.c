#include "support/test.h"

#include <sched.h>

#include "server/config/config_read.h"

enum { ARGS_MAX = 40 };

static int forget_log_level(__attribute__((unused)) void **state)
{
    log_set_level(LOG_INFO); /* the one option that is the process's */
    return 0;
}

/* Reads arguments that are separated by single spaces. They live until the next call. */
static bool read_args(const char *line, struct server_config *config, struct err *err)
{
    static char text[2048];
    char *args[ARGS_MAX];
    int count = 0;
    assert_true(strlen(line) < sizeof(text));
    memcpy(text, line, strlen(line) + 1);
    for (char *at = text; *at && count < ARGS_MAX; count++) {
        args[count] = at;
        at += strcspn(at, " ");
        if (*at)
            *at++ = '\0';
    }
    return config_read(count, args, config, err);
}

static struct server_config config_of(const char *line)
{
    struct server_config config;
    struct err err = {0};
    bool is_fine = read_args(line, &config, &err);
    check_str(line, str_of_c(err.text), "");
    assert_true(is_fine);
    return config;
}

static void check_listener(const struct server_config *config, size_t i, const char *expected)
{
    char text[ADDRESS_TEXT_BYTES];
    assert_true(i < config->listener_count);
    check_str(expected, str_of(text, address_format(&config->listeners[i].address, text)),
              expected);
}

TEST(config_has_defaults)
{
    cpu_set_t cpus;
    struct server_config config = config_of("dir");
    const struct limits limits = limits_default();
    assert_string_equal(config.root, "dir");
    assert_int_equal(config.listener_count, 1);
    check_listener(&config, 0, "127.0.0.1:8080");
    assert_int_equal(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
    assert_int_equal(config.threads, CPU_COUNT(&cpus));
    assert_int_equal(config.workers, 32);
    assert_int_equal(config_of("--durability lazy dir").workers, 8);
    assert_int_equal(config.durability, DURABILITY_FLUSH);
    assert_false(config.is_anonymous || config.is_read_only || config.allows_infinity);
    assert_false(config.wants_help || config.wants_limits);
    assert_null(config.state_dir);
    assert_null(config.user);
    assert_null(config.access_log);
    assert_int_equal(config.public_name_count, 0);
    assert_memory_equal(&config.limits, &limits, sizeof(limits));
}

TEST(config_sets_what_it_is_told)
{
    struct server_config config = config_of(
        "--read-only --depth-infinity allow --durability lazy --state s --threads 3 "
        "--workers 1024 --user u --access-log - dir --limit head_ms=5 --limit xml_depth=7");
    assert_true(config.is_read_only && config.allows_infinity);
    assert_int_equal(config.durability, DURABILITY_LAZY);
    assert_string_equal(config.state_dir, "s");
    assert_int_equal(config.threads, 3);
    assert_int_equal(config.workers, 1024);
    assert_string_equal(config.user, "u");
    assert_string_equal(config.access_log, "-");
    assert_string_equal(config.root, "dir");
    assert_int_equal(config.limits.head_ms, 5);
    assert_int_equal(config.limits.xml_depth, 7);
    assert_int_equal(config.limits.idle_ms, limits_default().idle_ms);
}

TEST(config_takes_arguments_in_either_way)
{
    struct server_config config =
        config_of("--state=s --user= --access-log=a=b --durability=flush --listen=[::1]:1 dir");
    assert_string_equal(config.state_dir, "s");
    assert_string_equal(config.user, "");
    assert_string_equal(config.access_log, "a=b");
    check_listener(&config, 0, "[::1]:1");
}

TEST(config_last_one_wins)
{
    struct server_config config =
        config_of("--threads 1 --threads 2 --depth-infinity allow --depth-infinity refuse dir");
    assert_int_equal(config.threads, 2);
    assert_false(config.allows_infinity);
}

TEST(config_listens_where_it_is_told)
{
    struct server_config config =
        config_of("--listen 127.0.0.2:80 --anonymous --listen [::]:0 --listen 10.0.0.1:8080 dir");
    assert_int_equal(config.listener_count, 3);
    check_listener(&config, 0, "127.0.0.2:80");
    check_listener(&config, 1, "[::]:0");
    check_listener(&config, 2, "10.0.0.1:8080");
}

TEST(config_knows_its_public_names)
{
    struct server_config config = config_of("--public-url https://dav.example.org "
                                            "--public-url http://[2001:db8::1]:8080/ dir");
    assert_int_equal(config.public_name_count, 2);
    check_str("host", config.public_names[0].host, "dav.example.org");
    check_str("port", config.public_names[0].port, "");
    check_str("host", config.public_names[1].host, "2001:db8::1");
    check_str("port", config.public_names[1].port, "8080");
}

/* Names of directories that look like something else. */
TEST(config_takes_any_directory)
{
    assert_string_equal(config_of("-- --read-only").root, "--read-only");
    assert_string_equal(config_of("--read-only -- -d").root, "-d");
    assert_string_equal(config_of("-").root, "-");
    assert_string_equal(config_of("dir --").root, "dir");
    assert_string_equal(config_of("--state --user dir").state_dir, "--user");
}

TEST(config_needs_no_directory_to_explain_itself)
{
    assert_true(config_of("--help").wants_help);
    assert_true(config_of("--help-limits").wants_limits);
    assert_true(config_of("--limit head_ms=5 --help-limits").wants_limits);
}

TEST(config_explains_what_is_wrong)
{
    static const struct {
        const char *args, *text;
    } rows[] = {
        {"", "no directory given. Usage: davit serve [OPTIONS] DIR"},
        {"--read-only", "no directory given. Usage: davit serve [OPTIONS] DIR"},
        {"a b", "more than one directory: 'a' and 'b'"},
        {"a -- b", "more than one directory: 'a' and 'b'"},
        {"--lisen 1 a", "there is no option '--lisen'; did you mean --listen?"},
        {"--readonly a", "there is no option '--readonly'; did you mean --read-only?"},
        {"-listen a", "there is no option '-listen'; did you mean --listen?"},
        {"--wibble-wobble a", "there is no option '--wibble-wobble'; see davit serve --help"},
        {"--=", "there is no option '--='; see davit serve --help"},
        {"a --state", "--state needs DIR"},
        {"a --limit", "--limit needs NAME=N"},
        {"--read-only=yes a", "--read-only takes no argument"},
        {"--anonymous= a", "--anonymous takes no argument"},
        {"--durability maybe a", "--durability: 'maybe' is neither flush nor lazy"},
        {"--durability= a", "--durability: '' is neither flush nor lazy"},
        {"--depth-infinity Allow a", "--depth-infinity: 'Allow' is neither refuse nor allow"},
        {"--threads 0 a", "--threads: '0' is not a number from 1 to 1024"},
        {"--threads 1025 a", "--threads: '1025' is not a number from 1 to 1024"},
        {"--workers -1 a", "--workers: '-1' is not a number from 1 to 1024"},
        {"--workers 99999999999999999999 a",
         "--workers: '99999999999999999999' is not a number from 1 to 1024"},
        {"--workers 1.5 a", "--workers: '1.5' is not a number from 1 to 1024"},
        {"--log-level loud a", "--log-level: 'loud' is none of error, warn, info and debug"},
        {"--limit head_ms a", "--limit: 'head_ms' is not NAME=N with a number of at least 1"},
        {"--limit head_ms= a", "--limit: 'head_ms=' is not NAME=N with a number of at least 1"},
        {"--limit head_ms=0 a", "--limit: 'head_ms=0' is not NAME=N with a number of at least 1"},
        {"--limit head_ms=1k a", "--limit: 'head_ms=1k' is not NAME=N with a number of at least 1"},
        {"--limit =1 a", "--limit: there is no limit ''; see --help-limits"},
        {"--limit heads=1 a", "--limit: there is no limit 'heads'; see --help-limits"},
        {"--listen 80 a", "--listen: '80' is not ADDRESS:PORT"},
        {"--listen example.org:80 a",
         "--listen: 'example.org:80' does not begin with an IP address (IPv6: [::1]:8080)"},
        {"--public-url dav.example.org a",
         "--public-url: 'dav.example.org' is not a URL (for example https://dav.example.org/)"},
        {"--public-url /path a",
         "--public-url: '/path' is not a URL (for example https://dav.example.org/)"},
        {"--public-url https://h/path a",
         "--public-url: 'https://h/path' has a path, but a proxy must pass paths on unchanged"},
        {"--public-url https://h/?q a",
         "--public-url: 'https://h/?q' has a path, but a proxy must pass paths on unchanged"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct server_config config = {.threads = 42};
        struct err err = {0};
        check_that(rows[i].args, !read_args(rows[i].args, &config, &err));
        check_str(rows[i].args, str_of_c(err.text), rows[i].text);
        check_int(rows[i].args, config.threads, 42);
    }
}

/* Whoever can reach a server without sign-in may do everything: that must be said. */
TEST(config_serves_others_only_when_told)
{
    static const char *const rows[] = {"--listen 0.0.0.0:80 a", "--listen [::]:80 a",
                                       "--listen 10.0.0.1:80 a",
                                       "--listen 127.0.0.1:80 --listen [2001:db8::1]:80 a"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct server_config config = {.threads = 42};
        struct err err = {0};
        check_that(rows[i], !read_args(rows[i], &config, &err));
        check_that(rows[i], strstr(err.text, "can be reached from other machines"));
        check_that(rows[i], strstr(err.text, "--anonymous"));
        check_int(rows[i], config.threads, 42);
    }
}

static void check_repeated(const char *option, size_t most, const char *text)
{
    struct buf line = {0};
    struct server_config config;
    struct err err = {0};
    for (size_t i = 0; i < most; i++)
        buf_addf(&line, "%s ", option);
    BUF_ADD(&line, "dir");
    check_that(option, read_args(buf_c(&line), &config, &err));
    buf_addf(&line, " %s", option);
    check_that(option, !read_args(buf_c(&line), &config, &err));
    check_str(option, str_of_c(err.text), text);
    buf_done(&line);
}

TEST(config_bounds_what_may_be_repeated)
{
    check_repeated("--listen=[::1]:0", LISTENERS_MAX,
                   "--listen: more than 16 addresses to listen on");
    check_repeated("--public-url=http://h", PUBLIC_NAMES_MAX, "--public-url: more than 16 URLs");
}

TEST(config_sets_the_level_of_the_log)
{
    (void)config_of("--log-level debug dir"); /* the log is the process's */
    assert_true(log_is_on(LOG_DEBUG));
    (void)config_of("--log-level error dir"); /* likewise */
    assert_false(log_is_on(LOG_WARN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(config_has_defaults),
        cmocka_unit_test(config_sets_what_it_is_told),
        cmocka_unit_test(config_takes_arguments_in_either_way),
        cmocka_unit_test(config_last_one_wins),
        cmocka_unit_test(config_listens_where_it_is_told),
        cmocka_unit_test(config_knows_its_public_names),
        cmocka_unit_test(config_takes_any_directory),
        cmocka_unit_test(config_needs_no_directory_to_explain_itself),
        cmocka_unit_test(config_explains_what_is_wrong),
        cmocka_unit_test(config_serves_others_only_when_told),
        cmocka_unit_test(config_bounds_what_may_be_repeated),
        cmocka_unit_test_teardown(config_sets_the_level_of_the_log, forget_log_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
