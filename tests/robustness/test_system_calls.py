"""What the server asks of the kernel: promises that no answer shows. strace counts."""

import contextlib
import ctypes
import fcntl
import os
import re
import select
import struct
import tempfile
import threading
import time

import davit
import pytest
from session import DAV, Session, members, need_root, traced, watch_count

CALL = re.compile(r"^\d+ +(\w+)\((.*)", re.M)
PATCH = ('<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><a xmlns="urn:x">%s</a></D:prop></D:set>'
         "</D:propertyupdate>")


# Since Linux 6.13 there is a newer call, which strace shows by its number until it knows it.
LIST_CALLS = ("llistxattr", "listxattrat", "syscall_0x1d1")
GET_CALLS = ("getxattr", "lgetxattr", "fgetxattr", "getxattrat", "syscall_0x1d0")


def calls_during(server, calls, work, inject=None):
    """[(name, arguments)] of the calls that were made while `work` ran."""
    with tempfile.NamedTemporaryFile("r") as log:
        with traced(server, calls, inject, log.name):
            work()
        return CALL.findall(log.read())


def test_a_listing_opens_no_file():
    """Types come from names: a listing of a thousand pictures opens none of them. (A thread that learns
    what is listed often opens them later, to watch them: without memory for it there is none.)"""
    names = ["a.html", "b.png", "c", "d.unknown"]
    props = "<D:getcontenttype/><D:getetag/><D:getcontentlength/><D:lockdiscovery/><x xmlns='urn:x'/>"
    body = f'<D:propfind xmlns:D="DAV:"><D:prop>{props}</D:prop></D:propfind>'
    with davit.Davit(args=["--limit", "cache_bytes=1"]) as server, Session(server) as client:
        for name in names:
            with open(server.path(name), "w", encoding="ascii") as file:
                file.write("<!DOCTYPE html>")

        def work():
            client.expect(207, "PROPFIND", "/", {"Depth": "1"}, body)
            client.expect(207, "PROPFIND", "/", {"Depth": "1"})
            client.expect(200, "GET", "/")

        opened = calls_during(server, "open,openat,openat2", work)
        assert opened, "the collection itself is opened"
        for name in names:
            assert not any(f'"{name}"' in arguments for _, arguments in opened), name


def test_a_listing_larger_than_what_could_be_watched_is_known():
    """A watch for each of 30,000 members would need twice what there is; where nobody else writes, none
    does. The one with another name is watched."""
    body = '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>'
    with davit.Davit(args=["--others-write", "no"]) as server, Session(server) as client:
        os.mkdir(server.path("c"))
        for number in range(30000):
            os.close(os.open(server.path("c", f"{number}.txt"), os.O_CREAT | os.O_WRONLY, 0o644))
        os.link(server.path("c", "1.txt"), server.path("other"))

        def work():
            answer = client.request("PROPFIND", "/c/", {"Depth": "1"}, body)
            assert answer.body.count(b"<D:response>") == 30001

        for _ in range(100):
            if len(calls_during(server, "statx", work)) < 100:
                break
        else:
            raise AssertionError("it is never known")
        assert watch_count(server) < 10
        with open(server.path("other"), "w", encoding="ascii") as file:
            file.write("by the other name")
        client.expect(204, "PUT", "/c/2.txt", body="by davit")
        answer = client.request("PROPFIND", "/c/", {"Depth": "1"},
                                body.replace("getetag", "getcontentlength"))
        assert answer.body.count(b"<D:getcontentlength>0<") == 29998


def creation_dates(client, path):
    """{the last segment of each href: its creationdate}."""
    body = '<D:propfind xmlns:D="DAV:"><D:prop><D:creationdate/></D:prop></D:propfind>'
    answer = client.request("PROPFIND", path, {"Depth": "1"}, body)
    return {path.rstrip(b"/").rpartition(b"/")[2].decode(): found[DAV + "creationdate"].text
            for path, _, found in members(answer.body)}


@pytest.mark.parametrize("others_write", ["yes", "no"])
def test_a_known_listing_tells_when_a_file_was_created(others_write):
    """Also of a file that has been replaced since: that is not what its inode says."""
    with davit.Davit(args=["--others-write", others_write]) as server, Session(server) as client:
        os.mkdir(server.path("c"))
        client.expect(201, "PUT", "/c/f", body="old")
        before = creation_dates(client, "/c/")
        begun = time.time()
        while time.time() < begun + 1.1:
            time.sleep(0.1)
        client.expect(204, "PUT", "/c/f", body="new")
        if "user.davit.created" not in os.listxattr(server.path("c", "f")):
            pytest.skip("this file system has no place for it")

        def work():
            assert creation_dates(client, "/c/")["f"] == before["f"]

        for _ in range(200):
            if not any('"f"' in arguments for _, arguments in calls_during(server, "statx", work)):
                break
        else:
            raise AssertionError("it is never known")


def test_a_small_put_over_a_file_asks_for_little():
    """When it was created is read once, from the file that is replaced, and where that is to be staged is
    not looked for beforehand."""
    with davit.Davit(args=["--durability", "lazy"]) as server, Session(server) as client:
        for _ in range(4):
            client.request("PUT", "/f", body="some content")
        calls = calls_during(server, "renameat,ioctl,inotify_add_watch,/getxattr",
                             lambda: client.expect(204, "PUT", "/f", body="other"))
        names = [name for name, _ in calls]
        assert names.count("renameat") == 1, names
        asked = [name for name, arguments in calls
                 if name in GET_CALLS and "posix_acl" not in arguments]
        assert len(asked) <= 1, names
        assert "ioctl" not in names and "inotify_add_watch" not in names, names


def test_a_move_looks_once():
    """At each end and at what holds it: what the loop has seen of them counts for the whole turn, and of
    the database nothing is read unless there are properties in the tree that moves."""
    with davit.Davit(args=["--durability", "lazy"]) as server, Session(server) as client:
        for path in ("c", "c/a", "c/a/deep", "c/other"):
            os.mkdir(server.path(path))
        client.expect(207, "PROPPATCH", "/c/other/", body=PATCH % "red")

        def work():
            client.expect(201, "MOVE", "/c/a/", {"Destination": "/c/b/"})

        calls = calls_during(server, "openat2,statx,newfstatat,fcntl,pread64,renameat2,ioctl,"
                                     "fstatfs,faccessat2", work)
        names = [name for name, _ in calls]
        assert names.count("renameat2") == 1, names
        assert names.count("openat2") <= 4, names
        assert "fcntl" not in names and "pread64" not in names, names
        assert len(names) <= 12, names


def test_a_move_is_one_step_where_the_kernel_looks_at_no_destination():
    """File systems without RENAME_NOREPLACE, as NFS: what moves never has two names."""
    with davit.Davit(args=["--durability", "lazy"]) as server, Session(server) as client:
        client.expect(201, "PUT", "/old", body=b"old")
        for path, expected, overwrite in (("/a", 201, "T"), ("/old", 204, "T"), ("/a", 201, "F"),
                                          ("/old", 412, "F")):
            client.expect((201, 204), "PUT", "/f", body=b"new")

            def work(path=path, expected=expected, overwrite=overwrite):
                client.expect(expected, "MOVE", "/f", {"Destination": path, "Overwrite": overwrite})

            calls = calls_during(server, "renameat2,linkat", work, "error=EINVAL")
            names = [name for name, _ in calls]
            assert overwrite == "F" or (names and "linkat" not in names), names
            if expected != 412:
                assert client.expect(200, "GET", path).body == b"new"
                client.expect(404, "GET", "/f")
            client.expect((204, 404), "DELETE", "/a")


def test_properties_far_below_move_along():
    """Also those that a restart has found: a collection is asked for all that is below it."""
    with davit.Davit(args=["--durability", "lazy"]) as server, Session(server) as client:
        for path in ("c", "c/a", "c/a/deep"):
            os.mkdir(server.path(path))
        client.expect(201, "PUT", "/c/a/deep/f", body="")
        client.expect(207, "PROPPATCH", "/c/a/deep/f", body=PATCH % "red")
        client.expect(201, "MOVE", "/c/a/", {"Destination": "/c/b/"})
        server.kill()
        server.start()
        with Session(server) as again:
            again.expect(201, "MOVE", "/c/", {"Destination": "/d/"})
            assert b">red<" in again.request("PROPFIND", "/d/b/deep/f", {"Depth": "0"}).body
            again.expect(204, "DELETE", "/d/")
            os.makedirs(server.path("d/b/deep"))
            again.expect(201, "PUT", "/d/b/deep/f", body="")
            assert b">red<" not in again.request("PROPFIND", "/d/b/deep/f", {"Depth": "0"}).body


def at_once(server, count, request):
    """The statuses of `count` requests that clients of their own make at the same time."""
    statuses = []
    barrier = threading.Barrier(count)

    def work(number):
        with Session(server) as client:
            client.request("OPTIONS", "/")
            barrier.wait()
            for i in range(5):
                statuses.append(request(client, number * 5 + i).status)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def test_uploads_at_the_same_time_share_flushes():
    """Here a flush takes 30 ms, as a disk's does. Each of 60 files has its own, at the same time as
    others; that of their collection is shared: 60 uploads that did not share it would make 60."""
    with davit.Davit(args=["--workers", "12"]) as server:
        statuses = []
        calls = calls_during(server, "fsync,syncfs,fdatasync", lambda: statuses.extend(
            at_once(server, 12, lambda client, i: client.request("PUT", f"/{i}", None, b"x" * 9000))),
            "delay_exit=30000")
        assert statuses == [201] * 60
        assert 5 <= len(calls) - 60 < 60, calls
        assert not any(name == "syncfs" for name, _ in calls), "others' files are waited for as well"
        assert all(os.path.getsize(server.path(str(i))) == 9000 for i in range(60))


def test_changes_of_properties_at_the_same_time_share_commits():
    with davit.Davit(args=["--workers", "12"]) as server:
        for i in range(60):
            server.request("PUT", f"/{i}", body="x")
        statuses = []
        calls = calls_during(server, "fsync,syncfs,fdatasync", lambda: statuses.extend(
            at_once(server, 12, lambda client, i: client.request("PROPPATCH", f"/{i}", None,
                                                                 PATCH % i))),
            "delay_exit=30000")
        assert statuses == [207] * 60
        assert 5 <= len(calls) < 60, calls
        with Session(server) as client:
            for i in range(60):
                assert client.propfind(f"/{i}")[b"/%d" % i]["{urn:x}a"].text == str(i)


def test_a_lazy_store_waits_for_no_flush():
    with davit.Davit(args=["--durability", "lazy"]) as server, Session(server) as client:
        client.expect(201, "PUT", "/warm", None, b"x")

        def work():
            client.expect(201, "PUT", "/f", None, b"x")
            client.expect(207, "PROPPATCH", "/f", None, PATCH % "v")
            client.expect(201, "MKCOL", "/d")
            client.expect(201, "MOVE", "/f", {"Destination": "/d/f"})
            client.expect(201, "COPY", "/d", {"Destination": "/e"})
            client.expect(204, "DELETE", "/d")

        assert calls_during(server, "fsync,syncfs,fdatasync", work) == []


def test_a_change_is_flushed_before_it_is_acknowledged():
    with davit.Davit() as server, Session(server) as client:
        client.expect(201, "PUT", "/warm", None, b"x")
        for method, target, fields, body in (
                ("PUT", "/f", None, b"x"), ("PROPPATCH", "/f", None, PATCH % "v"),
                ("MKCOL", "/d", None, None), ("MOVE", "/f", {"Destination": "/d/f"}, None),
                ("COPY", "/d", {"Destination": "/e"}, None), ("DELETE", "/d", None, None)):
            calls = calls_during(server, "fsync,syncfs,fdatasync",
                                 lambda: client.expect((201, 204, 207), method, target, fields, body))
            assert calls, method


def test_a_collection_that_was_made_is_looked_at_for_sync_clients_alone():
    """They are told its id; nobody else is told anything of it."""
    with davit.Davit(args=["--sync-clients", "yes", "--others-write", "no"]) as server, Session(server) as client:
        def looks(path):
            return len(calls_during(server, "statx,newfstatat", lambda: client.expect(201, "MKCOL", path)))

        looks("/warm")
        looks("/remote.php/webdav/other")
        assert looks("/a") < looks("/remote.php/webdav/b")


def test_copying_a_file_changes_its_inode_no_more_than_it_must():
    """Each change of an inode is one in the journal of the file system. What is so already is not made
    so again: the mode, and that there is no ACL."""
    names = ("openat", "pread64", "pwrite64", "fremovexattr", "fchmod", "utimensat")
    with davit.Davit() as server, Session(server) as client:
        client.expect(201, "MKCOL", "/c")
        for number in range(20):
            client.expect(201, "PUT", f"/c/{number}", None, b"x" * (number + 1))
        calls = [name for name, _ in calls_during(server, ",".join(names), lambda: client.expect(
            201, "COPY", "/c", {"Destination": "/d"}))]
        counts = {name: calls.count(name) for name in names}
        assert counts["pread64"] == counts["pwrite64"] == counts["utimensat"] == 20, counts
        assert 40 <= counts["openat"] < 50, counts
        assert counts["fremovexattr"] <= 2 and counts["fchmod"] <= 2, counts


def test_replacing_a_file_asks_once_which_attributes_it_has():
    """One of them is davit's own, and so each file that was replaced has some; a few fit into little room."""
    with davit.Davit() as server, Session(server) as client:
        client.expect(201, "PUT", "/f", None, b"1")
        try:
            os.setxattr(server.path("f"), "user.tag", b"red")
        except OSError as error:
            pytest.skip(f"no attributes here: {error}")
        client.expect(204, "PUT", "/f", None, b"2")
        calls = [name for name, _ in calls_during(server, "llistxattr,fsetxattr,flistxattr,?listxattrat",
                                                  lambda: client.expect(204, "PUT", "/f", None, b"3"))]
        assert sum(calls.count(name) for name in LIST_CALLS) == 1, calls
        assert calls.count("fsetxattr") == 2, calls
        assert os.getxattr(server.path("f"), "user.tag") == b"red"


def flags_of(folder, added=0):
    """The inode flags of a folder (ioctl_iflags(2)), to which some are added before."""
    get_flags, set_flags = 0x80086601, 0x40086602
    fd = os.open(folder, os.O_RDONLY)
    try:
        flags = struct.unpack("i", fcntl.ioctl(fd, get_flags, bytes(4)))[0]
        if added:
            fcntl.ioctl(fd, set_flags, struct.pack("i", flags | added))
    finally:
        os.close(fd)
    return flags


def test_trees_that_are_staged_do_not_crowd_in_one_region():
    top_of_trees = 0x20000  # FS_TOPDIR_FL
    with davit.Davit() as server:
        folder = server.path("own")
        os.mkdir(folder)
        try:
            flags_of(folder, top_of_trees)
        except OSError:
            pytest.skip("this file system knows no such flag")
        assert flags_of(server.path(".davit/staging")) & top_of_trees
        assert flags_of(folder) & top_of_trees


def test_moving_a_collection_looks_at_it_no_more_than_it_must():
    with davit.Davit(args=["--durability", "lazy"]) as server, Session(server) as client:
        client.expect(201, "MKCOL", "/from")
        calls = calls_during(server, "newfstatat,readlinkat,renameat2,openat2",
                             lambda: client.expect(201, "MOVE", "/from", {"Destination": "/to"}))
        looks = [name for name, arguments in calls if '"from"' in arguments]
        assert looks.count("renameat2") == 1, calls
        assert looks.count("readlinkat") == 0, "it is no link"
        assert looks.count("newfstatat") <= 2, calls


def test_a_document_costs_no_random_number_of_its_own():
    lock = ('<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
            '<D:locktype><D:write/></D:locktype></D:lockinfo>')
    with davit.Davit(args=["--durability", "lazy"]) as server, Session(server) as client:
        client.expect(201, "PUT", "/f", None, b"x")
        client.expect(207, "PROPFIND", "/f", {"Depth": "0"}, '<D:propfind xmlns:D="DAV:">'
                      '<D:allprop/></D:propfind>')
        calls = calls_during(server, "getrandom",
                             lambda: client.expect(200, "LOCK", "/f", None, lock))
        assert len(calls) == 1, "for the token alone"


# --- long uploads go from the socket to the file through a pipe ---

def upload_between(server, path, body):
    """PUT of `body` in pieces that end anywhere, with a request before it and two behind it on the
    same connection; what the file then has."""
    put = f"PUT {path} HTTP/1.1\r\nHost: {server.host}\r\nContent-Length: {len(body)}\r\n\r\n"
    get = f"GET {path} HTTP/1.1\r\nHost: {server.host}\r\n\r\n"
    with server.connect(60) as connection:
        connection.send(f"OPTIONS / HTTP/1.1\r\nHost: {server.host}\r\n\r\n" + put)
        for at in range(0, len(body), 300001):
            connection.send(body[at:at + 300001])
        connection.send(get + get)
        assert connection.read("OPTIONS").status == 200
        assert connection.read("PUT").status in (201, 204)
        contents = [connection.read().body for _ in range(2)]
    assert contents[0] == contents[1]
    return contents[0]


def pieces(count):
    """Bytes of which no eight are repeated."""
    return b"".join(b"%08x" % number for number in range(count // 8))


def test_a_long_upload_is_not_copied_into_the_process():
    with davit.Davit() as server:
        body, contents = pieces(3 << 20), []
        calls = calls_during(server, "splice,write",
                             lambda: contents.append(upload_between(server, "/f", body)))
        assert contents == [body]
        assert sum(name == "splice" for name, _ in calls) >= 2
        large = [arguments for name, arguments in calls if name == "write" and len(arguments) > 40]
        assert len(large) <= 3, "the first batch, and what came with it"


@pytest.mark.parametrize("inject", ["error=EINVAL", "error=EINVAL:when=2+", "error=EINVAL:when=2+2",
                                    "error=EPERM:when=4+", "error=EINTR:when=1+3"])
def test_a_long_upload_arrives_where_the_kernel_cannot_splice(inject):
    with davit.Davit() as server:
        body = pieces(3 << 20)
        with traced(server, "splice", inject):
            assert upload_between(server, "/f", body) == body
            assert upload_between(server, "/f", body[:-5]) == body[:-5]


def test_a_long_upload_that_fills_the_disk_leaves_nothing():
    with davit.Davit() as server, Session(server) as client:
        client.expect(201, "PUT", "/f", None, b"old")
        # The first is into the pipe, and may find nothing there; one of the others is out of it.
        with traced(server, "splice", "error=ENOSPC:when=2+"):
            body = pieces(3 << 20)
            with server.connect(60) as connection:
                connection.send(f"PUT /f HTTP/1.1\r\nHost: {server.host}\r\n"
                                f"Content-Length: {len(body)}\r\n\r\n")
                try:
                    connection.send(body)
                    status = connection.read("PUT").status
                except (OSError, EOFError):
                    status = None  # it was closed while we sent
        assert status in (None, 400, 507)
        assert client.expect(200, "GET", "/f").body == b"old"
        assert os.listdir(server.root) in (["f", ".davit"], [".davit", "f"])


CATATONIC = 0x9362  # AUTOFS_IOC_CATATONIC: whoever waits is let go


@contextlib.contextmanager
def automounted(point):
    """The kernel's half of an automounter; gives where it would ask for the mount."""
    need_root("an automounter")
    asked, kernels = os.pipe()
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={kernels},pgrp={os.getpgrp()},minproto=5,maxproto=5,direct"
    if libc.mount(b"davit-test", os.fsencode(point), b"autofs", 0, options.encode()) != 0:
        os.close(asked)
        os.close(kernels)
        pytest.skip(f"cannot mount an autofs: {os.strerror(ctypes.get_errno())}")
    root = os.open(point, os.O_RDONLY)
    try:
        yield asked
    finally:
        fcntl.ioctl(root, CATATONIC, 0)
        os.close(root)
        libc.umount2(os.fsencode(point), 2)  # MNT_DETACH
        os.close(asked)
        os.close(kernels)


@pytest.mark.parametrize("args", [["--limit", "cache_bytes=1"], [], ["--others-write", "no"]])
def test_a_listing_does_not_mount_what_an_automounter_would(args):
    """As ls(1): a folder of homes would otherwise be mounted whole by whoever looks into it, or by who
    remembers what was looked at."""
    with davit.Davit(args=args, wrapper=["setsid"]) as server:
        os.makedirs(server.path("homes", "alice"))
        os.mkdir(server.path("homes", "bob"))
        with automounted(server.path("homes", "alice")) as asked:
            for _ in range(20):
                answer = server.request("PROPFIND", "/homes/", {"Depth": "1"})
                assert answer.status == 207
                assert sorted(path for path, _, _ in members(answer.body)) == [
                    b"/homes/", b"/homes/alice/", b"/homes/bob/"]
                time.sleep(0.05)  # what is remembered is found out beside it
            assert not select.select([asked], [], [], 0)[0], "it has asked for the mount"
