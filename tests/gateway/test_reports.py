"""Reports of people whose proxy broke WebDAV, by their number in the collection (G1 to G25): a scripted origin and
one conversation each. Those that are shown elsewhere: G1, G2, G12, G14 in test_translation.py with their
neighbours; G7, G15, G24 in test_faults.py; G11, G22 in test_streams.py."""

import pytest
from origins import Gateway, Scripted, answer, multistatus, xml

LISTING = xml(207, multistatus("<D:href>/in/ner/a.jpg</D:href>"))


@pytest.fixture
def through(started):
    def start(reply, keys="", path="/team", **options):
        origin = started(Scripted(reply))
        return started(Gateway({path: f"origin = {origin.url}\n{keys}"}, **options)), origin
    return start


def test_g1_move_over_http_1_0(through):
    """The proxy in front speaks HTTP/1.0 with a Host of its own; the client names the public one."""
    gateway, origin = through(answer(201), server="public-url = https://dav.example/")
    done = gateway.request("MOVE", "/team/old", {"Host": "127.0.0.1:3080", "Destination": "https://dav.example/team/new",
                                                 "Overwrite": "F"}, version="HTTP/1.0")
    assert done.status == 201
    assert origin.requests[0].field("Destination") == origin.url + "new" and origin.requests[0].version == "HTTP/1.1"


def test_g3_a_picture_is_listed_like_anything_else(through):
    gateway, origin = through(LISTING)
    done = gateway.request("PROPFIND", "/team/a.jpg", {"Depth": "0"})
    assert done.status == 207 and b"/team/a.jpg" in done.body and done.field("Cache-Control") == "no-store"
    assert origin.requests[0].method == "PROPFIND"


def test_g4_a_401_says_how(through, tmp_path):
    import davit
    users = str(tmp_path / "users")
    davit.add_user(users, "alice", "a")
    gateway, origin = through(answer(200, fields=[("DAV", "1, 2"), ("Allow", "OPTIONS, PROPFIND")]), server=f"users = {users}")
    for method in ("PROPFIND", "GET", "REPORT", "PUT"):
        done = gateway.request(method, "/team/a", body="" if method == "PUT" else None)
        assert done.status == 401 and "realm=" in done.field("WWW-Authenticate"), method
    done = gateway.request("OPTIONS", "/team/a/secret")
    assert done.status == 200 and done.field("DAV") == "1, 2"
    assert [request.target for request in origin.requests] == ["/in/ner/"]  # whether there is such a thing is not told


def test_g5_a_method_that_is_not_known_is_no_401(through, tmp_path):
    gateway, _ = through(answer(405))
    assert gateway.request("BREW", "/team/").status == 501
    assert gateway.request("PROPFIND", "/team/").status == 405


def test_g6_g21_what_an_origin_or_its_guard_refuses_passes(through):
    """The answer of a firewall or an edge in front of the origin, in HTML."""
    html = b"<html><body>403 Forbidden"
    for status in (403, 413):
        gateway, _ = through(answer(status, html, [("Content-Type", "text/html"), ("Server", "guard")]))
        done = gateway.request("PUT", "/team/a", body="x")
        assert done.status == status and done.body == html and done.field("Server") == "guard"
        assert "sandbox" in done.field("Content-Security-Policy")


@pytest.mark.parametrize("outer, url, asked, inner", [
    ("/", "/owncloud/", "/remote.php/dav", "/owncloud/remote.php/dav"),
    ("/", "/owncloud", "//remote.php//dav/", "/owncloud/remote.php/dav/"),
    ("/a/", "/", "/a//b", "/b"),
    ("/a", "/x%20y/", "/a/c%2Bd", "/x%20y/c%2Bd")])
def test_g13_prefixes_join_with_one_slash(started, outer, url, asked, inner):
    origin = started(Scripted(answer(200)))
    gateway = started(Gateway({outer: f"origin = http://127.0.0.1:{origin.address[1]}{url}"}))
    gateway.request("PROPFIND", asked)
    assert origin.requests[0].target == inner


def test_g17_where_there_are_no_locks_none_are_promised(through):
    lock = "<D:href>/in/ner/</D:href><D:propstat><D:prop><D:supportedlock><D:lockentry/></D:supportedlock></D:prop></D:propstat>"
    gateway, origin = through(xml(207, multistatus(lock), [("DAV", "1,2")]), keys="read-only = yes")
    done = gateway.request("PROPFIND", "/team/")
    assert b"lockentry" not in done.body and done.field("DAV") == "1"
    assert gateway.request("LOCK", "/team/a").status == 405 and len(origin.requests) == 1


def test_g18_no_redirect_is_followed_elsewhere(through):
    """It would take the credentials along, or lose them."""
    gateway, origin = through(answer(307, fields=[("Location", "http://else.example/in/ner/a/")]),
                              keys="origin-credentials = pass")
    done = gateway.request("PROPFIND", "/team/a", {"Authorization": "Basic eDp5"})
    assert done.status == 307 and done.field("Location") == "http://else.example/in/ner/a/" and len(origin.requests) == 1


def test_g19_what_no_rule_allows_is_refused(through, tmp_path):
    import davit
    users = str(tmp_path / "users")
    davit.add_user(users, "alice", "a")
    gateway, origin = through(LISTING, server=f"users = {users}", rest='[rule "/team"]\nallow = read for alice\n')
    for method in ("PROPFIND", "REPORT", "SEARCH", "ACL", "BIND", "MKCALENDAR", "POST", "PATCH", "TRACE"):
        assert gateway.request(method, "/team/").status in (401, 405), method
    assert not origin.requests


def test_g20_a_challenge_comes_before_the_body(through, tmp_path):
    import davit
    users = str(tmp_path / "users")
    davit.add_user(users, "alice", "a")
    gateway, origin = through(answer(201), server=f"users = {users}")
    with gateway.connect() as connection:
        connection.send(f"PUT /team/a HTTP/1.1\r\nHost: {gateway.host}\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
        assert connection.read().status == 401
    assert not origin.requests


def test_g23_a_prefix_without_a_dot(through):
    """Office's client stumbles over dots in paths; the origin's prefix may have as many as it likes."""
    import davit  # pylint: disable=unused-import
    origin_url = "/remote.php/dav/files/"
    with Scripted(lambda request: xml(207, multistatus(f"<D:href>{request.target}a.docx</D:href>"))) as origin:
        with Gateway({"/office": f"origin = http://127.0.0.1:{origin.address[1]}{origin_url}"}) as gateway:
            done = gateway.request("PROPFIND", "/office/", {"User-Agent": "Microsoft-WebDAV-MiniRedir/10.0", "Depth": "1"})
            assert b"<D:href>/office/a.docx</D:href>" in done.body


def test_g25_well_known_passes(started):
    origin = started(Scripted(lambda request: answer(301, fields=[("Location", "/remote.php/dav/")])))
    gateway = started(Gateway({"/": f"origin = http://127.0.0.1:{origin.address[1]}/"}))
    done = gateway.request("GET", "/.well-known/caldav")
    assert done.status == 301 and done.field("Location") == "/remote.php/dav/"
