"""Reports of people whose proxy broke WebDAV, by their number (G1 to G25): bodies, and what is said of them. A scripted
origin and one client's transcript each."""

import gzip
import shutil
import subprocess

import davit
import pytest
import tls
from origins import Gateway, Scripted, answer, multistatus, xml

LISTING = multistatus('<D:href>/in/ner/a</D:href><D:propstat><D:prop><D:getetag>"strong"</D:getetag></D:prop>'
                      "<D:status>HTTP/1.1 200 OK</D:status></D:propstat>")


def begin_put(connection, gateway, length, *fields):
    lines = "".join(f"{line}\r\n" for line in fields)
    connection.send(f"PUT /team/a HTTP/1.1\r\nHost: {gateway.host}\r\nContent-Length: {length}\r\n{lines}\r\n")


def test_g8_one_100_and_one_answer(through):
    """The origin's 100 becomes ours; what comes after it on the connection is not taken for something else."""
    def act(peer, request):
        if request.field("Expect"):
            peer.send(b"HTTP/1.1 100 Continue\r\nX-Not: this\r\n\r\n")
        request.body = peer.body(request)
        origin.requests.append(request)
        peer.send(answer(201))
    gateway, origin = through(act=act)
    with gateway.connect() as connection:
        for body in ("abc", "defg"):
            begin_put(connection, gateway, len(body), "Expect: 100-continue")
            first = connection.read()
            assert first.status == 100 and not first.fields
            connection.send(body)
            assert connection.read().status == 201
        connection.send(f"GET /team/a HTTP/1.1\r\nHost: {gateway.host}\r\n\r\n")
        assert connection.read().status == 201
    assert [request.body for request in origin.requests] == [b"abc", b"defg", b""]


@pytest.mark.parametrize("status", [400, 401, 403, 412, 417, 423, 507])
def test_g8_a_final_answer_instead(through, status):
    """It comes without the body, and no 100 before it."""
    gateway, _ = through(act=lambda peer, request: peer.send(answer(status, b"no", [("WWW-Authenticate", "Basic realm=a")])),
                         keys="origin-credentials = pass")
    with gateway.connect() as connection:
        begin_put(connection, gateway, 1 << 30, "Expect: 100-continue")
        done = connection.read()
        assert done.status == status and done.body == b"no"


def test_g8_an_origin_that_knows_no_100(through):
    """It waits for the body: so it gets it after a while."""
    gateway, origin = through(answer(201))
    with gateway.connect() as connection:
        begin_put(connection, gateway, 3, "Expect: 100-continue")
        assert connection.read().status == 100
        connection.send("abc")
        assert connection.read().status == 201
    assert origin.requests[0].body == b"abc"


@pytest.mark.parametrize("sizes", [[1], [3, 2], [70000, 1, 70000]])
def test_g9_chunks_stay_chunks(through, sizes):
    """Nothing is lost, and no length is made up."""
    gateway, origin = through(answer(201))
    with gateway.connect() as connection:
        connection.send(f"PUT /team/a HTTP/1.1\r\nHost: {gateway.host}\r\nTransfer-Encoding: chunked\r\n\r\n")
        for size in sizes:
            connection.send(f"{size:x}\r\n{'x' * size}\r\n")
        connection.send("0\r\n\r\n")
        assert connection.read().status == 201
    request = origin.requests[0]
    assert request.body == b"x" * sum(sizes) and request.field("Content-Length") is None
    assert request.field("Transfer-Encoding") == "chunked"


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH"])
def test_g9_a_body_that_is_cut_off_is_no_shorter_body(through, method):
    """The origin sees that it is not all."""
    ends = []

    def act(peer, request):
        try:
            ends.append(peer.body(request))
        except EOFError:
            ends.append("cut off")
            raise
    gateway, _ = through(act=act)
    with gateway.connect() as connection:
        connection.send(f"{method} /team/a HTTP/1.1\r\nHost: {gateway.host}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        connection.socket.shutdown(1)
        connection.read()
    gateway.says_of_access(f"{method} /team/a")
    with gateway.connect() as connection:
        connection.send(f"{method} /team/b HTTP/1.1\r\nHost: {gateway.host}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nz\r\n")
        assert connection.read().status == 400
    assert b"abc" not in ends


@pytest.mark.parametrize("method", ["PUT", "POST", "MKCOL", "PROPPATCH"])
def test_g10_a_known_length_is_said(through, method):
    gateway, origin = through(answer(201))
    gateway.request(method, "/team/a", body="<a/>")
    assert origin.requests[0].field("Content-Length") == "4" and origin.requests[0].body == b"<a/>"
    assert origin.requests[0].field("Transfer-Encoding") is None


@pytest.mark.parametrize("field", [None, "OC-Total-Length", "X-Expected-Entity-Length"])
def test_g10_http_2_without_a_length(through, tmp_path, field):
    """To an origin that must know it: it is taken from where it is said, or found out."""
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    pair = tls.make_pair(tmp_path / "pair", "localhost")
    gateway, origin = through(answer(201), keys="origin-chunks = no", args=pair.args())
    said = ["-H", f"{field}: 200000"] if field else []
    done = subprocess.run(["curl", "-sS", "--http2", "--cacert", str(pair.certificate), "-T", "-", *said, "-w", "%{http_code}",
                           gateway.url.replace("127.0.0.1", "localhost") + "/team/a"], input=b"x" * 200000,
                          capture_output=True, check=False, timeout=120)
    assert done.stdout == b"201", done.stderr
    request = origin.requests[0]
    assert request.body == b"x" * 200000 and request.field("Content-Length") == "200000"
    assert request.field("Transfer-Encoding") is None


@pytest.mark.parametrize("packed", [False, True])
def test_g11_tags_stay_strong(through, packed):
    """Those of resources inside of a 207, and that of a file, whatever the client can unpack."""
    def reply(request):
        if request.method == "PROPFIND":
            body = LISTING.encode()
            coding = [("Content-Encoding", "gzip")] if packed else []
            return answer(207, gzip.compress(body) if packed else body, [("Content-Type", "text/xml"), ("ETag", 'W/"x"'), *coding])
        return answer(200 if request.method == "GET" else 204, b"", [("ETag", '"strong"'), ("OC-ETag", '"strong"')])
    gateway, origin = through(reply)
    listing = gateway.request("PROPFIND", "/team/", {"Depth": "1", "Accept-Encoding": "gzip"})
    assert listing.body.decode() == LISTING.replace("/in/ner/", "/team/") and listing.field("Content-Encoding") is None
    for method in ("GET", "HEAD", "PUT", "MOVE"):
        fields = {"If-Match": '"strong"', "Accept-Encoding": "gzip, br", "Destination": "/team/b"}
        done = gateway.request(method, "/team/a", fields, body="x" if method == "PUT" else None)
        assert done.field("ETag") == '"strong"' and done.field("OC-ETag") == '"strong"', method
        assert done.field("Content-Encoding") is None and origin.requests[-1].field("If-Match") == '"strong"'


def test_g20_who_must_sign_in_first_is_told_before_his_body(through):
    """The origin's challenge, too, comes instead of a 100; the second attempt has the whole body."""
    def act(peer, request):
        if not request.field("Authorization"):
            peer.send(answer(401, b"", [("WWW-Authenticate", 'Basic realm="a"')]))
            raise EOFError
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.body = peer.body(request)
        origin.requests.append(request)
        peer.send(answer(201))
    gateway, origin = through(act=act, keys="origin-credentials = pass")
    with gateway.connect() as connection:
        begin_put(connection, gateway, 100000, "Expect: 100-continue")
        refused = connection.read()
        assert refused.status == 401 and refused.field("WWW-Authenticate") == 'Basic realm="a"'
    with gateway.connect() as connection:
        begin_put(connection, gateway, 100000, "Expect: 100-continue", "Authorization: Basic eDp5")
        assert connection.read().status == 100
        connection.send("x" * 100000)
        assert connection.read().status == 201
    assert [len(request.body) for request in origin.requests] == [100000]


def test_g20_nor_is_the_origin_asked(through, tmp_path):
    """Where it is us who want to know."""
    users = str(tmp_path / "users")
    davit.add_user(users, "alice", "a")
    gateway, origin = through(answer(201), server=f"users = {users}")
    with gateway.connect() as connection:
        begin_put(connection, gateway, 9, "Expect: 100-continue")
        assert connection.read().status == 401
    assert not origin.requests


def wants_to_know(origin):
    """An origin that answers 401 to who does not say who he is, after his body."""
    def act(peer, request):
        request.body = peer.body(request)
        origin().requests.append(request)
        peer.send(answer(201 if request.field("Authorization") else 401, fields=[("WWW-Authenticate", 'Basic realm="a"')]))
    return act


def put(connection, gateway, body, path="/team/a", *fields):
    lines = "".join(f"{line}\r\n" for line in fields)
    connection.send(f"PUT {path} HTTP/1.1\r\nHost: {gateway.host}\r\nContent-Length: {len(body)}\r\n{lines}\r\n{body}")
    return connection.read().status


ANN = "Authorization: Basic YW5uOmE="


def test_g20_a_body_that_was_lost_empties_no_file(through):
    """A client that can read its body but once: refused, until the body comes."""
    gateway, origin = through(act=wants_to_know(lambda: origin), keys="origin-credentials = pass")
    with gateway.connect() as connection:
        assert put(connection, gateway, "content") == 401
        assert put(connection, gateway, "", "/team/a", ANN) == 400
        assert put(connection, gateway, "", "/team/a", ANN) == 400
        assert [request.body for request in origin.requests] == [b"content"]
        gateway.says("an empty PUT is refused")
        assert put(connection, gateway, "", "/team/other", ANN) == 201
        with gateway.connect() as another:
            assert put(another, gateway, "", "/team/a", ANN) == 201
        assert put(connection, gateway, "content", "/team/a", ANN) == 201
        assert put(connection, gateway, "", "/team/a", ANN) == 201
    assert [request.body for request in origin.requests] == [b"content", b"", b"", b"content", b""]


def test_g20_what_is_empty_from_the_first_is_a_file(through):
    gateway, origin = through(act=wants_to_know(lambda: origin), keys="origin-credentials = pass")
    with gateway.connect() as connection:
        assert put(connection, gateway, "") == 401
        assert put(connection, gateway, "", "/team/a", ANN) == 201
    assert len(origin.requests) == 2


def test_g20_it_can_be_left_to_the_origin(through):
    gateway, origin = through(act=wants_to_know(lambda: origin),
                              keys="origin-credentials = pass\norigin-lost-bodies = accept")
    with gateway.connect() as connection:
        assert put(connection, gateway, "content") == 401
        assert put(connection, gateway, "", "/team/a", ANN) == 201


def test_g20_also_where_the_gateway_signs_people_in(started, tmp_path):
    users = str(tmp_path / "users")
    davit.add_user(users, "ann", "a")
    origin = started(Scripted(answer(201)))
    gateway = started(Gateway({"/team": f"origin = {origin.url}"}, f"users = {users}\nschemes = basic"))
    with gateway.connect() as connection:
        assert put(connection, gateway, "content") == 401
        assert put(connection, gateway, "", "/team/a", ANN) == 400
        assert put(connection, gateway, "content", "/team/a", ANN) == 201
    assert [request.method for request in origin.requests] == ["PUT"]


def test_g22_there_is_no_limit_of_ours(through):
    gateway, origin = through(answer(201))
    size = 5 << 20
    assert gateway.request("PUT", "/team/a", body=b"x" * size).status == 201
    assert len(origin.requests[0].body) == size and origin.requests[0].field("Content-Length") == str(size)


def test_g21_g22_the_origin_s_limit_is_its_own(through):
    """Or that of an edge in front of it: it comes before the body is sent, and as it is."""
    html = b"<html>413 Request Entity Too Large"
    gateway, _ = through(act=lambda peer, request: peer.send(answer(413, html, [("Content-Type", "text/html")])))
    with gateway.connect() as connection:
        begin_put(connection, gateway, 1 << 40, "Expect: 100-continue")
        done = connection.read()
        assert done.status == 413 and done.body == html and "sandbox" in done.field("Content-Security-Policy")


def test_g3_what_a_name_ends_in_does_not_matter(through):
    gateway, origin = through(xml(207, LISTING))
    for name in ("a.jpg", "b.css", "c.php", ".well-known"):
        done = gateway.request("PROPFIND", f"/team/{name}", {"Depth": "0"})
        assert done.status == 207 and done.field("Cache-Control") == "no-store"
        assert origin.requests[-1].method == "PROPFIND" and origin.requests[-1].target == f"/in/ner/{name}"
