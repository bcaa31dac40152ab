"""Reports of people whose proxy broke WebDAV, by their number (G1 to G25): changes that arrive twice, or whose end
nobody knows. A scripted origin and one client's transcript each."""

import socket
import struct
import threading

import pytest
from origins import Gateway, Scripted, answer

UPLOAD = "/in/ner/uploads/7/.file"
MOVE = {"Destination": "/team/films/long.mkv", "Overwrite": "T"}


class Assembly:
    """An origin that puts an upload together: it does so when it is asked to, whoever is still there to hear of it."""

    def __init__(self, first):
        self.first = first
        self.is_done = False
        self.may_end = threading.Event()
        self.came = threading.Event()
        self.asked = []
        self.refusal = 404

    def __call__(self, peer, request):
        peer.body(request)
        self.asked.append((request.method, request.target))
        if request.method == "HEAD":
            there = self.is_done != (request.target == UPLOAD)
            peer.send(answer(200 if there else 404, fields=[("ETag", '"new"')] if there else [], length=9))
        elif self.is_done:
            peer.send(answer(self.refusal, b"no source"))
        else:
            self.is_done = True
            self.came.set()
            self.first(self, peer)

    def methods(self):
        return [method for method, _ in self.asked]


def breaks_off(_, peer):
    peer.socket.shutdown(socket.SHUT_RDWR)
    raise EOFError


def lets_wait(assembly, peer):
    assembly.may_end.wait(60)
    peer.send(answer(201))


def times_out(_, peer):
    peer.send(answer(504, b"<html>Gateway Time-out"))


@pytest.mark.parametrize("first, keys, status", [(breaks_off, "", 502), (times_out, "", 504),
                                                 (lets_wait, "origin-answer-timeout = 2s", 504)])
@pytest.mark.parametrize("refusal", [404, 412])
def test_g7_a_move_that_was_carried_out_is_done_when_it_is_repeated(through, first, keys, status, refusal):
    assembly = Assembly(first)
    assembly.refusal = refusal
    gateway, _ = through(act=assembly, keys=keys)
    assert gateway.request("MOVE", "/team/uploads/7/.file", MOVE).status == status
    assembly.may_end.set()
    for _ in range(2):
        done = gateway.request("MOVE", "/team/uploads/7/.file", MOVE)
        assert done.status == 204 and done.field("ETag") == '"new"'
    looks = [("HEAD", UPLOAD)] if refusal == 412 else []
    assert assembly.asked[1:] == 2 * [("MOVE", UPLOAD), *looks, ("HEAD", "/in/ner/films/long.mkv")]
    gateway.says("had been done the first time", 2)


@pytest.mark.parametrize("is_reset", [False, True])
def test_g7_the_client_had_no_patience(through, is_reset):
    """Or a proxy in front of us had none, which ends the connection."""
    assembly = Assembly(lets_wait)
    gateway, _ = through(act=assembly)
    with gateway.connect() as connection:
        connection.send(f"MOVE /team/uploads/7/.file HTTP/1.1\r\nHost: {gateway.host}\r\n"
                        f"Destination: {MOVE['Destination']}\r\n\r\n")
        assert assembly.came.wait(60)
        if is_reset:
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if is_reset:
        gateway.says_of_access("MOVE /team/uploads/7/.file")
    assembly.may_end.set()
    gateway.says_of_access("MOVE /team/uploads/7/.file")
    assert gateway.request("MOVE", "/team/uploads/7/.file", MOVE).status == 204


def test_g7_what_is_not_known_is_not_made_up(through):
    """Another MOVE, or another person: the origin's word counts."""
    assembly = Assembly(breaks_off)
    gateway, _ = through(act=assembly, keys="origin-credentials = pass")
    alice = {"Authorization": "Basic YWxpY2U6YQ=="}
    assert gateway.request("MOVE", "/team/uploads/7/.file", {**MOVE, **alice}).status == 502
    for fields in ({**MOVE, "Destination": "/team/films/b"}, {**MOVE, "Authorization": "Basic Ym9iOmI="}, MOVE):
        done = gateway.request("MOVE", "/team/uploads/7/.file", fields)
        assert done.status == 404 and done.body == b"no source"
    assert "HEAD" not in assembly.methods()


def test_g7_the_source_is_still_there(through):
    count = []

    def act(peer, request):
        peer.body(request)
        count.append(request.method)
        if count == ["MOVE"]:
            raise EOFError
        peer.send(answer(409, b"not yet") if request.method == "MOVE" else answer(200, fields=[("ETag", '"a"')]))
    gateway, _ = through(act=act)
    assert gateway.request("MOVE", "/team/uploads/7/.file", MOVE).status == 502
    assert gateway.request("MOVE", "/team/uploads/7/.file", MOVE).status == 409
    assert count == ["MOVE", "MOVE", "HEAD"]


@pytest.mark.parametrize("method, fields", [
    ("PUT", {"If": "(<urn:uuid:1>)"}), ("LOCK", {"Timeout": "Second-60"}), ("MOVE", MOVE), ("PATCH", {}), ("POST", {})])
def test_g15_a_change_is_sent_once(through, method, fields):
    """The kept connection ends with the request: a second one would meet the lock, or the file, of the first."""
    seen = []

    def act(peer, request):
        peer.body(request)
        seen.append(request.method)
        if len(seen) == 2:
            raise EOFError
        peer.send(answer(200))
    gateway, _ = through(act=act, server="threads = 1")
    body = None if method == "MOVE" else "<D:lockinfo xmlns:D='DAV:'/>"
    assert gateway.request("GET", "/team/a").status == 200
    done = gateway.request(method, "/team/a", fields, body=body)
    assert done.status == 502 and b"not known" in done.body and seen == ["GET", method]


def test_g16_a_token_goes_to_who_gave_it(started):
    """Two origins side by side, and many connections: what is bound to a lock stays with the origin of its token."""
    def reply(request):
        if request.method == "LOCK":
            return answer(200, fields=[("Lock-Token", f"<urn:uuid:{request.field('Host')}>")])
        return answer(204)
    origins = [started(Scripted(reply)) for _ in range(2)]
    gateway = started(Gateway({"/a": f"origin = {origins[0].url}", "/b": f"origin = {origins[1].url}"}, "threads = 2"))
    for prefix, origin, other in (("/a", *origins), ("/b", *origins[::-1])):
        origin.requests.clear()
        count = len(other.requests)
        token = gateway.request("LOCK", f"{prefix}/x", body="<D:lockinfo xmlns:D='DAV:'/>").field("Lock-Token")
        for _ in range(4):
            assert gateway.request("PUT", f"{prefix}/x", {"If": f"({token})"}, body="x").status == 204
        tagged = f"<http://{gateway.host}{prefix}/x> ({token})"
        assert gateway.request("DELETE", f"{prefix}/x", {"If": tagged}).status == 204
        assert gateway.request("UNLOCK", f"{prefix}/x", {"Lock-Token": token}).status == 204
        assert [request.field("If") for request in origin.requests[1:5]] == 4 * [f"({token})"]
        assert origin.requests[5].field("If") == f"<{origin.url}x> ({token})"
        assert origin.requests[6].field("Lock-Token") == token and len(other.requests) == count


def test_g24_kept_connections_that_have_ended(through):
    """The origin ends each connection without a word. Of many PUTs none fails, and none comes twice."""
    ended = threading.Semaphore(0)

    def act(peer, request):
        request.body = peer.body(request)
        origin.requests.append(request)
        peer.send(answer(201))
        peer.socket.shutdown(socket.SHUT_RDWR)
        ended.release()
        raise EOFError
    gateway, origin = through(act=act, server="threads = 1")
    for i in range(20):
        assert gateway.request("PUT", f"/team/{i}", body="x" * i).status == 201
        assert ended.acquire(timeout=60)
    assert [(request.target, len(request.body)) for request in origin.requests] == [(f"/in/ner/{i}", i) for i in range(20)]


def test_g24_a_side_that_is_shut(through):
    """A client that has said all it wants to say, and shuts its side, gets its answer."""
    gateway, origin = through(answer(201))
    with gateway.connect() as connection:
        connection.send(f"PUT /team/a HTTP/1.1\r\nHost: {gateway.host}\r\nContent-Length: 3\r\n\r\nabc")
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.read().status == 201
    assert origin.requests[0].body == b"abc"
