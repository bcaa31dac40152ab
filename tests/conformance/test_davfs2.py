"""davfs2: the server as a file system, with locks. What programs do to files arrives as they did it."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile

import davit
import pytest
from session import Session, need_root

if not shutil.which("mount.davfs"):
    pytest.skip("davfs2 is not installed", allow_module_level=True)
if not os.path.exists("/dev/fuse"):
    pytest.skip("there is no /dev/fuse", allow_module_level=True)


@contextlib.contextmanager
def davfs(server, **settings):
    """The server mounted; when it is left, all has been written back."""
    need_root("mounting a file system")
    with tempfile.TemporaryDirectory(prefix="davit-davfs-") as work:
        os.chmod(work, 0o755)
        cache, point, conf = (os.path.join(work, n) for n in ("cache", "mnt", "davfs2.conf"))
        os.mkdir(cache)
        os.mkdir(point)
        with contextlib.suppress(LookupError):
            shutil.chown(cache, "root", "davfs2")  # as the package's own; another owner is refused
        os.chmod(cache, 0o775)
        settings = {"use_locks": 1, "ask_auth": 0, "cache_dir": cache, "delay_upload": 0,
                    "dir_refresh": 1, "file_refresh": 0, **settings}
        with open(conf, "w", encoding="ascii") as file:
            file.write("".join(f"{name} {value}\n" for name, value in settings.items()))
        mount = subprocess.run(["mount", "-t", "davfs", "-o", f"conf={conf}", server.url + "/", point],
                               input="", capture_output=True, text=True, timeout=60, check=False)
        if mount.returncode and "ermi" in mount.stderr:
            pytest.skip(f"mount.davfs: {mount.stderr.strip()}")
        assert mount.returncode == 0, mount.stderr
        try:
            yield point
        finally:
            subprocess.run(["umount", point], check=True, timeout=120, capture_output=True)
        lost = os.path.join(cache, "lost+found")
        found = [f for _, _, files in os.walk(cache) for f in files if f != "index"]
        assert not os.path.exists(lost) or not os.listdir(lost), "davfs2 gave up on a file"
        assert found is not None


@pytest.fixture
def server():
    with davit.Davit() as running:
        yield running


def digests(root):
    found = {}
    for folder, folders, files in os.walk(root):
        for own in (".davit", "lost+found"):
            if own in folders:
                folders.remove(own)
        found.update({os.path.relpath(os.path.join(folder, name), root): "dir" for name in folders})
        for name in files:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, root)] = hashlib.sha256(file.read()).hexdigest()
    return found


def same(path, original):
    with open(path, "rb") as one, open(original, "rb") as other:
        return one.read() == other.read()


def lists_directories(point):
    """davfs2 1.6 cannot on some new kernels, whatever the server: EINVAL."""
    try:
        os.listdir(point)
    except OSError:
        return False
    return True


def test_a_tree_is_copied_in_and_read_out(server, tmp_path):
    for i in range(60):
        folder = tmp_path / "tree" / f"folder {i % 5}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"fïle {i} & more").write_bytes(os.urandom(i * 700))
    with davfs(server) as point:
        shutil.copytree(tmp_path / "tree", os.path.join(point, "tree"))
    assert digests(server.path("tree")) == digests(tmp_path / "tree")
    with davfs(server) as point:
        for name in digests(tmp_path / "tree"):
            path, original = os.path.join(point, "tree", name), tmp_path / "tree" / name
            assert os.path.isdir(path) if original.is_dir() else same(path, original), name
        if lists_directories(point):
            assert digests(os.path.join(point, "tree")) == digests(tmp_path / "tree")
            shutil.rmtree(os.path.join(point, "tree"))
            assert not os.path.exists(server.path("tree"))


def test_files_are_edited_renamed_and_removed(server):
    server.request("PUT", "/notes", body="one\n")
    server.request("PUT", "/old", body="old\n")
    with davfs(server) as point:
        with open(os.path.join(point, "notes"), "a", encoding="ascii") as file:
            file.write("two\n")
            file.flush()
            os.fsync(file.fileno())
        with open(os.path.join(point, "new"), "w", encoding="ascii") as file:
            file.write("new\n")
        os.rename(os.path.join(point, "old"), os.path.join(point, "renamed"))
        os.mkdir(os.path.join(point, "d"))
        os.rename(os.path.join(point, "renamed"), os.path.join(point, "d", "moved"))
        with open(os.path.join(point, "temporary"), "w", encoding="ascii") as file:
            file.write("not for long")
        os.unlink(os.path.join(point, "temporary"))
        with open(os.path.join(point, "notes.tmp"), "w", encoding="ascii") as file:
            file.write("one\ntwo\nthree\n")
        os.replace(os.path.join(point, "notes.tmp"), os.path.join(point, "notes"))
    assert sorted(os.listdir(server.root)) == [".davit", "d", "new", "notes"]
    for path, text in (("notes", "one\ntwo\nthree\n"), ("new", "new\n"), ("d/moved", "old\n")):
        with open(server.path(path), encoding="ascii") as file:
            assert file.read() == text


def test_a_file_is_replaced_while_its_last_change_waits(server):
    """davfs2's own delay: sed -i moves its file onto one whose lock davfs2 still holds."""
    server.request("PUT", "/report.txt", body="a\n")
    with davfs(server, delay_upload=10) as point:
        path = os.path.join(point, "report.txt")
        with open(path, "a", encoding="ascii") as file:
            file.write("x a\n")
        subprocess.run(["sed", "-i", "s/a/b/", path], check=True, timeout=60)
        with open(path, encoding="ascii") as file:
            assert file.read() == "b\nx b\n"
    with open(server.path("report.txt"), encoding="ascii") as file:
        assert file.read() == "b\nx b\n"
    with Session(server) as client:
        client.expect(204, "PUT", "/report.txt", None, b"free again")


def test_an_open_file_is_locked_for_others(server):
    server.request("PUT", "/f", body="old")
    with davfs(server) as point, Session(server) as client:
        with open(os.path.join(point, "f"), "r+", encoding="ascii") as file:
            file.write("new")
            client.expect(423, "PUT", "/f", None, b"intruder")
            found = client.propfind("/f")[b"/f"]["{DAV:}lockdiscovery"]
            assert found.find(".//{DAV:}locktoken") is not None
    assert server.request("GET", "/f").body == b"new"
    assert server.request("PUT", "/f", body="free again").status == 204


def test_a_large_file(server, tmp_path):
    data = os.urandom(24 << 20)
    (tmp_path / "large").write_bytes(data)
    with davfs(server) as point:
        shutil.copyfile(tmp_path / "large", os.path.join(point, "large"))
    with open(server.path("large"), "rb") as file:
        assert file.read() == data
    with davfs(server) as point:
        with open(os.path.join(point, "large"), "rb") as file:
            assert file.read() == data


def test_the_executable_bit(server):
    server.request("PUT", "/script", body="#!/bin/sh\n")
    with davfs(server) as point:
        path = os.path.join(point, "script")
        os.chmod(path, os.stat(path).st_mode | 0o111)
    assert os.stat(server.path("script")).st_mode & 0o100


def test_free_space_is_shown(server):
    with davfs(server) as point:
        here, there = os.statvfs(point), os.statvfs(server.root)
        mine, theirs = here.f_bavail * here.f_frsize, there.f_bavail * there.f_frsize
        assert abs(mine - theirs) < theirs * 0.05


def test_without_locks_too(server):
    with davfs(server, use_locks=0) as point:
        for name in ("a", "b"):
            with open(os.path.join(point, name), "w", encoding="ascii") as file:
                file.write(name)
    assert server.request("GET", "/a").body == b"a" and server.request("GET", "/b").body == b"b"
