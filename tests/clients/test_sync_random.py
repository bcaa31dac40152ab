"""nextcloudcmd and owncloudcmd sync one tree again and again, while three clients and two programs on the
disk change it at random; between the runs a program changes what is its own in each client's folder.
When that has ended, both have what the server has after a few runs, and none has taken anything for
a conflict: nobody else changes what a client sends.

A name is never a file's and then a folder's, nor a link's: both clients keep a copy of such a folder,
and leave alone for a while what they could not get. Nor do folders change places: nextcloudcmd puts what
it finds in the new one into the old one (docs/clients.md).

DAVIT_SYNC_SECONDS: how long it is changed (default 4); DAVIT_SYNC_SEED: repeats the choices of a run."""

import os
import random
import shutil
import threading
import time

import programs
import pytest
from syncing import ON_DISK, SIGNED_IN, Place, Server, in_memory, read_tree, write

SECONDS = float(os.environ.get("DAVIT_SYNC_SECONDS", "4"))
SEED = os.environ.get("DAVIT_SYNC_SEED") or str(random.randrange(10 ** 9))
OWN = {"nextcloudcmd": "mn", "owncloudcmd": "op"}  # the top names in its folder that are its own
KINDS = {"is_apart": True, "without": ("symlink",), "only_files": ("exchange",)}
STEPS = 20  # of its own, before each run
RUNS = 10  # the most that it takes in the end


class Syncing(threading.Thread):
    """A client that syncs for as long as others work."""

    def __init__(self, server, name):
        super().__init__()
        self.place = Place(server, ON_DISK, [name])
        self.program = programs.Program(self.place.local, f"{SEED} {name}", OWN[name], **KINDS)
        self.until = self.error = None
        self.runs = self.failed = 0

    def run(self):
        try:
            while not self.until.is_set():
                for _ in range(STEPS):
                    self.program.step()
                self.failed += self.place.run().status != 0  # what was listed has gone, say
                self.runs += 1
        except Exception as error:  # the test fails with it
            self.error = error


def differences(here, there):
    return {path: (here.get(path, "-"), there.get(path, "-"))
            for path in here.keys() | there.keys() if here.get(path, "-") != there.get(path, "-")}


def sync_until_equal(places):
    """How many more runs of each it took."""
    for more in range(1, RUNS + 1):
        for place in places:
            done = place.run()
            assert done.status == 0, done.said[-20000:]
        wrong = [differences(read_tree(place.local), read_tree(place.remote)) for place in places]
        if not any(wrong):
            return more
    raise AssertionError(wrong)


def test_all_come_to_the_same_tree():
    for name in OWN:
        if not shutil.which(name):
            pytest.skip(f"{name} is not installed")
    print(f"DAVIT_SYNC_SEED={SEED}")
    folder = in_memory()
    try:
        with Server(folder) as server:
            clients = [Syncing(server, name) for name in OWN]
            root = clients[0].place.remote
            write(root, "kept")
            for top in [root] + [client.place.local for client in clients]:
                os.mkdir(top + ".out")
            workers = [programs.Program(root, f"{SEED} p{i}", **KINDS) for i in range(2)]
            workers += [programs.Client(server, f"{SEED} c{i}", top=f"/{ON_DISK}", fields=SIGNED_IN, is_apart=True)
                        for i in range(3)]
            with programs.at_work(workers + clients, SECONDS) as goes_on:
                while goes_on():
                    time.sleep(0.1)
            more = sync_until_equal([client.place for client in clients])
            for client in clients:
                print(f"{client.place.command[0]}: {client.runs} runs, of which {client.failed} missed something, "
                      f"{client.program.count} changes of its own")
            print(f"{sum(worker.count for worker in workers)} changes by others, {len(server.requests())} requests; "
                  f"equal after {more} more runs of each")
            assert not [path for path in read_tree(root) if "conflict" in path]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
