"""kill -9 at random moments, under several clients at once. After each restart every acknowledged
change is there, no half file is visible, properties are with their resources, locks protect, and
nothing is left in the staging area. Uploads that last go on where they were, so do batches
that are sent again, what was deleted is in the trash, and a sync token tells what has changed since.

DAVIT_CRASH_ROUNDS: how many rounds for each durability (default 5); DAVIT_CRASH_SEED: repeats a run
(requests and moments; the interleaving is the machine's)."""

import fcntl
import glob
import hashlib
import os
import random
import struct
import subprocess
import threading
import time

import crash_client
import crash_uploads
import davit
import pytest
from session import Session, litter, need_root, quote, traced, wait_for

ROUNDS = int(os.environ.get("DAVIT_CRASH_ROUNDS", "5"))
SEED = os.environ.get("DAVIT_CRASH_SEED") or str(random.randrange(10 ** 9))
CLIENTS = 5
ARGS = ["--depth-infinity", "allow", "--sync", "yes", "--limit", f"upload_bytes_per_user={crash_uploads.ROOM}"]


def make_clients(seed, repeats=False):
    return [crash_client.CrashClient(f"c{i}", seed, syncs=True, repeats=repeats) for i in range(CLIENTS)]


def check_all(server, clients):
    complaints = [text for client in clients for text in client.check(server)]
    assert not complaints, "\n".join(complaints) + "\n" + server.stderr()
    crash_uploads.check_room(server, clients[0].session, clients)
    for client in clients:
        client.session.close()


def tally(clients):
    uploads, mirrors = [c.uploads for c in clients], [c.mirror for c in clients]
    return (f"uploads: {sum(u.begun for u in uploads)} begun, {sum(u.made for u in uploads)} committed, "
            f"{sum(u.ended for u in uploads)} terminated, {sum(u.found for u in uploads)} found open after a crash; "
            f"batches: {sum(c.batches.count for c in clients)}, {sum(c.batches.repeated for c in clients)} sent again after a crash, "
            f"in which {sum(c.batches.unknown for c in clients)} operations were not known; "
            f"syncs: {sum(m.partial for m in mirrors)} by token, {sum(m.whole for m in mirrors)} whole")


class Round:
    """Clients that work until the server dies."""

    def __init__(self, server, clients, kill_after, end=None):
        self.server, self.clients, self.kill_after = server, clients, kill_after
        self.end = end  # what comes before the kill
        for client in clients:
            client.is_too_late = lambda: self.end is not None and self.is_over
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
            if "cut off" in str(error) or (self.end and self.is_over):  # or refused by a dead disk
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
        if self.end:
            self.end()
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


def check_kept(server, clients):
    """All that was deleted is in the trash, whole."""
    kept = set()
    for folder, _, names in os.walk(os.fsencode(f"{server.root}/.trash")):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                kept.add(hashlib.sha256(file.read()).hexdigest())
    for client in clients:
        assert client.deleted <= kept, f"{client.home}: {len(client.deleted - kept)} are not kept"


@pytest.mark.parametrize("durability, more", [("flush", []), ("lazy", []), ("lazy", ["--keep", "30d"])],
                         ids=["flush", "lazy", "kept"])
def test_what_was_acknowledged_survives_kill_9(durability, more):
    print(f"DAVIT_CRASH_SEED={SEED} {durability}")
    generator = random.Random(f"{SEED} {durability}")
    clients = make_clients(f"{SEED} {durability}", repeats=True)
    with davit.Davit(args=["--durability", durability, *ARGS, *more]) as server:
        for number in range(ROUNDS):
            count = Round(server, clients, generator.randrange(1, 300)).run(
                generator.uniform(0, 0.03))
            pending = [c.pending.what for c in clients if c.pending]
            if generator.random() < 0.3:
                crash_while_starting(server, generator)
            server.start()
            assert not litter(server.root), litter(server.root)
            check_all(server, clients)
            if more:
                check_kept(server, clients)
            print(f"round {number}: {count} acknowledged, under way: {pending}")
        print(f"{sum(c.acknowledged for c in clients)} changes acknowledged in {ROUNDS} rounds; "
              f"{tally(clients)}")


# --- the loss of power ---

EXT4_IOC_SHUTDOWN = 0x8004587d
NOT_EVEN_THE_JOURNAL = 2


class Disk:
    """An ext4 of its own, from which the power can be taken."""

    def __init__(self, folder):
        need_root("mounting a file system")
        self.image, self.point = f"{folder}/disk", f"{folder}/served"
        with open(self.image, "wb") as file:
            file.truncate(256 << 20)
        made = subprocess.run(["mkfs.ext4", "-q", "-F", self.image], capture_output=True, check=False)
        if made.returncode:
            pytest.skip(f"mkfs.ext4: {made.stderr.decode().strip()}")
        os.mkdir(self.point)
        self.is_mounted = False

    def mount(self):
        made = subprocess.run(["mount", "-o", "loop", self.image, self.point], capture_output=True,
                              check=False)
        if made.returncode:
            pytest.skip(f"mount -o loop: {made.stderr.decode().strip()}")
        self.is_mounted = True

    def unmount(self):
        if self.is_mounted:
            wait_for(lambda: subprocess.run(["umount", self.point], check=False,
                                            capture_output=True).returncode == 0, "umount")
            # who has a mount namespace of his own may hold it, and then the next mount would be of the same, without power
            wait_for(lambda: not subprocess.run(["losetup", "-j", self.image], check=True,
                                                capture_output=True).stdout, "umount everywhere")
        self.is_mounted = False

    def lose_power(self):
        """What has not reached the disk is gone, and nothing reaches it any more."""
        fd = os.open(self.point, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, struct.pack("I", NOT_EVEN_THE_JOURNAL))
        except OSError as error:
            pytest.skip(f"ioctl(EXT4_IOC_SHUTDOWN): {error}")
        finally:
            os.close(fd)


def test_what_was_acknowledged_survives_the_loss_of_power(tmp_path):
    print(f"DAVIT_CRASH_SEED={SEED} power")
    generator = random.Random(f"{SEED} power")
    clients = make_clients(f"{SEED} power")
    disk = Disk(tmp_path)
    disk.mount()
    server = davit.Davit(root=disk.point, args=ARGS)
    try:
        for number in range(ROUNDS):
            count = Round(server, clients, generator.randrange(1, 300), disk.lose_power).run(
                generator.uniform(0, 0.03))
            disk.unmount()
            disk.mount()
            server.start()
            check_all(server, clients)
            print(f"round {number}: {count} acknowledged")
        print(tally(clients))
        server.stop()
    finally:
        if server.process.poll() is None:
            server.kill()
        disk.unmount()


# --- system calls that fail ---

class Failing:
    """So many of a thousand system calls that change files fail, from now on, and so many more of
    those that flush."""

    def __init__(self, folder):
        self.control = f"{folder}/failing"
        self.set(0)
        self.module = os.path.join(os.path.dirname(davit.BINARY), "tests/support/failing_calls.so")
        if not os.path.exists(self.module):
            pytest.skip(f"there is no {self.module}")
        asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        self.wrapper = ["env", f"LD_PRELOAD={self.module}", f"DAVIT_FAILING_CALLS={self.control}",
                        f"ASAN_OPTIONS={asan.strip(':')}"]

    def set(self, permille, of_flushes=0):
        with open(self.control, "r+b" if os.path.exists(self.control) else "wb") as file:
            file.write(struct.pack("II", permille, of_flushes))


def test_a_patch_that_could_not_be_flushed_does_not_come_true_later(tmp_path):
    failing = Failing(tmp_path)
    patch = ('<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><a xmlns="urn:x">{}</a></D:prop></D:set>'
             "</D:propertyupdate>")
    with davit.Davit(wrapper=failing.wrapper) as server:
        with Session(server) as client:
            client.expect(201, "PUT", "/f", None, b"x")
            assert b"200 OK" in client.expect(207, "PROPPATCH", "/f", None, patch.format("one")).body
            failing.set(0, of_flushes=1000)
            assert b"200 OK" not in client.expect(207, "PROPPATCH", "/f", None, patch.format("two")).body
        failing.set(0)
        server.kill()
        server.start()
        with Session(server) as client:
            assert client.propfind("/f")[b"/f"]["{urn:x}a"].text == "one"


def test_an_upload_that_was_refused_and_cannot_be_moved_away_is_not_there():
    """Its place could not be flushed."""
    wish = {**crash_uploads.TUS, "Upload-Length": 3}
    with davit.Davit() as server, Session(server) as client:
        url = client.expect(201, "POST", "/f", wish, b"").field("Location")
        client.expect(204, "DELETE", url, crash_uploads.TUS)
        owner, = glob.glob(f"{server.root}/.davit/uploads/*")
        failing = ["-e", "inject=fsync:error=EIO", "-e", "inject=renameat:error=EIO:when=2"]
        with traced(server, "fsync,renameat", path=owner, more=failing):
            client.expect(500, "POST", "/f", wish, b"")
        assert not crash_uploads.listed(server) and not os.listdir(owner)


def test_where_uploads_cannot_be_kept_just_now_nobody_is_denied():
    wish = {**crash_uploads.TUS, "Upload-Length": 3}
    with davit.Davit() as server, Session(server) as client:
        for error, status in (("EIO", 500), ("ENOSPC", 507)):
            with traced(server, "mkdirat", f"error={error}"):
                client.expect(status, "POST", "/f", wish, b"")
        client.expect(201, "POST", "/f", wish, b"")


@pytest.mark.parametrize("durability", ["flush", "lazy"])
def test_what_is_answered_is_what_happened_when_calls_fail(durability, tmp_path):
    """3 % of them. What was refused has not been made, what was acknowledged is there, also after a
    crash, in which no call fails."""
    print(f"DAVIT_CRASH_SEED={SEED} calls {durability}")
    generator = random.Random(f"{SEED} calls {durability}")
    failing = Failing(tmp_path)
    client = crash_client.CrashClient("c", f"{SEED} calls {durability}", may_fail=True, syncs=True)
    args = ["--durability", durability, "--log-level", "error", *ARGS]
    refused = 0
    with davit.Davit(args=args, wrapper=failing.wrapper) as server:
        client.connect(server)
        for _ in range(ROUNDS * 4):
            failing.set(30)
            for _ in range(generator.randrange(20, 60)):
                try:
                    client.step()
                except crash_client.Refused as answer:
                    refused += 1
                    failing.set(0)
                    complaints = client.check(server)
                    assert not complaints, f"{answer}\n" + "\n".join(complaints)
                    failing.set(30)
            failing.set(0)
            if generator.random() < 0.5:
                server.kill()
                server.start()
            complaints = client.check(server)
            assert not complaints, "\n".join(complaints) + "\n" + server.stderr()[-3000:]
    print(f"{client.acknowledged} changes acknowledged, {refused} refused; {tally([client])}")
