"""No answer is older than a change that finished before its request was sent, whoever made it and
however hot the file is. DAVIT_TRUTH_SECONDS=300 makes it a soak test."""

import mmap
import os
import random
import threading
import time

import davit
import pytest
from session import Session

SECONDS = float(os.environ.get("DAVIT_TRUTH_SECONDS", "4"))
FILES = 12
LENGTHS = [64, 49152]  # what is kept in memory, and what is kept open
ABSENT = None


class Resource:
    """A file and the history of its states, each the number that it holds, or ABSENT. What was
    begun may be seen; what was finished must be."""

    def __init__(self, server, name, length):
        self.name = name
        self.length = length
        self.path = server.path(name)
        self.states = [ABSENT]
        self.begun = self.finished = 0

    def text(self):
        return self.text_of(self.begun)

    def text_of(self, state):
        return f"{state:016}".encode() * (self.length // 16)

    def begin(self, is_there):
        self.begin_state(len(self.states) if is_there else ABSENT)

    def begin_state(self, state):
        self.states.append(state)
        self.begun = len(self.states) - 1

    def finish(self):
        self.finished = self.begun

    def ask(self, session):
        finished = self.finished
        try:
            response = session.request("GET", "/" + self.name)
        except EOFError:  # it became shorter than was announced
            assert self.begun > finished, "broken off although nothing was under way"
        else:
            self.check(finished, response)

    def check(self, finished, response):
        """`finished` was so before the request was sent."""
        begun = self.begun
        possible = self.states[finished:begun + 1]
        if response.status == 404:
            assert ABSENT in possible, f"{self.name} was there since {finished} of {begun}"
            return
        assert response.status == 200
        first = response.body[:16]
        if not first.isdigit() or response.body != self.text_of(int(first)):
            assert begun > finished, f"{response.body[:64]!r}... although nothing was under way"
            return
        assert int(first) in possible, \
            f"{self.name}: {first}, but {finished} was finished"


class Mutator:
    """Another program, as far as davit can tell."""

    def __init__(self, server, files):
        self.server = server
        self.files = files
        self.random = random.Random(1)
        self.changes = [self.rewrite, self.rewrite, self.truncate, self.replace, self.remove,
                        self.rename_collection, self.map, self.link]

    def step(self):
        self.random.choice(self.changes)(self.random.choice(self.files))

    def create(self, file):
        with open(file.path, "wb") as out:
            out.write(file.text())

    def rewrite(self, file):
        is_new = file.states[-1] is ABSENT
        file.begin(True)
        if is_new:
            self.create(file)
        else:
            fd = os.open(file.path, os.O_WRONLY)
            os.pwrite(fd, file.text(), 0)
            os.close(fd)
        file.finish()

    def truncate(self, file):
        file.begin(True)
        self.create(file)
        file.finish()

    def replace(self, file):
        file.begin(True)
        with open(self.server.path("new"), "wb") as out:
            out.write(file.text())
        os.rename(self.server.path("new"), file.path)
        file.finish()

    def remove(self, file):
        if file.states[-1] is ABSENT:
            return
        file.begin(False)
        os.unlink(file.path)
        file.finish()

    def link(self, file):
        """By a name that no client has asked for."""
        if file.states[-1] is ABSENT:
            return
        other = self.server.path("..", "other")
        os.link(file.path, other)
        file.begin(True)
        fd = os.open(other, os.O_WRONLY)
        os.pwrite(fd, file.text(), 0)
        os.close(fd)
        file.finish()
        os.unlink(other)

    def map(self, file):
        if file.states[-1] is ABSENT:
            return
        fd = os.open(file.path, os.O_RDWR)
        with mmap.mmap(fd, file.length) as view:
            os.close(fd)
            for _ in range(3):
                file.begin(True)
                view[:] = file.text()
                file.finish()

    def rename_collection(self, _):
        name = "a" if self.random.random() < 0.5 else "a/b"
        inside = self.files
        states = [other.states[-1] for other in inside]
        for other in inside:
            other.begin(False)
        os.rename(self.server.path(name), self.server.path("away"))
        for other in inside:
            other.finish()
        for other, state in zip(inside, states):
            other.begin_state(state)
        os.rename(self.server.path("away"), self.server.path(name))
        for other in inside:
            other.finish()


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("threads", ["1", "3"])
def test_no_answer_is_older_than_a_finished_change(threads, length):
    with davit.Davit(args=["--threads", threads]) as server:
        os.makedirs(server.path("a", "b"))
        files = [Resource(server, f"a/b/f{number}", length) for number in range(FILES)]
        until = time.monotonic() + SECONDS / 2
        failures, asked = [], [0]

        def read(seed):
            picks = random.Random(seed)
            try:
                with Session(server) as session:
                    while time.monotonic() < until and not failures:
                        file = picks.choice(files[:3] if picks.random() < 0.8 else files)
                        file.ask(session)
                        asked[0] += 1
            except (AssertionError, OSError, EOFError) as error:
                failures.append(error)

        readers = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
        for reader in readers:
            reader.start()
        mutator = Mutator(server, files)
        while time.monotonic() < until and not failures:
            mutator.step()
            if mutator.random.random() < 0.2:
                time.sleep(mutator.random.random() * 0.01)  # time to remember something
        for reader in readers:
            reader.join()
        assert not failures, failures[0]
        assert asked[0] > 100
