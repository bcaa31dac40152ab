/* Chunked bodies. Decoded in pieces of any size with any want, a body gives what it gives decoded
 * at once, ends at the same byte and in the same state; and it is what a second decoder, written to
 * be read and not to be resumed, says that it is. */
#include "fuzz.h"
#include "http/fields.h"
#include "wire/h1_body.h"

enum { OVERHEAD_BYTES_MAX = 64 };

struct result {
    enum h1_body_state state;
    size_t used;
    struct buf content;
};

static struct result decode_at_once(struct str bytes)
{
    struct result result = {0};
    struct h1_body body;
    h1_body_init_chunked(&body, OVERHEAD_BYTES_MAX);
    result.used = h1_body_decode(&body, bytes, &result.content, SIZE_MAX);
    result.state = body.state;
    return result;
}

static struct result decode_in_pieces(struct str bytes, struct fuzz_random *random)
{
    struct result result = {0};
    struct h1_body body;
    h1_body_init_chunked(&body, OVERHEAD_BYTES_MAX);
    while (result.used < bytes.len && body.state != BODY_COMPLETE && body.state != BODY_MALFORMED) {
        struct str piece = str_first(str_from(bytes, result.used), fuzz_below(random, 12));
        size_t direct = (size_t)u64_min(h1_body_direct_bytes(&body), piece.len);
        if (fuzz_below(random, 3) == 0) { /* read into place, as h1_conn.c does */
            buf_add(&result.content, str_first(piece, direct));
            h1_body_skip(&body, direct);
            result.used += direct;
            continue;
        }
        size_t before = result.content.len;
        size_t want = fuzz_below(random, 12);
        result.used += h1_body_decode(&body, piece, &result.content, want);
        FUZZ_CHECK(result.content.len - before <= want);
    }
    result.state = body.state;
    return result;
}

/* --- the second decoder --- */

/* The line at the front of *rest, without its CR LF. False when there is none. */
static bool take_line(struct str *rest, struct str *line_out)
{
    size_t cr = str_index(*rest, '\r');
    if (cr + 1 >= rest->len || rest->at[cr + 1] != '\n')
        return false;
    *line_out = str_first(*rest, cr);
    *rest = str_from(*rest, cr + 2);
    return true;
}

static bool is_text(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool take_trailers(struct str *rest, size_t *overhead)
{
    struct str line;
    while (take_line(rest, &line)) {
        *overhead += line.len + 1;
        if (line.len == 0)
            return *overhead <= OVERHEAD_BYTES_MAX;
        struct str value = line;
        if (str_index(line, ':') == line.len || !http_is_token(str_cut(&value, ':')) ||
            !is_text(value))
            return false;
    }
    return false;
}

/* Whether `bytes` begin with a whole chunked body; *rest_out is what stands behind it. */
static bool is_chunked_body(struct str bytes, struct buf *content, struct str *rest_out)
{
    size_t overhead = 0;
    struct str line;
    while (take_line(&bytes, &line)) {
        uint64_t size;
        struct str extension = line;
        struct str digits = str_cut(&extension, ';');
        bool has_extension = digits.len < line.len;
        if (!str_parse_hex(digits, &size) || size > INT64_MAX || !is_text(extension))
            return false;
        overhead += has_extension ? extension.len + 1 : 0;
        if (size == 0) {
            bool is_over = take_trailers(&bytes, &overhead);
            *rest_out = bytes;
            return is_over;
        }
        if (overhead > OVERHEAD_BYTES_MAX || size > bytes.len)
            return false;
        buf_add(content, str_first(bytes, (size_t)size));
        bytes = str_from(bytes, (size_t)size);
        if (!take_line(&bytes, &line) || line.len)
            return false;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = fuzz_input(data, size);
    struct fuzz_random random = fuzz_random_of(bytes);
    struct result whole = decode_at_once(bytes);
    struct result pieces = decode_in_pieces(bytes, &random);
    struct buf content = {0};
    struct str rest = bytes;
    FUZZ_CHECK(whole.state == pieces.state);
    FUZZ_CHECK(whole.used == pieces.used && whole.used <= size);
    FUZZ_CHECK(str_eq(buf_str(&whole.content), buf_str(&pieces.content)));
    bool is_whole = is_chunked_body(bytes, &content, &rest);
    FUZZ_CHECK(is_whole == (whole.state == BODY_COMPLETE));
    if (is_whole) {
        FUZZ_CHECK(rest.len == size - whole.used);
        FUZZ_CHECK(str_eq(buf_str(&content), buf_str(&whole.content)));
    }
    buf_done(&whole.content);
    buf_done(&pieces.content);
    buf_done(&content);
    return 0;
}
