"""Reports of people whose proxy broke WebDAV, by their number (G1 to G25): URLs, methods, and who may. A scripted origin
and one client's transcript each."""

import davit
import pytest
from origins import Gateway, Scripted, answer, multistatus, xml

ALICE = {"Authorization": "Basic YWxpY2U6YQ=="}


@pytest.fixture
def signed_in(through, tmp_path):
    """With a user, and rules."""
    users = str(tmp_path / "users")
    davit.add_user(users, "alice", "a")

    def start(reply=answer(200), rules="", **options):
        return through(reply, server=f"users = {users}\nschemes = basic", rest=rules, **options)
    return start


def test_g1_a_host_of_the_inside(through):
    """The proxy in front speaks HTTP/1.0, and says its own host."""
    gateway, origin = through(answer(201), server="public-url = https://dav.example/")
    done = gateway.request("MOVE", "/team/old", {"Host": "127.0.0.1:3080", "Destination": "https://dav.example/team/new",
                                                 "Overwrite": "F"}, version="HTTP/1.0")
    assert done.status == 201
    request = origin.requests[0]
    assert request.field("Destination") == origin.url + "new" and request.version == "HTTP/1.1"
    assert request.field("Host") == f"127.0.0.1:{origin.address[1]}" and request.field("Overwrite") == "F"


@pytest.mark.parametrize("destination", ["https://dav.example/team/b", "HTTPS://DAV.Example:443/team/b",
                                         "http://dav.example/team/b", "https://dav.example//team/./b",
                                         "https://dav.example/%74eam/b", "/team/b"])
def test_g2_one_destination_in_many_forms(through, destination):
    gateway, origin = through(answer(201), server="public-url = https://dav.example/", path="/team", url="/x/")
    done = gateway.request("COPY", "/team/a", {"Host": "dav.example", "Destination": destination})
    assert done.status == 201 and origin.requests[0].field("Destination") == f"http://{origin.requests[0].field('Host')}/x/b"


def test_g4_every_401_says_how(signed_in):
    """Also of a method that nobody knows; and what can be done here is told before anybody signs in."""
    gateway, origin = signed_in(answer(200, fields=[("DAV", "1, 2"), ("Allow", "OPTIONS, PROPFIND, LOCK")]))
    for method in ("PROPFIND", "GET", "REPORT", "SEARCH", "PUT", "LOCK", "BREW"):
        done = gateway.request(method, "/team/a", body="" if method == "PUT" else None)
        assert done.status == 401 and 'Basic realm="' in done.field("WWW-Authenticate"), method
    assert not origin.requests
    done = gateway.request("OPTIONS", "/team/a")
    assert done.status == 200 and done.field("DAV") == "1, 2" and "PROPFIND" in done.field("Allow")
    assert done.field("WWW-Authenticate") is None
    assert [request.target for request in origin.requests] == ["/in/ner/"]  # whether there is such a thing is not told


@pytest.mark.parametrize("method, body", [("VERSION-CONTROL", None), ("MKACTIVITY", None), ("X-BREW", "coffee"),
                                          ("propfind", None)])
def test_g5_what_is_not_known_is_the_origin_s_to_know(through, method, body):
    gateway, origin = through(lambda request: answer(501 if request.method == "propfind" else 200))
    done = gateway.request(method, "/team/a%2Bb?x=%2F", {"X-A": "1"}, body=body)
    assert done.status == (501 if method == "propfind" else 200)
    request = origin.requests[0]
    assert request.method == method and request.target == "/in/ner/a%2Bb?x=%2F" and request.field("X-A") == "1"
    assert request.body == (body or "").encode()


def test_g5_its_urls_are_mapped(through):
    text = '<D:merge xmlns:D="DAV:"><D:source><D:href>{}b</D:href></D:source></D:merge>'
    gateway, origin = through(xml(207, multistatus("<D:href>/in/ner/b</D:href>")))
    done = gateway.request("MERGE", "/team/a", {"Content-Type": 'text/xml; charset="utf-8"'}, body=text.format("/team/"))
    assert origin.requests[0].body.decode() == text.format("/in/ner/")
    assert b"<D:href>/team/b</D:href>" in done.body


def test_g5_g19_what_is_not_known_needs_every_right(signed_in):
    """It may do anything: so it is for those who may do anything."""
    rules = '[rule "/team"]\nallow = read, write, lock for alice\n'
    gateway, origin = signed_in(rules=rules)
    assert gateway.request("VERSION-CONTROL", "/team/a", ALICE).status == 403
    assert gateway.request("VERSION-CONTROL", "/team/a").status == 401 and not origin.requests
    gateway, origin = signed_in(rules='[rule "/team"]\nallow = all, admin for alice\n')
    assert gateway.request("VERSION-CONTROL", "/team/a", ALICE).status == 200
    gateway, origin = signed_in(rules='[rule "/team"]\nallow = all, admin for alice\n[rule "/team/x"]\ndeny = write for alice\n')
    assert gateway.request("VERSION-CONTROL", "/team/a", ALICE).status == 403 and not origin.requests


def test_g5_read_only_is_read_only(through):
    gateway, origin = through(answer(200, fields=[("Allow", "GET, BREW, PUT, CHECKIN")]), keys="read-only = yes")
    assert gateway.request("BREW", "/team/a", body="x").status == 405 and not origin.requests
    assert gateway.request("OPTIONS", "/team/").field("Allow") == "GET"


def test_g6_a_refusal_of_ours_is_ours(signed_in):
    """It is told from that of a firewall, which is HTML, and passes as it is."""
    html = b"<html><body>403 Forbidden"
    gateway, origin = signed_in(answer(403, html, [("Content-Type", "text/html"), ("Server", "guard")]),
                                rules='[rule "/team"]\nallow = read for alice\n')
    done = gateway.request("PROPFIND", "/team/", ALICE)
    assert done.status == 403 and done.body == html and done.field("Server") == "guard"
    assert "sandbox" in done.field("Content-Security-Policy")
    done = gateway.request("PUT", "/team/a", ALICE, body="x")
    assert done.status == 403 and b"<html" not in done.body and done.field("Via") is None
    assert len(origin.requests) == 1


@pytest.mark.parametrize("method, status, expected", [
    ("PROPFIND", 301, 307), ("REPORT", 302, 307), ("MOVE", 301, 307), ("PUT", 302, 307), ("DELETE", 308, 308),
    ("GET", 301, 301), ("HEAD", 302, 302), ("POST", 302, 302), ("POST", 303, 303), ("PROPFIND", 307, 307)])
def test_g12_a_redirect_stays_a_request(through, method, status, expected):
    """The origin names itself as it sees itself; the client is not to ask by GET."""
    def reply(request):
        data = answer(status, b"moved", [("Location", f"http://{request.field('Host')}/in/ner/remote.php/dav"),
                                         ("Content-Location", "/in/ner/remote.php")])
        return data[:data.index(b"moved")] if method == "HEAD" else data
    gateway, _ = through(reply)
    done = gateway.request(method, "/team/dav", {"Destination": "/team/b"}, body="x" if method in ("PUT", "POST") else None)
    assert done.status == expected and done.field("Location") == "/team/remote.php/dav"
    assert done.field("Content-Location") == "/team/remote.php"


@pytest.mark.parametrize("path, url, asked, inner", [
    ("/", "/owncloud/", "/remote.php/dav", "/owncloud/remote.php/dav"),
    ("/", "/owncloud", "//remote.php//dav/", "/owncloud/remote.php/dav/"),
    ("/", "/owncloud//", "/remote.php", "/owncloud/remote.php"),
    ("/a/", "/", "/a//b", "/b"),
    ("/a", "/x%20y/", "/a/c%2Bd%7E?p=a%2Fb", "/x%20y/c%2Bd%7E?p=a%2Fb"),
    ("/a", "/z%2Bz/", "/a", "/z%2Bz/")])
def test_g13_prefixes_join_with_one_slash(through, path, url, asked, inner):
    gateway, origin = through(path=path, url=url)
    assert gateway.request("PROPFIND", asked).status == 200
    assert origin.requests[0].target == inner


def test_g14_what_a_browser_gets_of_a_collection(through):
    """A 207 that answers a GET is no page; the same 207 that answers a PROPFIND is a listing, with our URLs."""
    gateway, _ = through(lambda request: xml(207, multistatus(f"<D:href>http://{request.field('Host')}/in/ner/a</D:href>")))
    done = gateway.request("GET", "/team/", {"Accept": "text/html"})
    assert done.status == 405 and "PROPFIND" in done.field("Allow") and b"<D:" not in done.body
    assert b"<D:href>/team/a</D:href>" in gateway.request("PROPFIND", "/team/", {"Depth": "1"}).body


def test_g17_where_there_are_no_locks_none_are_promised(through):
    lock = "<D:href>/in/ner/</D:href><D:propstat><D:prop><D:supportedlock><D:lockentry/></D:supportedlock></D:prop></D:propstat>"
    gateway, origin = through(xml(207, multistatus(lock), [("DAV", "1,2")]), keys="read-only = yes")
    done = gateway.request("PROPFIND", "/team/")
    assert b"lockentry" not in done.body and done.field("DAV") == "1"
    assert gateway.request("LOCK", "/team/a").status == 405 and len(origin.requests) == 1


def test_g17_nor_where_rules_forbid_them(signed_in):
    lock = "<D:href>/in/ner/</D:href><D:propstat><D:prop><D:supportedlock><D:lockentry/></D:supportedlock></D:prop></D:propstat>"
    reply = xml(207, multistatus(lock), [("DAV", "1,2")])
    gateway, origin = signed_in(reply, rules='[rule "/team"]\nallow = read, write for alice\n')
    assert gateway.request("LOCK", "/team/a", ALICE).status == 403 and not origin.requests
    done = gateway.request("PROPFIND", "/team/", ALICE)
    assert b"lockentry" not in done.body and done.field("DAV") == "1"
    gateway, _ = signed_in(reply, rules='[rule "/team"]\nallow = read, write, lock for alice\n')
    done = gateway.request("PROPFIND", "/team/", ALICE)
    assert b"lockentry" in done.body and done.field("DAV") == "1, 2"


def test_g18_credentials_go_nowhere_else(through):
    """A redirect to another host is not followed by us; one to a place that we have is one to us."""
    there = ["http://else.example/in/ner/b/"]
    gateway, origin = through(lambda request: answer(307, fields=[("Location", there[0])]), keys="origin-credentials = pass")
    done = gateway.request("PROPFIND", "/team/a", {"Authorization": "Basic eDp5"})
    assert done.status == 307 and done.field("Location") == there[0] and len(origin.requests) == 1
    there[0] = f"{origin.url}b"
    assert gateway.request("PROPFIND", "/team/a").field("Location") == "/team/b"


def test_g19_what_no_rule_allows_is_refused(signed_in):
    gateway, origin = signed_in(xml(207, multistatus("<D:href>/in/ner/secret</D:href>")),
                                rules='[rule "/team"]\nallow = read for alice\n')
    for method in ("GET", "HEAD", "PROPFIND", "REPORT", "SEARCH", "ACL", "BIND", "MKCALENDAR", "POST", "PATCH", "LOCK",
                   "PROPPATCH", "BREW", "X"):
        done = gateway.request(method, "/team/")
        assert done.status == 401 and b"secret" not in done.body, method
    assert not origin.requests


def test_g23_a_prefix_without_a_dot(through):
    """Office stumbles over dots in a path: the origin's may have as many as it likes."""
    def reply(request):
        if request.method == "LOCK":
            return xml(200, '<D:prop xmlns:D="DAV:"><D:lockdiscovery><D:activelock><D:lockroot><D:href>'
                       f"{request.target}</D:href></D:lockroot></D:activelock></D:lockdiscovery></D:prop>",
                       [("Lock-Token", "<urn:uuid:1>")])
        if request.method == "PROPFIND":
            return xml(207, multistatus(f"<D:href>http://{request.field('Host')}{request.target}</D:href>"))
        return answer(204)
    gateway, origin = through(reply, path="/office", url="/remote.php/dav/files/")
    agent = {"User-Agent": "Microsoft-WebDAV-MiniRedir/10.0.19045"}
    target = "/office/Book%201.xlsx"
    with gateway.connect() as connection:
        def ask(method, fields, body=""):
            lines = "".join(f"{name}: {value}\r\n" for name, value in {**agent, **fields}.items())
            connection.send(f"{method} {target} HTTP/1.1\r\nHost: {gateway.host}\r\n{lines}Content-Length: {len(body)}\r\n\r\n{body}")
            return connection.read(method)
        lock = ask("LOCK", {"Timeout": "Second-3600"}, '<D:lockinfo xmlns:D="DAV:"/>')
        assert lock.field("Lock-Token") == "<urn:uuid:1>" and b"<D:href>/office/Book%201.xlsx</D:href>" in lock.body
        assert ask("PUT", {"If": "(<urn:uuid:1>)"}).status == 204  # MiniRedir puts nothing first
        assert ask("PUT", {"If": "(<urn:uuid:1>)"}, "content").status == 204
        assert ask("PROPPATCH", {"If": f"<http://{gateway.host}{target}> (<urn:uuid:1>)"}, "<D:propertyupdate xmlns:D='DAV:'/>").status == 204
        assert ask("UNLOCK", {"Lock-Token": "<urn:uuid:1>"}).status == 204
        assert b"<D:href>/office/Book%201.xlsx</D:href>" in ask("PROPFIND", {"Depth": "0"}).body
    assert [request.target for request in origin.requests] == 6 * ["/remote.php/dav/files/Book%201.xlsx"]
    assert [request.body for request in origin.requests[1:3]] == [b"", b"content"]
    assert origin.requests[3].field("If") == f"<http://{origin.requests[3].field('Host')}/remote.php/dav/files/Book%201.xlsx> (<urn:uuid:1>)"


def test_g25_well_known_passes(through):
    """The check awaits a redirect, and then a 207."""
    def reply(request):
        if request.target.startswith("/.well-known/"):
            return answer(301, fields=[("Location", "/remote.php/dav/")])
        return xml(207, multistatus(f"<D:href>{request.target}</D:href>"))
    gateway, _ = through(reply, path="/", url="/")
    done = gateway.request("GET", "/.well-known/caldav")
    assert done.status == 301 and done.field("Location") == "/remote.php/dav/"
    assert gateway.request("PROPFIND", "/.well-known/carddav").field("Location") == "/remote.php/dav/"
    assert gateway.request("PROPFIND", done.field("Location")).status == 207
