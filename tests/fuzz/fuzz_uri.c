/* URIs and paths. What uri_parse() takes is read as the same when it is put together again; a path
 * that can be decoded is in normal form, has one encoding, and that decodes to it. */
#include "fuzz.h"
#include "text/path.h"
#include "text/uri.h"

static void check_path_parts(struct arena *arena, struct res_path path)
{
    struct str rest = path_str(path);
    struct res_path built = PATH_ROOT;
    FUZZ_CHECK(path.len == 0 || (path.at[0] != '/' && path.at[path.len - 1] != '/'));
    while (rest.len) {
        struct str name = str_cut(&rest, '/');
        FUZZ_CHECK(name.len && !str_eq(name, STR(".")) && !str_eq(name, STR("..")));
        FUZZ_CHECK(str_index(name, '\0') == name.len);
        struct res_path next = path_join(arena, built, name);
        FUZZ_CHECK(path_is_within(next, built) && !path_is_within(built, next));
        FUZZ_CHECK(path_eq(path_parent(next), built) && str_eq(path_name(next), name));
        built = next;
    }
    FUZZ_CHECK(path_eq(built, path));
    struct res_path moved = path_rebase(arena, path, path_parent(path), PATH("x/y"));
    FUZZ_CHECK(path_eq(path_rebase(arena, moved, PATH("x/y"), path_parent(path)), path));
}

static void check_path(struct str text)
{
    struct arena arena = {0};
    struct res_path path, again;
    bool has_slash, has_slash_again;
    struct buf first = {0}, second = {0};
    if (path_decode(&arena, text, &path, &has_slash) == PATH_OK) {
        check_path_parts(&arena, path);
        path_encode(&first, path, has_slash);
        FUZZ_CHECK(path_decode(&arena, buf_str(&first), &again, &has_slash_again) == PATH_OK);
        FUZZ_CHECK(path_eq(path, again) && has_slash == has_slash_again);
        path_encode(&second, again, has_slash_again);
        FUZZ_CHECK(str_eq(buf_str(&first), buf_str(&second)));
        for (size_t i = 0; i < first.len; i++)
            FUZZ_CHECK(first.at[i] > 0x20 && first.at[i] < 0x7f &&
                       !strchr("\"'<>&#?[]\\^`{|}", first.at[i]));
    }
    buf_done(&first);
    buf_done(&second);
    arena_done(&arena);
}

static void check_uri(const struct uri *uri)
{
    struct buf text = {0};
    struct uri again;
    bool is_v6 = str_index(uri->host, ':') < uri->host.len;
    FUZZ_CHECK(uri->path.len && uri->path.at[0] == '/');
    FUZZ_CHECK((uri->scheme.len == 0) == (uri->host.len == 0));
    FUZZ_CHECK(str_index(uri->host, '@') == uri->host.len); /* no user information */
    if (uri->scheme.len) {
        buf_add(&text, uri->scheme);
        buf_add(&text, is_v6 ? STR("://[") : STR("://"));
        buf_add(&text, uri->host);
        buf_add(&text, is_v6 ? STR("]:") : STR(":"));
        buf_add(&text, uri->port);
    }
    buf_add(&text, uri->path);
    BUF_ADD(&text, "?");
    buf_add(&text, uri->query);
    FUZZ_CHECK(uri_parse(buf_str(&text), &again));
    FUZZ_CHECK(str_eq(uri->scheme, again.scheme) && str_eq(uri->host, again.host));
    FUZZ_CHECK(str_eq(uri->port, again.port) && str_eq(uri->path, again.path));
    FUZZ_CHECK(str_eq(uri->query, again.query));
    FUZZ_CHECK(uri_same_authority(uri->host, uri->port, again.host, again.port));
    FUZZ_CHECK(!uri_same_authority(uri->host, STR("81"), again.host, STR("82")));
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = fuzz_input(data, size);
    struct uri uri;
    struct str host, port;
    check_path(text);
    if (uri_parse(text, &uri)) {
        check_uri(&uri);
        check_path(uri.path);
    }
    if (uri_parse_authority(text, &host, &port)) {
        uint64_t number = 0;
        FUZZ_CHECK(host.len > 0);
        FUZZ_CHECK(port.len == 0 || (str_parse_u64(port, &number) && number <= 65535));
        FUZZ_CHECK(str_index(text, '\0') == text.len && str_index(text, '/') == text.len);
    }
    return 0;
}
