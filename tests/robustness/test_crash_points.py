"""kill -9 at each step of a change, one after the other: strace first notes the system calls by which
the server makes the change, then kills it in each of them in turn. What test_crash.py finds by
chance is here found on purpose; each restart must show the change made or not made, never a mixture.

DAVIT_CRASH_POINTS=all tries every one (minutes); otherwise one of some, chosen anew each time."""

import os
import random
import re
import tempfile

import crash_client
import davit
import pytest
from session import litter, traced

CHANGING = ("linkat,renameat,renameat2,unlinkat,mkdirat,symlinkat,write,pwrite64,fsync,fdatasync,"
            "syncfs,fchmod,fchown,utimensat,ftruncate,fallocate,copy_file_range")
ALL = os.environ.get("DAVIT_CRASH_POINTS") == "all"
SEED = os.environ.get("DAVIT_CRASH_SEED") or str(random.randrange(10 ** 9))
ARGS = ["--depth-infinity", "allow", "--threads", "1", "--workers", "1"]


def give_props(client, *paths):
    for path in paths:
        client.patch_at(client.home + path, "abc")


def two_files(client):
    client.put(client.home + "/a")
    client.put(client.home + "/b")


def two_folders(client):
    for folder in ("/a", "/b"):
        client.mkcol_at(client.home + folder)
        client.put(f"{client.home}{folder}/x")
        client.mkcol_at(f"{client.home}{folder}/sub")
        client.put(f"{client.home}{folder}/sub/y")
        give_props(client, folder, folder + "/x", folder + "/sub/y")


def a_file(client):
    client.put(client.home + "/a")


def a_locked_file(client):
    a_file(client)
    client.lock_at(client.home + "/a", "0", 200)


def files_with_props(client):
    two_files(client)
    give_props(client, "/a", "/b")


def only_the_target_has_props(client):
    two_files(client)
    give_props(client, "/b")


def an_upload_to(name):
    def prepare(client):
        files_with_props(client)
        client.uploads.create_at(client.home + name)
    return prepare


def half_an_upload_to(name):
    def prepare(client):
        an_upload_to(name)(client)
        upload, = client.uploads.open
        client.uploads.append_to(upload, len(upload.data) // 2)
    return prepare


def with_upload(do):
    return lambda client: do(client.uploads, client.uploads.open[0])


def transfer(method):
    return lambda client: client.transfer(method, client.home + "/a", client.home + "/b")


def transfer_new(method):
    return lambda client: client.transfer(method, client.home + "/a", client.home + "/new")


SCENARIOS = {
    "put-new": (a_file, lambda c: c.put(c.home + "/new")),
    "put-over": (files_with_props, lambda c: c.put(c.home + "/a")),
    "proppatch": (files_with_props, lambda c: c.patch_at(c.home + "/a", "bcd")),
    "mkcol": (a_file, lambda c: c.mkcol_at(c.home + "/new")),
    "delete-file": (files_with_props, lambda c: c.delete(c.home + "/a")),
    "delete-locked": (a_locked_file, lambda c: c.delete(c.home + "/a")),
    "delete-folder": (two_folders, lambda c: c.delete(c.home + "/a")),
    "move-file": (files_with_props, transfer_new("MOVE")),
    "move-locked": (a_locked_file, transfer_new("MOVE")),
    "move-file-over": (files_with_props, transfer("MOVE")),
    "move-file-over-props": (only_the_target_has_props, transfer("MOVE")),
    "move-folder": (two_folders, transfer_new("MOVE")),
    "move-folder-over": (two_folders, transfer("MOVE")),
    "copy-file": (files_with_props, transfer_new("COPY")),
    "copy-file-over": (files_with_props, transfer("COPY")),
    "copy-file-over-props": (only_the_target_has_props, transfer("COPY")),
    "copy-folder": (two_folders, transfer_new("COPY")),
    "copy-folder-over": (two_folders, transfer("COPY")),
    "lock": (a_file, lambda c: c.lock_at(c.home + "/a", "0", 200)),
    "lock-new": (a_file, lambda c: c.lock_at(c.home + "/new", "0", 201)),
    "unlock": (a_locked_file, lambda c: c.unlock()),
    "upload-begin": (files_with_props, lambda c: c.uploads.create_at(c.home + "/a")),
    "upload-append": (an_upload_to("/a"), with_upload(lambda u, one: u.append_to(one, len(one.data) // 2))),
    "upload-end": (half_an_upload_to("/new"), with_upload(lambda u, one: u.finish_at(one))),
    "upload-end-over": (half_an_upload_to("/a"), with_upload(lambda u, one: u.finish_at(one))),
    "upload-terminate": (half_an_upload_to("/a"), with_upload(lambda u, one: u.end_at(one))),
}


def calls_in(log):
    """The names of those that strace was asked for; it shows some that it does not know as well."""
    return [call for call in re.findall(r"^\d+ +(\w+)\(", log.read(), re.M) if call in CHANGING.split(",")]


def trace_scenario(name):
    """The calls by which the change is made, in order."""
    prepare, change = SCENARIOS[name]
    client = crash_client.CrashClient("c", f"{SEED} {name}")
    with davit.Davit(args=ARGS) as server, tempfile.NamedTemporaryFile("r") as log:
        client.connect(server)
        prepare(client)
        with traced(server, CHANGING, None, log.name):
            change(client)
        return calls_in(log)


def crash_scenario(name, call, number):
    """False: the change was complete without an n-th such call (a body comes in more or less pieces).
    """
    prepare, change = SCENARIOS[name]
    client = crash_client.CrashClient("c", f"{SEED} {name}")
    with davit.Davit(args=ARGS) as server:
        client.connect(server)
        prepare(client)
        with traced(server, call, f"signal=KILL:when={number}"):
            try:
                change(client)
                is_hit = False
            except (OSError, EOFError):
                is_hit = True
            server.kill()
        server.start()
        assert not litter(server.root), litter(server.root)
        complaints = client.check(server)
        assert not complaints, f"killed in {call} {number}:\n" + "\n".join(complaints)
    return is_hit


CHOSEN = SCENARIOS if ALL else random.Random(SEED).sample(sorted(SCENARIOS), 8)


@pytest.mark.parametrize("name", CHOSEN)
def test_a_crash_at_any_step_leaves_all_or_nothing(name):
    calls = trace_scenario(name)
    points = [(call, calls[:i].count(call) + 1) for i, call in enumerate(calls)]
    assert points, "it changes nothing?"
    chosen = points if ALL else random.Random(f"{SEED} {name}").sample(points, 1)
    hits = sum(crash_scenario(name, call, number) for call, number in chosen)
    print(f"DAVIT_CRASH_SEED={SEED} {name}: {len(points)} points, killed at {hits}")
    assert hits or not ALL
