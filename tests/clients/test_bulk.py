"""Many small files in few requests, with the one client that sends them so. Its library never sends a body in which one of
the files is empty, so none is here."""

import collections
import os
import re
import shutil
import subprocess
import tempfile

import davit
import pytest

CLIENT = "nextcloudcmd"
COUNT = 120
PLACE = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def tree(root):
    contents = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), root)
            if not path.startswith("."):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    contents[path] = file.read()
    return contents


def write(root, path, text):
    os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
    with open(os.path.join(root, path), "w", encoding="utf-8") as file:
        file.write(text)


class Run:
    """What one run of the client has asked for: METHOD STATUS, and how often."""

    def __init__(self, folder, server):
        log = os.path.join(folder, "access.log")
        with open(log, encoding="utf-8") as file:
            before = len(file.read())
        done = subprocess.run([CLIENT, "--non-interactive", "-u", "alice", "-p", "x", os.path.join(folder, "local"), server.url],
                              env=dict(os.environ, HOME=os.path.join(folder, "home"), QT_QPA_PLATFORM="offscreen"),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=240, check=False)
        assert done.returncode == 0
        with open(log, encoding="utf-8") as file:
            lines = re.findall(r'"(\S+) \S+ HTTP/[0-9.]+" (\d+)', file.read()[before:])
        self.count = collections.Counter(f"{method} {status}" for method, status in lines)
        self.methods = collections.Counter(method for method, _ in lines)


def test_many_small_files():
    if not shutil.which(CLIENT):
        pytest.skip(f"{CLIENT} is not installed")
    with tempfile.TemporaryDirectory(prefix="davit-bulk-", dir=PLACE, ignore_cleanup_errors=True) as folder:
        local, remote = os.path.join(folder, "local"), os.path.join(folder, "remote")
        for name in (local, remote, os.path.join(folder, "home")):
            os.mkdir(name)
        for i in range(COUNT):
            write(local, f"many/{'süb ' if i % 2 else ''}dir/n{i} é\".txt", f"content {i}")
        server = davit.Davit(remote, ["--sync-clients", "yes", "--sync-bulk", "yes", "--others-write", "no", "--durability", "lazy",
                                      "--access-log", os.path.join(folder, "access.log")])
        with server:
            run = Run(folder, server)
            assert tree(remote) == tree(local)
            assert run.count["POST 200"] == run.methods["POST"] == 2 and not run.methods["PUT"]
            run = Run(folder, server)  # what it was told of each is what it finds
            assert set(run.methods) == {"GET", "PROPFIND"}
            write(local, "many/dir/n0 é\".txt", "another content")
            Run(folder, server)
            assert tree(remote) == tree(local) and len(tree(local)) == COUNT
