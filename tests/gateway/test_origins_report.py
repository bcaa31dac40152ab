"""REPORT davit:origins on a gateway: where its requests go, and how it is there."""

import base64
import re
import threading
import xml.etree.ElementTree as ElementTree

import davit
from origins import HOST, Gateway, Scripted, answer, free_port, multistatus, xml

DAV, OURS = "{DAV:}", "{urn:x-davit}"
BODY = '<V:origins xmlns:V="urn:x-davit"/>'
ABLE = answer(200, fields=[("DAV", "1, 2"), ("DAV", "sync"), ("Allow", "GET, PUT")])


def ask(gateway, path="/team/", body=BODY, **options):
    return gateway.request("REPORT", path, {"Depth": "0", "Content-Type": "text/xml"}, body=body, **options)


def read(done):
    """What a 207 says, by href: what is known, and what is not."""
    assert done.status == 207
    told = {}
    for response in ElementTree.fromstring(done.body).iter(DAV + "response"):
        props = [{prop.tag.removeprefix(OURS): prop.text or "" for prop in stat.find(DAV + "prop")}
                 for stat in response.iter(DAV + "propstat")]
        assert [stat.text for stat in response.iter(DAV + "status")] == \
            ["HTTP/1.1 200 OK", "HTTP/1.1 503 Service Unavailable"][:len(props)]
        told[response.findtext(DAV + "href")] = props
    return told


def test_each_origin_has_a_response(started):
    good, stalled, go = started(Scripted(ABLE)), threading.Event(), threading.Event()
    slow = started(Scripted(act=lambda peer, request: stalled.set() or go.wait(60)))
    down = f"http://{HOST}:{free_port()}/"
    gateway = started(Gateway({"/team": f"origin = {good.url}", "/b c": f"origin = {down}",
                               "/slow": f"origin = {slow.url}"}))
    told = read(ask(gateway))
    assert sorted(told) == ["/b%20c/", "/slow/", "/team/"]
    [team] = told["/team/"]
    assert (team["origin"], team["status"], team["dav"], team["allow"]) == (good.url, "200", "1, 2, sync", "GET, PUT")
    assert team["circuit"] == "closed" and team["answered"] == "1" and "failure" not in team
    assert int(team["milliseconds"]) >= 0
    assert good.requests[0].method == "OPTIONS" and good.requests[0].target == "/in/ner/"
    known, unknown = told["/b%20c/"]
    assert known["origin"] == down and known["unanswered"] == "1" and known["failure"]
    assert sorted(unknown) == ["allow", "dav", "milliseconds", "status"]
    known, unknown = told["/slow/"]
    assert known["failure"] == "there is no answer yet" and known["unanswered"] == "0" and stalled.is_set()
    go.set()


def test_circuit_is_passed_by_and_closed(started):
    origin = started(Scripted(lambda request: ABLE if is_well else b""))
    is_well = False
    plain = origin.act

    def act(peer, request):
        plain(peer, request)
        if not is_well:
            raise EOFError
    origin.act = act
    gateway = started(Gateway({"/team": f"origin = {origin.url}\norigin-failures = 2\norigin-retry = 1h"}))
    for _ in range(4):
        gateway.request("GET", "/team/a")
    assert len(origin.requests) == 2
    [known, _] = read(ask(gateway))["/team/"]
    assert (known["circuit"], known["unanswered"], known["let-alone"], known["failures-in-a-row"]) == ("open", "3", "2", "3")
    assert len(origin.requests) == 3
    is_well = True
    [known] = read(ask(gateway))["/team/"]
    assert known["circuit"] == "closed" and known["failures-in-a-row"] == "0"
    assert gateway.request("GET", "/team/a").status == 200


def test_answers_that_are_errors_or_break_off(started):
    def act(peer, request):
        peer.body(request)
        if request.method == "GET":
            peer.send(answer(200, b"x" * 100000, length=200000))
            raise EOFError
        peer.send(answer(500 if request.method == "PROPFIND" else 401))
    origin = started(Scripted(act=act))
    gateway = started(Gateway({"/team": f"origin = {origin.url}"}))
    gateway.request("GET", "/team/a")
    gateway.request("PROPFIND", "/team/a")
    gateway.says("GET of http")
    [known] = read(ask(gateway))["/team/"]
    assert (known["status"], known["answered"], known["server-errors"], known["cut-off"]) == ("401", "3", "1", "1")


def test_who_may(started, tmp_path):
    users = str(tmp_path / "users")
    davit.add_user(users, "alice", "a")
    davit.add_user(users, "bob", "b")
    davit.add_user(users, "carol", "c")
    one, other = started(Scripted(ABLE)), started(Scripted(ABLE))
    rules = ('[rule "/"]\nallow = all, admin for alice\nallow = all for bob\n'
             '[rule "/one"]\nallow = all, admin for alice carol\nallow = all for bob\n'
             '[rule "/other"]\nallow = all, admin for alice\nallow = all for carol')
    gateway = started(Gateway({"/one": f"origin = {one.url}", "/other": f"origin = {other.url}"},
                              f"users = {users}\nschemes = basic", rest=rules))

    def ask_as(user, path):
        basic = "Basic " + base64.b64encode(f"{user}:{user[0]}".encode()).decode()
        return gateway.request("REPORT", path, {"Authorization": basic}, body=BODY)
    assert ask(gateway, "/one").status == 401
    assert ask_as("bob", "/one").status == 403
    assert ask_as("carol", "/other").status == 403
    assert not one.requests and not other.requests
    assert sorted(read(ask_as("alice", "/one"))) == ["/one/", "/other/"]
    assert sorted(read(ask_as("carol", "/one/"))) == ["/one/"]
    assert not one.requests[0].field("Authorization")


def test_other_reports_are_the_origins(started):
    origin = started(Scripted(xml(207, multistatus())))
    gateway = started(Gateway({"/team": f"origin = {origin.url}"}))
    for path, body in [("/team/", '<D:sync-collection xmlns:D="DAV:"/>'), ("/team/", '<origins xmlns="DAV:"/>'),
                       ("/team/a/", BODY), ("/team/", None)]:
        assert ask(gateway, path, body).status == 207
    assert [request.method for request in origin.requests] == ["REPORT"] * 4
    assert ask(gateway, body=BODY[:-2] + ">").status == 400
    assert len(origin.requests) == 4


def test_access_log_names_all(started):
    origin = started(Scripted(ABLE))
    gateway = started(Gateway({"/a": f"origin = {origin.url}", "/b": f"origin = {origin.url}"}))
    ask(gateway, "/a/")
    gateway.says_of_access("207(ok=2)")
    assert len(re.findall(re.escape(origin.url) + r" 200 \d+\.\d{6}", gateway.logged()[-1])) == 2
