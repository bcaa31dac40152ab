#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "io/socket.h"

TEST(address_is_read_and_written)
{
    static const struct {
        const char *text, *again;
        bool is_loopback;
    } rows[] = {
        {"127.0.0.1:8080", "127.0.0.1:8080", true},
        {"127.255.1.2:1", "127.255.1.2:1", true},
        {"0.0.0.0:0", "0.0.0.0:0", false},
        {"10.0.0.1:65535", "10.0.0.1:65535", false},
        {"128.0.0.1:80", "128.0.0.1:80", false},
        {"127.0.0.1:0080", "127.0.0.1:80", true},
        {"[::1]:8080", "[::1]:8080", true},
        {"[::]:80", "[::]:80", false},
        {"[2001:DB8:0:0::1]:80", "[2001:db8::1]:80", false},
        {"[fe80::1]:80", "[fe80::1]:80", false},
        /* as a listener for both kinds tells of an IPv4 client */
        {"[::ffff:127.0.0.1]:80", "127.0.0.1:80", true},
        {"[::ffff:10.0.0.1]:80", "10.0.0.1:80", false},
        {"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct socket_address address;
        struct err err = {0};
        char text[ADDRESS_TEXT_BYTES];
        check_that(rows[i].text, address_parse(rows[i].text, &address, &err));
        size_t len = address_format(&address, text);
        check_str(rows[i].text, str_of(text, len), rows[i].again);
        check_int(rows[i].text, text[len], '\0');
        check_int(rows[i].text, address_is_loopback(&address), rows[i].is_loopback);
    }
}

TEST(address_refuses_what_is_none)
{
    static const char *const rows[] = {
        "",
        ":",
        "80",
        ":80",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:80x",
        "127.0.0.1:-1",
        "127.0.0.1:+1",
        "127.0.0.1: 80",
        "127.0.0.1:65536",
        "127.0.0.1:99999999999999999999",
        "127.0.0.1:80:",
        "127.0.0:80",
        "127.0.0.256:80",
        "127.0.0.1.1:80",
        "0x7f.0.0.1:80",
        " 127.0.0.1:80",
        "localhost:80",
        "*:80",
        "::1:80",
        "[::1]",
        "[::1]80",
        "[::1:80",
        "::1]:80",
        "[]:80",
        "[:80",
        "]:80",
        "[[::1]]:80",
        "[127.0.0.1]:80",
        "[::1%lo]:80",
        "[:::1]:80",
        "http://127.0.0.1:80",
        "127.0.0.1111111111111111111111111111111111111111111111111111111111111111111:80",
        "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:80"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct socket_address address = {.len = 42};
        struct err err = {0};
        check_that(rows[i], !address_parse(rows[i], &address, &err));
        check_int(rows[i], address.len, 42);
        check_that(rows[i], strlen(err.text) > 0);
    }
}

TEST(address_of_both_families)
{
    static const struct {
        const char *text, *v4, *v6;
    } rows[] = {
        {"localhost:8080", "127.0.0.1:8080", "[::1]:8080"},
        {"LocalHost:0", "127.0.0.1:0", "[::1]:0"},
        {":80", "0.0.0.0:80", "[::]:80"},
    };
    static const char *const others[] = {
        "",
        ":",
        "localhost",
        "localhost:",
        ":x",
        ":65536",
        ":80:",
        "localhost.:80",
        "a:80",
        "127.0.0.1:80",
        ":11111111111111111111111111111111111111111111111111111111111111111111111111111111111111"};
    struct socket_address both[2];
    char text[ADDRESS_TEXT_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check_that(rows[i].text, address_parse_both(rows[i].text, both));
        check_str(rows[i].text, str_of(text, address_format(&both[0], text)), rows[i].v4);
        check_str(rows[i].text, str_of(text, address_format(&both[1], text)), rows[i].v6);
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        check_that(others[i], !address_parse_both(others[i], both));
}

static void open_listener(int *fd, struct socket_address *address)
{
    struct socket_address any;
    struct err err = {0};
    assert_true(address_parse("127.0.0.1:0", &any, &err));
    assert_true(socket_listen(&any, fd, address, &err));
}

TEST(listen_tells_the_port_that_it_got)
{
    struct socket_address address;
    struct err err = {0};
    char text[ADDRESS_TEXT_BYTES];
    int fd, other = -1;
    open_listener(&fd, &address);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    (void)address_format(&address, text); /* the length is not needed */
    assert_true(strncmp(text, "127.0.0.1:", 10) == 0 && strcmp(text, "127.0.0.1:0") != 0);

    /* and that it is taken */
    assert_false(socket_listen(&address, &other, &address, &err));
    assert_int_equal(err.code, EADDRINUSE);
    assert_non_null(strstr(err.text, text));
    assert_int_equal(other, -1);
    close(fd);
}

TEST(listen_refuses_an_address_of_another_machine)
{
    struct socket_address elsewhere, bound;
    struct err err = {0};
    int fd = -1;
    assert_true(address_parse("192.0.2.1:0", &elsewhere, &err)); /* RFC 5737: nobody's */
    assert_false(socket_listen(&elsewhere, &fd, &bound, &err));
    assert_int_equal(err.code, EADDRNOTAVAIL);
    assert_int_equal(fd, -1);
}

static int option_of(int fd, int level, int option)
{
    int value = -1;
    socklen_t len = sizeof(value);
    assert_int_equal(getsockopt(fd, level, option, &value, &len), 0);
    return value;
}

TEST(accept_gives_a_connection_that_does_not_wait)
{
    struct socket_address address, peer, own = {.len = sizeof(own.storage)};
    char text[2][ADDRESS_TEXT_BYTES];
    int fd;
    open_listener(&fd, &address);
    assert_int_equal(socket_accept(fd, &peer), -1);
    assert_int_equal(errno, EAGAIN);

    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (const struct sockaddr *)&address.storage, address.len), 0);
    int conn = socket_accept(fd, &peer);
    assert_true(conn >= 0);
    assert_true(fcntl(conn, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(conn, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(option_of(conn, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(getsockname(client, (struct sockaddr *)&own.storage, &own.len), 0);
    (void)address_format(&peer, text[0]); /* the lengths are not needed */
    (void)address_format(&own, text[1]);
    assert_string_equal(text[0], text[1]);
    close(conn);
    close(client);
    close(fd);
}

/* The congestion control of what is accepted on `text`, or of a new socket where that is NULL. */
static void congestion_control_of(const char *text, char name_out[16])
{
    struct socket_address wanted, address, peer;
    struct err err;
    socklen_t len = 16;
    int fd = -1;
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int conn = client;
    assert_true(client >= 0);
    if (text) {
        assert_true(address_parse(text, &wanted, &err));
        assert_true(socket_listen(&wanted, &fd, &address, &err));
        assert_int_equal(connect(client, (const struct sockaddr *)&address.storage, address.len),
                         0);
        conn = socket_accept(fd, &peer);
        assert_true(conn >= 0);
    }
    assert_int_equal(getsockopt(conn, IPPROTO_TCP, TCP_CONGESTION, name_out, &len), 0);
    if (text) {
        close(conn);
        close(fd);
    }
    close(client);
}

TEST(what_comes_from_this_machine_is_not_paced)
{
    char usual[16] = "";
    char name[16] = "";
    congestion_control_of(NULL, usual);
    congestion_control_of("127.0.0.1:0", name);
    assert_string_equal(name, "reno");
    congestion_control_of("0.0.0.0:0", name); /* may be anybody */
    assert_string_equal(name, usual);
}

TEST(what_goes_to_this_machine_is_not_paced)
{
    static const struct {
        const char *to;
        bool is_spared;
    } rows[] = {{"127.0.0.1:80", true}, {"127.8.9.1:80", true}, {"192.0.2.1:80", false}};
    char usual[16] = "";
    congestion_control_of(NULL, usual);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct socket_address to;
        struct err err;
        char name[16] = "";
        socklen_t len = sizeof(name);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(address_parse(rows[i].to, &to, &err));
        socket_spare_pacing(fd, &to);
        assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
        assert_string_equal(name, rows[i].is_spared ? "reno" : usual);
        close(fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address_is_read_and_written),
        cmocka_unit_test(address_refuses_what_is_none),
        cmocka_unit_test(address_of_both_families),
        cmocka_unit_test(listen_tells_the_port_that_it_got),
        cmocka_unit_test(listen_refuses_an_address_of_another_machine),
        cmocka_unit_test(accept_gives_a_connection_that_does_not_wait),
        cmocka_unit_test(what_comes_from_this_machine_is_not_paced),
        cmocka_unit_test(what_goes_to_this_machine_is_not_paced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
