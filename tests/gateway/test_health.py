"""An origin that does not answer: after some requests it is let alone, until one that is let try is answered."""

import re
import socket
import struct
import threading
import time

import pytest
from origins import HOST, Gateway, Scripted, answer, free_port

NEVER_AGAIN = "origin-failures = 3\norigin-retry = 1h"
SOON = "origin-failures = 3\norigin-retry = 50ms"
OPENS, CLOSES = "requests in a row", "answers again"


class Sick(Scripted):
    """An origin that breaks off while it `is_sick`; it counts what it was asked."""

    def __init__(self):
        super().__init__(act=self.serve_one)
        self.is_sick = True
        self.asked = 0

    def serve_one(self, peer, request):
        self.asked += 1
        peer.body(request)
        if self.is_sick:
            raise EOFError
        peer.send(answer(200))


@pytest.fixture
def sick(started):
    """Such an origin, and a gateway before it with these keys, on several loops."""
    def start(keys):
        origin = started(Sick())
        return started(Gateway({"/team": f"origin = {origin.url}\n{keys}"}, server="threads = 2")), origin
    return start


def ask(gateway, method="GET"):
    return gateway.request(method, "/team/a", body="x" if method == "PUT" else None)


def until_answered(gateway):
    deadline = time.monotonic() + 60
    while ask(gateway).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_opens_for_whatever_is_asked(sick):
    gateway, origin = sick(NEVER_AGAIN)
    assert [ask(gateway, method).status for method in ("GET", "PUT", "PROPFIND")] == [502] * 3
    gateway.says(OPENS)
    for method in ("GET", "PUT", "PROPFIND", "DELETE", "OPTIONS") * 3:
        done = ask(gateway, method)
        assert done.status == 503 and 3500 < int(done.field("Retry-After")) <= 3600
        assert b"not known" not in done.body  # nothing was sent
    assert origin.asked == 3
    assert gateway.stderr().count(OPENS) == 1


def test_closes_when_one_is_answered(sick):
    gateway, origin = sick(SOON)
    for _ in range(3):
        ask(gateway)
    gateway.says(OPENS)
    origin.is_sick = False
    until_answered(gateway)
    gateway.says(CLOSES)
    assert [ask(gateway, "PUT").status for _ in range(5)] == [200] * 5
    assert gateway.stderr().count(OPENS) == gateway.stderr().count(CLOSES) == 1


@pytest.mark.parametrize("keys", ["", "\norigin-chunks = no"])
@pytest.mark.parametrize("method, fields", [
    ("PUT", "Transfer-Encoding: chunked\r\n"), ("PUT", "Content-Length: 7\r\n"), ("PROPFIND", "Content-Length: 7\r\n")])
def test_no_byte_of_a_body_is_wanted(sick, method, fields, keys):
    """Who waits for "100 Continue" is told at once, also where the body would be kept until all of it was there."""
    gateway, origin = sick(NEVER_AGAIN + keys)
    for _ in range(3):
        ask(gateway)
    with gateway.connect() as connection:
        connection.send(f"{method} /team/a HTTP/1.1\r\nHost: {gateway.host}\r\nExpect: 100-continue\r\n{fields}\r\n")
        done = connection.read()
        assert done.status == 503 and int(done.field("Retry-After")) > 3500
    assert f"{origin.url} LET_ALONE" in line_of(gateway, method + " /team/a")


def test_nobody_listens(started):
    port = free_port()
    gateway = started(Gateway({"/team": f"origin = http://{HOST}:{port}/\n{NEVER_AGAIN}"}))
    done = [ask(gateway) for _ in range(5)]
    assert {one.status for one in done} == {503}
    assert [one.field("Retry-After") == "10" for one in done] == [True] * 3 + [False] * 2
    gateway.says(f"http://{HOST}:{port}/: no answer to 3 requests in a row")


def test_one_tries_at_a_time(started):
    came, go = threading.Event(), threading.Event()
    asked = []

    def act(peer, request):
        asked.append(request)
        if len(asked) <= 3:
            raise EOFError
        came.set()
        go.wait(60)
        peer.send(answer(200))
    origin = started(Scripted(act=act))
    gateway = started(Gateway({"/team": f"origin = {origin.url}\n{SOON}"}))
    for _ in range(3):
        ask(gateway)
    done = []
    thread = threading.Thread(target=lambda: until_answered(gateway) or done.append(True))
    thread.start()
    assert came.wait(60)
    refused = [ask(gateway) for _ in range(10)]
    assert {one.status for one in refused} == {503} and {one.field("Retry-After") for one in refused} == {"1"}
    assert len(asked) == 4
    go.set()
    thread.join()
    assert done and ask(gateway).status == 200


@pytest.mark.parametrize("status", [500, 502, 503, 504, 401, 404])
def test_statuses_are_answers(started, status):
    origin = started(Scripted(answer(status)))
    gateway = started(Gateway({"/team": f"origin = {origin.url}\n{NEVER_AGAIN}"}))
    for _ in range(10):
        ask(gateway)
    assert len(origin.requests) == 10
    assert OPENS not in gateway.stderr()


def test_answers_in_between(sick):
    gateway, origin = sick(NEVER_AGAIN)
    for _ in range(4):
        origin.is_sick = True
        assert [ask(gateway).status for _ in range(2)] == [502] * 2
        origin.is_sick = False
        assert ask(gateway).status == 200


def test_clients_that_go_away_do_not_count(started):
    came, go = threading.Event(), threading.Event()

    def act(peer, request):
        came.set()
        if request.method == "PROPFIND":
            go.wait(60)
        peer.body(request)
        peer.send(answer(200))
    origin = started(Scripted(act=act))
    gateway = started(Gateway({"/team": f"origin = {origin.url}\norigin-failures = 1\norigin-retry = 1h"}))
    for count in range(3):
        came.clear()
        with gateway.connect() as connection:
            connection.send(f"PROPFIND /team/gone{count} HTTP/1.1\r\nHost: {gateway.host}\r\n\r\n")
            assert came.wait(60)
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
        gateway.says_of_access(f"/team/gone{count}")
    with gateway.connect() as connection:
        connection.send(f"PUT /team/short HTTP/1.1\r\nHost: {gateway.host}\r\nContent-Length: 100\r\n\r\nabc")
    gateway.says_of_access("/team/short")
    assert ask(gateway).status == 200
    go.set()


def line_of(gateway, target):
    """What stands in the access log of a request, behind the User-Agent."""
    gateway.says_of_access(target)
    return next(line for line in gateway.logged() if target in line).rsplit('"', 1)[1].strip()


def test_access_log_names_the_origin(sick):
    gateway, origin = sick("origin-failures = 2\norigin-retry = 1h")
    url = re.escape(origin.url)
    for target, is_sick, expected in [
            ("/team/fine?n=1", False, f"{url} 200 \\d+\\.\\d{{6}}"), ("/team/cut", True, f"{url} CUT_OFF \\d+\\.\\d{{6}}"),
            ("/team/cut2", True, f"{url} CUT_OFF \\d+\\.\\d{{6}}"), ("/team/open", True, f"{url} LET_ALONE 0\\.0+")]:
        origin.is_sick = is_sick
        gateway.request("GET", target)
        assert re.fullmatch(expected, line_of(gateway, target)), gateway.logged()
    gateway.request("GET", "/elsewhere")
    assert line_of(gateway, "/elsewhere") == ""


def test_access_log_names_each_request_to_the_origin(started):
    """The same with a slash at its end; and one that nobody waits for any more."""
    came, go = threading.Event(), threading.Event()

    def act(peer, request):
        peer.body(request)
        if request.method == "DELETE":
            came.set()
            go.wait(60)
        is_short = request.target.endswith("/c")
        peer.send(answer(301, fields=[("Location", request.target + "/")]) if is_short else answer(207))
    origin = started(Scripted(act=act))
    gateway = started(Gateway({"/team": f"origin = {origin.url}"}))
    gateway.request("PROPFIND", "/team/c", {"Depth": "0"})
    assert re.fullmatch(r"http\S+ 301 \S+ http\S+ 207 \S+", line_of(gateway, "/team/c"))
    with gateway.connect() as connection:
        connection.send(f"DELETE /team/d HTTP/1.1\r\nHost: {gateway.host}\r\n\r\n")
        assert came.wait(60)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
    assert re.fullmatch(r"http\S+ GOES_ON \S+", line_of(gateway, "/team/d"))
    go.set()


def test_never(sick):
    gateway, origin = sick("origin-failures = 0")
    for _ in range(20):
        assert ask(gateway).status == 502
    assert origin.asked == 20 and OPENS not in gateway.stderr()


def test_reload_closes(sick):
    gateway, origin = sick(NEVER_AGAIN)
    for _ in range(4):
        ask(gateway)
    origin.is_sick = False
    gateway.process.send_signal(1)
    gateway.says("reloaded")
    until_answered(gateway)
