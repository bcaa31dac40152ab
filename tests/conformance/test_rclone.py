"""rclone: a tree of 2,000 files goes up and comes down again, with times, changes and awkward names.

RCLONE_FILES: how many (default 2000)."""

import os
import random
import shutil
import subprocess

import davit
import pytest

if not shutil.which("rclone"):
    pytest.skip("rclone is not installed", allow_module_level=True)

FILES = int(os.environ.get("RCLONE_FILES", "600"))
AWKWARD = [
    "space in name", " leading", "trailing ", "ümläut", "日本語", "e\u0301 decomposed", "100%", "%41",
    "a+b", "a&b", "a;b", "a,b", "a=b", "a'b", "(a)", "[a]", "{a}", "a#b", "a?b", "a@b", "a!b", "a$b",
    "a~b", "a^b", "a`b", "a|b", "a<b>", "a:b", "a*b", ".hidden", "..dots", "dots..", "x" * 200,
]


@pytest.fixture
def server():
    with davit.Davit() as running:
        yield running


@pytest.fixture
def rclone(server, tmp_path):
    def run(*args, vendor="owncloud", check=True):
        env = {**os.environ, "RCLONE_CONFIG": str(tmp_path / "rclone.conf"),
               "RCLONE_CONFIG_DAV_TYPE": "webdav", "RCLONE_CONFIG_DAV_URL": server.url,
               "RCLONE_CONFIG_DAV_VENDOR": vendor}
        done = subprocess.run(["rclone", "--retries", "1", "--low-level-retries", "1", *args],
                              env=env, capture_output=True, text=True, timeout=300, check=False)
        if not check:
            return done.stderr
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    return run


def make_tree(root, count):
    """Files of many sizes in folders within folders, each with a time of its own."""
    generator = random.Random(count)
    for i in range(count):
        folder = root / f"folder-{i % 20}" / f"sub-{i % 7}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"file {i}.bin"
        path.write_bytes(generator.randbytes(generator.choice([0, 1, 500, 5000, 70000])))
        time = 1000000000 + generator.randrange(500000000)
        os.utime(path, (time, time))


def tree(root):
    """{path: (content, whole seconds of its time)}"""
    found = {}
    for folder, folders, files in os.walk(root):
        if ".davit" in folders:
            folders.remove(".davit")
        for name in files:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, root)] = (file.read(), int(os.stat(path).st_mtime))
    return found


def test_a_tree_goes_up_and_comes_down(server, rclone, tmp_path):
    local, back = tmp_path / "local", tmp_path / "back"
    make_tree(local, FILES)
    rclone("sync", str(local), "dav:tree", "--transfers", "8")
    assert tree(server.path("tree")) == tree(local), "content and times arrive"
    output = rclone("sync", str(local), "dav:tree", "-v", check=False)
    assert "There was nothing to transfer" in output, output
    rclone("sync", "dav:tree", str(back), "--transfers", "8")
    assert tree(back) == tree(local)


def test_changes_are_synchronised(server, rclone, tmp_path):
    local = tmp_path / "local"
    make_tree(local, 100)
    rclone("sync", str(local), "dav:tree")
    shutil.rmtree(local / "folder-3")
    (local / "folder-4").rename(local / "renamed")
    (local / "new").write_text("new")
    next((local / "folder-5").rglob("*.bin")).write_bytes(b"changed")
    rclone("sync", str(local), "dav:tree")
    assert tree(server.path("tree")) == tree(local)
    assert not os.path.exists(server.path("tree", "folder-3"))


def test_moves_copies_and_deletes_on_the_server(server, rclone, tmp_path):
    local = tmp_path / "local"
    make_tree(local, 50)
    rclone("copy", str(local), "dav:a")
    rclone("copyto", "dav:a/folder-1", "dav:copy")
    assert tree(server.path("copy")) == tree(local / "folder-1")
    rclone("moveto", "dav:a", "dav:b")
    assert tree(server.path("b")) == tree(local) and not os.path.exists(server.path("a"))
    source = next((local / "folder-1").rglob("*.bin")).relative_to(local)
    rclone("moveto", f"dav:b/{source}", "dav:b/elsewhere/moved.bin")
    assert os.path.exists(server.path("b", "elsewhere", "moved.bin"))
    assert not os.path.exists(server.path("b", source))
    rclone("delete", "dav:b/elsewhere")
    rclone("purge", "dav:copy")
    assert not os.path.exists(server.path("copy"))


@pytest.mark.parametrize("vendor", ["owncloud", "other"])
def test_awkward_names(server, rclone, tmp_path, vendor):
    local, back = tmp_path / "local", tmp_path / "back"
    for name in AWKWARD:
        (local / name).mkdir(parents=True)
        (local / name / name).write_text(name)
    rclone("sync", str(local), "dav:", vendor=vendor)
    rclone("check", str(local), "dav:", "--download", vendor=vendor)
    rclone("sync", "dav:", str(back), vendor=vendor)
    assert {k: v[0] for k, v in tree(back).items()} == {k: v[0] for k, v in tree(local).items()}
    # On the server's disk too, but for those that rclone itself cannot send as they are.
    assert len(tree(server.root)) == len(AWKWARD)


def test_what_it_asks_about_the_whole(server, rclone):
    assert "Used:" in rclone("about", "dav:") and "Free:" in rclone("about", "dav:")
    server.request("PUT", "/f", {"X-OC-Mtime": "1234567890"}, b"12345")
    assert "2009-02-1" in rclone("lsl", "dav:")
    assert rclone("cat", "dav:f") == "12345"
    assert rclone("cat", "dav:f", "--offset", "1", "--count", "3") == "234"
    assert "not found" in rclone("cat", "dav:none", check=False)


def test_a_large_file(server, rclone, tmp_path):
    (tmp_path / "large").write_bytes(os.urandom(20 << 20))
    rclone("copyto", str(tmp_path / "large"), "dav:large")
    rclone("copyto", "dav:large", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == (tmp_path / "large").read_bytes()
