"""Uploads that go on later (tus, and the IETF's draft in both versions), cut at every kind of place, by two writers at a
time, and through crashes of the server: no offset is told above what is kept, no half is seen, and in the end it is what
was sent. DAVIT_UPLOAD_ROUNDS: how many crashes."""

import base64
import hashlib
import os
import random
import shutil
import tempfile

import davit
import pytest

ROUNDS = int(os.environ.get("DAVIT_UPLOAD_ROUNDS", "4"))
SHM = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
PROTOCOLS = ["tus", "ietf-5", "ietf-6"]
SIZE = 300001


class Upload:
    """A client of one upload, in one of the protocols."""

    def __init__(self, protocol, content, name="a"):
        self.protocol = protocol
        self.content = content
        self.name = name
        self.url = None
        self.told = 0  # the offset that the server told last

    def fields(self, **more):
        if self.protocol == "tus":
            fields = {"Tus-Resumable": "1.0.0"}
        else:
            fields = {"Upload-Draft-Interop-Version": self.protocol[-1]}
        return {**fields, **{name.replace("_", "-"): str(value) for name, value in more.items()}}

    def create(self, server):
        if self.protocol == "tus":
            name = base64.b64encode(self.name.encode()).decode()
            fields = self.fields(Upload_Length=len(self.content), Upload_Metadata=f"filename {name}")
            answer = server.request("POST", "/", fields, b"")
        else:
            fields = self.fields(Upload_Length=len(self.content), Upload_Complete="?0")
            answer = server.request("PUT", "/" + self.name, fields, b"")
        assert answer.status == 201, answer
        self.url = answer.field("Location")
        assert self.url.startswith(f"/{self.name}?")

    def part(self, server, offset, until):
        """The head and the body of a request that sends a part."""
        fields = {"Host": server.host, **self.fields(Upload_Offset=offset, Content_Length=until - offset)}
        if self.protocol == "tus":
            fields["Content-Type"] = "application/offset+octet-stream"
        else:
            fields["Content-Type"] = "application/partial-upload"
            fields["Upload-Complete"] = "?1" if until == len(self.content) else "?0"
        head = f"PATCH {self.url} HTTP/1.1\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n"
        return head.encode(), self.content[offset:until]

    def note(self, answer):
        """What an answer tells is never less than was told before."""
        offset = answer.field("Upload-Offset")
        if offset is not None:
            assert int(offset) >= self.told, answer
            self.told = int(offset)
        return answer

    def send(self, server, until):
        head, body = self.part(server, self.told, until)
        with server.connect() as connection:
            connection.send(head + body)
            return self.note(connection.read())

    def look(self, server):
        answer = self.note(server.request("HEAD", self.url, self.fields()))
        assert answer.status in (200, 204), answer
        return self.told

    def check_end(self, server):
        with open(server.path(self.name), "rb") as file:
            assert hashlib.sha256(file.read()).digest() == hashlib.sha256(self.content).digest()


@pytest.fixture(scope="module", name="server")
def a_server():
    with davit.Davit(args=["--durability", "lazy"]) as server:
        yield server


@pytest.mark.parametrize("cut", [0, 1, SIZE - 1, SIZE])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_part_that_breaks_off_is_kept_as_far_as_it_came(server, protocol, cut):
    upload = Upload(protocol, random.randbytes(SIZE), f"{protocol}-{cut}")
    upload.create(server)
    head, body = upload.part(server, 0, SIZE)
    with server.connect() as connection:
        connection.send(head + body[:cut])
        connection.socket.shutdown(1)
        answer = connection.read()
        if answer is not None:
            upload.note(answer)
    assert upload.told in (0, cut)
    assert os.path.exists(server.path(upload.name)) == (upload.told == SIZE)
    assert upload.look(server) <= cut
    while upload.told < SIZE:
        answer = upload.send(server, SIZE)
        assert answer.status in (201, 204), answer
    upload.check_end(server)
    assert upload.look(server) == SIZE


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_cut_connection_is_told_how_much_was_kept(server, protocol):
    upload = Upload(protocol, random.randbytes(SIZE), f"{protocol}-told")
    upload.create(server)
    head, body = upload.part(server, 0, SIZE)
    with server.connect() as connection:
        connection.send(head + body[:200000])
        connection.socket.shutdown(1)
        answer = connection.read()
    assert answer is None or answer.status == 400, answer
    # What was sent has arrived: TCP gives the end of it after that.
    assert upload.look(server) == 200000
    upload.send(server, SIZE)
    upload.check_end(server)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_later_of_two_writers_ends_the_earlier(server, protocol):
    upload = Upload(protocol, random.randbytes(SIZE), f"{protocol}-two")
    upload.create(server)
    head, body = upload.part(server, 0, SIZE)
    with server.connect() as first:
        first.send(head + body[:100000])
        upload.look(server)
        half = max(upload.told, SIZE // 2)
        answer = upload.send(server, half)
        assert answer.status in (201, 204), answer
        first.send(b"X" * (SIZE - 100000))
        late = first.read()
        assert late is None or late.status >= 400, late
    assert not os.path.exists(server.path(upload.name))
    answer = upload.send(server, SIZE)
    assert answer.status in (201, 204), answer
    upload.check_end(server)


def crash(server, upload, rng):
    """Kills the server while it receives a part, or when it has it all and has not answered."""
    until = rng.choice([len(upload.content), rng.randint(upload.told, len(upload.content))])
    head, body = upload.part(server, upload.told, until)
    sent = rng.choice([0, 1, max(0, len(body) - 1), len(body), rng.randint(0, len(body))])
    with server.connect() as connection:
        connection.send(head + body[:sent])
        if rng.random() < 0.3 and sent == len(body):
            answer = connection.read()
            if answer is not None:
                upload.note(answer)
        server.kill()
    return upload.told + sent


@pytest.mark.parametrize("durability", ["lazy", "flush"])
def test_the_server_dies(durability, tmp_path_factory):
    rng = random.Random()
    root = tmp_path_factory.mktemp("root") if SHM is None else None
    folder = root or tempfile.mkdtemp(prefix="davit-resumed-", dir=SHM)
    rounds = max(1, ROUNDS // 2)
    with davit.Davit(root=str(folder), args=["--durability", durability]) as server:
        number = 0
        while rounds > 0:
            number += 1
            content = rng.randbytes(rng.choice([1, 4096, rng.randint(2, 2000000)]))
            upload = Upload(rng.choice(PROTOCOLS), content, f"f{number}")
            upload.create(server)
            for _ in range(rng.randint(1, 3)):
                rounds -= 1
                most = crash(server, upload, rng)
                server.start()
                is_whole = os.path.exists(server.path(upload.name))
                if is_whole:
                    upload.check_end(server)
                assert upload.look(server) <= most
                if upload.told == len(content):
                    break
            while upload.told < len(content):
                answer = upload.send(server, len(content))
                assert answer.status in (201, 204), answer
            upload.look(server)
            upload.check_end(server)
            os.remove(server.path(upload.name))
    shutil.rmtree(folder, ignore_errors=True)


def create(server, path, size, name="a", **more):
    fields = {"Tus-Resumable": "1.0.0", "Upload-Length": str(size), **more,
              "Upload-Metadata": "filename " + base64.b64encode(name.encode()).decode()}
    return server.request("POST", path, fields, b"")


def test_room_is_asked_for_when_an_upload_begins(tmp_path):
    (tmp_path / "q").mkdir()
    (tmp_path / "r").mkdir()
    config = tmp_path / "davit.conf"
    config.write_text(f'[mount "/q"]\nroot = {tmp_path}/q\nquota = 1M\n')
    with davit.Davit(root=str(tmp_path / "r"), args=["--config", str(config)]) as server:
        assert create(server, "/q/", 2000000).status == 507
        first = create(server, "/q/", 700000)
        assert first.status == 201
        assert first.field("Location").startswith("/q/a?")
        assert create(server, "/q/", 700000, "b").status == 507
        assert server.request("DELETE", first.field("Location"), {"Tus-Resumable": "1.0.0"}).status == 204
        assert create(server, "/q/", 700000, "b").status == 201


def test_a_user_has_so_many_and_no_more(server):
    with davit.Davit(args=["--limit", "uploads_per_user=2"]) as few:
        assert [create(few, "/", 9, name).status for name in "abc"] == [201, 201, 507]


def test_sync_clients_upload_where_they_see_the_files(tmp_path):
    with davit.Davit(root=str(tmp_path), args=["--sync-clients", "yes", "--others-write", "no", "--sync", "yes",
                                               "--anonymous"]) as server:
        (tmp_path / "d").mkdir()
        content = b"0123456789"
        answer = create(server, "/remote.php/webdav/", len(content), "/d/x")
        assert answer.status == 201, answer
        url = answer.field("Location")
        assert url.startswith("/remote.php/webdav/d/x?")
        answer = server.request("PATCH", url, {"Tus-Resumable": "1.0.0", "Upload-Offset": "0",
                                               "Content-Type": "application/offset+octet-stream"}, content)
        assert answer.status == 204 and answer.field("ETag"), answer
        assert answer.field("OC-FileId") and answer.field("OC-Perm"), answer
        assert (tmp_path / "d/x").read_bytes() == content


def bytes_read(server):
    """What the server has asked the kernel for so far, of whatever file."""
    with open(f"/proc/{server.process.pid}/io", encoding="ascii") as file:
        return int(file.readline().split()[1])


def whole_that_waits(server, name, content, **fields):
    """The URL of an upload that is whole and cannot be committed, and what its last part was answered."""
    answer = server.request("POST", "/" + name, {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(content)), **fields},
                            b"")
    assert answer.status == 201, answer
    url = answer.field("Location")
    yield url
    yield server.request("PATCH", url, {"Tus-Resumable": "1.0.0", "Upload-Offset": "0",
                                        "Content-Type": "application/offset+octet-stream"}, content)


def ask_often(server, url, size, status):
    before = bytes_read(server)
    for _ in range(3):
        answer = server.request("HEAD", url, {"Tus-Resumable": "1.0.0"})
        assert answer.status == status and answer.field("Cache-Control") == "no-store", answer
        assert answer.field("Upload-Offset") == str(size)
    assert bytes_read(server) - before < size


def test_who_asks_again_does_not_have_all_of_it_read_again():
    content = random.randbytes(4000000)
    right = "SHA1:" + hashlib.sha1(content).hexdigest()
    wrong = "SHA1:" + hashlib.sha1(b"").hexdigest()
    with davit.Davit(args=["--durability", "lazy"]) as server:
        url, answer = whole_that_waits(server, "a", content, **{"OC-Checksum": wrong})
        assert answer.status == 400, answer
        ask_often(server, url, len(content), 400)
        server.stop()
        server.start()
        assert server.request("HEAD", url, {"Tus-Resumable": "1.0.0"}).status == 400
        ask_often(server, url, len(content), 400)

        making = whole_that_waits(server, "b", content, **{"OC-Checksum": right})
        url = next(making)
        os.mkdir(server.path("b"))
        assert next(making).status == 409
        ask_often(server, url, len(content), 409)
        os.rmdir(server.path("b"))
        assert server.request("HEAD", url, {"Tus-Resumable": "1.0.0"}).status == 200
        with open(server.path("b"), "rb") as file:
            assert file.read() == content
        assert server.request("GET", "/b").field("OC-Checksum") == right
