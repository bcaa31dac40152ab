/* An HTTP/2 connection, from the client's preface on. An odd first byte means that the rest are
 * bytes as they come; otherwise they are made into well-formed frames, so that more of them get
 * past nghttp2. They come in pieces of any size, what is sent leaves in pieces of any size, and the
 * handler answers at once, later, never before the end, or wants the body first.
 *
 * Whatever comes: what the server sends is frames of a legal size, whose header blocks can be
 * decoded and of which none follows the end of its stream; every request is answered once and told
 * to be finished once; and when the connection has gone nothing of it is left. */
#include <nghttp2/nghttp2.h>

#include "base/mem.h"
#include "fuzz.h"
#include "wire/h2_conn.h"

enum { LATER_MAX = 64, ENDED_MAX = 256 };

static struct loop *loop;
static struct limits limits;
static struct budget memory;
static struct wire wire;

/* --- a channel without a socket --- */

static struct fuzz_channel {
    struct channel base;
    struct fuzz_random random;
    struct str rest; /* still to be received */
    struct buf sent; /* not checked yet */
    bool is_closed;
} channel;

static enum channel_rc give(struct channel *base, char *to, size_t want, size_t *len_out)
{
    (void)base;
    struct str piece =
        str_first(channel.rest, size_min(want, 1 + fuzz_below(&channel.random, 300)));
    if (piece.len == 0)
        return CHANNEL_END;
    if (to)
        memcpy(to, piece.at, piece.len);
    channel.rest = str_from(channel.rest, piece.len);
    channel.base.may_read = fuzz_below(&channel.random, 3) > 0;
    *len_out = piece.len;
    return CHANNEL_OK;
}

static enum channel_rc skip_some(struct channel *base, size_t want, size_t *len_out)
{
    return give(base, NULL, want, len_out);
}

static enum channel_rc take(struct channel *base, struct str bytes, bool has_more, size_t *len_out)
{
    (void)base;
    (void)has_more;
    if (fuzz_below(&channel.random, 4) == 0) {
        channel.base.may_write = false;
        return CHANNEL_AGAIN;
    }
    if (fuzz_below(&channel.random, 50) == 0)
        return CHANNEL_FAILED;
    *len_out = size_min(bytes.len, 1 + fuzz_below(&channel.random, 100000));
    buf_add(&channel.sent, str_first(bytes, *len_out));
    return CHANNEL_OK;
}

static void shut(struct channel *base)
{
    (void)base;
}

static void close_it(struct channel *base, bool is_reset)
{
    (void)base;
    (void)is_reset;
    channel.is_closed = true;
}

static const struct channel_ops channel_ops = {
    .receive = give, .skip = skip_some, .send = take, .shut = shut, .close = close_it};

/* --- the handler --- */

static struct http_stream *later[LATER_MAX];
static size_t later_count;
static size_t handled;
static size_t finished_count;

static void answer(struct http_stream *stream, struct str text)
{
    stream->response.status = 200;
    stream->response.body = source_of_text(stream->arena, text);
    stream->response.body_bytes = text.len;
    stream->ops->respond(stream);
}

struct echo {
    struct waker waker;
    struct http_stream *stream;
    struct buf body;
};

static void free_body(void *arg)
{
    buf_done(arg);
}

static void echo_pull(struct waker *waker)
{
    struct echo *echo = CONTAINER_OF(waker, struct echo, waker);
    struct err err = {0};
    enum pull result = PULL_DATA;
    while (result == PULL_DATA)
        result = source_pull(echo->stream->body, &echo->body, 1000, &err);
    if (result != PULL_WAIT)
        answer(echo->stream, buf_str(&echo->body));
}

static void echo(struct http_stream *stream)
{
    struct echo *echo = ARENA_NEW(stream->arena, struct echo);
    arena_on_reset(stream->arena, free_body, &echo->body);
    echo->waker.ring = echo_pull;
    echo->stream = stream;
    stream->ops->proceed(stream);
    stream->body->waker = &echo->waker;
    echo_pull(&echo->waker);
}

static enum pull endless_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    (void)self;
    size_t len = size_min(want, 1 + fuzz_below(&channel.random, 20000));
    if (len % 7 == 0)
        return PULL_END;
    if (len % 11 == 0 && !err_set(err, 0, "enough"))
        return PULL_FAIL;
    memset(buf_reserve(into, len), 'x', len);
    into->len += len;
    return PULL_DATA;
}

static const struct source_ops endless_ops = {.name = "endless", .pull = endless_pull};

static void handle(struct http_handler *handler, struct http_stream *stream)
{
    (void)handler;
    struct str path = stream->request.path;
    char how = path.len > 1 ? path.at[1] : 0;
    handled++;
    FUZZ_CHECK(stream->request.host.len > 0 && http_is_token(stream->request.method));
    if (how == 'e' && stream->body) {
        echo(stream);
    } else if (how == 'l' && later_count < LATER_MAX) {
        later[later_count++] = stream;
    } else if (how == 's') {
        struct source *source = ARENA_NEW(stream->arena, struct source);
        source->ops = &endless_ops;
        stream->response.status = 200;
        stream->response.body = source;
        stream->response.body_bytes = LENGTH_UNKNOWN;
        stream->ops->respond(stream);
    } else {
        answer(stream, STR("hello\n"));
    }
}

static void finished(struct http_handler *handler, const struct http_stream *stream,
                     uint64_t sent_bytes, bool is_complete)
{
    (void)handler;
    (void)is_complete;
    FUZZ_CHECK(stream->response.status >= 200);
    FUZZ_CHECK(sent_bytes <= stream->response.body_bytes);
    finished_count++;
}

static struct http_handler handler = {.handle = handle, .finished = finished};

static void answer_later(void)
{
    while (later_count)
        answer(later[--later_count], STR("late\n"));
}

/* --- what the server sends --- */

static nghttp2_hd_inflater *inflater;
static uint32_t ended[ENDED_MAX]; /* streams that have */
static size_t ended_count;

static void check_block(struct str block)
{
    int flags = 0;
    const uint8_t *at = (const uint8_t *)block.at;
    size_t left = block.len;
    while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
        nghttp2_nv pair;
        ssize_t used = nghttp2_hd_inflate_hd2(inflater, &pair, &flags, at, left, 1);
        FUZZ_CHECK(used >= 0);
        at += used;
        left -= (size_t)used;
    }
    nghttp2_hd_inflate_end_headers(inflater);
}

static void check_frame(const unsigned char *head, struct str payload)
{
    uint32_t id =
        (uint32_t)head[5] << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 | head[8];
    bool is_answer = head[3] == NGHTTP2_HEADERS || head[3] == NGHTTP2_DATA;
    FUZZ_CHECK(payload.len <= 16384);
    if (head[3] == NGHTTP2_HEADERS)
        check_block(payload); /* short ones: no CONTINUATION */
    for (size_t i = 0; i < ended_count && is_answer; i++)
        FUZZ_CHECK(ended[i] != id);
    bool is_end = (is_answer && head[4] & NGHTTP2_FLAG_END_STREAM) || head[3] == NGHTTP2_RST_STREAM;
    if (is_end && ended_count < ENDED_MAX)
        ended[ended_count++] = id;
}

static void check_sent(void)
{
    struct str rest = buf_str(&channel.sent);
    while (rest.len >= 9) {
        const unsigned char *head = (const unsigned char *)rest.at;
        size_t len = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
        if (rest.len < 9 + len)
            break;
        check_frame(head, str_first(str_from(rest, 9), len));
        rest = str_from(rest, 9 + len);
    }
}

/* --- the input --- */

/* Header blocks for a byte to choose from: static table, literals, Huffman, an index, malformed. */
static const struct str blocks[] = {
    {"\x82\x86\x84\x41\1h", 6},           /* GET / */
    {"\x82\x86\x04\2/l\x41\1h", 8},       /* GET /l */
    {"\x82\x86\x04\2/s\x41\1h", 8},       /* GET /s */
    {"\x02\3PUT\x86\x04\2/e\x41\1h", 12}, /* PUT /e */
    {"\x02\3PUT\x86\x04\2/e\x41\1h\x0f\x0d\1"
     "5",
     16}, /* content-length: 5 */
    {"\x02\3PUT\x86\x04\2/x\x41\1h\x0f\x14\x0c"
     "100-continue",
     27},                                            /* expect */
    {"\x83\x86\x84\x41\1h\x40\x8priority\3u=1", 20}, /* priority: u=1 */
    {"\xbe", 1},                                     /* what came last */
    {"\x00\2Up\1x", 6},                              /* upper case */
    {"\x82\x86\x84", 3},                             /* no authority */
};

/* Four bytes and what they say are a frame. */
static void build(struct str bytes, struct buf *frames)
{
    static const uint32_t ids[] = {0, 1, 3, 5, 7, 9, 2, 1000001};
    while (bytes.len >= 4) {
        const unsigned char *at = (const unsigned char *)bytes.at;
        uint8_t type = at[0] % 11 == 10 ? NGHTTP2_PRIORITY_UPDATE : at[0] % 11;
        uint32_t id = ids[at[2] % ARRAY_LEN(ids)];
        struct str payload = str_first(str_from(bytes, 4), at[3]);
        bool is_block = type == NGHTTP2_HEADERS && at[0] < 128;
        if (is_block)
            payload = blocks[at[3] % ARRAY_LEN(blocks)];
        buf_add_char(frames, 0);
        buf_add_char(frames, 0);
        buf_add_char(frames, (char)payload.len);
        buf_add_char(frames, (char)type);
        buf_add_char(frames, (char)(is_block ? (at[1] & 1) | 4 : at[1]));
        for (int shift = 24; shift >= 0; shift -= 8)
            buf_add_char(frames, (char)(id >> shift));
        buf_add(frames, payload);
        bytes = str_from(bytes, is_block ? 4 : 4 + payload.len);
    }
}

static void run_to_the_end(void)
{
    while (wire.conn_count) {
        struct task *task = channel.base.ready;
        if (!channel.is_closed) {
            channel.base.may_read = true;
            channel.base.may_write = true;
        }
        if (channel.is_closed || fuzz_below(&channel.random, 8) == 0)
            answer_later();
        loop_unqueue(task);
        task->run(task);
    }
}

static void begin(void)
{
    struct err err;
    loop = loop_new(NULL, &err);
    FUZZ_CHECK(loop != NULL);
    limits = limits_default();
    limits.h2_idle_frames = 200;
    limits.h2_resets = 20;
    limits.head_bytes = 1000;
    limits.target_bytes = 100;
    limits.field_count = 16;
    limits.discard_bytes = 1000;
    memory.max = limits.memory_bytes;
    wire_init(&wire, loop, &handler, &limits, &memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = fuzz_input(data, size);
    struct buf input = {0};
    struct incoming incoming = {.channel = &channel.base, .peer = "fuzz"};
    if (!loop)
        begin();
    if (size == 0)
        return 0;
    if (data[0] % 2) {
        buf_add(&input, str_from(bytes, 1));
    } else {
        BUF_ADD(&input, "\0\0\0\4\0\0\0\0\0");
        build(str_from(bytes, 1), &input);
    }
    channel = (struct fuzz_channel){.random = fuzz_random_of(bytes), .rest = buf_str(&input)};
    channel.base.ops = &channel_ops;
    channel.base.loop = loop;
    channel.base.watch.fd = -1;
    handled = finished_count = ended_count = 0;
    wire.conn_count++;
    FUZZ_CHECK(nghttp2_hd_inflate_new(&inflater) == 0);
    h2_conn_open(&wire, &incoming, H2_PREFACE);
    run_to_the_end();
    check_sent();
    FUZZ_CHECK(finished_count >= handled); /* refusals are finished, too */
    FUZZ_CHECK(wire.stream_count == 0 && atomic_load(&memory.taken) == 0);
    nghttp2_hd_inflate_del(inflater);
    buf_done(&channel.sent);
    buf_done(&input);
    return 0;
}
