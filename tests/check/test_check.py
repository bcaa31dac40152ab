"""What `davit check` does with servers of all kinds."""

import json
import os
import re
import resource
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree

import pytest
from checker import Scratch, Server, check, free_port, page
from davit import BINARY, Davit

MULTISTATUS = ('<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"><D:response><D:href>/a</D:href>'
               "<D:status>HTTP/1.1 %s</D:status></D:response></D:multistatus>")


# --- 207 ---

def test_head_that_says_207_is_asked_again_as_get():
    body = MULTISTATUS % "423 Locked"
    with Server({"/x.zip": (207, {"Content-Type": "application/xml"}, body)}) as other:
        with Server({"/": page("http://localhost:%d/x.zip" % other.port)}) as server:
            run = check(server.url + "/")
            assert run.verdict("/x.zip") == "failed-inside"
            assert other.count("/x.zip", "HEAD") == 1 and other.count("/x.zip", "GET") == 1
    assert [(row["href"], row["status"]) for row in run.members] == [
        ("http://localhost:%d/a" % other.port, 423)]


def test_a_207_that_breaks_off_is_malformed():
    def cut(handler):
        body = (MULTISTATUS % "200 OK").encode()
        handler.send_response(207)
        handler.send_header("Content-Type", "application/xml")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:100])
        handler.close_connection = True
        return "done"
    with Server({"/": page("/cut"), "/cut": cut}) as server:
        run = check("--retries", 0, server.url + "/")
    assert run.verdict("/cut") == "malformed-inside"
    assert run.status == 1


def test_failures_are_named_behind_any_number_of_successes():
    row = "<D:response><D:href>/m%d</D:href><D:status>HTTP/1.1 %s</D:status></D:response>"
    rows = "".join(row % (n, "423 Locked" if n % 1000 == 0 else "200 OK") for n in range(30000))
    body = '<D:multistatus xmlns:D="DAV:">%s</D:multistatus>' % rows
    with Server({"/": page("/m"), "/m": (207, {"Content-Type": "text/xml"}, body)}) as server:
        run = check(server.url + "/", verbose=False)
    assert run.verdict("/m") == "failed-inside" and len(run.members) == 30


def test_strict_counts_absent_properties():
    body = ('<D:multistatus xmlns:D="DAV:"><D:response><D:href>/a</D:href><D:propstat><D:prop><D:x/>'
            "</D:prop><D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response>"
            "</D:multistatus>")
    with Server({"/": page("/m"), "/m": (207, {"Content-Type": "text/xml"}, body)}) as server:
        assert check(server.url + "/").verdict("/m") == "ok"
        run = check("--strict", server.url + "/")
    assert run.verdict("/m") == "failed-inside"
    assert [row["properties"] for row in run.members if row["kind"] == "propstat"] == ["x"]


def test_dav_walks_collections():
    with Scratch() as root:
        os.makedirs(root + "/a/b")
        for name in ("/1.txt", "/a/2.html", "/a/b/3 \u00e4.txt"):
            with open(root + name, "w", encoding="utf-8") as file:
                file.write("<a href=/not-followed>x</a>")
        with Davit(root) as server:
            run = check("--dav", server.url + "/")
            with open(root + "/not.txt", "w", encoding="utf-8"):
                pass
    urls = {row["url"].replace(server.url, "") for row in run.links}
    assert {"/", "/a/", "/a/b/", "/1.txt", "/a/2.html", "/a/b/3%20%C3%A4.txt"} <= urls
    assert "/not-followed" not in urls
    assert {row["verdict"] for row in run.links} == {"ok"} and run.status == 0


def test_head_that_says_207_is_asked_again_as_propfind():
    body = ('<D:multistatus xmlns:D="DAV:"><D:response><D:href>/f</D:href><D:status>HTTP/1.1 %s</D:status>'
            "</D:response></D:multistatus>")
    listing = body.replace("/f", "/") % "200 OK"

    def listed(handler):
        assert handler.command == "PROPFIND"
        return (207, {"Content-Type": "application/xml"}, listing.replace(
            "</D:multistatus>", (body % "200 OK").split(">", 1)[1]))

    def file(handler):
        assert handler.command in ("HEAD", "PROPFIND")
        return (207, {"Content-Type": "application/xml"}, body % "507 Insufficient Storage")
    with Server({"/": listed, "/f": file, "/robots.txt": (404, {}, b"")}) as server:
        run = check("--dav", server.url + "/")
        assert server.count("/f", "HEAD") == server.count("/f", "PROPFIND") == 1
    assert run.verdict("/f") == "failed-inside"


def test_dav_names_members_that_fail():
    def propfind(handler):
        assert handler.command != "PROPFIND" or handler.headers["Depth"] == "1"
        if handler.command != "PROPFIND":
            return (404, {}, b"")
        rows = "".join("<D:response><D:href>%s</D:href><D:propstat><D:prop><D:resourcetype/></D:prop>"
                       "<D:status>HTTP/1.1 %s</D:status></D:propstat></D:response>" % row
                       for row in (("/", "200 OK"), ("/gone", "200 OK"), ("/no", "403 Forbidden")))
        return (207, {"Content-Type": "application/xml"}, '<D:multistatus xmlns:D="DAV:">%s</D:multistatus>'
                % rows)
    with Server({"/": propfind}) as server:
        run = check("--dav", server.url + "/")
    assert run.verdict("/gone") == "broken"
    assert {row["verdict"] for row in run.links if row["url"] == server.url + "/"} == {"failed-inside"}
    assert run.status == 1


# --- the network ---

def test_each_address_is_asked_once():
    links = ["/a", "/a#x", "/b/../a", "/%61"]
    with Server({"/": page(*links * 5), "/a": page("/")}) as server:
        check("-r", server.url + "/")
        assert server.count("/a") == 1 and server.count("/") == 1 and server.count("/robots.txt") == 1
        assert server.count("/%61") == 1  # another address, by the URL Standard


def test_a_server_that_fails_at_first_is_not_broken():
    tries = {"count": 0}

    def flaky(_):
        tries["count"] += 1
        return (503, {}, b"") if tries["count"] < 3 else (200, {}, b"fine")
    with Server({"/": page("/flaky"), "/flaky": flaky}) as server:
        assert check(server.url + "/").verdict("/flaky") == "ok"


def test_retry_after_is_obeyed_within_the_budget():
    times = []

    def busy(_):
        times.append(time.monotonic())
        return (429, {"Retry-After": "1"}, b"") if len(times) == 1 else (200, {}, b"fine")
    answers = {"/": page("/busy", "/later"), "/busy": busy, "/later": (429, {"Retry-After": "3600"}, b"")}
    with Server(answers) as server:
        start = time.monotonic()
        run = check(server.url + "/")
        assert time.monotonic() - start < 30
    assert run.verdict("/busy") == "ok" and times[1] - times[0] >= 0.9
    assert run.verdict("/later") == "throttled"


def test_ends_are_told_apart():
    def hang(handler):
        time.sleep(3)
        return (200, {}, b"")

    def close(handler):
        handler.close_connection = True
        return "done"

    def garbage(handler):
        handler.wfile.write(b"what?\r\n\r\n")
        handler.close_connection = True
        return "done"
    answers = {"/hang": hang, "/close": close, "/garbage": garbage}
    answers["/"] = page("/hang", "/close", "/garbage", "http://127.0.0.1:%d/refused" % free_port(),
                        "http://nosuch.invalid/dns", "http://[bad/", "ftp://h/x", "mailto:a@b")
    with Server(answers) as server:
        run = check("--timeout", "1s", "--retries", 1, server.url + "/", timeout=60)
    assert run.verdict("/hang") == "timeout"
    assert run.verdict("/close") == "cut-off"
    assert run.verdict("/refused") == "refused"
    assert run.verdict("/garbage") in ("broken", "cut-off")
    assert run.verdict("/dns") in ("dns", "not-checked")  # not-checked where no resolver answers
    assert run.verdict("http://[bad/") == "bad-url"
    assert run.verdict("ftp://h/x") == run.verdict("mailto:a@b") == "skipped"


def test_own_trouble_is_never_called_broken():
    def no_descriptors():
        resource.setrlimit(resource.RLIMIT_NOFILE, (13, 13))
    with Server({"*": (200, {}, b"x"), "/": page(*["/%d" % n for n in range(60)])}) as server:
        run = check("--retries", 0, server.url + "/", preexec=no_descriptors)
    verdicts = {row["verdict"] for row in run.links}
    assert verdicts <= {"ok", "not-checked"}, (verdicts, run.stderr)
    assert run.status == (3 if "not-checked" in verdicts else 0)


def test_public_only_refuses_what_is_not():
    with Server({"/": page("/a"), "/a": (200, {}, b"")}) as server:
        run = check("--public-only", server.url + "/")
        assert not server.requests
    assert run.verdict("/") == "private" and run.status == 3


def test_redirects_are_told_apart():
    with Server() as other:
        other.answers["/x"] = (200, {}, b"")
        with Server() as server:
            def to(status, location):
                return (status, {"Location": location}, b"")
            server.answers.update({
                "/perm": to(301, "/end"), "/temp": to(302, "end"), "/slash": to(301, "/slash/"),
                "/slash/": (200, {}, b""), "/end": (200, {}, "<p id=here>"), "/bad": to(301, "/none"),
                "/other": to(302, "http://localhost:%d/x" % other.port), "/a": to(302, "/b"),
                "/b": to(302, "/c"), "/c": to(302, "/b"), "/self": to(302, "/self"),
                "/where": to(302, "http://[x/"),
            })
            for number in range(14):
                server.answers["/n%d" % number] = to(302, "/n%d" % (number + 1))
            server.answers["/"] = page("/perm", "/temp", "/slash", "/bad", "/other", "/a", "/self",
                                       "/where", "/n0", "/perm#here", "/perm#gone")
            run = check(server.url + "/")
    kinds = {row["url"].replace(server.url, "") + "#" + row.get("fragment", ""):
             (row["verdict"], row.get("redirect")) for row in run.links}
    assert kinds["/perm#"] == kinds["/perm#here"] == ("redirected", "permanent")
    assert kinds["/perm#gone"][0] == "fragment-missing"
    assert kinds["/temp#"] == ("redirected", "temporary")
    assert kinds["/slash#"] == ("redirected", "slash-only")
    assert kinds["/other#"] == ("redirected", "to-other-host")
    assert kinds["/bad#"][0] == kinds["/where#"][0] == "broken"
    assert kinds["/a#"][0] == kinds["/self#"][0] == "loop"
    assert kinds["/n0#"][0] == "too-many-redirects"


def test_credentials_go_to_their_host_only():
    seen = []

    def note(handler):
        given = handler.headers.get("Authorization")
        seen.append((handler.path, given))
        return (200 if given else 401, {"WWW-Authenticate": 'Basic realm="x"'}, b"")
    with Server({"/other": note}) as other:
        with Server({"/a": note}) as server:
            server.answers["/"] = page("/a", "http://localhost:%d/other" % other.port)
            run = check("--auth", "me:secret", server.url + "/")
    assert dict(seen)["/a"].startswith("Basic ") and dict(seen)["/other"] is None
    assert run.verdict("/a") == "ok" and run.verdict("/other") == "blocked"


def test_credentials_and_headers_go_to_their_origin_only():
    seen = {}

    def note(handler):
        seen[handler.path] = (handler.headers.get("Authorization"), handler.headers.get("X-Key"))
        return (200, {}, b"")
    with Scratch() as root, Server({"/other": note}) as other, Server({"/a": note}) as server:
        with open(root + "/token", "w", encoding="utf-8") as file:
            file.write("secret")
        os.chmod(root + "/token", 0o600)
        server.answers["/"] = page("/a", other.url + "/other")
        check("--bearer-file", root + "/token", "-H", "X-Key: 1", server.url + "/")
        assert seen == {"/a": ("Bearer secret", "1"), "/other": (None, None)}, "another port is another server"
        check("-H", "X-Key: 1", "--header-for", "127.0.0.1", server.url + "/")
        assert seen == {"/a": (None, "1"), "/other": (None, "1")}
        run = check("-H", "X-Key: 1", root)
        assert run.status == 2 and "--header-for" in run.stderr


def test_cookies_and_a_login_form():
    def login(handler):
        good = handler.sent == b"user=me&password=x"
        return (200 if good else 403, {"Set-Cookie": "s=1; Path=/"}, b"")

    def inside(handler):
        return page("/x") if "s=1" in (handler.headers.get("Cookie") or "") else (403, {}, b"")
    with Server({"/login": login, "/": inside, "/x": (200, {}, b"")}) as server:
        run = check("--login-form", server.url + "/login user=me&password=x", server.url + "/")
        assert run.verdict("/x") == "ok"
        assert check("--login-form", server.url + "/login no=1", server.url + "/").status == 2


def test_cookies_are_kept_for_the_next_run():
    seen = []

    def note(handler):
        seen.append(handler.headers.get("Cookie"))
        return (200, {"Set-Cookie": "s=1; Path=/; Max-Age=1000"}, b"")
    with Scratch() as root, Server({"/": note, "/robots.txt": (404, {}, b"")}) as server:
        for _ in range(2):
            check("--no-recursive", "--cookie-jar", root + "/jar", server.url + "/")
    assert seen == [None, "s=1"]


def test_a_proxy_that_is_gone_is_no_fault_of_the_links():
    asked = []
    with Server({"*": lambda handler: asked.append(handler.path) or (200, {}, b"")}) as proxy:
        assert check("--proxy", proxy.url, "http://example.test/x").verdict("/x") == "ok"
    assert "http://example.test/x" in asked
    run = check("--retries", 0, "--proxy", "http://127.0.0.1:%d" % free_port(), "http://example.test/x")
    assert run.verdict("/x") == "not-checked" and run.status == 3


def test_ways_to_sign_in():
    def wants(scheme, challenge):
        def answer(handler):
            given = handler.headers.get("Authorization") or ""
            return (200, {}, b"") if given.startswith(scheme) else (401, {"WWW-Authenticate": challenge}, b"")
        return answer
    digest = 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256'
    answers = {"/digest": wants('Digest username="me"', digest), "/bearer": wants("Bearer token", "Bearer"),
               "/netrc": wants("Basic", 'Basic realm="r"')}
    with Scratch() as root, Server(answers) as server:
        with open(root + "/token", "w", encoding="utf-8") as file:
            file.write("token\n")
        with open(root + "/.netrc", "w", encoding="utf-8") as file:
            file.write("machine 127.0.0.1 login me password x\n")
        os.environ["HOME"], before = root, os.environ["HOME"]
        try:
            assert check("--netrc", server.url + "/netrc").verdict("/netrc") == "ok"
        finally:
            os.environ["HOME"] = before
        assert check(server.url + "/netrc").verdict("/netrc") == "blocked"
        assert check("--auth", "me:x", server.url + "/digest").verdict("/digest") == "ok"
        assert check("--bearer-file", root + "/token", server.url + "/bearer").verdict("/bearer") == "ok"


def make_certificate(folder, name, days, subject):
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder + name + ".key",
               "-out", folder + name + ".pem", "-days", str(days), "-subj", "/CN=" + subject, "-addext",
               "subjectAltName=DNS:%s" % subject]
    subprocess.run(command, check=True, capture_output=True)


def test_tls_verdicts_are_told_apart():
    ssl = pytest.importorskip("ssl")
    with Scratch() as root:
        folder = root + "/"
        make_certificate(folder, "good", 10, "localhost")
        make_certificate(folder, "name", 10, "elsewhere.example")
        results = {}
        for name, ca, expected in (("good", "good", "ok"), ("name", "name", "tls-name"),
                                   ("good", "name", "tls-untrusted")):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder + name + ".pem", folder + name + ".key")
            with Server({"/": (200, {}, b"")}, host="localhost", context=context) as server:
                run = check("--ca-file", folder + ca + ".pem", "--retries", 0, server.url + "/")
                results[name, ca] = (run.verdict("/"), expected)
        with Server({"/": (200, {}, b"")}) as server:
            run = check("--retries", 0, "https://127.0.0.1:%d/" % server.port)
            results["plain"] = (run.verdict("/"), "tls-protocol")
    assert all(verdict == expected for verdict, expected in results.values()), results


def test_a_redirect_to_the_same_in_secure():
    ssl = pytest.importorskip("ssl")
    with Scratch() as root:
        make_certificate(root + "/", "good", 10, "localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(root + "/good.pem", root + "/good.key")
        with Server({"/x": (200, {}, b"")}, host="localhost", context=context) as secure:
            with Server({"/x": (301, {"Location": secure.url + "/x"}, b"")}, host="localhost") as plain:
                run = check("--ca-file", root + "/good.pem", plain.url + "/x")
    assert [(row["verdict"], row["redirect"]) for row in run.links] == [("redirected", "http-to-https")]


def test_insecure_parts_of_secure_pages_are_noted():
    ssl = pytest.importorskip("ssl")
    with Scratch() as root:
        make_certificate(root + "/", "good", 10, "localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(root + "/good.pem", root + "/good.key")
        with Server({"/i.png": (200, {}, b"")}) as plain:
            body = "<img src='%s/i.png'><a href='%s/i.png'>x</a>" % (plain.url, plain.url)
            with Server({"/": (200, {}, body)}, host="localhost", context=context) as server:
                run = check("-k", server.url + "/")
    assert sorted(row["verdict"] for row in run.links if row["url"].endswith("i.png")) == ["insecure", "ok"]


# --- manners ---

def test_robots_are_obeyed_loudly_and_can_only_be_ignored_at_home():
    answers = {"/robots.txt": (200, {"Content-Type": "text/plain"}, "User-agent: *\nDisallow: /no\n"),
               "/": page("/no", "/yes"), "/yes": (200, {}, b""), "/no": (200, {}, b"")}
    with Server(answers) as server:
        run = check(server.url + "/")
        assert run.verdict("/no") == "robots" and "1 of the links: they were not checked" in run.stderr
        assert server.count("/no") == 0 and run.status == 0
        assert check("--robots", "warn", server.url + "/").verdict("/no") == "ok"
        assert check("--robots", "ignore", server.url + "/").status == 2
        assert check("--robots", "ignore", "--own", "127.0.0.1", server.url + "/").verdict("/no") == "ok"


def test_robots_that_cannot_be_had_close_a_host():
    with Server({"/robots.txt": (500, {}, b""), "/": page()}) as server:
        assert check(server.url + "/").verdict("/") == "robots"


def test_scope_include_exclude_and_limits():
    answers = {"*": page("/in/a", "/in/b", "/out/c", "/deep/1"), "/deep/1": page("/deep/2")}
    with Server(answers) as server:
        run = check("-r", "--scope", "/in/", "--exclude", "/out/", server.url + "/in/")
        assert run.verdict("/out/c") == "skipped" and run.verdict("/in/b") == "ok"
        assert server.count("/deep/1") == 1 and server.count("/deep/2") == 0
        run = check("-r", "--max-links", 2, server.url + "/")
        assert run.status == 3 and "not-checked" in run.summary["links_by_verdict"]
        run = check("--exclude", ".", "--include", "/in/", server.url + "/in/")
        assert run.status == 0 and run.verdict("/in/b") == "ok" and run.verdict("/out/c") == "skipped"


def test_an_interrupt_ends_politely():
    def slow(_):
        time.sleep(1)
        return (200, {}, b"")
    with Server({"/": page(*["/%d" % n for n in range(200)]), "*": slow}) as server:
        process = subprocess.Popen([BINARY, "check", "--per-host", "2", "-v", "-o", "jsonl", server.url + "/"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=30)
    rows = [json.loads(line) for line in stdout.decode().splitlines()]
    verdicts = {row["verdict"] for row in rows if row["type"] == "link"}
    assert process.returncode == 3 and verdicts <= {"ok", "not-checked"} and "not-checked" in verdicts
    assert rows[-1]["complete"] is False and rows[-1]["why"] == "interrupted"


# --- documents ---

def test_files_folders_and_lists():
    with Scratch() as root:
        os.makedirs(root + "/sub")
        with open(root + "/a.md", "w", encoding="utf-8") as file:
            file.write("# Title\n[ok](sub/b.html) [no](none.md) [frag](#title) [bad](#nothing)\n")
        with open(root + "/sub/b.html", "w", encoding="utf-8") as file:
            file.write("<a href='../a.md#title'>x</a> <a href='/abs'>y</a>")
        run = check(root)
        by_raw = {row["raw"]: row["verdict"] for row in run.links}
        assert by_raw["sub/b.html"] == by_raw["#title"] == by_raw["../a.md#title"] == "ok"
        assert by_raw["none.md"] == "broken" and by_raw["#nothing"] == "fragment-missing"
        with Server({"/a": (200, {}, b"")}) as server:
            run = check("-", stdin=("# list\n%s/a\n%s/b\n" % (server.url, server.url)).encode())
            assert run.verdict("/a") == "ok" and run.verdict("/b") == "broken"
            run = check("--base", server.url + "/", root + "/sub/b.html")
            assert run.verdict("/abs") == "broken"


# --- memory of runs ---

def test_history_knows_for_how_long():
    with Scratch() as root, Server({"/": page("/a", "/b"), "/b": (200, {}, b"")}) as server:
        history = ["--history", root + "/h.db"]
        run = check(*history, "--after-bad", 2, server.url + "/")
        assert run.status == 0 and run.verdict("/a") == "broken"
        assert check(*history, "--after-bad", 2, server.url + "/").status == 1
        server.answers["/a"] = (200, {}, b"")
        server.answers.pop("/b")
        run = check(*history, "--only-changed", server.url + "/", verbose=False)
        assert {row["url"][-2:]: row["verdict"] for row in run.links} == {"/a": "ok", "/b": "broken"}
        run = check(*history, "--compare", form="text")
        assert re.search(r"^new +broken +404 .*/b", run.stdout, re.M)
        assert re.search(r"^fixed +broken +404 .*/a", run.stdout, re.M)
        assert run.status == 1


def test_the_cache_never_keeps_failures():
    with Scratch() as root, Server({"/": page("/a", "/b"), "/b": (200, {}, b"")}) as server:
        for _ in range(2):
            run = check("--no-recursive", "--cache", root + "/c.db", server.url + "/")
            assert run.verdict("/a") == "broken" and run.verdict("/b") == "ok"
        assert server.count("/b") == 1 and server.count("/a") == 2


def test_a_quota_is_counted_across_runs_and_gone_on_with():
    answers = {"/": page(*["/%d" % n for n in range(20)]), "*": (200, {}, b"")}
    with Scratch() as root, Server(answers) as server:
        quota = ["--quota", "10/day", "--history", root + "/h.db", server.url + "/"]
        run = check(*quota)
        assert run.status == 3 and "quota" in run.summary["why"]
        assert run.summary["fetched"] == 10
        left = [row for row in run.links if row["verdict"] == "not-checked"]
        assert len(left) == 11 and all(row["note"] == "quota" for row in left)
        assert check(*quota).summary["fetched"] == 10, "of the whole"
        assert check("--account", "b", *quota).summary["fetched"] == 20
        before = set(server.requests)
        subprocess.run(["sqlite3", root + "/h.db", "UPDATE quota SET day = day - 1"], check=True)
        run = check(*quota)
        asked = [path for method, path in server.requests if path not in ("/robots.txt", "/sitemap.xml")]
        assert len(asked) == len(set(asked)) == 21, "nothing is asked for twice: %s" % (before,)


# --- outputs ---

def test_all_outputs_at_once():
    body = MULTISTATUS % "423 Locked"
    answers = {"/": page("/none", "/m", "/<x>&\"'", head="<h1>"), "/m": (207, {"Content-Type": "text/xml"}, body)}
    forms = ["text", "json", "jsonl", "csv", "html", "junit", "sarif", "github", "multistatus"]
    with Scratch() as root, Server(answers) as server:
        args = [arg for form in forms for arg in ("-o", "%s:%s/%s" % (form, root, form))]
        assert check(*args, "--stats", server.url + "/").status == 1
        assert server.count("/none") == 1
        text = {}
        for form in forms:
            with open(root + "/" + form, encoding="utf-8") as file:
                text[form] = file.read()
        assert "inside  423" in text["text"] and "requests" in text["text"]
        document = json.loads(text["json"])
        assert {row["verdict"] for row in document["links"]} == {"ok", "broken", "failed-inside"}
        assert document["members"][0]["status"] == 423
        assert all(json.loads(line) for line in text["jsonl"].splitlines())
        assert text["csv"].startswith("kind,verdict,status,url") and '"%s/none"' % server.url in text["csv"]
        assert 'class="v-broken"' in text["html"] and "body:has(#v-broken:not(:checked))" in text["html"]
        inside = re.search('href="#(inside-[0-9]+)"', text["html"]).group(1)
        assert '<tr id="%s">' % inside in text["html"]
        assert "<script>" in text["html"] and "href=\"%s/none\"" % server.url in text["html"]
        suite = ElementTree.fromstring(text["junit"]).find("testsuite")
        assert len(suite.findall("testcase")) == int(suite.get("tests")) == 4
        assert len([case for case in suite if case.find("failure") is not None]) == int(suite.get("failures"))
        results = json.loads(text["sarif"])["runs"][0]["results"]
        region = results[0]["locations"][0]["physicalLocation"]["region"]
        assert region["startLine"] >= 1 and {row["ruleId"] for row in results} >= {"broken", "failed-inside"}
        assert "::error title=broken::" in text["github"]
        done = subprocess.run([BINARY, "read", root + "/multistatus"], capture_output=True, check=False)
        assert b"404" in done.stdout and done.returncode == 1


def test_statuses_can_be_taken_for_something_else():
    with Server({"/": page("/a"), "/a": (403, {}, b"")}) as server:
        assert check(server.url + "/").verdict("/a") == "blocked"
        assert check("--status", "403=broken", server.url + "/").status == 1
        assert check("--accept", "200-299,403", server.url + "/").verdict("/a") == "ok"
        assert check("--fail-on", "blocked", server.url + "/").status == 1
        assert check("--fail-on", "nonsense", server.url + "/").status == 2


def test_mistakes_on_the_command_line():
    assert check().status == 2
    assert check("--nonsense", "http://h/").status == 2
    assert check("--exclude", "(", "http://h/").status == 2
    assert check("/nowhere/at/all").status == 2
    assert check("--quota", "5/day", "http://h/").status == 2
    assert "did you mean --recursive" in check("--recursiv", "http://h/").stderr
