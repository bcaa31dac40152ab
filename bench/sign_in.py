#!/usr/bin/env python3
"""What signing in costs: the server's CPU time per request for each scheme, against none.

    DAVIT=build/davit bench/sign_in.py [REQUESTS]

One kept-alive connection asks for the same small file again and again. Digest counts its nonce up;
SCRAM takes its two requests each time, which is what a client without a session does."""

import base64
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/support"))
import davit  # noqa: E402


def cpu_s(server):
    """Of all its threads, in nanoseconds' steps."""
    used = 0
    for task in os.listdir(f"/proc/{server.process.pid}/task"):
        with open(f"/proc/{server.process.pid}/task/{task}/schedstat", encoding="ascii") as file:
            used += int(file.read().split()[0])
    return used / 1e9


class Client:
    def __init__(self, server):
        self.connection, self.requests = server.connect(120), 0

    def get(self, authorization=None):
        field = f"Authorization: {authorization}\r\n" if authorization else ""
        self.connection.send(f"GET /a HTTP/1.1\r\nHost: 127.0.0.1\r\n{field}\r\n")
        self.requests += 1
        return self.connection.read("GET")


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def none(client, count, _):
    for _ in range(count):
        assert client.get().status == 200


def basic(client, count, _):
    field = "Basic " + base64.b64encode(b"alice:pencil").decode()
    for _ in range(count):
        assert client.get(field).status == 200


def bearer(client, count, token):
    for _ in range(count):
        assert client.get("Bearer " + token).status == 200


def digest(client, count, _):
    challenge = client.get().field("WWW-Authenticate")
    nonce = re.search(r'nonce="([^"]+)", algorithm=SHA-256', challenge).group(1)
    key, about = sha256("alice:davit:pencil"), sha256("GET:/a")
    for i in range(1, count + 1):
        response = sha256(f"{key}:{nonce}:{i:08x}:c:auth:{about}")
        assert client.get(f'Digest username="alice", realm="davit", uri="/a", algorithm=SHA-256, '
                          f'nonce="{nonce}", nc={i:08x}, cnonce="c", qop=auth, '
                          f'response="{response}"').status == 200


def mac(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


def scram(client, count, _):
    bare, salted = b"n=alice,r=abc", None
    first = base64.b64encode(b"n,," + bare).decode()
    for _ in range(count):
        challenge = client.get(f'SCRAM-SHA-256 data="{first}"').field("WWW-Authenticate")
        sid, data = re.search(r'sid=([^,]+), data="([^"]+)"', challenge).groups()
        data = base64.b64decode(data)
        nonce, salt, rounds = (part[2:] for part in data.split(b","))
        salted = salted or hashlib.pbkdf2_hmac("sha256", b"pencil", base64.b64decode(salt), int(rounds))
        client_key = mac(salted, b"Client Key")
        plain = b"c=biws,r=" + nonce
        signature = mac(hashlib.sha256(client_key).digest(), b",".join((bare, data, plain)))
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature)))
        final = base64.b64encode(plain + b",p=" + proof).decode()
        assert client.get(f'SCRAM-SHA-256 sid={sid}, data="{final}"').status == 200


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_jwt(folder):
    """Options of davit, and a token that it takes (RS256)."""
    key = folder + "/key.pem"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    modulus = subprocess.run(["openssl", "rsa", "-in", key, "-noout", "-modulus"], check=True, capture_output=True)
    n = bytes.fromhex(modulus.stdout.decode().strip().split("=")[1])
    with open(folder + "/jwks.json", "w", encoding="ascii") as file:
        json.dump({"keys": [{"kty": "RSA", "n": base64url(n), "e": "AQAB"}]}, file)
    claims = {"iss": "me", "aud": "davit", "sub": "alice", "exp": int(time.time()) + 3600}
    text = base64url(json.dumps({"alg": "RS256"}).encode()) + "." + base64url(json.dumps(claims).encode())
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), check=True,
                               capture_output=True).stdout
    args = ["--jwt-keys", folder + "/jwks.json", "--jwt-issuer", "me", "--jwt-audience", "davit"]
    return args, text + "." + base64url(signature)


def measure(name, run, count, args, extra=None):
    with davit.Davit(args=args) as server:
        with open(server.path("a"), "w", encoding="ascii") as file:
            file.write("hello")
        client = Client(server)
        run(client, 20, extra)  # the first sign-in hashes
        client.requests = 0
        before = cpu_s(server)
        run(client, count, extra)
        used = cpu_s(server) - before
    print(f"{name:8} {used / count * 1e6:8.1f} us of the server's CPU for each sign-in "
          f"({client.requests / count:.0f} requests)")


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    with tempfile.TemporaryDirectory() as folder:
        users, tokens = folder + "/users", folder + "/tokens"
        davit.add_user(users, "alice", "pencil")
        token = subprocess.run([davit.BINARY, "token", "add", "alice", "--tokens", tokens],
                               capture_output=True, text=True, check=True).stdout.strip()
        measure("none", none, count, [])
        measure("basic", basic, count, ["--users", users])
        measure("bearer", bearer, count, ["--users", users, "--tokens", tokens], token)
        args, jwt = make_jwt(folder)
        measure("jwt", bearer, count, args, jwt)
        measure("digest", digest, count, ["--users", users])
        measure("scram", scram, count, ["--users", users])


main()
