"""Who changes a tree at random: programs on the disk, which know nothing of davit, and clients. Each
is a thread that works for as long as a test says, or a generator whose steps it makes itself."""

import contextlib
import os
import random
import shutil
import threading
import time

from session import Session

NAMES = "abcd"


FILE = ".f"  # how names of files end, where kinds are apart


class Worker(threading.Thread):
    """Changes what is at `names`, and at those of NAMES in what is there, three levels deep.
    `is_apart`: what is a file never has a name that a folder has had."""

    def __init__(self, seed, names=NAMES, is_apart=False):
        super().__init__()
        self.names, self.is_apart = names, is_apart
        self.random = random.Random(seed)
        self.until = self.error = None
        self.count = 0  # of changes made

    def run(self):
        try:
            self.work()
        except Exception as error:  # the test fails with it
            self.error = error

    def path(self, ending=""):
        names = [self.random.choice(self.names)] + [self.random.choice(NAMES) for _ in range(self.random.randrange(3))]
        return "/".join(names) + ending

    def pair(self, for_folders, for_files, what):
        """Where to do it."""
        is_file = what in for_files or (what not in for_folders and self.random.random() < 0.5)
        ending = FILE if self.is_apart and is_file else ""
        return self.path(ending), self.path(ending)


class Program(Worker):
    """On the disk, in `root`. What it takes out of the tree is in `root`.out, if that is there."""

    FOR_FOLDERS = ("mkdir", "rmtree", "copytree")
    FOR_FILES = ("write", "append", "truncate", "touch", "unlink", "link", "symlink")

    def __init__(self, root, *args, without=(), only_files=(), **settings):
        super().__init__(*args, **settings)
        self.root, self.without, self.for_files = root, without, self.FOR_FILES + only_files

    def work(self):
        while not self.until.is_set():
            self.step()
            time.sleep(self.random.choice([0, 0, 0, 0.001, 0.02]))

    def step(self):
        what = self.random.choice(["write"] * 6 + ["append", "truncate", "touch", "exchange"] + ["mkdir"] * 3
                                  + ["unlink", "rmtree", "rename", "rename", "link", "symlink", "copytree", "out"])
        path, other = (f"{self.root}/{path}" for path in self.pair(self.FOR_FOLDERS, self.for_files, what))
        if what in self.without:
            return
        try:
            getattr(self, what)(path, other)
            self.count += 1
        except (OSError, shutil.Error):
            pass  # it does not fit what is there

    def write(self, path, _):
        # Of a size of its own: clients look at size and second, and take the same for no change.
        with open(path, "w", encoding="utf-8") as file:
            file.write(str(self.random.random()) + self.count % 500 * ".")

    def append(self, path, _):
        with open(path, "r+", encoding="utf-8") as file:
            file.seek(0, os.SEEK_END)
            file.write("more")

    def truncate(self, path, _):
        os.truncate(path, 1)

    def touch(self, path, _):
        os.utime(path, (1, self.random.randrange(1, 1 << 30)))

    def exchange(self, path, other):
        os.rename(path, path + ".x")
        os.rename(other, path)
        os.rename(path + ".x", other)

    def mkdir(self, path, _):
        os.makedirs(path)

    def unlink(self, path, _):
        os.unlink(path)

    def rmtree(self, path, _):
        shutil.rmtree(path)

    def rename(self, path, other):
        os.rename(path, other)

    def link(self, path, other):
        os.link(path, other)

    def symlink(self, path, _):
        os.symlink("/nowhere/at/all", path)  # a link that leads somewhere is in listings

    def copytree(self, path, other):
        if not other.startswith(path + "/"):
            shutil.copytree(path, other, symlinks=True)

    def out(self, path, _):
        os.rename(path, f"{self.root}.out/{self.random.random()}")


class Client(Worker):
    """By WebDAV, below `top`, with `fields` in each request."""

    def __init__(self, server, *args, top="", fields=None, **settings):
        super().__init__(*args, **settings)
        self.server, self.top, self.fields = server, top, fields or {}

    def work(self):
        with Session(self.server) as session:
            while not self.until.is_set():
                self.step(session)

    def step(self, session):
        method = self.random.choice(["PUT"] * 6 + ["MKCOL"] * 3 + ["DELETE", "MOVE", "COPY"])
        path, other = (f"{self.top}/{path}" for path in self.pair(("MKCOL",), ("PUT",), method))
        fields = {"Destination": f"http://{session.host}{other}"} if method in ("MOVE", "COPY") else {}
        body = str(self.random.random()) if method == "PUT" else None
        answer = session.request(method, path, {**self.fields, **fields}, body)
        assert answer.status in (201, 204, 207, 403, 404, 405, 409, 412), answer
        self.count += answer.status in (201, 204)


@contextlib.contextmanager
def at_work(workers, seconds):
    """They work meanwhile, and none fails. Gives a function: whether the time is not over."""
    until, end = threading.Event(), time.monotonic() + seconds
    for worker in workers:
        worker.until = until
        worker.start()
    try:
        yield lambda: time.monotonic() < end and not any(worker.error for worker in workers)
    finally:
        until.set()
        for worker in workers:
            worker.join()
    assert not [worker.error for worker in workers if worker.error]
