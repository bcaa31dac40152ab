"""Two names of one thing: bind mounts, roots that lie in each other, file systems that tell neither
case nor forms of Unicode apart. Nothing is lost, and a lock holds by both names."""

import base64
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile

import davit
import pytest
from session import Session, need_root, statuses

PATCH = ('<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><a xmlns="urn:x">%s</a></D:prop></D:set>'
         "</D:propertyupdate>")


def write(path, text="keep"):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@contextlib.contextmanager
def bound(source, point):
    need_root("mounting a directory")
    done = subprocess.run(["mount", "--bind", source, point], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mount --bind: {done.stderr.strip()}")
    try:
        yield point
    finally:
        subprocess.run(["umount", point], check=True)


# --- a bind mount below the root ---

@pytest.fixture(name="twice")
def twice_fixture(tmp_path):
    """A server whose "/bind" shows what "/a" does: (server, client, what "/a" is on the disk)."""
    root = tmp_path / "my\troot \\040\u00e4"  # what mountinfo has to escape
    for name in ("a/d", "bind"):
        (root / name).mkdir(parents=True)
    write(root / "a/f")
    write(root / "a/d/g")
    with bound(str(root / "a"), str(root / "bind")):
        with davit.Davit(root=str(root)) as server, Session(server) as client:
            yield server, client, root / "a"


@pytest.mark.parametrize("method", ["MOVE", "COPY"])
def test_nothing_goes_onto_or_into_its_other_name(twice, method):
    _, client, there = twice
    for source, target in (("/a/f", "/bind/f"), ("/bind/f", "/a/f"), ("/a/d", "/bind/d"), ("/bind/d", "/a/d"),
                           ("/a/d", "/bind/d/x"), ("/bind/d/g", "/a/d"), ("/a", "/bind/x"), ("/bind", "/a/x")):
        client.expect(403, method, source, {"Destination": target})
        assert read(there / "f") == "keep" and read(there / "d/g") == "keep", (source, target)
    assert sorted(os.listdir(there)) == ["d", "f"] and os.listdir(there / "d") == ["g"]


def test_a_lock_holds_by_both_names(twice):
    _, client, there = twice
    for locked, other in (("/a/f", "/bind/f"), ("/bind/d/g", "/a/d/g")):
        token = client.lock(locked)
        assert isinstance(token, str)
        assert client.lock(other).status == 423
        for method, fields, body in (("PUT", {}, "x"), ("DELETE", {}, None), ("PROPPATCH", {}, PATCH % "x"),
                                     ("MOVE", {"Destination": "/elsewhere"}, None)):
            client.expect(423, method, other, fields, body)
        assert token in str(client.request("PROPFIND", other, {"Depth": "0"}).body)
        client.expect(204, "PUT", other, {"If": f"(<{token}>)"}, "mine")
        client.expect(204, "UNLOCK", other, {"Lock-Token": f"<{token}>"})
        client.expect(204, "PUT", other, None, "keep")
    token = client.lock("/bind/d", depth="infinity")
    client.expect(423, "PUT", "/a/d/new", None, "x")
    client.expect(204, "UNLOCK", "/a/d", {"Lock-Token": f"<{token}>"})
    assert read(there / "d/g") == "keep"


def test_properties_are_seen_by_both_names_and_after_a_restart(twice):
    server, client, _ = twice
    client.expect(207, "PROPPATCH", "/bind/f", None, PATCH % "one")
    token = client.lock("/bind/d/g")
    client.close()
    server.stop()
    server.start()
    with Session(server) as again:
        for path in (b"/a/f", b"/bind/f"):
            assert again.propfind(path.decode())[path]["{urn:x}a"].text == "one"
        again.expect(423, "PUT", "/a/d/g", None, "x")
        again.expect(201, "MOVE", "/a/f", {"Destination": "/bind/d/f"})
        assert again.propfind("/a/d/f")[b"/a/d/f"]["{urn:x}a"].text == "one"
        again.expect(204, "UNLOCK", "/a/d/g", {"Lock-Token": f"<{token}>"})


def test_what_is_bound_into_two_homes_has_one_lock(tmp_path):
    for name in ("homes/alice/shared", "homes/bob/shared", "common"):
        (tmp_path / name).mkdir(parents=True)
    write(tmp_path / "common/f")
    for user in ("alice", "bob"):
        davit.add_user(str(tmp_path / "users"), user, "pencil")
    path = config(tmp_path, f"{tmp_path}/homes/%u", server=f"users = {tmp_path}/users\n",
                  rules='[rule "/"]\nallow = all for users\n')
    alice, bob = ({"Authorization": "Basic " + base64.b64encode(f"{user}:pencil".encode()).decode()}
                  for user in ("alice", "bob"))
    with bound(str(tmp_path / "common"), str(tmp_path / "homes/alice/shared")):
        with bound(str(tmp_path / "common"), str(tmp_path / "homes/bob/shared")):
            with Configured(root="", args=["-c", path]) as server, Session(server) as client:
                body = ('<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/>'
                        "</D:locktype></D:lockinfo>")
                token = client.expect(200, "LOCK", "/0/shared/f", bob, body).field("Lock-Token")
                answer = client.expect(423, "PUT", "/0/shared/f", alice, "x")
                assert b"<D:href>/0/shared/f</D:href>" in answer.body
                found = client.expect(207, "PROPFIND", "/0/shared/f", {"Depth": "0", **alice})
                assert b"<D:lockroot><D:href>/0/shared/f</D:href></D:lockroot>" in found.body
                client.expect(204, "UNLOCK", "/0/shared/f", {"Lock-Token": token, **bob})
                client.expect(201, "MOVE", "/0/shared/f", {"Destination": "/0/mine", **alice})
    assert read(tmp_path / "homes/alice/mine") == "keep"


def test_a_delete_does_not_reach_through_a_mount(tmp_path):
    for name in ("root", "root/a", "root/tree", "root/tree/bind"):
        (tmp_path / name).mkdir()
    write(tmp_path / "root/a/f")
    write(tmp_path / "root/tree/g")
    with davit.Davit(root=str(tmp_path / "root")) as server, Session(server) as client:
        client.expect(200, "GET", "/tree/")
        with bound(str(tmp_path / "root/a"), str(tmp_path / "root/tree/bind")):  # while it runs
            assert statuses(client.expect(207, "DELETE", "/tree")) == {"/tree/bind/": 403}
            assert read(tmp_path / "root/a/f") == "keep"
            assert isinstance(client.lock("/a/f"), str)
            client.expect(423, "PUT", "/tree/bind/f", None, "x")
        client.expect(204, "DELETE", "/tree")


def test_hard_links_are_two_resources(tmp_path):
    write(tmp_path / "a")
    os.link(tmp_path / "a", tmp_path / "b")
    os.link(tmp_path / "a", tmp_path / "c")
    with davit.Davit(root=str(tmp_path)) as server, Session(server) as client:
        client.expect(204, "MOVE", "/a", {"Destination": "/b"})
        assert not os.path.exists(tmp_path / "a") and read(tmp_path / "b") == "keep"
        client.expect(204, "COPY", "/b", {"Destination": "/c"})
        assert read(tmp_path / "c") == "keep" and not os.path.samefile(tmp_path / "b", tmp_path / "c")


# --- roots that lie in each other ---

def refused(command, *arguments):
    done = subprocess.run([davit.BINARY, *command, *arguments], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode != 0, done
    return done.stderr


def config(folder, *roots, server="", rules=""):
    text = "[server]\nlisten = 127.0.0.1:0\n" + server
    text += "".join(f'[mount "/{i}"]\nroot = {root}\n' for i, root in enumerate(roots)) + rules
    write(folder / "davit.conf", text)
    return str(folder / "davit.conf")


class Configured(davit.Davit):
    def operands(self):
        return []


def test_mounts_that_lie_in_each_other_are_refused(tmp_path):
    (tmp_path / "all/sub").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    os.symlink("all/sub", tmp_path / "link")
    for roots in (("all", "all/sub"), ("all/sub", "all"), ("all", "link"), ("other", "link", "all"),
                  ("all", "all/sub/%u"), ("all/%u", "all/sub")):
        path = config(tmp_path, *(tmp_path / root for root in roots))
        assert "cannot both be served" in refused(["serve", "-c", path]), roots
        assert "cannot both be served" in refused(["config", "check", path]), roots
    with Configured(root="", args=["-c", config(tmp_path, tmp_path / "all", tmp_path / "all/sub",
                                                server="read-only = yes\n")]):
        pass  # where nothing can be changed, no name matters


def test_mounts_that_meet_by_a_bind_mount_are_refused(tmp_path):
    for name in ("all/sub", "elsewhere", "other/in"):
        (tmp_path / name).mkdir(parents=True)
    with bound(str(tmp_path / "all/sub"), str(tmp_path / "elsewhere")):
        path = config(tmp_path, tmp_path / "all", tmp_path / "elsewhere")
        assert "cannot both be served" in refused(["serve", "-c", path])
    with bound(str(tmp_path / "all/sub"), str(tmp_path / "other/in")):
        path = config(tmp_path, tmp_path / "all", tmp_path / "other")
        assert "cannot both be served" in refused(["serve", "-c", path])
    with Configured(root="", args=["-c", path]):
        pass


def test_one_directory_by_two_names_is_one_store(tmp_path):
    (tmp_path / "all").mkdir()
    os.symlink("all", tmp_path / "link")
    write(tmp_path / "all/f")
    path = config(tmp_path, tmp_path / "all", tmp_path / "link", f"{tmp_path}/all/")
    with Configured(root="", args=["-c", path]) as server, Session(server) as client:
        for method in ("COPY", "MOVE"):
            client.expect(403, method, "/0/f", {"Destination": "/1/f"})
        token = client.lock("/0/f")
        for mount in "12":
            client.expect(423, "PUT", f"/{mount}/f", None, "x")
        client.expect(204, "PUT", "/2/f", {"If": f"(<{token}>)"}, "y")


def test_a_reload_refuses_mounts_that_lie_in_each_other(tmp_path):
    (tmp_path / "all/sub").mkdir(parents=True)
    path = config(tmp_path, tmp_path / "all/sub")
    with Configured(root="", args=["-c", path]) as server:
        config(tmp_path, tmp_path / "all/sub", tmp_path / "all")
        server.process.send_signal(signal.SIGHUP)
        server.says("keeping the old settings")
        server.says("cannot both be served")
        assert server.request("PUT", "/0/f", body="x").status == 201


def test_two_servers_do_not_serve_one_tree(tmp_path):
    (tmp_path / "all/sub").mkdir(parents=True)
    outer, inner = str(tmp_path / "all"), str(tmp_path / "all/sub")
    with davit.Davit(root=outer):
        assert "another davit" in refused(["serve", "--listen", "127.0.0.1:0"], inner)
        with davit.Davit(root=inner, args=["--read-only"]):
            pass
    with davit.Davit(root=inner):
        assert "another davit" in refused(["serve", "--listen", "127.0.0.1:0"], outer)
    with davit.Davit(root=outer) as server, Session(server) as client:  # the inner one has ended
        write(tmp_path / "all/sub/f")
        assert client.expect(403, "DELETE", "/sub/") and read(tmp_path / "all/sub/f") == "keep"
        client.expect(201, "COPY", "/sub/", {"Destination": "/copy/"})
        assert os.listdir(tmp_path / "all/copy") == ["f"]


# --- file systems that fold names ---

def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


@contextlib.contextmanager
def ntfs(image, point):
    run("mkfs.ntfs", "-q", "-F", "-f", image)
    done = run("lowntfs-3g", "-o", "ignore_case", image, point)
    if done.returncode:
        pytest.skip(f"lowntfs-3g: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", point], check=True)


@contextlib.contextmanager
def exfat(image, point):
    run("mkfs.exfat", image)
    loop = run("losetup", "-f", "--show", image)
    if loop.returncode:
        pytest.skip(f"losetup: {loop.stderr.strip()}")
    done = run("mount.exfat-fuse", loop.stdout.strip(), point)
    try:
        if done.returncode:
            pytest.skip(f"mount.exfat-fuse: {done.stderr.strip()}")
        yield
        subprocess.run(["umount", point], check=True)
    finally:
        run("losetup", "-d", loop.stdout.strip())


@pytest.fixture(name="folding", params=[("lowntfs-3g", ntfs), ("mount.exfat-fuse", exfat)], ids=["ntfs", "exfat"])
def folding_fixture(request, tmp_path):
    """A directory on a file system that does not tell case apart."""
    tool, mount = request.param
    need_root("mounting a file system")
    if not shutil.which(tool) or not os.path.exists("/dev/fuse"):
        pytest.skip(f"{tool} and /dev/fuse are not there")
    image = str(tmp_path / "image")
    write(image, "")
    os.truncate(image, 64 << 20)
    point = tempfile.mkdtemp(prefix="davit-mount-")
    try:
        with mount(image, point):
            with davit.Davit(root=point) as server, Session(server) as client:
                yield point, client
    finally:
        os.rmdir(point)


def names(folder):
    return sorted(name for name in os.listdir(folder) if name != ".davit")


def test_the_case_of_a_name_can_be_changed(folding):
    point, client = folding
    write(os.path.join(point, "Foo"))
    os.mkdir(os.path.join(point, "Dir"))
    write(os.path.join(point, "Dir", "Member"))
    client.expect(207, "PROPPATCH", "/Foo", None, PATCH % "file")
    client.expect(207, "PROPPATCH", "/Dir/Member", None, PATCH % "member")
    fine = (201, 204)
    if names(point) == ["dir", "foo"]:  # small letters are all that it ever shows
        fine += (403,)
    client.expect(fine, "MOVE", "/Foo", {"Destination": "/foo"})
    client.expect(fine, "MOVE", "/Dir", {"Destination": "/dir"})
    client.expect(fine, "MOVE", "/dir/Member", {"Destination": "/dir/MEMBER"})
    assert names(point) == ["dir", "foo"]
    assert read(os.path.join(point, "foo")) == "keep" and read(os.path.join(point, "dir", "MEMBER")) == "keep"
    if os.listdir(os.path.join(point, "dir")) == ["MEMBER"]:
        for path, value in ((b"/foo", "file"), (b"/dir/MEMBER", "member")):
            assert client.propfind(path.decode())[path]["{urn:x}a"].text == value


def test_nothing_goes_onto_or_into_itself_in_another_case(folding):
    point, client = folding
    os.mkdir(os.path.join(point, "Col"))
    os.mkdir(os.path.join(point, "Col", "Sub"))
    write(os.path.join(point, "Col", "f"))
    for method, source, target in (("MOVE", "/Col/f", "/col"), ("COPY", "/Col/f", "/COL"), ("MOVE", "/Col", "/col/x"),
                                   ("COPY", "/Col", "/COL"),
                                   ("COPY", "/Col/f", "/Col/F"), ("MOVE", "/Col/Sub", "/col")):
        client.expect(403, method, source, {"Destination": target})
        there = [name.lower() for name in names(point) + names(os.path.join(point, "Col"))]
        assert there == ["col", "sub", "f"] or there == ["col", "f", "sub"], (method, source, target)
        assert read(os.path.join(point, "Col", "f")) == "keep"


# --- forms of Unicode ---

def test_the_form_of_a_name_can_be_changed(tmp_path):
    decomposed, composed = "Ge\u0301ha\u0308lter", "G\u00e9h\u00e4lter"
    with davit.Davit(root=str(tmp_path)) as server, Session(server) as client:
        os.mkdir(tmp_path / decomposed)
        write(tmp_path / decomposed / "f")
        source, target = "/Ge%CC%81ha%CC%88lter", "/G%C3%A9h%C3%A4lter"
        client.expect(207, "PROPPATCH", source + "/f", None, PATCH % "v")
        client.expect(403, "COPY", source, {"Destination": target})
        client.expect(201, "MOVE", source, {"Destination": target, "Overwrite": "F"})
        assert names(tmp_path) == [composed] and read(tmp_path / composed / "f") == "keep"
        path = f"/{composed}/f".encode()
        assert client.propfind(target + "/f")[path]["{urn:x}a"].text == "v"
        client.expect(403, "MOVE", target, {"Destination": target})
