"""Disks that are full, permissions that are missing, descriptors that run out, directories that are
mounts: what was there stays, the client hears what is wrong, and the server goes on."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile

import davit
import plain_fs
import pytest
from session import (Session, fill_disk, litter, mounted, need_root, statuses, tmpfs, traced,
                     wait_for)

PATCH = ('<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><a xmlns="urn:x">%s</a></D:prop></D:set>'
         "</D:propertyupdate>")
OLD = b"old" * 10000


def patched(response):
    return {int(code) for code in re.findall(rb"HTTP/1.1 (\d+)", response.body)}


# --- full disks ---

@pytest.fixture(params=["flush", "lazy"])
def small(request):
    """A server on a file system of four megabytes, with a file, a property and a lock."""
    with tmpfs("4m") as root, davit.Davit(root=root, args=["--durability", request.param]) as server:
        with Session(server) as client:
            client.expect(201, "PUT", "/old", None, OLD)
            client.expect(207, "PROPPATCH", "/old", None, PATCH % "kept")
            client.expect(201, "MKCOL", "/d")
            client.expect(201, "PUT", "/d/f", None, b"x" * 100000)
            yield server, client


def check_old(client):
    assert client.expect(200, "GET", "/old").body == OLD
    assert client.propfind("/old")[b"/old"]["{urn:x}a"].text == "kept"


def test_a_disk_that_is_full_is_507_and_loses_nothing(small):
    server, client = small
    fill = fill_disk(server.root)
    big = bytes(300000)
    for target in ("/old", "/new"):
        client.expect(507, "PUT", target, None, big)
        client.expect(507, "PUT", target, None, b"x" * 100)
        with server.connect() as connection:
            connection.send(f"PUT {target} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                            "\r\n")
            connection.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(big), big))
            assert connection.read().status == 507
        client.expect(507, "COPY", "/d/f", {"Destination": target})
        client.expect(507, "COPY", "/d", {"Destination": target})
    check_old(client)
    response = client.expect(207, "PROPPATCH", "/old", None, PATCH % ("y" * 500000))
    assert patched(response) == {507}
    lock = client.lock("/old", owner="o" * 2000)
    assert isinstance(lock, str) or lock.status == 507
    check_old(client)
    for target in ("/new", "/new2"):
        assert client.request("MKCOL", target).status in (201, 507)
    assert litter(server.root) == []
    os.unlink(fill)
    client.expect(201, "PUT", "/after", None, big)
    fields = {"If": f"(<{lock}>)"} if isinstance(lock, str) else {}
    response = client.expect(207, "PROPPATCH", "/old", fields, PATCH % ("y" * 500000))
    assert patched(response) == {200}
    server.kill()
    server.start()
    with Session(server) as again:
        assert again.expect(200, "GET", "/old").body == OLD
        assert again.propfind("/old")[b"/old"]["{urn:x}a"].text == "y" * 500000


def test_what_does_not_fit_is_refused_before_it_is_sent(small):
    server, _ = small
    with server.connect() as connection:
        connection.send("PUT /new HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n"
                        "Expect: 100-continue\r\n\r\n")
        assert connection.read().status == 507


def test_space_can_be_made_on_a_disk_that_is_full(small):
    server, client = small
    fill_disk(server.root)
    client.expect(204, "DELETE", "/d")
    client.expect(204, "DELETE", "/old")
    assert os.listdir(server.root).count("old") == 0
    client.expect(201, "PUT", "/new", None, bytes(20000))


def test_a_move_on_a_disk_that_is_full_works_or_says_507(small):
    server, client = small
    fill_disk(server.root)
    for source, target in (("/d", "/e"), ("/old", "/moved")):
        status = client.request("MOVE", source, {"Destination": target}).status
        assert status in (201, 507)
        there = target if status == 201 else source
        client.expect(207, "PROPFIND", there, {"Depth": "0"})
        client.expect(404, "GET", source if status == 201 else target)


def marked(client, path):
    """The value of the property; None: the resource is not there."""
    response = client.request("PROPFIND", path, {"Depth": "0"})
    if response.status == 404:
        return None
    return client.propfind(path)[path.encode()]["{urn:x}a"].text


def check_move(client, status, value):
    """The properties are where the answer says that they are, and nowhere else."""
    here, gone = ("/b", "/a") if status == 201 else ("/a", "/b")
    assert marked(client, here) == value and marked(client, gone) is None, status
    return here


def move_in_trouble(server, client, error, n, deletes):
    """(status of the MOVE, where the resource is, the token of a lock), the database failing from its
    n-th write on; None: the move made fewer."""
    value = "v" * 9000
    client.expect(201, "PUT", "/a", None, OLD)
    client.expect(207, "PROPPATCH", "/a", None, PATCH % value)
    wal = server.path(".davit/state.db-wal")
    with traced(server, "pwrite64", f"error={error}:when={n}+", path=wal):
        status = client.request("MOVE", "/a", {"Destination": "/b"}).status
        here = check_move(client, status, value)
        if patched(client.expect(207, "PROPPATCH", here, None, PATCH % "refused")) == {200}:
            return None
        check_move(client, status, value)
        if deletes and status == 201:
            if client.request("DELETE", here).status == 204:
                return None  # all had followed
            check_move(client, status, value)
        return status, here, client.lock(here)


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
@pytest.mark.parametrize("is_crash", [False, True], ids=["stop", "crash"])
def test_a_move_whose_properties_cannot_follow_is_told_as_it_happened(error, is_crash):
    """What is answered holds, and what is acknowledged later is not undone by what was left over of the
    move."""
    answers = set()
    for n in range(1, 40):
        with davit.Davit(args=["--threads", "1", "--workers", "1"]) as server:
            with Session(server) as client:
                found = move_in_trouble(server, client, error, n, not is_crash)
                if not found:
                    break
                status, here, token = found
                if n % 2:
                    held = {"If": f"(<{token}>)"}
                    patch = client.expect(207, "PROPPATCH", here, held, PATCH % "later")
                    assert patched(patch) == {200}
            (server.kill if is_crash else server.stop)()
            server.start()
            with Session(server) as again:
                assert check_move(again, status, "later" if n % 2 else "v" * 9000) == here
                again.expect(423, "PUT", here, None, b"x")
        answers.add(status)
    assert 201 in answers and len(answers) == 2, "it failed before and after the rename"


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_a_removal_whose_properties_cannot_go_is_told_as_it_happened(error):
    with davit.Davit(args=["--threads", "1"]) as server:
        with Session(server) as client:
            client.expect(201, "PUT", "/a", None, OLD)
            client.expect(207, "PROPPATCH", "/a", None, PATCH % "old")
            token = client.lock("/a")
            with traced(server, "pwrite64", f"error={error}"):
                client.expect(204, "DELETE", "/a", {"If": f"(<{token}>)"})
                client.expect(404, "GET", "/a")
                assert client.request("PUT", "/a", None, b"new").status in (507, 500)
                client.expect(404, "GET", "/a")
            client.expect(201, "PUT", "/a", None, b"new")
            assert "{urn:x}a" not in client.propfind("/a")[b"/a"]
        server.kill()
        server.start()
        with Session(server) as again:
            assert "{urn:x}a" not in again.propfind("/a")[b"/a"]
            again.expect(204, "PUT", "/a", None, b"newer")


def test_what_cannot_be_flushed_is_never_told_as_having_no_space():
    """It may last or not: 507 would say that nothing has changed."""
    with davit.Davit() as server, Session(server) as client:
        client.expect(201, "MKCOL", "/c")
        client.expect(201, "PUT", "/c/f", None, OLD)
        client.expect(201, "PUT", "/d", None, OLD)
        with traced(server, "fsync,syncfs", "error=ENOSPC"):
            for path, method, fields in (("/new", "PUT", {}), ("/col", "MKCOL", {})):
                client.expect(507, method, path, fields, b"x" if method == "PUT" else None)
                client.expect(404, "GET", path)
            client.expect(500, "MOVE", "/d", {"Destination": "/e"})
            client.expect(500, "DELETE", "/c")
        assert client.expect(200, "GET", "/e").body == OLD
        client.expect(404, "GET", "/c")


def test_inodes_that_run_out_are_507():
    with mounted("-t", "tmpfs", "-o", "nr_inodes=40") as root, davit.Davit(root=root) as server:
        with Session(server) as client:
            client.expect(201, "PUT", "/old", None, OLD)
            made = 0
            while client.request("MKCOL", f"/c{made}").status == 201:
                made += 1
                assert made < 50
            client.expect(507, "MKCOL", "/new")
            client.expect(507, "PUT", "/new", None, b"x")
            client.expect(507, "COPY", "/old", {"Destination": "/new"})
            assert client.lock("/new").status == 507
            client.expect(404, "GET", "/new")
            client.expect(204, "DELETE", "/c0")
            client.expect(201, "PUT", "/new", None, b"x")


def test_a_file_that_is_larger_than_may_be_is_507():
    with davit.Davit(wrapper=["prlimit", "--fsize=1000000"]) as server, Session(server) as client:
        client.expect(201, "PUT", "/f", None, bytes(900000))
        client.expect(507, "PUT", "/f", None, bytes(1900000))
        assert len(client.expect(200, "GET", "/f").body) == 900000


# --- system calls that fail ---

@pytest.mark.parametrize("call, error", [
    ("fsync", "EIO"), ("linkat", "EIO"), ("renameat", "EIO"), ("fsync", "ENOSPC"),
    ("linkat", "EDQUOT"), ("openat", "ENFILE"), ("fallocate", "ENOSPC")])
def test_an_upload_that_the_disk_fails_leaves_the_old_content(call, error):
    with davit.Davit(args=["--threads", "1", "--workers", "1"]) as server:
        with Session(server) as client:
            client.expect(201, "PUT", "/f", None, OLD)
            client.expect(207, "PROPPATCH", "/f", None, PATCH % "kept")
            with traced(server, call, f"error={error}"):
                status = client.request("PUT", "/f", None, bytes(2 << 20)).status
            assert status in (500, 503, 507), status
            assert client.expect(200, "GET", "/f").body == OLD
            assert client.propfind("/f")[b"/f"]["{urn:x}a"].text == "kept"
            assert litter(server.root) == []
            client.expect(204, "PUT", "/f", None, b"new")


def staged_file(server):
    """The upload that is under way, by the name that the kernel tells: mostly it has no other."""
    folder = f"/proc/{server.process.pid}/fd"
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            link = os.readlink(f"{folder}/{name}")
            if link.startswith(server.root) and link.endswith(" (deleted)"):
                return link.removesuffix(" (deleted)")
            if "/staging/" in link:
                return link
    return None


def test_an_upload_that_cannot_be_written_leaves_the_old_content():
    """Only writes to the upload fail: threads wake each other by write(2) as well."""
    with davit.Davit() as server:
        server.request("PUT", "/f", body=OLD)
        with server.connect() as connection:
            connection.send(f"PUT /f HTTP/1.1\r\nHost: {server.host}\r\n"
                            "Content-Length: 2000000\r\n\r\n")
            connection.send(bytes(1000000))
            path = wait_for(lambda: staged_file(server), "the upload to begin")
            with traced(server, "write,splice", "error=EIO", path=path):
                connection.send(bytes(1000000))
                assert connection.read().status == 500
        assert server.request("GET", "/f").body == OLD
        assert litter(server.root) == []
        assert server.request("PUT", "/f", body="new").status == 204


def test_a_database_that_cannot_be_written_loses_nothing():
    with davit.Davit(args=["--threads", "1", "--workers", "1"]) as server:
        with Session(server) as client:
            client.expect(201, "PUT", "/f", None, OLD)
            client.expect(207, "PROPPATCH", "/f", None, PATCH % "kept")
            for call in ("pwrite64", "fdatasync"):
                with traced(server, call, "error=EIO"):
                    response = client.expect(207, "PROPPATCH", "/f", None, PATCH % "lost")
                    assert patched(response) == {500}
                    refused = client.lock("/f")
                    assert refused.status == 500
                    client.expect(500, "MOVE", "/f", {"Destination": "/g"})
                    assert client.lock("/new").status == 500
                client.expect(404, "GET", "/new")
                client.expect(404, "GET", "/g")
                assert client.propfind("/f")[b"/f"]["{urn:x}a"].text == "kept"
            client.expect(204, "PUT", "/f", None, b"not locked")
            response = client.expect(207, "PROPPATCH", "/f", None, PATCH % "new")
            assert patched(response) == {200}
        server.kill()
        server.start()
        with Session(server) as client:
            assert client.propfind("/f")[b"/f"]["{urn:x}a"].text == "new"


# --- permissions ---

@pytest.fixture
def bounded():
    """A server that is not root, on files that partly are."""
    need_root("--user")
    with tmpfs("16m") as root:
        os.chown(root, 65534, 65534)
        for path, mode in (("secret", 0o600), ("d/f", 0o644), ("closed/f", 0o644),
                           ("fixed/f", 0o644), ("fixed/sub/f", 0o644), ("mixed/own/f", 0o644),
                           ("mixed/fixed/f", 0o644)):
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(b"content")
            os.chmod(full, mode)
        for path in ("d", "d/f", "mixed", "mixed/own", "mixed/own/f"):
            os.chown(os.path.join(root, path), 65534, 65534)
        os.chmod(os.path.join(root, "closed"), 0o700)
        args = ["--user", "nobody", "--depth-infinity", "allow"]
        with davit.Davit(root=root, args=args) as server, Session(server) as client:
            yield server, client


def test_what_may_not_be_read_is_403(bounded):
    _, client = bounded
    client.expect(403, "GET", "/secret")
    client.expect(403, "GET", "/closed/")
    client.expect(403, "GET", "/closed/f")
    client.expect(403, "PROPFIND", "/closed/", {"Depth": "1"})
    client.expect(200, "HEAD", "/fixed/f")
    found = client.expect(207, "PROPFIND", "/", {"Depth": "infinity"})
    assert statuses(found)["/closed/"] == 403
    assert {"/secret", "/d/f", "/fixed/sub/f"} <= set(statuses(found)), "a walk goes on"


def test_what_may_not_be_changed_is_403(bounded):
    server, client = bounded
    for method, target, fields, body in (
            ("PUT", "/fixed/new", {}, b"x"), ("PUT", "/fixed/f", {}, b"x"),
            ("MKCOL", "/fixed/new", {}, None), ("DELETE", "/fixed/f", {}, None),
            ("DELETE", "/fixed/sub", {}, None), ("MOVE", "/fixed/f", {"Destination": "/x"}, None),
            ("MOVE", "/d/f", {"Destination": "/fixed/x"}, None),
            ("COPY", "/d/f", {"Destination": "/fixed/x"}, None),
            ("COPY", "/secret", {"Destination": "/x"}, None),
            ("PUT", "/closed/new", {}, b"x")):
        client.expect(403, method, target, fields, body)
    assert client.lock("/fixed/new").status == 403
    assert sorted(os.listdir(server.path("fixed"))) == ["f", "sub"]
    assert sorted(os.listdir(server.root)) == [".davit", "closed", "d", "fixed", "mixed", "secret"]
    response = client.expect(207, "PROPPATCH", "/fixed/f", {}, PATCH.replace(
        '<a xmlns="urn:x">%s</a>', "<executable xmlns='http://apache.org/dav/props/'>T"
        "</executable><b xmlns='urn:x'/>"))
    assert patched(response) <= {403, 424} and 403 in patched(response)


def test_a_tree_of_which_a_part_may_not_go_goes_but_for_that(bounded):
    server, client = bounded
    removed = client.expect(207, "DELETE", "/mixed")
    assert statuses(removed) == {"/mixed/fixed/f": 403}
    assert os.listdir(server.path("mixed")) == ["fixed"]
    client.expect(403, "COPY", "/closed", {"Destination": "/copy"})
    assert not os.path.exists(server.path("copy"))


# --- descriptors ---

def test_connections_leave_descriptors_for_files():
    with davit.Davit(wrapper=["prlimit", "--nofile=60:60"]) as server:
        assert server.request("PUT", "/f", body="x").status == 201
        with contextlib.ExitStack() as stack:
            held = [stack.enter_context(server.connect()) for _ in range(80)]
            assert held[-1].read().status == 503, "there are too many"
            held[0].send("GET /f HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert held[0].read().status == 200
            held[1].send("PROPFIND / HTTP/1.1\r\nHost: localhost\r\nDepth: 1\r\n\r\n")
            assert held[1].read().status == 207
            held[2].send("PUT /g HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx")
            assert held[2].read().status == 201
        assert wait_for(lambda: server.request("GET", "/f").body == b"x", "the server to recover")
        assert server.request("PUT", "/f", body="y").status == 204


def test_long_uploads_leave_descriptors_for_others():
    """Each has its connection and its file. A pipe, which is two more, is for some of them."""
    def sizes(pid):
        for number in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                yield os.stat(f"/proc/{pid}/fd/{number}").st_size

    with davit.Davit(wrapper=["prlimit", "--nofile=200:200"]) as server, contextlib.ExitStack() as stack:
        assert server.request("PUT", "/f", body="x").status == 201
        for number in range(60):
            upload = stack.enter_context(server.connect())
            upload.send(f"PUT /{number} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000\r\n\r\n")
            upload.send("x" * 1000000)
        pid = server.process.pid
        assert wait_for(lambda: sum(size >= 700000 for size in sizes(pid)) == 60 or
                        server.request("GET", "/f").status != 200, "all of them to be written")
        for _ in range(5):
            assert server.request("GET", "/f").body == b"x"
            assert server.request("PUT", "/g", body="x").status in (201, 204)


def test_a_deep_walk_without_descriptors_says_so():
    with davit.Davit(wrapper=["prlimit", "--nofile=60:60"],
                     args=["--depth-infinity", "allow"]) as server, Session(server) as client:
        os.makedirs(server.path(*["d"] * 200))
        response = client.request("PROPFIND", "/", {"Depth": "infinity"})
        assert response.status == 207 and set(statuses(response).values()) == {None, 503}
        assert client.request("DELETE", "/d").status in (204, 207, 503)
        assert client.request("COPY", "/d", {"Destination": "/e"}).status in (207, 404, 503)
        client.expect(201, "PUT", "/f", None, b"x")
        assert litter(server.root) == []


# --- mounts below the root ---

@pytest.fixture(params=["tmpfs", "bind"])
def mount_inside(request, tmp_path):
    """Another file system below the root, or another mount of the same one."""
    need_root("mounting a file system")
    with davit.Davit() as server, Session(server) as client:
        os.mkdir(server.path("m"))
        options = ["-t", "tmpfs", "none"] if request.param == "tmpfs" else ["--bind", str(tmp_path)]
        if subprocess.run(["mount", *options, server.path("m")], check=False).returncode:
            pytest.skip("mount is not permitted")
        try:
            yield server, client
        finally:
            subprocess.run(["umount", server.path("m")], check=True)


def test_changes_across_mounts(mount_inside):
    server, client = mount_inside
    client.expect(201, "PUT", "/m/f", None, OLD)
    client.expect(204, "PUT", "/m/f", None, b"x" * 500000)
    client.expect(207, "PROPPATCH", "/m/f", None, PATCH % "kept")
    client.expect(201, "MOVE", "/m/f", {"Destination": "/f"})
    assert client.propfind("/f")[b"/f"]["{urn:x}a"].text == "kept"
    assert len(client.expect(200, "GET", "/f").body) == 500000
    client.expect(201, "MKCOL", "/m/d")
    client.expect(201, "COPY", "/f", {"Destination": "/m/d/f"})
    client.expect(201, "MOVE", "/m/d", {"Destination": "/d"})
    client.expect(201, "COPY", "/d", {"Destination": "/m/d"})
    client.expect(204, "MOVE", "/d", {"Destination": "/m/d"})
    assert client.propfind("/m/d/f")[b"/m/d/f"]["{urn:x}a"].text == "kept"
    client.expect(404, "GET", "/d/f")
    client.expect(204, "DELETE", "/m/d")
    refused = client.request("DELETE", "/m")
    assert refused.status in (207, 403), "a mount point cannot be removed"
    assert litter(server.root) == [] and os.path.isdir(server.path("m"))


# --- other file systems ---

@contextlib.contextmanager
def overlay():
    with tmpfs("64m") as base:
        for name in ("lower", "upper", "work"):
            os.mkdir(os.path.join(base, name))
        with open(os.path.join(base, "lower", "below"), "wb") as file:
            file.write(b"from below")
        options = ",".join(f"{name}dir={base}/{name}" for name in ("lower", "upper", "work"))
        with mounted("-t", "overlay", "-o", options, source="overlay") as point:
            yield point


@contextlib.contextmanager
def image(kind):
    if not shutil.which(f"mkfs.{kind}"):
        pytest.skip(f"mkfs.{kind} is not installed")
    with tempfile.NamedTemporaryFile(prefix="davit-image-") as file:
        file.truncate(32 << 20)
        subprocess.run([f"mkfs.{kind}", "-q", file.name], check=True)
        with mounted("-o", "loop", source=file.name) as point:
            yield point


FILE_SYSTEMS = {
    "tmpfs": lambda: tmpfs("64m"),
    "overlay": overlay,
    "ext2": lambda: image("ext2"),
    "plain": lambda: tmpfs("64m"),
}


@pytest.mark.parametrize("kind", FILE_SYSTEMS)
def test_file_systems_that_differ(kind):
    wrapper = [sys.executable, plain_fs.__file__] if kind == "plain" else []
    with FILE_SYSTEMS[kind]() as root, davit.Davit(root=root, wrapper=wrapper) as server:
        with Session(server) as client:
            use_all(client)
            if kind == "overlay":
                client.expect(204, "PUT", "/below", None, b"above")
                assert client.expect(200, "GET", "/below").body == b"above"
        assert litter(server.root) == []
        server.kill()
        server.start()
        with Session(server) as client:
            assert client.expect(200, "GET", "/e/f").body == OLD
            client.expect(204, "DELETE", "/e")
        assert litter(server.root) == []


@pytest.mark.parametrize("is_mount", [False, True], ids=["root", "mount"])
def test_what_a_crash_leaves_among_the_staged_is_removed(is_mount):
    """Without O_TMPFILE an upload has a name from the start."""
    wrapper = [sys.executable, plain_fs.__file__]
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(davit.Davit(wrapper=wrapper))
        os.mkdir(server.path("m"))
        if is_mount:
            need_root("mounting a file system")
            if subprocess.run(["mount", "-t", "tmpfs", "none", server.path("m")],
                              check=False).returncode:
                pytest.skip("mount is not permitted")
            stack.callback(subprocess.run, ["umount", server.path("m")], check=True)
        with server.connect() as connection:
            connection.send("PUT /m/f HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n")
            connection.send(bytes(1000000))
            found = wait_for(lambda: litter(server.root), "the upload to begin")
            assert len(found) == 1 and (os.fsencode(server.path("m")) in found[0]) == is_mount
            with Session(server) as client:
                assert set(client.propfind("/m/", "1")) == {b"/m/"}, "it cannot be seen"
            server.kill()
        server.start()
        assert litter(server.root) == []
        server.stop()  # before the mount goes


def use_all(client):
    client.expect(201, "PUT", "/f", None, OLD)
    etag = client.expect(204, "PUT", "/f", None, b"x" * 500000).field("ETag")
    assert client.expect(200, "GET", "/f").field("ETag") == etag
    client.expect(204, "PUT", "/f", {"If-Match": etag}, OLD)
    client.expect(412, "PUT", "/f", {"If-None-Match": "*"}, b"lost")
    client.expect(207, "PROPPATCH", "/f", None, PATCH % "kept")
    client.expect(201, "MKCOL", "/d")
    client.expect(405, "MKCOL", "/d")
    client.expect(201, "COPY", "/f", {"Destination": "/d/f"})
    client.expect(412, "MOVE", "/f", {"Destination": "/d/f", "Overwrite": "F"})
    client.expect(204, "MOVE", "/f", {"Destination": "/d/f"})
    client.expect(201, "MOVE", "/d", {"Destination": "/e"})
    assert client.propfind("/e/f")[b"/e/f"]["{urn:x}a"].text == "kept"
    token = client.lock("/new")
    client.expect(423, "PUT", "/new", None, b"x")
    client.expect(204, "PUT", "/new", {"If": f"(<{token}>)"}, b"x")
