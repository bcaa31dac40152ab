"""Origins that fail: what the client gets, and what the log says."""

import socket
import struct
import threading
import time

import pytest
from origins import HOST, Gateway, Scripted, answer, free_port, multistatus, xml

LISTING = multistatus("<D:href>/in/ner/</D:href><D:status>HTTP/1.1 200 OK</D:status>",
                      "<D:href>/in/ner/a</D:href><D:status>HTTP/1.1 423 Locked</D:status>")


def raw(data, then_close=True):
    """Says this, whatever is asked."""
    def act(peer, request):
        peer.body(request)
        peer.send(data)
        if then_close:
            raise EOFError
    return act


def until(is_so):
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_nobody_listens(started):
    gateway = started(Gateway({"/team": f"origin = http://{HOST}:{free_port()}/"}))
    for method in ("PROPFIND", "PUT"):
        done = gateway.request(method, "/team/a", body="" if method == "PUT" else None)
        assert done.status == 503 and done.field("Retry-After") == "10"
    gateway.says("PUT of http://127.0.0.1")


def test_no_such_host(started):
    gateway = started(Gateway({"/team": "origin = http://origin.invalid/"}))
    done = gateway.request("GET", "/team/a")
    assert done.status in (502, 503) and done.field("Retry-After")  # 503 where nobody answers for names
    gateway.says("GET of http://origin.invalid/a")


@pytest.mark.parametrize("data, status", [
    (b"", 502),
    (b"HTTP/1.1 200 OK\r\nContent-", 502),
    (b"SSH-2.0-x\r\n\r\n", 502),
    (b"HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n", 502),
    (b"HTTP/1.1 407 X\r\nContent-Length: 0\r\n\r\n", 502),
])
def test_heads_that_make_no_sense(through, data, status):
    gateway, _ = through(act=raw(data))
    assert gateway.request("PROPFIND", "/team/").status == status
    gateway.says("PROPFIND of http://")


def test_change_whose_outcome_is_not_known(through):
    """G7, G15: it is sent once, and what is not known is said to be unknown."""
    count = []

    def act(peer, request):
        count.append(request)
        peer.body(request)
        raise EOFError
    gateway, _ = through(act=act)
    for method in ("PUT", "MOVE", "DELETE", "LOCK"):
        count.clear()
        fields = {"Destination": "/team/b"} if method == "MOVE" else {}
        done = gateway.request(method, "/team/a", fields, body="x" if method == "PUT" else None)
        assert done.status == 502 and b"not known" in done.body and len(count) == 1
        assert done.field("Retry-After") is None
    gateway.says("whether it was done is not known", 4)


def test_move_that_is_made_again(through):
    """G7: it was done, and nobody has heard of it. Of one that was never made nothing is believed."""
    def act(peer, request):
        peer.body(request)
        seen.append((request.method, request.target))
        if request.method == "HEAD":
            peer.send(answer(200 if "made" in request.target else 404, fields=[("ETag", '"done"'), ("OC-FileId", "7")], length=9))
        elif len([one for one in seen if one[1] == request.target]) == 1 and "lost" in request.target:
            raise EOFError
        else:
            peer.send(answer(404))
    seen = []
    gateway, _ = through(act=act)

    def move(source, to, overwrite="F"):
        return gateway.request("MOVE", f"/team/{source}", {"Destination": f"/team/{to}", "Overwrite": overwrite, "If": "(<urn:x>)"})
    assert move("lost", "made").status == 502
    done = move("lost", "made")
    assert done.status == 201 and done.field("ETag") == '"done"' and done.field("OC-FileId") == "7"
    assert move("lost", "made", "T").status == 204
    assert move("lost", "made2").status == 404 and ("HEAD", "/in/ner/made2") not in seen  # another one
    assert move("lost2", "nothing").status == 502
    assert move("lost2", "nothing").status == 404  # nothing is there: it was not done
    assert move("never", "made").status == 404
    gateway.says("had been done the first time", 2)


def test_connection_that_was_kept_is_dead(through):
    """G15, G24: what is safe is asked again, what is not is sent once."""
    def act(peer, request):
        peer.body(request)
        seen.append(request.method)
        if seen.count(request.method) % 2 == 0:
            raise EOFError
        peer.send(answer(200))
    seen = []
    gateway, _ = through(act=act, server="threads = 1")
    assert [gateway.request("GET", "/team/a").status for _ in range(2)] == [200, 200]
    assert seen == ["GET", "GET", "GET"]
    done = [gateway.request("PUT", "/team/a", body="x").status for _ in range(2)]
    assert done == [200, 502] and seen.count("PUT") == 2


@pytest.mark.parametrize("framing", ["length", "chunks", "close"])
def test_listing_that_is_cut_off(through, framing):
    """It never looks complete, and the log says why."""
    text = LISTING.replace("</D:multistatus>", "<!-- " + "x" * 70000 + " -->").encode()
    head = b"HTTP/1.1 207 X\r\nContent-Type: text/xml\r\n"
    data = {"length": head + b"Content-Length: 100000\r\n\r\n" + text,
            "chunks": head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(text), text),
            "close": head + b"\r\n" + text}[framing]
    gateway, _ = through(act=raw(data))
    done = gateway.request("PROPFIND", "/team/", {"Depth": "1"})
    assert done.status == 502 or not done.is_complete
    gateway.says("PROPFIND of http://")
    with gateway.connect() as connection:
        connection.send(f"PROPFIND /team/ HTTP/1.0\r\nHost: {gateway.host}\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            while connection.socket.recv(65536):
                pass


@pytest.mark.parametrize("body, why", [
    (LISTING[:-20], "cut off"), (LISTING + "<x/>", "malformed"), ("<!DOCTYPE a>" + LISTING, "document type"),
    (LISTING.replace("xmlns:D", "xmlns:E"), "malformed")])
def test_xml_that_cannot_be_read(through, body, why):
    gateway, _ = through(xml(207, body))
    done = gateway.request("PROPFIND", "/team/", {"Depth": "1"})
    assert done.status == 502 and b"XML" in done.body or not done.is_complete
    gateway.says(why)


@pytest.mark.parametrize("fields, why", [([], "malformed"), ([("Content-Encoding", "br")], "packs")])
def test_error_whose_xml_cannot_be_read(through, fields, why):
    """Its status is what the client needs to know (lighttpd declares no prefix in its 409 to UNLOCK)."""
    body = '<?xml version="1.0"?><D:error><DAV:lock-token-matches-request-uri/></D:error>'
    gateway, _ = through(xml(409, body, [("ETag", '"x"'), ("X-Own", "1"), *fields]))
    done = gateway.request("UNLOCK", "/team/a", {"Lock-Token": "<urn:x>"})
    assert done.status == 409 and done.field("X-Own") == "1" and done.field("Content-Encoding") is None
    assert done.field("Content-Type").startswith("text/plain") and b"cannot be read" in done.body
    gateway.says(why)


def test_200_instead_of_207(through):
    gateway, _ = through(xml(200, LISTING))
    done = gateway.request("PROPFIND", "/team/", {"Depth": "1"})
    assert done.status == 200 and b"<D:href>/team/a</D:href>" in done.body


def test_what_was_inside_is_logged(through):
    gateway, _ = through(xml(207, LISTING))
    gateway.request("PROPFIND", "/team/", {"Depth": "1"})
    gateway.says_of_access("207(ok=1,423=1)")


def test_content_that_is_cut_off(through):
    gateway, _ = through(act=raw(answer(200, b"x" * 100000, length=200000)))
    done = gateway.request("GET", "/team/a")
    assert done.status == 200 and not done.is_complete
    gateway.says("GET of http://")


def test_origin_that_stalls(through):
    go = threading.Event()
    gateway, _ = through(act=lambda peer, request: go.wait(60), keys="origin-answer-timeout = 200ms")
    done = gateway.request("GET", "/team/a")
    assert done.status == 504 and done.field("Retry-After")
    done = gateway.request("DELETE", "/team/a")
    assert done.status == 504 and b"not known" in done.body
    go.set()


def test_origin_that_stalls_within_its_answer(through):
    go = threading.Event()

    def act(peer, request):
        peer.send(answer(200, b"x" * 100, length=200))
        go.wait(60)
    gateway, _ = through(act=act, keys="origin-timeout = 200ms")
    done = gateway.request("GET", "/team/a")
    assert done.status == 200 and not done.is_complete
    go.set()


def test_answer_that_takes_longer_than_bytes_may(through):
    """G7: when all of a request was sent, the answer may take its time."""
    def act(peer, request):
        peer.body(request)
        time.sleep(1)
        peer.send(answer(201))
    gateway, _ = through(act=act, keys="origin-timeout = 200ms")
    assert gateway.request("MOVE", "/team/a", {"Destination": "/team/b"}).status == 201
    assert gateway.request("PUT", "/team/a", body="x" * 10).status == 201


def test_client_that_goes_while_it_uploads(through):
    gone = threading.Event()

    def act(peer, request):
        try:
            peer.body(request)
        except (OSError, EOFError):
            gone.set()
            raise
    gateway, _ = through(act=act)
    with gateway.connect() as connection:
        connection.send(f"PUT /team/a HTTP/1.1\r\nHost: {gateway.host}\r\nContent-Length: 100000\r\n\r\nabc")
    assert gone.wait(60)  # the origin sees that it is not all
    gateway.says_of_access("PUT /team/a")


def reset(connection):
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("method", ["PROPFIND", "DELETE"])
def test_client_that_goes_before_the_first_piece(through, method):
    """The head of the answer is there, and what is to be looked at is not: nobody waits for that. Of what only asked
    the connection ends too; a change runs to its end."""
    came, go, ended = threading.Event(), threading.Event(), []

    def act(peer, request):
        peer.body(request)
        peer.send(b"HTTP/1.1 207 X\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(LISTING))
        came.set()
        if method == "DELETE":
            assert go.wait(60)
            peer.send(LISTING.encode())
        ended.append(peer.fill())
    gateway, _ = through(act=act)  # origin-timeout is a minute
    with gateway.connect() as connection:
        connection.send(f"{method} /team/a HTTP/1.1\r\nHost: {gateway.host}\r\n\r\n")
        assert came.wait(60)
        gateway.request("OPTIONS", "/", None)  # the head has come to the same loop by then, or soon
        reset(connection)
    gateway.says_of_access(f"{method} /team/a")
    if method == "DELETE":
        assert not ended
        go.set()
    else:
        until(lambda: ended)
        assert ended == [False]
    gateway.process.terminate()  # which waits for all that is under way
    assert gateway.process.wait(60) == 0


def test_final_answer_while_the_body_comes(through):
    """An answer that says no ends the upload, although the client would go on."""
    def act(peer, request):
        peer.take(3)
        peer.send(answer(507, b"full"))
        raise EOFError
    gateway, _ = through(act=act)
    with gateway.connect() as connection:
        connection.send(f"PUT /team/a HTTP/1.1\r\nHost: {gateway.host}\r\nContent-Length: 1000000\r\n\r\nabc")
        done = connection.read()
        assert done.status == 507 and done.body == b"full"


def test_success_without_the_body(through):
    """An origin that says yes before it has seen anything, and keeps the connection."""
    gateway, origin = through(act=lambda peer, request: peer.send(answer(200, b"fine")))
    with gateway.connect() as connection:
        connection.send(f"PUT /team/a HTTP/1.1\r\nHost: {gateway.host}\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
        done = connection.read()
        assert done.status == 200 and done.body == b"fine"


def test_many_at_once(through):
    """Requests wait for a connection where only so many are let."""
    active, most = [], []

    def act(peer, request):
        active.append(1)
        most.append(len(active))
        time.sleep(0.02)
        active.pop()
        peer.send(answer(200))
    gateway, _ = through(act=act, keys="origin-connections = 2", server="threads = 1")
    done = []
    threads = [threading.Thread(target=lambda: done.append(gateway.request("GET", "/team/a").status)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [200] * 12 and max(most) <= 2


def test_reload_while_a_request_is_under_way(through):
    """It keeps what it began with; the next has the new origin."""
    go, came = threading.Event(), threading.Event()

    def act(peer, request):
        came.set()
        go.wait(60)
        peer.send(answer(200, b"old"))
    gateway, origin = through(act=act)
    done = []
    thread = threading.Thread(target=lambda: done.append(gateway.request("GET", "/team/a")))
    thread.start()
    assert came.wait(60)
    with Scripted(answer(200, b"new")) as other:
        with open(gateway.config, encoding="utf-8") as file:
            text = file.read()
        with open(gateway.config, "w", encoding="utf-8") as file:
            file.write(text.replace(origin.url, other.url))
        gateway.process.send_signal(1)
        gateway.says("reloaded")
        assert gateway.request("GET", "/team/a").body == b"new"
        go.set()
        thread.join()
        assert done[0].body == b"old"


def test_stop_with_requests_under_way(through):
    came = threading.Event()

    def act(peer, request):
        came.set()
        time.sleep(0.5)
        peer.send(answer(200, b"done"))
    gateway, _ = through(act=act)
    done = []
    thread = threading.Thread(target=lambda: done.append(gateway.request("GET", "/team/a")))
    thread.start()
    assert came.wait(60)
    gateway.process.terminate()
    thread.join()
    assert done[0].body == b"done"


def test_upload_is_not_gathered(through):
    """Memory does not grow with a body that the origin does not take yet."""
    go = threading.Event()

    def act(peer, request):
        go.wait(60)
        peer.body(request)
        peer.send(answer(201))
    gateway, _ = through(act=act)
    size = 64 << 20
    with gateway.connect() as connection:
        connection.send(f"PUT /team/a HTTP/1.1\r\nHost: {gateway.host}\r\nContent-Length: {size}\r\n\r\n")
        connection.socket.setblocking(False)
        sent, quiet_since = 0, time.monotonic()
        while sent < size and time.monotonic() - quiet_since < 1:
            try:
                sent += connection.socket.send(bytes(min(1 << 20, size - sent)))
                quiet_since = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
        assert sent < size  # what has left is in the kernel's buffers
        go.set()
        connection.socket.settimeout(60)
        while sent < size:
            sent += connection.socket.send(bytes(min(1 << 20, size - sent)))
        assert connection.read().status == 201
