"""COPY and MOVE from one mount to another, with a directory or an origin on either side."""

import contextlib
import os
import re
import signal
import threading

import davit
import pytest
from origins import Apache, DavitOrigin, Gateway, Scripted, answer, multistatus, xml

KINDS = {"davit": DavitOrigin, "apache": Apache}

PATCH = """<?xml version="1.0"?><D:propertyupdate xmlns:D="DAV:"><D:set><D:prop>
<p:color xmlns:p="urn:p" xml:lang="en" p:tone="dark"><p:deep>bl&amp;ue</p:deep> sky</p:color><note xmlns="">x</note>
</D:prop></D:set></D:propertyupdate>"""
COLOR = """<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><p:color xmlns:p="urn:p"/></D:prop></D:propfind>"""
LOCK = """<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>
<D:locktype><D:write/></D:locktype></D:lockinfo>"""


class Mounts:
    """A gateway with a directory at /files, and origins at /a and /b."""

    def __init__(self, started, tmp_path, origins, server="", rest="", keys=""):
        self.root = tmp_path / "files"
        self.root.mkdir(exist_ok=True)
        self.origins = dict(origins)
        mounts = {"/files": f"root = {self.root}"}
        mounts.update({f"/{name}": f"origin = {origin.url}\n{keys}" for name, origin in origins.items()})
        self.gateway = started(Gateway(mounts, server, ["--durability", "lazy"], rest))

    def ask(self, method, path, fields=None, body=None):
        return self.gateway.request(method, path, fields, body)

    def put(self, path, body):
        assert self.ask("PUT", path, body=body).status in (201, 204)

    def mkcol(self, path):
        assert self.ask("MKCOL", path + "/").status == 201

    def get(self, path):
        done = self.ask("GET", path)
        return done.body if done.status == 200 else None

    def transfer(self, method, source, to, **fields):
        fields = {name.replace("_", "-"): value for name, value in fields.items()}
        return self.ask(method, source, {"Destination": f"http://{self.gateway.host}{to}", **fields})

    def color(self, path):
        done = self.ask("PROPFIND", path, {"Depth": "0"}, COLOR)
        found = re.search(rb"<(\w+:)?deep[^>]*>(.*?)</(\w+:)?deep>", done.body)
        return found.group(2) if found else None

    def members(self, path):
        done = self.ask("PROPFIND", path, {"Depth": "1"}, COLOR)
        return sorted(re.sub("%[0-9a-f]{2}", lambda found: found.group().upper(), href.decode()) for href in re.findall(rb"<\w+:href>([^<]*)</\w+:href>", done.body))


def failures(done):
    """The members of a 207 and their statuses."""
    assert done.status == 207, done
    return dict((path.decode(), int(status)) for path, status in re.findall(
        rb"<D:href>([^<]*)</D:href><D:status>HTTP/1.1 (\d+)", done.body))


@pytest.fixture(params=sorted(KINDS))
def mounts(request, started, tmp_path):
    kind = KINDS[request.param]
    if kind is Apache and not Apache.path():
        pytest.skip("apache2 is not installed")
    return Mounts(started, tmp_path, {"a": started(kind()), "b": started(kind())})


WAYS = [("/files", "/a"), ("/a", "/files"), ("/a", "/b")]


def plant(mounts, base):
    """A tree with what a tree can have."""
    mounts.mkcol(f"{base}/tree")
    mounts.mkcol(f"{base}/tree/d%C3%A9ep")
    mounts.mkcol(f"{base}/tree/d%C3%A9ep/empty")
    mounts.put(f"{base}/tree/one.txt", b"one")
    mounts.put(f"{base}/tree/d%C3%A9ep/t%20w%23o.txt", b"two" * 100000)
    mounts.put(f"{base}/tree/d%C3%A9ep/nothing", b"")
    for path in ("tree/", "tree/one.txt", "tree/d%C3%A9ep/"):
        assert mounts.ask("PROPPATCH", f"{base}/{path}", body=PATCH).status == 207


def check_tree(mounts, base, is_deep=True):
    assert mounts.color(f"{base}/") == b"bl&amp;ue"
    if not is_deep:
        assert mounts.members(f"{base}/") == [f"{base}/"]
        return
    assert mounts.get(f"{base}/one.txt") == b"one"
    assert mounts.get(f"{base}/d%C3%A9ep/t%20w%23o.txt") == b"two" * 100000
    assert mounts.get(f"{base}/d%C3%A9ep/nothing") == b""
    assert mounts.color(f"{base}/one.txt") == mounts.color(f"{base}/d%C3%A9ep/") == b"bl&amp;ue"
    assert mounts.members(f"{base}/d%C3%A9ep/empty/") == [f"{base}/d%C3%A9ep/empty/"]


@pytest.mark.parametrize("source, to", WAYS)
def test_tree(mounts, source, to):
    plant(mounts, source)
    assert mounts.transfer("COPY", f"{source}/tree/", f"{to}/copied/").status == 201
    check_tree(mounts, f"{to}/copied")
    check_tree(mounts, f"{source}/tree")
    assert mounts.transfer("COPY", f"{source}/tree/", f"{to}/shallow/", Depth="0").status == 201
    check_tree(mounts, f"{to}/shallow", is_deep=False)
    assert mounts.transfer("MOVE", f"{source}/tree/", f"{to}/copied/", Overwrite="F").status == 412
    check_tree(mounts, f"{source}/tree")
    mounts.put(f"{to}/copied/old.txt", b"goes")
    assert mounts.transfer("MOVE", f"{source}/tree/", f"{to}/copied/").status == 204
    check_tree(mounts, f"{to}/copied")
    assert mounts.get(f"{to}/copied/old.txt") is None
    assert mounts.ask("PROPFIND", f"{source}/tree/", {"Depth": "0"}).status == 404


@pytest.mark.parametrize("source, to", WAYS)
def test_file(mounts, source, to):
    mounts.put(f"{source}/one", b"one")
    mounts.ask("PROPPATCH", f"{source}/one", body=PATCH)
    assert mounts.transfer("COPY", f"{source}/one", f"{to}/one").status == 201
    assert mounts.get(f"{to}/one") == b"one" and mounts.color(f"{to}/one") == b"bl&amp;ue"
    mounts.put(f"{source}/two", b"two")
    assert mounts.transfer("COPY", f"{source}/two", f"{to}/one", Overwrite="F").status == 412
    assert mounts.get(f"{to}/one") == b"one"
    assert mounts.transfer("COPY", f"{source}/two", f"{to}/one").status == 204
    assert mounts.get(f"{to}/one") == b"two" and mounts.color(f"{to}/one") is None
    assert mounts.transfer("MOVE", f"{source}/two", f"{to}/missing/two").status == 409
    assert mounts.get(f"{source}/two") == b"two"
    assert mounts.transfer("MOVE", f"{source}/two", f"{to}/two").status == 201
    assert mounts.get(f"{to}/two") == b"two" and mounts.get(f"{source}/two") is None
    assert mounts.transfer("COPY", f"{source}/none", f"{to}/none").status == 404


def test_names_that_an_origin_might_take_for_others(started, tmp_path):
    """What leads up for some has no place there; a semicolon is encoded."""
    mounts = Mounts(started, tmp_path, {"a": started(DavitOrigin())})
    (mounts.root / "tree").mkdir()
    for name in ("fine", "..\\up", "a;b", "..."):
        (mounts.root / "tree" / name).write_text(name)
    done = mounts.transfer("COPY", "/files/tree/fine", "/a/..%5c..%5cup")
    assert done.status == 403
    done = mounts.transfer("COPY", "/files/tree", "/a/tree")
    assert done.status == 207 and done.body.count(b"403 Forbidden") == 2
    assert mounts.get("/a/tree/fine") == b"fine" and mounts.get("/a/tree/a%3Bb") == b"a;b"
    assert mounts.members("/a/tree/") == ["/a/tree/", "/a/tree/a;b", "/a/tree/fine"]
