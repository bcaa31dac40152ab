"""What the command-line clients that sync do with davit: the same for each of them. A test file
names its client, and has these tests (class Scenarios). Each test has a mount of its own, at an
address of its own, on one server. A client that finds all gone asks somebody what to do, and waits:
so something stays in each tree."""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
import types

import davit
import pytest
from session import wait_for

USER, PASSWORD = "alice", "pencil"
SIGNED_IN = {"Authorization": "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
MOUNTS = 12
QUOTA = ("small", "2M")
ON_DISK = "shared"  # other programs write there, too
SIZES = [int(size) for size in os.environ.get("DAVIT_SYNC_SIZES", "15").split(",")]  # of large files, in MiB
ODD_NAMES = ["space in name", "ümläut", "日本語", "100%", "%41", "a+b", "a&b", "a;b", "a'b", "(a)", "[a]",
             "a#b", "a=b", "a@b", "a!b", "a$b", "x" * 180, "-dash"]


def in_memory():
    """A directory that costs no flush to the disk."""
    return tempfile.mkdtemp(prefix="davit-sync-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)


class Server(davit.Davit):
    """One server with many mounts that are served to sync clients."""

    def __init__(self, folder):
        names = [f"t{i}" for i in range(MOUNTS)] + [QUOTA[0], ON_DISK]
        davit.add_user(os.path.join(folder, "users"), USER, PASSWORD)
        lines = ["[server]", f"users = {folder}/users", f"access-log = {folder}/access.log", "durability = lazy"]
        for name in names:
            os.makedirs(os.path.join(folder, "served", name))
            lines += [f'[mount "/{name}"]', f"root = {folder}/served/{name}", "sync-clients = yes"]
            lines += ["others-write = no"] if name != ON_DISK else []
            lines += [f"quota = {QUOTA[1]}"] if name == QUOTA[0] else []
        with open(os.path.join(folder, "davit.conf"), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        self.folder = folder
        self.marks = 0
        self.free = names[:MOUNTS]
        super().__init__(folder, ["-c", f"{folder}/davit.conf"])

    def operands(self):
        return []

    def requests(self):
        """[(method, path, status)], of all until now."""
        with open(os.path.join(self.folder, "access.log"), encoding="utf-8") as file:
            return re.findall(r'"(\S+) (\S+) HTTP/[0-9.]+" (\d+)', file.read())

    def settled(self):
        """How many requests have been logged, when all have been that were answered before."""
        self.marks += 1
        mark = ("GET", f"/mark-{self.marks}", "404")
        self.request(*mark[:2], SIGNED_IN)
        while mark not in self.requests():
            time.sleep(0.01)
        return len(self.requests())


def read_tree(root):
    """{path: content, or None of a folder}, without what davit and the clients keep there."""
    found = {}
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != ".davit"]
        found.update({os.path.relpath(os.path.join(folder, name), root): None for name in folders})
        for name in files:
            path = os.path.join(folder, name)
            if name.startswith((".sync_", "._sync_", ".owncloudsync", ".nextcloudsync")) or os.path.islink(path):
                continue
            with open(path, "rb") as file:
                content = file.read()
            found[os.path.relpath(path, root)] = hashlib.sha256(content).hexdigest()
    return found


class Place:
    """A mount, and a folder that is synced with it."""

    def __init__(self, server, name, command):
        self.server = server
        self.name = name
        self.command = command
        self.remote = os.path.join(server.folder, "served", name)
        self.local = tempfile.mkdtemp(prefix=f"local-{name}-", dir=server.folder)
        self.home = os.path.join(server.folder, "home")

    def run(self, **settings):
        """One run of the client, with settings in its environment: its exit status and what it says."""
        command = [*self.command, "--non-interactive", "-u", USER, "-p", PASSWORD, self.local,
                   f"{self.server.url}/{self.name}"]
        env = {**os.environ, "HOME": self.home, "XDG_CONFIG_HOME": self.home, "LC_ALL": "C.UTF-8", **settings}
        done = subprocess.run(command, env=env, capture_output=True, timeout=600, check=False,
                              stdin=subprocess.DEVNULL)
        return types.SimpleNamespace(status=done.returncode, said=(done.stdout + done.stderr).decode("utf-8", "replace"))

    def sync(self, **settings):
        """One run that must go well. What it asked for: [(method, path below the address)], but for the
        WebSocket, which is logged when it ends."""
        before = self.server.settled()
        done = self.run(**settings)
        assert done.status == 0, done.said[-4000:]
        asked = self.server.requests()[before:self.server.settled()]
        asked = [(method, path.split("/", 2)[2]) for method, path, _ in asked if path.startswith(f"/{self.name}/")]
        return [(method, path) for method, path in asked if path != "index.php/push/ws"]

    def sync_both(self, **settings):
        """Until both sides have what the other had."""
        self.sync(**settings)
        self.sync(**settings)
        assert read_tree(self.local) == read_tree(self.remote)

    def put(self, path, content):
        """By davit's plain paths, as any other client."""
        return self.dav("PUT", path, body=content)

    def dav(self, method, path, fields=None, body=None):
        return self.server.request(method, f"/{self.name}/{path}", {**SIGNED_IN, **(fields or {})}, body)

    def url(self, path):
        return f"{self.server.url}/{self.name}/{path}"


def write(root, path, content="x"):
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)


def methods(asked):
    return [method for method, _ in asked]


class Scenarios:
    """A subclass has `command` and `idle` (what a run asks that has nothing to do)."""

    command = None
    idle = None

    @pytest.fixture(scope="class")
    def server(self):
        if not shutil.which(self.command[0]):
            pytest.skip(f"{self.command[0]} is not installed")
        folder = in_memory()
        try:
            with Server(folder) as server:
                yield server
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @pytest.fixture
    def place(self, server):
        return Place(server, server.free.pop(), self.command)

    def check_idle(self, place):
        asked = place.sync()
        assert asked == self.idle, asked

    def test_a_tree_goes_both_ways_and_then_there_is_nothing_to_do(self, place):
        place.put("remote", "from there")
        for folder in ("r", "r/s", "r/s/t"):
            assert place.dav("MKCOL", folder).status == 201
        place.put("r/s/t/deep", "from there")
        write(place.local, "l/m/n/deep", "from here")
        write(place.local, "local", "from here")
        os.utime(os.path.join(place.local, "local"), (1000000000, 1000000000))
        place.sync_both()
        assert int(os.stat(os.path.join(place.remote, "local")).st_mtime) == 1000000000
        assert sorted(read_tree(place.local)) == ["l", "l/m", "l/m/n", "l/m/n/deep", "local", "r", "r/s", "r/s/t",
                                                  "r/s/t/deep", "remote"]
        self.check_idle(place)

    def test_changes_of_content_go_both_ways(self, place):
        write(place.local, "d/a", "one")
        write(place.local, "d/b", "one")
        place.sync_both()
        write(place.local, "d/a", "two, from here")
        assert place.put("d/b", "two, from there").status == 204
        place.sync_both()
        assert open(os.path.join(place.remote, "d/a"), encoding="utf-8").read() == "two, from here"
        assert open(os.path.join(place.local, "d/b"), encoding="utf-8").read() == "two, from there"

    def test_a_move_here_is_one_there(self, place):
        write(place.local, "d/a", "content")
        write(place.local, "e/b", "content of b")
        place.sync_both()
        os.rename(os.path.join(place.local, "d/a"), os.path.join(place.local, "moved"))
        os.rename(os.path.join(place.local, "e"), os.path.join(place.local, "d/f"))
        asked = methods(place.sync())
        assert asked.count("MOVE") == 2 and "PUT" not in asked and "DELETE" not in asked
        assert sorted(read_tree(place.remote)) == ["d", "d/f", "d/f/b", "moved"]

    def test_a_move_there_is_one_here(self, place):
        write(place.local, "d/a", "content")
        write(place.local, "e/b", "content of b")
        place.sync_both()
        inode = os.stat(os.path.join(place.local, "e/b")).st_ino
        for old, new in (("d/a", "moved"), ("e", "d/f")):
            assert place.dav("MOVE", old, {"Destination": place.url(new)}).status == 201
        asked = place.sync()
        assert not [path for method, path in asked if method == "GET" and path.startswith("remote.php/")], asked
        assert sorted(read_tree(place.local)) == ["d", "d/f", "d/f/b", "moved"]
        assert os.stat(os.path.join(place.local, "d/f/b")).st_ino == inode

    def test_what_is_edited_and_then_moved_there_is_fetched(self, place):
        write(place.local, "a", "old")
        write(place.local, "beside")
        place.sync_both()
        assert place.put("a", "new content").status == 204
        assert place.dav("MOVE", "a", {"Destination": place.url("b")}).status == 201
        place.sync_both()
        assert open(os.path.join(place.local, "b"), encoding="utf-8").read() == "new content"

    def test_removals_go_both_ways(self, place):
        for path in ("d/a", "d/b", "e/a", "f"):
            write(place.local, path)
        place.sync_both()
        shutil.rmtree(os.path.join(place.local, "e"))
        os.unlink(os.path.join(place.local, "d/a"))
        assert place.dav("DELETE", "f").status == 204
        place.sync_both()
        assert sorted(read_tree(place.local)) == ["d", "d/b"]

    def test_two_who_change_one_file_lose_nothing(self, place):
        write(place.local, "a.txt", "one")
        place.sync_both()
        write(place.local, "a.txt", "from here, and longer")
        assert place.put("a.txt", "from there").status == 204
        place.sync()
        with open(os.path.join(place.remote, "a.txt"), encoding="utf-8") as file:
            assert file.read() == "from there"
        found = {name: open(os.path.join(place.local, name), encoding="utf-8").read()
                 for name in read_tree(place.local)}
        assert found.pop("a.txt") == "from there"
        assert [("conflict" in name, content) for name, content in found.items()] == [(True, "from here, and longer")]

    def test_odd_names_are_what_they_are(self, place):
        for name in ODD_NAMES:
            write(place.local, f"here/{name}", name)
        place.sync_both()
        for name in ODD_NAMES:
            write(place.local, f"here/{name}", "changed: " + name)
        place.sync_both()
        assert sorted(os.listdir(os.path.join(place.remote, "here"))) == sorted(ODD_NAMES)

    def test_large_files_go_both_ways(self, place):
        whole = {"OWNCLOUD_CHUNK_SIZE": str(100 << 20)}  # in one piece
        block = os.urandom(1 << 20)
        for size in SIZES:
            write(place.local, f"up/{size}", b"".join(bytes([i]) + block[1:] for i in range(size)))
        place.sync_both(**whole)
        assert place.dav("MOVE", f"up/{SIZES[0]}", {"Destination": place.url("moved")}).status == 201
        place.sync_both(**whole)
        assert os.stat(os.path.join(place.local, "moved")).st_size == SIZES[0] << 20

    def test_a_change_is_seen_ten_levels_down(self, place):
        folder = "/".join(f"d{i}" for i in range(10))
        write(place.local, f"{folder}/file", "one")
        place.sync_both()
        self.check_idle(place)
        assert place.put(f"{folder}/file", "another one").status == 204
        place.sync_both()
        assert place.dav("COPY", f"{folder}/file", {"Destination": place.url(f"{folder}/copy")}).status == 201
        place.sync_both()

    def test_a_change_on_disk_is_seen_ten_levels_down(self, server):
        place = Place(server, ON_DISK, self.command)
        folder = "/".join(f"d{i}" for i in range(10))
        write(place.local, f"{folder}/file", "one")
        place.sync_both()
        write(place.remote, f"{folder}/file", "another one, by a program on the server")
        wait_for(lambda: place.sync() and read_tree(place.local) == read_tree(place.remote), "the change", 60)

    def test_a_locked_member_keeps_its_folder(self, place):
        write(place.local, "d/locked", "kept")
        write(place.local, "d/other")
        write(place.local, "beside")
        place.sync_both()
        body = ('<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
                '<D:locktype><D:write/></D:locktype></D:lockinfo>')
        lock = place.dav("LOCK", "d/locked", body=body)
        assert lock.status == 200
        shutil.rmtree(os.path.join(place.local, "d"))
        place.run()
        assert "d/locked" in read_tree(place.remote)
        assert place.dav("UNLOCK", "d/locked", {"Lock-Token": lock.field("Lock-Token")}).status == 204
        assert place.dav("DELETE", "d").status == 204
        place.sync_both()

    def test_what_is_over_the_quota_is_refused_and_the_rest_is_synced(self, server):
        place = Place(server, QUOTA[0], self.command)
        write(place.local, "fits", b"x" * 100000)
        write(place.local, "too large", b"x" * 5000000)
        place.run()
        assert sorted(read_tree(place.remote)) == ["fits"]
        assert sorted(read_tree(place.local)) == ["fits", "too large"]
        os.unlink(os.path.join(place.local, "too large"))
        place.sync_both()
