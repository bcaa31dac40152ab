"""What is legal over HTTP/2 and would still harm, when it comes without end (RFC 9113 §10.5): the
connection ends with ENHANCE_YOUR_CALM, the log says why, once, and nobody else notices."""

import contextlib
import re

import frames
import pytest
import tls
from frames import (ACK, CANCEL, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM,
                    HEADERS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, PADDED, PING, PRIORITY,
                    PRIORITY_UPDATE, RST_STREAM, WINDOW_MAX, WINDOW_UPDATE, block, frame, head,
                    settings, string, u32)
from session import count_no_freed_memory, peak_bytes, wait_for

count_no_freed_memory()

IDLE = r"a flood of HTTP/2 frames that carry nothing|Flooding was detected"
RESETS = "a flood of HTTP/2 streams that are opened and reset"
ENDLESS = "an HTTP/2 header block without end"
MANY = 100000  # more than any bound lets pass


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    pair = tls.make_pair(tmp_path_factory.mktemp("pair") / "p")
    args = ["--durability", "lazy", "--listen-plain", "127.0.0.1:0"]
    with tls.Server([pair], args) as running:
        running.pair = pair
        with open(running.path("file"), "wb") as file:
            file.write(b"content")
        with open(running.path("large"), "wb") as file:
            file.write(bytes(1 << 20))
        yield running


@pytest.fixture(params=["clear", "tls"])
def is_tls(request):
    return request.param == "tls"


def connect(server, is_tls, **options):
    port = server.address[1] if is_tls else next(p for p in server.ports if p != server.address[1])
    return frames.Peer(("127.0.0.1", port), frames.context() if is_tls else None, **options)


def complaints(server):
    return [line for line in server.stderr().splitlines() if not line.startswith("listening")]


@contextlib.contextmanager
def flooded(server, is_tls, why, **options):
    """What is sent within must end the connection, for this reason; somebody else is served still."""
    before = len(complaints(server))
    with connect(server, is_tls) as other, connect(server, is_tls, **options) as peer:
        other.expect_alive()
        yield peer
        peer.expect_end(ENHANCE_YOUR_CALM)
        other.request(1, "GET", "/file")
        assert other.expect_answer(1).body == b"content"
    new = wait_for(lambda: complaints(server)[before:], "a line in the log")
    assert len(new) == 1 and re.search(r"127\.0\.0\.1.*: (" + why + ")", new[0]), new


def pour(peer, piece, count=MANY):
    """A hundred at a time, until the server has had enough."""
    for _ in range(count // 100):
        if peer.has_ended:
            return
        peer.send(piece * 100)


@pytest.mark.parametrize("piece", [
    frame(PING, 0, 0, b"12345678"),
    frame(PING, ACK, 0, b"12345678"),
    settings(),
    settings((INITIAL_WINDOW_SIZE, 1)),
    frame(PRIORITY, 0, 1, u32(0) + b"\x10"),
    frame(WINDOW_UPDATE, 0, 0, u32(1)),
    frame(PRIORITY_UPDATE, 0, 0, u32(1) + b"u=1"),
], ids=["ping", "ping-ack", "settings", "settings-of-a-window", "priority", "window-update",
        "priority-update"])
def test_frames_on_the_connection(server, is_tls, piece):
    with flooded(server, is_tls, IDLE) as peer:
        pour(peer, piece)


@pytest.mark.parametrize("piece", [
    frame(DATA, 0, 1, b""),
    frame(DATA, PADDED, 1, b"\3\0\0\0"),
    frame(WINDOW_UPDATE, 0, 1, u32(1)),
], ids=["data", "padding", "window-update"])
def test_frames_on_a_stream(server, is_tls, piece):
    with flooded(server, is_tls, IDLE) as peer:
        peer.request(1, "PUT", "/upload", end=False)
        pour(peer, piece)


def test_settings_with_many_entries(server, is_tls):
    with flooded(server, is_tls, "an HTTP/2 peer that goes beyond a bound of nghttp2") as peer:
        peer.send(settings(*[(MAX_FRAME_SIZE, 16384)] * 1000))


# --- resets ---

def test_rapid_reset(server, is_tls):
    """CVE-2023-44487."""
    with flooded(server, is_tls, RESETS) as peer:
        for stream in range(1, 4001, 2):
            peer.request(stream, "GET", "/large")
            peer.send(frame(RST_STREAM, 0, stream, u32(CANCEL)))


@pytest.mark.parametrize("breach", [
    lambda stream: frame(WINDOW_UPDATE, 0, stream, u32(WINDOW_MAX)),
    lambda stream: frame(DATA, END_STREAM, stream, b"more than the length that was declared"),
    lambda stream: frame(HEADERS, END_HEADERS | END_STREAM, stream, block((":path", "/"))),
], ids=["window", "length", "trailers"])
def test_streams_that_the_server_is_made_to_reset(server, is_tls, breach):
    """CVE-2025-8671."""
    with flooded(server, is_tls, RESETS) as peer:
        for stream in range(1, 4001, 2):
            peer.request(stream, "PUT", "/none/f", ("content-length", "3"), end=False)
            peer.send(breach(stream))


def test_requests_that_are_malformed(server, is_tls):
    with flooded(server, is_tls, RESETS) as peer:
        for stream in range(1, 4001, 2):
            peer.request(stream, "GET", "/file", ("Upper", "x"))


# --- header blocks ---

@pytest.mark.parametrize("piece", [b"", b"\0\1a\1b"], ids=["empty", "fields"])
def test_continuation(server, is_tls, piece):
    """CVE-2024-27316 and its like."""
    why = "Too many CONTINUATION frames"
    with flooded(server, is_tls, f"{why}|{IDLE}") as peer:
        peer.send(frame(HEADERS, END_STREAM, 1, head()))
        pour(peer, frame(CONTINUATION, 0, 1, piece))


def test_a_block_that_stands_for_much(server, is_tls):
    """An entry of 4 kB, and a byte for each time that it is repeated."""
    entry = b"\x40" + string("x") + string("a" * 4000)
    with flooded(server, is_tls, ENDLESS) as peer:
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, head() + entry))
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 3, head() + b"\xbe" * 16000))


def test_trailers_that_stand_for_much(server, is_tls):
    with flooded(server, is_tls, ENDLESS) as peer:
        peer.request(1, "PUT", "/upload", end=False)
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x40\1a\1b" + b"\xbe" * 16000))


def test_a_head_that_is_too_large_is_only_refused(server, is_tls):
    """The client may have meant it: 431, and the connection goes on."""
    with connect(server, is_tls) as peer:
        peer.send(frame(HEADERS, END_STREAM, 1, head("GET", "/file", ("x", "a" * 15000))),
                  frame(CONTINUATION, 0, 1, block(("y", "a" * 15000))),
                  frame(CONTINUATION, END_HEADERS, 1, block(("z", "a" * 15000))))
        peer.expect_answer(1, 431)
        peer.request(3, "GET", "/file")
        assert peer.expect_answer(3).body == b"content"


# --- what costs nothing ---

def test_what_is_skipped_does_no_harm(server, is_tls):
    """Frames that nobody knows are not even counted; nor is anything kept of them."""
    with connect(server, is_tls) as peer:
        before = peak_bytes(server.process.pid)
        for stream in range(1, 2001, 2):
            peer.send(frame(0xee, 0, stream, bytes(4096)) * 10)
        peer.request(1, "GET", "/file")
        assert peer.expect_answer(1).body == b"content"
        assert peak_bytes(server.process.pid) - before < 16 << 20  # of 40 MB


# --- who does not read ---

def check_given_up(server, is_tls, why, **options):
    """Asks for an answer whose windows then stay shut."""
    args = ["--listen-plain", "127.0.0.1:0", "--limit", "progress_ms=500"]
    with tls.Server([server.pair], args) as impatient:
        with open(impatient.path("large"), "wb") as file:
            file.write(bytes(1 << 20))
        with connect(impatient, is_tls, **options) as peer:
            peer.request(1, "GET", "/large")
            if why:
                peer.expect_end(ENHANCE_YOUR_CALM)
                wait_for(lambda: re.search(why, impatient.stderr()), "a line in the log")
            else:
                peer.expect_reset(1, CANCEL)


def test_a_connection_whose_window_stays_shut(server, is_tls):
    check_given_up(server, is_tls, "its window stays shut",
                   first_settings=[(INITIAL_WINDOW_SIZE, WINDOW_MAX)])


def test_a_stream_whose_window_stays_shut(server, is_tls):
    """It is the stream's only: the others may go on."""
    check_given_up(server, is_tls, None, first_settings=[(INITIAL_WINDOW_SIZE, 10)])
