"""RFC 9113 §8, each rule by its section: requests that are malformed are stream errors of type
PROTOCOL_ERROR (§8.1.1), after which the connection goes on. In the clear and over TLS."""

import os
import time

import pytest

import frames
from frames import (CANCEL, CONTINUATION, END_HEADERS, END_STREAM, HEADERS, NO_ERROR, PROTOCOL_ERROR,
                    RST_STREAM, block, frame, u32)

METHOD, SCHEME = (":method", "GET"), (":scheme", "http")
AUTHORITY, PATH = (":authority", "localhost"), (":path", "/file")
GOOD = [METHOD, SCHEME, AUTHORITY, PATH]


def send(peer, *fields, stream=1, end=True):
    peer.send(frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block(*fields)))


def check_malformed(peer, *fields):
    """Not a word of it is answered, and the next request is none the worse."""
    send(peer, *fields)
    peer.expect_reset(1, PROTOCOL_ERROR)
    assert peer.answers[1].fields is None
    peer.request(3, "GET", "/file")
    assert peer.expect_answer(3).body == b"content"


# --- §8.1: the parts of a message ---

def upload(peer, path, body, *more, stream=1, trailers=None):
    peer.request(stream, "PUT", path, *more, end=False)
    peer.data(stream, body, end=trailers is None)
    if trailers is not None:
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, block(*trailers)))


def done(peer, stream):
    """A change that was made."""
    answer = peer.answers.setdefault(stream, frames.Answer())
    peer.until(lambda: answer.has_ended or stream in peer.resets or peer.end, "an answer")
    assert answer.has_ended and answer.status in (201, 204), (answer.fields, peer.resets, peer.end)
    return answer


def content(server, name):
    with open(server.path(name), "rb") as file:
        return file.read()


def test_8_1_trailers_end_a_request(peer, h2_server):
    upload(peer, "/with-trailers", b"body", trailers=[("x-checksum", "abc"), ("date", "never")])
    done(peer, 1)
    assert content(h2_server, "with-trailers") == b"body"


def test_8_1_trailers_of_a_request_without_content(peer, h2_server):
    peer.request(1, "PUT", "/empty", end=False)
    peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block(("x", "y"))))
    done(peer, 1)
    assert content(h2_server, "empty") == b""


@pytest.mark.parametrize("name", [":method", ":path", ":status", ":other"])
def test_8_1_trailers_with_pseudo_header_fields(peer, h2_server, name):
    upload(peer, "/not-there", b"body", trailers=[("x", "y"), (name, "/")])
    peer.expect_reset(1, PROTOCOL_ERROR)
    assert not os.path.exists(h2_server.path("not-there"))


@pytest.mark.parametrize("field", [("Upper", "x"), ("connection", "close"), ("x", "a\nb"),
                                   ("transfer-encoding", "chunked")])
def test_8_1_trailers_that_are_malformed(peer, h2_server, field):
    upload(peer, "/not-there", b"body", trailers=[field])
    peer.expect_reset(1, PROTOCOL_ERROR)
    assert not os.path.exists(h2_server.path("not-there"))


def test_8_1_trailers_do_not_change_the_request(peer, h2_server):
    """A precondition that would have stopped it, and a length: they come too late to be heeded."""
    upload(peer, "/late", b"body", trailers=[("if-match", '"none"'), ("x-oc-mtime", "1")])
    done(peer, 1)
    assert content(h2_server, "late") == b"body"


def test_8_1_a_second_head_that_does_not_end_the_request(peer, h2_server):
    peer.request(1, "PUT", "/not-there", end=False)
    peer.data(1, b"body")
    peer.send(frame(HEADERS, END_HEADERS, 1, block(("x", "y"))))
    peer.expect_reset(1, PROTOCOL_ERROR)
    assert not os.path.exists(h2_server.path("not-there"))


def test_8_1_trailers_in_several_frames(peer, h2_server):
    peer.request(1, "PUT", "/continued", end=False)
    peer.data(1, b"body")
    trailers = block(("x", "y" * 50))
    peer.send(frame(HEADERS, END_STREAM, 1, trailers[:9]),
              frame(CONTINUATION, END_HEADERS, 1, trailers[9:]))
    done(peer, 1)
    assert content(h2_server, "continued") == b"body"


# --- §8.1: answers that come early ---

def test_8_1_an_early_answer_ends_with_no_error(peer):
    """What the client still sends is taken for a while; it is told to stop, not that it has failed."""
    peer.request(1, "PUT", "/none/f", end=False)
    answer = peer.answers.setdefault(1, frames.Answer())
    peer.until(lambda: answer.has_ended, "an answer")
    assert answer.status == 409 and 1 not in peer.resets
    sent = 0
    while 1 not in peer.resets and sent < 4 << 20:
        peer.data(1, bytes(16384))
        sent += 16384
        peer.expect_alive()
    peer.expect_reset(1, NO_ERROR)


def test_8_1_an_early_answer_and_a_client_that_falls_silent(peer):
    peer.request(1, "PUT", "/none/f", end=False)
    answer = peer.answers.setdefault(1, frames.Answer())
    peer.until(lambda: answer.has_ended, "an answer")
    began = time.monotonic()
    peer.expect_reset(1, NO_ERROR)
    assert 3 < time.monotonic() - began < 15


def test_8_1_an_early_answer_to_a_client_that_ends_needs_no_reset(peer):
    peer.request(1, "PUT", "/none/f", end=False)
    answer = peer.answers.setdefault(1, frames.Answer())
    peer.until(lambda: answer.has_ended, "an answer")
    peer.data(1, b"the rest", end=True)
    peer.expect_alive()
    assert answer.status == 409 and 1 not in peer.resets


# --- §8.1.1: malformed messages ---

@pytest.mark.parametrize("length,sent", [("5", b"1234"), ("3", b"1234"), ("0", b"1"), ("4", b"")])
def test_8_1_1_content_length_that_is_not_that_of_the_data(peer, h2_server, length, sent):
    upload(peer, "/not-there", sent, ("content-length", length))
    peer.expect_reset(1, PROTOCOL_ERROR)
    assert not os.path.exists(h2_server.path("not-there"))


def test_8_1_1_content_length_of_several_frames(peer, h2_server):
    peer.request(1, "PUT", "/not-there", ("content-length", "6"), end=False)
    for _ in range(3):
        peer.data(1, b"ab")
    peer.data(1, b"c", end=True)
    peer.expect_reset(1, PROTOCOL_ERROR)
    assert not os.path.exists(h2_server.path("not-there"))


def test_8_1_1_content_length_without_content(peer):
    send(peer, (":method", "PUT"), SCHEME, AUTHORITY, (":path", "/not-there"), ("content-length", "1"))
    peer.expect_reset(1, PROTOCOL_ERROR)


@pytest.mark.parametrize("values", [["x"], ["-1"], ["+1"], ["1", "1"], ["1", "2"], ["1, 1"], [""],
                                    ["18446744073709551616"], ["0x1"]])
def test_8_1_1_content_length_that_is_no_number(peer, values):
    check_malformed(peer, *GOOD, *[("content-length", value) for value in values])


def test_8_1_1_content_length_that_is_right(peer, h2_server):
    upload(peer, "/counted", b"12345", ("content-length", "5"))
    done(peer, 1)
    assert content(h2_server, "counted") == b"12345"


# --- §8.2: fields ---

def test_8_2_field_names_in_upper_case(peer):
    check_malformed(peer, *GOOD, ("X-Upper", "x"))


@pytest.mark.parametrize("name", ["", " x", "x ", "a b", "a:b", "a\nb", "a\0b", "a\x7f", "\x80", "a(b"])
def test_8_2_1_field_names_with_what_no_name_may_hold(peer, name):
    check_malformed(peer, *GOOD, (name.encode("latin-1"), "x"))


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\0b", " a", "a ", "\ta", "a\t", "\r\nx: y"])
def test_8_2_1_field_values_with_what_no_value_may_hold(peer, value):
    check_malformed(peer, *GOOD, ("x", value))


@pytest.mark.parametrize("value", ["", "a b", "a\tb", "\xfc", '"'])
def test_8_2_1_field_values_that_are_fine(peer, value):
    send(peer, *GOOD, ("x", value.encode("latin-1")))
    assert peer.expect_answer(1).body == b"content"


@pytest.mark.parametrize("name", ["connection", "proxy-connection", "keep-alive",
                                  "transfer-encoding", "upgrade"])
def test_8_2_2_connection_specific_fields(peer, name):
    check_malformed(peer, *GOOD, (name, "x"))


@pytest.mark.parametrize("value", ["gzip", "trailers, deflate", "trailers;q=0.5", ""])
def test_8_2_2_te_other_than_trailers(peer, value):
    check_malformed(peer, *GOOD, ("te", value))


@pytest.mark.parametrize("value", ["trailers", "Trailers"])
def test_8_2_2_te_trailers(peer, value):
    send(peer, *GOOD, ("te", value))
    assert peer.expect_answer(1).body == b"content"


def test_8_2_2_answers_have_no_connection_specific_fields(peer):
    stream = 1
    for method, path in (("GET", "/file"), ("PROPFIND", "/"), ("GET", "/none"), ("OPTIONS", "*"),
                         ("PATCH", "/file"), ("HEAD", "/file")):
        peer.request(stream, method, path, ("depth", "0"))
        answer = peer.answers.setdefault(stream, frames.Answer())
        peer.until(lambda a=answer: a.has_ended, "an answer")
        assert not set(answer.fields) & {"connection", "keep-alive", "transfer-encoding", "upgrade",
                                         "proxy-connection"}
        assert all(name == name.lower() for name in answer.fields)
        stream += 2


def test_8_2_3_cookies_may_be_split(peer):
    send(peer, *GOOD, ("cookie", "a=b"), ("cookie", "c=d"), ("cookie", "e=f"))
    assert peer.expect_answer(1).body == b"content"


# --- §8.3: pseudo-header fields ---

def test_8_3_pseudo_header_fields_behind_others(peer):
    check_malformed(peer, METHOD, SCHEME, AUTHORITY, ("x", "y"), PATH)


@pytest.mark.parametrize("name", [":status", ":unknown", ":protocol", ":", ":Method", ":host"])
def test_8_3_pseudo_header_fields_that_are_not_a_requests(peer, name):
    check_malformed(peer, *GOOD, (name, "200"))


@pytest.mark.parametrize("field", GOOD)
def test_8_3_1_pseudo_header_fields_that_come_twice(peer, field):
    check_malformed(peer, *GOOD, field)


@pytest.mark.parametrize("missing", [METHOD, SCHEME, PATH])
def test_8_3_1_pseudo_header_fields_that_are_missing(peer, missing):
    check_malformed(peer, *[field for field in GOOD if field != missing])


def test_8_3_1_an_empty_path(peer):
    check_malformed(peer, METHOD, SCHEME, AUTHORITY, (":path", ""))


@pytest.mark.parametrize("path", ["file", "*", "http:", "?x"])
def test_8_3_1_a_path_that_is_none(peer, path):
    check_malformed(peer, METHOD, SCHEME, AUTHORITY, (":path", path))


def test_8_3_1_an_asterisk_for_options(peer):
    send(peer, (":method", "OPTIONS"), SCHEME, AUTHORITY, (":path", "*"))
    assert "1" in peer.expect_answer(1).fields["dav"]


def test_8_3_1_neither_authority_nor_host(peer):
    check_malformed(peer, METHOD, SCHEME, PATH)


def test_8_3_1_host_in_place_of_authority(peer):
    send(peer, METHOD, SCHEME, PATH, ("host", "localhost"))
    assert peer.expect_answer(1).body == b"content"


def test_8_3_1_host_that_differs_from_authority(peer):
    """§8.3.1 lets a server treat it as malformed; the answer can say why."""
    send(peer, *GOOD, ("host", "elsewhere"))
    assert b"differ" in peer.expect_answer(1, 400).body


@pytest.mark.parametrize("authority", ["user@localhost", "user:secret@localhost", "a b", "h:x", ""])
def test_8_3_1_an_authority_that_is_none(peer, authority):
    """nghttp2 resets those that hold what no authority may, the others davit answers."""
    send(peer, METHOD, SCHEME, (":authority", authority), PATH)
    answer = peer.answers.setdefault(1, frames.Answer())
    peer.until(lambda: answer.has_ended or 1 in peer.resets, "an end")
    assert peer.resets.get(1) == PROTOCOL_ERROR or answer.status == 400
    peer.expect_alive()


def test_8_3_1_a_scheme_that_is_not_http(peer):
    send(peer, METHOD, (":scheme", "ftp"), AUTHORITY, PATH)
    peer.expect_answer(1, 400)


@pytest.mark.parametrize("method", ["", "G T", "GET\n", "G\0"])
def test_8_3_1_a_method_that_is_no_token(peer, method):
    check_malformed(peer, (":method", method), SCHEME, AUTHORITY, PATH)


def test_8_3_2_answers_have_their_status_first(peer):
    peer.request(1, "GET", "/file")
    assert list(peer.expect_answer(1).fields)[0] == ":status"


# --- §8.4 to §8.7 ---

def test_8_4_nothing_is_pushed(peer):
    """Even when the client would take it: what comes is what was asked for."""
    peer.request(1, "GET", "/")
    peer.expect_answer(1)
    peer.expect_alive()
    assert all(stream in (0, 1) for stream in peer.answers)


def test_8_5_connect_is_not_allowed(peer):
    send(peer, (":method", "CONNECT"), (":authority", "localhost:80"))
    peer.expect_answer(1, 405)


@pytest.mark.parametrize("more", [[SCHEME], [PATH], [SCHEME, PATH]])
def test_8_5_connect_with_scheme_or_path(peer, more):
    check_malformed(peer, (":method", "CONNECT"), (":authority", "localhost:80"), *more)


def test_8_5_connect_without_authority(peer):
    check_malformed(peer, (":method", "CONNECT"))


def test_8_7_a_request_that_is_refused_was_not_begun(h2_server, connect):
    """REFUSED_STREAM promises it: the client may try again without fear."""
    peer = connect()  # whose streams are used up before it knows how many there may be
    for stream in range(1, 2 * 128, 2):
        peer.request(stream, "PUT", f"/busy-{stream}", end=False)
    upload(peer, "/refused", b"x", stream=257)
    peer.expect_reset(257, frames.REFUSED_STREAM)
    for stream in range(1, 2 * 128, 2):
        peer.send(frame(RST_STREAM, 0, stream, u32(CANCEL)))
    peer.request(259)
    peer.expect_answer(259)
    assert not os.path.exists(h2_server.path("refused"))


# --- RFC 9110 §10.1.1 over HTTP/2 ---

def test_8_1_an_interim_answer_before_the_final_one(peer, h2_server):
    peer.request(1, "PUT", "/asked", ("expect", "100-continue"), end=False)
    interim = peer.awaited(HEADERS)
    assert not interim.flags & END_STREAM and peer.answers[1].fields is None
    peer.data(1, b"body", end=True)
    done(peer, 1)
    assert content(h2_server, "asked") == b"body"


def test_8_1_head_has_no_content_but_its_length(peer):
    peer.request(1, "HEAD", "/file")
    answer = peer.expect_answer(1)
    assert answer.body == b"" and answer.fields["content-length"] == "7"


def test_8_1_not_modified_has_no_content(peer):
    peer.request(1, "GET", "/file")
    tag = peer.expect_answer(1).fields["etag"]
    peer.request(3, "GET", "/file", ("if-none-match", tag))
    assert peer.expect_answer(3, 304).body == b""
