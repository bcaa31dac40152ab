"""What is the matter with us, and not with the links: never called broken."""

import http.server
import os
import resource
import subprocess

import pytest

from checker import Scratch, Server, check, free_port, page

PROXIES = ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")


@pytest.fixture(name="env")
def env_without_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def is_unknown(run, part="/x", note=""):
    row = next(row for row in run.links if row["url"].endswith(part))
    assert row["verdict"] == "not-checked", row
    assert note in row["note"], row
    assert run.status == 3
    return True


def test_a_dead_proxy_of_the_environment_is_named(env):
    proxy = "127.0.0.1:%d" % free_port()
    for name, url in (("http_proxy", "http://site.test/x"), ("https_proxy", "https://site.test/x"),
                      ("HTTPS_PROXY", "https://site.test/x"), ("all_proxy", "http://site.test/x"),
                      ("ALL_PROXY", "https://site.test/x")):
        env.setenv(name, "http://me:secret@%s/" % proxy)
        run = check("--retries", 0, url)
        assert is_unknown(run, note=proxy) and name in run.stdout
        assert "secret" not in run.stdout + run.stderr
        env.delenv(name)
    env.setenv("http_proxy", proxy)  # without a scheme, as many write it
    assert is_unknown(check("--retries", 0, "http://site.test/x"), note=proxy)
    env.setenv("http_proxy", "http://nowhere.invalid:3128")
    assert is_unknown(check("--retries", 0, "http://site.test/x"), note="nowhere.invalid:3128")


def test_what_no_proxy_names_is_asked_for_itself(env):
    with Server({"/x": (200, {}, b"")}) as server:
        port = free_port()
        env.setenv("http_proxy", "http://127.0.0.1:%d" % port)
        for none in ("127.0.0.1", "*", "example.org,127.0.0.1", "127.0.0.0/8", "example.org 127.0.0.1"):
            env.setenv("no_proxy", none)
            run = check("--retries", 0, server.url + "/x", "http://127.0.0.1:%d/gone" % port)
            assert run.verdict("/x") == "ok" and run.verdict("/gone") == "refused", none
        for none in ("localhost,.test", "test", "site.test:80"):
            env.setenv("no_proxy", none)
            assert check("--retries", 0, "http://site.test/x").verdict("/x") in ("dns", "not-checked"), none
        env.setenv("no_proxy", "site.test")
        assert is_unknown(check("--retries", 0, "http://notsite.test/x"), note=str(port))
        assert is_unknown(check("--retries", 0, "http://127.0.0.1:%d/gone" % port), part="/gone", note=str(port))
        env.setenv("HTTP_PROXY", "http://127.0.0.1:1")  # a CGI's field, which no program obeys
        env.delenv("http_proxy")
        assert check(server.url + "/x").verdict("/x") == "ok"


def test_a_proxy_that_does_not_do_its_work_is_own_trouble(env):
    def refuse(status):
        def answer(handler):
            return (status, {"Proxy-Authenticate": 'Basic realm="p"'} if status == 407 else {}, b"")
        return answer

    for status in (403, 407, 502, 503):
        with Server({"*": refuse(status)}) as proxy:
            env.setenv("https_proxy", proxy.url)
            assert is_unknown(check("--retries", 0, "https://site.test/x"), note="127.0.0.1:%d" % proxy.port)
            env.setenv("http_proxy", proxy.url)
            run = check("--retries", 0, "--robots", "warn", "http://site.test/x")
            assert status != 407 or is_unknown(run, note="sign-in")


def test_a_proxy_that_works_is_used(env):
    asked = []
    with Server({"*": lambda handler: asked.append(handler.path) or (200, {}, b"")}) as proxy:
        env.setenv("all_proxy", proxy.url)
        assert check("http://site.test/x").verdict("/x") == "ok"
        assert "http://site.test/x" in asked
        assert check("--proxy", "", "--retries", 0, "http://127.0.0.1:%d/x" % free_port()).verdict("/x") == "refused"


@pytest.mark.parametrize("most", [9, 10, 11, 12, 13, 14, 16])
def test_a_machine_without_descriptors(most):
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with Server({"*": (200, {}, b"x"), "/": page(*["/%d" % n for n in range(60)])}) as server, Scratch() as root:
        for name in range(20):
            with open("%s/%d.html" % (root, name), "w", encoding="utf-8") as file:
                file.write("<a href='%s/x'>x</a>" % server.url)
        for start in (server.url.replace("127.0.0.1", "localhost") + "/", server.url + "/", root):
            run = check("--retries", 0, start, preexec=few)
            assert {row["verdict"] for row in run.links} <= {"ok", "not-checked"}, (run.stdout, run.stderr)
            assert run.status in (0, 3) or (run.status == 2 and run.stderr), run.stderr


def can_make_a_network():
    return os.geteuid() == 0 and subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_make_a_network(), reason="needs root, to make a network of its own")
def test_a_machine_without_a_network():
    from davit import BINARY  # pylint: disable=import-outside-toplevel
    for url in ("http://192.0.2.1/x", "https://192.0.2.1/x", "http://[2001:db8::1]/x", "http://site.test/x"):
        done = subprocess.run(["unshare", "-n", BINARY, "check", "--progress", "off", "-o", "jsonl", "-v", "--retries",
                               "0", url], capture_output=True, check=False, timeout=100)
        assert b'"verdict":"not-checked"' in done.stdout, (url, done)
        assert done.returncode == 3


def make_certificate(folder, begin, end):
    subprocess.run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", folder + "/key.pem", "-out",
                    folder + "/csr.pem", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                   check=True, capture_output=True)
    os.makedirs(folder + "/ca", exist_ok=True)
    with open(folder + "/ca/index.txt", "w", encoding="ascii"):
        pass
    with open(folder + "/ca.conf", "w", encoding="ascii") as file:
        file.write("[ca]\ndefault_ca=c\n[c]\ndir=%s/ca\ndatabase=$dir/index.txt\nnew_certs_dir=$dir\nrand_serial=yes\n"
                   "default_md=sha256\npolicy=p\ncopy_extensions=copy\nx509_extensions=x\n[p]\ncommonName=supplied\n"
                   "[x]\nbasicConstraints=CA:true\n" % folder)
    subprocess.run(["openssl", "ca", "-batch", "-selfsign", "-config", folder + "/ca.conf", "-in", folder + "/csr.pem",
                    "-keyfile", folder + "/key.pem", "-out", folder + "/cert.pem", "-startdate", begin, "-enddate", end],
                   check=True, capture_output=True)


def test_a_clock_that_makes_certificates_invalid_is_own_trouble(monkeypatch):
    ssl = pytest.importorskip("ssl")
    seen = []

    def serve(folder, date):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
        monkeypatch.setattr(http.server.BaseHTTPRequestHandler, "date_time_string", lambda *_: date)
        return Server({"*": lambda handler: seen.append(dict(handler.headers)) or (200, {}, b"")},
                      host="localhost", context=context)
    with Scratch() as root:
        for begin, end, date, expected in (
                ("20150101000000Z", "20160101000000Z", "Mon, 01 Jun 2015 12:00:00 GMT", "not-checked"),
                ("20900101000000Z", "20910101000000Z", "Thu, 01 Jun 2090 12:00:00 GMT", "not-checked"),
                ("20150101000000Z", "20160101000000Z", None, "tls-expired"),
                ("20900101000000Z", "20910101000000Z", None, "tls-expired"),
                ("20150101000000Z", "20160101000000Z", "yesterday", "tls-expired")):
            folder = root + "/" + begin
            if not os.path.exists(folder):
                os.makedirs(folder)
                make_certificate(folder, begin, end)
            real = http.server.BaseHTTPRequestHandler.date_time_string
            with serve(folder, date or real(object.__new__(http.server.BaseHTTPRequestHandler))) as server:
                monkeypatch.setattr(http.server.BaseHTTPRequestHandler, "date_time_string",
                                    (lambda *_, text=date: text) if date else real)
                run = check("--ca-file", folder + "/cert.pem", "--retries", 0, "--auth", "me:secret", "-H", "X-Key: k",
                            server.url + "/x")
                assert run.verdict("/x") == expected, (begin, date, run.stdout)
                assert run.status == (3 if expected == "not-checked" else 1)
                monkeypatch.undo()
    assert seen and not any("Authorization" in fields or "X-Key" in fields for fields in seen)
