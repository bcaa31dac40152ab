"""The directory belongs to its owner: other programs change it while davit serves it, and put things
into it that are no resources."""

import os
import re
import shutil
import socket
import stat
import threading
import urllib.parse

import davit
import pytest
from session import Session, members, need_root, quote, statuses


@pytest.fixture
def server():
    with davit.Davit(args=["--depth-infinity", "allow", "--limit", "walk_depth=50"]) as running:
        yield running


@pytest.fixture
def client(server):
    with Session(server) as session:
        yield session


def write(server, path, data):
    with open(server.path(path), "wb") as file:
        file.write(data)


def ask_slowly(server, head):
    """Sends a request whose answer will not fit into what the sockets hold."""
    connection = davit.Connection.__new__(davit.Connection)
    connection.socket = socket.socket()
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 17)
    connection.socket.settimeout(60)
    connection.socket.connect(server.address)
    connection.buffer = b""
    connection.send(head)
    connection.buffer = connection.socket.recv(1000)
    return connection


# --- changes while it is read ---

def test_a_change_by_another_program_is_seen_at_once(server, client):
    write(server, "f", b"one")
    first = client.expect(200, "GET", "/f")
    write(server, "f", b"two!")
    second = client.expect(200, "GET", "/f")
    assert second.body == b"two!" and first.field("ETag") != second.field("ETag")
    os.rename(server.path("f"), server.path("g"))
    client.expect(404, "GET", "/f")
    assert client.expect(200, "GET", "/g").body == b"two!"
    os.unlink(server.path("g"))
    client.expect(404, "GET", "/g")
    os.mkdir(server.path("g"))
    assert set(client.propfind("/", "1")) == {b"/", b"/g/"}


def test_a_change_of_the_same_length_in_the_same_second_has_another_etag(server, client):
    write(server, "f", b"one")
    first = client.expect(200, "GET", "/f").field("ETag")
    write(server, "f", b"two")
    client.expect(412, "PUT", "/f", {"If-Match": first}, b"lost")
    assert client.expect(200, "GET", "/f").body == b"two"


@pytest.mark.parametrize("change", ["rename", "unlink", "replace"])
def test_a_download_goes_on_with_what_was_opened(server, change):
    data = os.urandom(32 << 20)
    write(server, "f", data)
    head = f"GET /f HTTP/1.1\r\nHost: {server.host}\r\n\r\n"
    with ask_slowly(server, head) as connection:
        if change == "rename":
            os.rename(server.path("f"), server.path("g"))
        elif change == "unlink":
            os.unlink(server.path("f"))
        else:
            write(server, "new", b"other")
            os.rename(server.path("new"), server.path("f"))
        response = connection.read()
    assert response.is_complete and response.body == data


def test_a_file_that_shrinks_breaks_its_download_off(server, client):
    """What was announced cannot be sent: the client must see that, and others must not suffer."""
    write(server, "f", bytes(32 << 20))
    head = f"GET /f HTTP/1.1\r\nHost: {server.host}\r\n\r\n"
    with ask_slowly(server, head) as connection:
        os.truncate(server.path("f"), 100)
        response = connection.read()
        assert not response.is_complete and len(response.body) < 32 << 20
        assert connection.is_closed()
    assert len(client.expect(200, "GET", "/f").body) == 100


LISTINGS = {
    "propfind": "PROPFIND /d/ HTTP/1.1\r\nHost: localhost\r\nDepth: 1\r\n\r\n",
    "deep propfind": "PROPFIND / HTTP/1.1\r\nHost: localhost\r\nDepth: infinity\r\n\r\n",
    "index": "GET /d/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("kind", LISTINGS)
def test_a_collection_that_vanishes_while_it_is_listed_has_no_more_members(server, kind):
    os.mkdir(server.path("d"))
    for i in range(20000):
        os.close(os.open(server.path("d", f"member-{i:0200}"), os.O_CREAT | os.O_WRONLY))
    with ask_slowly(server, LISTINGS[kind]) as connection:
        shutil.rmtree(server.path("d"))
        response = connection.read()
    assert response.is_complete, "the listing broke off"
    if kind == "index":
        assert response.body.endswith(b"</table>\n")
    else:
        assert len(members(response.body)) < 20000


def test_listings_are_whole_while_the_directory_changes(server, client):
    """Who stays is listed exactly once; each answer is well-formed."""
    os.mkdir(server.path("d"))
    staying = {f"/d/stay-{i}".encode() for i in range(300)}
    for path in staying:
        write(server, path.decode()[1:], b"")
    is_over = threading.Event()

    def churn():
        number = 0
        while not is_over.is_set():
            number += 1
            write(server, f"d/come-{number % 50}", b"x")
            os.makedirs(server.path("d", f"dir-{number % 20}", "sub"), exist_ok=True)
            shutil.rmtree(server.path("d", f"dir-{(number + 10) % 20}"), ignore_errors=True)
            os.rename(server.path("d", f"come-{number % 50}"), server.path("d", "renamed"))

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(40):
            response = client.expect(207, "PROPFIND", "/d", {"Depth": "infinity"})
            paths = [path for path, _, _ in members(response.body)]
            assert sorted(p for p in paths if p in staying) == sorted(staying)
            client.expect(200, "GET", "/d/")
    finally:
        is_over.set()
        thread.join()


def test_a_parent_that_another_program_removes_during_an_upload(server, client):
    os.mkdir(server.path("d"))
    with server.connect() as connection:
        connection.send(f"PUT /d/f HTTP/1.1\r\nHost: {server.host}\r\nContent-Length: 300000\r\n"
                        "Expect: 100-continue\r\n\r\n")
        assert connection.read().status == 100
        os.rmdir(server.path("d"))
        connection.send(bytes(300000))
        assert connection.read().status == 409
    assert os.listdir(server.root) == [".davit"]
    client.expect(404, "GET", "/d/f")


# --- what is no resource ---

def test_what_is_neither_file_nor_directory_is_not_there(server, client):
    need_root("making device nodes")
    os.mkfifo(server.path("fifo"))
    os.mknod(server.path("device"), stat.S_IFCHR | 0o600, os.makedev(1, 5))  # /dev/zero
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(server.path("socket"))
        for name in ("fifo", "device", "socket"):
            for method in ("GET", "HEAD", "PROPFIND"):
                client.expect(404, method, f"/{name}", {"Depth": "0"})
            assert client.request("PUT", f"/{name}", body=b"x").status in (403, 404, 409)
        assert set(client.propfind("/", "1")) == {b"/"}
        os.mkdir(server.path("d"))
        os.mkfifo(server.path("d", "fifo"))
        write(server, "d/f", b"x")
        client.expect(201, "COPY", "/d", {"Destination": "/e"})
        assert os.listdir(server.path("e")) == ["f"]
        client.expect(204, "DELETE", "/d")
        assert not os.path.exists(server.path("d"))


def test_links_that_go_round_in_circles(server, client):
    os.mkdir(server.path("d"))
    os.symlink("self", server.path("self"))
    os.symlink("b", server.path("a"))
    os.symlink("a", server.path("b"))
    os.symlink("..", server.path("d", "up"))
    client.expect((403, 404), "GET", "/self")
    client.expect((403, 404), "GET", "/a")
    client.expect((403, 404, 409), "PUT", "/a", None, b"x")
    paths = set(client.propfind("/", "infinity"))
    assert paths == {b"/", b"/d/", b"/d/up/"}, "a walk does not follow links to collections"
    client.expect(201, "COPY", "/d", {"Destination": "/e"})
    assert os.readlink(server.path("e", "up")) == ".."
    client.expect(204, "DELETE", "/d")
    assert os.path.isdir(server.path("e"))


def test_methods_that_take_a_name_away_take_the_link(server, client):
    os.mkdir(server.path("d"))
    write(server, "d/f", b"content")
    os.symlink("d/f", server.path("file"))
    os.symlink("d", server.path("dir"))
    os.symlink("d", server.path("other"))
    client.expect(204, "DELETE", "/file")
    client.expect(204, "DELETE", "/dir")
    client.expect(201, "MOVE", "/other", {"Destination": "/moved"})
    assert os.readlink(server.path("moved")) == "d"
    client.expect(201, "MKCOL", "/e")
    client.expect(204, "COPY", "/e", {"Destination": "/moved"})
    assert not os.path.islink(server.path("moved"))
    assert client.expect(200, "GET", "/d/f").body == b"content"
    assert sorted(os.listdir(server.root)) == [".davit", "d", "e", "moved"]


def test_a_link_is_not_moved_or_copied_over_what_it_leads_to(server, client):
    os.makedirs(server.path("d", "sub"))
    write(server, "d/sub/f", b"content")
    os.symlink("d/sub", server.path("l"))
    for method in ("MOVE", "COPY"):
        client.expect(403, method, "/l", {"Destination": "/d"})
        client.expect(403, method, "/l", {"Destination": "/d/sub"})
        client.expect(403, method, "/d/sub", {"Destination": "/l"})
    assert os.readlink(server.path("l")) == "d/sub"
    assert client.expect(200, "GET", "/l/f").body == b"content"


def test_links_out_of_the_root_lead_nowhere(server, client, tmp_path):
    (tmp_path / "secret").write_text("secret")
    os.symlink(tmp_path, server.path("out"))
    os.symlink(tmp_path / "secret", server.path("file"))
    for method, target in (("GET", "/out/secret"), ("GET", "/file"), ("PROPFIND", "/out/"),
                           ("DELETE", "/out/secret"), ("PUT", "/out/new"), ("MKCOL", "/out/new"),
                           ("PUT", "/file")):
        response = client.request(method, target, {"Depth": "0"},
                                  b"x" if method == "PUT" else None)
        assert response.status in (403, 404, 409) and b"secret\n" not in response.body, target
    assert os.listdir(tmp_path) == ["secret"]
    assert (tmp_path / "secret").read_text() == "secret"
    assert set(client.propfind("/", "1")) == {b"/"}
    os.symlink(tmp_path, server.path("gone"))
    client.request("DELETE", "/gone")
    assert (tmp_path / "secret").exists(), "a removal must not follow a link"


# --- names and depth ---

NAMES = [b"n" * 255, "é".encode() * 127, b"\xff\xfe bytes", b"a\nb\tc\x01", b"%41", b"a b+c", b"'\"",
         b"&<>", b"#?;", b"\\", b"...", b".hidden", "e\u0301".encode(), "日本語".encode()]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_that_a_file_can_have(server, client, name):
    path = "/" + quote(name)
    if name == b"a\nb\tc\x01":
        with open(os.path.join(os.fsencode(server.root), name), "wb") as file:
            file.write(b"content")  # whether a client may make it is another question
    else:
        client.expect(201, "PUT", path, None, b"content")
    assert os.listdir(os.fsencode(server.root)).count(name) == 1
    assert client.expect(200, "GET", path).body == b"content"
    assert set(client.propfind("/", "1")) == {b"/", b"/" + name}
    page = client.expect(200, "GET", "/").body
    links = [urllib.parse.unquote_to_bytes(link) for link in re.findall(rb'href="(.*?)"', page)]
    assert b"/" + name in links
    client.expect(204, "DELETE", path)
    assert os.listdir(server.root) == [".davit"]


def test_a_name_of_more_than_255_bytes(client):
    long = "/" + "n" * 256
    client.expect((400, 414), "PUT", long, None, b"x")
    client.expect((400, 414), "MKCOL", long)
    client.expect((400, 404, 414), "GET", long)
    client.expect(201, "PUT", "/f", None, b"x")
    client.expect((400, 414), "MOVE", "/f", {"Destination": long})
    client.expect(200, "GET", "/f")


def make_deep(server, depth):
    """A tree of collections in one another, deeper than any path can tell."""
    fd = os.open(server.root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=fd)
        inner = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(os.open("f", os.O_CREAT, dir_fd=fd))
    os.close(fd)


def test_a_tree_that_is_deeper_than_a_walk_may_go(server, client):
    make_deep(server, 60)
    found = members(client.expect(207, "PROPFIND", "/", {"Depth": "infinity"}).body)
    assert [code for _, code, _ in found if code] == [507]
    copied = client.expect(207, "COPY", "/d", {"Destination": "/e"})
    assert set(statuses(copied).values()) == {507}
    client.expect(204, "DELETE", "/" + "/".join(["d"] * 30))
    client.expect(204, "DELETE", "/d")  # what goes need not be walked through one by one
    assert not os.path.exists(server.path("d"))


def test_a_tree_whose_paths_are_longer_than_the_system_allows(server, client):
    make_deep(server, 3000)
    client.expect(207, "PROPFIND", "/", {"Depth": "infinity"})
    client.expect(308, "GET", "/" + "/".join(["d"] * 2500))
    client.expect(200, "GET", "/" + "d/" * 2500)
    client.expect(404, "GET", "/" + "d/" * 2500 + "none")
    client.expect(201, "MOVE", "/d", {"Destination": "/e"})
    client.expect(204, "DELETE", "/e")
    assert not os.path.exists(server.path("e"))
