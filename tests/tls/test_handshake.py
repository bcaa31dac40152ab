"""Who may come in, and with which certificate they are met."""

import os
import select
import signal
import socket
import ssl
import subprocess
import threading
import time

import davit
import pytest
import tls
from session import wait_for

V1_2, V1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return tls.make_pair(tmp_path_factory.mktemp("pair") / "p")


def get(connection, path="/"):
    connection.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return connection.read()


def refused(*args):
    done = subprocess.run([davit.BINARY, "serve", "--listen", "127.0.0.1:0", *args, "/tmp"],
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode in (1, 2), done
    return done.stderr


def subject_of(connection):
    der = connection.socket.getpeercert(binary_form=True)
    done = subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "multiline,-esc_msb"],
                          input=ssl.DER_cert_to_PEM_cert(der), text=True, capture_output=True,
                          check=True)
    return done.stdout.split("commonName")[1].split("=")[1].strip()


# --- versions and suites ---

@pytest.mark.parametrize("version", [V1_2, V1_3])
def test_versions(pair, version):
    with tls.Server([pair]) as server:
        with server.connect(tls=tls.context(pair, version=version)) as connection:
            assert get(connection).status == 200
            assert connection.socket.version() == version.name.replace("_", ".")
            assert "GCM" in connection.socket.cipher()[0]


def test_older_versions_are_refused(pair):
    with tls.Server([pair]) as server:
        for version in ("-tls1", "-tls1_1"):
            done = subprocess.run(
                ["openssl", "s_client", version, "-cipher", "ALL:@SECLEVEL=0", "-connect", server.host],
                input=b"", capture_output=True, check=False, timeout=20)
            assert done.returncode != 0


def test_only_suites_with_forward_secrecy(pair):
    """RFC 9113 §9.2.2 and Mozilla's recommendations."""
    with tls.Server([pair]) as server:
        for suite, is_good in (("ECDHE-ECDSA-AES128-GCM-SHA256", True),
                               ("ECDHE-ECDSA-CHACHA20-POLY1305", True),
                               ("ECDHE-ECDSA-AES128-SHA256", False),
                               ("AES128-GCM-SHA256", False)):
            client = tls.context(version=V1_2)
            client.set_ciphers(suite + ":@SECLEVEL=0")
            if is_good:
                with server.connect(tls=client) as connection:
                    assert connection.socket.cipher()[0] == suite
            else:
                with pytest.raises(ssl.SSLError):
                    server.connect(tls=client)


def test_protocols(pair):
    with tls.Server([pair]) as server:
        for offered, chosen in ((["http/1.1"], "http/1.1"), (["h2", "http/1.1"], "h2"),
                                (["http/1.0"], "http/1.0"), ([], None)):
            with server.connect(tls=tls.context(alpn=offered)) as connection:
                assert connection.socket.selected_alpn_protocol() == chosen
        with pytest.raises(ssl.SSLError):
            server.connect(tls=tls.context(alpn=["imap"]))


# --- which certificate ---

def test_the_name_decides(tmp_path):
    pairs = [tls.make_pair(tmp_path / str(i), name)
             for i, name in enumerate(("a.test", "*.b.test", "x.b.test"))]
    with tls.Server(pairs) as server:
        for name, expected in (("a.test", "a.test"), ("y.b.test", "*.b.test"),
                               ("x.b.test", "x.b.test"), ("X.B.Test", "x.b.test"),
                               ("z.x.b.test", "a.test"), ("other.test", "a.test"),
                               (None, "a.test")):
            with server.connect(name=name) as connection:
                assert subject_of(connection) == expected, name
                assert get(connection).status == 200
        port = server.address[1]
        for i, name in ((0, "a.test"), (1, "y.b.test"), (2, "x.b.test")):
            subprocess.run(["curl", "-sSf", "--cacert", pairs[i].certificate, "--resolve",
                            f"{name}:{port}:127.0.0.1", f"https://{name}:{port}/"], check=True,
                           capture_output=True)


def test_each_kind_of_key_has_its_certificate(tmp_path):
    pairs = [tls.make_pair(tmp_path / "ec", "a.test"), tls.make_rsa_pair(tmp_path, "a.test")]
    with tls.Server(pairs) as server:
        for sigalgs, kind in (("ECDSA+SHA256", "ECDSA"), ("RSA-PSS+SHA256", "RSA")):
            done = subprocess.run(["openssl", "s_client", "-connect", server.host, "-servername",
                                   "a.test", "-sigalgs", sigalgs], input=b"", capture_output=True,
                                  check=True, timeout=20)
            assert f"Peer signature type: {kind}" in done.stdout.decode(), done.stdout


def test_a_chain_is_sent(tmp_path):
    root = tls.Authority(tmp_path, "root")
    leaf = root.sign("/CN=chained.test", "chained.test")
    with open(leaf.certificate, "a", encoding="ascii") as file, \
            open(root.pair.certificate, encoding="ascii") as issuer:
        file.write(issuer.read())
    with tls.Server([leaf]) as server:
        done = subprocess.run(["openssl", "s_client", "-connect", server.host, "-showcerts"],
                              input=b"", capture_output=True, check=True, timeout=20)
        assert done.stdout.count(b"BEGIN CERTIFICATE") == 2
        with server.connect(tls=tls.context(root.pair), name="chained.test") as connection:
            assert get(connection).status == 200


# --- what is refused at start ---

def test_what_does_not_fit_is_refused(pair, tmp_path):
    other = tls.make_pair(tmp_path / "other", "b.test")
    text = refused("--tls-cert", pair.certificate, "--tls-key", other.key)
    assert f"the key in '{other.key}' does not belong to the certificate in" in text
    text = refused(*pair.args(), "--tls-cert", other.certificate, "--tls-key", pair.key)
    assert "does not belong" in text
    assert "cannot open '/none'" in refused("--tls-cert", "/none", "--tls-key", pair.key)
    assert "cannot open '/none'" in refused("--tls-cert", pair.certificate, "--tls-key", "/none")
    assert "no private key in" in refused("--tls-cert", pair.certificate)
    assert "2 --tls-key for 1 --tls-cert" in refused(*pair.args(), "--tls-key", other.key)
    assert "need --tls-cert" in refused("--redirect", "127.0.0.1:0")
    assert "need --tls-cert" in refused("--hsts", "1")
    assert "needs --tls-client-ca" in refused(*pair.args(), "--tls-client-auth", "required")
    assert "must come after the --tls-cert" in refused("--tls-ocsp", "/none", *pair.args())
    weak = tls.make_rsa_pair(tmp_path, "weak.test", 512)
    assert "key too small" in refused(*weak.args())


def test_keys_are_never_told(pair, tmp_path):
    with open(pair.key, encoding="ascii") as file:
        key = file.read()
    encrypted = tmp_path / "encrypted.pem"
    tls.openssl("pkcs8", "-topk8", "-in", pair.key, "-out", encrypted, "-passout", "pass:secret")
    text = refused("--log-level", "debug", "--tls-cert", pair.certificate, "--tls-key", encrypted)
    assert "is encrypted" in text
    os.chmod(pair.key, 0o644)
    with tls.Server([pair], ["--log-level", "debug"]) as server:
        text += server.stderr()
    os.chmod(pair.key, 0o600)
    assert "can be read by every user" in text
    assert not any(line in text for line in key.splitlines()[1:-1])


def test_keys_are_read_before_rights_are_given_up(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can give up rights")
    secret = tls.make_pair(tmp_path / "p")
    root = tmp_path / "root"
    root.mkdir()
    os.chown(root, 65534, 65534)
    for directory in (tmp_path, *list(tmp_path.parents)[:3]):
        os.chmod(directory, 0o755)
    os.chmod(tmp_path / "p", 0o700)
    with tls.Server([secret], ["--user", "nobody"], root=str(root)) as server:
        with server.connect() as connection:
            assert get(connection).status == 200
        server.process.send_signal(signal.SIGHUP)  # now davit cannot read them: its opener can
        server.says("the certificates have been reloaded")
        os.chown(tmp_path / "p", 65534, 65534)  # nor can that, where others might have put them
        os.chmod(secret.key, 0o000)
        server.process.send_signal(signal.SIGHUP)
        server.says("keeping the old certificates: cannot open")
        server.says("is not opened with root's rights")
        with server.connect() as connection:
            assert get(connection).status == 200


# --- reloading ---

def test_reload_on_sighup(tmp_path):
    pair = tls.make_pair(tmp_path / "a", "before.test")
    after = tls.make_pair(tmp_path / "b", "after.test")
    with tls.Server([pair], ["--threads", "2"]) as server:
        with server.connect() as kept:
            assert get(kept).status == 200
            kept.send("PUT /f HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n")
            kept.send(bytes(100000))
            os.replace(after.certificate, pair.certificate)
            server.process.send_signal(signal.SIGHUP)  # the key is still the old one
            server.says("keeping the old certificates: the key in")
            with server.connect() as connection:
                assert subject_of(connection) == "before.test"
            os.replace(after.key, pair.key)
            server.process.send_signal(signal.SIGHUP)
            server.says("the certificates have been reloaded")
            with server.connect() as connection:
                assert subject_of(connection) == "after.test"
                assert get(connection).status == 200
            kept.send(bytes(100000))
            assert kept.read().status == 201, "a connection outlives the reload"
            assert get(kept, "/f").body == bytes(200000)
            assert subject_of(kept) == "before.test"


def test_reload_under_load(tmp_path):
    pair = tls.make_pair(tmp_path / "a")
    with tls.Server([pair], ["--threads", "2"]) as server:
        failures = []

        def work():
            try:
                for _ in range(15):
                    with server.connect() as connection:
                        for _ in range(3):
                            assert get(connection).status == 200
            except (OSError, AssertionError, AttributeError) as failure:
                failures.append(failure)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for done in range(1, 1000):
            server.process.send_signal(signal.SIGHUP)
            server.says("the certificates have been reloaded", done)
            time.sleep(0.05)
            if not any(thread.is_alive() for thread in threads):
                break
        for thread in threads:
            thread.join()
        assert not failures
        assert "keeping" not in server.stderr()


# --- sessions ---

@pytest.mark.parametrize("version", [V1_2, V1_3])
def test_sessions_are_resumed_on_every_loop(pair, version):
    client = tls.context(pair, version=version)
    with tls.Server([pair], ["--threads", "4"]) as server:
        with server.connect(tls=client) as connection:
            assert get(connection).status == 200
            assert not connection.socket.session_reused
            session = connection.socket.session
        held = []
        for _ in range(24):  # held open, so that all loops get their share
            connection = server.connect(tls=client, session=session)
            held.append(connection)
            assert connection.socket.session_reused
            assert get(connection).status == 200
            session = connection.socket.session
        for connection in held:
            connection.close()
        server.process.send_signal(signal.SIGHUP)
        server.says("the certificates have been reloaded")
        with server.connect(tls=client, session=session) as connection:
            assert connection.socket.session_reused, "a reload ends no sessions"


# --- stapling ---

def test_a_response_is_stapled(tmp_path):
    root = tls.Authority(tmp_path, "root")
    leaf = root.sign("/CN=stapled.test", "stapled.test")
    with open(leaf.certificate, "a", encoding="ascii") as file, \
            open(root.pair.certificate, encoding="ascii") as issuer:
        file.write(issuer.read())  # curl looks for it in what is sent
    serial = tls.openssl("x509", "-in", leaf.certificate, "-noout", "-serial").stdout.decode()
    (tmp_path / "index").write_text(
        f"V\t491231235959Z\t\t{serial.split('=')[1].strip()}\tunknown\t/CN=stapled.test\n")
    tls.openssl("ocsp", "-issuer", root.pair.certificate, "-cert", leaf.certificate, "-reqout",
                tmp_path / "request", "-no_nonce")
    tls.openssl("ocsp", "-index", tmp_path / "index", "-rsigner", root.pair.certificate, "-rkey",
                root.pair.key, "-CA", root.pair.certificate, "-reqin", tmp_path / "request",
                "-respout", tmp_path / "response", "-ndays", "7")
    plain = tls.make_pair(tmp_path / "plain", "plain.test")
    args = leaf.args() + ["--tls-ocsp", str(tmp_path / "response")] + plain.args()
    with tls.Server([], args) as server:
        for name, has_response in (("stapled.test", True), ("plain.test", False)):
            done = subprocess.run(["openssl", "s_client", "-status", "-servername", name, "-connect",
                                   server.host], input=b"", capture_output=True, check=True,
                                  timeout=20)
            text = done.stdout.decode()
            assert ("OCSP Response Status: successful" in text) == has_response, text
            assert ("OCSP response: no response sent" in text) != has_response
        curl = ["curl", "-sSf", "--cacert", root.pair.certificate, "--cert-status", "--resolve",
                f"stapled.test:{server.address[1]}:127.0.0.1"]
        subprocess.run([*curl, f"https://stapled.test:{server.address[1]}/"], check=True,
                       capture_output=True)


# --- clients with certificates ---

def is_let_in(server, client):
    try:
        with server.connect(tls=client) as connection:
            return get(connection).status == 200
    except (ssl.SSLError, ConnectionResetError, AttributeError):
        return False


@pytest.mark.parametrize("version", [V1_2, V1_3])
def test_clients_show_certificates(pair, tmp_path, version):
    known, other = tls.Authority(tmp_path, "known"), tls.Authority(tmp_path, "other")
    alice, mallory = known.sign("/O=Test/CN=alice"), other.sign("/O=Test/CN=mallory")
    clients = [tls.context(version=version, client=client) for client in (None, alice, mallory)]
    args = ["--tls-client-ca", known.pair.certificate]
    with tls.Server([pair], args) as server:
        assert [is_let_in(server, client) for client in clients] == [True, True, False]
    with tls.Server([pair], args + ["--tls-client-auth", "required"]) as server:
        assert [is_let_in(server, client) for client in clients] == [False, True, False]
    with tls.Server([pair]) as server:
        assert [is_let_in(server, client) for client in clients] == [True, True, True]


# --- handshakes that come to nothing ---

def plain_connection(server):
    return davit.Connection(server.address)


@pytest.mark.parametrize("garbage", [
    b"\0" * 100, b"\x16\x03\x01\xff\xff" + b"x" * 100, b"\x16\x03\x01\x00\x05hello", b"SSH-2.0-x\r\n",
    b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + b"\xff" * 40, os.urandom(20000), b"\x15\x03\x01\0\2\2\0",
    b"\x16\x03\x01\0\4\1\xff\xff\xff" * 50])
def test_garbage_is_shown_the_door(pair, garbage):
    with tls.Server([pair], ["--limit", "head_ms=1000"]) as server:
        with plain_connection(server) as connection:
            connection.send(garbage)
            connection.socket.settimeout(5)
            connection.is_closed()
        with server.connect() as connection:
            assert get(connection).status == 200


def test_plain_http_is_told_where_it_is(pair):
    with tls.Server([pair]) as server:
        for method in ("GET", "PUT", "PROPFIND", "OPTIONS", "VERSION-CONTROL"):
            with plain_connection(server) as connection:
                connection.send(f"{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                response = connection.read()
                assert response.status == 400 and b"https://" in response.body
                assert response.field("Connection") == "close"
                assert connection.is_closed()


def hello(size=None):
    """The first bytes of a client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = tls.context().wrap_bio(incoming, outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()[:size]


@pytest.mark.parametrize("size", [0, 1, 5, 50, None])
def test_who_does_not_go_on_is_not_waited_for(pair, size):
    with tls.Server([pair], ["--limit", "head_ms=700"]) as server:
        with plain_connection(server) as connection:
            begun = time.monotonic()
            connection.send(hello(size))
            connection.is_closed()
            assert 0.5 < time.monotonic() - begun < 10


def test_a_slow_handshake_is_cut_off_as_a_whole(pair):
    """Bytes that come one by one do not put the end off."""
    with tls.Server([pair], ["--limit", "head_ms=700"]) as server:
        with plain_connection(server) as connection:
            begun = time.monotonic()
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                for byte in hello():
                    connection.send(bytes([byte]))
                    time.sleep(0.01)
            assert 0.5 < time.monotonic() - begun < 10


def test_a_handshake_byte_by_byte(pair):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = tls.context(pair).wrap_bio(incoming, outgoing, server_hostname="localhost")
    with tls.Server([pair]) as server, plain_connection(server) as connection:
        is_through = False
        while not is_through:
            try:
                client.do_handshake()
                is_through = True
            except ssl.SSLWantReadError:
                pass
            connection.send(outgoing.read(), byte_by_byte=True)
            if not is_through:
                incoming.write(connection.socket.recv(65536))
        client.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        connection.send(outgoing.read(), byte_by_byte=True)
        text = b""
        while b"\r\n\r\n" not in text:
            incoming.write(connection.socket.recv(65536))
            try:
                text += client.read(65536)
            except ssl.SSLWantReadError:
                pass
        assert text.startswith(b"HTTP/1.1 200 OK\r\n")


def test_handshakes_count_as_connections(pair):
    with tls.Server([pair], ["--limit", "connections=3"]) as server:
        held = [plain_connection(server) for _ in range(4)]
        held[0].send(hello(20))
        # One too many: which one is up to the order in which the loops accept them.
        sockets = [connection.socket for connection in held]
        refused, _, _ = select.select(sockets, [], [], 20)
        assert len(refused) == 1
        assert held[sockets.index(refused[0])].is_closed()
        for connection in held:
            connection.close()

        def is_let_in_again():
            try:
                with server.connect() as connection:
                    return get(connection).status == 200
            except (ssl.SSLError, OSError):
                return False
        wait_for(is_let_in_again, "room for another connection")


def test_the_end_does_not_wait_for_handshakes(pair):
    with tls.Server([pair]) as server:
        held = [plain_connection(server) for _ in range(20)]
        for i, connection in enumerate(held):
            connection.send(hello(i * 10 or None))
        begun = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
        assert time.monotonic() - begun < 5
        for connection in held:
            connection.close()


def test_many_handshakes_at_once(pair):
    """Whoever is in already is served meanwhile."""
    hello_bytes = hello()
    with tls.Server([pair], ["--threads", "1"]) as server, server.connect() as connection:
        stopped = threading.Event()

        def flood():
            while not stopped.is_set():
                held = []
                for _ in range(10):
                    try:
                        held.append(socket.create_connection(server.address, timeout=5))
                        held[-1].sendall(hello_bytes)
                    except OSError:
                        pass
                for one in held:
                    one.close()

        thread = threading.Thread(target=flood)
        thread.start()
        try:
            for _ in range(50):
                assert get(connection).status == 200
        finally:
            stopped.set()
            thread.join()
