"""Files that are so large that sync clients send them in chunks, with the real ones: they are killed in the middle, as is
the server, and go on where they were."""

import contextlib
import hashlib
import os
import random
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time

import davit
import pytest

CLIENTS = ["nextcloudcmd", "owncloudcmd"]
SIZES = [15_000_000, 25_000_000, 60_000_000]
CHUNK_BYTES = 10_000_000  # of the clients, which else send ever larger ones
PLACE = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


class Sync:
    """A server at an address that stays, and a folder that a client syncs with it."""

    def __init__(self, client, folder):
        if not shutil.which(client):
            pytest.skip(f"{client} is not installed")
        self.client = client
        self.folder = folder
        self.local = os.path.join(folder, "local")
        self.remote = os.path.join(folder, "remote")
        self.port = free_port()
        size = str(CHUNK_BYTES)
        self.environment = {"HOME": os.path.join(folder, "home"), "QT_QPA_PLATFORM": "offscreen", "OWNCLOUD_CHUNK_SIZE": size,
                            "OWNCLOUD_MIN_CHUNK_SIZE": size, "OWNCLOUD_MAX_CHUNK_SIZE": size}
        for name in (self.local, self.remote, os.path.join(folder, "home")):
            os.mkdir(name)
        self.server = davit.Davit(self.remote, ["--listen", f"127.0.0.1:{self.port}", "--sync-clients", "yes", "--others-write",
                                                "no", "--durability", "lazy", "--access-log", self.log()])

    def log(self):
        return os.path.join(self.folder, "access.log")

    def write(self, sizes):
        for size in sizes:
            with open(os.path.join(self.local, str(size)), "wb") as file:
                file.write(random.Random(size).randbytes(size))

    def begin(self):
        return subprocess.Popen([self.client, "--non-interactive", "-u", "alice", "-p", "x", self.local, f"http://127.0.0.1:{self.port}"],
                                env=dict(os.environ, **self.environment),
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def run(self):
        process = self.begin()
        try:
            return process.wait(240)
        finally:
            process.kill()

    def has_begun(self):
        """Bytes of a chunk are there."""
        for folder, _, files in os.walk(os.path.join(self.remote, ".davit", "uploads")):
            with contextlib.suppress(FileNotFoundError):
                if any(os.path.getsize(os.path.join(folder, name)) > 1_000_000 for name in files):
                    return True
        return False

    def wait_for_bytes(self, process):
        while process.poll() is None and not self.has_begun():
            time.sleep(0.002)

    def chunks(self):
        """Those that have been taken, by the path that they were sent to."""
        return [path for path, status in self.requests("PUT") if status in ("201", "204")]

    def wait_for_chunks(self, process, count):
        while process.poll() is None and len(self.chunks()) < count:
            time.sleep(0.002)

    def check(self, sizes):
        for size in sizes:
            assert digest(os.path.join(self.local, str(size))) == digest(os.path.join(self.remote, str(size)))
        assert sorted(os.listdir(self.remote)) == sorted([".davit"] + [str(size) for size in sizes])

    def forgive(self):
        """A client that has met an error leaves the file alone for a while, which is noted in its journal."""
        for name in os.listdir(self.local):
            if name.startswith((".sync_", "._sync_")) and name.endswith(".db"):
                with contextlib.closing(sqlite3.connect(os.path.join(self.local, name))) as journal, journal:
                    journal.execute("DELETE FROM blacklist")

    def requests(self, method):
        with open(self.log(), encoding="utf-8") as file:
            return re.findall(rf'"{method} (\S+) HTTP/[0-9.]+" (\d+)', file.read())


@pytest.fixture(name="sync", params=CLIENTS)
def made_sync(request):
    with tempfile.TemporaryDirectory(prefix="davit-chunks-", dir=PLACE, ignore_cleanup_errors=True) as folder:
        sync = Sync(request.param, folder)
        with sync.server:
            yield sync


def test_large_files(sync):
    sync.write(SIZES)
    assert sync.run() == 0
    sync.check(SIZES)
    joined = [status for path, status in sync.requests("MOVE") if path.endswith("/.file")]
    assert joined == ["201"] * len(SIZES)
    assert all("/uploads/" in path and status == "201" for path, status in sync.requests("PUT"))


def test_client_is_killed(sync):
    """What it has been told to be there it does not send again."""
    sync.write(SIZES[2:])
    process = sync.begin()
    sync.wait_for_chunks(process, 2)
    process.kill()
    process.wait()
    before = sync.chunks()
    assert sync.run() == 0
    sync.check(SIZES[2:])
    chunks = sync.chunks()
    if len(before) < SIZES[2] // CHUNK_BYTES:  # the kill did not come too late
        assert [chunks.count(path) for path in before] == [1] * len(before)
        assert len({os.path.dirname(path) for path in chunks}) == 1


def test_server_is_killed(sync):
    sync.write(SIZES[2:])
    process = sync.begin()
    sync.wait_for_bytes(process)
    sync.server.kill()
    process.wait(240)
    sync.server.start()
    sync.forgive()
    assert sync.run() == 0
    sync.check(SIZES[2:])
