"""A token of the environment: sent to GitHub, and to nobody else."""

import os
import socket
import subprocess
import threading

import pytest

from checker import Scratch, Server, check

HOSTS = ("github.com", "api.github.com", "raw.githubusercontent.com", "gist.github.com", "me.github.io",
         "github.com.evil.test", "evil.test")
TOKEN = "ghp_secretsecret"


class Tunnels:
    """A proxy that leads every CONNECT to one port, whatever it asks for."""

    def __init__(self, port):
        self.to = ("127.0.0.1", port)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096) or b"\r\n\r\n"
        server = socket.create_connection(self.to)
        client.sendall(b"HTTP/1.1 200 yes\r\n\r\n")
        back = threading.Thread(target=self.copy, args=(server, client), daemon=True)
        back.start()
        self.copy(client, server)
        back.join()
        client.close()
        server.close()

    @staticmethod
    def copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


@pytest.fixture(name="github")
def github_with_a_certificate(monkeypatch):
    ssl = pytest.importorskip("ssl")
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
                 "GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with Scratch() as root:
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", root + "/key.pem", "-out",
                        root + "/cert.pem", "-days", "10", "-subj", "/CN=github.com", "-addext",
                        "subjectAltName=" + ",".join("DNS:" + host for host in HOSTS)], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(root + "/cert.pem", root + "/key.pem")
        seen = []

        def answer(handler):
            secret = handler.headers.get("Authorization")
            seen.append((handler.headers["Host"], handler.path, secret))
            if handler.path == "/away":
                return (302, {"Location": "https://evil.test/landed"}, b"")
            if handler.path == "/back":
                return (302, {"Location": "https://github.com/home"}, b"")
            if handler.path == "/private":
                return (200 if secret else 404, {}, b"")
            if handler.path == "/other":
                return (404 if secret else 200, {}, b"")
            return (200, {}, b"")
        with Server({"*": answer}, context=context) as server, Tunnels(server.port) as proxy, \
                Server({"*": answer}) as plain:
            monkeypatch.setenv("https_proxy", proxy.url)
            monkeypatch.setenv("http_proxy", plain.url)
            monkeypatch.setenv("SSL_CERT_FILE", root + "/cert.pem")

            def run(*args, verbose=True, form="jsonl"):
                del seen[:]
                return check("--no-config", "--ca-file", root + "/cert.pem", "--retries", 0, *args, verbose=verbose,
                             form=form)
            yield run, seen, monkeypatch


def told(seen):
    return {host for host, _, secret in seen if secret}


def test_a_token_goes_to_github_and_to_nobody_else(github):
    run, seen, env = github
    starts = ["https://%s/x" % host for host in HOSTS] + ["http://github.com/plain", "https://github.com:444/port",
                                                          "https://github.com/away", "https://evil.test/back"]
    for name in ("GITHUB_TOKEN", "GH_TOKEN"):
        env.setenv(name, TOKEN)
        done = run(*starts)
        assert told(seen) == {"github.com", "api.github.com", "raw.githubusercontent.com"}, seen
        assert {secret for _, _, secret in seen if secret} == {"Bearer " + TOKEN}
        assert ("evil.test", "/landed", None) in seen and ("github.com", "/home", "Bearer " + TOKEN) in seen
        assert not any(secret for _, path, secret in seen if path in ("/plain", "/port", "/back"))
        assert TOKEN not in done.stdout + done.stderr and done.verdict("/away") == "redirected"
        env.delenv(name)
    run(*starts)
    assert not told(seen)


def test_a_token_that_does_not_fit_is_left_out(github):
    run, seen, env = github
    env.setenv("GITHUB_TOKEN", TOKEN)
    done = run("https://github.com/private", "https://raw.githubusercontent.com/other")
    assert done.verdict("/private") == done.verdict("/other") == "ok" and done.status in (0, 3)
    for value in ("two words", "line\r\nX-Field: yes", ""):
        env.setenv("GITHUB_TOKEN", value)
        run("https://github.com/x")
        assert not told(seen)
    env.setenv("GITHUB_TOKEN", TOKEN)
    run("-k", "https://github.com/x")  # whoever it is
    assert not told(seen)


def test_a_token_is_in_no_report(github):
    run, _, env = github
    env.setenv("GITHUB_TOKEN", TOKEN)
    with Scratch() as root:
        forms = ("text", "json", "csv", "html", "junit", "sarif", "github", "multistatus")
        outputs = [word for form in forms for word in ("-o", "%s:%s/%s" % (form, root, form))]
        done = run("--history", root + "/history", *outputs, "https://github.com/private", "https://evil.test/x")
        assert TOKEN not in done.stdout + done.stderr
        for name in os.listdir(root):
            with open(root + "/" + name, "rb") as file:
                assert TOKEN.encode() not in file.read(), name
    done = run("--print-config")
    assert TOKEN not in done.stdout and os.environ["GITHUB_TOKEN"] == TOKEN
