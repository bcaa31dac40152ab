"""A server that may have 256 MiB, and clients that want all of them: half-sent bodies, large properties,
many locks, slow readers, wrong sign-ins. Each is refused what is too much, and who asks for a small
file gets it, meanwhile and afterwards.

The bound is that of `ulimit -v`, where a failed allocation shows. A sanitizer needs more addresses than
that, so its build is held to what it has resident."""

import base64
import concurrent.futures
import contextlib
import socket

import davit
import h2.exceptions
import http2
import pytest
from session import (IS_RACE_CHECKED, IS_SANITIZED, Session, count_no_freed_memory, forget_peak,
                     peak_bytes, wait_for)

if IS_RACE_CHECKED:
    pytest.skip("ThreadSanitizer's own memory grows with what is done", allow_module_level=True)

BYTES = 256 << 20
CLIENTS = 80
XML_BYTES = 2 << 20  # the default of xml_bytes
PROP = '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop>%s</D:prop></D:set></D:propertyupdate>'
LOCKINFO = ('<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/>'
            "</D:locktype><D:owner>%s</D:owner></D:lockinfo>")
ALLPROP = '<D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>'

count_no_freed_memory()


@contextlib.contextmanager
def small_server(*args):
    wrapper = [] if IS_SANITIZED else ["prlimit", f"--as={BYTES}"]
    with davit.Davit(args=["--durability", "lazy", *args], wrapper=wrapper) as server:
        with open(server.path("small"), "wb") as file:
            file.write(b"content")
        forget_peak(server.process.pid)
        yield server
        peak = peak_bytes(server.process.pid)
        print(f"peak {peak >> 20} MiB")
        assert peak < BYTES
        assert "out of memory" not in server.stderr()


def assert_alive(server, fields=None):
    response = server.request("GET", "/small", fields)
    assert (response.status, response.body) == (200, b"content")


def half_sent(server, method, path, body):
    """A connection with a request whose last byte does not come. It may be answered before that."""
    connection = server.connect(60)
    head = (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nDepth: 0\r\nContent-Length: {len(body) + 1}\r\n\r\n")
    try:
        connection.send(head.encode() + body)
    except (BrokenPipeError, ConnectionResetError):
        pass
    return connection


def all_at_once(work, count=CLIENTS):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        return list(pool.map(work, range(count)))


@pytest.mark.parametrize("method", ["PROPFIND", "PROPPATCH", "LOCK", "PUT"])
def test_half_sent_bodies(method):
    body = (b'<D:propfind xmlns:D="DAV:"><!--' + b"x" * XML_BYTES)[:XML_BYTES - 1]
    with small_server() as server:
        held = all_at_once(lambda i: half_sent(server, method, f"/f{i % 5}", body))
        assert_alive(server)
        for connection in held:
            connection.close()
        body = PROP % f'<a xmlns="u">{"v" * 1000000}</a>'
        wait_for(lambda: server.request("PROPPATCH", "/small", None, body).status == 207,
                 "what they held to be given back")


def test_too_many_bodies_are_put_off():
    with small_server("--limit", "memory_bytes=200000") as server:
        with half_sent(server, "PROPFIND", "/", b" " * 150000):
            with Session(server) as client:
                response = client.expect(503, "PROPFIND", "/", {"Depth": "0"}, " " * 150000)
                assert response.field("Retry-After") == "5"
                client.expect(207, "PROPFIND", "/", {"Depth": "0"}, ALLPROP)
                client.expect(201, "PUT", "/large", None, bytes(500000))
        wait_for(lambda: server.request("PROPFIND", "/", {"Depth": "0"}, " " * 100000).status == 400,
                 "what it held to be given back")


def test_unfinished_bodies_of_one_http2_connection():
    fields = [(":method", "PROPFIND"), (":scheme", "http"), (":authority", "localhost"), (":path", "/"),
              ("depth", "0")]
    with small_server() as server:
        connection = http2.Connection(server.address, 60)
        connection.fill()
        numbers = []
        for _ in range(60):
            number = connection.h2.get_next_available_stream_id()
            connection.streams[number] = http2.Stream()
            connection.h2.send_headers(number, fields)
            numbers.append(number)
        connection.flush()
        answered = send_unfinished(connection, numbers, XML_BYTES - 1)
        assert_alive(server)
        assert answered <= {503}
        connection.close()
        with Session(server) as client:
            client.expect(207, "PROPFIND", "/", {"Depth": "0"}, ALLPROP)


def send_unfinished(connection, numbers, count):
    """Sends as much on each as its windows let it, and never the end. Returns the statuses of answers."""
    left = dict.fromkeys(numbers, count)
    connection.socket.settimeout(2)
    while any(left.values()):
        has_sent = False
        for number in [n for n in numbers if left[n]]:
            if connection.streams[number].is_over():
                left[number] = 0
                continue
            try:
                room = min(connection.h2.local_flow_control_window(number), left[number],
                           connection.h2.max_outbound_frame_size)
                if room > 0:
                    connection.h2.send_data(number, b" " * room)
                    left[number] -= room
                    has_sent = True
            except h2.exceptions.StreamClosedError:
                left[number] = 0
        connection.flush()
        try:
            if not has_sent and not connection.fill():
                break
        except socket.timeout:  # the windows stay shut
            break
    return {int(dict(stream.fields)[b":status"]) for stream in connection.streams.values()
            if stream.fields}


def slow_reader(server, path, depth, body):
    """A client that asks, and reads nothing of the answer but its beginning."""
    connection = davit.Connection.__new__(davit.Connection)
    connection.socket = socket.socket()
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
    connection.socket.settimeout(60)
    connection.socket.connect(server.address)
    connection.buffer = b""
    connection.send(f"PROPFIND {path} HTTP/1.1\r\nHost: localhost\r\nDepth: {depth}\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n{body}")
    connection.socket.recv(12)
    return connection


def test_large_properties():
    """No more than property_bytes of one resource; and answers with them need no memory."""
    files = [f"f{i}" for i in range(20)]
    with small_server() as server, Session(server, 60) as client:
        for name in files:
            client.expect(201, "PUT", f"/{name}", None, b"content")
            for i in range(4):
                body = PROP % f'<p{i} xmlns="urn:x">{"v" * 900000}</p{i}>'
                response = client.expect(207, "PROPPATCH", f"/{name}", None, body)
                assert (b"507 Insufficient" in response.body) == (i >= 2)
        held = all_at_once(lambda i: slow_reader(server, f"/{files[i % 20]}", 0, ALLPROP), 40)
        held += all_at_once(lambda i: slow_reader(server, "/", 1, ALLPROP), 40)
        assert_alive(server)
        for connection in held:
            connection.close()
        response = client.expect(207, "PROPFIND", "/", {"Depth": "1"}, ALLPROP)
        assert response.body.count(b"v" * 900000) == 2 * len(files)
        assert client.expect(200, "GET", "/f1").body == b"content"
        client.expect(201, "COPY", "/f1", {"Destination": "/copy"})
        response = client.expect(207, "PROPFIND", "/copy", {"Depth": "0"}, ALLPROP)
        assert response.body.count(b"v" * 900000) == 2


def test_long_namespaces():
    """Few bytes that stand for many: each name with its namespace, in the answer and in memory."""
    names = "".join(f"<a{i}/>" for i in range(15000))
    find = f'<D:propfind xmlns:D="DAV:"><D:prop xmlns="u:{"n" * 1000}">{names}</D:prop></D:propfind>'
    patch = PROP.replace("<D:prop>", f'<D:prop xmlns="u:{"n" * 1000}">') % names
    with small_server() as server:
        def ask(i):
            with Session(server, 60) as client:
                method, body = (("PROPFIND", find), ("PROPPATCH", patch))[i % 2]
                return client.request(method, "/", {"Depth": "0"}, body).status
        assert set(all_at_once(ask)) <= {413, 503}
        assert_alive(server)


def test_many_shared_locks():
    with small_server() as server, Session(server, 60) as client:
        body = LOCKINFO % ("o" * 1900)
        got = [client.request("LOCK", "/small", {"Depth": "0"}, body).status for _ in range(100)]
        assert got == [200] * 64 + [507] * 36
        response = client.expect(207, "PROPFIND", "/small", {"Depth": "0"}, ALLPROP)
        assert response.body.count(b"<D:activelock>") == 64
        client.expect(413, "LOCK", "/other", {"Depth": "0"}, LOCKINFO % ("o" * 2100))
        held = all_at_once(lambda i: slow_reader(server, "/small", 0, ALLPROP))
        assert_alive(server)
        for connection in held:
            connection.close()


def test_wrong_sign_ins(tmp_path):
    users = str(tmp_path / "users")
    davit.add_user(users, "alice", "pencil")
    alice = {"Authorization": "Basic YWxpY2U6cGVuY2ls"}
    with small_server("--users", users) as server:
        def guess(i):
            wrong = base64.b64encode(f"user-{i}:wrong".encode()).decode()
            return server.request("GET", "/small", {"Authorization": f"Basic {wrong}"}).status
        assert_alive(server, alice)
        assert set(all_at_once(guess)) <= {401, 429, 503}
        assert_alive(server, alice)


def connections_that_are_served(server, count, source=None):
    """Opens so many; returns those that get an answer, and the statuses of all."""
    opened, got = [], []
    for _ in range(count):
        connection = server.connect(20, source)
        try:
            connection.send(b"GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n")
            got.append(connection.read().status)
        except (BrokenPipeError, ConnectionResetError):
            got.append(503)
        opened.append(connection)
    return opened, got


def close_all(connections):
    for connection in connections:
        connection.close()


def test_connections_of_one_address():
    with small_server("--limit", "address_connections=5") as server:
        opened, got = connections_that_are_served(server, 8)
        assert got == [200] * 5 + [503] * 3
        others, got = connections_that_are_served(server, 5, "127.0.0.2")
        assert got == [200] * 5
        close_all(others + opened)
        wait_for(lambda: server.request("GET", "/small").status == 200, "their places to be given back")


def test_connections_of_a_trusted_proxy():
    with small_server("--limit", "address_connections=5", "--trust-proxy", "127.0.0.1") as server:
        opened, got = connections_that_are_served(server, 20)
        assert got == [200] * 20
        close_all(opened)


def test_descriptors_are_kept_for_files():
    """Half of them are; and when files have used up the rest, who connects is told."""
    limit = ["prlimit", "--nofile=100", "--"]
    with davit.Davit(args=["--durability", "lazy"], wrapper=limit) as server:
        with open(server.path("small"), "wb") as file:
            file.write(b"content")
        opened, got = connections_that_are_served(server, 60)
        assert got == [200] * 50 + [503] * 10
        for connection in opened[:50]:
            connection.send(b"GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.read().status == 200
        close_all(opened)
        wait_for(lambda: server.request("GET", "/small").status == 200, "their places to be given back")
