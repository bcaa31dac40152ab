"""RFC 9113 §3 to §7, each rule by its section: what a client may not say, the error that follows, and
that what is allowed goes on. In the clear and over TLS.

An error is the connection's (expect_end: GOAWAY and the end) or a stream's (expect_reset: and the
connection goes on). §5.4.1 lets a server treat the second as the first; where davit does, which is
nghttp2's doing, the test says so."""

import struct

import pytest

import davit
import frames
from frames import (ACK, CANCEL, COMPRESSION_ERROR, CONTINUATION, DATA, END_HEADERS, END_STREAM,
                    ENABLE_PUSH, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, GOAWAY, HEADERS,
                    HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS, MAX_FRAME_SIZE,
                    NO_ERROR, PADDED, PING, PREFACE, PRIORITY, PRIORITY_FLAG, PRIORITY_UPDATE,
                    PROTOCOL_ERROR, PUSH_PROMISE, REFUSED_STREAM, RST_STREAM, SETTINGS,
                    STREAM_CLOSED, WINDOW, WINDOW_MAX, WINDOW_UPDATE, frame, head, settings, u32)

LARGEST = 16384  # a frame's payload, as nobody has said otherwise


# --- §3: the beginning ---

def test_3_2_the_http1_upgrade_is_not_taken(h2_server):
    """RFC 9113 has dropped it: the request is an HTTP/1.1 one."""
    port = next(port for port in h2_server.ports if port != h2_server.address[1])
    with davit.Connection(("127.0.0.1", port)) as connection:
        connection.send("GET /file HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
                        "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
        assert connection.read().status == 200


def test_3_4_the_server_says_its_settings_first(connect):
    peer = connect(hello=False)
    peer.send(PREFACE)
    first = peer.next()
    assert first.kind == SETTINGS and not first.flags & ACK and first.stream == 0


def test_3_4_requests_need_not_wait_for_settings(connect):
    peer = connect(hello=False)
    peer.send(PREFACE, settings(), frame(HEADERS, END_HEADERS | END_STREAM, 1, head(path="/file")))
    assert peer.expect_answer(1).body == b"content"


def test_3_4_the_preface_byte_by_byte(connect):
    peer = connect(hello=False)
    for byte in PREFACE + settings():
        peer.send(bytes([byte]))
    peer.request(1, "GET", "/file")
    assert peer.expect_answer(1).body == b"content"


def test_3_4_a_preface_that_is_none(connect, request):
    """Over TLS it was agreed to be HTTP/2; in the clear, what does not begin so is HTTP/1.1."""
    peer = connect(hello=False)
    peer.send(PREFACE[:-1] + b"X", settings())
    if "tls" in request.node.name:
        peer.expect_end(PROTOCOL_ERROR)
    else:
        assert peer.socket.recv(13) == b"HTTP/1.1 505 "


def test_3_4_settings_must_follow_the_preface(connect):
    peer = connect(hello=False)
    peer.send(PREFACE, frame(PING, 0, 0, bytes(8)))
    peer.expect_end(PROTOCOL_ERROR)


# --- §4: frames ---

def test_4_1_frames_of_unknown_types_are_ignored(peer):
    peer.send(frame(0xee, 0xff, 0, b"what"), frame(0xee, 0xff, 1, b""), frame(0xee, 0, 2, b"x"))
    peer.request(1)
    peer.expect_answer(1)


def test_4_1_flags_that_have_no_meaning_are_ignored(peer):
    peer.send(frame(PING, 0xfe, 0, b"12345678"))
    assert peer.awaited(PING, ACK).payload == b"12345678"
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM | 0xd2 & ~PADDED & ~PRIORITY_FLAG, 1, head()))
    peer.expect_answer(1)


def test_4_1_the_reserved_bit_is_ignored(peer):
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1 << 31 | 1, head()))
    peer.expect_answer(1)


def test_4_2_a_frame_of_the_largest_size(peer):
    peer.request(1, "PUT", "/sized", end=False)
    peer.data(1, bytes(LARGEST), end=True)
    answer = peer.answers.setdefault(1, frames.Answer())
    peer.until(lambda: answer.has_ended, "an answer")
    assert answer.status in (201, 204)


def test_4_2_a_data_frame_that_is_too_large(peer):
    peer.request(1, "PUT", "/none/f", end=False)
    peer.data(1, bytes(LARGEST + 1))
    peer.expect_end(FRAME_SIZE_ERROR)


def test_4_2_a_headers_frame_that_is_too_large(peer):
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1,
                    head("GET", "/", *[("x", "a" * 100)] * 170)))
    peer.expect_end(FRAME_SIZE_ERROR)


def test_4_2_an_unknown_frame_that_is_too_large(peer):
    peer.send(frame(0xee, 0, 0, bytes(LARGEST + 1)))
    peer.expect_end(FRAME_SIZE_ERROR)


def test_4_3_a_header_block_that_cannot_be_decoded(peer):
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff\xff\xff\xff\xff\xff"))
    peer.expect_end(COMPRESSION_ERROR)


def test_4_3_a_frame_within_a_header_block(peer):
    peer.send(frame(HEADERS, END_STREAM, 1, head()), frame(PING, 0, 0, bytes(8)))
    peer.expect_end(PROTOCOL_ERROR)


def test_4_3_an_unknown_frame_within_a_header_block(peer):
    peer.send(frame(HEADERS, END_STREAM, 1, head()), frame(0xee, 0, 1, b""))
    peer.expect_end(PROTOCOL_ERROR)


def test_4_3_another_header_block_within_a_header_block(peer):
    peer.send(frame(HEADERS, END_STREAM, 1, head()),
              frame(HEADERS, END_HEADERS | END_STREAM, 3, head()))
    peer.expect_end(PROTOCOL_ERROR)


# --- §5.1: states of a stream ---

IDLE = {
    "data": frame(DATA, END_STREAM, 1, b"x"),
    "rst_stream": frame(RST_STREAM, 0, 1, u32(CANCEL)),
    "window_update": frame(WINDOW_UPDATE, 0, 1, u32(100)),
    "continuation": frame(CONTINUATION, END_HEADERS, 1, head()),
}


@pytest.mark.parametrize("kind", IDLE)
def test_5_1_idle_only_headers_may_come(peer, kind):
    peer.send(IDLE[kind])
    peer.expect_end(PROTOCOL_ERROR)


def test_5_1_idle_priority_may_come(peer):
    peer.send(frame(PRIORITY, 0, 1, u32(0) + b"\x10"))
    peer.request(1)
    peer.expect_answer(1)


def half_closed(peer):
    """The client has said all, and the answer is kept from being complete by its window."""
    peer.request(1, "GET", "/large")
    peer.expect_body(1, WINDOW)


@pytest.mark.parametrize("kind,flags,payload", [
    (DATA, END_STREAM, b"x"), (HEADERS, END_HEADERS | END_STREAM, head())])
def test_5_1_half_closed_neither_data_nor_headers_may_come(peer, kind, flags, payload):
    """A stream error that nghttp2 treats as the connection's."""
    half_closed(peer)
    peer.send(frame(kind, flags, 1, payload))
    peer.expect_end(STREAM_CLOSED)


def test_5_1_half_closed_continuation_may_not_come(peer):
    half_closed(peer)
    peer.send(frame(CONTINUATION, END_HEADERS, 1, head()))
    peer.expect_end(PROTOCOL_ERROR)


def test_5_1_half_closed_window_update_priority_and_reset_may_come(peer):
    half_closed(peer)
    peer.send(frame(PRIORITY, 0, 1, u32(0) + b"\x10"), frame(WINDOW_UPDATE, 0, 1, u32(10)),
              frame(WINDOW_UPDATE, 0, 0, u32(WINDOW)))
    peer.expect_body(1, WINDOW + 10)
    peer.send(frame(RST_STREAM, 0, 1, u32(CANCEL)))
    peer.request(3)
    peer.expect_answer(3)
    assert not peer.answers[1].has_ended and 1 not in peer.resets


@pytest.mark.parametrize("ended_by", ["answer", "reset"])
def test_5_1_closed_what_may_be_on_its_way_is_ignored(peer, ended_by):
    """A WINDOW_UPDATE or RST_STREAM that crossed the end of the stream; PRIORITY always."""
    if ended_by == "answer":
        peer.request(1)
        peer.expect_answer(1)
    else:
        half_closed(peer)
        peer.send(frame(RST_STREAM, 0, 1, u32(CANCEL)))
    peer.send(frame(WINDOW_UPDATE, 0, 1, u32(100)), frame(PRIORITY, 0, 1, u32(0) + b"\x10"),
              frame(RST_STREAM, 0, 1, u32(CANCEL)))
    peer.send(frame(WINDOW_UPDATE, 0, 0, u32(WINDOW)))
    peer.request(3, "GET", "/file")
    assert peer.expect_answer(3).body == b"content"


@pytest.mark.parametrize("kind,flags,payload", [
    (DATA, END_STREAM, b"test"), (HEADERS, END_STREAM | END_HEADERS, b"\x82")], ids=["data", "headers"])
@pytest.mark.parametrize("ended_by", ["answer", "reset", "answer, long ago"])
def test_5_1_closed_by_the_client_nothing_may_come(peer, ended_by, kind, flags, payload):
    """Who has said the last on a stream himself had nothing on its way; h2spec's http2/5.1, 5 to 12."""
    peer.request(1, end=ended_by != "reset")
    if ended_by == "reset":
        peer.send(frame(RST_STREAM, 0, 1, u32(CANCEL)))
    else:
        peer.expect_answer(1)
    if ended_by == "answer, long ago":
        for stream in range(3, 13, 2):
            peer.request(stream)
            peer.expect_answer(stream)
    peer.send(frame(kind, flags, 1, payload))
    peer.expect_end(STREAM_CLOSED)


def test_5_1_closed_data_on_its_way_counts_for_the_connection(peer):
    """The server has reset the stream; what the client had sent is thrown away, and its window comes
    back: else uploads that are refused would use it up."""
    for stream in range(1, 21, 2):
        peer.request(stream, "PUT", "/none/f", ("content-length", "5"), end=False)
        peer.data(stream, b"123456")
        peer.until(lambda s=stream: s in peer.resets, "a reset")
        peer.data(stream, bytes(LARGEST))
    peer.expect_alive()
    assert peer.end is None


def test_5_1_closed_headers_on_their_way_are_decoded(peer):
    """Trailers that crossed a reset: the compression context is the connection's."""
    peer.request(1, "PUT", "/none/f", ("content-length", "5"), end=False)
    peer.data(1, b"123456")
    peer.until(lambda: 1 in peer.resets, "a reset")
    indexed = b"\x40" + frames.string("x-trailer") + frames.string("t")
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, indexed))
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 3, head() + b"\xbe"))  # the one that it made
    peer.expect_answer(3)


# --- §5.1.1, §5.1.2: identifiers and their number ---

def test_5_1_1_a_client_opens_odd_streams(peer):
    peer.request(2)
    peer.expect_end(PROTOCOL_ERROR)


def test_5_1_1_identifiers_only_grow(peer):
    peer.request(5)
    peer.expect_answer(5)
    peer.request(3)
    peer.expect_end(PROTOCOL_ERROR)


def test_5_1_1_identifiers_may_be_left_out(peer):
    for stream in (1, 7, 9, 1001, (1 << 31) - 1):
        peer.request(stream, "GET", "/file")
        assert peer.expect_answer(stream).body == b"content"


def as_many_as_may_be(connect, knows_settings):
    """Requests of which none can be answered to its end."""
    peer = connect(hello=False)
    peer.send(PREFACE, settings((INITIAL_WINDOW_SIZE, 0)))
    told = dict(struct.iter_unpack(">HI", peer.next().payload))
    if knows_settings:
        peer.send(frame(SETTINGS, ACK))
    count = told[MAX_CONCURRENT_STREAMS]
    assert count >= 100, "RFC 9113 §6.5.2 recommends no less"
    for stream in range(1, 2 * count, 2):
        peer.request(stream, "GET", "/file")
    peer.expect_alive()
    return peer, count


def test_5_1_2_more_streams_than_a_client_knows_to_be_allowed_are_refused(connect):
    peer, count = as_many_as_may_be(connect, knows_settings=False)
    peer.request(2 * count + 1, "GET", "/file")
    peer.expect_reset(2 * count + 1, REFUSED_STREAM)
    peer.send(settings((INITIAL_WINDOW_SIZE, WINDOW)))
    for stream in range(1, 2 * count, 2):
        assert peer.expect_answer(stream).body == b"content"


def test_5_1_2_more_streams_than_were_allowed(connect):
    """A stream error that nghttp2 treats as the connection's."""
    peer, count = as_many_as_may_be(connect, knows_settings=True)
    peer.request(2 * count + 1, "GET", "/file")
    peer.expect_end(PROTOCOL_ERROR)


def test_5_1_2_streams_that_are_over_do_not_count(connect):
    peer, count = as_many_as_may_be(connect, knows_settings=True)
    for stream in range(1, 2 * count, 2):
        peer.send(frame(RST_STREAM, 0, stream, u32(CANCEL)))
    peer.send(settings((INITIAL_WINDOW_SIZE, WINDOW)))
    for stream in range(2 * count + 1, 4 * count, 2):
        peer.request(stream, "GET", "/file")
    for stream in range(2 * count + 1, 4 * count, 2):
        assert peer.expect_answer(stream).body == b"content"


# --- §5.2, §6.9: flow control ---

def test_5_2_1_answers_keep_to_the_windows(connect):
    peer = connect(first_settings=[(INITIAL_WINDOW_SIZE, 5)])
    peer.request(1, "GET", "/large")
    peer.expect_body(1, 5)
    peer.send(frame(WINDOW_UPDATE, 0, 1, u32(1)))
    peer.expect_body(1, 6)


def test_5_2_2_flow_control_of_the_connection(peer):
    """A window that is open on the stream only."""
    peer.send(settings((INITIAL_WINDOW_SIZE, 1 << 20)))
    peer.request(1, "GET", "/large")
    peer.expect_body(1, WINDOW)
    peer.send(frame(WINDOW_UPDATE, 0, 0, u32(WINDOW_MAX - WINDOW)))
    assert len(peer.expect_answer(1).body) == 1 << 20


# --- §5.3: priorities, which RFC 9113 has dropped ---

def test_5_3_2_priorities_of_rfc_7540_are_ignored(peer):
    signal = u32(1 << 31 | 7) + b"\xff"
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM | PRIORITY_FLAG, 1, signal + head()))
    peer.send(frame(PRIORITY, 0, 3, signal), frame(PRIORITY, 0, 1, signal))
    peer.expect_answer(1)


def test_5_3_2_a_stream_that_depends_on_itself(peer):
    """RFC 7540 §5.3.1 made it an error, RFC 9113 has no such rule. nghttp2 skips PRIORITY, and keeps
    to the old rule in HEADERS."""
    peer.send(frame(PRIORITY, 0, 1, u32(1) + b"\x10"))
    peer.expect_alive()
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM | PRIORITY_FLAG, 1, u32(1) + b"\x10" + head()))
    peer.expect_end(PROTOCOL_ERROR)


# --- §6.1: DATA ---

def test_6_1_data_on_the_connection(peer):
    peer.send(frame(DATA, 0, 0, b"x"))
    peer.expect_end(PROTOCOL_ERROR)


@pytest.mark.parametrize("payload", [b"\x05abcd", b"\x01", b"\xff"])
def test_6_1_data_with_more_padding_than_payload(peer, payload):
    peer.request(1, "PUT", "/padded", end=False)
    peer.send(frame(DATA, END_STREAM | PADDED, 1, payload))
    peer.expect_end(PROTOCOL_ERROR)


def test_6_1_data_without_the_length_of_its_padding(peer):
    """§4.2 would have it FRAME_SIZE_ERROR; nghttp2 sees too much padding, as above."""
    peer.request(1, "PUT", "/padded", end=False)
    peer.send(frame(DATA, END_STREAM | PADDED, 1, b""))
    peer.expect_end(PROTOCOL_ERROR)


def test_6_1_padding_is_no_content(peer, h2_server):
    peer.request(1, "PUT", "/padded", end=False)
    peer.send(frame(DATA, PADDED, 1, b"\x05abc" + bytes(5)), frame(DATA, PADDED, 1, b"\x03" + bytes(3)),
              frame(DATA, END_STREAM | PADDED, 1, b"\x00d"))
    peer.until(lambda: peer.answers.setdefault(1, frames.Answer()).has_ended, "an answer")
    with open(h2_server.path("padded"), "rb") as file:
        assert file.read() == b"abcd"


# --- §6.2: HEADERS ---

def test_6_2_headers_on_the_connection(peer):
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 0, head()))
    peer.expect_end(PROTOCOL_ERROR)


def test_6_2_headers_with_more_padding_than_payload(peer):
    block = head()
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1,
                    bytes([len(block) + 1]) + block))
    peer.expect_end(PROTOCOL_ERROR)


def test_6_2_padded_headers(peer):
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\x07" + head() + bytes(7)))
    peer.expect_answer(1)


def test_6_2_headers_too_short_for_their_priority(peer):
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM | PRIORITY_FLAG, 1, bytes(4)))
    peer.expect_end(FRAME_SIZE_ERROR)


# --- §6.3: PRIORITY ---

def test_6_3_priority_on_the_connection(peer):
    peer.send(frame(PRIORITY, 0, 0, u32(1) + b"\x10"))
    peer.expect_end(PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [0, 4, 6])
def test_6_3_priority_of_another_length(peer, size):
    """A stream error that nghttp2 treats as the connection's."""
    peer.send(frame(PRIORITY, 0, 1, bytes(size)))
    peer.expect_end(FRAME_SIZE_ERROR)


# --- §6.4: RST_STREAM ---

def test_6_4_rst_stream_on_the_connection(peer):
    peer.send(frame(RST_STREAM, 0, 0, u32(CANCEL)))
    peer.expect_end(PROTOCOL_ERROR)


def test_6_4_rst_stream_of_an_idle_stream(peer):
    peer.send(frame(RST_STREAM, 0, 7, u32(CANCEL)))
    peer.expect_end(PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [0, 3, 5])
def test_6_4_rst_stream_of_another_length(peer, size):
    peer.request(1, "PUT", "/none/f", end=False)
    peer.send(frame(RST_STREAM, 0, 1, bytes(size)))
    peer.expect_end(FRAME_SIZE_ERROR)


def test_6_4_an_unknown_code_is_a_reset_too(peer):
    half_closed(peer)
    peer.send(frame(RST_STREAM, 0, 1, u32(0xdeadbeef)), frame(WINDOW_UPDATE, 0, 0, u32(WINDOW)))
    peer.request(3)
    peer.expect_answer(3)
    assert len(peer.answers[1].body) == WINDOW


# --- §6.5: SETTINGS ---

def test_6_5_settings_are_acknowledged(peer):
    peer.send(settings((INITIAL_WINDOW_SIZE, 100)))
    assert peer.awaited(SETTINGS, ACK).payload == b""


def test_6_5_an_acknowledgement_with_payload(peer):
    peer.send(frame(SETTINGS, ACK, 0, bytes(6)))
    peer.expect_end(FRAME_SIZE_ERROR)


def test_6_5_settings_on_a_stream(peer):
    peer.send(frame(SETTINGS, 0, 1, b""))
    peer.expect_end(PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [1, 5, 7])
def test_6_5_settings_of_another_length(peer, size):
    peer.send(frame(SETTINGS, 0, 0, bytes(size)))
    peer.expect_end(FRAME_SIZE_ERROR)


@pytest.mark.parametrize("value", [2, 1 << 31])
def test_6_5_2_settings_enable_push_neither_0_nor_1(peer, value):
    peer.send(settings((ENABLE_PUSH, value)))
    peer.expect_end(PROTOCOL_ERROR)


@pytest.mark.parametrize("value", [1 << 31, (1 << 32) - 1])
def test_6_5_2_settings_initial_window_size_too_large(peer, value):
    peer.send(settings((INITIAL_WINDOW_SIZE, value)))
    peer.expect_end(FLOW_CONTROL_ERROR)


@pytest.mark.parametrize("value", [0, 16383, 1 << 24, (1 << 32) - 1])
def test_6_5_2_settings_max_frame_size_out_of_range(peer, value):
    peer.send(settings((MAX_FRAME_SIZE, value)))
    peer.expect_end(PROTOCOL_ERROR)


def test_6_5_2_settings_that_are_unknown_are_ignored(peer):
    peer.send(settings((0xffff, 1), (0, 7)))
    peer.awaited(SETTINGS, ACK)
    peer.expect_alive()


def test_6_5_2_settings_header_table_size_is_kept_to(peer):
    """Answers need no table; what is asked for is at most 4096, whatever the client allows."""
    for size in (0, (1 << 32) - 1, 1, 4096):
        peer.send(settings((HEADER_TABLE_SIZE, size)))
        peer.awaited(SETTINGS, ACK)
        peer.decoder.max_allowed_table_size = min(size, 4096)
        for _ in range(2):
            stream = peer.answers and max(peer.answers) + 1 | 1
            peer.request(stream, "GET", "/file")
            assert peer.expect_answer(stream).body == b"content"


def test_6_5_3_settings_take_effect_in_order(peer):
    """Of several values for one setting in one frame the last counts."""
    peer.send(settings((INITIAL_WINDOW_SIZE, 100), (INITIAL_WINDOW_SIZE, 3)))
    peer.request(1, "GET", "/large")
    peer.expect_body(1, 3)


# --- §6.6: PUSH_PROMISE ---

@pytest.mark.parametrize("stream", [0, 1])
def test_6_6_a_client_cannot_push(peer, stream):
    peer.request(1, "PUT", "/none/f", end=False)
    peer.send(frame(PUSH_PROMISE, END_HEADERS, stream, u32(2) + head()))
    peer.expect_end(PROTOCOL_ERROR)


# --- §6.7: PING ---

def test_6_7_ping_is_answered_with_the_same(peer):
    peer.send(frame(PING, 0, 0, b"abcdefgh"))
    assert peer.awaited(PING, ACK).payload == b"abcdefgh"


def test_6_7_an_acknowledgement_is_not_answered(peer):
    peer.send(frame(PING, ACK, 0, b"unasked!"))
    peer.send(frame(PING, 0, 0, b"abcdefgh"))
    assert peer.awaited(PING).payload == b"abcdefgh"


def test_6_7_ping_on_a_stream(peer):
    peer.send(frame(PING, 0, 1, bytes(8)))
    peer.expect_end(PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [0, 7, 9])
def test_6_7_ping_of_another_length(peer, size):
    peer.send(frame(PING, 0, 0, bytes(size)))
    peer.expect_end(FRAME_SIZE_ERROR)


# --- §6.8: GOAWAY ---

def test_6_8_goaway_on_a_stream(peer):
    peer.send(frame(GOAWAY, 0, 1, u32(0) + u32(NO_ERROR)))
    peer.expect_end(PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [0, 7])
def test_6_8_goaway_that_is_too_short(peer, size):
    peer.send(frame(GOAWAY, 0, 0, bytes(size)))
    peer.expect_end(FRAME_SIZE_ERROR)


def test_6_8_a_client_that_goes_gets_its_answers(peer):
    half_closed(peer)
    peer.send(frame(GOAWAY, 0, 0, u32(0) + u32(NO_ERROR) + b"farewell"))
    peer.send(frame(WINDOW_UPDATE, 0, 0, u32(1 << 20)), frame(WINDOW_UPDATE, 0, 1, u32(1 << 20)))
    assert len(peer.expect_answer(1).body) == 1 << 20
    while peer.next() is not None:  # and then it ends by itself
        pass


def test_6_8_the_last_stream_that_was_looked_at_is_named(peer):
    peer.request(1)
    peer.expect_answer(1)
    peer.request(5)
    peer.expect_answer(5)
    peer.send(frame(PING, 0, 1, bytes(8)))
    peer.expect_end(PROTOCOL_ERROR, last=5)


# --- §6.9: WINDOW_UPDATE ---

def test_6_9_an_increment_of_zero_on_the_connection(peer):
    peer.send(frame(WINDOW_UPDATE, 0, 0, u32(0)))
    peer.expect_end(PROTOCOL_ERROR)


def test_6_9_an_increment_of_zero_on_a_stream(peer):
    """A stream error that nghttp2 treats as the connection's."""
    half_closed(peer)
    peer.send(frame(WINDOW_UPDATE, 0, 1, u32(0)))
    peer.expect_end(PROTOCOL_ERROR)


@pytest.mark.parametrize("size", [0, 3, 5])
def test_6_9_window_update_of_another_length(peer, size):
    peer.send(frame(WINDOW_UPDATE, 0, 0, bytes(size)))
    peer.expect_end(FRAME_SIZE_ERROR)


def test_6_9_1_a_window_of_the_connection_that_overflows(peer):
    peer.send(frame(WINDOW_UPDATE, 0, 0, u32(WINDOW_MAX)))
    peer.expect_end(FLOW_CONTROL_ERROR)


def test_6_9_1_a_window_of_a_stream_that_overflows(peer):
    half_closed(peer)
    peer.send(frame(WINDOW_UPDATE, 0, 1, u32(WINDOW_MAX)), frame(WINDOW_UPDATE, 0, 1, u32(1)))
    peer.expect_reset(1, FLOW_CONTROL_ERROR)


def test_6_9_2_a_change_of_the_initial_window_is_for_open_streams_too(connect):
    """The window of a stream may become less than nothing."""
    peer = connect(first_settings=[(INITIAL_WINDOW_SIZE, 100)])
    peer.request(1, "GET", "/large")
    peer.expect_body(1, 100)
    peer.send(settings((INITIAL_WINDOW_SIZE, 40)), frame(WINDOW_UPDATE, 0, 1, u32(60)))
    peer.expect_body(1, 100)
    peer.send(frame(WINDOW_UPDATE, 0, 1, u32(1)))
    peer.expect_body(1, 101)


def test_6_9_2_a_change_that_makes_a_window_overflow(peer):
    """The connection's error, for RFC 9113; nghttp2 resets the stream whose window it is."""
    half_closed(peer)
    peer.send(frame(WINDOW_UPDATE, 0, 1, u32(WINDOW_MAX)))
    peer.send(settings((INITIAL_WINDOW_SIZE, WINDOW_MAX)))
    peer.expect_reset(1, FLOW_CONTROL_ERROR)


# --- §6.10: CONTINUATION ---

def test_6_10_a_head_in_many_pieces(peer):
    block = head("GET", "/file")
    parts = [block[i:i + 20] for i in range(0, len(block), 20)]
    peer.send(frame(HEADERS, END_STREAM, 1, parts[0]))
    for i, part in enumerate(parts[1:]):
        peer.send(frame(CONTINUATION, END_HEADERS if i == len(parts) - 2 else 0, 1, part))
    assert peer.expect_answer(1).body == b"content"


@pytest.mark.parametrize("stream", [0, 3])
def test_6_10_continuation_of_another_stream(peer, stream):
    block = head()
    peer.send(frame(HEADERS, END_STREAM, 1, block[:10]),
              frame(CONTINUATION, END_HEADERS, stream, block[10:]))
    peer.expect_end(PROTOCOL_ERROR)


def test_6_10_continuation_of_a_head_that_is_complete(peer):
    peer.request(1, "PUT", "/none/f", end=False)
    peer.send(frame(CONTINUATION, END_HEADERS, 1, head()))
    peer.expect_end(PROTOCOL_ERROR)


# --- §7: codes; RFC 9218 ---

def test_7_unknown_codes_are_no_special_case(peer):
    peer.send(frame(GOAWAY, 0, 0, u32(0) + u32(0x12345678)))
    while peer.next() is not None:
        pass
    assert peer.end is None or peer.end.code() == NO_ERROR


def test_rfc9218_7_1_priority_update(peer):
    peer.send(frame(PRIORITY_UPDATE, 0, 0, u32(1) + b"u=1, i"), frame(PRIORITY_UPDATE, 0, 0, u32(3)))
    peer.request(1, "GET", "/file")
    assert peer.expect_answer(1).body == b"content"


@pytest.mark.parametrize("stream,payload", [(1, u32(1) + b"u=1"), (0, u32(0) + b"u=1")])
def test_rfc9218_7_1_priority_update_in_the_wrong_place(peer, stream, payload):
    peer.send(frame(PRIORITY_UPDATE, 0, stream, payload))
    peer.expect_end(PROTOCOL_ERROR)


def test_rfc9218_7_1_priority_update_that_is_too_short(peer):
    peer.send(frame(PRIORITY_UPDATE, 0, 0, b"\0\0\0"))
    peer.expect_end(FRAME_SIZE_ERROR)
