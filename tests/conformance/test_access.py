"""Signing in with real clients: litmus with Basic and with Digest; curl with Basic, Digest, tokens, JWT
and certificates; cadaver and davfs2 with Digest; gsasl's SCRAM-SHA-256."""

import base64
import json
import os
import re
import shutil
import subprocess
import time

import davit
import pytest
import test_davfs2

USERS = {"alice": "pencil", "bob": "open sesame"}


@pytest.fixture(name="users", scope="module")
def users_fixture(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("users") / "users")
    for name, password in USERS.items():
        davit.add_user(path, name, password)
    return path


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            pytest.skip(f"{tool} is not installed")


def run(*command, status=0, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, **options)
    assert status is None or done.returncode == status, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("scheme", ["basic", "digest"])
@pytest.mark.parametrize("suite", ["basic", "copymove", "props", "locks", "http"])
def test_litmus_signed_in(suite, scheme, users, tmp_path):
    need("litmus")
    with davit.Davit(args=["--users", users, "--schemes", scheme]) as server:
        out = run("litmus", server.url + "/", "alice", "pencil", cwd=tmp_path,
                  env={"TESTS": suite, "PATH": "/usr/bin:/bin"})
    summary = re.search(r"of (\d+) tests run: (\d+) passed, (\d+) failed", out)
    assert summary and summary.group(1) == summary.group(2) and int(summary.group(1)) > 3, out
    assert "WARNING" not in out, out


def curl_status(server, *options, path="/a"):
    return run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", *options, server.url + path)


@pytest.mark.parametrize("option,scheme", [("--basic", "basic"), ("--digest", "digest"),
                                           ("--digest", "digest-md5"), ("--anyauth", "auto")])
def test_curl(option, scheme, users):
    need("curl")
    with davit.Davit(args=["--users", users, "--schemes", scheme]) as server:
        with open(server.path("a"), "w", encoding="utf-8") as file:
            file.write("hello")
        assert curl_status(server, option, "-u", "alice:pencil") == "200"
        assert curl_status(server, option, "-u", "bob:open sesame") == "200"
        assert curl_status(server, option, "-u", "alice:pen") == "401"
        assert curl_status(server, option, "-u", "eve:pencil") == "401"
        assert curl_status(server) == "401"


def test_curl_digest_uploads(users):
    """The first request of an upload is refused before its body, the second carries it."""
    need("curl")
    with davit.Davit(args=["--users", users, "--schemes", "digest"]) as server:
        data = os.urandom(300000)
        done = subprocess.run(["curl", "-sf", "--digest", "-u", "alice:pencil", "--data-binary", "@-", "-X", "PUT",
                               server.url + "/up"], input=data, timeout=60, check=False)
        assert done.returncode == 0
        with open(server.path("up"), "rb") as file:
            assert file.read() == data


def test_app_tokens(users, tmp_path):
    need("curl")
    tokens = str(tmp_path / "tokens")
    token = run(davit.BINARY, "token", "add", "alice", "--tokens", tokens, "--path", "/d", "--read-only").strip()
    os.chmod(tokens, 0o644)
    with davit.Davit(args=["--users", users, "--tokens", tokens]) as server:
        os.mkdir(server.path("d"))
        for name in ("a", "d/a"):
            with open(server.path(name), "w", encoding="utf-8") as file:
                file.write("hello")
        assert curl_status(server, "--oauth2-bearer", token, path="/d/a") == "200"
        assert curl_status(server, "-u", "alice:" + token, path="/d/a") == "200"
        assert curl_status(server, "-u", "bob:" + token, path="/d/a") == "401"
        assert curl_status(server, "--oauth2-bearer", token, path="/a") == "403"
        assert curl_status(server, "--oauth2-bearer", token, "-X", "DELETE", path="/d/a") == "403"
        wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
        assert curl_status(server, "--oauth2-bearer", wrong, path="/d/a") == "401"
        run(davit.BINARY, "token", "revoke", token[4:16], "--tokens", tokens)
        server.process.send_signal(1)
        deadline = time.monotonic() + 10
        while curl_status(server, "--oauth2-bearer", token, path="/d/a") != "401":
            assert time.monotonic() < deadline
            time.sleep(0.05)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(header, claims, key):
    """A JWT by openssl(1), which signs what is in a file."""
    message = b64(json.dumps(header).encode()) + "." + b64(json.dumps(claims).encode())
    done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=message.encode(),
                          capture_output=True, check=True)
    return message + "." + b64(done.stdout)


def test_jwt(tmp_path):
    need("curl", "openssl")
    key = str(tmp_path / "key.pem")
    run("openssl", "genrsa", "-out", key, "2048")
    modulus = run("openssl", "rsa", "-in", key, "-noout", "-modulus").strip().partition("=")[2]
    jwks = {"keys": [{"kty": "RSA", "kid": "1", "e": "AQAB", "n": b64(bytes.fromhex(modulus))}]}
    path = str(tmp_path / "jwks.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(jwks, file)
    os.chmod(tmp_path, 0o755)
    args = ["--jwt-keys", path, "--jwt-issuer", "me", "--jwt-audience", "davit"]
    now = int(time.time())
    fine = {"iss": "me", "aud": "davit", "sub": "carol", "exp": now + 600}
    with davit.Davit(args=args) as server:
        with open(server.path("a"), "w", encoding="utf-8") as file:
            file.write("hello")

        def status(header, **claims):
            token = sign(header, {**fine, **claims}, key)
            return curl_status(server, "--oauth2-bearer", token)

        assert status({"alg": "RS256", "kid": "1"}) == "200"
        assert status({"alg": "RS256", "kid": "1"}, exp=now - 600) == "401"
        assert status({"alg": "RS256"}, nbf=now + 600) == "401"
        assert status({"alg": "RS256"}, aud="other") == "401"
        assert status({"alg": "HS256"}) == "401"
        none = b64(b'{"alg":"none"}') + "." + b64(json.dumps(fine).encode()) + "."
        assert curl_status(server, "--oauth2-bearer", none) == "401"


def test_cadaver_with_digest(users, tmp_path):
    need("cadaver")
    with davit.Davit(args=["--users", users, "--schemes", "digest digest-md5"]) as server:
        host = server.address[0]
        (tmp_path / ".netrc").write_text(f"machine {host} login alice password pencil\n")
        (tmp_path / ".netrc").chmod(0o600)
        (tmp_path / "up").write_text("hello")
        out = run("cadaver", server.url + "/", cwd=tmp_path, env={"HOME": str(tmp_path), "PATH": "/usr/bin"},
                  input="put up\nmkcol d\nls\nquit\n")
        assert "succeeded" in out, out
        assert os.path.exists(server.path("up")) and os.path.isdir(server.path("d"))


def test_davfs2_with_digest(users, tmp_path):
    need("mount.davfs")
    secrets = tmp_path / "secrets"
    with davit.Davit(args=["--users", users, "--schemes", "digest"]) as server:
        secrets.write_text(f"{server.url}/ alice pencil\n")
        secrets.chmod(0o600)
        with test_davfs2.davfs(server, secrets=secrets) as point:
            with open(os.path.join(point, "a"), "w", encoding="utf-8") as file:
                file.write("hello")
            assert os.stat(os.path.join(point, "a")).st_size == 5  # some kernels cannot list
        with open(server.path("a"), encoding="utf-8") as file:
            assert file.read() == "hello"


class Gsasl:
    """The client's side of SCRAM by gsasl(1): it prints and reads a message in base64 on each line."""

    def __init__(self, password):
        self.process = subprocess.Popen(
            ["gsasl", "--client", "--mechanism", "SCRAM-SHA-256", "--authentication-id", "alice",
             "--password", password, "--no-cb"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def read(self):
        while True:
            line = self.process.stdout.readline()
            assert line, "gsasl has ended"
            if re.fullmatch(r"[A-Za-z0-9+/]{8,}=*", line.strip()):
                return line.strip()

    def write(self, message):
        self.process.stdin.write(message + "\n")
        self.process.stdin.flush()

    def end(self):
        """What it has to say in the end."""
        self.process.stdin.close()
        text = self.process.stdout.read()
        self.process.wait(20)
        return text


def step(server, data, sid=None):
    field = "SCRAM-SHA-256 " + (f"sid={sid}, " if sid else 'realm="davit", ') + f'data="{data}"'
    return server.request("GET", "/a", {"Authorization": field})


@pytest.mark.parametrize("password,status", [("pencil", 200), ("pen", 401)])
def test_scram_with_gsasl(password, status, users):
    need("gsasl")
    with davit.Davit(args=["--users", users]) as server:
        with open(server.path("a"), "w", encoding="utf-8") as file:
            file.write("hello")
        client = Gsasl(password)
        answer = step(server, client.read())
        assert answer.status == 401
        found = re.search(r'SCRAM-SHA-256 sid=([^,]+), data="([^"]+)"', answer.field("WWW-Authenticate"))
        assert found, answer
        client.write(found.group(2))
        answer = step(server, client.read(), found.group(1))
        assert answer.status == status, answer
        if status == 200:
            proof = re.search(r'data="([^"]+)"', answer.field("Authentication-Info"))
            client.write(proof.group(1))
            client.write("")
        assert ("server trusted" in client.end()) == (status == 200)
