"""A relative link that comes to another place by a COPY or MOVE leads where it led, or to its like within the same tree."""

import os

import davit
import pytest
from session import Session


@pytest.fixture(name="served")
def served_fixture():
    with davit.Davit() as server, Session(server) as client:
        for name in ("a/sub", "b/x", "c/d"):
            os.makedirs(f"{server.root}/{name}")
        for name in ("a/t", "a/sub/s", "c/own"):
            with open(f"{server.root}/{name}", "w", encoding="ascii") as file:
                file.write(name)
        for name, target in (("a/l", "t"), ("c/rel", "../a/sub"), ("c/d/up", "../own"), ("c/d/far", "../../a/t"),
                             ("c/d/out", "../../../etc/passwd")):
            os.symlink(target, f"{server.root}/{name}")
        yield server, client


def test_a_link_by_itself_is_moved(served):
    _, client = served
    client.expect(201, "MOVE", "/a/l", {"Destination": "/b/x/l"})
    assert client.expect(200, "GET", "/b/x/l").body == b"a/t"
    client.expect(404, "GET", "/a/l")
    client.expect(201, "MOVE", "/b/x/l", {"Destination": "/b/l"})
    client.expect(201, "MOVE", "/b/l", {"Destination": "/b/m"})
    assert client.expect(200, "GET", "/b/m").body == b"a/t"


def test_links_are_copied_with_their_tree(served):
    server, client = served
    client.expect(201, "COPY", "/c", {"Destination": "/b/x/c"})
    assert client.expect(200, "GET", "/b/x/c/rel/s").body == b"a/sub/s"
    with open(f"{server.root}/c/own", "w", encoding="ascii") as file:
        file.write("new")
    assert client.expect(200, "GET", "/b/x/c/d/up").body == b"c/own", "it is the copy's own"
    assert client.expect(200, "GET", "/b/x/c/d/far").body == b"a/t"
    assert os.readlink(f"{server.root}/b/x/c/d/out") == "../../../etc/passwd"
