"""A client that syncs by token (RFC 6578) while others change the same tree, and while the server is
killed or the power goes: what it has is what a listing shows, each time.

DAVIT_SYNC_SECONDS: how long the others work (default 6); DAVIT_CRASH_ROUNDS and DAVIT_CRASH_SEED as in
test_crash.py."""

import os
import random
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree

import crash_client
import davit
import programs
import pytest
import test_access
import test_crash
import test_crash_points
import test_folding
from session import DAV, Session, need_root, quote, reload, traced, wait_for
from sync_mirror import Mirror, path_of

SECONDS = float(os.environ.get("DAVIT_SYNC_SECONDS", "6"))
ARGS = ["--sync", "yes", "--others-write", "no", "--depth-infinity", "allow"]


@pytest.mark.parametrize("args", [[], ["--limit", "synced_changes=50"], ["--limit", "sync_count=3"]])
def test_who_syncs_while_others_change_has_what_is_there(args):
    seed = test_crash.SEED
    print(f"DAVIT_CRASH_SEED={seed}")
    with davit.Davit(args=ARGS + ["--durability", "lazy"] + args) as server, Session(server) as client:
        for _ in range(3):
            mirrors = [Mirror(), Mirror(bound=2)]
            others = [programs.Client(server, f"{seed} {i}") for i in range(3)]
            with programs.at_work(others, SECONDS / 3) as goes_on:
                while goes_on():
                    for mirror in mirrors:
                        mirror.sync(client)
            for mirror in mirrors:  # now that nobody is in between
                mirror.check(client)
                print(f"{mirror.partial} syncs by token, {mirror.whole} whole, {mirror.pages} more pages; "
                      f"{sum(other.count for other in others)} changes")


class SyncRound(test_crash.Round):
    """Clients that work until the server dies, and one that syncs."""

    mirror = None

    def read(self):
        try:
            with Session(self.server) as client:
                while True:  # until the connection dies
                    self.mirror.sync(client)
        except (OSError, EOFError) as error:
            self.complain_of_loss("who syncs", error)
        except (AssertionError, ElementTree.ParseError) as error:
            if "cut off" in str(error) or self.is_over:
                self.complain_of_loss("who syncs", error)
            else:
                self.complain(str(error))


def run_round(server, clients, mirror, generator, end=None):
    this = SyncRound(server, clients, generator.randrange(1, 300), end)
    this.mirror = mirror
    return this.run(generator.uniform(0, 0.03))


def check_all(server, clients, mirror):
    with Session(server) as client:
        mirror.check(client)
    complaints = [text for client in clients for text in client.check(server)]
    for client in clients:
        client.session.close()
    assert not complaints, "\n".join(complaints) + "\n" + server.stderr()


@pytest.mark.parametrize("durability", ["flush", "lazy"])
def test_each_acknowledged_change_is_told_after_kill_9(durability):
    seed = f"{test_crash.SEED} sync {durability}"
    print(f"DAVIT_CRASH_SEED={seed}")
    generator = random.Random(seed)
    clients = [crash_client.CrashClient(f"c{i}", seed) for i in range(3)]
    mirror = Mirror()
    with davit.Davit(args=ARGS + ["--durability", durability]) as server:
        for number in range(test_crash.ROUNDS):
            count = run_round(server, clients, mirror, generator)
            if generator.random() < 0.3:
                test_crash.crash_while_starting(server, generator)
            server.start()
            check_all(server, clients, mirror)
            print(f"round {number}: {count} acknowledged; {mirror.partial} syncs by token, {mirror.whole} whole")
    assert mirror.partial


def test_each_acknowledged_change_is_told_after_the_loss_of_power(tmp_path):
    seed = f"{test_crash.SEED} sync power"
    print(f"DAVIT_CRASH_SEED={seed}")
    generator = random.Random(seed)
    clients = [crash_client.CrashClient(f"c{i}", seed) for i in range(3)]
    mirror = Mirror()
    disk = test_crash.Disk(tmp_path)
    disk.mount()
    server = davit.Davit(root=disk.point, args=ARGS)
    try:
        for number in range(test_crash.ROUNDS):
            count = run_round(server, clients, mirror, generator, disk.lose_power)
            disk.unmount()
            disk.mount()
            server.start()
            check_all(server, clients, mirror)
            print(f"round {number}: {count} acknowledged; {mirror.partial} syncs by token, {mirror.whole} whole")
        server.stop()
    finally:
        if server.process.poll() is None:
            server.kill()
        disk.unmount()


def change_under(server, name, change_is, seed):
    """A server with what the scenario needs, and a client that has synced it; what became of the change."""
    prepare, change = test_crash_points.SCENARIOS[name]
    client, mirror = crash_client.CrashClient("c", f"{seed} {name}"), Mirror()
    client.connect(server)
    prepare(client)
    with Session(server) as session:
        mirror.sync(session)
    with change_is:
        try:
            change(client)
        except (OSError, EOFError):
            pass  # that was the crash
    return mirror


@pytest.mark.parametrize("name", random.Random(f"{test_crash.SEED} points").sample(
    sorted(test_crash_points.SCENARIOS), 5))
def test_a_change_that_a_crash_interrupts_at_any_step_is_told(name):
    seed = test_crash.SEED
    print(f"DAVIT_CRASH_SEED={seed}")
    args = ARGS + ["--threads", "1", "--workers", "1"]
    calls = test_crash_points.CHANGING
    with davit.Davit(args=args) as server, tempfile.NamedTemporaryFile("r") as log:
        change_under(server, name, traced(server, calls, None, log.name), seed)
        points = test_crash_points.calls_in(log)
    for at in random.Random(f"{seed} {name}").sample(range(len(points)), min(2, len(points))):
        call, number = points[at], points[:at + 1].count(points[at])
        with davit.Davit(args=args) as server:
            mirror = change_under(server, name, traced(server, call, f"signal=KILL:when={number}"), seed)
            server.kill()
            server.start()
            with Session(server) as session:
                mirror.check(session)


def test_a_token_outlives_the_restart_and_what_is_told_is_small():
    """Of 2,000 members, ten changes are ten responses."""
    with davit.Davit(args=ARGS + ["--durability", "lazy"]) as server:
        mirror = Mirror()
        for i in range(20):
            os.makedirs(f"{server.root}/d{i}")
            for j in range(100):
                with open(f"{server.root}/d{i}/f{j}", "w", encoding="utf-8") as file:
                    file.write("x")
        with Session(server) as client:
            mirror.sync(client)
            assert len(mirror.members) == 2020
            for i in range(10):
                client.expect(204, "PUT", quote(f"/d{i}/f{i}"), None, b"y")
        server.stop()
        server.start()
        with Session(server) as client:
            body = (f'<D:sync-collection xmlns:D="DAV:"><D:sync-token>{mirror.token}</D:sync-token>'
                    "<D:sync-level>infinite</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>")
            told = ElementTree.fromstring(client.expect(207, "REPORT", "/", None, body).body)
            assert len(list(told.iter(DAV + "response"))) == 10
            mirror.check(client)
            assert (mirror.whole, mirror.partial) == (1, 1)


def test_a_first_sync_in_parts_has_all_there_is(tmp_path):
    """Whatever the names are, also where it goes on after a restart."""
    odd = ["a", "a!", "a b", "a-", "b%41", "ü", "x" * 200, ".dot", "z"]
    for name in odd:
        os.makedirs(tmp_path / name / "a" / "a b")
        (tmp_path / name / "a!").write_text("x")
        (tmp_path / name / "a" / "a").write_text("x")
    for i in range(700):
        (tmp_path / "z" / f"f{i}").write_text("x")
    with davit.Davit(root=str(tmp_path), args=ARGS + ["--durability", "lazy"]) as server:
        for bound in (1, 30):  # ten times as many in the first sync
            mirror = Mirror(bound)
            with Session(server) as client:
                assert not mirror.ask(client)
            server.stop()
            server.start()
            with Session(server) as client:
                mirror.check(client)
            assert (mirror.whole, len(mirror.members)) == (1, 745)
            assert mirror.pages >= 745 // (10 * bound) - 1


def test_a_name_that_is_spelt_in_another_way_now_is_gone(tmp_path):
    """On a file system that takes both for one, the old one would still lead to it."""
    need_root("mounting a file system")
    place = str(tmp_path / "place")
    os.mkdir(place)
    with open(tmp_path / "image", "wb") as file:
        file.truncate(64 << 20)
    test_folding.mount_ntfs(str(tmp_path / "image"), place)
    try:
        with davit.Davit(root=place, args=ARGS) as server, Session(server) as client:
            mirror = Mirror()
            client.expect(201, "PUT", "/name", None, b"x")
            client.expect(201, "MKCOL", "/folder")
            mirror.check(client)
            client.expect((201, 204), "MOVE", "/name", {"Destination": "/Name"})
            client.expect((201, 204), "MOVE", "/folder", {"Destination": "/FolDer"})
            mirror.check(client)
            client.expect(201, "PUT", "/New", None, b"x")
            client.expect(201, "PUT", "/folder/Two", None, b"x")
            mirror.check(client)
            assert {name.lower() for name in mirror.members} == {"/name", "/folder", "/new", "/folder/two"}
            assert mirror.partial
    finally:
        wait_for(lambda: subprocess.run(["umount", place], check=False, capture_output=True).returncode == 0,
                 "umount")


def test_what_comes_into_sight_by_a_rule_is_told(tmp_path):
    """It has not changed, and a token from before knows nothing of it; others' tokens stay."""
    config, open_to_all = tmp_path / "davit.conf", '[rule "/"]\nallow = all for users\n'
    for name in ("alice", "bob"):
        davit.add_user(str(tmp_path / "users"), name, "pencil")
    users = f"[server]\nusers = {tmp_path}/users\n" + open_to_all
    config.write_text(users + '[rule "/secret"]\ndeny = all for bob\nhidden = yes\n')
    with davit.Davit(args=["-c", str(config)] + ARGS) as server, Session(server) as client:

        def sync(user, token=""):
            body = (f'<D:sync-collection xmlns:D="DAV:"><D:sync-token>{token}</D:sync-token>'
                    "<D:sync-level>infinite</D:sync-level><D:prop/></D:sync-collection>")
            answer = client.request("REPORT", "/", test_access.basic(user, "pencil"), body)
            if answer.status == 403:
                assert b"valid-sync-token" in answer.body
                return None, None
            assert answer.status == 207, answer
            told = ElementTree.fromstring(answer.body)
            return {path_of(r) for r in told.iter(DAV + "response")}, told.findtext(DAV + "sync-token")

        client.expect(201, "MKCOL", "/secret", test_access.basic("alice", "pencil"))
        members, of_bob = sync("bob")
        assert members == set()
        members, of_alice = sync("alice")
        assert members == {"/secret"}
        assert sync("bob", of_alice) == sync("alice", of_bob) == (None, None)
        config.write_text(users)
        reload(server)
        assert sync("bob", of_bob) == (None, None)
        assert sync("bob")[0] == {"/secret"}
        assert sync("alice", of_alice) == (set(), of_alice)
