"""How HTTP/2 connections and streams end: uploads under way are finished, what failed does not look
complete, what was cut off never was. In the clear and over TLS."""

import os
import signal
import struct

import frames
import pytest
import tls
from frames import (CANCEL, GOAWAY, INTERNAL_ERROR, NO_ERROR, PING, RST_STREAM, WINDOW, WINDOW_MAX,
                    WINDOW_UPDATE, frame, u32)
from session import litter, staged, wait_for

UPLOAD = os.urandom(1 << 16)


@pytest.fixture
def server(tmp_path):
    pair = tls.make_pair(tmp_path / "p")
    args = ["--listen-plain", "127.0.0.1:0", "--limit", "shutdown_ms=20000"]
    with tls.Server([pair], args) as running:
        yield running


@pytest.fixture(params=["clear", "tls"])
def connect(request, server):
    opened = []

    def make(**options):
        is_tls = request.param == "tls"
        port = server.address[1] if is_tls else server.ports[1]
        opened.append(frames.Peer(("127.0.0.1", port), frames.context() if is_tls else None, **options))
        return opened[-1]
    yield make
    for peer in opened:
        peer.socket.close()


def begin_upload(peer, stream, path, sent=30000):
    peer.request(stream, "PUT", path, ("content-length", str(len(UPLOAD))), ("expect", "100-continue"),
                 end=False)
    peer.awaited(frames.HEADERS)
    peer.data(stream, UPLOAD[:16384])
    peer.data(stream, UPLOAD[16384:sent])


def finish_upload(peer, stream, sent=30000):
    peer.data(stream, UPLOAD[sent:sent + 16384])
    peer.data(stream, UPLOAD[sent + 16384:sent + 32768])
    peer.data(stream, UPLOAD[sent + 32768:], end=True)


def stop(server):
    server.process.send_signal(signal.SIGTERM)
    server.says("stopping")


def content(server, name):
    with open(server.path(name), "rb") as file:
        return file.read()


def last_of(goaway):
    assert goaway.code() == NO_ERROR
    return struct.unpack(">I", goaway.payload[:4])[0]


# --- GOAWAY ---

def test_uploads_under_way_are_finished_before_the_end(server, connect):
    peer = connect()
    for stream in (1, 3):
        begin_upload(peer, stream, f"/{stream}")
    stop(server)
    assert last_of(peer.awaited(GOAWAY)) == WINDOW_MAX, "first: no more requests, please"
    ping = peer.awaited(PING)
    peer.request(5, "GET", "/none")  # which was on its way
    peer.send(frame(PING, frames.ACK, 0, ping.payload))
    assert last_of(peer.awaited(GOAWAY)) == 5, "second: these are answered"
    peer.end = None
    peer.expect_answer(5, 404)
    peer.request(7, "PUT", "/too-late")
    for stream in (1, 3):
        finish_upload(peer, stream)
    for stream in (1, 3):
        peer.expect_answer(stream, 201)
    while peer.next() is not None:
        pass
    assert 7 not in peer.resets and peer.answers.get(7) is None
    peer.socket.close()
    assert server.process.wait(20) == 0
    assert content(server, "1") == content(server, "3") == UPLOAD
    assert not os.path.exists(server.path("too-late"))


def test_a_client_that_does_not_return_the_ping_is_seen_off_too(server, connect):
    peer = connect()
    begin_upload(peer, 1, "/f")
    stop(server)
    assert last_of(peer.awaited(GOAWAY)) == WINDOW_MAX
    assert last_of(peer.awaited(GOAWAY)) == 1
    peer.end = None
    finish_upload(peer, 1)
    peer.expect_answer(1, 201)
    while peer.next() is not None:
        pass
    assert content(server, "f") == UPLOAD


def test_downloads_under_way_are_finished_before_the_end(server, connect):
    with open(server.path("f"), "wb") as file:
        file.write(UPLOAD * 4)
    peer = connect()
    peer.request(1, "GET", "/f")
    peer.expect_body(1, WINDOW)
    stop(server)
    peer.send(frame(PING, frames.ACK, 0, peer.awaited(PING).payload))
    peer.send(frame(WINDOW_UPDATE, 0, 0, u32(1 << 20)), frame(WINDOW_UPDATE, 0, 1, u32(1 << 20)))
    answer = peer.answers[1]
    peer.until(lambda: answer.has_ended, "the rest")
    assert answer.body == UPLOAD * 4
    while peer.next() is not None:
        pass
    assert peer.end.code() == NO_ERROR


def test_an_idle_connection_goes_at_once(server, connect):
    peer = connect()
    peer.request(1)
    peer.expect_answer(1)
    server.process.send_signal(signal.SIGTERM)
    peer.expect_end(NO_ERROR, last=1)
    assert server.process.wait(4) == 0, "sooner than a connection lingers"


def test_an_idle_connection_is_told_when_its_time_is_over(tmp_path):
    pair = tls.make_pair(tmp_path / "p")
    with tls.Server([pair], ["--limit", "idle_ms=300"]) as server:
        with frames.Peer(("127.0.0.1", server.address[1]), frames.context()) as peer:
            peer.request(1)
            peer.expect_answer(1)
            peer.expect_end(NO_ERROR, last=1)


# --- what fails ---

def test_a_download_that_fails_is_reset(server, connect):
    """Its length was announced; what is missing must not look like the end."""
    with open(server.path("f"), "wb") as file:
        file.write(bytes(1 << 20))
    peer = connect()
    peer.request(1, "GET", "/f")
    peer.expect_body(1, WINDOW)
    os.truncate(server.path("f"), 100000)
    peer.send(frame(WINDOW_UPDATE, 0, 0, u32(1 << 20)), frame(WINDOW_UPDATE, 0, 1, u32(1 << 20)))
    peer.expect_reset(1, INTERNAL_ERROR)
    assert not peer.answers[1].has_ended
    peer.request(3)
    peer.expect_answer(3)


@pytest.mark.parametrize("how", ["reset", "closed", "goaway-and-closed"])
def test_an_upload_that_is_cut_off_never_was(server, connect, how):
    with open(server.path("f"), "wb") as file:
        file.write(b"old")
    peer = connect()
    begin_upload(peer, 1, "/f")
    if how == "reset":
        peer.send(frame(RST_STREAM, 0, 1, u32(CANCEL)))
        peer.request(3)
        peer.expect_answer(3)
    else:
        if how == "goaway-and-closed":
            peer.send(frame(GOAWAY, 0, 0, u32(0) + u32(NO_ERROR)))
        peer.socket.close()
    wait_for(lambda: not staged(server), "the upload to be given up")
    assert content(server, "f") == b"old" and not litter(server.root)


def test_an_upload_that_stalls_is_408(tmp_path):
    pair = tls.make_pair(tmp_path / "p")
    with tls.Server([pair], ["--limit", "progress_ms=300"]) as server:
        with frames.Peer(("127.0.0.1", server.address[1]), frames.context()) as peer:
            begin_upload(peer, 1, "/f")
            peer.expect_answer(1, 408)
            peer.request(3)
            peer.expect_answer(3)
        assert not os.path.exists(server.path("f"))
