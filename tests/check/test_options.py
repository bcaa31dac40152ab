"""What of a run can be chosen: which links are left out, where they are looked for, and what is asked of them."""

import os
import subprocess

import pytest
from checker import Scratch, Server, check, page
from davit import BINARY

FINE = (200, {}, b"<p id=here>")


def verdicts(run):
    return {row["raw"]: row["verdict"] for row in run.links}


def test_exclude_sees_the_fragment():
    links = ["/a#x", "/a#L10", "/b#L11", "/c#x", "/c", "/a#here"]
    with Server({"/": page(*links), "*": FINE}) as server:
        run = check("--exclude", "#L[0-9]+$", "--exclude", "/c$", server.url + "/")
        found = verdicts(run)
        assert found["/a#L10"] == found["/b#L11"] == "skipped" and found["/a#here"] == "ok"
        assert found["/a#x"] == "fragment-missing", "only links that match are left out"
        assert found["/c"] == found["/c#x"] == "skipped", "also by what stands before the fragment"
        assert server.count("/a") and not server.count("/b") and not server.count("/c")
        assert run.summary["links_by_verdict"]["skipped"] == 4
        found = verdicts(check("--exclude", "/c", "--include", "/c#x", server.url + "/"))
        assert (found["/c"], found["/c#x"]) == ("skipped", "fragment-missing")


def test_what_was_left_out_first_is_looked_at_for_another_link():
    answers = {"/": page("/1", "/a#no"), "/1": page("/a#here"), "/a": FINE}
    with Server(answers) as server:
        run = check("-r", "--exclude", "#no", server.url + "/")
    assert verdicts(run)["/a#no"] == "skipped" and verdicts(run)["/a#here"] == "ok"


def test_what_is_no_url_can_be_left_out():
    with Server({"/": page("http://[bad/", "http://[worse/", "htttps://x/")}) as server:
        assert check(server.url + "/").status == 1
        run = check("--exclude", r"\[bad", "--exclude", "worse", "--exclude", "^htttps:", server.url + "/")
        assert run.status == 0 and set(verdicts(run).values()) == {"ok", "skipped"}
        assert verdicts(check("--exclude", "bad|worse", "--include", r"\[bad", server.url + "/"))["http://[bad/"] == "bad-url"


def test_fragments_that_are_not_looked_for():
    with Server({"/": page("/a#x-1", "/a#y", "/none#x-1", "/b#x-%C3%A4"), "/a": FINE, "/b": FINE}) as server:
        run = check("--exclude-fragment", "^x-([0-9]|ä)", server.url + "/")
    assert verdicts(run) == {server.url + "/": "ok", "/a#x-1": "ok", "/a#y": "fragment-missing", "/none#x-1": "broken",
                             "/b#x-%C3%A4": "ok"}


@pytest.mark.parametrize("option", ["exclude", "include", "scope", "exclude-fragment", "remap"])
def test_a_bad_expression_is_named_with_its_place(option):
    value = "a(b" + ("=x" if option == "remap" else "")
    with Scratch() as root:
        def run(*args):
            return subprocess.run([BINARY, "check", *args, root], capture_output=True, check=False, text=True)
        done = run("--" + option, value)
        assert done.returncode == 2 and "--%s: 'a(b' is not a regular expression" % option in done.stderr, done.stderr
        with open(root + "/davit-check.conf", "w", encoding="utf-8") as file:
            file.write("# ours\n%s = %s\n" % (option, value))
        done = run()
        assert done.returncode == 2
        assert "%s/davit-check.conf:2: %s: 'a(b' is not a regular" % (root, option) in done.stderr, done.stderr
        os.unlink(root + "/davit-check.conf")
        with open(root + "/davit-check.ignore", "w", encoding="utf-8") as file:
            file.write("fine\n\na(b\n")
        done = run()
        assert done.returncode == 2 and "davit-check.ignore:3: 'a(b' is not a regular" in done.stderr, done.stderr


@pytest.mark.parametrize("pattern,is_fine", [
    ("((a{1,255}){1,255}){1,255}", False), ("a{1,20000}", False), ("a{,20000}", False), ("(" * 40 + "a" + ")" * 40, False), ("(((x{99}){99}){99}", False),
    ("[0-9]{4}-[0-9]{2}(/[a-z]{1,64}){2}", True), (r"[{9999}]{2}\{9999}[^]{999999}]", True), ("|".join(["/page%d" % n for n in range(3000)]), True)])
def test_an_expression_has_a_size(pattern, is_fine):
    run = check("--exclude", pattern, "--print-config", form="text")
    assert run.status == (0 if is_fine else 2) and ("repeats too much" in run.stderr) != is_fine, run.stderr


def test_remap_has_groups():
    answers = {"/v2/a": FINE, "/v2/b": FINE, "/x$1": FINE, "/there": FINE}
    with Server(answers) as there:
        answers = {"/": page("https://docs.test/v1/a", "https://docs.test/v1/b#here", "https://other.test/q?u=https://docs.test/",
                             "https://[::1]/there", "/away", "https://money.test/"),
                   "/away": (302, {"Location": "https://docs.test/v1/b"}, b"")}
        with Server(answers) as server:
            run = check("--retries", 0, "--remap", "https?://docs\\.test/v1/([ab])=" + there.url + "/v2/$1",
                        "--remap", "https://[::1]/=" + there.url + "/", "--remap", "https://money.test/ %s/x$$1" % there.url,
                        "--remap", "https://other.test/q.u= http://127.0.0.1:1/", server.url + "/")
    found = verdicts(run)
    assert found["https://docs.test/v1/a"] == found["https://docs.test/v1/b#here"] == "ok"
    assert found["https://[::1]/there"] == found["https://money.test/"] == "ok"
    assert found["https://other.test/q?u=https://docs.test/"] != "ok", "not within an address"
    assert found["/away"] == "redirected", "where a redirect leads is remapped as well"
    assert not there.count("/v1/b") and there.count("/v2/b") == 1


def test_remap_may_lead_to_files():
    with Scratch() as root, Server({}) as server:
        with open(root + "/a.html", "w", encoding="utf-8") as file:
            file.write("<p id=x>")
        server.answers["/"] = page("https://site.test/a.html#x", "https://site.test/none.html", "/away")
        server.answers["/away"] = (301, {"Location": "https://site.test/a.html"}, b"")
        run = check("--remap", "https://site.test/=file://%s/" % root, server.url + "/")
    assert verdicts(run) == {server.url + "/": "ok", "https://site.test/a.html#x": "ok",
                             "https://site.test/none.html": "broken", "/away": "redirected"}


def test_a_page_does_not_climb_out_of_what_remap_names():
    """What is behind the match comes from the page, and so does what is in a group."""
    with Scratch() as root, Server({}) as server:
        os.mkdir(root + "/site")
        for name in ("site/a.html", "secret.html"):
            with open(root + "/" + name, "w", encoding="utf-8") as file:
                file.write("<p id=x>")
        away = ["https://site.test/..%2fsecret.html#x", "https://site.test/%2e%2e%2Fsecret.html", "https://site.test/..%2fnone.html",
                "https://group.test/..%2Fsecret.html", "https://host.test/..%2f..%2fetc%2fpasswd", "https://site.test/a%2f..%2f..%2fsecret.html"]
        server.answers["/"] = page("https://site.test/a.html#x", "/away", *away)
        server.answers["/away"] = (301, {"Location": "https://site.test/..%2fnone.html"}, b"")
        run = check("--remap", "https://site.test/=file://%s/site/" % root, "--remap",
                    "https://group.test/(.*)=file://%s/site/$1" % root, "--remap", "https://host.test/=file://%s/site/x/" % root,
                    server.url + "/")
    found = verdicts(run)
    assert found["https://site.test/a.html#x"] == "ok"
    assert {found[link] for link in away} == {"skipped"}, found
    assert found["/away"] == "redirected", "whether there is one is not told"


def test_permanent_redirects_can_fail():
    answers = {"/": page("/301", "/308", "/302", "/slash", "/chain", "/later", "/gone", "/301#x"), "/a": FINE, "/slash/": FINE,
               "/301": (301, {"Location": "/a"}, b""), "/308": (308, {"Location": "/a"}, b""),
               "/302": (302, {"Location": "/a"}, b""), "/slash": (301, {"Location": "/slash/"}, b""),
               "/chain": (301, {"Location": "/302"}, b""), "/later": (307, {"Location": "/301"}, b""),
               "/gone": (301, {"Location": "/none"}, b"")}
    with Server(answers) as server:
        assert check("--exclude", "gone|#x", server.url + "/").status == 0
        run = check("--fail-on", "fail,permanent-redirect", server.url + "/", verbose=False)
        found = {row["raw"]: (row["verdict"], row.get("moved_to", "").replace(server.url, "")) for row in run.links}
        assert run.status == 1 and found == {
            "/301": ("permanent-redirect", "/a"), "/308": ("permanent-redirect", "/a"),
            "/slash": ("permanent-redirect", "/slash/"), "/chain": ("permanent-redirect", "/302"),
            "/gone": ("broken", "/none"), "/301#x": ("fragment-missing", "/a")}
        text = check("--fail-on", "permanent-redirect", "--exclude", "gone|#x", server.url + "/", form="text", verbose=False)
        assert text.status == 1 and "[moved to %s/a]" % server.url in text.stdout
        assert "broken" not in text.stdout and "/302  " not in text.stdout, text.stdout
        assert check("--fail-on", "fail,note", "--exclude", "gone|#x", server.url + "/").status == 0


def test_what_fails_is_shown():
    with Server({"/": page("/r"), "/r": (302, {"Location": "/a"}, b""), "/a": FINE}) as server:
        run = check("--fail-on", "redirected", server.url + "/", verbose=False)
        assert run.status == 1 and [row["raw"] for row in run.links] == ["/r"]


def secure(root, answers):
    """A server whose two faces differ: over TLS on the port for which --remap stands."""
    ssl = pytest.importorskip("ssl")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", root + "/k.pem", "-out",
                    root + "/c.pem", "-days", "2", "-subj", "/CN=x", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(root + "/c.pem", root + "/k.pem")
    return Server(answers, context=context)


def test_https_is_required_where_it_works():
    """Both schemes on one port: the server looks at the first byte."""
    with Scratch() as root, secure(root, {"*": FINE, "/plain": (404, {}, b""), "/back": None}) as tls, \
            Server({"/x": FINE, "/plain": FINE, "/back": FINE, "/broken": (404, {}, b"")}) as plain, Both(plain, tls) as both:
        http, https = "http://127.0.0.1:%d" % both.port, "https://127.0.0.1:%d" % both.port
        tls.answers["/back"] = (302, {"Location": http + "/back"}, b"")
        links = [http + "/x", http + "/plain", http + "/broken", http + "/back", https + "/x", plain.url + "/x"]
        with Server({"/": page(*links)}) as server:
            run = check("--ca-file", root + "/c.pem", "--retries", 0, "--require-https", server.url + "/")
            found = verdicts(run)
            assert run.status == 1 and found == {
                server.url + "/": "ok", http + "/x": "use-https", http + "/plain": "ok", http + "/broken": "broken",
                http + "/back": "ok", https + "/x": "ok", plain.url + "/x": "ok"}
            assert check("--ca-file", root + "/c.pem", "--exclude", "broken", server.url + "/").status == 0


class Both:
    """A port that speaks TLS or not, as it is spoken to (RFC 8446 §5.1: a handshake begins with 22)."""

    def __init__(self, plain, tls):
        import socket
        import threading
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

        def copy(source, to):
            try:
                while data := source.recv(65536):
                    to.sendall(data)
                to.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        def serve(client):
            first = client.recv(1, socket.MSG_PEEK)
            if first:
                peer = socket.create_connection(("127.0.0.1", (tls if first[0] == 22 else plain).port))
                threading.Thread(target=copy, args=(client, peer), daemon=True).start()
                copy(peer, client)

        def accept():
            try:
                while True:
                    threading.Thread(target=serve, args=(self.socket.accept()[0],), daemon=True).start()
            except OSError:
                pass
        threading.Thread(target=accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
