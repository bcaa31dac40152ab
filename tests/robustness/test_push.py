"""Who listens on a WebSocket is told what has changed, by a client that is not ours (python3-websocket),
and by bytes that none would send.

DAVIT_PUSH_LISTENERS: how many listen at a time (default 30); DAVIT_PUSH_BURST: how much is changed at
once (default 100)."""

import json
import os
import signal
import socket
import struct
import subprocess
import time

import davit
import pytest
import tls
import websocket
from session import Session, pss_bytes, reload, wait_for
from test_access import basic

LISTENERS = int(os.environ.get("DAVIT_PUSH_LISTENERS", "30"))
PATH = "/index.php/push/ws"
BURST = int(os.environ.get("DAVIT_PUSH_BURST", "100"))
ARGS = ["--sync-clients", "yes", "--others-write", "no", "--limit", "socket_notice_ms=200"]
HASH = ("$6$rounds=1000$davit$xkBgoWxAvIR1Eu1ZUmGMJFIqPNfyJdXYyGRbSG6"
        "cu743Pf6N5hnGrDvW7N1uITjRHlmbr1qgwutW0c0WKQPbP/")  # of "pencil", and quick
CONFIG = """[server]
users = {folder}/users
tokens = {folder}/tokens
app-passwords = {folder}/apps
sync-clients = yes
others-write = no
[limits]
socket_notice_ms = 200
[rule "/"]
allow = all for users
[rule "/private"]
deny = all for bob
"""


def write_settings(folder):
    (folder / "users").write_text("".join(f"{name}:{HASH}\n" for name in ("alice", "bob")))
    (folder / "davit.conf").write_text(CONFIG.format(folder=folder))
    return folder


@pytest.fixture(name="folder")
def folder_fixture(tmp_path):
    return write_settings(tmp_path)


@pytest.fixture(name="server")
def server_fixture(folder):
    with davit.Davit(args=["-c", str(folder / "davit.conf")]) as running:
        yield running


@pytest.fixture(name="shared", scope="module")
def shared_fixture(tmp_path_factory):
    """Of tests that leave it as it was."""
    folder = write_settings(tmp_path_factory.mktemp("shared"))
    with davit.Davit(args=["-c", str(folder / "davit.conf")]) as running:
        yield running


class Listener:
    """A WebSocket on which somebody says who he is."""

    def __init__(self, server, user="alice", password="pencil", **options):
        url = f"ws{server.url[4:]}{PATH}"
        self.socket = websocket.create_connection(url, timeout=30, suppress_origin=True, **options)
        self.socket.send(user)
        self.socket.send(password)

    def hear(self):
        return self.socket.recv()

    def expect(self, *texts):
        for text in texts:
            assert self.hear() == text

    def code(self):
        """The next frame closes, with that code."""
        opcode, data = self.socket.recv_data()
        assert opcode == websocket.ABNF.OPCODE_CLOSE, (opcode, data)
        return struct.unpack("!H", data[:2])[0]

    def was_told_nothing(self):
        """Of all that the server has done before it answers a ping."""
        self.socket.ping()
        opcode, _ = self.socket.recv_data(control_frame=True)
        return opcode == websocket.ABNF.OPCODE_PONG

    def count_until_close(self):
        count = 0
        while self.socket.recv_data()[0] != websocket.ABNF.OPCODE_CLOSE:
            count += 1
        return count

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown()


def listen(server, user="alice", password="pencil", **options):
    """Has signed in, and been told that there may be something."""
    listener = Listener(server, user, password, **options)
    listener.expect("authenticated", "notify_file")
    return listener


def put(server, path, user="alice"):
    answer = server.request("PUT", path, basic(user, "pencil"), "x")
    assert answer.status in (201, 204), answer


# --- what is told ---


def test_a_change_is_told(shared):
    """By whatever path it was made, however deep."""
    with listen(shared) as listener:
        put(shared, "/a")
        listener.expect("notify_file")
        assert shared.request("MKCOL", "/c", basic("alice", "pencil")).status == 201
        listener.expect("notify_file")
        put(shared, "/remote.php/dav/files/alice/c/deep")
        listener.expect("notify_file")


def test_a_burst_is_a_handful(server):
    with listen(server) as listener, Session(server) as client:
        begun = time.monotonic()
        for i in range(BURST):
            client.expect(201, "PUT", f"/f{i}", basic("alice", "pencil"), "x")
        listener.expect("notify_file")
        server.process.send_signal(signal.SIGTERM)
        count = listener.count_until_close()
        print(f"{count + 1} notices of {BURST} changes")
        assert count <= 1 + (time.monotonic() - begun) * 5  # one in 200 ms


def test_only_what_he_may_read_is_told(shared):
    assert shared.request("MKCOL", "/private", basic("alice", "pencil")).status == 201
    with listen(shared, "bob") as bob, listen(shared) as alice:
        put(shared, "/private/secret")
        alice.expect("notify_file")
        put(shared, "/open")
        bob.expect("notify_file")
        alice.expect("notify_file")
        put(shared, "/private/secret")
        alice.expect("notify_file")  # after a pause, which was bob's, too
        assert bob.was_told_nothing()


def test_everybody_listens_where_there_are_no_users():
    with davit.Davit(args=ARGS) as server, listen(server, "whoever", "") as listener:
        assert server.request("PUT", "/f", body="x").status == 201
        listener.expect("notify_file")
        listener.socket.send("listen notify_file_id")
        assert server.request("PUT", "/f", body="y").status == 204
        assert listener.hear().startswith("notify_file")


def test_what_others_write_is_told():
    with davit.Davit(args=[a for a in ARGS if a not in ("--others-write", "no")]) as server:
        with listen(server) as listener:
            with open(os.path.join(server.root, "on-disk"), "w", encoding="ascii") as file:
                file.write("x")
            listener.expect("notify_file")


# --- who listens ---


@pytest.mark.parametrize("user, password", [("alice", "wrong"), ("nobody", "pencil"), ("", "token"),
                                            ("a:b", "c"), ("alice", ""), ("alice", "pencil\0x"), ("alice\0x", "pencil")])
def test_who_is_not_he_hears_so(shared, user, password):
    said = "127.0.0.1: the credentials on a WebSocket are wrong"
    before = shared.stderr().count(said)
    with Listener(shared, user, password) as listener:
        listener.expect("err: Invalid credentials")
        assert listener.code() == 1008
    shared.says(said, before + 1)


def test_a_page_has_a_token_instead_of_a_password(server):
    assert server.request("POST", "/index.php/push/pre_auth").status == 401
    answer = server.request("POST", "/index.php/push/pre_auth", basic("bob", "pencil"), "")
    assert answer.status == 200 and answer.field("Cache-Control") == "no-store"
    token = answer.body.decode()
    with listen(server, "", token):
        pass
    forged = ("A" if token[20] != "A" else "B").join((token[:20], token[21:]))
    with Listener(server, "", forged) as listener:
        listener.expect("err: Invalid credentials")
    reload(server)
    with Listener(server, "", token) as listener:  # good until the next settings
        listener.expect("err: Invalid credentials")


def add_token(path):
    """For alice; its text."""
    made = subprocess.run([davit.BINARY, "token", "add", "alice", "--tokens", str(path)],
                          check=True, capture_output=True, text=True).stdout
    return next(word for word in made.split() if word.startswith("dvt_"))


def replace(path, text):
    """At once, as davit's own tools do."""
    new = path.with_name("new")
    new.write_text(text)
    new.rename(path)


def revoke(path, token):
    lines = path.read_text().splitlines(keepends=True)
    replace(path, "".join(line for line in lines if not line.startswith(token[4:16])))


def test_who_is_removed_is_sent_away(server, folder):
    """With other accounts who has lost what he signed in by goes, and nobody else."""
    tokens = folder / "tokens"
    stays, goes = add_token(tokens), add_token(tokens)
    reload(server)
    with listen(server, "alice", stays) as kept, listen(server, "alice", goes) as gone, \
            listen(server) as alice, listen(server, "bob") as bob:
        revoke(tokens, goes)
        assert gone.code() == 1001
        for listener in kept, alice, bob:
            listener.expect("notify_file")  # once, since all may be otherwise now
        users = folder / "users"
        replace(users, users.read_text().replace(f"alice:{HASH}", "alice:$6$another"))
        assert alice.code() == 1001
        for listener in kept, bob:
            listener.expect("notify_file")
        put(server, "/f", "bob")
        for listener in kept, bob:
            listener.expect("notify_file")
    with Listener(server, "alice", goes) as listener:
        listener.expect("err: Invalid credentials")


def test_whose_app_is_signed_out_is_sent_away(folder):
    """And who has a token of a page which that app has asked for; a new app sends nobody away."""
    apps = folder / "apps"
    stays, goes = add_token(apps), add_token(apps)
    with davit.Davit(args=["-c", str(folder / "davit.conf")]) as server:
        check_apps(server, apps, stays, goes)


def check_apps(server, apps, stays, goes):
    page = server.request("POST", "/index.php/push/pre_auth", basic("alice", goes), "").body.decode()
    late = server.request("POST", "/index.php/push/pre_auth", basic("alice", goes), "").body.decode()
    with listen(server, "alice", stays) as kept, listen(server, "alice", goes) as gone, \
            listen(server, "", page) as shown, listen(server, "bob") as bob:
        add_token(apps)
        revoke(apps, goes)
        assert gone.code() == 1001
        assert shown.code() == 1001
        assert kept.was_told_nothing() and bob.was_told_nothing()
        with Listener(server, "", late) as listener:
            assert listener.code() == 1011
        put(server, "/f")
        for listener in kept, bob:
            listener.expect("notify_file")


def test_other_rules_are_asked_after_a_reload(server, folder):
    """Of who goes on listening."""
    config = folder / "davit.conf"
    with listen(server, "bob") as bob, listen(server) as alice:
        config.write_text(config.read_text().replace("[rule \"/private\"]\n", "[rule \"/secret\"]\n"))
        reload(server)
        for listener in bob, alice:
            listener.expect("notify_file")
        assert server.request("MKCOL", "/private", basic("alice", "pencil")).status == 201
        for listener in bob, alice:
            listener.expect("notify_file")
        assert server.request("MKCOL", "/secret", basic("alice", "pencil")).status == 201
        alice.expect("notify_file")
        config.write_text(config.read_text().replace("sync-clients = yes", "sync = yes"))
        reload(server)
        for listener in bob, alice:
            assert listener.code() == 1001


def test_the_capability_says_where(shared):
    for fields in ({}, {"Host": "cloud.example.org"}):
        answer = shared.request("GET", "/ocs/v2.php/cloud/capabilities?format=json", fields)
        told = json.loads(answer.body)["ocs"]["data"]["capabilities"]["notify_push"]
        host = fields.get("Host", shared.host)
        assert told == {"type": ["files"],
                        "endpoints": {"websocket": f"ws://{host}{PATH}",
                                      "pre_auth": f"http://{host}/index.php/push/pre_auth"}}


# --- the wire ---


def ask(server, *lines, path=PATH):
    head = f"GET {path} HTTP/1.1\r\nHost: {server.host}\r\n" + "".join(f"{l}\r\n" for l in lines)
    connection = server.connect()
    connection.send(head + "\r\n")
    return connection


UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")


def frame(first, payload=b"", length=None, mask=b"\x37\xfa\x21\x3d"):
    if length is None:
        length = bytes([0x80 | len(payload)])
    return bytes([first]) + length + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def answered(connection):
    """All frames up to the end, as pairs."""
    data = b""
    while True:
        try:
            piece = connection.socket.recv(65536)
        except ConnectionResetError:
            piece = b""
        if not piece:
            break
        data += piece
    _, _, data = data.partition(b"\r\n\r\n")
    frames = []
    while data:
        size = data[1]
        frames.append((data[0], data[2:2 + size]))
        data = data[2 + size:]
    return frames


def test_other_versions_are_told_which_there_is(shared):
    for lines in (UPGRADE[:2] + ("Sec-WebSocket-Version: 8",) + UPGRADE[3:], ()):
        with ask(shared, *lines) as connection:
            answer = connection.read()
            assert answer.status == 426, answer
            assert answer.field("Upgrade") == "websocket" and answer.field("Sec-WebSocket-Version") == "13"
            assert "Upgrade" in answer.field("Connection")
    with ask(shared, *UPGRADE, path="/elsewhere") as connection:
        assert connection.read().status in (401, 404)


MISTAKES = {
    "§5.1 no mask": (b"\x81\x01x", 1002),
    "§5.2 a reserved bit": (frame(0xc1, b"x"), 1002),
    "§5.2 a reserved opcode": (frame(0x83, b"x"), 1002),
    "§5.2 a length that is too long": (frame(0x81, b"x", b"\xfe\x00\x01"), 1002),
    "§5.2 a length of 64 bits with a sign": (frame(0x81, b"", b"\xff\x80" + bytes(7)), 1002),
    "§5.4 a continuation of nothing": (frame(0x80, b"x"), 1002),
    "§5.4 a message within a message": (frame(0x01, b"x") + frame(0x81, b"y"), 1002),
    "§5.5 a ping in fragments": (frame(0x09, b"x"), 1002),
    "§5.5 a long ping": (frame(0x89, b"x" * 126, b"\xfe\x00\x7e"), 1002),
    "§5.6 bytes": (frame(0x82, b"x"), 1003),
    "§7.4 half a code": (frame(0x88, b"\x03"), 1002),
    "§7.4 a code that is never sent": (frame(0x88, b"\x03\xed"), 1002),
    "§7.4.1 too much": (frame(0x81, b"", b"\xfe\x10\x01"), 1009),
    "§7.4.1 very much": (frame(0x81, b"", b"\xff" + (1 << 62).to_bytes(8, "big")), 1009),
    "§8.1 no UTF-8": (frame(0x81, b"\xc3\x28"), 1007),
    "§8.1 no UTF-8 in a reason": (frame(0x88, b"\x03\xe8\xff"), 1007),
    "none: it is closed": (frame(0x88, b"\x03\xe8bye"), 1000),
}


def test_mistakes_have_their_codes(shared):
    """RFC 6455, by section; each byte on its own and all at once."""
    for name, (data, code) in MISTAKES.items():
        for is_slow in (False, True):
            with ask(shared, *UPGRADE) as connection:
                connection.send(data, is_slow)
                assert answered(connection) == [(0x88, struct.pack("!H", code))], name


def test_requests_have_half_of_the_connections():
    with davit.Davit(args=[*ARGS, "--limit", "connections=4"]) as server:
        with ask(server, *UPGRADE) as first, ask(server, *UPGRADE) as second, ask(server, *UPGRADE) as third:
            assert sorted(c.read().status for c in (first, second, third)) == [101, 101, 503]


def test_pings_are_answered_and_bounded(shared):
    with ask(shared, *UPGRADE) as connection:
        connection.send(frame(0x89, b"hello") + frame(0x8a, b"unasked") + frame(0x88))
        assert answered(connection) == [(0x8a, b"hello"), (0x88, b"")]
    pss = pss_bytes(shared.process.pid)
    with ask(shared, *UPGRADE) as connection:
        connection.socket.settimeout(0.5)
        flood = frame(0x89, b"x" * 125) * 1000
        with pytest.raises(socket.timeout):
            for _ in range(400):
                connection.send(flood)  # and nothing is read
        assert pss_bytes(shared.process.pid) - pss < 16 << 20
    put(shared, "/still-there")


def test_who_is_silent_is_pinged_and_sent_away():
    with davit.Davit(args=[*ARGS, "--limit", "socket_ping_ms=300"]) as server:
        with ask(server, *UPGRADE) as connection:
            connection.send(frame(0x81, b"whoever") + frame(0x81, b""))
            assert (0x89, b"") in answered(connection)


def test_the_server_says_goodbye():
    """And does not wait for the end of a pause."""
    with davit.Davit(args=[*ARGS, "--limit", "socket_notice_ms=3600000"]) as server:
        with listen(server) as listener:
            server.process.send_signal(signal.SIGTERM)
            assert listener.code() == 1001
        server.stop()


def test_pages_of_its_own_origin_listen(shared):
    url = f"ws{shared.url[4:]}{PATH}"
    for origin in shared.url.rstrip("/"), "app://obsidian.md":
        websocket.create_connection(url, timeout=30, origin=origin).shutdown()
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(url, timeout=30, origin="https://evil.example")


def test_over_tls(folder):
    pair = tls.make_pair(folder, "localhost")
    with tls.Server([pair], ["-c", str(folder / "davit.conf")]) as server:
        url = f"wss://localhost:{server.address[1]}{PATH}"
        wire = websocket.create_connection(url, timeout=30, sslopt={"ca_certs": pair.certificate})
        wire.send("alice")
        wire.send("pencil")
        assert wire.recv() == "authenticated"
        wire.shutdown()


def test_many_listen():
    """What each of them holds, and that one change reaches all."""
    with davit.Davit(args=ARGS) as server:
        first = listen(server, "whoever", "")
        before = pss_bytes(server.process.pid)
        listeners = [listen(server, "whoever", "") for _ in range(LISTENERS)]
        each = (pss_bytes(server.process.pid) - before) / LISTENERS
        print(f"{each:.0f} bytes for each of {LISTENERS}")
        assert server.request("PUT", "/f", body="x").status == 201
        for listener in [first] + listeners:
            listener.expect("notify_file")
            listener.socket.shutdown()
        wait_for(lambda: server.request("PUT", "/f", body="x").status == 204, "an answer")
