"""What other programs change in a tree that is synced: a client that follows by token has in the end
what there is, whether the changes are told by the kernel or found by a walk, and whether davit was
running when they were made.

DAVIT_SYNC_SECONDS: how long the others work (default 1), DAVIT_SYNC_ROUNDS: how often it is killed (3)."""

import os
import shutil
import subprocess
import time

import davit
import programs
import pytest
import test_crash
from session import Session
from sync_mirror import Mirror, TagMirror, listing

SECONDS = float(os.environ.get("DAVIT_SYNC_SECONDS", "1"))
ROUNDS = int(os.environ.get("DAVIT_SYNC_ROUNDS", "3"))
ARGS = ["--sync", "yes", "--depth-infinity", "allow", "--durability", "lazy"]
WALKED = ["--limit", "watched_directories=1", "--limit", "walk_seconds=1"]
SEEN = ".davit/changes.tree"


def wait_until_known(server):
    """The first walk has passed: what is told from then on stays known."""
    server.says("are watched for what other programs change")


def follow(mirror, client):
    """Until the client has what there is."""

    deadline = time.monotonic() + 60
    while True:
        mirror.sync(client)
        there = listing(client)
        if mirror.members == there:
            return
        wrong = {p: (mirror.members.get(p, "-"), there.get(p, "-")) for p in set(mirror.members) | set(there)}
        assert time.monotonic() < deadline, {p: pair for p, pair in wrong.items() if pair[0] != pair[1]}
        time.sleep(0.02)


@pytest.mark.parametrize("args", [[], ["--limit", "watched_directories=4", "--limit", "walk_seconds=1"]])
def test_who_follows_has_what_programs_and_clients_have_made(args):
    seed = test_crash.SEED
    print(f"DAVIT_CRASH_SEED={seed}")
    with davit.Davit(args=ARGS + args) as server, Session(server) as client:
        os.mkdir(server.root + ".out")
        workers = [programs.Program(server.root, f"{seed} p{i}") for i in range(2)]
        workers += [programs.Client(server, f"{seed} c{i}") for i in range(3)]
        mirror, by_tags = Mirror(), TagMirror()
        try:
            with programs.at_work(workers, SECONDS) as goes_on:
                while goes_on():
                    mirror.sync(client)
                    by_tags.sync(client)
        finally:
            shutil.rmtree(server.root + ".out")
        follow(mirror, client)
        if not args:  # or else something may have been made and undone, and listed, that nobody found
            follow(by_tags, client)
        print(f"{[worker.count for worker in workers]} changes; {mirror.partial} syncs by token, {mirror.whole} whole")


def test_what_was_changed_while_it_was_killed_is_told():
    seed = test_crash.SEED
    print(f"DAVIT_CRASH_SEED={seed}")
    with davit.Davit(args=ARGS) as server:
        os.mkdir(server.root + ".out")
        program, mirror = programs.Program(server.root, seed), Mirror()
        try:
            wait_until_known(server)
            for _ in range(ROUNDS):
                for _ in range(100):
                    program.step()
                with Session(server) as client:
                    mirror.sync(client)
                server.kill()
                for _ in range(50):
                    program.step()
                server.start()
                with Session(server) as client:
                    follow(mirror, client)
        finally:
            shutil.rmtree(server.root + ".out")
        print(f"{mirror.partial} syncs by token, {mirror.whole} whole")


@pytest.mark.parametrize("args, together", [([], 2), (WALKED, 10)])
def test_each_kind_of_change_is_told_by_token(args, together, tmp_path):
    """And by no more than that: a client that follows never has to begin anew. What lies apart is
    changed together where it takes a walk to find it, which cannot know that a collection is the first
    of its name."""
    root = str(tmp_path)
    os.makedirs(f"{root}/d/e")

    def follow_each(commands):
        for i in range(0, len(commands), together):
            subprocess.run(" && ".join(commands[i:i + together]), shell=True, cwd=root, check=True)
            follow(mirror, client)

    with davit.Davit(root=root, args=ARGS + args) as server, Session(server) as client:
        wait_until_known(server)
        mirror = Mirror()
        follow(mirror, client)
        long = "x" * 255
        commands = ["echo x > d/e/f", f"echo x > d/{long}", r"echo x > d/$(printf '\377\376')",
                    "echo more >> d/e/f", f"mv d/{long} {long}", r"mkdir -p $(printf 'd/\377d/e')",
                    "mv d/e/f d/g", f"rm {long}", r"echo x > $(printf 'd/\377d/e/f')",
                    "cp d/g g", r"rm $(printf 'd/\377\376')", r"rm -r $(printf 'd/\377d')",
                    "chmod +x g", "rm d/g", "echo y > d/e/y",
                    "truncate -s 0 g", "mv d/e/y y", "ln -s nowhere d/x && mv d/x d/e/l",
                    "mv g d/e/.x && mv d/e/.x d/e/x"]
        follow_each([c for c in commands if not args or "377d" not in c])
        assert mirror.whole == 1
        os.makedirs(f"{root}/n/o/p")
        follow_each(["(echo 1 > n/o/p/q; mv n m; rm -r d y)", "mkdir -p d/n/x && mv d m/d && mkdir d",
                     "rm -r d && echo x > d", "rm d && mv m/d d && rmdir d/n/x && mkdir d/n/x && rm -r d"])
        assert set(mirror.members) == {"/m", "/m/o", "/m/o/p", "/m/o/p/q"}


def test_what_davit_changes_is_told_once():
    """The kernel tells of it, too."""
    with davit.Davit(args=ARGS) as server, Session(server) as client:
        wait_until_known(server)
        mirror = Mirror()
        mirror.sync(client)
        client.expect(201, "MKCOL", "/d")
        for i in range(20):
            client.expect(201, "PUT", f"/d/f{i}", None, b"x")
        client.expect(204, "PUT", "/d/f1", None, b"y")
        client.expect(204, "DELETE", "/d/f2")
        client.expect(201, "MOVE", "/d/f3", {"Destination": f"http://{client.host}/g"})
        client.expect(201, "COPY", "/d/f4", {"Destination": f"http://{client.host}/h"})
        mirror.check(client)
        told = 26  # and what a slow machine cannot tell from others' changes
        with open(f"{server.root}/last", "w", encoding="utf-8") as file:
            file.write("x")
        follow(mirror, client)
        assert mirror.members.keys() >= {"/last", "/g", "/h"}
        assert told < int(mirror.token.rsplit("-", 1)[1]) < told + 20, mirror.token


def test_a_collection_that_davit_moves_is_told_once_and_goes_on_being_watched(tmp_path):
    for i in range(20):
        os.makedirs(tmp_path / f"a/b{i}/c")
    with davit.Davit(root=str(tmp_path), args=ARGS) as server, Session(server) as client:

        def write(path):
            with open(tmp_path / path, "w", encoding="utf-8") as file:
                file.write("x")
            follow(mirror, client)
            return int(mirror.token.rsplit("-", 1)[1])

        wait_until_known(server)
        mirror = Mirror()
        follow(mirror, client)
        before = write("first")
        for i in range(20):
            client.expect(201, "MOVE", f"/a/b{i}", {"Destination": f"http://{client.host}/d{i}"})
        # Two rows each, that file, and what a slow machine cannot tell from others' changes.
        assert before + 40 < write("last") < before + 40 + 10, mirror.token
        client.expect(201, "MOVE", "/a", {"Destination": f"http://{client.host}/d0/a"})
        for i in range(5):
            write(f"d{i}/c/f")
            os.mkdir(tmp_path / f"d{i}/c/e")
            write(f"d{i}/c/e/f")
        write("d0/a/f")
        os.rename(tmp_path / "d0", tmp_path / "a")
        write("a/a/g")
        assert mirror.whole == 1
        assert mirror.members.keys() >= {"/a/a/f", "/a/a/g", "/a/c/e/f", "/d4/c/e/f"}


def test_a_clean_restart_finds_nothing_new(tmp_path):
    os.makedirs(tmp_path / "d/e")
    with davit.Davit(root=str(tmp_path), args=ARGS) as server:
        wait_until_known(server)
        mirror = Mirror()
        with Session(server) as client:
            mirror.sync(client)
            with open(f"{server.root}/d/e/g", "w", encoding="utf-8") as file:
                file.write("x")
            follow(mirror, client)
            client.expect(201, "PUT", "/d/f", None, b"x")
            mirror.check(client)
        token = mirror.token
        time.sleep(0.1)  # what was written to a moment ago is not trusted
        server.stop()
        server.start()
        wait_until_known(server)
        with Session(server) as client:
            mirror.check(client)
        assert (mirror.token, mirror.whole) == (token, 1)


def test_without_a_snapshot_nothing_is_known():
    with davit.Davit(args=ARGS) as server:
        wait_until_known(server)
        mirror = Mirror()
        with Session(server) as client:
            client.expect(201, "PUT", "/f", None, b"x")
            mirror.check(client)
        server.stop()
        os.unlink(f"{server.root}/{SEEN}")
        os.unlink(f"{server.root}/f")
        server.start()
        wait_until_known(server)
        with Session(server) as client:
            mirror.check(client)
        assert (mirror.members, mirror.whole) == ({}, 2)
