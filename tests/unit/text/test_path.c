#include "support/test.h"

#include "text/path.h"

static struct arena arena;

static int forget(__attribute__((unused)) void **state)
{
    arena_reset(&arena);
    return 0;
}

static int end(__attribute__((unused)) void **state)
{
    arena_done(&arena);
    return 0;
}

static struct str encoded(struct res_path path, bool is_collection)
{
    struct buf text = {0};
    path_encode(&text, path, is_collection);
    struct str copy = arena_str(&arena, buf_str(&text));
    buf_done(&text);
    return copy;
}

TEST(path_decode_normalises)
{
    static const struct {
        const char *uri, *path;
        bool has_slash;
    } rows[] = {
        {"/", "", true},
        {"//", "", true},
        {"/a", "a", false},
        {"/a/", "a", true},
        {"/a//", "a", true},
        {"//a///b", "a/b", false},
        {"/a/b/c", "a/b/c", false},
        {"/.", "", true},
        {"/./", "", true},
        {"/a/.", "a", true},
        {"/a/./b", "a/b", false},
        {"/a/..", "", true},
        {"/a/../", "", true},
        {"/a/../b", "b", false},
        {"/a/b/..", "a", true},
        {"/a/b/../c/", "a/c", true},
        {"/a/b/../../c", "c", false},
        {"/%2e", "", true},
        {"/a/%2E%2e/b", "b", false},
        {"/a/.%2e/b", "b", false},
        {"/...", "...", false},
        {"/.a", ".a", false},
        {"/..a", "..a", false},
        {"/a..", "a..", false},
        {"/%61%62", "ab", false},
        {"/a%20b", "a b", false},
        {"/a+b", "a+b", false},   /* not a form */
        {"/%2541", "%41", false}, /* decoded once */
        {"/%c3%a4", "\xc3\xa4", false},
        {"/\xc3\xa4", "\xc3\xa4", false},
        {"/a;b=c,d", "a;b=c,d", false},
        {"/a\\b", "a\\b", false},
        {"/~user/@x:y", "~user/@x:y", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct res_path path = {0};
        bool has_slash = false;
        check_int(rows[i].uri, path_decode(&arena, str_of_c(rows[i].uri), &path, &has_slash),
                  PATH_OK);
        check_str(rows[i].uri, path_str(path), rows[i].path);
        check_int(rows[i].uri, has_slash, rows[i].has_slash);
    }
}

TEST(path_decode_refuses)
{
    static const struct {
        const char *uri;
        enum path_rc rc;
    } rows[] = {
        {"", PATH_MALFORMED},
        {"a", PATH_MALFORMED},
        {"%2Fa", PATH_MALFORMED},
        {"/%", PATH_MALFORMED},
        {"/%4", PATH_MALFORMED},
        {"/%4/1", PATH_MALFORMED}, /* a triplet does not reach over a slash */
        {"/%/41", PATH_MALFORMED},
        {"/%4g", PATH_MALFORMED},
        {"/%g4", PATH_MALFORMED},
        {"/%-1", PATH_MALFORMED},
        {"/%u0041", PATH_MALFORMED},
        {"/%%41", PATH_MALFORMED},
        {"/a%00", PATH_FORBIDDEN},
        {"/%00/a", PATH_FORBIDDEN},
        {"/a%2Fb", PATH_FORBIDDEN},
        {"/a%2fb", PATH_FORBIDDEN},
        {"/..%2f..%2fetc", PATH_FORBIDDEN},
        {"/..", PATH_ABOVE_ROOT},
        {"/../a", PATH_ABOVE_ROOT},
        {"/a/../..", PATH_ABOVE_ROOT},
        {"/a/../../a", PATH_ABOVE_ROOT},
        {"/%2e%2e/a", PATH_ABOVE_ROOT},
        {"/.%2E/", PATH_ABOVE_ROOT},
        {"//..", PATH_ABOVE_ROOT},
        {"/./..", PATH_ABOVE_ROOT},
        {"/../%", PATH_ABOVE_ROOT}, /* the first fault counts */
        {"/%/..", PATH_MALFORMED},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct res_path path = PATH("kept");
        bool has_slash = true;
        check_int(rows[i].uri, path_decode(&arena, str_of_c(rows[i].uri), &path, &has_slash),
                  rows[i].rc);
        check_str(rows[i].uri, path_str(path), "kept");
    }
    struct res_path path = PATH("kept");
    bool has_slash;
    assert_int_equal(path_decode(&arena, str_of("/a\0b", 4), &path, &has_slash), PATH_FORBIDDEN);
}

TEST(path_every_byte_value_round_trips)
{
    for (int byte = 1; byte < 256; byte++) {
        if (byte == '/')
            continue;
        const char bytes[] = {'a', (char)byte, 'b', '/', (char)byte, (char)byte, (char)byte};
        struct res_path path = {bytes, sizeof(bytes)};
        struct res_path back;
        bool has_slash;
        struct str text = encoded(path, true);
        for (size_t i = 0; i < text.len; i++) {
            /* Safe in a URI, in XML and in HTML, as the header promises. */
            check_that("plain",
                       (unsigned char)text.at[i] > 0x20 && (unsigned char)text.at[i] < 0x7f);
            check_that("plain", strchr("\"'<>&#?[]\\^`{|}", text.at[i]) == NULL);
        }
        assert_int_equal(path_decode(&arena, text, &back, &has_slash), PATH_OK);
        check_bytes("back", path_str(back), path_str(path));
        assert_true(has_slash);
    }
}

TEST(path_every_encoded_byte_decodes_to_itself)
{
    for (int byte = 1; byte < 256; byte++) {
        static const char *const forms[] = {"/x%%%02x", "/x%%%02X"};
        for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
            char uri[16];
            struct res_path path;
            bool has_slash;
            const char expected[] = {'x', (char)byte};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(uri, sizeof(uri), forms[i], (unsigned)byte);
#pragma GCC diagnostic pop
            enum path_rc rc = path_decode(&arena, str_of_c(uri), &path, &has_slash);
            check_int(uri, rc, byte == '/' ? PATH_FORBIDDEN : PATH_OK);
            if (rc == PATH_OK)
                check_bytes(uri, path_str(path), str_of(expected, 2));
        }
    }
}

TEST(path_encode_writes_absolute_paths)
{
    static const struct {
        const char *path, *resource, *collection;
    } rows[] = {
        {"", "/", "/"},
        {"a", "/a", "/a/"},
        {"a/b", "/a/b", "/a/b/"},
        {"a b/c%d", "/a%20b/c%25d", "/a%20b/c%25d/"},
        {"\xc3\xa4", "/%C3%A4", "/%C3%A4/"},
        {"a&b'c", "/a%26b%27c", "/a%26b%27c/"},
        {"?#", "/%3F%23", "/%3F%23/"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct res_path path = {rows[i].path, strlen(rows[i].path)};
        check_str(rows[i].path, encoded(path, false), rows[i].resource);
        check_str(rows[i].path, encoded(path, true), rows[i].collection);
    }
}

TEST(path_encode_segment_of_nothing_is_nothing)
{
    struct buf text = {0};
    path_encode_segment(&text, STR_NONE);
    assert_int_equal(text.len, 0);
    buf_done(&text);
}

/* Any URI path that decodes: its encoding decodes to the same, and encodes to itself. */
TEST(path_encoding_is_canonical)
{
    static const char alphabet[] = "//..%2e2Ffa-+\xc3";
    struct rng rng = {11};
    size_t count = 0;
    for (int turn = 0; turn < 200000; turn++) {
        char uri[24] = "/";
        size_t len = 1 + rng_below(&rng, sizeof(uri) - 1);
        for (size_t i = 1; i < len; i++)
            uri[i] = alphabet[rng_below(&rng, sizeof(alphabet) - 1)];
        struct res_path path, again;
        bool has_slash, still_has_slash;
        if (path_decode(&arena, str_of(uri, len), &path, &has_slash) != PATH_OK)
            continue;
        count++;
        check_that("normal", path.len == 0 || (path.at[0] != '/' && path.at[path.len - 1] != '/'));
        struct str text = encoded(path, has_slash);
        assert_int_equal(path_decode(&arena, text, &again, &still_has_slash), PATH_OK);
        check_bytes("again", path_str(again), path_str(path));
        assert_int_equal(has_slash, still_has_slash);
        check_bytes("encoding", encoded(again, has_slash), text);
        arena_reset(&arena);
    }
    assert_true(count > 10000);
}

TEST(path_is_within_asks_for_whole_segments)
{
    static const struct {
        const char *path, *tree;
        bool is_within;
    } rows[] = {
        {"", "", true},         {"a", "", true},     {"", "a", false},    {"a", "a", true},
        {"a/b", "a", true},     {"ab", "a", false},  {"a", "ab", false},  {"a/b/c", "a/b", true},
        {"a/bc", "a/b", false}, {"b/a", "a", false}, {"a", "a/b", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct res_path path = {rows[i].path, strlen(rows[i].path)};
        struct res_path tree = {rows[i].tree, strlen(rows[i].tree)};
        check_int(rows[i].path, path_is_within(path, tree), rows[i].is_within);
    }
}

TEST(path_parts)
{
    static const struct {
        const char *path, *parent, *name, *first;
    } rows[] = {
        {"", "", "", ""},
        {"a", "", "a", "a"},
        {"a/b", "a", "b", "a"},
        {"a/b/c", "a/b", "c", "a"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct res_path path = {rows[i].path, strlen(rows[i].path)};
        check_str(rows[i].path, path_str(path_parent(path)), rows[i].parent);
        check_str(rows[i].path, path_name(path), rows[i].name);
        check_str(rows[i].path, path_first(path), rows[i].first);
        check_int(rows[i].path, path_is_root(path), path.len == 0);
        check_that(rows[i].path, path_eq(path, path_copy(&arena, path)));
        /* Parent and name make the path again. */
        struct res_path joined = path_join(&arena, path_parent(path), path_name(path));
        check_str(rows[i].path, path_str(joined), rows[i].path);
    }
}

TEST(path_rebase_moves_a_tree)
{
    static const struct {
        const char *path, *from, *to, *moved;
    } rows[] = {
        {"a/b", "a", "x", "x/b"},  {"a", "a", "x", "x"},   {"a/b/c", "a/b", "x/y/z", "x/y/z/c"},
        {"a/b", "", "x", "x/a/b"}, {"a/b", "a", "", "b"},  {"", "", "x", "x"},
        {"a", "a", "", ""},        {"a/b", "", "", "a/b"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct res_path path = {rows[i].path, strlen(rows[i].path)};
        struct res_path from = {rows[i].from, strlen(rows[i].from)};
        struct res_path to = {rows[i].to, strlen(rows[i].to)};
        struct res_path moved = path_rebase(&arena, path, from, to);
        check_str(rows[i].path, path_str(moved), rows[i].moved);
        check_that(rows[i].path, path_eq(path_rebase(&arena, moved, to, from), path));
    }
}

static void rebase_from_elsewhere(void)
{
    (void)!path_rebase(&arena, PATH("ab"), PATH("a"), PATH("x")).len; /* never returns */
}

TEST(path_rebase_from_elsewhere_aborts)
{
    assert_true(aborts(rebase_from_elsewhere));
}

TEST(path_step_goes_to_a_member_and_to_the_next)
{
    struct buf path = {0};
    path_step(&path, 0, STR("a"));
    check_str("of the root", buf_str(&path), "a");
    path_step(&path, 1, STR("b"));
    check_str("below", buf_str(&path), "a/b");
    path_step(&path, 1, STR("cd"));
    check_str("beside", buf_str(&path), "a/cd");
    path_step(&path, 0, STR("e"));
    check_str("up", buf_str(&path), "e");
    buf_done(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_step_goes_to_a_member_and_to_the_next),
        cmocka_unit_test_teardown(path_decode_normalises, forget),
        cmocka_unit_test_teardown(path_decode_refuses, forget),
        cmocka_unit_test_teardown(path_every_byte_value_round_trips, forget),
        cmocka_unit_test_teardown(path_every_encoded_byte_decodes_to_itself, forget),
        cmocka_unit_test_teardown(path_encode_writes_absolute_paths, forget),
        cmocka_unit_test(path_encode_segment_of_nothing_is_nothing),
        cmocka_unit_test_teardown(path_encoding_is_canonical, forget),
        cmocka_unit_test(path_is_within_asks_for_whole_segments),
        cmocka_unit_test_teardown(path_parts, forget),
        cmocka_unit_test_teardown(path_rebase_moves_a_tree, forget),
        cmocka_unit_test(path_rebase_from_elsewhere_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}
