"""Batches: what is left of one when the server is killed, its client goes away, or the disk is full."""

import gzip
import json
import time

import davit

TYPE = "application/vnd.davit.batch+json"


def batch_of(operations):
    return json.dumps({"operations": operations}).encode()


def puts(count, size=20):
    return [{"id": str(i), "method": "PUT", "href": f"{i:04d}", "body": "x" * size} for i in range(count)]


def head_of(body, server, path="/"):
    return (f"POST {path} HTTP/1.0\r\nHost: {server.address[0]}:{server.address[1]}\r\nContent-Type: {TYPE}\r\n"
            f"Accept: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode()


def told_of(text):
    """The operations that an answer, which may be cut off, has told of."""
    told = []
    for line in text.split(b"\n"):
        line = line.rstrip(b",")
        if line.startswith(b'{"id"') and line.endswith(b"}"):
            told.append(json.loads(line))
    return told


def read_some(connection, enough):
    received = b""
    while enough not in received:
        data = connection.socket.recv(4096)
        assert data, received
        received += data
    return received


def test_what_was_told_is_there_after_a_kill(tmp_path):
    """Each answer is of what has been done; of what was not told nothing is half there."""
    with davit.Davit(str(tmp_path)) as server:
        body = batch_of(puts(1000))
        connection = server.connect()
        connection.send(head_of(body, server) + body)
        received = read_some(connection, b'{"id":"20"')
        server.kill()
        while True:
            try:
                data = connection.socket.recv(65536)
            except ConnectionResetError:
                break
            if not data:
                break
            received += data
        told = told_of(received)
        assert len(told) >= 20 and all(one["ok"] for one in told)
        server.start()
        for one in told:
            assert server.request("GET", one["hrefs"][0]).body == b"x" * 20
        there = [path for path in tmp_path.iterdir() if path.name != ".davit"]
        assert len(there) < 1000 or b'"summary"' in received
        assert all(path.read_bytes() == b"x" * 20 for path in there)


def test_a_client_that_goes_away_stops_it(tmp_path):
    """What is under way comes to its end, and no other is begun: the answer is what drives it."""
    with davit.Davit(str(tmp_path)) as server:
        body = batch_of(puts(3000))
        connection = server.connect()
        connection.send(head_of(body, server) + body)
        read_some(connection, b'{"id":"3"')
        connection.socket.setsockopt(davit.socket.SOL_SOCKET, davit.socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
        before = -1
        for _ in range(600):  # until nothing more comes
            count = len(list(tmp_path.iterdir()))
            if count == before:
                break
            before = count
            time.sleep(0.2)
        assert 3 <= before
        assert server.request("PROPFIND", "/", {"Depth": "0"}).status == 207
        assert all(path.read_bytes() == b"x" * 20 for path in tmp_path.iterdir() if path.is_file())


def test_no_room_for_its_content(tmp_path):
    """More content than a batch may have is one answer, and nothing has been done."""
    with davit.Davit(str(tmp_path), ["--limit", "batch_content_bytes=100000"]) as server:
        part = b"--b\r\nContent-ID: <a>\r\n\r\n" + b"x" * 200000 + b"\r\n--b--\r\n"
        root = batch_of([{"id": "1", "method": "MKCOL", "href": "new"}, {"id": "2", "method": "PUT", "href": "a", "part": "a"}])
        body = b"--b\r\nContent-Type: " + TYPE.encode() + b"\r\n\r\n" + root + b"\r\n" + part
        response = server.request("POST", "/", {"Content-Type": "multipart/related; boundary=b"}, body)
        assert response.status == 413 and b"batch-within-limits" in response.body
        assert not (tmp_path / "new").exists()


def test_large_parts_are_kept_on_disk(tmp_path):
    with davit.Davit(str(tmp_path)) as server:
        content = bytes(range(256)) * 40000
        root = batch_of([{"id": "1", "method": "PUT", "href": "a", "part": "a"}, {"id": "2", "method": "PUT", "href": "b", "part": "b"}])
        body = (b"--b\r\nContent-Type: " + TYPE.encode() + b"\r\n\r\n" + root + b"\r\n--b\r\nContent-ID: <a>\r\n\r\n" + content
                + b"\r\n--b\r\nContent-ID: <b>\r\nContent-Length: 3\r\n\r\nend\r\n--b--\r\n")
        response = server.request("POST", "/", {"Content-Type": "multipart/related; boundary=b"}, body)
        assert response.status == 207
        assert (tmp_path / "a").read_bytes() == content and (tmp_path / "b").read_bytes() == b"end"


def test_answers_in_a_coding(tmp_path):
    """But for those that may tell tokens of locks, beside what a client wrote."""
    with davit.Davit(str(tmp_path)) as server:
        fields = {"Content-Type": TYPE, "Accept": "application/json", "Accept-Encoding": "gzip"}
        response = server.request("POST", "/", fields, batch_of(puts(200)))
        assert response.status == 207 and response.field("Content-Encoding") == "gzip"
        assert len(told_of(gzip.decompress(response.body))) == 200 and len(response.body) < 8000
        for method in ("LOCK", "PROPFIND"):
            body = batch_of([*puts(100), {"id": "x", "method": method, "href": "0000", "depth": "0"}])
            response = server.request("POST", "/", fields, body)
            assert response.status == 207 and response.field("Content-Encoding") is None, method
