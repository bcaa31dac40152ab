"""What a hostile origin, or a hostile client, tries: framing that is read in two ways, lines in fields, names that lead
elsewhere for some servers, and hrefs of what is beside the mount."""

import gzip

import davit
import http2
import pytest
from origins import DavitOrigin, Gateway, Scripted, answer, multistatus, xml

HEAD = b"HTTP/1.1 200 X\r\n"
BOB = {"Authorization": "Basic Ym9iOmI="}


def always(data):
    """Says this, whatever is asked, and ends the connection."""
    def act(peer, request):
        peer.body(request)
        peer.send(data)
        raise EOFError
    return act


# --- answers ---

@pytest.mark.parametrize("data", [
    b"Content-Length: 5\r\nContent-Length: 3\r\n\r\nabcde",
    b"Content-Length: 3, 5\r\n\r\nabcde",
    b"Content-Length: 3x\r\n\r\nabc",
    b"Content-Length: -3\r\n\r\nabc",
    b"Content-Length: 99999999999999999999999\r\n\r\nabc",
    b"Content-Length:\r\n 3\r\n\r\nabc",
    b"Transfer-Encoding:\r\n chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked, gzip\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"Transfer-Encoding: x\r\n\r\nabc",
])
def test_framing_that_is_read_in_two_ways(through, data):
    """RFC 9112 section 6.3: it cannot be recovered from."""
    gateway, _ = through(act=always(HEAD + data))
    for method in ("GET", "PROPFIND"):
        assert gateway.request(method, "/team/a").status == 502
    is_seen_by_libcurl = data.startswith((b"Content-Length: -3", b"Content-Length:\r\n"))
    gateway.says("Invalid Content-Length" if is_seen_by_libcurl else "leaves open where its body ends")


def test_length_that_is_said_twice(through):
    gateway, _ = through(act=always(HEAD + b"Content-Length: 3\r\nContent-Length: 3, 3\r\n\r\nabc"))
    assert gateway.request("GET", "/team/a").body == b"abc"


def test_answers_nobody_asked_for(through):
    """What is behind an answer is no answer to whoever asks next."""
    evil = HEAD + b"Content-Length: 4\r\n\r\nevil"

    def act(peer, request):
        peer.body(request)
        asked.append(request.target)
        peer.send(answer(200, request.target.encode()) + evil * (len(asked) % 2))
    asked = []
    gateway, _ = through(act=act, server="threads = 1")
    for number in range(6):
        assert gateway.request("GET", f"/team/{number}").body == f"/in/ner/{number}".encode()


@pytest.mark.parametrize("line", [b"Via: 1.1 a\rSet-Cookie: b=c", b"Via: 1.1 a\x01b", b"Link: </in/ner/a>\rX-B: c", b"DAV: 1\rX-B: c",
                                  b"Location: /in/ner/a\rX-B: c", b"Allow: GET\rX-B: c", b"ETag: \"a\rX-B: c"])
def test_lines_in_fields(through, line):
    gateway, _ = through(act=always(HEAD + line + b"\r\nContent-Length: 0\r\n\r\n"))
    with gateway.connect() as connection:
        connection.send(f"OPTIONS /team/a HTTP/1.1\r\nHost: {gateway.host}\r\n\r\n")
        head = connection.socket.recv(65536)
    assert b" 200 " in head and b"X-B" not in head and b"Set-Cookie" not in head and b"\x01" not in head
    assert b"\r" not in head.replace(b"\r\n", b"")


@pytest.mark.parametrize("path", ["/", "/team"])
@pytest.mark.parametrize("inner, outer", [("/in/ner//evil.example/x", "/evil.example/x"), ("/in/ner/\\evil.example", "/%5Cevil.example"),
                                          ("/in/ner///\\/evil.example", "/%5C/evil.example"), ("/in/ner/a\\b//c", "/a%5Cb//c")])
def test_urls_that_become_hosts(through, path, inner, outer):
    gateway, _ = through(lambda request: xml(301 if request.method == "GET" else 207, multistatus(f"<D:href>{inner}</D:href>"),
                                             [("Location", inner), ("Link", f"<{inner}>")]), path=path)
    at = path.rstrip("/")
    done = gateway.request("GET", f"{at}/a")
    assert done.field("Location") == at + outer and done.field("Link") == f"<{at}{outer}>"
    assert f"<D:href>{at}{outer}</D:href>".encode() in gateway.request("PROPFIND", f"{at}/a").body


def test_interim_answers(through):
    """They end here, and do not go on for ever."""
    early = b"HTTP/1.1 103 X\r\nSet-Cookie: a=b\r\n\r\n"
    gateway, _ = through(act=always(early * 3 + answer(200, b"x")), keys="origin-credentials = pass")
    done = gateway.request("GET", "/team/a")
    assert done.body == b"x" and done.field("Set-Cookie") is None
    gateway, _ = through(act=always(early * 10000))
    assert gateway.request("GET", "/team/a").status == 502
    gateway.says("the head of the answer is too long")
    gateway, _ = through(act=always(b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"))
    assert gateway.request("GET", "/team/a").status == 502


def test_trailers_end_here(through):
    gateway, _ = through(act=always(HEAD + b"Transfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n1\r\na\r\n0\r\nX-T: b\r\n\r\n"))
    with gateway.connect() as connection:
        connection.send(f"GET /team/a HTTP/1.1\r\nHost: {gateway.host}\r\nConnection: close\r\n\r\n")
        said = b""
        while data := connection.socket.recv(65536):
            said += data
    assert b"X-T" not in said and said.endswith(b"1\r\na\r\n0\r\n\r\n")


def bombs():
    deep = "<D:multistatus xmlns:D=\"DAV:\">" + "<a>" * 100000
    entities = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><D:multistatus xmlns:D="DAV:">&b;</D:multistatus>'
    wide = "<D:multistatus xmlns:D=\"DAV:\"" + "".join(f" a{i}='x'" for i in range(100000)) + "/>"
    yield "deep", deep, "bounds"
    yield "entities", entities, "document type"
    yield "attributes", wide, ""
    yield "href", multistatus("<D:href>/in/ner/" + "a" * 1000000 + "</D:href>"), "too long"
    yield "comment", multistatus("<!--" + "a" * 1000000 + "-->"), "too long"


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("name, body, why", list(bombs()), ids=[name for name, _, _ in bombs()])
def test_xml_bombs(through, name, body, why, is_packed):
    body = body.encode()
    fields = [("Content-Type", "text/xml")] + [("Content-Encoding", "gzip")] * is_packed
    gateway, _ = through(answer(207, gzip.compress(body) if is_packed else body, fields))
    done = gateway.request("PROPFIND", "/team/", {"Depth": "1"})
    assert done.status == 502 or not done.is_complete
    gateway.says(why or "XML")


# --- requests ---

def test_fields_that_a_proxy_is_believed(through):
    gateway, origin = through(answer(200))
    names = ["X-Forwarded-Scheme", "X-Forwarded-Ssl", "Front-End-Https", "X-Original-Host", "X-Client-IP", "True-Client-IP",
             "X-Forwarded-Groups", "X-WebAuth-User", "Client-Cert", "Client-Cert-Chain", "X_SSL_Client_Verify", "X-Forwarded-Client-Cert",
             "Transfer_Encoding", "Content_Length"]
    gateway.request("GET", "/team/a", {name: "1" for name in names})
    assert not [name for name in names if origin.requests[0].field(name)]


@pytest.mark.parametrize("path", ["/team/..%5c..%5csecret", "/team/a\\..\\..\\secret", "/team/a/%2e%2e%5cb", "/team/...", "/team/..%20/secret",
                                  "/team/..%0d/x", "/team/.%20./x", "/team/..::$INDEX_ALLOCATION/x", "/team/%c0%ae%c0%ae/x", "/team/..%c0%afx",
                                  "/team/%C1%9Cx"])
def test_names_that_lead_up_for_some(through, path):
    gateway, origin = through(answer(201))
    for method, fields in (("GET", {}), ("MOVE", {"Destination": "/team/b"}), ("PUT", {"Expect": "100-continue", "Content-Length": "3"})):
        assert gateway.request(method, path, fields).status == 400, method
    assert gateway.request("COPY", "/team/a", {"Destination": path}).status == 400
    assert not origin.requests


@pytest.mark.parametrize("path", ["a%5Cb", "12:30.jpg", "a.", "a%20", "a..b", "a...", "..a", ".%20a", "LONGNA~1.TXT", "%C3%80", "%252e%252e"])
def test_names_that_are_odd(through, path):
    """They lead nowhere else as long as there are no rules: the origin gets them as they are."""
    gateway, origin = through(answer(200))
    assert gateway.request("GET", f"/team/{path}").status == 200 and origin.requests[0].target == f"/in/ner/{path}"


@pytest.fixture
def ruled(started, tmp_path):
    """A gateway where bob may do all but with /team/private and what is in /team/a/private."""
    users = str(tmp_path / "users")
    davit.add_user(users, "bob", "b")

    def start(reply=answer(200), more=None):
        origin = started(Scripted(reply))
        rules = "".join(f'[rule "{path}"]\n{rule}\n' for path, rule in [
            ("/", "allow = all, admin for bob"), ("/team/private", "deny = all for bob"), ("/team/a/private", "deny = all for bob\nhidden = yes")])
        mounts = {"/team": f"origin = {origin.url}", **(more or {})}
        return started(Gateway(mounts, f"users = {users}\nschemes = basic", rest=rules)), origin
    return start


@pytest.mark.parametrize("path", ["/team/private.", "/team/private%20.%20/x", "/team/private::$DATA", "/team/PRIVATE::$INDEX_ALLOCATION/x",
                                  "/team/.%20/private", "/team/x%5cprivate", "/team/a%5cprivate", "/team/a\\PRIVATE\\x", "/team/PRIVAT~1/x",
                                  "/team/privat~1", "/team/a./private."])
def test_no_alias_goes_round_a_rule(ruled, path):
    gateway, origin = ruled()
    if path == "/team/x%5cprivate":
        assert gateway.request("GET", path, BOB).status == 200
        return
    for method in ("GET", "PUT", "PROPFIND", "DELETE"):
        assert gateway.request(method, path, BOB, body="x" if method == "PUT" else None).status in (403, 404), method
    assert gateway.request("MOVE", "/team/x", {"Destination": path.replace("\\", "%5c"), **BOB}).status in (403, 404)
    assert gateway.request("DELETE", "/team/a.", BOB).status == 403  # a/private is in it
    assert gateway.request("COPY", "/team/x", {"Destination": "/team/A%20", **BOB}).status == 403
    assert not origin.requests
    assert gateway.request("GET", "/team/12:30.jpg", BOB).status == 200
    assert gateway.request("GET", "/team/x/LONGNA~1.TXT", BOB).status == 200  # no rule speaks of what is there
    assert origin.requests[1].target == "/in/ner/x/LONGNA~1.TXT"


@pytest.mark.parametrize("path", ["/team/private./x", "/team/PRIVATE::$DATA", "/team/a%5Cprivate/x", "/team/PRIVAT~1/x", "/team/.%20/private"])
def test_no_alias_goes_round_a_rule_from_another_mount(ruled, tmp_path, path):
    """A COPY or MOVE between mounts, by whoever stands between them."""
    (tmp_path / "f").write_text("x")
    gateway, origin = ruled(more={"/files": f"root = {tmp_path}"})
    for method in ("COPY", "MOVE"):
        assert gateway.request(method, "/files/f", {"Destination": path, **BOB}).status in (403, 404), method
        assert gateway.request(method, path, {"Destination": "/files/g", **BOB}).status in (403, 404), method
    assert not origin.requests and not (tmp_path / "g").exists() and (tmp_path / "f").exists()
    assert gateway.request("COPY", "/files/f", {"Destination": "/team/12:30.jpg", **BOB}).status != 403


def test_what_is_in_an_alias_is_not_replaced(started, tmp_path):
    """/team/a/private is in what "a." is to some: no COPY from another mount may remove that."""
    users = str(tmp_path / "users")
    davit.add_user(users, "bob", "b")
    origin = started(DavitOrigin())
    for name in ("a.", "a./private"):
        origin.make(name)
    rules = "".join(f'[rule "{path}"]\n{rule}\n' for path, rule in [("/", "allow = all for bob"), ("/team/a/private", "deny = all for bob")])
    (tmp_path / "root").mkdir()
    (tmp_path / "root/f").write_text("x")
    gateway = started(Gateway({"/team": f"origin = {origin.url}", "/files": f"root = {tmp_path}/root"},
                              f"users = {users}\nschemes = basic", rest=rules))
    done = gateway.request("COPY", "/files/f", {"Destination": "/team/a.", **BOB})
    assert done.status in (207, 403) and origin.has("a./private")


def test_aliases_in_whole_trees(started, tmp_path):
    """Depth: infinity from above goes through the mounts: what it lists there is judged as in the mount itself."""
    users = str(tmp_path / "users")
    davit.add_user(users, "bob", "b")
    origin = started(DavitOrigin())
    for name in ("private.", "open", "private ::$DATA"):
        origin.make(name)
    rules = "".join(f'[rule "{path}"]\n{rule}\n' for path, rule in [("/", "allow = all for bob"), ("/team/private", "deny = all for bob\nhidden = yes")])
    gateway = started(Gateway({"/team": f"origin = {origin.url}"}, f"users = {users}\nschemes = basic\ndepth-infinity = allow", rest=rules))
    for path, depth in (("/team/", "1"), ("/", "infinity")):
        done = gateway.request("PROPFIND", path, {"Depth": depth, **BOB})
        assert done.status == 207 and b"/team/open/" in done.body and b"private" not in done.body, path


def test_aliases_in_answers(ruled):
    gateway, _ = ruled(xml(207, multistatus(*[f"<D:href>/in/ner/{name}</D:href>" for name in (
        "open", "a/private.", "a%5Cprivate", "a/private::$DATA", "12:30.jpg")])))
    done = gateway.request("REPORT", "/team/", BOB, body='<D:x xmlns:D="DAV:"/>')
    assert done.status == 207 and b"private" not in done.body and done.body.count(b"<D:response>") == 2


def expanded(*names):
    return "".join(f"<D:response><D:href>{name}</D:href><D:propstat><D:prop/><D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
                   "</D:response>" for name in names)


@pytest.mark.parametrize("prop", ["D:version-set", "D:group-member-set", "X:own"])
def test_responses_within_properties(ruled, prop):
    """RFC 3253 section 3.8, expand-property: mapped and judged at each depth."""
    inner = expanded("/in/ner/open", "/in/ner/a/private/deep", "/principals/me", "private")
    outer = (expanded("/in/ner/a/private", "/in/ner/private") + f"<D:response><D:href>/in/ner/c</D:href><D:propstat><D:prop><{prop}>{inner}</{prop}>"
             "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>")
    body = multistatus(f"<D:href>/in/ner/b</D:href><D:propstat><D:prop><{prop} xmlns:X=\"urn:x\">{outer}</{prop}></D:prop>"
                       "<D:status>HTTP/1.1 200 OK</D:status></D:propstat>").replace(f"<{prop}>", f'<{prop} xmlns:X="urn:x">')
    gateway, _ = ruled(xml(207, body))
    done = gateway.request("REPORT", "/team/b", BOB, body='<D:expand-property xmlns:D="DAV:"><D:property name="version-set"/></D:expand-property>')
    text = done.body.decode()
    assert done.status == 207 and done.is_complete and "/in/ner" not in text and "a/private" not in text and ">private<" not in text
    assert [f"<D:href>{path}</D:href>" in text for path in ("/team/b", "/team/c", "/team/open", "/principals/me", "/team/private")] == [True] * 5
    assert text.count("403 Forbidden") == 1
    gateway.says_of_access("207(ok=1)")


def test_removed_members_that_are_hidden(ruled):
    """A sync-collection says what is gone: not so of what nobody may know of."""
    gone = [f"<D:href>/in/ner/{name}</D:href><D:status>HTTP/1.1 404 Not Found</D:status>" for name in ("x", "a/private", "a/private/y", "private")]
    gateway, _ = ruled(xml(207, multistatus(*gone)))
    for method, body in (("REPORT", '<D:sync-collection xmlns:D="DAV:"/>'), ("SEARCH", BODIES["search"][1].format("/team/")),
                         ("REPORT", '<D:acl-principal-prop-set xmlns:D="DAV:"/>')):
        text = gateway.request(method, "/team/", BOB, body=body).body.decode()
        assert "a/private" not in text and text.count("404 Not Found") == 1 and text.count("403 Forbidden") == 1


@pytest.mark.parametrize("body, status", [
    ('<S:log-report xmlns:S="svn:"><S:changed>/private/x</S:changed></S:log-report>', 502),
    ('<D:principal-search-property-set xmlns:D="DAV:"><D:principal-search-property/></D:principal-search-property-set>', 200),
    ('<D:error xmlns:D="DAV:"><D:number-of-matches-within-limits/></D:error>', 200)])
def test_xml_of_a_kind_that_nobody_knows(ruled, body, status):
    """Where not all may be seen it cannot be looked through."""
    gateway, _ = ruled(xml(200, body))
    done = gateway.request("REPORT", "/team/", BOB, body='<D:x xmlns:D="DAV:"/>')
    assert done.status == status and b"private" not in done.body


STRAYS = ["/in/secret/x", "http://{origin}/in/secret/x", "//{origin}/in/secret/x", "http://else/in/secret/x", "/in/ner/x", "/files/x",
          "http://{gateway}/files/x", "../secret/x", "a/../../secret", "..\\secret", "\\in\\secret", "/team/../in/secret", "/team/..%5c..%5csecret",
          "http:/in/secret"]
BODIES = {
    "calendar-multiget": ("REPORT", '<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:href>{}</D:href></C:calendar-multiget>'),
    "search": ("SEARCH", '<D:searchrequest xmlns:D="DAV:"><D:basicsearch><D:from><D:scope><D:href>{}</D:href></D:scope></D:from></D:basicsearch></D:searchrequest>'),
    "bind": ("BIND", '<D:bind xmlns:D="DAV:"><D:segment>a</D:segment><D:href>{}</D:href></D:bind>'),
    "merge": ("MERGE", '<D:merge xmlns:D="DAV:"><D:source><D:href>{}</D:href></D:source></D:merge>'),
    "bdelete": ("BDELETE", '<D:delete xmlns:D="DAV:"><D:target><D:href>{}</D:href></D:target></D:delete>'),
    "bpropfind": ("BPROPFIND", '<D:propfind xmlns:D="DAV:"><D:target><D:href>{}</D:href></D:target><D:allprop/></D:propfind>'),
    "bproppatch": ("BPROPPATCH", '<D:propertyupdate xmlns:D="DAV:"><D:target><D:href>{}</D:href></D:target></D:propertyupdate>'),
    "unknown": ("REPORT", '<X:some xmlns:X="urn:x" xmlns:D="DAV:"><X:thing><D:href>{}</D:href></X:thing></X:some>'),
}


@pytest.mark.parametrize("kind", BODIES)
def test_hrefs_of_what_is_beside_the_mount(through, kind):
    """The origin would act on it by the credentials of the gateway, though no URL of ours leads there."""
    method, body = BODIES[kind]
    gateway, origin = through(xml(207, multistatus()))
    for href in STRAYS:
        href = href.format(origin=f"127.0.0.1:{origin.address[1]}", gateway=gateway.host)
        assert gateway.request(method, "/team/", body=body.format(href)).status == 403, href
    assert not origin.requests
    for href, inner in [("/team/a", "/in/ner/a"), (f"http://{gateway.host}/team/a", "/in/ner/a"), ("a/b", "a/b"), ("urn:uuid:7", "urn:uuid:7")]:
        assert gateway.request(method, "/team/", body=body.format(href)).status == 207
        assert origin.requests[-1].body.decode() == body.format(inner)


@pytest.mark.parametrize("method", ["BPROPFIND", "BPROPPATCH", "BDELETE", "BCOPY", "BMOVE"])
def test_methods_for_many_name_what_rules_are_not_asked_of(ruled, method):
    gateway, origin = ruled(xml(207, multistatus()))
    body = '<D:delete xmlns:D="DAV:"><D:target><D:href>/team/private/x</D:href></D:target></D:delete>'
    assert gateway.request(method, "/team/", BOB, body=body).status == 403
    assert not origin.requests


@pytest.mark.parametrize("kind", ["application/vnd.davit.batch+json", "application/vnd.davit.batch+xml;a=b", "Multipart/Related; boundary=b"])
def test_batches_name_what_rules_are_not_asked_of(ruled, kind):
    gateway, origin = ruled(xml(207, multistatus()))
    body = '{"operations": [{"id": "1", "method": "DELETE", "href": "/team/private/x"}]}'
    assert gateway.request("POST", "/team/b", {**BOB, "Content-Type": kind}, body=body).status == 403
    assert not origin.requests
    assert gateway.request("POST", "/team/b", {**BOB, "Content-Type": "text/plain"}, body=body).status == 207


@pytest.mark.parametrize("fields", [{}, {"Content-Type": "text/plain"}])
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp037"])
def test_hrefs_in_a_coding(through, coding, fields):
    """Whatever an origin might read it in: mapped, or refused."""
    gateway, origin = through(xml(207, multistatus()))
    for method in ("REPORT", "MERGE"):
        text = f'<?xml version="1.0" encoding="{coding.replace("-sig", "")}"?>' + BODIES["merge"][1].format("/in/secret/x")
        done = gateway.request(method, "/team/", fields, body=text.encode(coding))
        assert done.status == (400 if coding in ("utf-32", "cp037", "utf-16-be") else 403)
    assert not origin.requests


def test_hrefs_that_are_but_names(through):
    """Who may, and who owns it: those may be anywhere."""
    gateway, origin = through(answer(200))
    acl = '<D:acl xmlns:D="DAV:"><D:ace><D:principal><D:href>/principals/me</D:href></D:principal></D:ace></D:acl>'
    group = ('<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:group-member-set><D:href>/principals/me</D:href>'
             "</D:group-member-set></D:prop></D:set></D:propertyupdate>")
    lock = '<D:lockinfo xmlns:D="DAV:"><D:owner><D:href>/in/secret</D:href></D:owner></D:lockinfo>'
    for method, body in (("ACL", acl), ("PROPPATCH", group), ("LOCK", lock)):
        assert gateway.request(method, "/team/a", body=body).status == 200
        assert origin.requests[-1].body.decode() == body


@pytest.mark.parametrize("wrong", [
    {"x-a": "a\r\nX-B: c"}, {"x-a": "a\nb"}, {"x-a": "a\x00b"}, {"x-a": "a\x01b"}, {"x:a": "b"}, {"x a": "b"}, {"transfer-encoding": "chunked"},
    {"connection": "close"}, {"upgrade": "h2c"}, {"te": "gzip"}, {"content-length": "5"}, {":path": "/team/b"}, {":evil": "1"},
    {"host": "evil.example"}, {":path=": "/team/a b"}, {":path=": "/team/a\r\nX: y"}, {":path=": "/team/a?x\r\nX: y"},
    {":path=": "http://evil.example/team/a"}, {":path=": "/team/a#b"}, {":method=": "GET /x HTTP/1.1\r\n"}, {":method=": "CONNECT"},
    {":authority=": "evil.example"}, {":authority=": "me@{host}"}, {":scheme=": "ftp"}])
def test_http2_that_would_become_another_request(through, wrong):
    gateway, origin = through(answer(200, b"fine"))
    fields = {":method": "GET", ":scheme": "http", ":authority": gateway.host, ":path": "/team/a"}
    [(name, value)] = wrong.items()
    value = value.format(host=gateway.host)
    if name.endswith("="):
        fields[name[:-1]] = value
    head = list(fields.items()) + [(name, value)] * (not name.endswith("="))
    connection = http2.Connection(gateway.address)
    number = connection.request([(name.encode(), value.encode()) for name, value in head], None)
    done = connection.read(number)
    assert done is None or done.status >= 400
    connection.close()
    assert not origin.requests and gateway.request("GET", "/team/a").body == b"fine"
