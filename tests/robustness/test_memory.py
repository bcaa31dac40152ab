"""What the server needs does not grow with what it is asked for.

The sizes are small by default and the binary is usually one with sanitizers, whose memory says
little: then growth is bounded, not the whole. tools/figures.sh takes DAVIT_MEMORY=full and the
optimised build."""

import os
import socket

import davit
import pytest
from session import (IS_RACE_CHECKED, IS_SANITIZED, Session, count_no_freed_memory, forget_peak, members, need_root,
                     peak_bytes, pss_bytes, tmpfs, wait_for)

if IS_RACE_CHECKED:
    pytest.skip("ThreadSanitizer's own memory grows with what is done", allow_module_level=True)

FULL = os.environ.get("DAVIT_MEMORY") == "full"
FILES = 100000 if FULL else 10000
TRANSFER_BYTES = 4 << 30 if FULL else 96 << 20
REFUSED = 50000 if FULL else 10000
LOCKED = 19990 if FULL else 1000  # as many as lock_count allows
LOCK_BYTES = 500  # what one more lock may cost while all of them are looked through
READER_BYTES = 400 << 10  # what is kept ready for one client that does not read
IDLE = 1000 if FULL else 300
PEAK_MAX = 32 << 20
# An answer that is kept whole would be more than that, and the sanitizer's own heap grows by some.
GROWTH_MAX = (5 if IS_SANITIZED else 3) << 20

count_no_freed_memory()


def mib(count):
    return f"{count / (1 << 20):.1f} MiB"


class Bounded:
    """With a warm server: what is done inside must not need much more than before."""

    def __init__(self, server, what, more=0):
        self.server, self.what, self.growth_max = server, what, GROWTH_MAX + more

    def __enter__(self):
        with Session(self.server) as client:  # warm up threads, arenas, the database
            for i in range(50):
                client.expect(207, "PROPFIND", "/", {"Depth": "1"})
                client.expect((201, 204), "PUT", f"/.warm-{i % 5}", None, bytes(300000))
        forget_peak(self.server.process.pid)
        self.before = peak_bytes(self.server.process.pid)
        return self

    def __exit__(self, kind, *_):
        peak = peak_bytes(self.server.process.pid)
        print(f"{self.what}: peak {mib(peak)}, before {mib(self.before)}")
        if kind is None:
            assert peak - self.before < self.growth_max, f"grew by {mib(peak - self.before)}"
            assert IS_SANITIZED or peak - max(0, self.growth_max - GROWTH_MAX) < PEAK_MAX, mib(peak)


def fill(server, path, count):
    os.makedirs(server.path(path), exist_ok=True)
    for i in range(count):
        os.close(os.open(server.path(path, name_of(i)), os.O_CREAT | os.O_WRONLY))


def name_of(i):
    return f"{i:->150}"


def drain(connection, sink=None):
    """Reads an answer of any length without keeping it; returns its length."""
    total = len(connection.buffer)
    while True:
        data = connection.socket.recv(1 << 20)
        if not data:
            return total
        total += len(data)
        if sink:
            sink(data)


@pytest.mark.parametrize("kind", ["propfind", "allprop deep", "index", "zip", "dead properties"])
def test_a_listing_needs_no_more_for_many_members(kind):
    with davit.Davit(args=["--depth-infinity", "allow"]) as server:
        for i in range(10):
            fill(server, f"d/sub-{i}", FILES // 10)
        head = "PROPFIND /d/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nDepth: infinity\r\n"
        body = ""
        if kind == "propfind":
            body = '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/><D:x/></D:prop></D:propfind>'
        elif kind == "index":
            fill(server, "d", FILES)
            head = "GET /d/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        elif kind == "zip":
            head = "GET /d/?zip HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        elif kind == "dead properties":
            with Session(server) as client:
                for i in range(min(FILES // 10, 1000)):
                    client.expect(207, "PROPPATCH", f"/d/sub-1/{name_of(i)}", None,
                                  '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><a xmlns="urn:x">'
                                  f'{"v" * 2000}</a></D:prop></D:set></D:propertyupdate>')
        with Bounded(server, f"{kind} over {FILES} files"), server.connect(120) as connection:
            connection.send(f"{head}Content-Length: {len(body)}\r\n\r\n{body}")
            assert drain(connection) > FILES * 300
    assert "error" not in server.stderr()


def test_a_slow_reader_of_a_huge_listing_costs_no_more():
    with davit.Davit(args=["--depth-infinity", "allow"]) as server:
        fill(server, "d", FILES)
        what = f"20 readers that read nothing of {FILES} members"
        with Bounded(server, what, 20 * READER_BYTES):
            slow = []
            for _ in range(20):
                connection = davit.Connection.__new__(davit.Connection)
                connection.socket = socket.socket()
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 17)
                connection.socket.connect(server.address)
                connection.buffer = b""
                connection.send("PROPFIND /d/ HTTP/1.1\r\nHost: localhost\r\nDepth: 1\r\n\r\n")
                connection.socket.recv(100)
                slow.append(connection)
            with Session(server) as client:  # others go on meanwhile
                for _ in range(20):
                    client.expect(207, "PROPFIND", "/", {"Depth": "0"})
            for connection in slow:
                assert connection.socket.recv(1000)
                connection.close()


def test_upload_and_download_of_any_length():
    block = os.urandom(1 << 20)
    with davit.Davit(args=["--durability", "lazy"]) as server:
        with Bounded(server, f"PUT of {mib(TRANSFER_BYTES)}"), server.connect(600) as connection:
            connection.send(f"PUT /big HTTP/1.1\r\nHost: localhost\r\nContent-Length: {TRANSFER_BYTES}\r\n"
                            "\r\n")
            for _ in range(TRANSFER_BYTES >> 20):
                connection.send(block)
            assert connection.read().status == 201
        assert os.path.getsize(server.path("big")) == TRANSFER_BYTES
        with Bounded(server, f"GET of {mib(TRANSFER_BYTES)}"), server.connect(600) as connection:
            connection.send("GET /big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert drain(connection) > TRANSFER_BYTES
        with Bounded(server, f"COPY of {mib(TRANSFER_BYTES)}"), Session(server, 600) as client:
            client.expect(201, "COPY", "/big", {"Destination": "/copy"})
        with Bounded(server, "chunked PUT"), server.connect(600) as connection:
            connection.send("PUT /big HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(min(TRANSFER_BYTES >> 20, 500)):
                connection.send(b"100000\r\n" + block + b"\r\n")
            connection.send(b"0\r\n\r\n")
            assert connection.read().status == 204
        with open(server.path("big"), "rb") as file:
            assert file.read(1 << 20) == block


def test_connections_that_are_idle_cost_little():
    with davit.Davit() as server:
        with Session(server) as client:
            client.expect(200, "GET", "/")
            before = pss_bytes(server.process.pid)
            held = [server.connect() for _ in range(IDLE)]
            for connection in held:
                connection.send("PROPFIND / HTTP/1.1\r\nHost: localhost\r\nDepth: 1\r\n\r\n")
            for connection in held:
                assert connection.read().status == 207
            client.expect(200, "GET", "/")
            each = (pss_bytes(server.process.pid) - before) / IDLE
            descriptors = len(os.listdir(f"/proc/{server.process.pid}/fd"))
            print(f"{IDLE} idle connections cost {each:.0f} bytes of PSS each; "
                  f"{descriptors} descriptors in all")
            assert descriptors < IDLE + 100
            assert each < (65536 if IS_SANITIZED else 8192)
            for connection in held:
                connection.close()


def test_ten_thousand_requests_in_one_go():
    """The answers wait for the client to read, not in the server's memory."""
    count = 10000
    with davit.Davit() as server:
        with open(server.path("f"), "wb") as file:
            file.write(b"x" * 1000)
        with Bounded(server, f"{count} pipelined requests"), server.connect(60) as connection:
            request = b"GET /f HTTP/1.1\r\nHost: localhost\r\n\r\n"
            sent, received = 0, 0
            connection.socket.setblocking(False)
            data = memoryview(request * count)
            answers = bytearray()
            while received < count:
                try:
                    sent += connection.socket.send(data[sent:]) if sent < len(data) else 0
                except BlockingIOError:
                    pass
                try:
                    answers += connection.socket.recv(1 << 16)
                except BlockingIOError:
                    continue
                received = answers.count(b"HTTP/1.1 200 OK\r\n")
            assert answers.count(b"x" * 1000) >= count - 1


def test_a_tree_of_which_nothing_may_go():
    """The list of failures is as long as the tree, and is kept on disk."""
    need_root("--user")
    with tmpfs("1g") as root:
        os.chown(root, 65534, 65534)
        with davit.Davit(root=root, args=["--user", "nobody"]) as server:
            fill(server, "d/closed", REFUSED)
            os.chown(server.path("d"), 65534, 65534)
            for method in ("DELETE", "MOVE"):
                with Bounded(server, f"{method} over {REFUSED} members that may not be removed"):
                    with server.connect(600) as connection:
                        connection.send(f"{method} /d HTTP/1.1\r\nHost: localhost\r\nDestination: /e\r\n"
                                        "Connection: close\r\n\r\n")
                        length = drain(connection)
                        assert method == "MOVE" or length > REFUSED * 200
                        print(f"an answer of {mib(length)}")
                if method == "MOVE":
                    assert os.path.isdir(server.path("e"))  # a rename asks for nobody's members


def test_a_tree_of_which_all_is_locked():
    args = ["--limit", f"lock_count={LOCKED + 10}", "--durability", "lazy"]
    with davit.Davit(args=args) as server, Session(server, 300) as client:
        fill(server, "d", LOCKED)
        for i in range(LOCKED):
            assert isinstance(client.lock(f"/d/{name_of(i)}"), str)
        for method in ("DELETE", "MOVE"):
            what = f"{method} of a tree with {LOCKED} locked members"
            with Bounded(server, what, LOCKED * LOCK_BYTES), server.connect(600) as connection:
                connection.send(f"{method} /d HTTP/1.1\r\nHost: localhost\r\nDestination: /e\r\n"
                                "Connection: close\r\n\r\n")
                assert drain(connection) > LOCKED * 200
        assert len(os.listdir(server.path("d"))) == LOCKED
        response = client.expect(207, "DELETE", "/d")
        assert len(members(response.body)) == LOCKED


def test_answers_of_many_requests_are_freed():
    """Round after round of all kinds of requests: the memory stays where it was."""
    with davit.Davit(args=["--durability", "lazy"]) as server, Session(server) as client:
        def round_of_requests():
            client.expect((201, 204), "PUT", "/f", None, bytes(100000))
            client.expect(207, "PROPPATCH", "/f", None,
                          '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><a xmlns="urn:x">v</a>'
                          "</D:prop></D:set></D:propertyupdate>")
            token = client.lock("/f")
            client.expect(423, "DELETE", "/f")
            client.expect(207, "PROPFIND", "/", {"Depth": "1"})
            client.expect(204, "UNLOCK", "/f", {"Lock-Token": f"<{token}>"})
            client.expect((201, 204), "COPY", "/f", {"Destination": "/g"})
            client.expect((201, 204), "MOVE", "/g", {"Destination": "/h"})
            client.expect(204, "DELETE", "/h")
            client.expect(404, "GET", "/h")
            client.expect(400, "LOCK", "/f", {}, "<broken")

        for _ in range(100):
            round_of_requests()
        with Bounded(server, "many rounds of requests"):
            for _ in range(2000 if FULL else 200):
                round_of_requests()


def test_descriptors_are_given_back():
    folder = "/proc/{}/fd"
    with davit.Davit(args=["--depth-infinity", "allow"]) as server:
        os.makedirs(server.path(*["d"] * 30))
        with Session(server) as client:
            client.expect(207, "PROPFIND", "/", {"Depth": "infinity"})
        before = len(os.listdir(folder.format(server.process.pid)))
        for _ in range(30):
            with Session(server) as client:
                client.expect(207, "PROPFIND", "/", {"Depth": "infinity"})
                client.expect(201, "COPY", "/d", {"Destination": "/e"})
                client.expect(204, "DELETE", "/e")
        wait_for(lambda: len(os.listdir(folder.format(server.process.pid))) <= before + 2,
                 "descriptors to be closed")
