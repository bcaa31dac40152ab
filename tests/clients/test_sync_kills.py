"""nextcloudcmd sends a tree while the server is killed again and again: in the end both sides have the
same files, and nothing was taken for a conflict. That is so where davit is alone, and where others write
there, too: then the log that a kill leaves is not believed, and each collection has another tag.

DAVIT_SYNC_FILES, DAVIT_SYNC_KILLS: how many (default 60 and 2; `make soak` has 10,000 and 20)."""

import os
import random
import shutil
import socket
import threading
import time

import pytest
from syncing import ON_DISK, Place, Server, in_memory, read_tree, write

FILES = int(os.environ.get("DAVIT_SYNC_FILES", "60"))
KILLS = int(os.environ.get("DAVIT_SYNC_KILLS", "2"))


class KilledServer(Server):
    """One that comes back at the address that the client knows."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        super().__init__(folder)

    def start(self):
        if self.args[-2] != "--listen":
            self.args += ["--listen", f"127.0.0.1:{self.port}"]
        super().start()

    def count(self):
        return len(self.requests())


@pytest.mark.skipif(not shutil.which("nextcloudcmd"), reason="nextcloudcmd is not installed")
@pytest.mark.parametrize("name", ["t0", ON_DISK])
def test_nothing_is_lost_and_nothing_is_there_twice(name):
    generator = random.Random(FILES)
    folder = in_memory()
    try:
        with KilledServer(folder) as server:
            server.url = f"http://127.0.0.1:{server.port}"
            place = Place(server, name, ["nextcloudcmd"])
            for i in range(FILES):
                write(place.local, f"d{i % 13}/e{i % 7}/file {i}", generator.randbytes(generator.choice([0, 10, 3000, 40000])))
            for i in range(KILLS):
                client = threading.Thread(target=place.run)
                client.start()
                enough = server.count() + generator.randrange(5, 5 + max(10, FILES // (KILLS + 1)))
                while server.count() < enough and client.is_alive():
                    time.sleep(0.01)
                server.kill()
                server.start()
                server.url = f"http://127.0.0.1:{server.port}"
                client.join()
            for more in range(1, 21):
                if place.run().status == 0 and read_tree(place.local) == read_tree(place.remote):
                    break
            here, there = read_tree(place.local), read_tree(place.remote)
            assert here == there
            assert len([path for path, content in here.items() if content]) == FILES
            assert not [path for path in here if "conflict" in path]
            print(f"{FILES} files, {KILLS} kills, {more} runs behind the last, {server.count()} requests")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
