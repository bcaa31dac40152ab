"""Unions: one tree of several origins (`origins = a, b`)."""

import base64
import os
import re
import socket
import struct
import subprocess
import threading
import xml.etree.ElementTree as ElementTree

import pytest

import davit
from origins import HOST, Apache, DavitOrigin, Gateway, Scripted, answer, free_port, multistatus, xml
from session import wait_for

DAV = "{DAV:}"
LOCK = '<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>'
KIND = "<D:href>{}</D:href><D:propstat><D:prop><D:resourcetype>{}</D:resourcetype></D:prop>" \
       "<D:status>HTTP/1.1 200 OK</D:status></D:propstat>"


def kind(path, is_collection=False):
    """What a scripted origin has there."""
    return KIND.format(path, "<D:collection/>" if is_collection else "")


def sections(urls, keys=""):
    return "".join(f'[origin "{name}"]\nurl = {url}\n{keys}\n' for name, url in urls.items())


def united(started, urls, mount="", keys="", server=""):
    """A gateway whose /team is the union of them, in their order."""
    names = ", ".join(urls)
    return started(Gateway({"/team": f"origins = {names}\n{mount}"}, server, rest=sections(urls, keys)))


class Pair:
    """Two real origins, and their union."""

    def __init__(self, started, first=DavitOrigin, mount=""):
        self.origins = [started(first()), started(DavitOrigin())]
        self.trees = [getattr(origin, "tree", None) or f"{origin.root}/dav" for origin in self.origins]
        self.gateway = united(started, {"a": self.origins[0].url, "b": self.origins[1].url}, mount)

    def path(self, which, name):
        return os.path.join(self.trees["ab".index(which)], "inner", name)

    def write(self, which, name, text):
        with open(self.path(which, name), "w", encoding="utf-8") as file:
            file.write(text)

    def make(self, which, name):
        os.mkdir(self.path(which, name))
        os.chmod(self.path(which, name), 0o777)

    def has(self, which, name):
        return os.path.exists(self.path(which, name))

    def read(self, which, name):
        with open(self.path(which, name), encoding="utf-8") as file:
            return file.read()

    def ask(self, method, path, fields=None, body=None):
        return self.gateway.request(method, f"/team/{path}", fields or {}, body=body)


@pytest.fixture(params=[DavitOrigin, Apache])
def pair(started, request):
    if request.param is Apache and not Apache.path():
        pytest.skip("there is no Apache here")
    both = Pair(started, request.param)
    both.make("a", "both")
    both.make("b", "both")
    for which in "ab":
        both.write(which, "same", f"{which}'s")
        both.write(which, f"only-{which}", which)
        both.write(which, f"both/in-{which}", which)
        both.make(which, f"dir-{which}")
    return both


def responses(done):
    assert done.status == 207, (done.status, done.body)
    return ElementTree.fromstring(done.body).findall(DAV + "response")


def hrefs(done):
    return [response.findtext(DAV + "href") for response in responses(done)]


def listing(gateway, path="/team/", body=None, depth="1"):
    return gateway.request("PROPFIND", path, {"Depth": depth}, body=body)


def test_a_name_is_the_first_ones(pair):
    assert pair.ask("GET", "same").body == b"a's"
    assert pair.ask("GET", "only-b").body == b"b"
    assert pair.ask("HEAD", "only-a").status == 200
    assert pair.ask("GET", "none").status == 404
    assert pair.ask("GET", "both/in-b").body == b"b"
    assert pair.ask("PUT", "same", body="new").status in (200, 204)
    assert (pair.read("a", "same"), pair.read("b", "same")) == ("new", "b's")
    assert pair.ask("PUT", "only-b", body="new").status in (200, 204)
    assert pair.read("b", "only-b") == "new" and not pair.has("a", "only-b")


def test_listings_are_merged(pair):
    found = hrefs(listing(pair.gateway))
    assert found[0] == "/team/"
    assert sorted(found) == ["/team/", "/team/both/", "/team/dir-a/", "/team/dir-b/", "/team/only-a", "/team/only-b", "/team/same"]
    assert sorted(hrefs(listing(pair.gateway, "/team/both"))) == ["/team/both/", "/team/both/in-a", "/team/both/in-b"]
    assert hrefs(listing(pair.gateway, "/team/dir-b/")) == ["/team/dir-b/"]
    assert hrefs(listing(pair.gateway, depth="0")) == ["/team/"]
    sizes = {response.findtext(DAV + "href"): response.findtext(f".//{DAV}getcontentlength") for response in responses(listing(pair.gateway))}
    assert sizes["/team/same"] == "3" and sizes["/team/only-b"] == "1"


@pytest.mark.parametrize("depth", ["infinity", None])
def test_whole_trees_are_refused(pair, depth):
    done = pair.gateway.request("PROPFIND", "/team/", {"Depth": depth} if depth else {})
    assert done.status == 403 and b"propfind-finite-depth" in done.body


def test_tags_of_one_are_none_of_all(pair):
    """A client that compares the tag of a collection must not miss what has changed at another origin."""
    body = '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/><D:getlastmodified/><D:sync-token/><D:supportedlock/><D:resourcetype/></D:prop></D:propfind>'
    for depth in "01":
        for response in responses(listing(pair.gateway, body=body, depth=depth)):
            told = {prop.tag: stat.findtext(DAV + "status").split()[1] for stat in response.findall(DAV + "propstat")
                    for prop in stat.find(DAV + "prop")}
            if response.findtext(DAV + "href") == "/team/":
                assert set(told[DAV + name] for name in ("getetag", "getlastmodified", "sync-token", "supportedlock")) == {"404"}
            elif response.findtext(DAV + "href").endswith("/"):
                assert told[DAV + "getetag"] == "404"
            else:
                assert told[DAV + "getetag"] == "200"
            assert told[DAV + "resourcetype"] == "200"
    for response in responses(listing(pair.gateway, depth="0")):
        assert not response.findall(f".//{DAV}getetag")


def test_what_is_new_goes_where_its_parent_is(pair):
    assert pair.ask("PUT", "new", body="x").status == 201 and pair.has("a", "new") and not pair.has("b", "new")
    assert pair.ask("PUT", "both/new", body="x").status == 201 and pair.has("a", "both/new")
    assert pair.ask("PUT", "dir-b/new", body="x").status == 201 and pair.has("b", "dir-b/new")
    assert pair.ask("PUT", "nowhere/new", body="x").status == 409
    assert pair.ask("MKCOL", "made").status == 201 and pair.has("a", "made") and not pair.has("b", "made")
    assert pair.ask("MKCOL", "dir-b/made/").status == 201 and pair.has("b", "dir-b/made")
    assert pair.ask("MKCOL", "dir-b").status == 405
    assert pair.ask("MKCOL", "nowhere/made").status == 409
    assert pair.ask("PUT", "new", {"If-None-Match": "*"}, "y").status == 412 and pair.read("a", "new") == "x"
    assert pair.ask("PUT", "only-b", {"If-None-Match": "*"}, "y").status == 412


def test_conditions_are_about_the_one_that_has_it(pair):
    tag = pair.ask("GET", "only-b").field("ETag")
    assert pair.ask("PUT", "only-b", {"If-Match": '"other"'}, "y").status == 412
    assert pair.ask("PUT", "only-b", {"If-Match": tag}, "y").status == 204
    assert listing(pair.gateway).status == 207
    if isinstance(pair.origins[0], DavitOrigin): # Apache looks at no If of what changes nothing
        done = pair.gateway.request("PROPFIND", "/team/", {"Depth": "1", "If": "(<urn:uuid:none>)"})
        assert done.status == 412


def test_delete_is_of_all(pair):
    assert pair.ask("DELETE", "same").status == 204
    assert not pair.has("a", "same") and not pair.has("b", "same")
    assert pair.ask("DELETE", "both/").status == 204
    assert not pair.has("a", "both") and not pair.has("b", "both")
    assert pair.ask("DELETE", "only-b").status == 204 and not pair.has("b", "only-b")
    assert pair.ask("DELETE", "none").status == 404
    assert pair.ask("DELETE", "").status == 405


def test_delete_that_one_refuses(started):
    both = Pair(started)
    both.write("a", "x", "a")
    both.write("b", "x", "b")
    assert both.origins[1].request("LOCK", "/dav/inner/x", body=LOCK).status == 200
    done = both.ask("DELETE", "x")
    [response] = responses(done)
    assert response.findtext(DAV + "href") == "/team/x" and " 423 " in response.findtext(DAV + "status")
    assert response.findtext(DAV + "responsedescription") == "a: removed; b: 423 Locked"
    assert not both.has("a", "x") and both.has("b", "x")
    both.write("a", "x", "a")
    assert both.origins[0].request("LOCK", "/dav/inner/x", body=LOCK).status == 200
    assert both.ask("DELETE", "x").status == 423
    assert both.has("a", "x") and both.has("b", "x")


def test_delete_names_what_is_left(started):
    def reply(request):
        if request.method == "PROPFIND":
            return xml(207, multistatus(kind(request.target, True)))
        if b"/lower/" in request.target.encode():
            return xml(207, multistatus("<D:href>/lower/c/kept</D:href><D:status>HTTP/1.1 423 Locked</D:status>"))
        return answer(204)
    origin = started(Scripted(reply))
    base = f"http://{HOST}:{origin.address[1]}"
    gateway = united(started, {"a": f"{base}/upper/", "b": f"{base}/lower/"})
    own, member = responses(gateway.request("DELETE", "/team/c/"))
    assert own.findtext(DAV + "href") == "/team/c/" and " 424 " in own.findtext(DAV + "status")
    assert own.findtext(DAV + "responsedescription") == "a: removed; b: not all of it is removed"
    assert member.findtext(DAV + "href") == "/team/c/kept" and " 423 " in member.findtext(DAV + "status")


def test_delete_whose_end_is_not_known(started):
    def act(peer, request):
        request.body = peer.body(request)
        if request.method == "PROPFIND":
            peer.send(xml(207, multistatus(kind(request.target))))
        elif "/lower/" in request.target:
            raise EOFError
        else:
            peer.send(answer(204))
    origin = started(Scripted(act=act))
    base = f"http://{HOST}:{origin.address[1]}"
    gateway = united(started, {"a": f"{base}/upper/", "b": f"{base}/lower/"})
    [own] = responses(gateway.request("DELETE", "/team/x"))
    assert "a: removed; b: no answer, and whether it is removed is not known" == own.findtext(DAV + "responsedescription")
    assert " 502 " in own.findtext(DAV + "status")


def test_copy_and_move_stay_on_one(pair):
    def to(path):
        return {"Destination": f"http://{pair.gateway.host}/team/{path}"}
    assert pair.ask("COPY", "only-b", to("dir-b/copy")).status == 201 and pair.read("b", "dir-b/copy") == "b"
    assert pair.ask("MOVE", "only-b", to("moved")).status == 201 and pair.has("b", "moved") and not pair.has("b", "only-b")
    assert pair.ask("MOVE", "dir-b/", to("dir-c/")).status == 201 and pair.has("b", "dir-c/copy")
    assert pair.ask("COPY", "only-a", to("dir-c/x")).status == 502
    assert pair.ask("COPY", "moved", to("only-a")).status == 502 and pair.read("a", "only-a") == "a"
    assert pair.ask("MOVE", "same", to("other")).status == 502 and pair.has("a", "same")
    assert pair.ask("COPY", "same", to("other")).status == 201 and pair.read("a", "other") == "a's"
    assert pair.ask("COPY", "both/", to("third/")).status == 502
    assert pair.ask("MOVE", "none", to("other")).status == 404
    assert pair.ask("COPY", "only-a", to("nowhere/x")).status == 409


def test_what_is_refused_says_so(pair):
    done = pair.ask("GET", "both/")
    assert done.status == 405 and b"PROPFIND lists it" in done.body and "PROPFIND" in done.field("Allow")
    assert pair.ask("LOCK", "both/", body=LOCK).status == 403
    done = pair.ask("REPORT", "both/", body='<D:sync-collection xmlns:D="DAV:"/>')
    assert done.status == 403 and b"supported-report" in done.body
    for method in ("POST", "SEARCH", "ACL", "MKCALENDAR", "BREW"):
        done = pair.ask(method, "same", body="x")
        assert done.status == 405 and b"trees are one" in done.body, method


def test_options_is_what_all_can(pair):
    done = pair.ask("OPTIONS", "")
    assert done.status == 200 and done.field("MS-Author-Via") == "DAV"
    assert set(done.field("DAV").split(", ")) <= {"1", "2", "3", "extended-mkcol"} and "1, 2" in done.field("DAV")
    assert "PROPFIND" in done.field("Allow") and "DELETE" not in done.field("Allow")
    assert "PUT" in pair.ask("OPTIONS", "only-b").field("Allow") and "POST" not in pair.ask("OPTIONS", "only-b").field("Allow")


def test_locks(pair):
    """G16: a request that names a lock's token goes to who gave it."""
    for name, which in (("only-b", "b"), ("same", "a"), ("dir-b/new", "b"), ("new", "a")):
        done = pair.ask("LOCK", name, body=LOCK)
        assert done.status in (200, 201)
        token = done.field("Lock-Token")
        assert pair.ask("PUT", name, body="x").status == 423
        assert pair.ask("PUT", name, {"If": f"({token})"}, "x").status in (200, 201, 204)
        assert pair.read(which, name) == "x"
        assert pair.ask("LOCK", name, {"If": f"({token})"}).status == 200
        tagged = f"<http://{pair.gateway.host}/team/{name}> ({token})"
        assert pair.ask("PROPPATCH", name, {"If": tagged}, '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x xmlns="u:"/></D:prop></D:set></D:propertyupdate>').status == 207
        assert pair.ask("UNLOCK", name, {"Lock-Token": token}).status == 204
        assert pair.ask("PUT", name, body="y").status in (200, 204)


def test_g16_a_token_outlives_who_is_first(pair):
    """The same name comes to an origin that is earlier in the order, while a client holds its lock."""
    token = pair.ask("LOCK", "only-b", body=LOCK).field("Lock-Token")
    pair.write("a", "only-b", "another")
    assert pair.ask("PUT", "only-b", {"If": f"({token})"}, "mine").status in (200, 204)
    assert (pair.read("a", "only-b"), pair.read("b", "only-b")) == ("another", "mine")
    assert pair.ask("DELETE", "only-b").status == 207
    assert pair.has("b", "only-b") and not pair.has("a", "only-b")
    assert pair.ask("UNLOCK", "only-b", {"Lock-Token": token}).status == 204


def test_g16_tokens_of_many_connections(started):
    """Two origins in one tree, and two loops: what is bound to a lock stays with the origin of its token."""
    def reply(request):
        if request.method == "PROPFIND":
            has_it = ("/x" in request.target) == ("/a/" in request.target)
            return xml(207, multistatus(kind(request.target))) if has_it else answer(404)
        if request.method == "LOCK":
            return answer(200, fields=[("Lock-Token", f"<urn:uuid:{request.target}>")])
        return answer(204)
    origin = started(Scripted(reply))
    base = f"http://{HOST}:{origin.address[1]}"
    gateway = united(started, {"a": f"{base}/a/", "b": f"{base}/b/"}, server="threads = 2")
    for name, inner in (("x", "/a/x"), ("y", "/b/y")):
        token = gateway.request("LOCK", f"/team/{name}", body=LOCK).field("Lock-Token")
        assert token == f"<urn:uuid:{inner}>"
        wait_for(lambda: sum(request.method == "PROPFIND" and request.target.endswith(name)  # both were asked
                             for request in origin.requests) == 2, "the second origin's question")
        origin.requests.clear()
        for _ in range(4):
            assert gateway.request("PUT", f"/team/{name}", {"If": f"({token})"}, body="x").status == 204
        assert gateway.request("UNLOCK", f"/team/{name}", {"Lock-Token": token.strip("<>")}).status == 204
        assert [(request.method, request.target) for request in origin.requests] == 4 * [("PUT", inner)] + [("UNLOCK", inner)]
        unknown = f"<urn:uuid:other-{name}>"
        assert gateway.request("UNLOCK", f"/team/{name}", {"Lock-Token": unknown}).status == 204
        assert [request.target for request in origin.requests if request.method == "UNLOCK"] == [inner, inner]


def down():
    return f"http://{HOST}:{free_port()}/"


@pytest.fixture(params=["first", "last"])
def lame(started, request):
    """A union of an origin that is there, and one that is not."""
    origin = started(DavitOrigin())
    os.mkdir(f"{origin.tree}/inner/dir")
    with open(f"{origin.tree}/inner/x", "w", encoding="utf-8") as file:
        file.write("x")
    urls = {"up": origin.url, "down": down()}
    if request.param == "first":
        urls = dict(reversed(urls.items()))
    return origin, lambda mount="": united(started, urls, mount), request.param == "first"


def test_one_that_is_down(lame):
    _, start, is_first = lame
    gateway = start()
    done = listing(gateway)
    assert done.status == 503 and done.field("Retry-After") and b"/team" not in done.body
    gateway.says("PROPFIND of http")
    assert gateway.request("GET", "/team/x").status == (503 if is_first else 200)
    assert listing(gateway, depth="0").status == (503 if is_first else 207)
    for method, path, fields, body in [("GET", "none", {}, None), ("PUT", "new", {}, "x"), ("MKCOL", "new", {}, None), ("DELETE", "x", {}, None),
                                       ("MOVE", "x", {"Destination": "/team/y"}, None), ("LOCK", "new", {}, LOCK), ("GET", "dir/", {}, None)]:
        assert gateway.request(method, f"/team/{path}", fields, body=body).status == 503, method
    assert gateway.request("PUT", "/team/x", body="y").status == (503 if is_first else 204)
    assert gateway.request("OPTIONS", "/team/").status == 200


def test_a_part_of_it_says_so(lame):
    origin, start, _ = lame
    gateway = start("partial = yes")
    done = listing(gateway)
    assert done.field("Davit-Missing") == "down"
    assert sorted(hrefs(done)) == ["/team/", "/team/", "/team/dir/", "/team/x"]
    marker = responses(done)[-1]
    assert marker.findtext(DAV + "href") == "/team/" and " 507 " in marker.findtext(DAV + "status")
    assert marker.find(f"{DAV}error/{{urn:x-davit}}upstream-unavailable") is not None and marker.findtext(DAV + "responsedescription")
    gateway.says_of_access("507=1")
    assert gateway.request("GET", "/team/x").body == b"x"
    assert gateway.request("GET", "/team/none").status == 503
    assert listing(gateway, "/team/none").status == 503
    assert listing(gateway, "/team/dir/").field("Davit-Missing") == "down"
    assert gateway.request("PUT", "/team/new", body="x").status == 503
    assert gateway.request("DELETE", "/team/x").status == 503 and os.path.exists(f"{origin.tree}/inner/x")


@pytest.mark.parametrize("mount", ["", "partial = yes"])
def test_all_are_down(started, mount):
    gateway = united(started, {"a": down(), "b": down()}, mount)
    for method, fields in (("GET", {}), ("PROPFIND", {"Depth": "1"}), ("PROPFIND", {"Depth": "0"}), ("OPTIONS", {}), ("PUT", {})):
        done = gateway.request(method, "/team/", fields)
        assert done.status == 503 and done.field("Retry-After"), method


def test_one_that_is_slow(started):
    """It is waited for where it matters, and no longer than its timeout."""
    go = threading.Event()
    slow = started(Scripted(act=lambda peer, request: go.wait(120)))
    quick = started(DavitOrigin())
    with open(f"{quick.tree}/inner/x", "w", encoding="utf-8") as file:
        file.write("x")
    gateway = united(started, {"a": quick.url, "b": slow.url}, keys="timeout = 1s")
    assert gateway.request("GET", "/team/x").body == b"x"
    assert gateway.request("PROPPATCH", "/team/x", body='<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x xmlns="u:"/></D:prop></D:set></D:propertyupdate>').status == 207
    assert listing(gateway).status == 503
    go.set()


@pytest.mark.parametrize("dying", ["a", "b"])
@pytest.mark.parametrize("mount", ["", "partial = yes"])
def test_one_that_dies_inside_its_207(started, dying, mount):
    def act(peer, request):
        request.body = peer.body(request)
        name = "a" if "/a/" in request.target else "b"
        members = [kind(f"/{name}/", True)] + [kind(f"/{name}/{name}{i}") for i in range(300)]
        if request.field("Depth") == "0":
            peer.send(xml(207, multistatus(kind(f"/{name}/", True))))
            return
        body = multistatus(*members)
        if name == dying:
            peer.send(xml(207, body[:len(body) // 2]).replace(b"Content-Length: ", b"Content-Length: 9"))
            raise EOFError
        peer.send(xml(207, body))
    origin = started(Scripted(act=act))
    base = f"http://{HOST}:{origin.address[1]}"
    gateway = united(started, {"a": f"{base}/a/", "b": f"{base}/b/"}, mount)
    done = listing(gateway)
    gateway.says("PROPFIND of http")
    if not mount:
        assert done.status == 503 and done.field("Retry-After")
        return
    found = hrefs(done)
    other = "b" if dying == "a" else "a"
    assert [f"/team/{other}{i}" in found for i in range(300)] == 300 * [True]
    assert f"/team/{dying}0" in found and f"/team/{dying}299" not in found
    assert done.field("Davit-Missing") == dying and " 507 " in responses(done)[-1].findtext(DAV + "status")


@pytest.mark.parametrize("reply", [answer(200, b"x"), answer(500), answer(207), xml(207, "<x/>"), xml(207, "no"), answer(405),
                                   xml(207, multistatus("<D:status>HTTP/1.1 500 No</D:status>"))])
def test_one_that_makes_no_sense(started, reply):
    origin, good = started(Scripted(reply)), started(DavitOrigin())
    gateway = united(started, {"a": good.url, "b": origin.url})
    assert listing(gateway).status == 503
    assert gateway.request("PUT", "/team/new", body="x").status == 503


def test_one_that_refuses(started):
    """What is refused is not looked for behind its back."""
    origin, good = started(Scripted(answer(403))), started(DavitOrigin())
    with open(f"{good.tree}/inner/x", "w", encoding="utf-8") as file:
        file.write("x")
    gateway = united(started, {"a": origin.url, "b": good.url})
    assert gateway.request("GET", "/team/x").status == 403
    assert gateway.request("DELETE", "/team/x").status == 403 and os.path.exists(f"{good.tree}/inner/x")


def test_many_members(started):
    both = Pair(started)
    for i in range(5000):
        both.write("a", f"a{i}", "x")
        both.write("b", f"b{i}", "x")
    for i in range(100):
        both.write("a", f"same{i}", "one")
        both.write("b", f"same{i}", "other")
    done = listing(both.gateway)
    found = hrefs(done)
    assert len(found) == len(set(found)) == 10101
    sizes = {response.findtext(DAV + "href"): response.findtext(f".//{DAV}getcontentlength") for response in responses(done)}
    assert {sizes[f"/team/same{i}"] for i in range(100)} == {"3"}
    both.gateway.says_of_access("207(ok=10101)")


def test_more_members_than_the_limit(started):
    both = Pair(started)
    for i in range(30):
        both.write("a", f"a{i}", "x")
    urls = {"a": both.origins[0].url, "b": both.origins[1].url}
    gateway = started(Gateway({"/team": "origins = a, b"}, rest=sections(urls) + "[limits]\nunion_members = 20"))
    done = listing(gateway)
    assert done.status == 507 and b"more members" in done.body


def test_each_is_asked_in_its_own_way(started):
    """Its own place, and its own credentials, which no other gets."""
    def reply(request):
        return xml(207, multistatus(kind(request.target, True)))
    origins = [started(Scripted(reply)) for _ in range(2)]
    folder = started(DavitOrigin()).folder
    token = os.path.join(folder, "token")
    with open(token, "w", encoding="utf-8") as file:
        file.write("s3cret\n")
    rest = f'[origin "a"]\nurl = {origins[0].url}\ntoken-file = {token}\n[origin "b"]\nurl = {origins[1].url}\n'
    gateway = started(Gateway({"/team": "origins = a, b"}, rest=rest))
    assert gateway.request("PROPFIND", "/team/", {"Depth": "1", "Authorization": "Bearer client"}).status == 207
    assert {request.field("Authorization") for request in origins[0].requests} == {"Bearer s3cret"}
    assert {request.field("Authorization") for request in origins[1].requests} == {None}
    assert {request.target for request in origins[0].requests + origins[1].requests} == {"/in/ner/"}
    gateway.says_of_access("PROPFIND")
    [line] = [line for line in gateway.logged() if "PROPFIND" in line]
    assert line.count(origins[0].url) == line.count(origins[1].url) == 2


def test_rules_hide_members(started):
    both = Pair(started)
    both.write("a", "secret", "x")
    both.write("b", "secret", "x")
    both.write("b", "plain", "x")
    both.make("a", "dir")
    urls = {"a": both.origins[0].url, "b": both.origins[1].url}
    users = os.path.join(both.gateway.folder, "users")
    davit.add_user(users, "alice", "a")
    rules = '[rule "/"]\nallow = all for users\n[rule "/team/secret"]\nhidden = yes\ndeny = all for alice\n'
    gateway = started(Gateway({"/team": "origins = a, b"}, f"users = {users}\nschemes = basic", rest=sections(urls) + rules))
    fields = {"Authorization": "Basic " + base64.b64encode(b"alice:a").decode()}
    done = gateway.request("PROPFIND", "/team/", {"Depth": "1", **fields})
    assert sorted(hrefs(done)) == ["/team/", "/team/dir/", "/team/plain"]
    assert gateway.request("GET", "/team/secret", fields).status == 404
    assert gateway.request("GET", "/team/plain", fields).body == b"x"
    assert gateway.request("COPY", "/team/plain", {"Destination": "/team/secret", **fields}).status in (403, 404)
    assert gateway.request("PROPFIND", "/team/", {"Depth": "1"}).status == 401


def test_report_names_each(started):
    both = Pair(started)
    done = both.ask("REPORT", "", body='<V:origins xmlns:V="urn:x-davit"/>')
    assert hrefs(done) == ["/team/?origin=a", "/team/?origin=b"]
    assert [response.findtext(".//{urn:x-davit}origin") for response in responses(done)] == [origin.url for origin in both.origins]


def test_names_that_are_odd(started):
    """The same name in other escapes is the same name."""
    def reply(request):
        name = "%7eodd%20%C3%A9" if "/a/" in request.target else "~odd%20%c3%a9"
        prefix = "/a/" if "/a/" in request.target else f"http://{HOST}:{origin.address[1]}/b/"
        members = [kind(prefix + name)] if request.field("Depth") == "1" else []
        return xml(207, multistatus(kind(prefix, True), *members).replace("D:", "x:").replace(":D=", ":x="))
    origin = started(Scripted(reply))
    base = f"http://{HOST}:{origin.address[1]}"
    gateway = united(started, {"a": f"{base}/a/", "b": f"{base}/b/"})
    assert hrefs(listing(gateway)) == ["/team/", "/team/%7eodd%20%C3%A9"]


def test_first_has_a_file_where_the_next_has_a_collection(started):
    both = Pair(started)
    both.write("a", "x", "file")
    both.make("b", "x")
    assert both.ask("GET", "x").body == b"file"
    assert hrefs(listing(both.gateway, "/team/x")) == ["/team/x"]
    assert both.ask("DELETE", "x").status == 204 and not both.has("a", "x") and not both.has("b", "x")


def test_client_that_goes_away(started):
    """Nobody is left waiting, and no budget is lost."""
    stalled, go = threading.Event(), threading.Event()
    slow = started(Scripted(act=lambda peer, request: stalled.set() or go.wait(120)))
    good = started(DavitOrigin())
    gateway = united(started, {"a": good.url, "b": slow.url})
    with socket.create_connection(gateway.host.split(":"), 30) as client:
        client.sendall(f"PROPFIND /team/ HTTP/1.1\r\nHost: {gateway.host}\r\nDepth: 1\r\n\r\n".encode())
        assert stalled.wait(60)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gateway.says_of_access("PROPFIND")
    assert re.search("GIVEN_UP", gateway.logged()[-1])
    go.set()


def test_what_is_shown_can_be_read_again(tmp_path):
    path = tmp_path / "davit.conf"
    path.write_text(sections({"a": "http://a/x/", "b-2": "https://b/"}, "timeout = 5s") + '[mount "/team"]\norigins = a, b-2\npartial = yes\n')
    shown = subprocess.run([davit.BINARY, "config", "show", str(path)], capture_output=True, text=True, check=True).stdout
    assert '[origin "b-2"]\nurl = https://b/\n' in shown and "\norigins = a, b-2\npartial = yes\n" in shown and shown.count("\ntimeout = 5000ms\n") == 2
    path.write_text(shown)
    assert subprocess.run([davit.BINARY, "config", "show", str(path)], capture_output=True, text=True, check=True).stdout == shown


def test_secrets_of_many_origins(started, tmp_path):
    """Each is watched, however many there are, and read by a davit that may not read it itself."""
    origin = started(Scripted(lambda request: xml(207, multistatus(kind(request.target, True)))))
    urls, rest = {}, ""
    for i in range(80):
        (tmp_path / f"secret{i}").write_text(f"old{i}")
        rest += f'[origin "o{i}"]\nurl = {origin.url}{i}/\ntoken-file = {tmp_path}/secret{i}\n'
    mounts = {f"/team{i}": f"origins = o{i}, o{i + 1}" for i in range(0, 80, 2)}
    gateway = started(Gateway(mounts, rest=rest))
    assert gateway.request("PROPFIND", "/team78/", {"Depth": "0"}).status == 207
    assert {request.field("Authorization") for request in origin.requests} == {"Bearer old78", "Bearer old79"}
    origin.requests.clear()
    (tmp_path / "secret79").write_text("new79")
    gateway.says("have been read again")
    assert gateway.request("PROPFIND", "/team78/", {"Depth": "0"}).status == 207
    assert {request.field("Authorization") for request in origin.requests} == {"Bearer old78", "Bearer new79"}


def test_what_is_brought_from_elsewhere(started, tmp_path):
    """Between mounts nothing goes to a union or from it, nor around it."""
    both = Pair(started)
    both.write("a", "x", "x")
    os.makedirs(tmp_path / "root/in/team")
    os.makedirs(tmp_path / "other")
    (tmp_path / "root/f").write_text("f")
    urls = {"a": both.origins[0].url, "b": both.origins[1].url}
    mounts = {"/": f"root = {tmp_path}/root", "/in/team": "origins = a, b", "/gate": f"origin = {both.origins[0].url}"}
    gateway = started(Gateway(mounts, rest=sections(urls)))
    for method, path, to in [("COPY", "/f", "/in/team/f"), ("MOVE", "/in/team/x", "/x"), ("COPY", "/in/team/x", "/gate/y"),
                             ("COPY", "/in/", "/gate/in/"), ("MOVE", "/in/", "/gate/in/"), ("COPY", "/gate/x", "/in/")]:
        assert gateway.request(method, path, {"Destination": to}).status in (403, 502), (method, path, to)
    assert gateway.request("COPY", "/f", {"Destination": "/gate/f"}).status == 201
    assert sorted(os.listdir(f"{both.trees[0]}/inner")) == ["f", "x"] and not os.path.exists(tmp_path / "root/x")


def test_a_union_in_the_collection_above_it(started, tmp_path):
    both = Pair(started)
    urls = {"a": both.origins[0].url, "b": both.origins[1].url}
    gateway = started(Gateway({"/": f"root = {tmp_path}", "/team": "origins = a, b"}, rest=sections(urls)))
    body = '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/><D:resourcetype/></D:prop></D:propfind>'
    for text, expected in ((body, {"200": ["resourcetype"], "404": ["getetag"]}), (None, None)):
        [team] = [response for response in responses(listing(gateway, "/", text)) if response.findtext(DAV + "href") == "/team/"]
        assert team.find(f".//{DAV}resourcetype/{DAV}collection") is not None
        told = {stat.findtext(DAV + "status").split()[1]: [prop.tag.removeprefix(DAV) for prop in stat.find(DAV + "prop")] for stat in team.findall(DAV + "propstat")}
        assert told == expected if text else "getetag" not in told["200"] and list(told) == ["200"]
