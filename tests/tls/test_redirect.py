"""From http to https, and staying there."""

import subprocess

import davit
import pytest
import tls

AGE = "31536000"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    pair = tls.make_pair(tmp_path_factory.mktemp("pair") / "p")
    args = ["--redirect", "127.0.0.1:0", "--listen-plain", "127.0.0.1:0", "--hsts", AGE, "--public-url",
            "https://dav.example", "--public-url", "https://mapped.example:444", "--public-url",
            "http://plain.example"]
    with tls.Server([pair], args) as running:
        yield running


def ask(server, request, index=1):
    with davit.Connection(("127.0.0.1", server.ports[index])) as connection:
        connection.send(request)
        return connection.read(request.split()[0])


@pytest.mark.parametrize("method,status", [
    ("GET", 301), ("HEAD", 301), ("PROPFIND", 308), ("OPTIONS", 308), ("PUT", 308), ("DELETE", 308),
    ("NONSENSE", 308)])
def test_clients_are_sent_to_https(server, method, status):
    response = ask(server, f"{method} /a%20b/%C3%A9?x=1&y=%22 HTTP/1.1\r\nHost: localhost:80\r\n\r\n")
    assert response.status == status
    assert response.field("Location") == f"https://localhost:{server.ports[0]}/a%20b/%C3%A9?x=1&y=%22"
    assert response.field("Strict-Transport-Security") is None, "RFC 6797 §7.2: not in the clear"
    assert response.field("DAV") is None


@pytest.mark.parametrize("host,authority", [
    ("localhost", "localhost:{port}"), ("LOCALhost:8080", "LOCALhost:{port}"),
    ("127.0.0.1", "127.0.0.1:{port}"), ("[::1]:80", "[::1]:{port}"), ("dav.example", "dav.example"),
    ("DAV.example:80", "DAV.example"), ("mapped.example", "mapped.example:444"),
    ("plain.example", "plain.example:{port}")])
def test_to_the_name_that_they_asked_for(server, host, authority):
    response = ask(server, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")
    expected = authority.format(port=server.ports[0])
    assert response.field("Location") == f"https://{expected}/"


@pytest.mark.parametrize("request_text", [
    "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\tb\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: evil.example\\@good\r\n\r\n", "GET //evil HTTP/1.1\r\nHost: a b\r\n\r\n"])
def test_without_a_good_host_there_is_no_redirect(server, request_text):
    response = ask(server, request_text)
    assert response.status == 400 and response.field("Location") is None


def test_the_targets_own_authority_wins(server):
    """RFC 9112 §3.2.2."""
    response = ask(server, "GET http://one.localhost/x HTTP/1.1\r\nHost: other.example\r\n\r\n")
    assert response.field("Location") == f"https://one.localhost:{server.ports[0]}/x"


@pytest.mark.parametrize("request_text", [
    "GET /x HTTP/1.1\r\nHost: evil.example\r\n\r\n", "GET /x HTTP/1.0\r\nHost: evil.example\r\n\r\n",
    "GET http://evil.example/x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /x HTTP/1.1\r\nHost: dav.example.evil.example\r\n\r\n"])
def test_a_foreign_host_is_not_repeated(server, request_text):
    response = ask(server, request_text)
    assert response.status == 301 and response.field("Location") == "https://dav.example/x"
    assert b"evil" not in response.body


def test_a_foreign_host_is_sent_nowhere_without_public_url(tmp_path):
    pair = tls.make_pair(tmp_path / "p", "dav.example", "*.sub.example")
    with tls.Server([pair], ["--redirect", "127.0.0.1:0"]) as server:
        def location(host):
            return ask(server, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").field("Location")
        response = ask(server, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        assert response.status == 421 and response.field("Location") is None
        assert b"--public-url" in response.body
        server.says("--public-url")
        port = server.ports[0]
        for name in ("dav.example", "a.sub.example", "192.0.2.1", "localhost"):
            assert location(name) == f"https://{name}:{port}/"
        for name in ("example", "a.b.sub.example", "sub.example", "xsub.example"):
            assert location(name) is None


def test_an_upload_is_not_taken(server):
    with davit.Connection(("127.0.0.1", server.ports[1])) as connection:
        connection.send("PUT /f HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n"
                        "Expect: 100-continue\r\n\r\n")
        assert connection.read().status == 308


def test_connections_are_kept(server):
    with davit.Connection(("127.0.0.1", server.ports[1])) as connection:
        for _ in range(3):
            connection.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.read().status == 301


def test_https_is_told_to_be_kept_to(server):
    for method in ("GET", "PROPFIND", "OPTIONS", "PUT"):
        with server.connect() as connection:
            connection.send(f"{method} / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
            response = connection.read()
            assert response.field("Strict-Transport-Security") == f"max-age={AGE}", method
    for index in (1, 2):
        response = ask(server, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", index)
        assert response.field("Strict-Transport-Security") is None


def test_what_listens_says_so(server):
    lines = [line for line in server.stderr().splitlines() if line.startswith("listening")]
    assert [line.split("://")[0] for line in lines] == ["listening on https", "listening on http",
                                                      "listening on http"]
    assert lines[1].endswith("to send clients to https")


def test_the_default_is_another_port(tmp_path):
    """8443, so that a certificate alone is enough; here it may be taken already."""
    pair = tls.make_pair(tmp_path / "p")
    done = subprocess.run(["timeout", "--preserve-status", "5", davit.BINARY, "serve", *pair.args(),
                           "--limit", "shutdown_ms=1", str(tmp_path)], capture_output=True, text=True,
                          check=False, timeout=60)
    assert "https://127.0.0.1:8443/" in done.stderr or "127.0.0.1:8443: Address" in done.stderr


@pytest.mark.parametrize("option", ["--listen", "--listen-plain", "--redirect"])
def test_other_machines_are_let_in_only_on_purpose(tmp_path, option):
    pair = tls.make_pair(tmp_path / "p")
    done = subprocess.run([davit.BINARY, "serve", *pair.args(), option, "0.0.0.0:0", str(tmp_path)],
                          capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 2 and "--anonymous" in done.stderr
