"""What is no fault of a link, and what is one though nothing is fetched."""

import signal
import socket
import subprocess
import threading
import time

from checker import Scratch, Server, check, free_port, page
from davit import BINARY

NOTHING = {"/robots.txt": (404, {}, b""), "/sitemap.xml": (404, {}, b"")}


def raw_verdicts(run):
    return {row["raw"]: row["verdict"] for row in run.links}


def test_what_get_cannot_judge_is_not_broken():
    body = ("<form method=post action='/post'></form><form action='/search'></form><button formaction='/do'></button>"
            "<a href='/' ping='/ping'>x</a><link rel=pingback href='/xmlrpc'><form method=POST action='/dead'></form>")
    dead = "http://127.0.0.1:%d/" % free_port()
    with Server({"/": (200, {}, body.replace("/dead", dead)), **NOTHING}) as server:
        run = check("--retries", 0, server.url + "/")
        found = raw_verdicts(run)
        assert found["/post"] == found["/do"] == found["/ping"] == found["/xmlrpc"] == "ok", "they answer 404 to GET"
        assert found["/search"] == "broken", "a form with GET is a link"
        assert found[dead] == "refused"
        server.answers["/"] = (200, {}, body + "<a href='/post'>x</a>")
        run = check(server.url + "/")
        assert run.verdict("/post") == "broken", "a link of any other kind leads there, too"


def test_asked_too_often_is_a_warning():
    with Server({"/": page("/busy"), "/busy": (429, {}, b""), **NOTHING}) as server:
        run = check("--retries", 0, server.url + "/")
        assert run.verdict("/busy") == "throttled" and run.status == 0
        assert check("--retries", 0, "--fail-on", "fail,throttled", server.url + "/").status == 1


def test_schemes_and_mail_addresses():
    links = {
        "htttps://example.test/": "bad-url", "hhtp://example.test/": "bad-url", "C:/x.html": "bad-url",
        "quux:something": "unknown-scheme", "web+coffee:x": "skipped", "tel:+1": "skipped", "com.app.x:y": "skipped",
        "mailto:a@example.test": "skipped", "mailto:?subject=x": "skipped", "mailto:a@b,c@d?cc=e@f": "skipped",
        "mailto:%61%40b": "skipped", "mailto:nobody": "bad-url", "mailto:a@": "bad-url", "mailto:a b@c": "bad-url",
        "mailto:a@b;c@d": "bad-url", "/cdn-cgi/l/email-protection#aabb": "skipped",
    }
    with Server({"/": page(*links), "/robots.txt": (404, {}, b"")}) as server:
        run = check(server.url + "/")
        assert raw_verdicts(run) == {**links, server.url + "/": "ok"}
        notes = {row["raw"]: row.get("note", "") for row in run.links}
        assert "'https:' meant" in notes["htttps://example.test/"] and "Windows" in notes["C:/x.html"]


def test_walls_that_want_a_cookie():
    def guarded(handler):
        if "seen=1" in (handler.headers.get("Cookie") or ""):
            return page("/x")
        return (302, {"Location": "/wall"}, b"")
    wall = (302, {"Location": "/page", "Set-Cookie": "seen=1; Path=/"}, b"")
    with Server({"/": page("/page", "/circle"), "/page": guarded, "/wall": wall, "/x": page(),
                 "/circle": (302, {"Location": "/back"}, b""),
                 "/back": (302, {"Location": "/circle", "Set-Cookie": "a=%d" % 1}, b""), **NOTHING}) as server:
        run = check(server.url + "/")
        assert run.verdict("/page") == "ok" and server.count("/page") == 2
        assert run.verdict("/circle") == "loop" and server.count("/circle") == 2
        assert check(server.url + "/page").verdict("/x") == "ok"


def test_a_page_that_stalls_costs_one_timeout():
    calls = []

    def stall(handler):
        calls.append(handler.path)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100\r\n\r\n<p>")
        handler.wfile.flush()
        handler.close_connection = True
        time.sleep(4)
        return "done"
    with Server({"/": page("/half"), "/half": stall, **NOTHING}) as server:
        run = check("-r", "--timeout", "1s", server.url + "/")
    assert run.verdict("/half") == "timeout" and len(calls) == 1
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        taken = []
        threading.Thread(target=lambda: taken.append(silent.accept()), daemon=True).start()
        run = check("--robots", "ignore", "--own", "127.0.0.1", "--timeout", "1s",
                    "http://127.0.0.1:%d/x" % silent.getsockname()[1])
        assert run.verdict("/x") == "timeout" and run.summary["requests"] == 1


def test_a_page_that_is_too_long_says_so():
    def long(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        handler.close_connection = True
        try:
            handler.wfile.write(b"<a href='/x'>x</a>")
            for _ in range(66):
                handler.wfile.write(b" " * (1 << 20))
        except OSError:
            pass
        return "done"
    with Server({"/": long, "/x": page(), **NOTHING}) as server:
        run = check(server.url + "/")
    assert run.verdict("/x") == "ok"
    assert [row["note"] for row in run.links if row["url"] == server.url + "/"] == ["too long: only its beginning was read"]


# --- the run ---

def test_signals_that_come_twice_are_one():
    def slow(_):
        time.sleep(0.5)
        return (200, {}, b"")
    with Server({"/": page(*["/%d" % n for n in range(200)]), "*": slow}) as server:
        done = subprocess.run(["timeout", "3", BINARY, "check", "--per-host", "2", "-o", "text", server.url + "/"],
                              capture_output=True, timeout=60, check=False)
        assert done.returncode == 124 and b"interrupted" in done.stdout, done
        assert b"not-checked" in done.stdout and done.stdout.count(b"not-checked") == 1, "how many, not each"
        process = subprocess.Popen([BINARY, "check", "--per-host", "1", server.url + "/"], stdout=subprocess.PIPE)
        time.sleep(2)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
        assert process.returncode == 3 and b"interrupted" in out


def test_a_report_that_cannot_be_written_costs_no_run():
    with Scratch() as root, Server({"/": page()}) as server:
        run = check(server.url + "/", form="json:" + root + "/no/where")
        assert run.status == 2 and "/no/where" in run.stderr and not server.requests
        with open(root + "/old", "w", encoding="utf-8") as file:
            file.write("old")
        assert check("ftp:nothing", form="json:" + root + "/old").status == 2
        with open(root + "/old", encoding="utf-8") as file:
            assert file.read() == "old"


def test_a_scheme_is_not_taken_for_another_that_is_short():
    with Scratch() as root:
        meant = ("htp:x", "ttps:x", "htpps:x", "mailo:a@b", "mail:a@b")
        others = ("tcp:x", "rdp:x", "cap:x", "rtp:x", "mqtt:x", "mtp:x")
        with open(root + "/a.html", "w", encoding="utf-8") as file:
            file.write("".join("<a href='%s'>x</a>" % link for link in meant + others))
        found = {row["raw"]: row["verdict"] for row in check(root + "/a.html").links if "raw" in row}
        assert {found[link] for link in meant} == {"bad-url"}, found
        assert {found[link] for link in others} == {"unknown-scheme"}, found


def test_a_page_that_a_form_led_to_first_is_read():
    with Server({"/": page("/next", head="<form action='/form'></form>"), "/next": page("/form"),
                 "/form": page("/gone"), "/robots.txt": (404, {}, b""), "/sitemap.xml": (404, {}, b"")}) as server:
        run = check("--concurrency", 1, server.url + "/")
        assert run.verdict("/gone") == "broken"
