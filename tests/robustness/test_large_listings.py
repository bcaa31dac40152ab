"""Large listings, at whose members several workers look: each member once and in order, whatever comes,
goes or takes the collection's place meanwhile; a client that leaves, and others who want a worker."""

import contextlib
import os
import re
import tempfile
import threading
import time

import davit
import lint
import pytest
from session import DAV, Session, members, traced

MEMBERS, MANY = 3000, 20000
BATCH = 256  # at so many members somebody looks before they are listed
SIZE_BODY = '<D:propfind xmlns:D="DAV:"><D:prop><D:getcontentlength/></D:prop></D:propfind>'
LOOKED_AT = re.compile(r'^(\d+) .*statx\(\d+, "(m\d+)"', re.M)  # by whom, and at whom


def make_members(server, name, count=MEMBERS, size=1):
    os.mkdir(server.path(name))
    for number in range(count):
        fd = os.open(server.path(name, f"m{number:05}"), os.O_CREAT | os.O_WRONLY, 0o644)
        os.truncate(fd, size)
        os.close(fd)


@pytest.fixture(name="server")
def make_server():
    """Nothing is remembered: each listing is cold."""
    with davit.Davit(args=["--limit", "cache_bytes=1", "--workers", "4", "--threads", "1"]) as server:
        yield server


def names_of(response):
    return [os.path.basename(path).decode() for path, _, _ in members(response.body)][1:]


def lookers(log):
    """{thread: the members it has looked at}."""
    found = {}
    with open(log, encoding="utf-8", errors="replace") as file:
        for thread, name in LOOKED_AT.findall(file.read()):
            found.setdefault(thread, set()).add(name)
    return found


def looked_count(log):
    return len(set().union(*lookers(log).values()))


def settled_count(log):
    """When nobody has looked at any more for a second, in which many would be."""
    count, before = looked_count(log), None
    while count != before:
        time.sleep(1)
        count, before = looked_count(log), count
    return count


def test_several_look_and_the_order_is_the_directorys(server):
    """strace makes each look a wait; then others come, however many processors there are."""
    make_members(server, "c")
    expected = os.listdir(server.path("c"))
    with tempfile.NamedTemporaryFile() as log, Session(server, 600) as client:
        with traced(server, "statx", "delay_enter=300", log.name):
            for _ in range(20):  # who is woken may come too late on a busy machine
                response = client.expect(207, "PROPFIND", "/c/", {"Depth": "1"}, SIZE_BODY)
                assert names_of(response) == expected
                if len(lookers(log.name)) > 1:
                    break
        found = lookers(log.name)
    assert len(found) > 1, "nobody has helped"
    assert set().union(*found.values()) == set(expected)


def test_a_small_listing_calls_nobody(server):
    """Not even where each look is a wait."""
    make_members(server, "c", 70)
    with tempfile.NamedTemporaryFile() as log, Session(server, 600) as client:
        with traced(server, "statx", "delay_enter=300", log.name):
            client.expect(207, "PROPFIND", "/c/", {"Depth": "1"}, SIZE_BODY)
        looked = sum(len(names) for names in lookers(log.name).values())
        threads = len(lookers(log.name))
    assert looked == 70
    assert threads <= 2, "the loop and a worker"


@contextlib.contextmanager
def slow_listing(server, log="/dev/null"):
    """A client that waits for a listing that takes minutes, and has its beginning."""
    make_members(server, "c", MANY)
    with davit.Connection(server.address, 600) as client:
        with traced(server, "statx", "delay_enter=20000", log):
            client.send(f"PROPFIND /c/ HTTP/1.1\r\nHost: {server.host}\r\nDepth: 1\r\n\r\n")
            assert client.socket.recv(4096).startswith(b"HTTP/1.1 207")
            yield client


def test_a_client_that_goes_leaves_nobody_at_its_listing(server, tmp_path):
    """What is at hand is done: no more than a batch. There is one loop, which knows that the client has gone when it
    has answered another."""
    log = str(tmp_path / "calls")
    with slow_listing(server, log) as client:
        client.close()
        with Session(server, 600) as other:
            other.expect(201, "MKCOL", "/d")
            other.expect(207, "PROPFIND", "/d/", {"Depth": "1"}, SIZE_BODY)
        before = looked_count(log)
        assert 0 < before <= settled_count(log) <= before + BATCH
    assert server.stop() == 0


def test_who_needs_a_worker_gets_one_beside_helpers(server):
    """Of four workers one lists and others help it: changes are made all the same."""
    with slow_listing(server):
        with Session(server, 600) as other:
            for number in range(3):
                other.expect(201, "PUT", f"/{number}", None, b"x")


# --- changes meanwhile ---

def rename_all(pairs):
    for old, new in pairs:
        os.rename(old, new)


def change_until(is_over, server):
    """Others than the members come and go, and the collection changes places with another."""
    number = 0
    while not is_over.is_set():
        number += 1
        folder = "c" if number % 2 else "d"
        for other in range(40):
            path = server.path(folder, f"other-{other}")
            try:
                if os.path.exists(path):
                    os.unlink(path)
                else:
                    os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o644))
            except FileNotFoundError:
                pass
        rename_all([(server.path("c"), server.path("x")), (server.path("d"), server.path("c")),
                    (server.path("x"), server.path("d"))])


@pytest.mark.parametrize("workers", ["1", "8"])
def test_nothing_is_lost_while_members_and_the_collection_change(workers):
    """All of a listing is of one collection: of members of one byte, or of those of two."""
    with davit.Davit(args=["--limit", "cache_bytes=1", "--workers", workers]) as server:
        make_members(server, "c", size=1)
        make_members(server, "d", size=2)
        is_over = threading.Event()
        changer = threading.Thread(target=change_until, args=(is_over, server))
        changer.start()
        sizes = set()
        try:
            with Session(server, 600) as client:
                done = 0
                while done < 10:
                    response = client.expect((207, 404), "PROPFIND", "/c/", {"Depth": "1"}, SIZE_BODY)
                    if response.status == 404:  # in the moment between two names
                        continue
                    lint.keep(f"large-{workers}", "PROPFIND", "/c/", response)
                    sizes.add(check_whole(response))
                    done += 1
        finally:
            is_over.set()
            changer.join()
        assert sizes <= {"1", "2"}


def check_whole(response):
    """Each of the members once, with its size and no other status; of which size they are."""
    seen, sizes = [], set()
    for path, status, found in members(response.body)[1:]:
        assert status is None, (path, status)
        name = os.path.basename(path).decode()
        if name.startswith("m"):
            seen.append(name)
            sizes.add(found[DAV + "getcontentlength"].text)
    assert sorted(seen) == [f"m{number:05}" for number in range(MEMBERS)]
    assert len(sizes) == 1
    return sizes.pop()


def test_all_of_these_answers_are_clean():
    lint.check()
