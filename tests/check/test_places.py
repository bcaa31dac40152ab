"""Where links stand beside attributes of HTML, and what fragments redirects add."""

import os

from checker import Scratch, Server, check, page

NOTHING = {"/robots.txt": (404, {}, b""), "/sitemap.xml": (404, {}, b"")}


def verdicts(run):
    return {row["raw"]: row["verdict"] for row in run.links if "raw" in row}


def to(location, status=302):
    """A redirect whose Location is sent byte by byte as it is."""
    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 %d x\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, location))
        return "done"
    return answer


# --- redirects (RFC 9110 §10.2.2) ---

def test_the_fragment_of_a_location_counts():
    answers = {
        "/": page("/own", "/own-gone", "/kept#here", "/kept#gone", "/replaced#gone", "/replaced-gone#here", "/hops", "/empty#gone"),
        "/page": (200, {}, "<p id=here><p id='a b'>"),
        "/own": to(b"/page#here"), "/own-gone": to(b"/page#gone%20too"), "/kept": to(b"/page"),
        "/replaced": to(b"/page#a%20b"), "/replaced-gone": to(b"/page#gone2"), "/hops": to(b"/own-gone"),
        "/empty": to(b"/page#"), **NOTHING,
    }
    with Server(answers) as server:
        run = check(server.url + "/")
        found = verdicts(run)
        assert found.pop(server.url + "/") == "ok"
        missing = {"/own-gone", "/kept#gone", "/replaced-gone#here", "/hops"}
        assert {raw for raw, verdict in found.items() if verdict == "fragment-missing"} == missing, found
        text = check(server.url + "/", form="text", verbose=False).stdout
        assert "no 'gone too' there" in text and "no 'gone2' there" in text, text
        assert set(verdicts(check("--fragments", "off", server.url + "/")).values()) == {"ok", "redirected"}


def test_a_fault_of_a_location_is_remembered():
    with Scratch() as root, Server({"/": page("/a"), "/a": to(b"/b#gone"), "/b": page(), **NOTHING}) as server:
        args = ("--history", root + "/h.db", "--after-bad", 2, server.url + "/")
        assert check(*args).status == 0 and check(*args).status == 1


def test_a_location_in_any_encoding_is_followed():
    seen = []

    def note(handler):
        seen.append(handler.path)
        return page()
    answers = {
        "/": page("/utf8", "/latin1", "/mixed"), "/utf8": to("/grün".encode()), "/latin1": to("/grün".encode("latin-1")),
        "/mixed": to(b"/a\xff%20b?q=\xe9#\xe9"), "*": note, **NOTHING,
    }
    with Server(answers) as server:
        run = check("--fragments", "off", server.url + "/")
    assert sorted(seen) == ["/a%FF%20b?q=%E9", "/gr%C3%BCn", "/gr%FCn"], seen
    assert {verdict for raw, verdict in verdicts(run).items() if raw.startswith("/")} == {"redirected"}
