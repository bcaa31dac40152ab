"""Uploads to a place that takes no bytes for a while: many more than there are workers. Only with
davit-slow (tests/support/slow_registry.c), whose storage can be held up."""

import contextlib

import davit
import pytest
from session import Session

with open(davit.BINARY, "rb") as binary:
    if b"DAVIT_SLOW_HOLD" not in binary.read():
        pytest.skip("the storage of this davit is never slow", allow_module_level=True)

WORKERS = 2
UPLOADS = 8
PIECE = 65536       # of which more than one is under way
LENGTH = 10 * PIECE  # more than is read ahead


def content(number):
    return bytes([number]) * LENGTH


@pytest.fixture(name="held")
def held_fixture(tmp_path, monkeypatch):
    """A server, and a function that lets the bytes go on."""
    hold = tmp_path / "hold"
    hold.touch()
    monkeypatch.setenv("DAVIT_SLOW_HOLD", str(hold))
    with davit.Davit(args=["--workers", str(WORKERS)]) as server:
        yield server, lambda: hold.unlink(missing_ok=True)
        hold.unlink(missing_ok=True)


def begin(server, number, stack):
    """An upload of which the server has got so much that it waits for the storage."""
    connection = stack.enter_context(server.connect(60))
    connection.send(f"PUT /{number} HTTP/1.1\r\nHost: {server.host}\r\nContent-Length: {LENGTH}\r\n"
                    "Expect: 100-continue\r\n\r\n")
    assert connection.read("PUT").status == 100
    connection.send(content(number)[:2 * PIECE])
    return connection


def check_others_are_answered(server):
    with Session(server) as client:
        client.expect(201, "PUT", "/empty", body="")
        client.expect(201, "MKCOL", "/c/")
        client.expect(207, "PROPFIND", "/", {"Depth": "1"})
        assert client.expect(200, "GET", "/empty").body == b""
        client.expect(204, "DELETE", "/c/")


def test_uploads_to_a_slow_place_hold_no_worker(held):
    server, let_go = held
    with contextlib.ExitStack() as stack:
        uploads = [begin(server, number, stack) for number in range(UPLOADS)]
        check_others_are_answered(server)
        let_go()
        for number, connection in enumerate(uploads):
            connection.send(content(number)[2 * PIECE:])
        for number, connection in enumerate(uploads):
            assert connection.read("PUT").status == 201
            assert server.request("GET", f"/{number}").body == content(number)


def test_a_client_that_goes_while_the_place_is_slow_leaves_nothing(held):
    server, let_go = held
    with contextlib.ExitStack() as stack:
        begin(server, 0, stack).close()
        others = [begin(server, number, stack) for number in range(1, UPLOADS)]
        check_others_are_answered(server)
        let_go()
        for number, connection in enumerate(others, 1):
            connection.send(content(number)[2 * PIECE:])
            assert connection.read("PUT").status == 201
    assert server.request("GET", "/0").status == 404


def test_an_upload_of_any_length_arrives_whole(held):
    server, let_go = held
    let_go()
    with Session(server) as client:
        for length in (1, PIECE - 1, PIECE, PIECE + 1, 40 * PIECE + 7):
            body = bytes(length - 1) + b"x"
            client.expect(201, "PUT", "/f", body=body)
            assert client.expect(200, "GET", "/f").body == body
            client.expect(204, "DELETE", "/f")
