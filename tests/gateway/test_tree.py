"""Mounts of gateways as members of the collections above them, each as its origin is; and DELETE around them."""

import base64
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
import xml.etree.ElementTree as ElementTree

import davit
import pytest
from origins import HOST, DavitOrigin, Gateway, Scripted, answer, free_port, multistatus, xml

DAV, OURS = "{DAV:}", "{urn:x-davit}"
PROPS = ('<D:propfind xmlns:D="DAV:" xmlns:x="urn:x"><D:prop><D:resourcetype/><D:displayname/><D:getlastmodified/>'
         "<x:p/></D:prop></D:propfind>")
NEVER_AGAIN = "origin-failures = 1\norigin-retry = 1h"
PATIENT = "origin-listing-timeout = 1h"
SOON = "origin-listing-timeout = 20ms"


def of(path, *propstats):
    return f"<D:href>{path}</D:href>" + "".join(propstats)


def propstat(props, status="200 OK", more=""):
    return f"<D:propstat><D:prop>{props}</D:prop><D:status>HTTP/1.1 {status}</D:status>{more}</D:propstat>"


ROOT = of("/in/ner/", propstat("<D:resourcetype><D:collection/></D:resourcetype><D:displayname>/</D:displayname>"
                               "<D:getlastmodified>Mon, 12 Jan 1998 09:25:56 GMT</D:getlastmodified>"),
          propstat('<p xmlns="urn:x"/>', "404 Not Found"))
FINE = xml(207, multistatus(ROOT))


def listing(gateway, path="/", depth="1", body=PROPS, status=207, headers=None):
    """The response of each href."""
    done = gateway.request("PROPFIND", path, {"Depth": depth, **(headers or {})}, body=body)
    assert done.status == status, done.body
    assert not done.field("Retry-After")  # one member may be out of reach, the listing is not
    found = [(each.findtext(DAV + "href"), each) for each in ElementTree.fromstring(done.body).iter(DAV + "response")]
    assert len(dict(found)) == len(found)
    return dict(found)


def stats(response):
    """(status, {property: text}, conditions, description) of each propstat, in their order."""
    return [(int(each.findtext(DAV + "status").split()[1]), {prop.tag: prop.text for prop in each.find(DAV + "prop")},
             [error.tag for error in each.findall(f"{DAV}error/*")], each.findtext(DAV + "responsedescription"))
            for each in response.iter(DAV + "propstat")]


def is_collection(response):
    first = response.find(DAV + "propstat")
    return first.find(f"{DAV}prop/{DAV}resourcetype/{DAV}collection") is not None


def assert_away(response, name, status=503):
    (fine, known, _, _), (code, unknown, conditions, why) = stats(response)
    assert fine == 200 and is_collection(response) and known[DAV + "displayname"] == name
    assert code == status and set(unknown) == {DAV + "getlastmodified", "{urn:x}p"} and why
    assert conditions == ([OURS + "upstream-unavailable"] if status == 503 else [])
    return why


def down(keys=NEVER_AGAIN):
    return f"origin = http://{HOST}:{free_port()}/\n{keys}"


def test_mounts_of_both_kinds_and_members_side_by_side(started, tmp_path):
    """Several NAS boxes in one tree: what is there, what is another directory's, and what is another server's."""
    origin = started(Scripted(FINE))
    for name in ("root", "files"):
        os.mkdir(tmp_path / name)
    (tmp_path / "root/own").write_text("x")
    (tmp_path / "root/team").mkdir()  # the mount stands before it
    gateway = started(Gateway({"/": f"root = {tmp_path}/root", "/files": f"root = {tmp_path}/files",
                               "/team": f"origin = {origin.url}\n{PATIENT}", "/gone": down(),
                               "/nas/one": f"origin = {origin.url}\n{PATIENT}", "/nas/two": down()}))
    found = listing(gateway)
    assert sorted(found) == ["/", "/files/", "/gone/", "/nas/", "/own", "/team/"]
    (fine, known, _, _), (missing, unknown, _, _) = stats(found["/team/"])
    assert (fine, missing) == (200, 404) and set(unknown) == {"{urn:x}p"}
    assert known[DAV + "getlastmodified"] == "Mon, 12 Jan 1998 09:25:56 GMT"
    assert known[DAV + "displayname"] == "team"  # mounts must be told apart, and "/" is what each calls its root
    assert is_collection(found["/team/"])
    assert_away(found["/gone/"], "gone")
    assert [stat[0] for stat in stats(found["/own"])] == [200, 404]
    found = listing(gateway, "/nas/")
    assert sorted(found) == ["/nas/", "/nas/one/", "/nas/two/"]
    assert_away(found["/nas/two/"], "two")
    assert {(one.method, one.target, one.field("Depth"), one.body.decode()) for one in origin.requests} == \
        {("PROPFIND", "/in/ner/", "0", PROPS)}
    assert sorted(listing(gateway, depth="0")) == ["/"]
    assert len(origin.requests) == 2
    gateway.says_of_access(origin.url + " 207 ")


def test_what_begins_below_a_gateway(started, tmp_path):
    """It stands before what the origin has by that name, and its listing has it, as any collection's."""
    origin, other = started(DavitOrigin()), started(DavitOrigin())
    for path in ("/dav/inner/own", "/dav/inner/local", "/dav/inner/sub/", "/dav/inner/sub/file"):
        method, body = ("MKCOL", None) if path.endswith("/") else ("PUT", "x")
        assert origin.request(method, path, body=body).status == 201
    assert other.request("PUT", "/dav/inner/there", body="x").status == 201
    os.mkdir(tmp_path / "local")
    gateway = started(Gateway({"/": f"origin = {origin.url}", "/local": f"root = {tmp_path}/local",
                               "/sub/deep/er": f"root = {tmp_path}/local", "/team": f"origin = {other.url}"},
                              server="depth-infinity = allow"))
    assert gateway.request("PUT", "/local/x", body="x").status == 201
    assert (tmp_path / "local/x").read_text() == "x"
    assert gateway.request("GET", "/sub/deep/er/x").body == b"x"
    assert sorted(listing(gateway)) == ["/", "/local/", "/own", "/sub/", "/team/"]
    assert sorted(listing(gateway, "/sub/")) == ["/sub/", "/sub/deep/", "/sub/file"]
    assert sorted(listing(gateway, "/team/")) == ["/team/", "/team/there"]
    whole = ["/", "/local/", "/local/x", "/own", "/sub/", "/sub/deep/", "/sub/deep/er/", "/sub/deep/er/x", "/sub/file",
             "/team/", "/team/there"]
    assert sorted(listing(gateway, depth="infinity")) == whole
    for method, path, fields in (("DELETE", "/sub/", {}), ("MOVE", "/sub/", {"Destination": "/new/"}),
                                 ("COPY", "/sub/", {"Destination": "/new/"}), ("LOCK", "/sub/", {}),
                                 ("COPY", "/own", {"Destination": "/sub"}), ("DELETE", "/sub/deep/", {})):
        done = gateway.request(method, path, fields, body='<D:lockinfo xmlns:D="DAV:"/>' if method == "LOCK" else None)
        assert done.status == 403 and b"cannot-remove-mount" in done.body, (method, path, done.body)
    assert sorted(listing(gateway, depth="infinity")) == whole
    assert gateway.request("DELETE", "/sub/file").status == 204
    other.stop()
    found = listing(gateway)
    assert_away(found["/team/"], "team")
    assert [stat[0] for stat in stats(found["/own"])] == [200, 404]
    done = gateway.request("PROPFIND", "/team/", {"Depth": "1"})
    assert done.status == 503 and done.field("Retry-After")


def test_a_listing_without_a_root_directory(started):
    origin = started(Scripted(FINE))
    gateway = started(Gateway({"/team": f"origin = {origin.url}\n{PATIENT}"}))
    assert sorted(listing(gateway)) == ["/", "/team/"]
    assert gateway.request("PROPFIND", "/", {"Depth": "1"}).status == 207
    assert origin.requests[1].body == b""  # as it was asked itself


def test_what_is_there_for_mounts_alone_has_no_date(started, tmp_path):
    """A collection that no store has was made at no time: not in 1970."""
    gateway = started(Gateway({"/files": f"root = {tmp_path}", "/nas/gone": down()}, server="depth-infinity = allow"))
    for path, depth in (("/", "1"), ("/nas/", "0"), ("/", "infinity")):
        found = listing(gateway, path, depth)
        [(_, known, _, _), (code, missing, _, _)] = stats(found["/nas/"])
        assert DAV + "getlastmodified" not in known and code == 404 and DAV + "getlastmodified" in missing
    assert b"1970" not in gateway.request("PROPFIND", "/", {"Depth": "1"}).body
    page = gateway.request("GET", "/").body
    assert b'href="/nas/"' in page and b"1970" not in page and page.count(b"<time") == 1  # that of /files


def test_an_origin_that_tells_no_date(started, tmp_path):
    """Depth: infinity goes through its store, and a COPY from it sets none."""
    member = of("/in/ner/f", propstat("<D:resourcetype/><D:getcontentlength>1</D:getcontentlength>"))

    def reply(request):
        if request.method in ("GET", "HEAD"):
            return answer(200, b"x" if request.method == "GET" else b"")
        told = [member] if request.target.endswith("f") else [ROOT] + [member] * (request.field("Depth") != "0")
        return xml(207, multistatus(*told))
    origin = started(Scripted(reply))
    gateway = started(Gateway({"/team": f"origin = {origin.url}\n{PATIENT}", "/files": f"root = {tmp_path}"}, server="depth-infinity = allow"))
    body = '<D:propfind xmlns:D="DAV:"><D:prop><D:getlastmodified/></D:prop></D:propfind>'
    found = listing(gateway, depth="infinity", body=body)
    assert [stat[0] for stat in stats(found["/team/f"])] == [404]
    assert gateway.request("COPY", "/team/f", {"Destination": "/files/f"}).status == 201
    assert os.stat(tmp_path / "f").st_mtime > 1e9


def test_propname_has_names(started):
    origin = started(Scripted(xml(207, multistatus(of("/in/ner/", propstat("<D:displayname/><D:resourcetype/>"))))))
    gateway = started(Gateway({"/team": f"origin = {origin.url}\n{PATIENT}", "/gone": down()}))
    body = '<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>'
    found = listing(gateway, body=body)
    [(code, names, _, _)] = stats(found["/team/"])
    assert code == 200 and names == {DAV + "displayname": None, DAV + "resourcetype": None}
    assert [stat[0] for stat in stats(found["/gone/"])] == [200, 503]


def test_what_is_mapped_grouped_and_left_as_it_is(started):
    """Statuses of properties are the origin's, what is found comes first, and hrefs are ours."""
    body = multistatus(
        of("/in/ner/member", propstat("<D:displayname>no</D:displayname>")),  # it does not heed Depth
        of("/in/ner/", propstat("<q xmlns='urn:x'/>", "403 Forbidden",
                                "<D:error><n xmlns='urn:n'/></D:error>"
                                "<D:responsedescription>no &amp; never</D:responsedescription>"),
           propstat("<D:displayname/>", "404 Not Found"),
           propstat("<D:owner><D:href>/in/ner/me/</D:href></D:owner><x:p xmlns:x='urn:x' x:a='1'>&lt;b/&gt;</x:p>")))
    origin = started(Scripted(xml(207, body)))
    gateway = started(Gateway({"/a b": f"origin = {origin.url}\n{PATIENT}"}))
    found = listing(gateway)
    assert sorted(found) == ["/", "/a%20b/"]
    (fine, known, _, _), other = stats(found["/a%20b/"])
    assert fine == 200 and known[DAV + "displayname"] == "a b" and known["{urn:x}p"] == "<b/>"
    assert found["/a%20b/"].findtext(f".//{DAV}owner/{DAV}href") == "/a%20b/me/"
    assert other == (403, {"{urn:x}q": None}, ["{urn:n}n"], "no & never")


UNUSABLE = {
    "missing": (answer(404), 503), "broken": (answer(500), 503), "no listing": (answer(200, b"x"), 503),
    "closed": (answer(401), 403), "forbidden": (answer(403), 403), "nonsense": (b"nonsense\r\n\r\n", 503),
    "cut off": (xml(207, "<D:multistatus xmlns:D='DAV:'><D:resp"), 503), "empty": (xml(207, multistatus()), 503),
    "a status alone": (xml(207, multistatus("<D:href>/in/ner/</D:href><D:status>HTTP/1.1 404 X</D:status>")), 503),
    "another document": (xml(207, "<html/>"), 503), "a document type": (xml(207, "<!DOCTYPE x>" + multistatus(ROOT)), 503),
    "packed": (answer(207, b"\x1f\x8b\x00", [("Content-Encoding", "gzip"), ("Content-Type", "text/xml")]), 503),
    "elsewhere": (xml(207, multistatus(of("/elsewhere/", propstat("<D:displayname/>")))), 503),
    "too much": (xml(207, multistatus(of("/in/ner/", propstat("<D:a>" + "x" * 600000 + "</D:a>")))), 503)}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_mount_stays_whatever_its_origin_answers(started, kind):
    reply, status = UNUSABLE[kind]
    origin = started(Scripted(reply))
    gateway = started(Gateway({"/team": f"origin = {origin.url}\n{PATIENT}"}))
    assert_away(listing(gateway)["/team/"], "team", status)
    page = gateway.request("GET", "/").body.decode()
    assert 'href="/team/"' in page and "out of reach" in page


def test_what_is_known_to_be_down_is_not_asked(started):
    origin = started(Scripted(act=lambda peer, request: asked.append(request) or peer.socket.close()))
    asked = []
    gateway = started(Gateway({"/team": f"origin = {origin.url}\n{NEVER_AGAIN}\n{PATIENT}"}))
    assert_away(listing(gateway)["/team/"], "team")
    gateway.says("requests in a row")
    count = len(asked)
    for _ in range(3):
        assert "for some time" in assert_away(listing(gateway)["/team/"], "team")
    assert len(asked) == count
    done = gateway.request("PROPFIND", "/team/", {"Depth": "1"})
    assert done.status == 503 and done.field("Retry-After")


def test_all_are_asked_at_once(started):
    """Each answers when all of them were asked."""
    all_asked = threading.Barrier(3)

    def act(peer, request):
        peer.body(request)
        all_asked.wait(60)
        peer.send(FINE)
    origins = [started(Scripted(act=act)) for _ in range(3)]
    gateway = started(Gateway({f"/m{i}": f"origin = {one.url}\n{PATIENT}" for i, one in enumerate(origins)}))
    found = listing(gateway)
    assert [stats(found[f"/m{i}/"])[0][1][DAV + "displayname"] for i in range(3)] == ["m0", "m1", "m2"]
    assert not all_asked.broken


def test_a_listing_does_not_wait_for_what_is_slow(started):
    go, asked = threading.Event(), []

    def act(peer, request):
        peer.body(request)
        asked.append(request)
        go.wait(60)
        peer.send(FINE)
    slow, good = started(Scripted(act=act)), started(Scripted(FINE))
    gateway = started(Gateway({"/slow": f"origin = {slow.url}\n{SOON}", "/team": f"origin = {good.url}\n{PATIENT}"}))
    found = listing(gateway)
    assert "too long" in assert_away(found["/slow/"], "slow")
    assert [stat[0] for stat in stats(found["/team/"])] == [200, 404]
    gateway.says_of_access(slow.url + " LEFT ")
    assert_away(listing(gateway)["/slow/"], "slow")
    go.set()  # what was asked first is heard, and then it is one like others again
    deadline = threading.Event()
    for _ in range(6000):
        if [stat[0] for stat in stats(listing(gateway)["/slow/"])] == [200, 404]:
            break
        deadline.wait(0.01)
    else:
        pytest.fail("it is never waited for again")


def test_one_that_kept_a_listing_waiting_keeps_no_other(started):
    go = threading.Event()
    asked = []
    slow = started(Scripted(act=lambda peer, request: asked.append(request) or go.wait(60)))
    gateway = started(Gateway({"/slow": f"origin = {slow.url}\norigin-listing-timeout = 1500ms"}))
    assert_away(listing(gateway)["/slow/"], "slow")
    began = time.monotonic()
    for _ in range(5):
        assert_away(listing(gateway)["/slow/"], "slow")
    assert len(asked) <= 2 + (time.monotonic() - began) / 1.5  # one in 1500 ms, whoever lists
    go.set()


def test_who_goes_away_while_it_is_awaited(started):
    came, go = threading.Event(), threading.Event()
    slow = started(Scripted(act=lambda peer, request: came.set() or go.wait(60)))
    gateway = started(Gateway({"/slow": f"origin = {slow.url}\n{PATIENT}"}))
    with gateway.connect() as client:
        client.send(f"PROPFIND / HTTP/1.1\r\nHost: {gateway.host}\r\nDepth: 1\r\n\r\n")
        assert came.wait(60)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gateway.says_of_access(slow.url + " GIVEN_UP ")
    go.set()


def basic(user):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:pencil".encode()).decode()}


def test_rules_hold_before_anything_is_asked(started, tmp_path):
    origin = started(Scripted(FINE))
    users = str(tmp_path / "users")
    for user in ("alice", "bob"):
        davit.add_user(users, user, "pencil")
    rules = ('[rule "/"]\nallow = all for users\n[rule "/nas/secret"]\ndeny = all for bob\nhidden = yes\n'
             '[rule "/nas/closed"]\ndeny = read for bob\n')
    gateway = started(Gateway({f"/nas/{name}": f"origin = {origin.url}\n{PATIENT}" for name in ("open", "secret", "closed")},
                              server=f"users = {users}", rest=rules))
    assert sorted(listing(gateway, "/nas/", headers=basic("alice"))) == \
        ["/nas/", "/nas/closed/", "/nas/open/", "/nas/secret/"]
    assert len(origin.requests) == 3
    assert not any(request.field("Authorization") for request in origin.requests)
    found = listing(gateway, "/nas/", headers=basic("bob"))
    assert len(origin.requests) == 4
    assert "/nas/secret/" not in found and [stat[0] for stat in stats(found["/nas/open/"])] == [200, 404]
    assert b"secret" not in gateway.request("GET", "/nas/", basic("bob")).body
    done = gateway.request("DELETE", "/nas/", basic("bob"))
    assert b"secret" not in done.body and b"/nas/open/" in done.body


def test_credentials_that_are_passed_on(started, tmp_path):
    origin = started(Scripted(FINE))
    users = str(tmp_path / "users")
    davit.add_user(users, "alice", "pencil")
    gateway = started(Gateway({"/team": f"origin = {origin.url}\norigin-credentials = pass\n{PATIENT}"},
                              server=f"users = {users}", args=["--clear-passwords"],
                              rest='[rule "/"]\nallow = all for users'))
    listing(gateway, headers=basic("alice"))
    assert origin.requests[0].field("Authorization") == basic("alice")["Authorization"]
    assert origin.requests[0].field("Via") and origin.requests[0].field("Depth") == "0"


def test_infinity_goes_on_in_each_mount(started, tmp_path):
    """RFC 4918 §9.1: one answer with all that is there, whoever has it; what is out of reach is not taken for empty."""
    first, second = started(DavitOrigin()), started(DavitOrigin())
    os.makedirs(tmp_path / "d/e")
    gateway = started(Gateway({"/": f"root = {tmp_path}", "/d/one": f"origin = {first.url}\n{PATIENT}",
                               "/d/two": f"origin = {second.url}\n{PATIENT}", "/d/gone": down()},
                              server="depth-infinity = allow"))
    for path in ("/d/one/a/", "/d/one/a/b%20c/", "/d/two/x/"):
        assert gateway.request("MKCOL", path).status == 201
    for path in ("/d/one/a/f", "/d/two/x/g", "/d/f"):
        assert gateway.request("PUT", path, body="12345").status == 201
    found = listing(gateway, depth="infinity")
    assert sorted(found) == sorted(["/", "/d/", "/d/e/", "/d/f", "/d/gone/", "/d/one/", "/d/one/a/", "/d/one/a/b%20c/",
                                    "/d/one/a/f", "/d/two/", "/d/two/x/", "/d/two/x/g"])
    assert_away(found["/d/gone/"], "gone")
    assert stats(found["/d/one/"])[0][1][DAV + "displayname"] == "one"
    assert [stat[0] for stat in stats(found["/d/two/x/g"])] == [200, 404]
    body = '<D:propfind xmlns:D="DAV:"><D:prop><D:getcontentlength/></D:prop></D:propfind>'
    assert stats(listing(gateway, "/d/", depth="infinity", body=body)["/d/one/a/f"])[0][1] == {DAV + "getcontentlength": "5"}
    second.stop()
    found = listing(gateway, depth="infinity")
    assert "/d/one/a/f" in found and "/d/two/x/" not in found
    assert_away(found["/d/two/"], "two")


def test_infinity_does_not_wait_for_what_is_slow(started):
    go = threading.Event()
    slow = started(Scripted(act=lambda peer, request: go.wait(60)))
    origin = started(DavitOrigin())
    gateway = started(Gateway({"/slow": f"origin = {slow.url}\n{SOON}", "/team": f"origin = {origin.url}\n{PATIENT}"},
                              server="depth-infinity = allow"))
    assert gateway.request("PUT", "/team/f", body="x").status == 201
    found = listing(gateway, depth="infinity")
    assert sorted(found) == ["/", "/slow/", "/team/", "/team/f"]
    assert_away(found["/slow/"], "slow")
    go.set()


@pytest.mark.parametrize("begun, outcome", [(b"", "GIVEN_UP"), (FINE[:-20], "207")])
def test_who_goes_away_during_infinity(started, begun, outcome):
    """The worker that walks is free again, though the origin says nothing: that may be for an hour."""
    came, go = threading.Event(), threading.Event()

    def act(peer, request):
        peer.body(request)
        if request.field("Depth") == "0":
            peer.send(FINE)
            return
        peer.send(begun)
        came.set()
        go.wait(120)
    origin = started(Scripted(act=act))
    gateway = started(Gateway({"/team": f"origin = {origin.url}\n{PATIENT}"}, server="depth-infinity = allow"))
    with gateway.connect() as client:
        client.send(f"PROPFIND / HTTP/1.1\r\nHost: {gateway.host}\r\nDepth: infinity\r\n\r\n")
        assert came.wait(60)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gateway.says_of_access(f"{origin.url} 207 ")  # once the worker is done
    gateway.says_of_access(f" {origin.url} {outcome} ")
    go.set()


def test_infinity_is_for_who_allows_it(started):
    origin = started(Scripted(FINE))
    gateway = started(Gateway({"/team": f"origin = {origin.url}\n{PATIENT}"}))
    done = gateway.request("PROPFIND", "/", {"Depth": "infinity"})
    assert done.status == 403 and b"propfind-finite-depth" in done.body
    assert gateway.request("PROPFIND", "/").status == 403 and origin.requests == []


def test_delete_leaves_what_is_another_servers(started, tmp_path):
    """RFC 4918 §9.6.1: one answer that names each; nothing is sent to any of them."""
    origin = started(Scripted(FINE))
    os.makedirs(tmp_path / "d/e")
    (tmp_path / "d/f").write_text("x")
    gateway = started(Gateway({"/": f"root = {tmp_path}", "/d/team": f"origin = {origin.url}", "/d/far/gone": down()}))
    done = gateway.request("DELETE", "/d/")
    assert done.status == 207
    told = {each.findtext(DAV + "href"): (each.findtext(DAV + "status"), each.find(DAV + "error")[0].tag)
            for each in ElementTree.fromstring(done.body)}
    stays = ("HTTP/1.1 403 Forbidden", OURS + "cannot-remove-mount")
    assert told == {"/d/team/": stays, "/d/far/gone/": stays}
    assert os.listdir(tmp_path / "d") == [] and origin.requests == []
    assert gateway.request("MOVE", "/d/", {"Destination": "/new/"}).status == 403
    assert gateway.request("MKCOL", "/d/team/").status != 201 or origin.requests
    assert sorted(listing(gateway, "/d/")) == ["/d/", "/d/far/", "/d/team/"]


def test_davit_behind_davit(started):
    origin = started(DavitOrigin())
    gateway = started(Gateway({"/team": f"origin = {origin.url}\n{PATIENT}"}))
    assert gateway.request("PUT", "/team/f", body="x").status == 201
    direct = gateway.request("PROPFIND", "/team/", {"Depth": "0"}).body
    above = listing(gateway, body=None)["/team/"]
    def props(response):
        return {prop.tag: ElementTree.tostring(prop) for prop in response.find(f"{DAV}propstat/{DAV}prop")
                if prop.tag != DAV + "displayname"}
    assert props(above) == props(ElementTree.fromstring(direct)[0])


@pytest.mark.skipif(not shutil.which("rclone"), reason="there is no rclone")
def test_rclone_deletes_nothing_of_what_is_out_of_reach(started, tmp_path):
    """What has been copied from a mount stays while its origin is down: it is neither missing nor empty."""
    origin = started(DavitOrigin())
    gateway = started(Gateway({"/team": f"origin = {origin.url}\n{PATIENT}", "/gone": down()}))
    assert gateway.request("PUT", "/team/f", body="x").status == 201
    for name in ("gone", "team"):
        (tmp_path / "copy" / name).mkdir(parents=True)
        (tmp_path / "copy" / name / "mine").write_text("kept")
    command = ["rclone", "sync", "--config", str(tmp_path / "none"), "--retries", "1", "--low-level-retries", "1",
               "--webdav-url", f"http://{gateway.host}/", ":webdav:", str(tmp_path / "copy")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0 and "503" in done.stderr, done.stderr
    assert (tmp_path / "copy/gone/mine").exists()
    assert (tmp_path / "copy/team/f").read_text() == "x"
