/* A multipart body, fed in one piece and in pieces of one byte: it says the same. What is content
 * lies in the body, and is as much as was announced. */
#include "fuzz.h"
#include "http/parts.h"

static struct arena arena;

/* All that it says, one behind the other. */
static void read_in(struct str body, size_t piece, bool may_search, struct buf *said)
{
    struct parts parts;
    enum parts_event event = PARTS_MORE;
    parts_init(&parts, STR("b"));
    parts.may_search = may_search;
    while (body.len && event != PARTS_MALFORMED) {
        struct str bytes = str_first(body, piece);
        body = str_from(body, bytes.len);
        do {
            struct http_fields fields = {0};
            struct str content = STR_NONE;
            size_t before = bytes.len;
            event = parts_next(&parts, &bytes, &arena, &fields, &content);
            FUZZ_CHECK(bytes.len <= before);
            FUZZ_CHECK(event != PARTS_BYTES || content.len);
            if (event == PARTS_BYTES)
                buf_add(said, content);
            else if (event != PARTS_MORE)
                buf_addf(said, "<%d %zu %llu>", (int)event, fields.count,
                         (unsigned long long)parts.left);
        } while (event != PARTS_MORE && event != PARTS_MALFORMED);
    }
    buf_addf(said, "<%d>", (int)parts.state);
    parts_done(&parts);
}

/* Content comes in as many pieces as it is fed in, or more: what is said of it is the same. */
static void check(struct str body, bool may_search)
{
    struct buf whole = {0}, bytes = {0};
    read_in(body, body.len, may_search, &whole);
    read_in(body, 1, may_search, &bytes);
    FUZZ_CHECK(str_eq(buf_str(&whole), buf_str(&bytes)));
    buf_done(&whole);
    buf_done(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = fuzz_input(data, size);
    struct str boundary;
    check(body, false);
    check(body, true);
    if (parts_boundary(body, &arena, &boundary))
        FUZZ_CHECK(boundary.len && boundary.len <= PARTS_BOUNDARY_BYTES_MAX);
    arena_done(&arena);
    return 0;
}
