"""What no packaged proxy does: a server in front of davit that breaks one thing."""

import http.client
import os
import re
import signal
import subprocess
import threading

import davit
import origins
import pytest
from fronts import Origin, examine, mistakes, unknown


class Breaker(origins.Scripted):
    """Passes each request on to davit. `request`: may answer it itself (bytes), or change it; `answer`: may
    change status, fields and body of what came back."""

    def __init__(self, origin, request=None, reply=None):
        super().__init__(act=self.pass_on)
        self.origin, self.on_request, self.on_reply = origin, request, reply
        self.url = f"http://{origins.HOST}:{self.address[1]}/outer/"

    def pass_on(self, peer, request):
        if request.field("Expect"):
            peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.is_chunked = bool(request.field("Transfer-Encoding"))
        request.body = peer.body(request)
        self.requests.append(request)
        own = self.on_request and self.on_request(request)
        if own is not None:
            peer.send(own)
            return
        connection = http.client.HTTPConnection(*self.origin.address, timeout=60)
        fields = {name: value for name, value in request.fields
                  if name.lower() not in ("transfer-encoding", "content-length", "expect", "connection")}
        connection.request(request.method, request.target, request.body or None, fields)
        back = connection.getresponse()
        status, body = back.status, back.read()
        fields = [(name, value) for name, value in back.getheaders()
                  if name.lower() not in ("content-length", "transfer-encoding", "connection")]
        connection.close()
        if self.on_reply:
            status, fields, body = self.on_reply(request, status, fields, body)
        length = back.getheader("Content-Length") if request.method == "HEAD" else None
        peer.send(origins.answer(status, body, fields, length))


def without(name):
    """An answer without that field."""
    def change(_request, status, fields, body):
        return status, [field for field in fields if field[0].lower() != name], body
    return change


def empty_chunks(request):
    if request.is_chunked:
        request.body = b""


def refuse_chunks(request):
    return origins.answer(411) if request.is_chunked else None


def no_challenge(request):
    return None if request.field("Authorization") else origins.answer(401)


def forget_locks(request):
    """As one of several workers that do not share their locks."""
    return origins.answer(412) if request.field("If") and request.method == "LOCK" else None


def page(request):
    if request.method not in ("PROPFIND",):
        return None
    return origins.answer(403, b"<html>blocked</html>", [("Content-Type", "text/html"), ("Server", "waf")])


def elsewhere(request):
    """MOVE and COPY to another place than was named."""
    request.fields = [(name, value.replace("-to.txt", "-astray.txt") if name == "Destination" else value)
                      for name, value in request.fields]


def cut_off(request, status, fields, body):
    return status, fields, body[:-20] if status == 207 else body


def other_host(request, status, fields, body):
    return status, fields, body.replace(b"<D:href>/", b"<D:href>http://inner.example:8080/")


def get_207(request, status, fields, body):
    return (207 if request.method == "GET" and request.target.endswith("/") else status), fields, body


def decode_names(request):
    request.target = request.target.replace("%2541", "A")


@pytest.mark.parametrize("on_request,on_reply,found", [
    (empty_chunks, None, {"put-chunked": ["chunked-lost"]}),
    (refuse_chunks, None, {"put-chunked": ["chunked-refused"]}),
    (elsewhere, None, {"copy": ["moved-elsewhere"], "move": ["moved-elsewhere"]}),
    (forget_locks, None, {"if": ["lock-lost"]}),
    (decode_names, None, {"names": ["name-changed"]}),
    (None, other_host, {"propfind": ["href-origin"], "listing": ["href-origin"]}),
    (None, get_207, {"get-collection": ["get-207"]}),
    (None, without("lock-token"), {"lock": ["token-missing"], "if": ["token-missing"]}),
])
def test_a_mistake_is_named(started, on_request, on_reply, found):
    origin = started(Origin())
    front = started(Breaker(origin, on_request, on_reply))
    diagnosis = examine(front.url, status=1)
    assert mistakes(diagnosis) == found
    assert os.listdir(origin.root + "/outer") == []


def test_a_207_that_is_cut_off(started):
    origin = started(Origin())
    front = started(Breaker(origin, None, cut_off))
    diagnosis = examine(front.url, status=1)
    assert {name for names in mistakes(diagnosis).values() for name in names} == {"broken-xml"}
    assert os.listdir(origin.root + "/outer") == []


def test_a_page_in_the_place_of_a_207_is_a_block(started):
    origin = started(Origin())
    front = started(Breaker(origin, page))
    found = mistakes(examine(front.url, status=1))
    assert found["propfind"] == found["listing"] == ["method-blocked"]
    assert os.listdir(origin.root + "/outer") == []


def test_a_401_without_a_challenge(started, tmp_path):
    origin = started(Origin())
    front = started(Breaker(origin, no_challenge))
    secret = tmp_path / "password"
    secret.write_text("secret\n")
    secret.chmod(0o600)
    found = mistakes(examine(front.url, status=1))
    assert found["options"] == found["sign-in"] == ["no-challenge"]
    assert os.listdir(origin.root + "/outer") == []


def test_a_server_that_does_not_answer_a_method(started):
    origin = started(Origin())

    class Silent(Breaker):
        def pass_on(self, peer, request):
            if request.method == "MOVE":
                peer.fill()  # until the client goes
                raise EOFError
            super().pass_on(peer, request)

    front = started(Silent(origin))
    diagnosis = examine(front.url, "--timeout", "2", status=1)
    assert mistakes(diagnosis)["move"] == ["no-answer"]
    assert os.listdir(origin.root + "/outer") == []


def test_nobody_answers_expect(started):
    origin = started(Origin())

    class Deaf(Breaker):
        def pass_on(self, peer, request):
            request.fields = [field for field in request.fields if field[0] != "Expect"]
            super().pass_on(peer, request)

    front = started(Deaf(origin))
    assert mistakes(examine(front.url, status=1)) == {"put-expect": ["expect-unanswered"]}


def test_expect_is_refused(started):
    """As by a proxy that mixes up the answers, RFC 9110 §10.1.1."""
    origin = started(Origin())

    class Mixed(Breaker):
        def pass_on(self, peer, request):
            if request.field("Expect"):
                peer.send(origins.answer(400))
                raise EOFError
            super().pass_on(peer, request)

    front = started(Mixed(origin))
    assert mistakes(examine(front.url, status=1)) == {"put-expect": ["expect-refused"]}


def test_what_cannot_be_removed_is_named(started):
    origin = started(Origin())
    front = started(Breaker(origin, lambda request: origins.answer(403) if request.method == "DELETE" else None))
    diagnosis = examine(front.url, status=3)
    left = os.listdir(origin.root + "/outer")
    assert diagnosis["left"] == front.url + left[0] + "/"


def test_nothing_else_is_touched(started):
    origin = started(Origin())
    front = started(Breaker(origin))
    assert not mistakes(examine(front.url, status=0))
    rooms = {request.target.rstrip("/") for request in front.requests if request.method == "MKCOL"}
    room = min(rooms, key=len)
    assert re.fullmatch("/outer/davit-doctor-[0-9a-f]{16}", room)
    for request in front.requests:
        if request.method not in ("OPTIONS", "GET", "PROPFIND"):
            assert (request.target + "/").startswith(room + "/"), request.target
            assert room + "/" in (request.field("Destination") or room + "/")


def test_a_collection_whose_making_was_not_answered_is_removed(started):
    origin = started(Origin())

    class Forgetful(Breaker):
        def pass_on(self, peer, request):
            if request.method == "MKCOL":
                os.mkdir(origin.root + request.target)
                peer.fill()  # until the client goes
                raise EOFError
            super().pass_on(peer, request)

    front = started(Forgetful(origin))
    diagnosis = examine(front.url, "--timeout", "2", status=1)
    assert mistakes(diagnosis) == {"mkcol": ["no-answer"]}
    assert "left" not in diagnosis
    assert os.listdir(origin.root + "/outer") == []


def test_a_collection_that_is_not_surely_ours_is_left_and_named(started):
    """As above, and somebody has written into it meanwhile."""
    origin = started(Origin())

    class Shared(Breaker):
        def pass_on(self, peer, request):
            if request.method == "MKCOL":
                os.mkdir(origin.root + request.target)
                with open(origin.root + request.target + "theirs", "wb"):
                    pass
                peer.send(origins.answer(504))
            else:
                super().pass_on(peer, request)

    front = started(Shared(origin))
    diagnosis = examine(front.url, status=1)
    assert mistakes(diagnosis) == {"mkcol": ["bad-gateway"]}
    left = os.listdir(origin.root + "/outer")
    assert diagnosis["left"] == front.url + left[0] + "/"
    assert os.listdir(origin.root + "/outer/" + left[0]) == ["theirs"]


def test_a_server_that_may_not_be_written_to(started):
    origin = started(Origin(["--read-only"]))
    diagnosis = examine(origin.url + "/outer/", status=3)
    assert not mistakes(diagnosis)
    assert "mkcol" in unknown(diagnosis) and "propfind" not in unknown(diagnosis)
    assert diagnosis["untried"]


def test_nobody_is_there():
    diagnosis = examine(f"http://{origins.HOST}:{origins.free_port()}/", status=3)
    assert diagnosis["probes"] == [] and diagnosis["untried"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("at", ["MKCOL", "LOCK", "COPY"])
def test_interrupted_it_cleans_up(started, number, at):
    """The signal comes while a request is under way, also one whose answer has not come."""
    origin = started(Origin())
    doctors = []
    has_begun = threading.Event()

    def interrupt(request):
        if request.method == at and not done:
            done.append(request)
            assert has_begun.wait(60)
            doctors[0].send_signal(number)

    done = []
    front = started(Breaker(origin, interrupt))
    doctors.append(subprocess.Popen([davit.BINARY, "doctor", front.url], stdout=subprocess.PIPE, text=True))
    has_begun.set()
    out, _ = doctors[0].communicate(timeout=120)
    assert "interrupted" in out, out
    assert doctors[0].returncode == 3
    assert os.listdir(origin.root + "/outer") == [], out


@pytest.mark.parametrize("args,says", [
    ([], "no URL"),
    (["http://a/", "http://b/"], "more than one URL"),
    (["ftp://a/"], "not the http or https URL"),
    (["http://a/?x=1"], "not the http or https URL"),
    (["--proxy", "squid", "http://a/"], "--proxy"),
    (["--upload-size", "0x", "http://a/"], "--upload-size"),
    (["--password-file", "x", "http://a/"], "needs --user"),
    (["--user", "a:b", "--netrc", "http://a/"], "cannot be used together"),
])
def test_wrong_usage(args, says):
    done = subprocess.run([davit.BINARY, "doctor", *args], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and says in done.stderr, done.stderr


def test_it_signs_in(started, tmp_path):
    users = tmp_path / "users"
    davit.add_user(str(users), "ann", "secret words")
    origin = started(Origin(["--users", str(users)]))
    secret = tmp_path / "password"
    secret.write_text("secret words\n")
    secret.chmod(0o600)
    url = origin.url + "/outer/"
    for args, env in ((["--user", "ann:secret words"], {}), (["--user", "ann", "--password-file", str(secret)], {}),
                      (["--user", "ann"], {"DAVIT_PASSWORD": "secret words"})):
        assert not mistakes(examine(url, *args, env=env))
    assert not mistakes(examine(url, status=3))
    assert os.listdir(origin.root + "/outer") == []
