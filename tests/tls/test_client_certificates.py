"""Client certificates as a way to sign in: a subject is a user, or nobody."""

import re
import subprocess
import time

import davit
import pytest
import tls
from session import reload

CONFIG = """[certificates]
alice = CN=alice,O=Example
[rule "/"]
allow = read for alice
[rule "/open"]
allow = read for everyone
"""


def curl(server, *options, path="/closed", method="PROPFIND"):
    done = subprocess.run(["curl", "-sk", "--max-time", "60", "-o", "-", "-w", "\n%{http_code}", "-X", method,
                           "-H", "Depth: 0", *options, f"https://{server.address[0]}:{server.address[1]}{path}"],
                          capture_output=True, text=True, check=False)
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), body


def shown(pair):
    return ["--cert", pair.certificate, "--key", pair.key]


@pytest.fixture(name="authority")
def authority_fixture(tmp_path):
    (tmp_path / "davit.conf").write_text(CONFIG)
    return tls.Authority(tmp_path, "authority")


def serve(tmp_path, authority):
    pair = tls.make_pair(tmp_path / "p")
    return tls.Server([pair], ["-c", str(tmp_path / "davit.conf"), "--tls-client-ca", authority.pair.certificate])


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_a_certificate_signs_in(tmp_path, authority, version):
    alice, bob = authority.sign("/O=Example/CN=alice"), authority.sign("/O=Example/CN=bob")
    asked = ["-d", '<propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>', version]
    with serve(tmp_path, authority) as server:
        status, body = curl(server, *asked, *shown(alice), path="/")
        assert status == 207 and "<D:href>/.principals/users/alice</D:href>" in body
        assert curl(server, *shown(bob), version)[0] == 403, "nobody knows him, and no password could help"
        assert curl(server, version)[0] == 403
        assert curl(server, *shown(alice), version, path="/new", method="MKCOL")[0] == 403


def test_a_reload_reads_other_certificates_and_mappings(tmp_path, authority):
    bob = authority.sign("/O=Example/CN=bob")
    other = tls.make_pair(tmp_path / "other", "other.test")
    config = tmp_path / "davit.conf"
    pair = tls.make_pair(tmp_path / "p")
    config.write_text(f"[tls]\ncert = {pair.certificate}\nkey = {pair.key}\n"
                      f"client-ca = {authority.pair.certificate}\n" + CONFIG)
    with tls.Server([], ["-c", str(config)]) as server:
        assert curl(server, *shown(bob))[0] == 403
        text = config.read_text().replace(pair.certificate, other.certificate).replace(pair.key, other.key)
        config.write_text(text.replace("alice", "bob"))
        reload(server, "the settings have been reloaded")
        assert curl(server, *shown(bob))[0] == 404
        done = subprocess.run(["curl", "-svk", f"https://{server.address[0]}:{server.address[1]}/"],
                              capture_output=True, text=True, check=False)
        assert re.search(r"subject:.*other\.test", done.stderr), done.stderr
        # A key that does not belong to the certificate keeps the certificate as it was, and nobody who is out.
        config.write_text(text.replace(other.key, pair.key))
        reload(server, "the settings have been reloaded")
        server.says("keeping the old certificates: the key in")
        assert curl(server, *shown(bob))[0] == 403
        # But whom certificates are for is not read without who may sign them.
        text = text.replace("alice", "bob").replace(other.key, pair.key)
        config.write_text(text.replace(authority.pair.certificate, other.certificate))
        reload(server, "the new ones name another CA for clients' certificates")
        assert curl(server, *shown(bob))[0] == 403


def test_certificates_are_sign_in_enough_for_other_machines(tmp_path, authority):
    pair = tls.make_pair(tmp_path / "p")
    args = ["-c", str(tmp_path / "davit.conf"), "--tls-client-ca", authority.pair.certificate]
    with tls.Server([pair], args + ["--listen", "0.0.0.0:0"]) as server:
        server.says("listening on https://0.0.0.0")
        assert curl(server)[0] == 403


def serve_with_list(tmp_path, authority, path):
    pair = tls.make_pair(tmp_path / "p")
    (tmp_path / "davit.conf").write_text(CONFIG.replace("alice\n", "alice\nallow = read for bob\n")
                                         .replace("[rule", "bob = CN=bob,O=Example\n[rule", 1))
    return tls.Server([pair], ["-c", str(tmp_path / "davit.conf"), "--tls-client-ca", authority.pair.certificate,
                               "--tls-client-crl", path])


def refused(tmp_path, *args):
    done = subprocess.run([davit.BINARY, "serve", "--listen", "127.0.0.1:0", *tls.make_pair(tmp_path / "q").args(), *args,
                           "/tmp"], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode in (1, 2), done
    return done.stderr


def open_of(connection):
    connection.send("GET /open HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return connection.read().status


def test_who_is_revoked_is_out_with_the_next_reload(tmp_path, authority):
    alice, bob = authority.sign("/O=Example/CN=alice"), authority.sign("/O=Example/CN=bob")
    with serve_with_list(tmp_path, authority, authority.revoke()) as server:
        assert curl(server, *shown(alice))[0] == 404 and curl(server, *shown(bob))[0] == 404
        context = tls.context(client=bob)
        with server.connect(tls=context) as connection:
            assert open_of(connection) == 404
            session = connection.socket.session
        authority.revoke(bob)
        reload(server, "the certificates have been reloaded")
        assert curl(server, *shown(alice))[0] == 404
        assert curl(server, *shown(bob))[0] == 0, "there is no connection"
        assert curl(server)[0] == 403, "who shows none is asked for none"
        with pytest.raises((OSError, AssertionError, AttributeError)):
            with server.connect(tls=context, session=session) as connection:  # nor with a session of before
                assert open_of(connection) == 404


def test_a_list_that_has_expired_is_refused(tmp_path, authority):
    alice = authority.sign("/O=Example/CN=alice")
    path = authority.revoke()
    with serve_with_list(tmp_path, authority, path) as server:
        for days, said in (((-3, -2), "has expired: fetch a newer one"), ((1, 2), "is not valid yet")):
            authority.revoke(days=days)
            reload(server, "keeping the old certificates")
            server.says(f"the revocation list in '{path}' {said}")
        with open(path, "w", encoding="ascii") as file:
            file.write("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
        reload(server, "cannot read the revocation list in")
        with open(path, "w", encoding="ascii") as file:
            file.write("nothing\n")
        reload(server, "there is no revocation list in")
        assert curl(server, *shown(alice))[0] == 404
        authority.revoke(seconds=15)  # and while davit runs
        reload(server, "the certificates have been reloaded")
        context = tls.context(client=alice)
        with server.connect(tls=context) as connection:
            assert open_of(connection) == 404
            session = connection.socket.session
        deadline = time.monotonic() + 60
        while "clients' certificates are refused: CRL has expired" not in server.stderr():
            assert time.monotonic() < deadline, server.stderr()
            curl(server, *shown(alice))
            time.sleep(0.2)
        assert curl(server, *shown(alice))[0] == 0
        with pytest.raises((OSError, AssertionError, AttributeError)):
            with server.connect(tls=context, session=session) as connection:
                assert open_of(connection) == 404
        authority.revoke()
        reload(server, "the certificates have been reloaded")
        assert curl(server, *shown(alice))[0] == 404
    authority.revoke(days=(-3, -2))
    assert "has expired" in refused(tmp_path, "--tls-client-ca", authority.pair.certificate, "--tls-client-crl", path)


def test_a_signer_without_a_list_signs_nobody_in(tmp_path, authority):
    other = tls.Authority(tmp_path, "other")
    with open(authority.pair.certificate, "a", encoding="ascii") as file, \
            open(other.pair.certificate, encoding="ascii") as more:
        file.write(more.read())
    alice = other.sign("/O=Example/CN=alice")
    path = authority.revoke()
    with serve_with_list(tmp_path, authority, path) as server:
        assert curl(server, *shown(alice))[0] == 0
        server.says("clients' certificates are refused: unable to get certificate CRL")
        with open(path, "a", encoding="ascii") as file, open(other.revoke(), encoding="ascii") as more:
            file.write(more.read())
        reload(server, "the certificates have been reloaded")
        assert curl(server, *shown(alice))[0] == 404


def test_a_list_needs_signers(tmp_path, authority):
    assert "--tls-client-crl needs --tls-client-ca" in refused(tmp_path, "--tls-client-crl", authority.revoke())
