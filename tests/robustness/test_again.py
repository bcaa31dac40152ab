"""A storage that others change all the time: requests run again from their beginning, and where that
does not help they are refused and leave nothing. Only with davit-again
(tests/support/again_registry.c)."""

import os

import davit
import pytest
from session import Session

with open(davit.BINARY, "rb") as binary:
    if b"DAVIT_AGAIN" not in binary.read():
        pytest.skip("nobody else changes the storage of this davit", allow_module_level=True)

LOCK = ('<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
        "<D:locktype><D:write/></D:locktype></D:lockinfo>")
PATCH = ('<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><p xmlns="urn:x">1</p></D:prop></D:set>'
         "</D:propertyupdate>")


@pytest.fixture(name="tree")
def tree_fixture(tmp_path):
    root = tmp_path / "root"
    (root / "c" / "d").mkdir(parents=True)
    (root / "f").write_text("old")
    (root / "c" / "g").write_text("g")
    return root


def seen(root):
    """All that is there, but for davit's own."""
    found = {}
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name != ".davit")
        for name in folders:
            found[os.path.relpath(os.path.join(folder, name), root)] = None
        for name in files:
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as file:
                found[os.path.relpath(path, root)] = file.read()
    return found


def requests(server, token):
    """One of each kind: method, target, fields, body, and what it comes to when it is made."""
    condition = {"If": f"</f> ({token})"}
    return [
        ("PUT", "/f", condition, "new", 204),
        ("PUT", "/new", {}, "new", 201),
        ("PUT", "/long", {}, "x" * 300000, 201),
        ("MKCOL", "/c/e", {}, None, 201),
        ("PROPPATCH", "/c/g", {}, PATCH, 207),
        ("COPY", "/c", {"Destination": "/copy"}, None, 201),
        ("MOVE", "/c/d", {"Destination": "/c/moved"}, None, 201),
        ("LOCK", "/locked", {"Depth": "0"}, LOCK, 201),
        ("LOCK", "/f", {"If": f"({token})"}, None, 200),
        ("DELETE", "/c", {}, None, 204),
        ("UNLOCK", "/f", {"Lock-Token": token}, None, 204),
    ]


@pytest.mark.parametrize("again", ["1,0", "0,1", "3,3", "0,8", "8,0"])
def test_requests_run_again_until_they_are_made(tree, monkeypatch, again):
    monkeypatch.setenv("DAVIT_AGAIN", again)
    with davit.Davit(root=str(tree)) as server, Session(server) as client:
        token = client.expect(200, "LOCK", "/f", {"Depth": "0"}, LOCK).field("Lock-Token")
        for method, target, fields, body, status in requests(server, token):
            client.expect(status, method, target, fields, body)
    assert seen(tree) == {"f": "new", "new": "new", "long": "x" * 300000, "copy": None, "copy/d": None,
                          "copy/g": "g", "copy/e": None, "locked": ""}


@pytest.mark.parametrize("again", ["99,0", "0,99"])
def test_requests_that_are_never_made_leave_nothing(tree, monkeypatch, again):
    monkeypatch.setenv("DAVIT_AGAIN", "0,0")
    with davit.Davit(root=str(tree)) as server, Session(server) as client:
        token = client.expect(200, "LOCK", "/f", {"Depth": "0"}, LOCK).field("Lock-Token")
    before = seen(tree)
    monkeypatch.setenv("DAVIT_AGAIN", again)
    with davit.Davit(root=str(tree)) as server, Session(server) as client:
        for method, target, fields, body, _ in requests(server, token):
            answer = client.expect(503, method, target, fields, body)
            assert answer.field("Retry-After"), method
            assert not answer.field("Lock-Token") and not answer.field("ETag"), method
    assert seen(tree) == before
    monkeypatch.setenv("DAVIT_AGAIN", "0,0")
    with davit.Davit(root=str(tree)) as server, Session(server) as client:
        listing = client.expect(207, "PROPFIND", "/", {"Depth": "1"}).body.decode()
        assert listing.count("<D:activelock>") == 1, listing
        assert "urn:x" not in client.expect(207, "PROPFIND", "/c/g", {"Depth": "0"}).body.decode()


def test_what_an_if_says_of_another_resource_is_still_so(tree, monkeypatch):
    """It is covered by the change: who changes it waits, or comes before."""
    monkeypatch.setenv("DAVIT_AGAIN", "1,1")
    with davit.Davit(root=str(tree)) as server, Session(server) as client:
        etag = client.expect(200, "GET", "/c/g").field("ETag")
        client.expect(204, "PUT", "/f", {"If": f"</c/g> ([{etag}])"}, "1")
        client.expect(204, "PUT", "/c/g", body="other")
        client.expect(412, "PUT", "/f", {"If": f"</c/g> ([{etag}])"}, "2")
        many = "".join(f"</c/n{number}> (Not <urn:none>)" for number in range(500))
        client.expect(204, "DELETE", "/f", {"If": many})
