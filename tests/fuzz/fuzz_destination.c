/* The second resource of a request. Lines of the input: Host, the host of a public URL, Overwrite,
 * Depth; all that is left is Destination. "-" leaves a field out. A path that was taken is taken
 * again in every way in which a client may write it, and nowhere else's is. */
#include "exchange/destination.h"
#include "fuzz.h"
#include "support/exchange.h"

static struct bare_exchange bare;

static bool is_none(struct str value)
{
    return str_eq(value, STR("-"));
}

static void check_depth(struct str value)
{
    enum depth depth = DEPTH_1;
    struct dav_result result = depth_read(&bare.x, DEPTH_INFINITY, &depth);
    bool is_infinity = is_none(value) || str_eq_nocase(value, STR("infinity"));
    bool is_digit = str_eq(value, STR("0")) || str_eq(value, STR("1"));
    FUZZ_CHECK(dav_is_fine(result) == (is_infinity || is_digit));
    if (dav_is_fine(result))
        FUZZ_CHECK(depth == (is_infinity ? DEPTH_INFINITY : str_eq(value, STR("1"))));
    else
        FUZZ_CHECK(result.status == HTTP_BAD_REQUEST);
}

static void check_overwrite(struct str value)
{
    bool overwrites;
    struct dav_result result = overwrite_read(&bare.x, &overwrites);
    bool is_yes = is_none(value) || str_eq_nocase(value, STR("T"));
    bool is_no = str_eq_nocase(value, STR("F"));
    FUZZ_CHECK(dav_is_fine(result) == (is_yes || is_no));
    FUZZ_CHECK(!dav_is_fine(result) || overwrites == is_yes);
}

/* What `prefix` and the path make together leads to the path, or to the status. */
static void check_again(struct str prefix, struct str path_text, unsigned status,
                        struct res_path path)
{
    struct res_path again = PATH_ROOT;
    struct buf text = {0};
    buf_add(&text, prefix);
    buf_add(&text, path_text);
    struct dav_result result = destination_parse(&bare.x, buf_str(&text), &again);
    FUZZ_CHECK(result.status == status);
    FUZZ_CHECK(!dav_is_fine(result) || path_eq(path, again));
    buf_done(&text);
}

static void add_authority(struct buf *to, const char *scheme, struct str host, struct str port)
{
    bool is_v6 = str_index(host, ':') < host.len;
    buf_addf(to, "%s://%s%.*s%s%s%.*s", scheme, is_v6 ? "[" : "", STR_ARGS(host), is_v6 ? "]" : "",
             port.len ? ":" : "", STR_ARGS(port));
}

static void check_path(struct res_path path)
{
    const struct http_request *request = &bare.stream.request;
    const struct public_name *name = bare.service.public_names;
    struct buf encoded = {0}, ours = {0}, public = {0};
    path_encode(&encoded, path, path_is_root(path));
    check_again(STR_NONE, buf_str(&encoded), 0, path);
    check_again(STR("/."), buf_str(&encoded), 0, path);
    check_again(STR("/a/.."), buf_str(&encoded), 0, path);
    check_again(STR("/.."), buf_str(&encoded), HTTP_BAD_REQUEST, path);
    add_authority(&ours, "http", request->host, request->port);
    check_again(buf_str(&ours), buf_str(&encoded), request->host.len ? 0 : HTTP_BAD_REQUEST, path);
    if (bare.service.public_name_count) {
        add_authority(&public, "https", name->host, name->port);
        check_again(buf_str(&public), buf_str(&encoded), 0, path);
    }
    if (!str_eq(request->port, STR("1")) && !str_eq(name->port, STR("1")))
        check_again(STR("http://dav.test:1"), buf_str(&encoded), HTTP_BAD_GATEWAY, path);
    check_again(STR("ftp://dav.test"), buf_str(&encoded), HTTP_BAD_GATEWAY, path);
    buf_done(&encoded);
    buf_done(&ours);
    buf_done(&public);
}

/* Elsewhere is what has an authority that is neither ours nor public. */
static void check_refused(struct str text, struct dav_result result)
{
    struct uri uri;
    FUZZ_CHECK(result.status == HTTP_BAD_REQUEST || result.status == HTTP_BAD_GATEWAY);
    FUZZ_CHECK(result.text && !result.condition);
    if (result.status == HTTP_BAD_GATEWAY)
        FUZZ_CHECK(uri_parse_lenient(text, &uri) && uri.host.len);
}

static void check_destination(struct str text)
{
    struct res_path path = PATH("untouched");
    struct dav_result result = destination_parse(&bare.x, text, &path);
    if (dav_is_fine(result)) {
        check_path(path);
    } else {
        check_refused(text, result);
        FUZZ_CHECK(path_eq(path, PATH("untouched")));
    }
    struct res_path by_field = PATH("untouched");
    struct dav_result read = destination_read(&bare.x, &by_field);
    bool is_there = exchange_field(&bare.x, FIELD_DESTINATION).at;
    FUZZ_CHECK(is_there ? read.status == result.status : read.status == HTTP_BAD_REQUEST);
    FUZZ_CHECK(!is_there || path_eq(path, by_field));
    FUZZ_CHECK((bare.stream.response.note.len > 0) == (read.status == HTTP_BAD_GATEWAY));
}

static void add(enum http_field id, struct str value)
{
    if (!is_none(value))
        bare_exchange_add(&bare, id, value.at ? value : STR(""));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct public_name public = {0};
    struct str rest = fuzz_input(data, size);
    struct http_request *request = &bare.stream.request;
    bare_exchange_init(&bare);
    request->host = request->port = STR_NONE;
    (void)!uri_parse_authority(str_cut(&rest, '\n'), &request->host, &request->port);
    bare.service.public_names = &public;
    bare.service.public_name_count =
        uri_parse_authority(str_cut(&rest, '\n'), &public.host, &public.port);
    struct str overwrite = str_cut(&rest, '\n');
    struct str depth = str_cut(&rest, '\n');
    add(FIELD_OVERWRITE, overwrite);
    add(FIELD_DEPTH, depth);
    add(FIELD_DESTINATION, rest);
    check_depth(depth);
    check_overwrite(overwrite);
    check_destination(rest);
    bare_exchange_done(&bare);
    return 0;
}
