"""COPY and MOVE from one mount to another, with a directory or an origin on either side."""

import contextlib
import os
import re
import signal
import threading

import davit
import pytest
from origins import Apache, DavitOrigin, Gateway, Scripted, answer, multistatus, xml
from session import wait_for

KINDS = {"davit": DavitOrigin, "apache": Apache}

PATCH = """<?xml version="1.0"?><D:propertyupdate xmlns:D="DAV:"><D:set><D:prop>
<p:color xmlns:p="urn:p" xml:lang="en" p:tone="dark"><p:deep>bl&amp;ue</p:deep> sky</p:color><note xmlns="">x</note>
</D:prop></D:set></D:propertyupdate>"""
COLOR = """<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop><p:color xmlns:p="urn:p"/></D:prop></D:propfind>"""
LOCK = """<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>
<D:locktype><D:write/></D:locktype></D:lockinfo>"""


class Mounts:
    """A gateway with a directory at /files, and origins at /a and /b."""

    def __init__(self, started, tmp_path, origins, server="", rest="", keys="", args=()):
        self.root = tmp_path / "files"
        self.root.mkdir(exist_ok=True)
        self.origins = dict(origins)
        mounts = {"/files": f"root = {self.root}"}
        mounts.update({f"/{name}": f"origin = {origin.url}\n{keys}" for name, origin in origins.items()})
        self.gateway = started(Gateway(mounts, server, ["--durability", "lazy", *args], rest))

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


# --- members that fail ---

@pytest.mark.parametrize("source, to", WAYS)
def test_locked_destination(mounts, source, to):
    """Its token goes to the origin that it is of; where it is missing nothing is done."""
    mounts.put(f"{source}/one", b"new")
    mounts.put(f"{to}/one", b"old")
    token = mounts.ask("LOCK", f"{to}/one", {"Timeout": "Second-600"}, LOCK).field("Lock-Token")
    assert mounts.transfer("MOVE", f"{source}/one", f"{to}/one").status == 423
    assert mounts.get(f"{to}/one") == b"old" and mounts.get(f"{source}/one") == b"new"
    wrong = f"<http://{mounts.gateway.host}{to}/one> (<urn:uuid:00000000-0000-0000-0000-000000000000>)"
    assert mounts.transfer("MOVE", f"{source}/one", f"{to}/one", If=wrong).status == 412
    assert mounts.transfer("MOVE", f"{source}/one", f"{to}/one",
                           If=f"<http://{mounts.gateway.host}{to}/one> ({token})").status == 204
    assert mounts.get(f"{to}/one") == b"new" and mounts.get(f"{source}/one") is None
    assert mounts.ask("PUT", f"{to}/one", body=b"x").status == 423  # the lock is the name's


@pytest.mark.parametrize("source, to", WAYS)
def test_locked_collection_above(mounts, source, to):
    mounts.mkcol(f"{to}/shared")
    mounts.mkcol(f"{source}/tree")
    mounts.put(f"{source}/tree/one", b"one")
    token = mounts.ask("LOCK", f"{to}/shared/", {"Depth": "infinity"}, LOCK).field("Lock-Token")
    assert mounts.transfer("COPY", f"{source}/tree/", f"{to}/shared/tree/").status == 423
    assert mounts.transfer("COPY", f"{source}/tree/", f"{to}/shared/tree/", If=f"<{to}/shared/> ({token})").status == 201
    assert mounts.get(f"{to}/shared/tree/one") == b"one"


@pytest.mark.parametrize("source, to", WAYS)
def test_locked_source(mounts, source, to):
    """A member of the source that is locked stays, and so does what holds it."""
    plant(mounts, source)
    token = mounts.ask("LOCK", f"{source}/tree/d%C3%A9ep/nothing", {}, LOCK).field("Lock-Token")
    done = mounts.transfer("MOVE", f"{source}/tree/", f"{to}/tree/")
    assert failures(done) == {f"{source}/tree/d%C3%A9ep/nothing": 423}
    assert mounts.get(f"{source}/tree/d%C3%A9ep/nothing") == b"" and mounts.get(f"{source}/tree/one.txt") is None
    assert mounts.get(f"{to}/tree/one.txt") == b"one" and mounts.get(f"{to}/tree/d%C3%A9ep/nothing") is None
    done = mounts.transfer("MOVE", f"{source}/tree/", f"{to}/again/",
                           If=f"<{source}/tree/d%C3%A9ep/nothing> ({token})")
    assert done.status == 201 and mounts.get(f"{to}/again/d%C3%A9ep/nothing") == b""


@pytest.mark.parametrize("source, to", WAYS)
def test_conditions(mounts, source, to):
    """Entity tags are those that a client has from there."""
    mounts.put(f"{source}/one", b"one")
    tag = mounts.ask("GET", f"{source}/one").field("ETag")
    there = f"<{source}/one> ([{tag}])"
    assert mounts.transfer("COPY", f"{source}/one", f"{to}/one", If_Match='"other"').status == 412
    assert mounts.transfer("COPY", f"{source}/one", f"{to}/one", If='(["other"])').status == 412
    if not tag.startswith("W/"):
        assert mounts.transfer("COPY", f"{source}/one", f"{to}/one", If_Match=tag).status == 201
        assert mounts.transfer("COPY", f"{source}/one", f"{to}/two", If=there).status == 201
    assert mounts.transfer("COPY", f"{source}/one", f"{to}/one", Depth="7").status == 400
    assert mounts.transfer("COPY", f"{source}/one", f"{to}/one", Overwrite="X").status == 400


@pytest.mark.parametrize("source, to", WAYS)
def test_rules(source, to, started, tmp_path):
    """They are asked about each member, of both ends."""
    rules = f"""[rule "/"]
allow = all for everyone
[rule "{source}/tree/closed"]
deny = read for everyone
[rule "{source}/tree/fixed"]
deny = write for everyone
[rule "{to}/tree/full"]
deny = write for everyone
"""
    origins = {"a": started(DavitOrigin()), "b": started(DavitOrigin())}
    mounts = Mounts(started, tmp_path, origins, rest=rules)
    base = {"/files": str(mounts.root), "/a": f"{origins['a'].tree}/inner"}[source]
    for name in ("open", "closed", "fixed", "full"):
        os.makedirs(f"{base}/tree/{name}")
        with open(f"{base}/tree/{name}/one", "w", encoding="utf-8") as file:
            file.write(name)
    assert failures(mounts.transfer("COPY", f"{source}/tree/", f"{to}/tree/")) == {
        f"{source}/tree/closed/": 403, f"{source}/tree/full/": 403}
    assert mounts.get(f"{to}/tree/open/one") == b"open" and mounts.get(f"{to}/tree/fixed/one") == b"fixed"
    assert failures(mounts.transfer("MOVE", f"{source}/tree/", f"{to}/moved/")) == {
        f"{source}/tree/closed/": 403, f"{source}/tree/fixed/": 403}
    assert mounts.get(f"{to}/moved/full/one") == b"full" and mounts.get(f"{source}/tree/full/one") is None
    assert mounts.get(f"{source}/tree/fixed/one") == b"fixed"


def test_read_only(started, tmp_path):
    origins = {"a": started(DavitOrigin()), "b": started(DavitOrigin())}
    mounts = Mounts(started, tmp_path, origins, keys="read-only = yes")
    with open(f"{origins['a'].tree}/inner/one", "w", encoding="utf-8") as file:
        file.write("one")
    mounts.put("/files/two", b"two")
    assert mounts.transfer("COPY", "/a/one", "/files/one").status == 201
    assert mounts.transfer("MOVE", "/a/one", "/files/other").status == 403
    assert mounts.transfer("COPY", "/a/one", "/b/one").status == 403
    assert mounts.transfer("COPY", "/files/two", "/a/two").status == 403
    assert mounts.transfer("MOVE", "/a/", "/files/all/").status in (403, 405)


def test_quota(started, tmp_path):
    """Of a directory: what is too much is named, and its source stays."""
    origin = started(DavitOrigin())
    root = tmp_path / "root"
    root.mkdir()
    gateway = started(Gateway({"/files": f"root = {root}\nquota = 10000", "/a": f"origin = {origin.url}"}))
    os.mkdir(f"{origin.tree}/inner/tree")
    for name, size in (("small", 100), ("large", 20000)):
        with open(f"{origin.tree}/inner/tree/{name}", "wb") as file:
            file.write(b"x" * size)
    done = gateway.request("MOVE", "/a/tree/", {"Destination": "/files/tree/"})
    assert failures(done) == {"/a/tree/large": 507}
    assert os.path.exists(root / "tree" / "small") and os.listdir(f"{origin.tree}/inner/tree") == ["large"]


# --- one server by two names ---

def test_two_mounts_of_one_origin(started, tmp_path):
    """The origin does it itself, and what lies in itself is refused."""
    origin = started(DavitOrigin())
    gateway = started(Gateway({"/all": f"origin = {origin.url}", "/part": f"origin = {origin.url}part/"}))
    os.makedirs(f"{origin.tree}/inner/part/tree")
    with open(f"{origin.tree}/inner/part/tree/one", "w", encoding="utf-8") as file:
        file.write("one")
    for method, source, to in (("MOVE", "/all/part/tree/", "/part/tree/"), ("COPY", "/all/part/tree/one", "/part/tree/one"),
                               ("MOVE", "/part/tree/", "/all/part/tree/new/"), ("MOVE", "/all/part/tree/one", "/part/tree/")):
        assert gateway.request(method, source, {"Destination": to}).status == 403, (method, source)
    assert gateway.request("MOVE", "/part/tree/", {"Destination": "/all/tree/"}).status == 201
    assert os.path.exists(f"{origin.tree}/inner/tree/one")
    origin.says_of_access("MOVE")  # which the gateway has sent: it was one request


def test_this_server_is_its_own_origin(started, tmp_path):
    """It would wait for what it holds itself."""
    root = tmp_path / "root"
    (root / "tree").mkdir(parents=True)
    (root / "tree" / "one").write_text("one")
    gateway = Gateway({"/files": f"root = {root}"})
    with started(gateway):
        port = gateway.host.split(":")[1]
    again = started(Gateway({"/files": f"root = {root}", "/self": f"origin = http://127.0.0.1:{port}/files/"},
                            args=["--listen", f"127.0.0.1:{port}"]))
    for method in ("COPY", "MOVE"):
        assert again.request(method, "/files/tree/", {"Destination": "/self/tree/"}).status == 502
        assert again.request(method, "/self/tree/", {"Destination": "/files/other/"}).status == 502
    assert (root / "tree" / "one").read_text() == "one" and os.listdir(root / "tree") == ["one"]
    again.says("status 508")


# --- faults ---

def found(path, props, status=200):
    return (f"<D:href>{path}</D:href><D:propstat><D:prop>{props}</D:prop><D:status>HTTP/1.1 {status} X</D:status>"
            "</D:propstat>")


FOLDER = "<D:resourcetype><D:collection/></D:resourcetype>"


def file_props(length, tag):
    return (f"<D:resourcetype/><D:getcontentlength>{length}</D:getcontentlength><D:getetag>{tag}</D:getetag>"
            "<D:getlastmodified>Sun, 06 Nov 1994 08:49:37 GMT</D:getlastmodified>")


class Tree(Scripted):
    """An origin with a collection of two files; `over` answers, or acts, by method and target instead."""

    def __init__(self, over=None, **options):
        self.over = over or {}
        self.gone = set()
        super().__init__(act=self.serve_tree, **options)

    def serve_tree(self, peer, request):
        self.requests.append(request)
        name = request.target.rsplit("/", 1)[-1]
        over = self.over.get((request.method, name)) or self.over.get(request.method)
        if callable(over):
            over(peer, request)
            return
        request.body = peer.body(request)
        peer.send(over or self.usual(request, name))

    def usual(self, request, name):
        if request.method == "PROPFIND" and b"allprop" in request.body and request.field("Depth") == "0":
            return xml(207, multistatus(found(request.target, "<c xmlns='urn:c'>x</c>")))
        if request.method == "PROPFIND" and request.target.rstrip("/").endswith("tree"):
            own = [found("/in/ner/tree/", FOLDER)]
            members = [found(f"/in/ner/tree/{member}", file_props(3, f'"{member}"')) for member in ("one", "two")
                       if member not in self.gone]
            return xml(207, multistatus(*own, *(members if request.field("Depth") == "1" else [])))
        if request.method == "PROPFIND" and name in ("one", "two"):
            return xml(207, multistatus(found(request.target, file_props(3, f'"{name}"'))))
        if request.method == "PROPFIND" and name == "":
            return xml(207, multistatus(found(request.target, FOLDER)))
        if request.method == "GET":
            return answer(200, name.encode(), [("ETag", f'"{name}"')])
        if request.method == "DELETE":
            self.gone.add(name)
            return answer(204)
        if request.method in ("MKCOL", "PUT"):
            return answer(201)
        if request.method == "PROPPATCH":
            return xml(207, multistatus(found(request.target, "<c xmlns='urn:c'/>")))
        return answer(404)

    def count(self, method):
        return len([request for request in self.requests if request.method == method])


@pytest.fixture
def scripted(started, tmp_path):
    def start(over=None, keys="", **options):
        origin = started(Tree(over))
        mounts = Mounts(started, tmp_path, {"a": origin}, keys=keys, **options)
        return mounts, origin
    return start


def test_what_is_sent(scripted):
    """Who asks is said, once; what a request rests on stands in it."""
    mounts, origin = scripted()
    mounts.mkcol("/files/new")
    mounts.put("/files/new/one", b"one")
    mounts.put("/files/new/empty", b"")
    assert mounts.transfer("COPY", "/files/new/", "/a/new/").status == 201
    puts = [request for request in origin.requests if request.method == "PUT"]
    assert sorted(request.body for request in puts) == [b"", b"one"]
    for request in puts:
        assert request.field("If-None-Match") == "*" and request.field("X-OC-Mtime").isdigit()
        assert request.field("Content-Length") and request.field("Via").endswith("(transfer)")
        assert "for=127.0.0.1" in request.field("Forwarded") and not request.field("If")
    origin.requests.clear()
    assert mounts.transfer("COPY", "/files/new/one", "/a/one").status == 204
    assert [request.field("If-Match") for request in origin.requests if request.method == "PUT"] == ['"one"']
    origin.requests.clear()
    assert mounts.transfer("MOVE", "/a/tree/", "/files/tree/").status == 201
    assert mounts.get("/files/tree/one") == b"one" and mounts.get("/files/tree/two") == b"two"
    assert [(request.target, request.field("If-Match")) for request in origin.requests if request.method == "DELETE"] == [
        ("/in/ner/tree/one", '"one"'), ("/in/ner/tree/two", '"two"'), ("/in/ner/tree/", None)]
    mounts.gateway.says_of_access(origin.url)


def test_what_was_put_there_meanwhile_stays(scripted):
    """The collection has a member, after all that it had were moved: somebody has put it there."""
    mounts, origin = scripted({("DELETE", "one"): answer(204)})
    done = mounts.transfer("MOVE", "/a/tree/", "/files/tree/")
    assert done.status == 409 and mounts.get("/files/tree/two") == b"two"
    assert "/in/ner/tree/" not in [request.target for request in origin.requests if request.method == "DELETE"]


def test_file_that_changes_while_it_is_moved(scripted):
    mounts, origin = scripted({"DELETE": answer(412)})
    assert mounts.transfer("MOVE", "/a/tree/one", "/files/one").status == 409
    assert mounts.get("/files/one") == b"one" and origin.count("DELETE") == 1


@pytest.mark.parametrize("reply, status", [
    (answer(500), 502), (answer(503), 503), (answer(403), 403), (answer(404), 404), (answer(401), 502), (answer(302), 502),
    (answer(206, b"o"), 502), (answer(200, b"o", length=3), 502),
    (answer(200, b"oo", [("Content-Encoding", "gzip")]), 502)])
def test_source_that_cannot_be_read(scripted, reply, status):
    """The member is named, nothing of it is at the destination, and it stays."""
    def cut_off(peer, request):
        peer.body(request)
        peer.send(reply)
        raise EOFError
    mounts, origin = scripted({("GET", "one"): cut_off})
    done = mounts.transfer("MOVE", "/a/tree/", "/files/tree/")
    assert failures(done) == {"/a/tree/one": status}
    assert os.listdir(mounts.root / "tree") == ["two"]
    assert [request.target for request in origin.requests if request.method == "DELETE"] == ["/in/ner/tree/two"]


@pytest.mark.parametrize("reply, status", [
    (answer(500), 502), (answer(507), 507), (answer(403), 403), (answer(423), 423), (answer(409), 409), (answer(413), 507),
    (answer(202), 504), (answer(412), 403), (answer(504), 504)])
def test_destination_that_refuses_a_member(scripted, reply, status):
    mounts, origin = scripted({("PUT", "one"): reply})
    mounts.mkcol("/files/new")
    mounts.put("/files/new/one", b"one" * 1000000)
    mounts.put("/files/new/two", b"two")
    done = mounts.transfer("MOVE", "/files/new/", "/a/new/")
    assert failures(done) == {"/files/new/one": status}
    assert os.listdir(mounts.root / "new") == ["one"] and origin.count("PUT") == 2


def test_change_whose_outcome_is_not_known(scripted):
    """It is sent once, and said to be unknown; what it was copied from stays."""
    def vanish(peer, request):
        peer.body(request)
        raise EOFError
    mounts, origin = scripted({("PUT", "one"): vanish})
    mounts.mkcol("/files/new")
    mounts.put("/files/new/one", b"one")
    assert failures(mounts.transfer("MOVE", "/files/new/", "/a/new/")) == {"/files/new/one": 504}
    assert mounts.get("/files/new/one") == b"one" and origin.count("PUT") == 1
    mounts.gateway.says("PUT of")


@pytest.mark.parametrize("listing", [
    xml(207, multistatus(found("/in/ner/tree/", FOLDER))[:-20]),
    xml(207, multistatus(found("/in/ner/tree/", FOLDER), found("/in/ner/tree/a%2Fb", file_props(3, '"x"')))),
    xml(207, multistatus(found("/in/ner/tree/", FOLDER), found("/in/ner/other/one", file_props(3, '"x"')))),
    xml(200, multistatus(found("/in/ner/tree/", FOLDER))), answer(500), xml(207, "<x/>")])
def test_listing_that_cannot_be_believed(scripted, listing):
    """Who copies by it would take what it leaves out for copied."""
    def list_tree(peer, request):
        request.body = peer.body(request)
        peer.send(listing if request.field("Depth") == "1" else origin.usual(request, ""))
    mounts, origin = scripted({("PROPFIND", ""): list_tree})
    assert mounts.transfer("MOVE", "/a/tree/", "/files/tree/").status == 502
    assert origin.count("DELETE") == 0


def test_property_that_is_refused(scripted):
    """One that is live there is left out; any other refusal is the member's, which stays."""
    reason = "<D:error><D:cannot-modify-protected-property/></D:error>"
    mounts, origin = scripted()
    mounts.put("/files/f", b"f")
    assert mounts.ask("PROPPATCH", "/files/f", body=PATCH).status == 207
    refused = "<p:color xmlns:p='urn:p'/>"

    def protect(peer, request):
        request.body = peer.body(request)
        if b"urn:p" in request.body:
            both = found(request.target, refused, 403).replace("</D:status>", "</D:status>" + reason)
            peer.send(xml(207, multistatus(both)))
        else:
            peer.send(xml(207, multistatus(found(request.target, "<note xmlns=''/>"))))
    origin.over["PROPPATCH"] = protect
    assert mounts.transfer("COPY", "/files/f", "/a/f").status == 201 and origin.count("PROPPATCH") == 2
    origin.over["PROPPATCH"] = xml(207, multistatus(found("/in/ner/f", refused, 507)))
    assert mounts.transfer("MOVE", "/files/f", "/a/f").status == 507
    origin.over["PROPPATCH"] = answer(405)
    assert mounts.transfer("MOVE", "/files/f", "/a/f").status == 403
    assert mounts.get("/files/f") == b"f" and mounts.color("/files/f") == b"bl&amp;ue"


def test_delete_that_is_done_in_part(scripted):
    """What an origin's 207 names is named."""
    parts = "<D:href>/in/ner/tree/two</D:href><D:status>HTTP/1.1 423 Locked</D:status>"
    mounts, origin = scripted({("DELETE", ""): lambda peer, request: peer.send(
        xml(207, multistatus(parts)) if request.target.endswith("tree/") else answer(204))})
    mounts.mkcol("/files/new")
    done = mounts.transfer("COPY", "/files/new/", "/a/tree/")
    assert failures(done) == {"/a/tree/two": 423}
    assert [request.target for request in origin.requests if request.method == "MKCOL" and "davit-transfer-" not in request.target] == []


def test_origin_that_does_not_answer(scripted):
    """It stalls; then nobody is there, and the circuit opens."""
    gate = threading.Event()
    mounts, origin = scripted({"PROPFIND": lambda peer, request: gate.wait(60)},
                              keys="origin-timeout = 1s\norigin-answer-timeout = 1s\norigin-failures = 1")
    mounts.put("/files/f", b"f")
    assert mounts.transfer("MOVE", "/files/f", "/a/f").status == 504
    assert mounts.transfer("MOVE", "/files/f", "/a/f").status == 503
    gate.set()
    assert mounts.get("/files/f") == b"f" and origin.count("PUT") == 0
    mounts.gateway.says("no answer to 1 requests in a row")
    mounts.gateway.says_of_access("LET_ALONE")


@pytest.mark.parametrize("source, to", WAYS)
def test_origin_dies_midway(source, to, started, tmp_path):
    """What has not come stays, and is named."""
    origins = {"a": started(DavitOrigin()), "b": started(DavitOrigin())}
    mounts = Mounts(started, tmp_path, origins)
    mounts.mkcol(f"{source}/tree")
    count = 300
    for number in range(count):
        mounts.put(f"{source}/tree/{number}", b"x" * 1000)
    dying = origins["b" if to == "/b" else "a"]

    def die():
        dying.says_of_access("DELETE" if source == "/a" and to == "/files" else "PUT")
        dying.check = False
        dying.kill()
    killer = threading.Thread(target=die)
    killer.start()
    done = mounts.transfer("MOVE", f"{source}/tree/", f"{to}/tree/")
    killer.join()
    assert done.status in (207, 502, 503, 504), done
    trees = {"/files": mounts.root, "/a": f"{origins['a'].tree}/inner", "/b": f"{origins['b'].tree}/inner"}
    left = set(os.listdir(f"{trees[source]}/tree"))
    come = set(os.listdir(f"{trees[to]}/tree"))
    assert left | come == {str(number) for number in range(count)} and left
    for name in come:
        assert os.path.getsize(f"{trees[to]}/tree/{name}") == 1000


@pytest.mark.parametrize("source, to", WAYS)
def test_we_die_midway(source, to, started, tmp_path):
    """A crash leaves a part at each end, and no half of a file."""
    origins = {"a": started(DavitOrigin()), "b": started(DavitOrigin())}
    mounts = Mounts(started, tmp_path, origins)
    mounts.mkcol(f"{source}/tree")
    count = 300
    for number in range(count):
        mounts.put(f"{source}/tree/{number}", b"x" * 1000)
    watched = origins["a" if source == "/a" else to[1:]]
    with mounts.gateway.connect() as connection:
        connection.send(f"MOVE {source}/tree/ HTTP/1.1\r\nHost: {mounts.gateway.host}\r\nDestination: {to}/tree/\r\n\r\n")
        watched.says_of_access("DELETE" if source == "/a" else "PUT")
        mounts.gateway.check = False
        mounts.gateway.kill()
    trees = {"/files": mounts.root, "/a": f"{origins['a'].tree}/inner", "/b": f"{origins['b'].tree}/inner"}
    left = set(os.listdir(f"{trees[source]}/tree")) if os.path.exists(f"{trees[source]}/tree") else set()
    come = set(os.listdir(f"{trees[to]}/tree"))
    assert left | come == {str(number) for number in range(count)}
    for name in come:
        assert os.path.getsize(f"{trees[to]}/tree/{name}") == 1000


def test_client_that_goes_midway(scripted):
    """What has begun is done to its end."""
    mounts, origin = scripted()
    mounts.mkcol("/files/new")
    for number in range(20):
        mounts.put(f"/files/new/{number}", b"x")
    with mounts.gateway.connect() as connection:
        connection.send(f"COPY /files/new/ HTTP/1.1\r\nHost: {mounts.gateway.host}\r\nDestination: /a/new/\r\n\r\n")
        wait_for(lambda: origin.count("PUT"), "the first PUT")
    wait_for(lambda: origin.count("PUT") == 20, "the last PUT")


# --- what goes where ---

def test_length_that_is_not_known(scripted):
    """In chunks, or kept until it is known."""
    body = b"x" * 700000
    chunks = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    no_length = xml(207, multistatus(found("/in/ner/one", "<D:resourcetype/>")))
    mounts, origin = scripted({("GET", "one"): chunks, ("PROPFIND", "one"): no_length})
    assert mounts.transfer("COPY", "/a/one", "/files/one").status == 201
    assert mounts.get("/files/one") == body


@pytest.mark.parametrize("takes_chunks", ["yes", "no"])
def test_length_that_is_not_known_to_another(started, tmp_path, takes_chunks):
    body = b"x" * 700000
    chunks = b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    no_length = xml(207, multistatus(found("/in/ner/one", "<D:resourcetype/>")))
    source, to = started(Tree({("GET", "one"): chunks, ("PROPFIND", "one"): no_length})), started(Tree())

    def look(peer, request):
        request.body = peer.body(request)
        kept = [one for one in to.requests if one.method == "PUT"]
        peer.send(xml(207, multistatus(found("/in/ner/new", file_props(keeps, '"n"')))) if kept else answer(404))
    to.over[("PROPFIND", "new")] = look
    mounts = Mounts(started, tmp_path, {"a": source, "b": to}, keys=f"origin-chunks = {takes_chunks}")
    keeps = len(body)
    assert mounts.transfer("COPY", "/a/one", "/b/new").status == 201
    put = next(request for request in to.requests if request.method == "PUT")
    assert put.body == body and put.field("Content-Length") == ("700000" if takes_chunks == "no" else None)
    to.requests.clear()
    keeps = 0  # G10: it keeps nothing of what comes in chunks
    if takes_chunks == "yes":
        assert mounts.transfer("MOVE", "/a/one", "/b/new").status == 502 and not source.count("DELETE")


def test_whose_token_it_is(started, tmp_path):
    """A lock token is a secret between a client and one server."""
    lock = ("<D:lockdiscovery><D:activelock><D:lockscope><D:exclusive/></D:lockscope><D:owner><D:href>urn:no</D:href></D:owner>"
            "<D:locktoken><D:href>{}</D:href></D:locktoken><D:lockroot><D:href>{}</D:href></D:lockroot>"
            "</D:activelock></D:lockdiscovery>")

    def locked(token, path):
        return xml(207, multistatus(found(path, file_props(3, '"x"') + lock.format(token, path))))
    here = started(Tree({("PROPFIND", "one"): locked("urn:here", "/in/ner/one")}))
    there = started(Tree({("PROPFIND", "one"): locked("urn:there", "/in/ner/one")}))
    mounts = Mounts(started, tmp_path, {"a": here, "b": there})
    tokens = "</a/one> (<urn:here>) </b/one> (<urn:there>) (Not <urn:other>)"
    allprop = here.over.pop(("PROPFIND", "one"))
    here.over[("PROPFIND", "one")] = lambda peer, request: peer.send(
        xml(207, multistatus(found("/in/ner/one", ""))) if b"allprop" in peer.body(request) else allprop)
    assert mounts.transfer("MOVE", "/a/one", "/b/one", If="</a/one> (<urn:here>)").status == 423
    assert mounts.transfer("MOVE", "/a/one", "/b/one", If=tokens).status == 204
    for origin, token, methods in ((here, "urn:here", {"DELETE"}), (there, "urn:there", {"MKCOL", "DELETE", "PUT"})):
        sent = {(request.method, request.field("If")) for request in origin.requests if request.field("If")}
        assert sent == {(method, f"(<{token}>) (Not <DAV:no-lock>)") for method in methods}


def test_credentials(started, tmp_path):
    """The client's go where the gateway passes them on, and nowhere else."""
    here, there = started(Tree()), started(Tree())
    secret = tmp_path / "secret"
    secret.write_text("word\n")
    gateway = started(Gateway({"/a": f"origin = {here.url}\norigin-credentials = pass",
                               "/b": f"origin = {there.url}\norigin-user = us\norigin-password-file = {secret}"}))
    done = gateway.request("COPY", "/a/tree/", {"Destination": "/b/new/", "Authorization": "Basic dXM6dGhlbQ==", "Cookie": "a=b"})
    assert done.status == 201, done
    assert {(request.field("Authorization"), request.field("Cookie")) for request in here.requests} == {
        ("Basic dXM6dGhlbQ==", "a=b")}
    assert {(request.field("Authorization"), request.field("Cookie")) for request in there.requests} == {
        ("Basic dXM6d29yZA==", None)}


def test_there_is_a_bound(started, tmp_path):
    """What waits for an origin leaves workers for all else."""
    gate = threading.Event()

    def wait(peer, request):
        peer.body(request)
        gate.wait(60)
        peer.send(answer(404))
    origin = started(Tree({"PROPFIND": wait}))
    root = tmp_path / "root"
    root.mkdir()
    gateway = started(Gateway({"/files": f"root = {root}", "/a": f"origin = {origin.url}"},
                              args=["--durability", "lazy", "--workers", "4"]))
    assert gateway.request("PUT", "/files/f", body=b"f").status == 201
    asks = [threading.Thread(target=gateway.request, args=("COPY", "/files/f", {"Destination": f"/a/{number}"}))
            for number in range(2)]
    for ask in asks:
        ask.start()
    wait_for(lambda: origin.count("PROPFIND") == 2, "both transfers")
    done = gateway.request("COPY", "/files/f", {"Destination": "/a/3"})
    assert done.status == 503 and done.field("Retry-After")
    assert gateway.request("PUT", "/files/other", body=b"f").status == 201
    gate.set()
    for ask in asks:
        ask.join()


def test_how_often_is_asked(scripted):
    """What a listing has told is not asked again."""
    mounts, origin = scripted()
    assert mounts.transfer("COPY", "/a/tree/", "/files/tree/").status == 201
    asked = [(request.method, request.target, request.field("Depth")) for request in origin.requests]
    assert [one for one in asked if "/tree/" in one[1] and one[1][-1] != "/"] == [
        ("GET", "/in/ner/tree/one", None), ("GET", "/in/ner/tree/two", None)]
    assert len(asked) <= 8, asked


def test_replaced_file_that_was_replaced_by_another(scripted):
    mounts, origin = scripted({("PUT", "one"): answer(412)})
    mounts.put("/files/f", b"f")
    assert mounts.transfer("MOVE", "/files/f", "/a/tree/one").status == 409
    assert mounts.get("/files/f") == b"f"


def test_source_that_somebody_else_removes(scripted):
    mounts, origin = scripted({("DELETE", "one"): lambda peer, request: (origin.gone.add("one"), peer.send(answer(404)))})
    assert mounts.transfer("MOVE", "/a/tree/", "/files/tree/").status == 201


def test_http_2(started, tmp_path):
    origins = {"a": started(DavitOrigin()), "b": started(DavitOrigin())}
    mounts = Mounts(started, tmp_path, origins, keys="origin-http = 2")
    plant(mounts, "/a")
    assert mounts.transfer("MOVE", "/a/tree/", "/b/tree/").status == 201
    check_tree(mounts, "/b/tree")


def test_tree_without_a_bottom(scripted):
    """An origin whose collections hold themselves is copied, and emptied, so deep and no deeper."""
    def deep(peer, request):
        request.body = peer.body(request)
        depth = request.field("Depth")
        path = request.target.rstrip("/") + "/"
        inner = [found(path + "x/", FOLDER)] if depth == "1" else []
        peer.send(xml(207, multistatus(found(path, FOLDER), *inner)))
    mounts, origin = scripted({("PROPFIND", ""): deep, ("PROPFIND", "x"): deep, ("PROPFIND", "tree"): deep},
                              rest='[rule "/"]\nallow = all for everyone\n[rule "/a/tree/y"]\ndeny = write for everyone\n',
                              args=["--limit", "walk_depth=20"])
    done = mounts.transfer("COPY", "/a/tree/", "/files/tree/")
    assert list(failures(done).values()) == [507]
    mounts.put("/files/f", b"f")
    done = mounts.transfer("COPY", "/files/f", "/a/tree/")
    assert list(failures(done).values()) == [507]
    assert not [one for one in origin.requests if one.method == "DELETE" and "davit-transfer-" not in one.target]
