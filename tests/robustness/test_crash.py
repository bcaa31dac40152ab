"""kill -9 at random moments, under several clients at once. After each restart every acknowledged
change is there, no half file is visible, properties are with their resources, locks protect, and
nothing is left in the staging area.

DAVIT_CRASH_ROUNDS: how many rounds for each durability (default 5); DAVIT_CRASH_SEED: repeats a run
(requests and moments; the interleaving is the machine's)."""

import os
import random
import subprocess
import threading
import time

import crash_client
import davit
import pytest
from session import Session, litter, quote

ROUNDS = int(os.environ.get("DAVIT_CRASH_ROUNDS", "5"))
SEED = os.environ.get("DAVIT_CRASH_SEED") or str(random.randrange(10 ** 9))
CLIENTS = 5


class Round:
    """Clients that work until the server dies."""

    def __init__(self, server, clients, kill_after):
        self.server, self.clients, self.kill_after = server, clients, kill_after
        self.changed = threading.Condition()
        self.count = 0
        self.is_over = False
        self.complaints = []

    def work(self, client):
        try:
            client.connect(self.server)
            while True:  # until the connection dies
                client.step()
                with self.changed:
                    self.count += 1
                    self.changed.notify_all()
        except (OSError, EOFError) as error:
            self.complain_of_loss(client.home, error)
        except AssertionError as error:
            if "cut off" in str(error):
                self.complain_of_loss(client.home, error)
            else:
                self.complain(str(error))

    def read(self):
        """Whatever is read meanwhile is whole."""
        generator = random.Random(0)
        try:
            session = Session(self.server)
            while True:  # until the connection dies
                client = generator.choice(self.clients)
                path = generator.choice(list(client.tree) or ["/"])
                response = session.request("GET", quote(path))
                is_file = response.field("ETag") is not None
                if response.status == 200 and is_file and response.body:
                    assert crash_client.is_whole(response.body), f"half a file at {path}"
        except (OSError, EOFError) as error:
            self.complain_of_loss("the reader", error)
        except AssertionError as error:
            if "cut off" in str(error):
                self.complain_of_loss("the reader", error)
            else:
                self.complain(str(error))

    def complain_of_loss(self, who, error):
        """A connection that ends is fine when the server was killed."""
        if not self.is_over:
            self.complain(f"{who}: {error!r}")

    def complain(self, text):
        with self.changed:
            self.complaints.append(text)
            self.changed.notify_all()

    def run(self, jitter_s):
        threads = [threading.Thread(target=self.work, args=(c,)) for c in self.clients]
        threads.append(threading.Thread(target=self.read))
        for thread in threads:
            thread.start()
        with self.changed:
            enough = self.changed.wait_for(
                lambda: self.count >= self.kill_after or self.complaints, 120)
        time.sleep(jitter_s)  # into the middle of whatever is under way
        self.is_over = True
        self.server.kill()
        for thread in threads:
            thread.join()
        assert enough, "the server hangs"
        assert not self.complaints, "\n".join(self.complaints)
        return self.count


def crash_while_starting(server, generator):
    """Recovery must be able to begin again."""
    command = [davit.BINARY, "serve", "--listen", "127.0.0.1:0", server.root]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    time.sleep(generator.uniform(0, 0.15))
    process.kill()
    process.wait()


@pytest.mark.parametrize("durability", ["flush", "lazy"])
def test_what_was_acknowledged_survives_kill_9(durability):
    print(f"DAVIT_CRASH_SEED={SEED} {durability}")
    generator = random.Random(f"{SEED} {durability}")
    clients = [crash_client.CrashClient(f"c{i}", f"{SEED} {durability}") for i in range(CLIENTS)]
    args = ["--durability", durability, "--depth-infinity", "allow"]
    with davit.Davit(args=args) as server:
        for number in range(ROUNDS):
            count = Round(server, clients, generator.randrange(1, 300)).run(
                generator.uniform(0, 0.03))
            pending = [c.pending.what for c in clients if c.pending]
            if generator.random() < 0.3:
                crash_while_starting(server, generator)
            server.start()
            assert not litter(server.root), litter(server.root)
            complaints = [text for client in clients for text in client.check(server)]
            assert not complaints, "\n".join(complaints) + "\n" + server.stderr()
            print(f"round {number}: {count} acknowledged, under way: {pending}")
        print(f"{sum(c.acknowledged for c in clients)} changes acknowledged in {ROUNDS} rounds")
