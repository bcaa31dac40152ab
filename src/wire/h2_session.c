/* What nghttp2 is told when a connection begins, and what it tells while it takes apart what the
 * peer sent. A callback notes what happened, and that a stream is to be looked at; it calls no
 * method code, and nothing that sends or receives.
 *
 * What a peer may do within the protocol and still harm us is bounded here (RFC 9113 §10.5). Every
 * frame is paid for from a purse, conn->frames, and what it carries pays back: a request, or a
 * piece of a body. Floods of PING, SETTINGS, WINDOW_UPDATE, PRIORITY, PRIORITY_UPDATE or empty DATA
 * empty the purse; work does not. (What nghttp2 skips it does not tell of: frames that nobody
 * knows, and what comes for streams that are closed. They cost less than the requests that would
 * fit into as many bytes.) A second purse, conn->resets, is for streams that are opened and reset,
 * by the peer or because of what it did. The rest:
 *
 *   CONTINUATION    nghttp2 takes a few; each is a frame that is paid for, too
 *   HPACK bombs     what is over a limit is not kept (h2_head.c); a block of fields without end,
 *                   each a byte that stands for thousands, ends the connection
 *   unread answers  nghttp2 bounds the acknowledgements that wait; the queue as a whole is bounded
 *                   here; what a stream may buffer is one frame, since bodies are pulled
 *
 * Whoever goes beyond a bound is told ENHANCE_YOUR_CALM, and the administrator is told why, once
 * for each connection. Breaches of the protocol are nghttp2's to answer, with the code that
 * RFC 9113 names. */
#include "base/mem.h"
#include "wire/h2_conn_priv.h"

enum {
    REQUEST_WORTH = 5,         /* what a request pays back, its own frame and some around it */
    DATA_WORTH = 2,            /* a piece of a body and the WINDOW_UPDATE that follows from it */
    DATA_BYTES_MIN = 1024,     /* a smaller piece pays for its own frame only */
    FIELDS_BEYOND_LIMIT = 8,   /* so many times field_count are decoded before it is a bomb */
    QUEUE_FRAMES_MAX = 4096,   /* waiting to be sent to a peer that does not read */
    FRAMES_OF_EACH_STREAM = 4, /* that may be among them without harm */
};

/* The first reason is the one that counts. */
static int end_with(struct h2_conn *conn, uint32_t error_code, const char *why)
{
    if (conn->end_code == NGHTTP2_NO_ERROR) {
        conn->end_code = error_code;
        conn->end_why = why;
    }
    return NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int complain(struct h2_conn *conn, const char *why)
{
    return end_with(conn, NGHTTP2_ENHANCE_YOUR_CALM, why);
}

/* What nghttp2 lets pass. */
static int forbid(struct h2_conn *conn, uint32_t error_code)
{
    return end_with(conn, error_code, NULL);
}

static struct h2_stream *h2_session_find(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

/* --- frames --- */

/* RFC 9113 §5.1.1: with the first use of a stream all below it that were not used are closed. Only
 * the last that were left out are remembered; nobody leaves out any but by mistake. */
static bool is_left_out(struct h2_conn *conn, int32_t id)
{
    if (id <= conn->newest_id)
        return id >= conn->left_out_from && id < conn->left_out_to;
    if (id > conn->newest_id + 2) {
        conn->left_out_from = conn->newest_id + 2;
        conn->left_out_to = id;
    }
    conn->newest_id = id;
    return false;
}

/* RFC 9113 §5.1: on a stream that is closed only what was on its way when we closed it may come.
 * Who has ended or reset it himself had nothing on its way: he is wrong about which streams there
 * are. The last few are remembered, as mistakes come soon. */
static void note_ended(struct h2_conn *conn, int32_t id)
{
    conn->ended_ids[conn->ended_count++ % H2_ENDED_MAX] = id;
}

static bool has_said_last(const struct h2_conn *conn, int32_t id)
{
    if (id == 0 || h2_session_find(conn->session, id))
        return false;
    for (size_t i = 0; i < H2_ENDED_MAX; i++) {
        if (conn->ended_ids[i] == id)
            return true;
    }
    return false;
}

static int begin_frame(nghttp2_session *session, const nghttp2_frame_hd *head, void *user_data)
{
    struct h2_conn *conn = user_data;
    (void)session;
    if (!h2_budget_spend(&conn->frames, loop_now_ms(conn->base.wire->loop))) /* all cost the same */
        return complain(conn, "a flood of HTTP/2 frames that carry nothing");
    if (head->type == NGHTTP2_PRIORITY && head->stream_id == 0) /* RFC 9113 §6.3 */
        return forbid(conn, NGHTTP2_PROTOCOL_ERROR);
    if (head->type == NGHTTP2_HEADERS && is_left_out(conn, head->stream_id))
        return forbid(conn, NGHTTP2_PROTOCOL_ERROR);
    if (head->type == NGHTTP2_HEADERS && has_said_last(conn, head->stream_id))
        return forbid(conn, NGHTTP2_STREAM_CLOSED);
    return 0;
}

/* RFC 9218 §7.1: a client may say how urgent a stream will be before it opens it. */
static int note_priority(struct h2_conn *conn, const nghttp2_frame *frame)
{
    const nghttp2_ext_priority_update *update = frame->ext.payload;
    if (update->stream_id == 0)
        return forbid(conn, NGHTTP2_PROTOCOL_ERROR);
    if (!h2_session_find(conn->session, update->stream_id))
        conn->early_priority_id = update->stream_id;
    return 0;
}

static int spend_reset(struct h2_conn *conn)
{
    if (h2_budget_spend(&conn->resets, loop_now_ms(conn->base.wire->loop)))
        return 0;
    return complain(conn, "a flood of HTTP/2 streams that are opened and reset");
}

static void note_headers(struct h2_conn *conn, const nghttp2_frame *frame, struct h2_stream *stream)
{
    conn->heading = NULL;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        assert(stream->state == STREAM_HEAD);
        h2_stream_enter(stream, STREAM_READY);
        stream->has_body = !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
        h2_budget_give(&conn->frames, REQUEST_WORTH);
    }
    stream->has_ended = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    h2_conn_note(stream);
}

static int frame_received(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct h2_conn *conn = user_data;
    struct h2_stream *stream =
        frame->hd.stream_id ? h2_session_find(session, frame->hd.stream_id) : NULL;
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK))
        h2_conn_pong(conn);
    else if (frame->hd.type == NGHTTP2_PRIORITY_UPDATE)
        return note_priority(conn, frame);
    if (!stream)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS) {
        note_headers(conn, frame, stream);
    } else if (frame->hd.type == NGHTTP2_DATA && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
        stream->has_ended = true;
        h2_conn_note(stream);
    } else if (frame->hd.type == NGHTTP2_RST_STREAM) {
        note_ended(conn, stream->id);
        return spend_reset(conn);
    }
    return 0;
}

/* --- heads --- */

/* A stream whose client says nothing of priorities shares the connection with the others: a large
 * answer that is sent first to last would hold up all small ones (RFC 9218 §10 leaves it to us). */
static void share(struct h2_conn *conn, int32_t id)
{
    const nghttp2_extpri shared = {.urgency = NGHTTP2_EXTPRI_DEFAULT_URGENCY, .inc = 1};
    if (conn->early_priority_id != id)
        h2_must(nghttp2_session_change_extpri_stream_priority(conn->session, id, &shared, 0));
}

static int begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct h2_conn *conn = user_data;
    conn->heading = NULL;
    conn->trailer_fields = 0;
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0; /* trailers: no field of a request that davit knows may stand there */
    conn->heading = h2_stream_new(conn, frame->hd.stream_id);
    h2_must(nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, conn->heading));
    share(conn, frame->hd.stream_id);
    return 0;
}

static struct str str_of_rcbuf(nghttp2_rcbuf *rcbuf)
{
    nghttp2_vec vec = nghttp2_rcbuf_get_buf(rcbuf);
    return str_of((const char *)vec.base, vec.len);
}

static int header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                  nghttp2_rcbuf *value, uint8_t flags, void *user_data)
{
    struct h2_conn *conn = user_data;
    struct h2_stream *stream = conn->heading;
    const struct limits *limits = conn->base.wire->limits;
    size_t fields = ++conn->trailer_fields;
    (void)session;
    (void)frame;
    (void)flags; /* whether it may be compressed by a proxy: we are none */
    if (stream) {
        h2_head_add(&stream->head, limits, &stream->stream, str_of_rcbuf(name),
                    str_of_rcbuf(value));
        fields = stream->head.fields;
    }
    if (fields <= limits->field_count * FIELDS_BEYOND_LIMIT)
        return 0;
    return complain(conn, "an HTTP/2 header block without end");
}

/* RFC 9113 §8.2.1: a field with a malformed name or value makes the request malformed. */
static int invalid_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                          nghttp2_rcbuf *value, uint8_t flags, void *user_data)
{
    (void)session;
    (void)frame;
    (void)name;
    (void)value;
    (void)flags;
    (void)user_data;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* --- bodies --- */

static int data_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                      size_t len, void *user_data)
{
    struct h2_conn *conn = user_data;
    struct h2_stream *stream = h2_session_find(session, id);
    (void)flags; /* the end is told by frame_received() */
    if (len)
        h2_budget_give(&conn->frames, len < DATA_BYTES_MIN ? 1 : DATA_WORTH);
    if (!stream) {
        h2_must(nghttp2_session_consume_connection(session, len));
        return 0;
    }
    if (!h2_stream_receive(stream, str_of((const char *)data, len)))
        return 0;
    conn->feeding = stream;
    return NGHTTP2_ERR_PAUSE;
}

/* --- the end of streams --- */

static int stream_closed(nghttp2_session *session, int32_t id, uint32_t error_code, void *user_data)
{
    struct h2_conn *conn = user_data;
    struct h2_stream *stream = h2_session_find(session, id);
    (void)error_code; /* what we have sent is what counts */
    if (!stream)
        return 0;
    if (conn->heading == stream)
        conn->heading = NULL;
    if (stream->has_ended)
        note_ended(conn, id);
    stream->is_closed = true;
    h2_conn_note(stream);
    return 0;
}

/* Whether a stream error is the client's doing. */
static bool is_blame(uint32_t error_code)
{
    return error_code != NGHTTP2_NO_ERROR && error_code != NGHTTP2_INTERNAL_ERROR &&
           error_code != NGHTTP2_CANCEL;
}

static void note_goaway(struct h2_conn *conn, uint32_t error_code)
{
    if (error_code == NGHTTP2_ENHANCE_YOUR_CALM) /* by nghttp2 itself; after ours this is void */
        h2_conn_end(conn, error_code, "an HTTP/2 peer that goes beyond a bound of nghttp2");
    else if (deadline_is_armed(&conn->drain_deadline))
        h2_must(nghttp2_submit_ping(conn->session, NGHTTP2_FLAG_NONE, NULL));
}

static int frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user_data)
{
    struct h2_conn *conn = user_data;
    bool is_answer = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (frame->hd.type == NGHTTP2_RST_STREAM && is_blame(frame->rst_stream.error_code))
        (void)spend_reset(conn); /* the complaint is heard after the run has sent */
    else if (frame->hd.type == NGHTTP2_GOAWAY)
        note_goaway(conn, frame->goaway.error_code);
    if (!is_answer || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    struct h2_stream *stream = h2_session_find(session, frame->hd.stream_id);
    if (!stream)
        return 0;
    assert(stream->state == STREAM_SENDING);
    h2_stream_enter(stream, STREAM_LEFT);
    h2_conn_note(stream);
    return 0;
}

/* --- life --- */

static void *allocate(size_t size, void *user_data)
{
    (void)user_data;
    return mem_resize(NULL, size_max(size, 1));
}

static void *allocate_zeroed(size_t count, size_t size, void *user_data)
{
    (void)user_data;
    return mem_new(count, size);
}

static void *resize(void *old, size_t size, void *user_data)
{
    (void)user_data;
    return mem_resize(old, size_max(size, 1));
}

static void release(void *memory, void *user_data)
{
    (void)user_data;
    mem_free(memory);
}

static nghttp2_session_callbacks *new_callbacks(void)
{
    nghttp2_session_callbacks *callbacks = NULL;
    h2_must(nghttp2_session_callbacks_new(&callbacks));
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, begin_frame);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame_received);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, header);
    nghttp2_session_callbacks_set_on_invalid_header_callback2(callbacks, invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_closed);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, frame_sent);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, h2_send_data);
    return callbacks;
}

static nghttp2_option *new_options(void)
{
    nghttp2_option *option = NULL;
    h2_must(nghttp2_option_new(&option));
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_builtin_recv_extension_type(option, NGHTTP2_PRIORITY_UPDATE);
    return option;
}

static uint32_t setting_of(uint64_t limit)
{
    return (uint32_t)u64_min(limit, UINT32_MAX);
}

void h2_session_open(struct h2_conn *conn)
{
    const struct limits *limits = conn->base.wire->limits;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, setting_of(limits->h2_streams)},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, setting_of(limits->head_bytes)},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };
    nghttp2_mem memory = {NULL, allocate, release, allocate_zeroed, resize};
    nghttp2_session_callbacks *callbacks = new_callbacks();
    nghttp2_option *option = new_options();
    h2_must(nghttp2_session_server_new3(&conn->session, callbacks, conn, option, &memory));
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    conn->place.left = NGHTTP2_CLIENT_MAGIC_LEN;
    h2_must(
        nghttp2_submit_settings(conn->session, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings)));
}

/* --- DATA frames, of which nghttp2 does not tell where their stream is closed --- */

/* Goes on by some of `bytes`: to the end of a head, or behind it to the end of its frame. True: by
 * a head, which is complete. */
static bool place_step(struct h2_place *place, struct str *bytes)
{
    if (place->left) {
        size_t len = size_min(place->left, bytes->len);
        place->left -= len;
        *bytes = str_from(*bytes, len);
        return false;
    }
    size_t len = size_min(sizeof(place->head) - place->head_len, bytes->len);
    memcpy(place->head + place->head_len, bytes->at, len);
    place->head_len += len;
    *bytes = str_from(*bytes, len);
    if (place->head_len < sizeof(place->head))
        return false;
    place->head_len = 0;
    place->left = (size_t)place->head[0] << 16 | (size_t)place->head[1] << 8 | place->head[2];
    return true;
}

static int32_t stream_of(const struct h2_place *place)
{
    const uint8_t *id = place->head + 5;
    return (int32_t)((uint32_t)(id[0] & 0x7f) << 24 | (uint32_t)id[1] << 16 | (uint32_t)id[2] << 8 |
                     id[3]);
}

/* So many of `bytes` as go before the next DATA frame; where they begin with one, it is among them,
 * and *data_id_out is its stream, otherwise 0: what comes before it decides what it means. */
static size_t until_data(const struct h2_conn *conn, struct str bytes, int32_t *data_id_out)
{
    struct h2_place place = conn->place;
    size_t before = 0;
    *data_id_out = 0;
    for (struct str rest = bytes; rest.len; before = bytes.len - rest.len) {
        if (!place_step(&place, &rest) || place.head[3] != NGHTTP2_DATA)
            continue;
        if (before)
            return before;
        *data_id_out = stream_of(&place);
    }
    return bytes.len;
}

/* One call of nghttp2, which ends early where a handler waits for what has come. */
static bool take_apart(struct h2_conn *conn, struct str *bytes)
{
    const uint8_t *at = (const uint8_t *)bytes->at;
    int32_t data_id;
    size_t len = until_data(conn, *bytes, &data_id);
    conn->feeding = NULL;
    assert(!conn->is_within);
    if (has_said_last(conn, data_id)) {
        (void)forbid(conn, NGHTTP2_STREAM_CLOSED);
        return false;
    }
    conn->is_within = true;
    ssize_t used = nghttp2_session_mem_recv(conn->session, at, len);
    conn->is_within = false;
    if (used == NGHTTP2_ERR_BAD_CLIENT_MAGIC)
        (void)forbid(conn, NGHTTP2_PROTOCOL_ERROR); /* RFC 9113 §3.4 */
    else if (used < 0)
        (void)complain(conn, nghttp2_strerror((int)used)); /* unless it is known better */
    if (used < 0)
        return false;
    for (struct str passed = str_first(*bytes, (size_t)used); passed.len;)
        (void)place_step(&conn->place, &passed);
    *bytes = str_from(*bytes, (size_t)used);
    return conn->feeding || (used > 0 && bytes->len > 0);
}

void h2_session_receive(struct h2_conn *conn, struct str bytes)
{
    struct wire *wire = conn->base.wire;
    while (take_apart(conn, &bytes)) {
        struct h2_stream *stream = conn->feeding;
        if (!stream)
            continue;
        refs_take(&stream->stream.refs);
        h2_conn_step(conn);
        h2_stream_keep(stream);
        refs_drop(&stream->stream.refs);
    }
    size_t queued = nghttp2_session_get_outbound_queue_size(conn->session);
    if (queued > QUEUE_FRAMES_MAX + conn->stream_count * FRAMES_OF_EACH_STREAM)
        (void)complain(conn, "an HTTP/2 peer that does not read what it asked for");
    if (conn->heading && !deadline_is_armed(&conn->heading->deadline))
        deadline_arm(wire->loop, &wire->head_deadlines, &conn->heading->deadline);
}
