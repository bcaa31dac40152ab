"""Uploads that end early, clients that are slow, and more of them than there may be."""

import os
import re
import shutil
import subprocess
import time

import davit
import pytest
from session import Session, litter, wait_for

OLD = b"old content " * 1000
LENGTHS = (10, 700000)  # within one batch of the pump, and more than two


def open_uploads(server):
    """How many files without a name the server holds."""
    folder = f"/proc/{server.process.pid}/fd"
    count = 0
    for name in os.listdir(folder):
        try:
            link = os.readlink(f"{folder}/{name}")
        except FileNotFoundError:
            continue
        count += link.startswith(server.root) and (
            link.endswith(" (deleted)") or "/.davit-staged-" in link)
    return count


def check_nothing_happened(server, path, is_overwrite):
    wait_for(lambda: open_uploads(server) == 0, "the upload to be dropped")
    assert litter(server.root) == []
    response = server.request("GET", path)
    assert response.status == (200 if is_overwrite else 404)
    assert not is_overwrite or response.body == OLD
    expected = [".davit", "f"] if is_overwrite else [".davit"]
    assert sorted(os.listdir(server.root)) == expected


def aborts():
    for length in LENGTHS:
        head = f"Content-Length: {length}\r\n"
        for sent in (0, 1, length // 2, length - 1):
            yield f"length {length} sent {sent}", head, bytes(sent)
    head = "Transfer-Encoding: chunked\r\n"
    big = b"%x\r\n%s\r\n" % (600000, bytes(600000))
    yield "no chunk", head, b""
    yield "within a size", head, b"1"
    yield "within a chunk", head, b"a\r\n12345"
    yield "no last chunk", head, b"5\r\n12345\r\n"
    yield "no end of the trailers", head, b"5\r\n12345\r\n0\r\nX: y\r\n"
    yield "a large chunk and no more", head, big
    yield "a large chunk and a part", head, big + b"fff\r\n12345"
    finder = "Transfer-Encoding: chunked\r\nX-Expected-Entity-Length: 600000\r\n"
    yield "Finder, within a chunk", finder, big[:300000]


@pytest.fixture(scope="module", params=[False, True], ids=["new", "overwrite"])
def uploading(request):
    with davit.Davit() as server:
        if request.param:
            assert server.request("PUT", "/f", body=OLD).status == 201
        yield server, request.param


@pytest.mark.parametrize("what, head, body", aborts(), ids=[what for what, _, _ in aborts()])
def test_an_upload_that_ends_early_never_was(uploading, what, head, body):
    server, is_overwrite = uploading
    with server.connect() as connection:
        connection.send(f"PUT /f HTTP/1.1\r\nHost: {server.host}\r\n{head}\r\n")
        connection.send(body)
    check_nothing_happened(server, "/f", is_overwrite)


@pytest.mark.parametrize("what, fields, body", [
    ("bad chunk size", "Transfer-Encoding: chunked", b"5\r\n12345\r\nxyz\r\n"),
    ("bad chunk end", "Transfer-Encoding: chunked", b"5\r\n1234567\r\n0\r\n\r\n"),
    ("shorter than Finder said",
     "Transfer-Encoding: chunked\r\nX-Expected-Entity-Length: 6", b"5\r\n12345\r\n0\r\n\r\n"),
    ("longer than Finder said",
     "Transfer-Encoding: chunked\r\nX-Expected-Entity-Length: 4", b"5\r\n12345\r\n0\r\n\r\n"),
    ("long, then malformed", "Transfer-Encoding: chunked",
     b"%x\r\n%s\r\nnonsense\r\n" % (600000, bytes(600000))),
])
def test_a_body_that_is_wrong_is_400(uploading, what, fields, body):
    server, is_overwrite = uploading
    with server.connect() as connection:
        connection.send(f"PUT /f HTTP/1.1\r\nHost: {server.host}\r\n{fields}\r\n\r\n")
        connection.send(body)
        assert connection.read().status == 400
    check_nothing_happened(server, "/f", is_overwrite)


def test_many_uploads_that_end_early_leave_nothing():
    with davit.Davit() as server:
        assert server.request("PUT", "/f", body=OLD).status == 201
        before = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        for i in range(100):
            with server.connect() as connection:
                connection.send(f"PUT /f HTTP/1.1\r\nHost: {server.host}\r\n"
                                f"Content-Length: 900000\r\n\r\n")
                connection.send(bytes(i * 5000))
        check_nothing_happened(server, "/f", True)
        wait_for(lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) <= before,
                 "descriptors to be closed")


# --- slow clients ---

@pytest.fixture(scope="module")
def impatient():
    args = []
    for limit in ("head_ms=400", "progress_ms=400", "idle_ms=700"):
        args += ["--limit", limit]
    with davit.Davit(args=args) as server:
        yield server


def test_a_head_that_does_not_come_is_408(impatient):
    with impatient.connect() as connection:
        connection.send("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow")
        assert connection.read().status == 408
        assert connection.is_closed()


def test_a_head_that_comes_byte_by_byte_is_not_waited_for(impatient):
    """Each byte is progress, but the whole has a limit: this is Slowloris."""
    with impatient.connect() as connection:
        begun = time.monotonic()
        connection.send("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        connection.socket.settimeout(0.05)
        answer = b""
        while not answer and time.monotonic() - begun < 20:
            try:
                connection.send("x")
                answer = connection.socket.recv(1000)
            except TimeoutError:
                pass
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - begun >= 0.35


def test_silence_is_closed_without_a_word(impatient):
    for first in ("", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        with impatient.connect() as connection:
            connection.send(first)
            if first:
                assert connection.read().status == 200
            assert connection.is_closed()


def test_a_body_that_stalls_is_408(impatient):
    assert impatient.request("PUT", "/stall", body=OLD).status in (201, 204)
    for method, target in (("PUT", "/stall"), ("PROPFIND", "/"), ("PROPPATCH", "/stall")):
        with impatient.connect() as connection:
            connection.send(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n<")
            assert connection.read().status == 408, method
            assert connection.is_closed()
    assert impatient.request("GET", "/stall").body == OLD


def test_a_body_that_moves_may_take_long(impatient):
    with impatient.connect() as connection:
        connection.send("PUT /long HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n")
        for _ in range(20):
            time.sleep(0.06)  # a client that is slow, not one that stands still
            connection.send("x")
        assert connection.read().status == 201
    assert os.path.getsize(impatient.path("long")) == 20


def test_an_answer_that_nobody_reads_is_given_up(impatient):
    with open(impatient.path("big"), "wb") as file:
        file.truncate(256 << 20)
    with impatient.connect() as connection:
        connection.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n")
        folder = f"/proc/{impatient.process.pid}/fd"

        def has_file_open():
            for name in os.listdir(folder):
                try:
                    if os.readlink(f"{folder}/{name}") == impatient.path("big"):
                        return True
                except FileNotFoundError:
                    pass
            return False

        wait_for(has_file_open, "the answer to begin")
        wait_for(lambda: not has_file_open(), "the answer to be given up")
        assert not connection.read().is_complete


def test_slow_clients_do_not_hold_up_others(impatient):
    slow = [impatient.connect() for _ in range(50)]
    for i, connection in enumerate(slow):
        connection.send("GET / HTTP/1.1\r\nHo" if i % 2 else
                        f"PUT /s{i} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1")
    with Session(impatient) as client:
        for _ in range(20):
            client.expect(200, "GET", "/")
    for connection in slow:
        assert connection.read().status == 408
        connection.close()


# --- too much ---

def test_more_connections_than_there_may_be_are_503():
    with davit.Davit(args=["--limit", "connections=5"]) as server:
        held = [server.connect() for _ in range(5)]
        for connection in held:
            connection.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.read().status == 200
        with server.connect() as connection:
            response = connection.read()
            assert response.status == 503 and response.field("Retry-After")
            assert connection.is_closed()
        held.pop().close()

        def is_let_in():
            return server.request("GET", "/").status == 200

        wait_for(is_let_in, "room for another")
        for connection in held:
            connection.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.read().status == 200
            connection.close()


def test_more_locks_than_there_may_be_are_507():
    with davit.Davit(args=["--limit", "lock_count=20"]) as server, Session(server) as client:
        tokens = {}
        for i in range(20):
            tokens[i] = client.lock(f"/{i}")
            assert isinstance(tokens[i], str)
        refused = client.lock("/more")
        assert refused.status == 507
        client.expect(404, "GET", "/more")  # a lock that failed makes no resource
        client.expect(200, "LOCK", "/3", {"If": f"(<{tokens[3]}>)"})
        client.expect(204, "UNLOCK", "/4", {"Lock-Token": f"<{tokens[4]}>"})
        assert isinstance(client.lock("/more"), str)


def test_locks_that_have_expired_make_room():
    with davit.Davit(args=["--limit", "lock_count=3"]) as server, Session(server) as client:
        for i in range(3):
            assert isinstance(client.lock(f"/{i}", timeout="Second-1"), str)
        assert client.lock("/more").status == 507
        assert isinstance(wait_for(lambda: token_of(client.lock("/more")), "the locks to expire"),
                          str)
        client.expect(204, "PUT", "/0", None, b"free")


def token_of(answer):
    return answer if isinstance(answer, str) else None


def test_more_properties_than_there_may_be_are_507():
    with davit.Davit(args=["--limit", "property_count=10"]) as server, Session(server) as client:
        client.expect(201, "PUT", "/f", None, b"x")

        def patch(*names):
            props = "".join(f'<{name} xmlns="urn:x">v</{name}>' for name in names)
            body = (f'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop>{props}</D:prop></D:set>'
                    "</D:propertyupdate>")
            response = client.expect(207, "PROPPATCH", "/f", None, body)
            return set(re.findall(rb"HTTP/1.1 (\d+)", response.body))

        assert patch(*[f"p{i}" for i in range(8)]) == {b"200"}
        assert patch("q0", "q1", "q2") == {b"507"}
        names = [tag for tag in client.propfind("/f")[b"/f"] if tag.startswith("{urn:x}")]
        assert len(names) == 8, "all or nothing"
        assert patch("q0", "q1") == {b"200"}
        assert patch("p0") == {b"200"}, "a change adds none"


def test_a_property_of_a_megabyte_and_a_document_that_is_too_large():
    with davit.Davit(args=["--limit", "xml_bytes=2000000"]) as server, Session(server) as client:
        client.expect(201, "PUT", "/f", None, b"x")
        body = ('<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><big xmlns="urn:x">%s</big>'
                "</D:prop></D:set></D:propertyupdate>")
        client.expect(207, "PROPPATCH", "/f", None, body % ("x" * 1000000))
        assert len(client.propfind("/f")[b"/f"]["{urn:x}big"].text) == 1000000
        client.expect(413, "PROPPATCH", "/f", None, body % ("x" * 3000000))


# --- what the file system knows of a file beside its content ---

@pytest.mark.parametrize("method", ["PUT", "COPY"])
def test_acls_and_attributes_are_carried(method):
    if not shutil.which("setfacl"):
        pytest.skip("acl is not installed")
    with davit.Davit() as server, Session(server) as client:
        client.expect(201, "PUT", "/f", None, b"old")
        path = server.path("f")
        try:
            os.setxattr(path, "user.tag", b"red\0green")
            subprocess.run(["setfacl", "-m", "u:12345:rw,g:23456:r", path], check=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("this file system keeps none")
        before = subprocess.run(["getfacl", "-cn", path], check=True, capture_output=True).stdout
        if method == "PUT":
            client.expect(204, "PUT", "/f", None, b"new")
        else:
            client.expect(201, "COPY", "/f", {"Destination": "/g"})
            path = server.path("g")
        after = subprocess.run(["getfacl", "-cn", path], check=True, capture_output=True).stdout
        assert after == before and b"12345" in after
        assert os.getxattr(path, "user.tag") == b"red\0green"


def test_a_default_acl_is_not_forced_on_a_file_that_is_replaced():
    if not shutil.which("setfacl"):
        pytest.skip("acl is not installed")
    with davit.Davit() as server, Session(server) as client:
        client.expect(201, "PUT", "/f", None, b"old")
        if subprocess.run(["setfacl", "-d", "-m", "u:12345:rw", server.root],
                          check=False).returncode:
            pytest.skip("this file system keeps none")
        client.expect(204, "PUT", "/f", None, b"new")
        client.expect(201, "PUT", "/g", None, b"new")
        for name, has_it in (("f", False), ("g", True)):
            acl = subprocess.run(["getfacl", "-cn", server.path(name)], check=True,
                                 capture_output=True).stdout
            assert (b"12345" in acl) == has_it, name


@pytest.mark.parametrize("hands_down", [False, True])
def test_a_copied_collection_has_the_rights_of_each_of_its_files(hands_down):
    """With ACLs and without, and modes that umask(2) takes from and that it leaves alone: side by
    side, so that what holds for one is not taken to hold for the next."""
    if not shutil.which("setfacl"):
        pytest.skip("acl is not installed")

    def rights(folder):
        names = sorted(os.listdir(folder))
        done = subprocess.run(["getfacl", "-cn", *names], cwd=folder, check=True,
                              capture_output=True)
        return names, done.stdout

    with davit.Davit() as server, Session(server) as client:
        client.expect(201, "MKCOL", "/c")
        folder = server.path("c")
        for number in range(32):
            path = os.path.join(folder, f"f{number}")
            with open(path, "wb") as file:
                file.write(b"x" * number)
            os.chmod(path, (0o664, 0o664, 0o644, 0o600)[number % 4])
            if number % 4 == 0 and subprocess.run(["setfacl", "-m", "u:12345:rw", path],
                                                  check=False).returncode:
                pytest.skip("this file system keeps none")
        if hands_down:
            subprocess.run(["setfacl", "-d", "-m", "u:4321:rw", folder], check=True)
        client.expect(201, "COPY", "/c", {"Destination": "/d"})
        assert rights(server.path("d")) == rights(folder)
        for number in range(32):
            with open(server.path(f"d/f{number}"), "rb") as file:
                assert file.read() == b"x" * number
