"""Where openat2(2) is not to be had, davit serves all the same, says so once, and nothing leads out of the root. (The
contract suite's `directory-poor` holds all promises to that.)"""

import errno
import os
import sys

import davit
import no_openat2
import pytest
from session import Session


@pytest.fixture(params=[errno.EPERM, errno.ENOSYS], ids=errno.errorcode.get)
def served(request, tmp_path):
    (tmp_path / "secret").write_text("secret")
    root = tmp_path / "files"
    (root / "d").mkdir(parents=True)
    (root / "d" / "f").write_text("one")
    for name, target in (("in", "d/f"), ("up", "d/../d/f"), ("out", "../secret"), ("far", str(tmp_path / "secret")),
                         ("above", "d/../../secret"), ("round", "round"), ("proc", f"/proc/{os.getpid()}/root/etc/passwd")):
        os.symlink(target, root / name)
    wrapper = [sys.executable, no_openat2.__file__, str(request.param)]
    with davit.Davit(root=str(root), wrapper=wrapper) as server:
        with Session(server) as client:
            yield server, client, root


def test_it_serves_and_says_so_once(served):
    server, client, root = served
    assert client.expect(200, "GET", "/d/f").body == b"one"
    client.expect(201, "PUT", "/d/g", None, b"two")
    client.expect(201, "MKCOL", "/e")
    client.expect(201, "MOVE", "/d", {"Destination": "/e/d"})
    client.expect(201, "COPY", "/e", {"Destination": "/e2"})
    client.expect(204, "DELETE", "/e")
    assert set(client.propfind("/e2/d", depth="1")) == {b"/e2/d/", b"/e2/d/f", b"/e2/d/g"}
    assert (root / "e2/d/g").read_text() == "two"
    assert server.stderr().count("openat2(2)") == 1


def test_a_link_leads_where_it_leads_and_never_out(served):
    _, client, _ = served
    for path in ("/in", "/up"):
        assert client.expect(200, "GET", path).body == b"one"
    for path in ("/out", "/far", "/above", "/round", "/proc"):
        client.expect(403, "GET", path)
        client.expect(403, "PUT", path, None, b"x")
