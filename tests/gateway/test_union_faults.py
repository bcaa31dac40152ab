"""Unions whose origins, or clients, are not as they should be: nothing is missing without a word."""

import subprocess

import pytest

import davit
from origins import HOST, DavitOrigin, Gateway, Scripted, answer, multistatus, xml
from test_reports_bodies import ANN, put
from test_union import DAV, LOCK, Pair, hrefs, kind, listing, responses, sections, united

STATUS = "<D:href>{}</D:href><D:status>HTTP/1.1 {} So</D:status>"


def scripted(started, reply, mount="", keys="", rest=""):
    """A union of /a/ and /b/ at one scripted origin."""
    origin = started(Scripted(reply))
    base = f"http://{HOST}:{origin.address[1]}"
    urls = {"a": f"{base}/a/", "b": f"{base}/b/"}
    return origin, started(Gateway({"/team": f"origins = a, b\n{mount}"}, rest=sections(urls, keys) + rest))


def members(request, *names, own=""):
    """What is listed of a collection."""
    inside = [kind(request.target + name) for name in names] if request.field("Depth") == "1" else []
    return xml(207, multistatus(kind(request.target, True), *inside, own))


@pytest.mark.parametrize("where", ["https://sso.example/login", "https://sso.example/", "/login/", "/b", "?login"])
@pytest.mark.parametrize("mount", ["", "partial = yes"])
def test_one_that_sends_people_to_sign_in(started, where, mount):
    """A redirect to elsewhere tells nothing of what is there."""
    def reply(request):
        return members(request, "x") if request.target.startswith("/a/") else answer(302, fields=[("Location", where)])
    _, gateway = scripted(started, reply, mount)
    for path in ("/team/", "/team/dir"):
        done = listing(gateway, path)
        if not mount:
            assert done.status == 503 and done.field("Retry-After"), path
        else:
            assert done.field("Davit-Missing") == "b" and " 507 " in responses(done)[-1].findtext(DAV + "status")
    assert gateway.request("MOVE", "/team/dir", {"Destination": "/team/other"}).status == 502


def test_a_redirect_to_the_same_with_a_slash_is_a_collection(started):
    def reply(request):
        if not request.target.endswith("/"):
            return answer(301, fields=[("Location", f"http://{HOST}:{origin.address[1]}{request.target}/")])
        return members(request, "x" if "/a/" in request.target else "y")
    origin, gateway = scripted(started, reply)
    assert hrefs(listing(gateway, "/team/dir")) == ["/team/dir/", "/team/dir/x", "/team/dir/y"]


@pytest.mark.parametrize("lame", ["a", "b"])
@pytest.mark.parametrize("own", [STATUS.format("/{}/", 507), STATUS.format("/{}", 507), STATUS.format("/{}/", 403), STATUS.format("/{}/", 500)])
@pytest.mark.parametrize("mount", ["", "partial = yes"])
def test_one_whose_listing_says_that_it_is_not_all(started, lame, own, mount):
    """RFC 6578 §3.6; what a union behind a union says with `partial`."""
    def reply(request):
        name = request.target.strip("/")
        is_cut = name == lame and request.field("Depth") == "1"
        return members(request, name + "1", own=own.format(name) if is_cut else "")
    _, gateway = scripted(started, reply, mount)
    done = listing(gateway)
    if not mount:
        assert done.status == 503
        gateway.says("not all")
        return
    assert done.field("Davit-Missing") == lame and " 507 " in responses(done)[-1].findtext(DAV + "status")
    assert {"/team/a1", "/team/b1"} <= set(hrefs(done))


def test_one_whose_listing_is_empty(started):
    """RFC 4918 §9.1: the collection itself is in it."""
    def reply(request):
        is_cut = request.target == "/b/" and request.field("Depth") == "1"
        return xml(207, multistatus("")).replace(b"<D:response></D:response>", b" " * 25) if is_cut else members(request, "x")
    _, gateway = scripted(started, reply)
    assert listing(gateway).status == 503


def test_what_one_does_not_have_hides_nothing(started):
    """A link to nowhere is listed by some, and is 404 when it is asked for."""
    def reply(request):
        if request.target in ("/a/x", "/a/y"):
            return answer(404)
        if request.target == "/a/" and request.field("Depth") == "1":
            return xml(207, multistatus(kind("/a/", True), STATUS.format("/a/x", 404), STATUS.format("/a/y", 410)))
        return members(request, "x")
    _, gateway = scripted(started, reply)
    found = {response.findtext(DAV + "href"): response.findtext(f"{DAV}status") for response in responses(listing(gateway))}
    assert found == {"/team/": None, "/team/x": None}


@pytest.mark.parametrize("lost", ["a", "b"])
@pytest.mark.parametrize("gone", [answer(404), answer(410), xml(207, multistatus(STATUS.format("/x/", 404)))])
def test_one_whose_root_is_not_there(started, lost, gone):
    """It is configured: a disk is not mounted, and its members are not deleted."""
    def reply(request):
        if request.target.startswith(f"/{lost}/"):
            return gone
        return members(request, "x") if request.target.endswith("/") else answer(404)
    origin, gateway = scripted(started, reply)
    done = listing(gateway)
    assert done.status == 503 and done.field("Retry-After")
    gateway.says("root")
    origin.requests.clear()
    assert gateway.request("PUT", "/team/new", body="x").status == (503 if lost == "a" else 404)
    assert [request.target for request in origin.requests if request.method == "PUT"] == ([] if lost == "a" else ["/a/new"])


@pytest.mark.parametrize("status", [403, 401, 423, 429, 500, 503])
def test_what_is_not_said_to_be_a_file_is_none(started, status):
    """That its resourcetype is refused makes nothing a file."""
    def reply(request):
        if request.target.startswith("/a/"):
            return members(request, "x")
        return xml(207, multistatus(kind(request.target).replace("200 OK", f"{status} No")) if request.field("Depth") == "0" else multistatus(kind(request.target, True)))
    _, gateway = scripted(started, reply)
    assert listing(gateway).status == 503
    assert listing(gateway, "/team/dir/").status == 503


def test_a_destination_that_is_the_mount(started):
    both = Pair(started)
    both.write("a", "x", "x")
    both.make("b", "dir")
    for method in ("COPY", "MOVE"):
        for path in ("x", "dir/"):
            for to in ("/team/", "/team", "/team/."):
                assert 400 <= both.ask(method, path, {"Destination": to}).status < 500 or both.ask(method, path, {"Destination": to}).status == 502
    assert both.read("a", "x") == "x"
    assert hrefs(listing(both.gateway)) == ["/team/", "/team/x", "/team/dir/"]


def test_a_token_of_another_resource_leads_nowhere(started):
    """It is said of which resource it is: only of that, and of what is inside, it decides."""
    both = Pair(started)
    both.write("b", "locked", "b")
    both.write("a", "x", "a")
    both.make("b", "dir")
    token = both.ask("LOCK", "locked", body=LOCK).field("Lock-Token")
    tagged = f"<http://{both.gateway.host}/team/locked> ({token})"
    assert both.ask("PUT", "x", {"If": tagged}, "new").status in (204, 412)
    assert not both.has("b", "x")
    assert both.ask("PUT", "new", {"If": f"</team/locked> ({token})"}, "new").status in (201, 412)
    assert not both.has("b", "new")
    assert both.ask("PUT", "x", {"Lock-Token": token}, "newer").status == 204
    assert both.read("a", "x") == "newer" and not both.has("b", "x")
    of_dir = both.ask("LOCK", "dir/", body=LOCK).field("Lock-Token")
    both.make("a", "dir")
    assert both.ask("PUT", "dir/new", {"If": f"<http://{both.gateway.host}/team/dir/> ({of_dir})"}, "x").status == 201
    assert both.has("b", "dir/new") and not both.has("a", "dir/new")


def test_a_token_is_told_to_no_other(started):
    def reply(request):
        return xml(207, multistatus(kind(request.target))) if request.method == "PROPFIND" else answer(204)
    origin, gateway = scripted(started, reply)
    assert gateway.request("DELETE", "/team/x", {"If": "(<urn:uuid:1>)", "Lock-Token": "<urn:uuid:1>", "If-Match": "*"}).status == 204
    one, other = [request for request in origin.requests if request.method == "DELETE"]
    assert one.target == "/a/x" and one.field("If") and one.field("If-Match")
    assert other.target == "/b/x" and not other.field("If") and not other.field("If-Match") and not other.field("Lock-Token")


def wants_to_know(request):
    if request.field("Authorization") is None:
        return answer(401, fields=[("WWW-Authenticate", 'Basic realm="o"')])
    if request.method == "PROPFIND":
        return members(request) if request.target.endswith("/") else answer(404)
    return answer(201)


@pytest.mark.parametrize("accepts", ["", "a", "b", "ab"])
def test_g20_a_body_that_was_lost_empties_no_file(started, accepts):
    """As behind any gateway; whether the origin takes it is said by each."""
    origin = started(Scripted(wants_to_know))
    rest = "".join(f'[origin "{name}"]\nurl = http://{HOST}:{origin.address[1]}/{name}/\ncredentials = pass\n'
                   + ("lost-bodies = accept\n" if name in accepts else "") for name in "ab")
    gateway = started(Gateway({"/team": "origins = a, b"}, rest=rest))
    with gateway.connect() as connection:
        assert put(connection, gateway, "content", "/team/x") == 401
        assert put(connection, gateway, "", "/team/x", ANN) == (201 if "a" in accepts else 400)
        if "a" not in accepts:
            gateway.says("an empty PUT is refused")
        assert put(connection, gateway, "", "/team/other", ANN) == 201
        assert put(connection, gateway, "content", "/team/x", ANN) == 201
        assert put(connection, gateway, "", "/team/x", ANN) == 201


@pytest.mark.parametrize("mount", ["origin = {}", "origins = a, b", "origins = a, b\npartial = yes"])
def test_whole_trees_above_a_union(started, tmp_path, mount):
    """What is inside the mounts in it is nobody's to list there."""
    both = Pair(started)
    both.write("a", "x", "x")
    (tmp_path / "f").write_text("f")
    urls = {"a": both.origins[0].url, "b": both.origins[1].url}
    mounts = {"/": f"root = {tmp_path}", "/team": mount.format(both.origins[0].url)}
    gateway = started(Gateway(mounts, rest=sections(urls)))
    found = {depth: gateway.request("PROPFIND", "/", {"Depth": depth}) for depth in ("1", "infinity")}
    assert found["infinity"].status == 403 and b"propfind-finite-depth" in found["infinity"].body
    assert sorted(hrefs(found["1"])) == ["/", "/f", "/team/"]


def test_what_may_be_done_is_not_more_than_can_be(started):
    both = Pair(started)
    both.make("a", "both")
    both.make("b", "both")
    assert "DELETE" not in both.ask("GET", "").field("Allow")
    assert both.ask("GET", "both/").field("Allow") == "OPTIONS, DELETE, PROPFIND, PROPPATCH"
    urls = {"a": both.origins[0].url, "b": both.origins[1].url}
    gateway = united(started, urls, "read-only = yes")
    assert gateway.request("GET", "/team/both/").field("Allow") == "OPTIONS, PROPFIND"


@pytest.mark.parametrize("other", ["http://127.0.0.1:{}/a/", "http://127.0.0.1:{}/a", "HTTP://127.0.0.1:{}/a/"])
def test_origins_of_the_same_url(started, other, tmp_path):
    """They are one, and what is counted of them could not be told apart."""
    path = tmp_path / "davit.conf"
    path.write_text(sections({"a": "http://127.0.0.1:81/a/", "b": other.format(81)}) + '[mount "/team"]\norigins = a, b\n')
    done = subprocess.run([davit.BINARY, "config", "check", str(path)], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "same url" in done.stderr + done.stdout, done
