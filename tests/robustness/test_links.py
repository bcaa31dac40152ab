"""Links that somebody swaps while requests run: what was judged is what is opened."""

import base64
import os
import subprocess
import threading

import davit
import http2
import pytest
import session

SECRET = b"bob's secret"
BODY = b'<D:propfind xmlns:D="DAV:"><D:prop><D:getcontentlength/></D:prop></D:propfind>'
CONFIG = """[server]
users = {folder}/users
tokens = {folder}/tokens
[mount "/home"]
root = {folder}/homes/%u
[mount "/all"]
root = {folder}/all
[rule "/"]
allow = all for users
[rule "/all/bob"]
deny = all for alice
hidden = yes
"""
ROUNDS = int(os.environ.get("DAVIT_LINK_ROUNDS", "20"))


def basic(user="alice"):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:pencil".encode()).decode()}


class Server(davit.Davit):
    """Homes, and a tree with rules, in which alice and bob have a folder each."""

    def __init__(self, folder):
        self.folder = str(folder)
        for user in ("alice", "bob"):
            davit.add_user(str(folder / "users"), user, "pencil")
            for top in ("homes", "all"):
                os.makedirs(folder / top / user / "d")
                self.write((top, user, "d", "f"), SECRET if user == "bob" else b"mine")
        for top in ("homes", "all"):
            os.symlink("d", folder / top / "alice" / "to-d")
            os.symlink("../bob/d", folder / top / "alice" / "to-bob")
            os.symlink("d", folder / top / "alice" / "way")
            os.symlink("d/f", folder / top / "alice" / "file")
            os.mkdir(folder / top / "alice" / "box")
            os.symlink("../d/f", folder / top / "alice" / "box" / "f")
        (folder / "davit.conf").write_text(CONFIG.format(folder=folder))
        self.share = {top: self.link("--path", path) for top, path in (("homes", "/home"), ("all", "/all/alice"))}
        super().__init__(root=str(folder / "none"), args=["-c", str(folder / "davit.conf")])

    def operands(self):
        return []

    def write(self, parts, content):
        with open(os.path.join(self.folder, *parts), "wb") as file:
            file.write(content)

    def link(self, *options):
        done = subprocess.run([davit.BINARY, "token", "add", "alice", "--link", "--tokens", self.folder + "/tokens",
                               *options], capture_output=True, text=True, check=True)
        os.chmod(self.folder + "/tokens", 0o644)
        return done.stdout.strip()


class Http2(http2.Http2):
    """The same as a session.Session, over HTTP/2."""

    def __init__(self, server):
        super().__init__(server.address)

    def request(self, method, target, fields, body=None):
        self.send(method, target, fields.items(), body)
        return self.receive()

    def close(self):
        self.close_all()


class Swapping(threading.Thread):
    """Turns each link of alice's to bob's thing and back, in one step each, until told to stop."""

    def __init__(self, server, top):
        super().__init__()
        self.home = os.path.join(server.folder, top, "alice")
        self.is_over = threading.Event()
        self.count = 0

    def turn(self, name, target):
        spare = os.path.join(self.home, "spare")
        os.symlink(target, spare)
        os.rename(spare, os.path.join(self.home, name))

    def run(self):
        while not self.is_over.is_set():
            for where in ("../bob/d", "d"):
                self.turn("way", where)
                self.turn("file", where + "/f")
                self.turn("box/f", "../" + where + "/f")
            # A collection, and a link in its place.
            os.rename(self.home + "/d", self.home + "/moved")
            self.turn("d", "../bob/d")
            os.unlink(self.home + "/d")
            os.rename(self.home + "/moved", self.home + "/d")
            self.count += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.join()


@pytest.fixture(name="server")
def server_fixture(tmp_path):
    with Server(tmp_path) as running:
        yield running


PLACES = {"homes": "/home/", "rules": "/all/alice/", "link to a home": None, "link by a rule": None}


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2"])
@pytest.mark.parametrize("place", PLACES)
def test_swapped_links_never_show_what_may_not_be_read(place, version, server):
    top = "homes" if "home" in place else "all"
    base = PLACES[place] or server.share[top]
    fields = basic() if PLACES[place] else {}
    client = session.Session(server) if version == "HTTP/1.1" else Http2(server)
    size = f">{len(SECRET)}<".encode()
    seen = set()
    with Swapping(server, top) as swapping:
        for number in range(ROUNDS):
            for name in ("way/f", "file", "box/f", "d/f"):
                answer = client.request("GET", base + name, fields)
                assert SECRET not in answer.body and answer.status in (200, 403, 404, 409), (name, answer)
                seen.add(answer.status)
                answer = client.request("GET", base + name, {**fields, "Range": "bytes=0-1,3-5"})
                assert SECRET[:2] not in answer.body.split(b"\r\n"), (name, answer)
            for name in ("box/", "way/", "d/"):
                answer = client.request("PROPFIND", base + name, {**fields, "Depth": "1"}, BODY)
                assert size not in answer.body and answer.status in (207, 403, 404, 409), (name, answer)
                answer = client.request("GET", base + name, fields)
                assert b"<td>%d<" % len(SECRET) not in answer.body, (name, answer)
            if number % 5 == 0:
                for name in ("box/", "d/", "file", "way/f"):
                    client.request("COPY", base + name, {**fields, "Destination": f"{base}copy-{number}"})
                client.request("PUT", base + "way/f", fields, b"mine")
                client.request("PUT", base + "file", fields, b"mine")
    client.close()
    assert swapping.count and 200 in seen
    home = os.path.join(server.folder, top)
    with open(home + "/bob/d/f", "rb") as file:
        assert file.read() == SECRET
    assert sorted(os.listdir(home + "/bob/d")) == ["f"]
    found = subprocess.run(["grep", "-rl", SECRET.decode(), home + "/alice"], capture_output=True, text=True,
                           check=False)
    assert found.stdout == "", "a copy has it"
