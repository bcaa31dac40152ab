"""Batches with an Idempotency-Key: whatever becomes of the server, the client or the disk, each operation is done once, and what
is not known is said to be unknown. MKCOL tells: the second of the same name is 405."""

import glob
import os
import re
import struct
import subprocess

import davit
from test_batch import TYPE, batch_of, puts, read_some
import session


def collections(count):
    return batch_of([{"id": str(i), "method": "MKCOL", "href": f"c{i:04d}"} for i in range(count)])


def fields_of(key, **more):
    return {"Content-Type": TYPE, "Accept": "application/json", "Idempotency-Key": f'"{key}"', **more}


def begin(server, body, key):
    connection = server.connect()
    head = "".join(f"{name}: {value}\r\n" for name, value in fields_of(key).items())
    connection.send(f"POST / HTTP/1.1\r\nHost: {server.address[0]}:{server.address[1]}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode()
                    + body)
    return connection


def send(server, body, key):
    """Its answer, when nobody is at it any more."""
    answers = []

    def is_over():
        answers.append(server.request("POST", "/", fields_of(key), body))
        return answers[-1].status != 409

    session.wait_for(is_over, "nobody is at it")
    return answers[-1]


def statuses(answer):
    return [int(status) for status in re.findall(rb'"hrefs":\[[^]]*\],"status":(\d+)', answer.body)]


def kept(directory):
    return glob.glob(os.path.join(str(directory), ".davit/uploads/answers/*/*"))


def reset(connection):
    connection.socket.setsockopt(davit.socket.SOL_SOCKET, davit.socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def check_once(answer, directory, count):
    told = statuses(answer)
    assert len(told) == count and set(told) <= {201, 500} and told.count(500) <= 1, (told, answer.body[-300:])
    for i, status in enumerate(told):
        assert status == 500 or (directory / f"c{i:04d}").is_dir()


def test_what_was_killed_goes_on(tmp_path):
    """What was told is told again, what was under way is not known, and the rest is done: each once."""
    with davit.Davit(str(tmp_path)) as server:
        body = collections(400)
        connection = begin(server, body, "kill")
        read_some(connection, b'{"id":"20"')
        server.kill()
        connection.close()
        server.start()
        answer = send(server, body, "kill")
        assert answer.status == 207 and answer.field("Idempotent-Replayed") == "true"
        check_once(answer, tmp_path, 400)
        again = send(server, body, "kill")
        assert again.body == answer.body
        server.kill()
        server.start()
        assert send(server, body, "kill").body == answer.body


def test_what_a_client_left_goes_on(tmp_path):
    """What was under way came to its end, and is told: nothing is unknown."""
    with davit.Davit(str(tmp_path)) as server:
        body = collections(400)
        connection = begin(server, body, "left")
        read_some(connection, b'{"id":"3"')
        reset(connection)
        answer = send(server, body, "left")
        assert statuses(answer) == [201] * 400, answer.body[:3000]
        assert send(server, body, "left").body == answer.body


def long_property(server, directory):
    """A batch that asks for a long property."""
    (directory / "f").write_text("f")
    value = "v" * 100000
    patch = f'<propertyupdate xmlns="DAV:"><set><prop><x xmlns="urn:x">{value}</x></prop></set></propertyupdate>'
    assert server.request("PROPPATCH", "/f", {"Content-Type": "application/xml"}, patch).status == 207
    find = '<propfind xmlns="DAV:"><prop><x xmlns="urn:x"/></prop></propfind>'
    return value.encode(), lambda count: batch_of([{"id": str(i), "method": "PROPFIND", "href": "f", "body": find} for i in range(count)])


def test_one_at_a_time(tmp_path):
    """A client that does not read is at it, and the key is not free."""
    with davit.Davit(str(tmp_path)) as server:
        value, asks = long_property(server, tmp_path)
        connection = begin(server, asks(120), "slow")
        read_some(connection, b'"id":"0"')
        assert server.request("POST", "/", fields_of("slow"), asks(120)).status == 409
        assert server.request("POST", "/", fields_of("slow"), asks(1)).status == 409
        reset(connection)
        assert send(server, asks(120), "slow").body.count(value) == 120


def test_power_that_went(tmp_path):
    """Of a machine that went down what was not flushed may be lost: all that is not told is unknown, and nothing is done."""
    with davit.Davit(str(tmp_path)) as server:
        body = collections(100)
        connection = begin(server, body, "power")
        read_some(connection, b'{"id":"5"')
        server.kill()
        connection.close()
        (path,) = kept(tmp_path)
        with open(path, "rb") as file:
            text = bytearray(file.read())
        length = struct.unpack("<I", text[:4])[0]
        text[13] ^= 0xFF  # the boot
        checksum = 0xCBF29CE484222325
        for byte in text[12:12 + length]:
            checksum = (checksum ^ byte) * 0x100000001B3 % 2**64
        text[4:12] = struct.pack("<Q", checksum)
        with open(path, "wb") as file:
            file.write(text[:-5])
        before = sorted(os.listdir(tmp_path))
        server.start()
        told = statuses(send(server, body, "power"))
        assert len(told) == 100 and told[:5] == [201] * 5 and told[-1] == 500 and set(told) == {201, 500}
        assert told == sorted(told) and sorted(os.listdir(tmp_path)) == before


def test_how_long_and_how_many(tmp_path):
    with davit.Davit(str(tmp_path), ["--limit", "idempotency_keys=2", "--limit", "idempotency_seconds=600"]) as server:
        body = collections(2)
        assert statuses(send(server, body, "1")) == [201, 201]
        (path,) = kept(tmp_path)
        assert statuses(send(server, body, "2")) == [405, 405]
        assert server.request("POST", "/", fields_of("3"), body).status == 507
        assert statuses(send(server, body, "1")) == [201, 201]
        os.utime(path, (1, 1))
        assert statuses(send(server, body, "3")) == [405, 405]  # in the place of the old one
        assert len(kept(tmp_path)) == 2
        for path in kept(tmp_path):
            os.utime(path, (1, 1))
        assert statuses(send(server, body, "2")) == [405, 405]
        server.stop()
        for path in kept(tmp_path):
            os.utime(path, (1, 1))
        server.start()  # where the sweeper begins
        session.wait_for(lambda: not kept(tmp_path), "the old ones are gone")


def test_as_long_as_it_may_be(tmp_path):
    """What begins is kept; what cannot be is not begun."""
    with davit.Davit(str(tmp_path), ["--limit", "idempotency_bytes=600"]) as server:
        body = collections(20)
        answer = send(server, body, "long")
        told = statuses(answer)
        assert len(told) == 20 and told[0] == 201 and told[-1] == 507 and told == sorted(told)
        assert (tmp_path / "c0000").is_dir() and not (tmp_path / "c0019").exists()
        assert send(server, body, "long").body == answer.body


def test_long_answers(tmp_path):
    """One operation's answer in several records."""
    with davit.Davit(str(tmp_path)) as server:
        value, asks = long_property(server, tmp_path)
        answer = send(server, asks(3), "long")
        assert answer.body.count(value) == 3
        assert send(server, asks(3), "long").body == answer.body


def test_parts(tmp_path):
    root = batch_of([{"id": "1", "method": "PUT", "href": "a", "part": "a", "if-none-match": "*"}])
    body = (b"--b\r\nContent-Type: " + TYPE.encode() + b"\r\n\r\n" + root + b"\r\n--b\r\nContent-ID: <a>\r\n\r\n" + b"x" * 100000
            + b"\r\n--b--\r\n")
    with davit.Davit(str(tmp_path)) as server:
        fields = {**fields_of("p"), "Content-Type": "multipart/related; boundary=b"}
        first = server.request("POST", "/", fields, body)
        assert first.status == 207 and statuses(first) == [201], first.body
        assert server.request("POST", "/", fields, body).body == first.body
        assert server.request("POST", "/", fields, body.replace(b"xx", b"xy")).status == 422


def test_read_only(tmp_path):
    with davit.Davit(str(tmp_path), ["--read-only"]) as server:
        assert server.request("POST", "/", fields_of("r"), collections(1)).status == 501


def test_the_command_sends_it_again(tmp_path):
    """What is lost on the way is asked for again, by the same key."""
    with davit.Davit(str(tmp_path)) as server:
        body = collections(3)
        ways = davit.socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{ways.getsockname()[1]}/"
        command = subprocess.Popen([davit.BINARY, "batch", "--http", "1.1", "--idempotency-key", 'a"\\b', "-f", "json", "-", url], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        command.stdin.write(body)
        command.stdin.close()
        for cut in (True, False):
            client, _ = ways.accept()
            client.settimeout(60)
            request = b""
            while b'c0002"}]}' not in request:
                request += client.recv(65536)
            assert b'Idempotency-Key: "a\\"\\\\b"\r\n' in request
            upstream = server.connect()
            upstream.send(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
            answer = b""
            while True:
                data = upstream.socket.recv(65536)
                if not data:
                    break
                answer += data
            client.sendall(answer[:len(answer) // 2] if cut else answer)
            upstream.close()
            client.close()
        ways.close()
        out = command.stdout.read()
        assert command.wait() == 0, command.stderr.read()
        assert out.count(b'"status":201') == 3 and b"405" not in out, out
