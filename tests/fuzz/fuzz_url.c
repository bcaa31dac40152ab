/* URLs as browsers read them. What is read is read again as itself, alone and against any base; the
 * first line is the base, the rest the link. */
#include "check/url/url.h"
#include "fuzz.h"

static void check_parts(const struct url *url)
{
    struct str path = buf_str(&url->path);
    FUZZ_CHECK(url->is_opaque || path.len == 0 || path.at[0] == '/');
    FUZZ_CHECK(!url_is_http(url) || (url->has_host && url->host.len && path.len));
    FUZZ_CHECK(url->port >= -1 && url->port <= 65535);
    for (size_t i = 0; i < url->host.len; i++)
        FUZZ_CHECK((unsigned char)url->host.at[i] > 0x20 || url->kind == URL_OTHER);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = fuzz_input(data, size);
    struct str first = str_cut(&rest, '\n');
    struct url base = {0}, url = {0}, again = {0};
    struct buf text = {0}, second = {0};
    bool has_base = url_parse(&base, first, NULL, NULL);
    if (url_parse(&url, rest, has_base ? &base : NULL, NULL)) {
        check_parts(&url);
        url_format(&url, &text, true);
        for (size_t i = 0; i < text.len; i++)
            FUZZ_CHECK((unsigned char)text.at[i] >= 0x20 && (unsigned char)text.at[i] < 0x7f);
        FUZZ_CHECK(url_parse(&again, buf_str(&text), has_base ? &base : NULL, NULL));
        url_format(&again, &second, true);
        /* Opaque paths may end in spaces, which go when they are read alone. */
        if (!url.is_opaque)
            FUZZ_CHECK(str_eq(buf_str(&text), buf_str(&second)));
    }
    url_done(&base);
    url_done(&url);
    url_done(&again);
    buf_done(&text);
    buf_done(&second);
    return 0;
}
