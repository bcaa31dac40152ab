/* Heads. However the bytes are split, the same ones are taken and refused. What is taken has no
 * second reading: one length at most, one Host, no line that another parser would see elsewhere.
 * And written out again from its parts it is read as the same request. */
#include "fuzz.h"
#include "wire/h1_head.h"

static struct limits limits;

static enum h1_scan_rc scan_split(struct str bytes, struct fuzz_random *random, size_t *len)
{
    struct h1_scan scan = {0};
    struct refusal refusal;
    for (size_t end = 0;; end += 1 + fuzz_below(random, 9)) {
        end = size_min(end, bytes.len);
        enum h1_scan_rc rc = h1_scan(&scan, str_first(bytes, end), &limits, len, &refusal);
        if (rc != H1_SCAN_MORE || end == bytes.len)
            return rc;
    }
}

static bool is_part(struct str part, struct str whole)
{
    return part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

static size_t count_lines(struct str head, struct str name)
{
    size_t count = 0;
    while (head.len)
        count += str_starts_nocase(str_cut(&head, '\n'), name);
    return count;
}

static void check_one_reading(struct str head, const struct http_request *request,
                              const struct h1_framing *framing)
{
    size_t lengths = count_lines(head, STR("content-length:"));
    size_t codings = count_lines(head, STR("transfer-encoding:"));
    FUZZ_CHECK(!framing->is_chunked || (codings == 1 && request->has_body));
    FUZZ_CHECK(framing->is_chunked == (request->body_bytes == LENGTH_UNKNOWN));
    FUZZ_CHECK(request->body_bytes == 0 || lengths + codings >= 1);
    FUZZ_CHECK(request->has_body == (request->body_bytes > 0));
    FUZZ_CHECK(http_is_token(request->method));
    bool has_no_path = str_eq(request->target, STR("*")) || str_eq(request->method, STR("CONNECT"));
    FUZZ_CHECK(request->path.len ? request->path.at[0] == '/' : has_no_path);
    FUZZ_CHECK(request->host.len || request->version == HTTP_1_0);
    FUZZ_CHECK(str_index(request->path, '?') == request->path.len);
    FUZZ_CHECK(is_part(request->target, head) && is_part(request->query, head));
    for (size_t i = 0; i < head.len; i++) {
        unsigned char c = (unsigned char)head.at[i];
        FUZZ_CHECK(c >= 0x20 || c == '\t' || c == '\r' || c == '\n');
        FUZZ_CHECK(c != '\n' || (i && head.at[i - 1] == '\r'));
        FUZZ_CHECK(c != '\r' || (i + 1 < head.len && head.at[i + 1] == '\n'));
    }
}

static void check_again(const struct http_request *request, const struct h1_framing *framing)
{
    struct arena arena = {0};
    struct buf text = {0};
    struct http_stream again = {.arena = &arena};
    struct h1_framing framing_again;
    struct refusal refusal;
    struct h1_scan scan = {0};
    size_t len;
    buf_addf(&text, "%.*s ", STR_ARGS(request->method));
    buf_add(&text, request->target);
    buf_addf(&text, " HTTP/1.%d\r\n", request->version == HTTP_1_1);
    for (size_t i = 0; i < request->fields.count; i++) {
        buf_add(&text, request->fields.lines[i].name);
        BUF_ADD(&text, ":");
        buf_add(&text, request->fields.lines[i].value);
        BUF_ADD(&text, "\r\n");
    }
    BUF_ADD(&text, "\r\n");
    FUZZ_CHECK(h1_scan(&scan, buf_str(&text), &limits, &len, &refusal) == H1_SCAN_COMPLETE);
    FUZZ_CHECK(len == text.len);
    FUZZ_CHECK(h1_parse_head(buf_str(&text), &limits, &again, &framing_again, &refusal));
    FUZZ_CHECK(again.request.version == request->version);
    FUZZ_CHECK(again.request.body_bytes == request->body_bytes);
    FUZZ_CHECK(str_eq(again.request.path, request->path));
    FUZZ_CHECK(str_eq(again.request.host, request->host));
    FUZZ_CHECK(str_eq(again.request.port, request->port));
    FUZZ_CHECK(again.request.fields.count == request->fields.count);
    for (size_t i = 0; i < request->fields.count; i++)
        FUZZ_CHECK(str_eq(again.request.fields.lines[i].value, request->fields.lines[i].value));
    FUZZ_CHECK(framing_again.is_chunked == framing->is_chunked);
    FUZZ_CHECK(framing_again.keeps_alive == framing->keeps_alive);
    FUZZ_CHECK(framing_again.expects_continue == framing->expects_continue);
    buf_done(&text);
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = fuzz_input(data, size);
    struct fuzz_random random = fuzz_random_of(bytes);
    struct h1_scan scan = {0};
    struct refusal refusal = {0};
    size_t len = 0, len_split = 0;
    limits = limits_default();
    limits.head_bytes = 2048; /* so that inputs reach the limits */
    limits.target_bytes = 256;
    limits.field_count = 20;
    enum h1_scan_rc rc = h1_scan(&scan, bytes, &limits, &len, &refusal);
    FUZZ_CHECK(scan_split(bytes, &random, &len_split) == rc && len_split == len);
    FUZZ_CHECK((rc == H1_SCAN_REFUSED) == (refusal.status != 0));
    if (rc != H1_SCAN_COMPLETE)
        return 0;
    FUZZ_CHECK(len <= size && len <= limits.head_bytes);
    struct arena arena = {0};
    struct http_stream stream = {.arena = &arena};
    struct h1_framing framing;
    struct str head = str_first(bytes, len);
    if (h1_parse_head(head, &limits, &stream, &framing, &refusal)) {
        check_one_reading(head, &stream.request, &framing);
        check_again(&stream.request, &framing);
    } else {
        FUZZ_CHECK(refusal.status >= 400 && refusal.status < 600 && refusal.text);
    }
    arena_done(&arena);
    return 0;
}
