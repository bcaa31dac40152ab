"""What passes through TLS: all of it, as it was, and with an end that can be told from a cut."""

import os
import signal
import socket
import ssl
import subprocess
import time

import davit
import pytest
import tls
from session import descriptors, staged, wait_for

V1_2, V1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
LONG = os.urandom(1 << 20) * 24 + b"the end"


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return tls.make_pair(tmp_path_factory.mktemp("pair") / "p")


@pytest.fixture(scope="module")
def server(pair):
    with tls.Server([pair], ["--durability", "lazy", "--listen-plain", "127.0.0.1:0"]) as running:
        yield running


def head(method, path, *fields):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: localhost", *fields, "", ""])


def curl(server, pair, *args, path="/f", data=None):
    url = f"https://localhost:{server.address[1]}{path}"
    return subprocess.run(["curl", "-sSf", "-m", "100", "--cacert", pair.certificate, *args, url],
                          input=data, capture_output=True, check=True).stdout


def sockets(server):
    return sum(link.startswith("socket:") for link in descriptors(server))


def raw(connection):
    """The socket under the TLS."""
    return socket.socket(fileno=os.dup(connection.socket.fileno()))


@pytest.mark.parametrize("args", [["--http1.1"], ["--http1.1", "--tls-max", "1.2"], ["--http2"]])
def test_long_content(server, pair, tmp_path, args):
    (tmp_path / "long").write_bytes(LONG)
    curl(server, pair, *args, "-T", str(tmp_path / "long"), path="/long")
    with open(server.path("long"), "rb") as file:
        assert file.read() == LONG
    assert curl(server, pair, *args, path="/long") == LONG
    assert curl(server, pair, *args, "-r", "1000000-16000000", path="/long") == LONG[1000000:16000001]
    curl(server, pair, *args, "-T", "-", path="/piped", data=LONG[:3000000])
    with open(server.path("piped"), "rb") as file:
        assert file.read() == LONG[:3000000]


@pytest.mark.parametrize("size", [0, 1, 16383, 16384, 16385, 32768, 65535, 65536, 65537, 200000])
def test_content_of_every_size(server, size):
    with server.connect() as connection:
        connection.send(head("PUT", f"/s{size}", f"Content-Length: {size}"))
        connection.send(LONG[:size])
        assert connection.read().status == 201
        connection.send(head("GET", f"/s{size}") + head("HEAD", f"/s{size}"))
        assert connection.read().body == LONG[:size]
        assert connection.read("HEAD").field("Content-Length") == str(size)


def test_byte_by_byte(server):
    """A record for each byte."""
    with server.connect() as connection:
        connection.send(head("PUT", "/slow", "Content-Length: 300"), byte_by_byte=True)
        connection.send(LONG[:300], byte_by_byte=True)
        assert connection.read().status == 201
        connection.send(head("GET", "/slow"), byte_by_byte=True)
        assert connection.read().body == LONG[:300]


def test_many_requests_in_one_record(server):
    with server.connect() as connection:
        connection.send(head("GET", "/") * 50)
        assert [connection.read().status for _ in range(50)] == [200] * 50


def test_a_reader_that_takes_its_time(server):
    with open(server.path("big"), "wb") as file:
        file.write(LONG)
    with server.connect() as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
        connection.send(head("GET", "/big"))
        time.sleep(0.5)  # everything between us is full now
        assert connection.read().body == LONG
        connection.send(head("OPTIONS", "/"))
        assert connection.read().status == 200


def test_who_does_not_read_is_not_waited_for(pair):
    with tls.Server([pair], ["--limit", "progress_ms=700"]) as server:
        with open(server.path("big"), "wb") as file:
            file.write(LONG)
        before = sockets(server)
        with server.connect() as connection:
            connection.send(head("GET", "/big"))
            assert connection.socket.recv(1) == b"H"
            connection.buffer = b"H"
            wait_for(lambda: sockets(server) == before, "the server to give up")
            response = connection.read()
            assert not response.is_complete and not connection.ended_in_order


def test_connections_are_kept_and_then_closed(pair):
    with tls.Server([pair], ["--limit", "idle_ms=500"]) as server, server.connect() as connection:
        connection.send(head("GET", "/"))
        assert connection.read().status == 200
        assert connection.is_closed() and connection.ended_in_order


# --- ends ---

def test_the_last_answer_ends_in_order(server):
    with server.connect() as connection:
        connection.send(head("GET", "/", "Connection: close"))
        assert connection.read().status == 200
        assert connection.is_closed() and connection.ended_in_order


def test_an_answer_that_ends_with_the_connection(server):
    """HTTP/1.0 has no chunks: only close_notify says that this was all."""
    with server.connect() as connection:
        connection.send("PROPFIND / HTTP/1.0\r\nHost: localhost\r\nDepth: 1\r\n\r\n")
        response = connection.read()
        assert response.status == 207 and response.body.rstrip().endswith(b"multistatus>")
        assert connection.ended_in_order


def test_a_client_that_ends_its_side_gets_its_answer(server):
    with open(server.path("big"), "wb") as file:
        file.write(LONG)
    with server.connect() as connection, raw(connection) as under:
        connection.send(head("GET", "/big"))
        under.shutdown(socket.SHUT_WR)
        assert connection.read().body == LONG
        assert connection.is_closed() and connection.ended_in_order


@pytest.mark.parametrize("fields", [["Content-Length: 1000000"], ["Transfer-Encoding: chunked"]])
@pytest.mark.parametrize("is_in_order", [True, False])
def test_a_cut_upload_leaves_nothing(server, fields, is_in_order):
    """With a close_notify or without: it was announced to be longer."""
    with server.connect() as connection:
        connection.send(head("PUT", "/cut", *fields, "Expect: 100-continue"))
        assert connection.read().status == 100
        connection.send((b"40000\r\n" if "chunked" in fields[0] else b"") + bytes(0x40000))
        wait_for(lambda: staged(server), "the upload to begin")
        if is_in_order:
            connection.socket.settimeout(0.2)
            try:
                connection.socket.unwrap()
            except OSError:
                pass  # the answer comes instead of the server's close_notify
    wait_for(lambda: not staged(server), "the upload to be given up")
    assert not os.path.exists(server.path("cut"))


def test_a_cut_upload_over_http2(server, pair):
    process = subprocess.Popen(["curl", "-sS", "--http2", "--cacert", pair.certificate, "-T", "-",
                                f"https://localhost:{server.address[1]}/cut2"],
                               stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    process.stdin.write(bytes(400000))
    process.stdin.flush()
    wait_for(lambda: staged(server), "the upload to begin")
    process.kill()
    process.wait()
    process.stdin.close()
    wait_for(lambda: not staged(server), "the upload to be given up")
    assert not os.path.exists(server.path("cut2"))


def test_a_record_that_was_tampered_with_ends_the_connection(server):
    with server.connect() as connection:
        connection.send(head("PUT", "/cut", "Content-Length: 1000000", "Expect: 100-continue"))
        assert connection.read().status == 100
        connection.send(bytes(400000))
        wait_for(lambda: staged(server), "the upload to begin")
        with raw(connection) as under:
            under.sendall(b"\x17\x03\x03\x40\x11" + bytes(0x4011))
        wait_for(lambda: not staged(server), "the upload to be given up")
    assert not os.path.exists(server.path("cut"))


def test_uploads_are_finished_before_the_end(pair):
    with tls.Server([pair]) as server, server.connect() as connection:
        connection.send(head("PUT", "/f", "Content-Length: 600000", "Expect: 100-continue"))
        assert connection.read().status == 100
        connection.send(bytes(300000))
        server.process.send_signal(signal.SIGTERM)
        server.says("stopping")
        connection.send(bytes(300000))
        assert connection.read().status == 201
        assert connection.is_closed() and connection.ended_in_order
        assert server.process.wait(20) == 0


# --- http and https are one place ---

def test_destinations_of_either_scheme(server):
    port = server.address[1]
    with server.connect() as connection:
        def copy(destination, host=f"localhost:{port}"):
            connection.send(f"COPY /f HTTP/1.1\r\nHost: {host}\r\nDestination: {destination}\r\n\r\n")
            return connection.read().status
        connection.send(head("PUT", "/f", "Content-Length: 1") + "x")
        assert connection.read().status in (201, 204)
        assert copy(f"https://localhost:{port}/g1") == 201
        assert copy(f"http://localhost:{port}/g2") == 201, "behind a proxy that speaks TLS"
        assert copy("https://localhost/g3", "localhost") == 201
        assert copy("http://localhost:80/g4", "localhost:443") == 201
        assert copy("https://elsewhere/g5") == 502


def test_plain_and_tls_serve_the_same(server, pair):
    plain = davit.Connection(("127.0.0.1", server.ports[1]))
    with plain:
        plain.send(head("PUT", "/both", "Content-Length: 4") + "both")
        assert plain.read().status == 201
    assert curl(server, pair, path="/both") == b"both"
