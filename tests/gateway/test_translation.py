"""What a gateway makes of a request and of its answer, as a scripted origin and a client see it."""

import os
import threading

import davit
import pytest
from origins import Gateway, Scripted, answer, multistatus, xml

OK = answer(200)


def test_path_and_host(through):
    gateway, origin = through()
    gateway.request("GET", "//team/./a%2Bb/%7e/x/../c?q=/team/%2f")
    request = origin.requests[0]
    assert request.target == "/in/ner/a%2Bb/%7e/c?q=/team/%2f"
    assert request.all("Host") == [f"127.0.0.1:{origin.address[1]}"]


@pytest.mark.parametrize("destination, inner", [
    ("http://{host}/team/b%20c/", "b%20c/"),
    ("HTTP://{host}/team/b", "b"),
    ("https://{host}/team/b", "b"),  # TLS that ends before us: G2
    ("/team/b", "b"),
    ("/team//b/./c d", "b/c%20d"),
    ("https://public.example/team/b", "b"),  # G1
    ("https://PUBLIC.example:443/team/b", "b"),
])
def test_destination(through, destination, inner):
    gateway, origin = through(answer(201), server="public-url = https://public.example/")
    done = gateway.request("MOVE", "/team/a", {"Destination": destination.format(host=gateway.host), "Overwrite": "F"})
    assert done.status == 201
    request = origin.requests[0]
    assert request.field("Destination") == origin.url + inner
    assert request.field("Overwrite") == "F"


@pytest.mark.parametrize("destination, status", [
    ("http://elsewhere.example/team/b", 502), ("/files/b", 403), ("/teams", 403), ("/team/%zz", 400), ("b", 400), (None, 400)])
def test_destination_elsewhere(through, destination, status):
    gateway, origin = through()
    done = gateway.request("COPY", "/team/a", {"Destination": destination} if destination else {})
    assert done.status == status and not origin.requests


def test_bodies_that_come_again(through):
    """What has no URL in it is not read each time, and what has is mapped each time, by the gateway that is asked."""
    gateway, origin = through(xml(207, multistatus()))
    plain = '<D:propfind xmlns:D="DAV:"><D:prop><D:getetag/></D:prop></D:propfind>'
    report = '<D:expand-property xmlns:D="DAV:"/>'
    multiget = ('<C:calendar-multiget xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:D="DAV:"><D:href>/team/a</D:href>'
                "</C:calendar-multiget>")
    long = plain.replace("<D:getetag/>", "<D:getetag/>" + " " * 5000)
    for _ in range(3):
        for method, body in [("PROPFIND", plain), ("REPORT", report), ("REPORT", multiget), ("PROPFIND", long)]:
            assert gateway.request(method, "/team/", {"Depth": "0", "Content-Type": "text/xml"}, body).status == 207
            assert origin.requests[-1].body.decode() == body.replace("/team/a", "/in/ner/a")
        assert gateway.request("PROPFIND", "/team/", {}, plain[:-1]).status == 400
    assert len(origin.requests) == 12


def test_tags(through):
    """Several lines, as Apple's clients send; what is not ours is not made a path of the origin's."""
    gateway, origin = through(answer(204))
    gateway.request("PUT", "/team/a", [
        ("If", f'<http://{gateway.host}/team/a> (<urn:uuid:1> ["x)</team/a>"]) (Not <DAV:no-lock>)'),
        ("If", "</team/b/> (<urn:uuid:2>) </files/c> (<urn:uuid:3>)"),
        ("Lock-Token", "<urn:uuid:4>")], body="x")
    request = origin.requests[0]
    assert request.all("If") == [
        f'<{origin.url}a> (<urn:uuid:1> ["x)</team/a>"]) (Not <DAV:no-lock>) <{origin.url}b/> (<urn:uuid:2>)'
        f" <http://{gateway.host}/files/c> (<urn:uuid:3>)"]
    assert request.field("Lock-Token") == "<urn:uuid:4>"


def test_tags_of_what_is_not_here_at_an_ipv6_address(through):
    gateway, origin = through(answer(204), server="public-url = https://[::1]:8443/")
    gateway.request("PUT", "/team/a", {"Host": "[::1]:8443", "If": "</files/c> (<urn:uuid:3>)"}, body="x")
    assert origin.requests[0].field("If") == "<http://[::1]:8443/files/c> (<urn:uuid:3>)"


def test_fields_of_a_connection(through):
    gateway, origin = through(answer(200, fields=[("Connection", "X-Theirs"), ("X-Theirs", "1"), ("Keep-Alive", "a"),
                                                  ("X-Kept", "2"), ("Proxy-Authenticate", "Basic")]))
    done = gateway.request("GET", "/team/", {"Connection": "X-Mine, TE", "X-Mine": "1", "TE": "trailers",
                                             "Proxy-Authorization": "Basic eDp5", "X-Passes": "2", "Depth": "1"})
    request = origin.requests[0]
    assert not any(request.field(name) for name in ("X-Mine", "TE", "Proxy-Authorization", "Connection"))
    assert request.field("X-Passes") == "2" and request.field("Depth") == "1"
    assert not any(done.field(name) for name in ("X-Theirs", "Keep-Alive", "Proxy-Authenticate"))
    assert done.field("X-Kept") == "2"


def test_forwarded(through):
    gateway, origin = through()
    fields = {"X-Forwarded-For": "192.0.2.1", "Forwarded": "for=192.0.2.1", "Via": "1.1 other"}
    gateway.request("GET", "/team/", fields)
    request = origin.requests[0]
    assert request.field("X-Forwarded-For") == "127.0.0.1"
    assert request.field("X-Forwarded-Host") == gateway.host
    assert request.field("X-Forwarded-Proto") == "http"
    assert request.field("Forwarded") == f'for=127.0.0.1;host="{gateway.host}";proto=http'
    assert request.field("Via").startswith("1.1 other, 1.1 davit-")


def test_forwarded_from_a_trusted_proxy(through):
    gateway, origin = through(server="trust-proxy = 127.0.0.0/8\npublic-url = https://public.example/")
    gateway.request("GET", "/team/", {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https",
                                      "X-Forwarded-Host": "public.example"})
    request = origin.requests[0]
    assert request.field("X-Forwarded-For") == "192.0.2.1, 127.0.0.1"
    assert request.field("X-Forwarded-Host") == "public.example"
    assert request.field("X-Forwarded-Proto") == "https"


def test_how_often_it_may_be_passed_on(through):
    """RFC 9110 section 7.6.2"""
    gateway, origin = through()
    done = gateway.request("OPTIONS", "/team/", {"Max-Forwards": "0"})
    assert done.status == 200 and "PROPFIND" in done.field("Allow") and not origin.requests
    gateway.request("OPTIONS", "/team/", {"Max-Forwards": "3"})
    assert origin.requests[0].field("Max-Forwards") == "2"


def test_loop(through):
    """An origin that is this gateway."""
    gateway, origin = through(lambda request: answer(200, fields=[("Via", "1.1 a")]))
    done = gateway.request("GET", "/team/")
    assert done.field("Via").startswith("1.1 a, 1.1 davit-")
    via = origin.requests[0].field("Via")
    assert gateway.request("GET", "/team/", {"Via": via}).status == 508


def test_hrefs_and_locations(through):
    """G12, G14: with the authority of the origin, of us, and without one."""
    def reply(request):
        body = multistatus(f"<D:href>http://{request.field('Host')}/in/ner/a%2fb</D:href>",
                           f"<D:href>http://{request.field('X-Forwarded-Host')}/in/ner/c</D:href>",
                           "<D:href>/in/ner/</D:href>", "<D:href>/other/</D:href>", "<D:href>d</D:href>")
        return xml(207, body, [("Location", f"http://{request.field('Host')}/in/ner/x?y#z"), ("ETag", '"body"'),
                               ("Content-Location", "/in/ner/x"),
                               ("Link", '</in/ner/y>; rel="next", <http://else/in/ner/>; rel=last')])
    gateway, _ = through(reply)
    done = gateway.request("PROPFIND", "/team/", {"Depth": "1"})
    assert done.status == 207
    assert done.body.decode() == multistatus("<D:href>/team/a%2fb</D:href>", "<D:href>/team/c</D:href>",
                                             "<D:href>/team/</D:href>", "<D:href>/other/</D:href>",
                                             "<D:href>d</D:href>")
    assert done.field("Location") == "/team/x?y#z" and done.field("Content-Location") == "/team/x"
    assert done.field("Link") == '</team/y>; rel="next", <http://else/in/ner/>; rel=last'
    assert done.field("ETag") is None and done.field("Cache-Control") == "no-store"
    gateway.says("names /other/, which is in no mount")


def test_content_stays_as_it_is(through):
    """What a GET gives is the user's, whatever it looks like."""
    body = multistatus("<D:href>/in/ner/a</D:href>")
    gateway, origin = through(xml(200, body, [("ETag", '"x"'), ("Content-Encoding", "x-own")]))
    done = gateway.request("GET", "/team/saved.xml", {"Accept-Encoding": "gzip"})
    assert done.body.decode() == body and done.field("ETag") == '"x"'
    assert done.field("Content-Length") == str(len(body)) and done.field("Content-Encoding") == "x-own"
    assert origin.requests[0].field("Accept-Encoding") == "gzip"
    gateway.request("PROPFIND", "/team/", {"Accept-Encoding": "gzip"})
    assert origin.requests[1].field("Accept-Encoding") == "identity"


def test_hrefs_in_requests(through):
    gateway, origin = through(xml(207, multistatus()))
    body = ('<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop/>'
            "<D:href>{}a.ics</D:href><D:href>b.ics</D:href></C:calendar-multiget>")
    gateway.request("REPORT", "/team/", body=body.format("/team/"))
    assert origin.requests[0].body.decode() == body.format("/in/ner/")
    owner = ('<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>'
             "<D:owner><D:href>/team/me</D:href></D:owner></D:lockinfo>")
    gateway.request("LOCK", "/team/a", body=owner)
    assert origin.requests[1].body.decode() == owner
    assert origin.requests[1].field("Content-Length") == str(len(owner))
    assert gateway.request("REPORT", "/team/", body="<a>").status == 400
    assert len(origin.requests) == 2
    gateway.request("MKCOL", "/team/b", body="no XML")
    assert origin.requests[2].body == b"no XML"


def test_collection_without_its_slash(through):
    """An origin that redirects is asked again where nothing is at stake: clients that list do not follow."""
    def reply(request):
        if request.target.endswith("/"):
            return xml(207, multistatus(f"<D:href>{request.target}</D:href>"))
        return answer(301, b"moved", [("Location", f"http://{request.field('Host')}{request.target}/")])
    gateway, origin = through(reply)
    done = gateway.request("PROPFIND", "/team/col", {"Depth": "0"}, body="<D:propfind xmlns:D='DAV:'><D:allprop/></D:propfind>")
    assert done.status == 207 and done.field("Content-Location") == "/team/col/"
    assert b"<D:href>/team/col/</D:href>" in done.body
    assert origin.requests[0].body == origin.requests[1].body
    assert gateway.request("MKCOL", "/team/col").field("Location") == "/team/col/"
    assert gateway.request("GET", "/team/col").status == 301
    assert len(origin.requests) == 4


def test_get_is_no_listing(through):
    """G14"""
    listing = xml(207, multistatus())
    gateway, origin = through(listing, keys="read-only = yes")
    done = gateway.request("GET", "/team/")
    assert done.status == 405 and done.field("Allow") == "OPTIONS, PROPFIND, REPORT, SEARCH, BPROPFIND"
    done = gateway.request("PUT", "/team/a", body="x")
    assert done.status == 405 and done.field("Allow") == "OPTIONS, GET, HEAD, PROPFIND, REPORT, SEARCH, BPROPFIND"
    gateway, origin = through(listing)
    mount = set(gateway.request("GET", "/team/").field("Allow").split(", "))
    assert {"PROPFIND", "PUT", "ACL"} <= mount and not {"GET", "HEAD", "DELETE", "MOVE", "TRACE"} & mount
    assert set(gateway.request("GET", "/team/c/").field("Allow").split(", ")) == mount | {"DELETE", "MOVE"}


def test_head(through):
    gateway, _ = through(b"HTTP/1.1 200 X\r\nContent-Length: 5\r\nContent-Type: application/xml\r\n\r\n")
    with gateway.connect() as connection:
        for _ in range(2):
            connection.send(f"HEAD /team/a HTTP/1.1\r\nHost: {gateway.host}\r\n\r\n")
            done = connection.read("HEAD")
            assert done.status == 200 and done.field("Content-Length") == "5"


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body(through, status):
    gateway, _ = through(f"HTTP/1.1 {status} X\r\nETag: \"a\"\r\n\r\n".encode())
    done = gateway.request("GET" if status == 304 else "DELETE", "/team/a")
    assert done.status == status and done.field("ETag") == '"a"' and done.field("Content-Length") is None


def test_abilities(through):
    """G4, G17: what both can. Read-only, there are no locks."""
    reply = answer(200, fields=[("DAV", "1, 2, 3, calendar-access"), ("Allow", "OPTIONS, GET, PUT, LOCK, BREW, TRACE, REPORT")])
    gateway, _ = through(reply)
    done = gateway.request("OPTIONS", "/team/")
    assert done.field("DAV") == "1, 2, 3, calendar-access" and done.field("Allow") == "OPTIONS, GET, PUT, LOCK, BREW, REPORT"
    gateway, origin = through(reply, keys="read-only = yes")
    done = gateway.request("OPTIONS", "/team/")
    assert done.field("DAV") == "1, 3, calendar-access" and done.field("Allow") == "OPTIONS, GET, REPORT"
    origin.reply = xml(207, multistatus("<D:href>/in/ner/</D:href><D:propstat><D:prop><D:supportedlock><D:lockentry/>"
                                        "</D:supportedlock></D:prop></D:propstat>"))
    assert b"lockentry" not in gateway.request("PROPFIND", "/team/").body
    done = gateway.request("PUT", "/team/a", body="x")
    assert done.status == 405 and "PUT" not in done.field("Allow") and len(origin.requests) == 2


def test_credentials_stay_here(through, tmp_path):
    gateway, origin = through(answer(200, fields=[("Set-Cookie", "a=b")]))
    done = gateway.request("GET", "/team/", {"Authorization": "Basic eDp5", "Cookie": "a=b"})
    assert origin.requests[0].field("Authorization") is None and origin.requests[0].field("Cookie") is None
    assert done.field("Set-Cookie") is None
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    gateway, origin = through(OK, keys=f"origin-user = me\norigin-password-file = {secret}")
    gateway.request("PUT", "/team/a", {"Authorization": "Basic eDp5"}, body="x")
    assert origin.requests[0].field("Authorization") == "Basic bWU6czNjcmV0"
    gateway, origin = through(OK, keys=f"origin-token-file = {secret}")
    gateway.request("GET", "/team/")
    assert origin.requests[0].field("Authorization") == "Bearer s3cret"


def test_secret_that_changes(through, tmp_path):
    """It is read again, by a davit that may not read it itself."""
    if os.geteuid():
        pytest.skip("needs to be root")
    secret = tmp_path / "secret"
    secret.write_text("old")
    secret.chmod(0o600)
    for folder in [tmp_path, *tmp_path.parents][:-1]:
        if os.stat(folder).st_uid != 0 or os.stat(folder).st_mode & 0o022 and not os.stat(folder).st_mode & 0o1000:
            pytest.skip("others may write where the secret is")
    gateway, origin = through(OK, keys=f"origin-token-file = {secret}", args=["--user", "nobody"])
    gateway.request("GET", "/team/")
    secret.write_text("new")
    gateway.says("have been read again")
    gateway.request("GET", "/team/")
    assert [request.field("Authorization") for request in origin.requests] == ["Bearer old", "Bearer new"]


def test_answer_with_control_characters(through):
    gateway, _ = through(b"HTTP/1.1 200 OK\r\nX-A: a\rSet-Cookie: b\r\nX-B: c\x01d\r\nX C: e\r\nX-D: f\tg\r\nContent-Length: 0\r\n\r\n")
    done = gateway.request("GET", "/team/")
    assert done.status == 200 and done.field("X-D") == "f\tg"
    assert not any(done.field(name) for name in ("X-A", "X-B", "X C", "Set-Cookie"))


def test_hashes_of_content_pass(through):
    """It is the origin that holds a PUT to them (RFC 9530), and that knows those of what it has."""
    gateway, origin = through(answer(200, b"content", [("OC-Checksum", "SHA1:x"), ("Repr-Digest", "sha-256=:eA==:")]))
    announced = {"OC-Checksum": "SHA1:00", "Content-Digest": "sha-256=:eA==:", "Content-MD5": "eA=="}
    wishes = {"Want-Repr-Digest": "sha-256=1", "Want-Content-Digest": "sha-512=1"}
    done = gateway.request("GET", "/team/f", wishes)
    assert done.field("OC-Checksum") == "SHA1:x" and done.field("Repr-Digest") == "sha-256=:eA==:"
    gateway.request("PUT", "/team/f", announced, b"content")
    for request, fields in zip(origin.requests, (wishes, announced)):
        assert {name: request.field(name) for name in fields} == fields


def test_credentials_that_are_passed(through):
    gateway, origin = through(answer(401, b"no", [
        ("WWW-Authenticate", 'Digest realm="a", nonce="b", Basic realm="c", Negotiate'), ("Set-Cookie", "a=b; Path=/in; Domain=x")]),
        keys="origin-credentials = pass")
    done = gateway.request("GET", "/team/", {"Authorization": "Basic eDp5", "Cookie": "a=b"})
    assert done.status == 401 and done.field("WWW-Authenticate") == 'Basic realm="c"'
    assert done.field("Set-Cookie") == "a=b; Path=/team/"
    assert origin.requests[0].field("Authorization") == "Basic eDp5" and origin.requests[0].field("Cookie") == "a=b"
    gateway.request("GET", "/team/", {"Authorization": 'Digest username="x"'})
    assert origin.requests[1].field("Authorization") is None


def test_fields_of_several_lines(through):
    """RFC 9110 §5.3: what stands on several lines is one list."""
    gateway, _ = through(answer(401, b"no", [("WWW-Authenticate", 'Basic realm="c"'), ("WWW-Authenticate", "Negotiate"),
                                             ("Via", "1.1 a"), ("Via", "1.0 b")]), keys="origin-credentials = pass")
    done = gateway.request("GET", "/team/")
    assert done.status == 401 and done.field("WWW-Authenticate") == 'Basic realm="c"'
    assert done.field("Via").startswith("1.1 a, 1.0 b, 1.1 davit-")


@pytest.mark.parametrize("keys, challenge", [("", "Basic realm=a"), ("origin-credentials = pass", "Negotiate")])
def test_challenge_that_nobody_can_meet(through, keys, challenge):
    """G4: a 401 without a challenge helps nobody."""
    gateway, _ = through(answer(401, b"no", [("WWW-Authenticate", challenge)]), keys=keys)
    assert gateway.request("GET", "/team/").status == 502
    gateway.says("origin-credentials" if not keys else "Basic and Bearer")


def test_continue_is_the_origins_to_say(through):
    """G8: our client is told to go on when the origin has said so."""
    came = threading.Event()

    def act(peer, request):
        origin.requests.append(request)
        came.set()
        assert go.wait(60)
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.body = peer.body(request)
        peer.send(answer(201))
    go = threading.Event()
    gateway, origin = through(act=act)
    with gateway.connect() as connection:
        connection.send(f"PUT /team/a HTTP/1.1\r\nHost: {gateway.host}\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert came.wait(60)
        assert origin.requests[0].field("Expect") == "100-continue"
        go.set()
        assert connection.read().status == 100
        connection.send("abc")
        assert connection.read().status == 201
    assert origin.requests[0].body == b"abc"


def test_final_answer_instead_of_continue(through):
    """G8, G20: the body is not asked for."""
    gateway, _ = through(act=lambda peer, request: peer.send(answer(417 if request is None else 413, b"too much")))
    with gateway.connect() as connection:
        connection.send(f"PUT /team/a HTTP/1.1\r\nHost: {gateway.host}\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        assert connection.read().status == 413


def test_chunks_stay_chunks(through):
    """G9"""
    gateway, origin = through(answer(201))
    with gateway.connect() as connection:
        connection.send(f"PUT /team/a HTTP/1.1\r\nHost: {gateway.host}\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.send("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        assert connection.read().status == 201
    assert origin.requests[0].body == b"abcde" and origin.requests[0].field("Content-Length") is None


@pytest.mark.parametrize("size", [0, 5, 300000])
@pytest.mark.parametrize("field", [None, "X-Expected-Entity-Length", "OC-Total-Length"])
def test_length_for_an_origin_that_must_know(through, field, size):
    """G9, G10: it is said, or found out, and never guessed."""
    gateway, origin = through(answer(201), keys="origin-chunks = no")
    body = b"x" * size
    with gateway.connect() as connection:
        said = f"{field}: {size}\r\n" if field else ""
        connection.send(f"PUT /team/a HTTP/1.1\r\nHost: {gateway.host}\r\nTransfer-Encoding: chunked\r\n{said}\r\n")
        for i in range(0, size, 50000):
            part = body[i:i + 50000]
            connection.send(b"%x\r\n%s\r\n" % (len(part), part))
        connection.send("0\r\n\r\n")
        assert connection.read().status == 201
    assert origin.requests[0].body == body and origin.requests[0].field("Content-Length") == str(size)


def test_length_that_is_a_lie(through):
    gateway, origin = through(answer(201), keys="origin-chunks = no", args=["--limit", "spool_bytes=100000"])
    chunked = {"Transfer-Encoding": "chunked"}
    for said in (4, 6):
        done = gateway.request("PUT", "/team/a", {"X-Expected-Entity-Length": str(said), **chunked}, b"5\r\nabcde\r\n0\r\n\r\n")
        assert done.status == 400
    assert not origin.requests
    done = gateway.request("PUT", "/team/a", {"OC-Total-Length": "4", "OC-Chunked": "1", **chunked}, b"5\r\nabcde\r\n0\r\n\r\n")
    assert done.status == 201 and origin.requests[0].body == b"abcde"
    assert gateway.request("PUT", "/team/a", chunked, b"30d40\r\n%s\r\n0\r\n\r\n" % (b"x" * 200000)).status == 413
    assert len(origin.requests) == 1


def test_empty_content_has_a_length(through):
    gateway, origin = through(answer(201))
    gateway.request("PUT", "/team/a", body="")
    assert origin.requests[0].field("Content-Length") == "0"
    gateway.request("MKCOL", "/team/b")
    assert origin.requests[1].field("Content-Length") is None and origin.requests[1].field("Transfer-Encoding") is None


def test_rules_come_first(started, tmp_path):
    """What a rule hides is left out of listings, and nothing reaches it."""
    users = str(tmp_path / "users")
    davit.add_user(users, "alice", "a")
    davit.add_user(users, "bob", "b")
    origin = started(Scripted(xml(207, multistatus(
        "<D:href>/in/ner/</D:href>", "<D:href>/in/ner/open</D:href>", "<D:href>/in/ner/private/x</D:href>",
        "<D:href>/in/ner/PRIVATE</D:href>"))))
    rules = '[rule "/"]\nallow = all for alice\nallow = all for bob\n[rule "/team/private"]\ndeny = all for bob\n'
    gateway = started(Gateway({"/team": f"origin = {origin.url}"}, f"users = {users}\nschemes = basic", rest=rules))
    alice = {"Authorization": "Basic YWxpY2U6YQ=="}
    bob = {"Authorization": "Basic Ym9iOmI="}
    assert gateway.request("PROPFIND", "/team/", {"Depth": "1"}).status == 401
    assert not origin.requests
    assert b"private" in gateway.request("PROPFIND", "/team/", {"Depth": "1", **alice}).body
    listing = gateway.request("PROPFIND", "/team/", {"Depth": "1", **bob}).body.decode()
    assert listing.startswith(multistatus("<D:href>/team/</D:href>", "<D:href>/team/open</D:href>")[:-len("</D:multistatus>")])
    assert listing.count("403 Forbidden") == 2 and "/team/private/x" in listing  # named, as a store names them
    count = len(origin.requests)
    for method, target in [("GET", "/team/private/x"), ("GET", "/team/Private/x"), ("GET", "/team/%70rivate/x"),
                           ("DELETE", "/team/"), ("GET", "/team/open/../private/x"), ("BIND", "/team/open")]:
        assert gateway.request(method, target, bob).status in (403, 405), (method, target)
    move = gateway.request("MOVE", "/team/open", {"Destination": "/team/private/y", **bob})
    assert move.status == 403 and len(origin.requests) == count
    assert origin.requests[0].field("Authorization") is None


def test_no_way_round_the_rules(started, tmp_path):
    """What would have the origin do something else than was judged, or answer so that nobody can look."""
    users = str(tmp_path / "users")
    davit.add_user(users, "bob", "b")
    bob = {"Authorization": "Basic Ym9iOmI="}

    def reply(request):
        if request.method == "REPORT":
            return answer(200, b"BEGIN:VFREEBUSY", [("Content-Type", "text/calendar")])
        return answer(200, b"<a href=private>", [("Content-Type", "text/html")])
    origin = started(Scripted(reply))
    rules = '[rule "/"]\nallow = all for bob\n[rule "/team/a/private"]\ndeny = all for bob\n'
    gateway = started(Gateway({"/team": f"origin = {origin.url}"}, f"users = {users}\nschemes = basic", rest=rules))
    done = gateway.request("COPY", "/team/a", {"Depth": "0", "Connection": "depth, overwrite", "Overwrite": "F",
                                               "Destination": "/team/b", **bob})
    assert done.status == 200
    assert origin.requests[0].field("Depth") == "0" and origin.requests[0].field("Overwrite") == "F"
    gateway.request("GET", "/team/b/..;/x;y", {"X-Original-URL": "/x", "X_Rewrite_URL": "/x", "Proxy": "http://x",
                                                "X-HTTP-Method-Override": "DELETE", "X_Forwarded_For": "1.2.3.4",
                                                "X-Remote-User": "root", "Remote_User": "root", **bob})
    request = origin.requests[1]
    assert request.target == "/in/ner/b/..%3B/x%3By"
    assert not any(request.field(name) for name in ("X-Original-URL", "X_Rewrite_URL", "Proxy", "X-HTTP-Method-Override",
                                                    "X_Forwarded_For", "X-Remote-User", "Remote_User"))
    assert gateway.request("HEAD", "/team/a/", bob).status == 200
    count = len(origin.requests)
    for method, target in (("GET", "/team/"), ("GET", "/team/a"), ("POST", "/team/a/")):
        assert gateway.request(method, target, bob).status == 403, (method, target)
    assert len(origin.requests) == count
    for method in ("REPORT", "PROPFIND", "SEARCH"):
        done = gateway.request(method, "/team/a/", bob)
        assert done.status == 502 and b"private" not in done.body and b"VFREEBUSY" not in done.body


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-be", "utf-16-le"])
def test_hrefs_in_wide_requests(through, coding):
    gateway, origin = through(OK)
    text = '<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:href>/team/a</D:href></C:calendar-multiget>'
    gateway.request("REPORT", "/team/", {"Content-Type": "application/xml"}, body=text.encode(coding))
    assert origin.requests[0].body == text.replace("/team/a", "/in/ner/a").encode(coding)


def test_length_beside_chunks(through):
    """RFC 9112 §6.3: the chunks count, and no byte is taken for the next answer."""
    gateway, _ = through(b"HTTP/1.1 200 X\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n")
    done = gateway.request("GET", "/team/a")
    assert done.body == b"abcde" and done.field("Content-Length") is None
