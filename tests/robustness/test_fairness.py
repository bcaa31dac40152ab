"""Small requests beside a long upload and a long download: on the same HTTP/2 connection, on another
one, and over HTTP/1.1. What is right is asserted, how long they took is printed: that is a matter of
the machine. DAVIT_FAIRNESS=full makes the transfers 1 GiB."""

import contextlib
import multiprocessing
import os
import select
import socket
import struct
import time
import zlib

import frames
import pytest
import tls
from frames import (DATA, END_HEADERS, END_STREAM, HEADERS, INITIAL_WINDOW_SIZE, SETTINGS, WINDOW,
                    WINDOW_UPDATE, frame, head, u32)

LONG = 1 << 30 if os.environ.get("DAVIT_FAIRNESS") == "full" else 64 << 20
PIECE = bytes(range(256)) * 4096  # of which the long contents consist
SMALL = b"small" * 200
STREAM_WINDOW = 1 << 20  # which the client gives a stream
UPLOAD, DOWNLOAD = 1, 3
PAUSE = 0.002  # between two small requests of the others, or they would fight for the processors
ENOUGH = 5  # small requests of each kind
TCP_NOTSENT_LOWAT = 25
UNSENT_MAX = 32768  # by the client, before it looks at what has come


class Mixed:
    """A connection with an upload, a download, and a small request at any time, by one thread that
    never waits for only one of them."""

    def __init__(self, peer, has_transfers):
        self.peer = peer
        self.has_transfers = has_transfers
        self.out = b""
        self.windows = {0: WINDOW, UPLOAD: WINDOW}
        self.initial = WINDOW
        self.left = LONG if has_transfers else 0
        self.took = {"GET": [], "PROPFIND": []}
        self.checksum = 0
        self.taken = {}       # bytes since the last WINDOW_UPDATE
        self.small = None     # stream, method, when it was sent
        self.next_stream = 5

    def begin(self):
        peer = self.peer
        peer.send(frame(WINDOW_UPDATE, 0, 0, u32(16 << 20)))
        peer.expect_alive()
        peer.socket.setblocking(False)
        # What the client lets queue before and behind it is not the server's doing.
        peer.socket.setsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16384)
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 131072)
        if self.has_transfers:
            length = ("content-length", str(LONG))
            self.out = frame(HEADERS, END_HEADERS, UPLOAD, head("PUT", "/up", length)) + \
                frame(HEADERS, END_HEADERS | END_STREAM, DOWNLOAD, head("GET", "/down"))

    def is_over(self, stream):
        answer = self.peer.answers.get(stream)
        return answer is not None and answer.has_ended

    def ask(self):
        """The next small request, ahead of what is not yet on its way."""
        if not self.has_transfers:
            time.sleep(PAUSE)
        method = "GET" if self.next_stream & 2 else "PROPFIND"
        fields = [("depth", "1")] if method == "PROPFIND" else []
        path = "/small" if method == "GET" else "/folder/"
        self.out += frame(HEADERS, END_HEADERS | END_STREAM, self.next_stream,
                          head(method, path, *fields))
        self.small = (self.next_stream, method, time.monotonic())
        self.next_stream += 2

    def fill_out(self):
        while self.left and len(self.out) < UNSENT_MAX:
            room = min(self.windows[0], self.windows[UPLOAD], 16384, self.left)
            if room <= 0:
                return
            at = (LONG - self.left) % len(PIECE)
            part = PIECE[at:at + room]
            self.left -= len(part)
            self.windows[0] -= len(part)
            self.windows[UPLOAD] -= len(part)
            self.out += frame(DATA, 0 if self.left else END_STREAM, UPLOAD, part)

    def note(self, found):
        if found.kind == WINDOW_UPDATE and found.stream in self.windows:
            self.windows[found.stream] += struct.unpack(">I", found.payload)[0]
        elif found.kind == SETTINGS and not found.flags:
            self.out += frame(SETTINGS, 1)
        elif found.kind == DATA:
            self.note_data(found)
        if self.small and self.is_over(self.small[0]):
            stream, method, began = self.small
            self.took[method].append(time.monotonic() - began)
            answer = self.peer.answers.pop(stream)
            assert answer.status == (200 if method == "GET" else 207)
            assert answer.body == SMALL if method == "GET" else answer.body.rstrip().endswith(b"multistatus>")
            self.small = None

    def note_data(self, found):
        if found.stream == DOWNLOAD:
            self.checksum = zlib.crc32(self.peer.answers[DOWNLOAD].body, self.checksum)
            self.peer.answers[DOWNLOAD].body = b""
        for stream in (0, DOWNLOAD) if found.stream == DOWNLOAD else (0,):
            self.taken[stream] = self.taken.get(stream, 0) + len(found.payload)
            if self.taken[stream] >= STREAM_WINDOW // 2:
                self.out += frame(WINDOW_UPDATE, 0, stream, u32(self.taken.pop(stream)))

    def receive(self):
        peer = self.peer
        with contextlib.suppress(BlockingIOError, tls.ssl.SSLWantReadError):
            data = peer.socket.recv(65536)
            assert data, "the connection has ended"
            peer.buffer += data
        while len(peer.buffer) >= 9 and len(peer.buffer) >= 9 + int.from_bytes(peer.buffer[:3], "big"):
            self.note(peer.next())

    def send(self):
        with contextlib.suppress(BlockingIOError, tls.ssl.SSLWantWriteError):
            self.out = self.out[self.peer.socket.send(self.out):]

    def run(self, is_enough):
        self.begin()
        deadline = time.monotonic() + 600
        while not (self.small is None and is_enough(self)):
            assert time.monotonic() < deadline and not self.peer.resets and not self.peer.end
            if not self.small:
                self.ask()
            self.fill_out()
            pending = getattr(self.peer.socket, "pending", lambda: 0)()
            readable, writable, _ = select.select(
                [self.peer.socket], [self.peer.socket] if self.out else [], [], 0 if pending else 60)
            if writable:
                self.send()
            if readable or pending:
                self.receive()

    def are_transfers_over(self):
        return self.is_over(UPLOAD) and self.is_over(DOWNLOAD)


def other_http2(port, stop, results):
    context = frames.context()
    with frames.Peer(("127.0.0.1", port), context) as peer:
        mixed = Mixed(peer, has_transfers=False)
        mixed.run(lambda it: stop.is_set() and len(it.took["PROPFIND"]) >= ENOUGH)
    results.put(("HTTP/2, another connection", mixed.took))


def other_http1(port, stop, results):
    took = {"GET": [], "PROPFIND": []}
    with tls.Connection(("127.0.0.1", port)) as connection:
        while not stop.is_set() or len(took["GET"]) < ENOUGH:
            for method, path, fields, status in (("GET", "/small", "", 200),
                                                 ("PROPFIND", "/folder/", "Depth: 1\r\n", 207)):
                time.sleep(PAUSE)
                began = time.monotonic()
                connection.send(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n")
                response = connection.read()
                took[method].append(time.monotonic() - began)
                assert response.status == status and (status == 207 or response.body == SMALL)
    results.put(("HTTP/1.1", took))


def report(where, took):
    for method, each in sorted(took.items()):
        each.sort()
        assert len(each) >= ENOUGH, f"{where}: only {len(each)} of {method}: they were held up"
        print(f"{where}: {len(each)} of {method}, "
              f"p50 {each[len(each) // 2] * 1000:.2f} ms, p99 {each[len(each) * 99 // 100] * 1000:.2f} ms, "
              f"the longest {each[-1] * 1000:.2f} ms")


@pytest.fixture
def server(tmp_path):
    pair = tls.make_pair(tmp_path / "p")
    with tls.Server([pair], ["--durability", "lazy", "--listen-plain", "127.0.0.1:0"]) as running:
        with open(running.path("down"), "wb") as file:
            for _ in range(LONG // len(PIECE)):
                file.write(PIECE)
        with open(running.path("small"), "wb") as file:
            file.write(SMALL)
        os.mkdir(running.path("folder"))
        for i in range(10):
            os.close(os.open(running.path("folder", str(i)), os.O_CREAT | os.O_WRONLY))
        yield running


@pytest.mark.parametrize("is_tls", [False, True], ids=["clear", "tls"])
def test_small_requests_beside_long_transfers(server, is_tls):
    port = server.address[1]
    mine = port if is_tls else next(other for other in server.ports if other != port)
    stop, results = multiprocessing.Event(), multiprocessing.Queue()
    others = [multiprocessing.Process(target=target, args=(port, stop, results))
              for target in (other_http1, other_http2)]
    for process in others:
        process.start()
    try:
        with frames.Peer(("127.0.0.1", mine), frames.context() if is_tls else None,
                         first_settings=[(INITIAL_WINDOW_SIZE, STREAM_WINDOW)]) as peer:
            mixed = Mixed(peer, has_transfers=True)
            began = time.monotonic()
            mixed.run(Mixed.are_transfers_over)
            seconds = time.monotonic() - began
    finally:
        stop.set()
    reports = [results.get(timeout=60) for _ in others]
    for process in others:
        process.join()
    print(f"\n{LONG >> 20} MiB up and down: {seconds:.1f} s")
    for where, took in [("HTTP/2, the same connection", mixed.took)] + reports:
        report(where, took)
    check_transfers(server, peer, mixed)


def check_transfers(server, peer, mixed):
    expected = 0
    for _ in range(LONG // len(PIECE)):
        expected = zlib.crc32(PIECE, expected)
    assert mixed.checksum == expected
    assert peer.answers[UPLOAD].status == 201 and peer.answers[DOWNLOAD].status == 200
    found = 0
    with open(server.path("up"), "rb") as file:
        while data := file.read(1 << 20):
            found = zlib.crc32(data, found)
    assert found == expected
