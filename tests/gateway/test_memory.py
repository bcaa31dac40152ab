"""What passes through a gateway is never kept: a listing of 100,000 members needs no more memory than one of 1,000, and
neither does content of any length. DAVIT_MEMORY=full takes 1 GiB of that."""

import os
import threading

import pytest
import session
from origins import Gateway, Scripted, answer, multistatus, xml
from session import IS_RACE_CHECKED, IS_SANITIZED, count_no_freed_memory, forget_peak, peak_bytes

if IS_RACE_CHECKED:
    pytest.skip("ThreadSanitizer's own memory grows with what is done", allow_module_level=True)

IS_FULL = os.environ.get("DAVIT_MEMORY") == "full"
MEMBERS = 100000
CONTENT_BYTES = 1 << 30 if IS_FULL else 256 << 20
TRANSFER_BYTES = CONTENT_BYTES >> (0 if IS_FULL else 1)
BLOCK = os.urandom(1 << 20)
GROWTH_MAX = (5 if IS_SANITIZED else 3) << 20  # the sanitizer's own heap grows by some
PIECE = 500  # members

count_no_freed_memory()


class Streaming(Scripted):
    """An origin that keeps nothing either: it lists as many members as a path's last segment says, has files of such
    a length, and takes what it is sent."""

    def __init__(self):
        super().__init__(act=self.stream)
        self.received = 0
        self.begin, self.end = multistatus("").split("<D:response></D:response>")

    def stream(self, peer, request):
        count = int(request.target.strip("/").split("/")[-1])
        if request.method == "PUT":
            self.take(peer, count)
            peer.send(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
        elif request.method == "GET":
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % count)
            for sent in range(0, count, len(BLOCK)):
                peer.send(BLOCK[:count - sent])
        else:
            peer.body(request)
            self.list(peer, count)

    def take(self, peer, count):
        count -= len(peer.buffer)
        peer.buffer = b""
        while count:
            count -= len(peer.socket.recv(min(count, 1 << 20))) or count
        self.received += 1

    def list(self, peer, count):
        peer.send(b"HTTP/1.1 207 X\r\nContent-Type: application/xml\r\nTransfer-Encoding: chunked\r\n\r\n")
        pieces = ["".join(f'<D:response><D:href>/in/ner/{number:06}</D:href><D:propstat><D:prop><D:getetag>"{number}"'
                          "</D:getetag></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>"
                          for number in range(first, first + PIECE)) for first in range(0, count, PIECE)]
        for text in [self.begin, *pieces, self.end]:
            peer.send(b"%x\r\n%s\r\n" % (len(text), text.encode()))
        peer.send(b"0\r\n\r\n")


class Between(Streaming):
    """The same with what a copy asks: files of even lengths are there, those of odd lengths are not."""

    def stream(self, peer, request):
        if request.method != "PROPFIND":
            super().stream(peer, request)
            return
        peer.body(request)
        name = request.target.strip("/").split("/")[-1]
        kind = "" if name.isdigit() else "<D:collection/>"
        length = f"<D:getcontentlength>{name}</D:getcontentlength>" if name.isdigit() else ""
        told = (f"<D:href>{request.target}</D:href><D:propstat><D:prop><D:resourcetype>{kind}</D:resourcetype>{length}"
                "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>")
        is_there = not name.isdigit() or int(name) % 2 == 0
        peer.send(xml(207, multistatus(told)) if is_there else answer(404))

    def take(self, peer, count):
        super().take(peer, count - 1)  # it has the even length before


def drain(connection):
    """Reads an answer to its end without keeping it: its length, and its last bytes."""
    total, last = 0, b""
    while data := connection.socket.recv(1 << 20):
        total += len(data)
        last = (last + data)[-5:]
    return total, last


@pytest.fixture
def gateway(started):
    return started(Gateway({"/team": f"origin = {started(Streaming()).url}"}))


def ask(gateway, method, count, body=()):
    with gateway.connect(600) as connection:
        length = f"Content-Length: {count}\r\n" if method == "PUT" else ""
        connection.send(f"{method} /team/{count} HTTP/1.1\r\nHost: {gateway.host}\r\nConnection: close\r\n{length}\r\n")
        for block in body:
            connection.send(block)
        return drain(connection)


def peak_of(gateway, method, count, body=()):
    """(what drain() says, the most memory that was resident meanwhile)"""
    forget_peak(gateway.process.pid)
    found = ask(gateway, method, count, body)
    return found, peak_bytes(gateway.process.pid)


def test_listing(gateway):
    for _ in range(20):  # its heap grows to what it needs
        ask(gateway, "PROPFIND", 1000)
    _, small = peak_of(gateway, "PROPFIND", 1000)
    (length, last), large = peak_of(gateway, "PROPFIND", MEMBERS)
    print(f"{MEMBERS} members, {length} bytes: {large - small:+} bytes of memory")
    assert last == b"0\r\n\r\n"
    assert large - small < GROWTH_MAX
    gateway.says_of_access(f"207(ok={MEMBERS})")


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_content(gateway, method):
    def body(count):
        return (BLOCK for _ in range(count >> 20 if method == "PUT" else 0))
    small_bytes = 4 << 20
    for _ in range(5):
        ask(gateway, method, small_bytes, body(small_bytes))
    _, small = peak_of(gateway, method, small_bytes, body(small_bytes))
    (length, _), large = peak_of(gateway, method, CONTENT_BYTES, body(CONTENT_BYTES))
    print(f"{method} of {CONTENT_BYTES} bytes: {large - small:+} bytes of memory, {large} in all")
    assert method == "PUT" or length > CONTENT_BYTES
    assert large - small < GROWTH_MAX
    assert method == "GET" or " 201 " in session.wait_for(lambda: [line for line in gateway.logged() if "PUT" in line],
                                                         "the access log")[-1]


def test_listing_that_nobody_reads(gateway):
    """Readers that wait hold back the origin, and hold a bounded part of what it says."""
    readers, each = 10, 1 << 20
    for _ in range(20):
        ask(gateway, "PROPFIND", 1000)
    forget_peak(gateway.process.pid)
    before = peak_bytes(gateway.process.pid)
    waiting = [gateway.connect(600) for _ in range(readers)]
    for connection in waiting:
        connection.send(f"PROPFIND /team/{MEMBERS} HTTP/1.1\r\nHost: {gateway.host}\r\nConnection: close\r\n\r\n")
    for connection in waiting:
        assert connection.socket.recv(100)
    ask(gateway, "PROPFIND", 1000)  # others go on meanwhile
    growth = peak_bytes(gateway.process.pid) - before
    print(f"{readers} readers that wait: {growth:+} bytes")
    threads = [threading.Thread(target=drain, args=(connection,)) for connection in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in waiting:
        connection.close()
    assert growth < readers * each + GROWTH_MAX


@pytest.mark.parametrize("way", [("/files", "/team"), ("/team", "/files"), ("/team", "/other")])
def test_transfer(way, started, tmp_path):
    """From one mount to another nothing is kept either."""
    source, to = way
    origins = {path: f"origin = {started(Between()).url}" for path in ("/team", "/other")}
    gateway = started(Gateway({"/files": f"root = {tmp_path}", **origins}, args=["--durability", "lazy"]))

    def copy(count):
        if source == "/files":
            with open(tmp_path / str(count), "wb") as file:
                file.truncate(count)
        done = gateway.request("COPY", f"{source}/{count}", {"Destination": f"{to}/{count + 1}"})
        assert done.status == 201, done
    for number in range(5):
        copy((4 << 20) + 4 * number)
    forget_peak(gateway.process.pid)
    copy(4 << 20 | 2)
    small = peak_bytes(gateway.process.pid)
    forget_peak(gateway.process.pid)
    copy(TRANSFER_BYTES)
    large = peak_bytes(gateway.process.pid)
    print(f"COPY of {TRANSFER_BYTES} bytes from {source} to {to}: {large - small:+} bytes of memory, {large} in all")
    assert large - small < GROWTH_MAX
