"""Attacks on signing in, and configurations that change while the server runs."""

import base64
import os
import re
import select
import socket
import statistics
import subprocess
import time

import davit
import pytest
import session
from session import reload

RULES = '[rule "/"]\nallow = all for users\n'


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def rss_kib(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))


@pytest.fixture(name="folder")
def folder_fixture(tmp_path):
    for name in ("alice", "bob", "carol"):
        davit.add_user(str(tmp_path / "users"), name, "pencil")
    (tmp_path / "davit.conf").write_text(f"[server]\nusers = {tmp_path}/users\n" + RULES)
    return tmp_path


@pytest.fixture(name="server")
def server_fixture(folder):
    with davit.Davit(args=["-c", str(folder / "davit.conf")]) as running:
        with open(running.path("a"), "w", encoding="utf-8") as file:
            file.write("hello")
        yield running


def test_what_is_not_served_is_said_to_who_may(server, folder):
    """RFC 9110 §15.5.6: which methods there are is said after the rules, to whom they let in."""
    with open(folder / "davit.conf", "a", encoding="utf-8") as file:
        file.write('[rule "/private"]\ndeny = all for bob\n')
    reload(server)
    os.mkdir(server.path("private"))
    for method, path in (("CHECKOUT", "/a"), ("PATCH", "/none"), ("DELETE", "/"), ("MKCOL", "/a")):
        answer = server.request(method, path)
        assert answer.status == 401 and answer.field("WWW-Authenticate"), (method, path)
        assert not answer.field("Allow"), (method, path)
        answer = server.request(method, path, basic("alice", "pencil"))
        assert answer.status == 405 and "OPTIONS" in answer.field("Allow"), (method, path)
    answer = server.request("POST", "/private", basic("bob", "pencil"))
    assert answer.status == 403 and not answer.field("Allow")


def test_a_hundred_thousand_wrong_sign_ins_in_bounded_memory(server):
    count = 20000 if session.IS_SANITIZED else 100000
    batch = 500
    assert server.request("GET", "/a", basic("alice", "pencil")).status == 200
    statuses = {}
    before = None
    with server.connect(120) as connection:
        for at in range(0, count, batch):
            text = "".join(
                f"GET /a HTTP/1.1\r\nHost: localhost\r\n"
                f"Authorization: {basic(f'user{at + i}', 'guess')['Authorization']}\r\n\r\n"
                for i in range(batch))
            connection.send(text)
            for _ in range(batch):
                status = connection.read("GET").status
                statuses[status] = statuses.get(status, 0) + 1
            if at == 10 * batch:
                before = rss_kib(server)
    assert set(statuses) == {401, 429} and statuses[429] > count * 0.9, statuses
    grown = rss_kib(server) - before
    assert grown < (400000 if session.IS_SANITIZED else 8000), f"{grown} KiB more"
    # Who was right lately is not kept out by it, nor is anybody once it is over.
    assert server.request("GET", "/a", basic("alice", "pencil")).status == 200
    deadline = time.monotonic() + 60
    while server.request("GET", "/a", basic("bob", "pencil")).status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def status_from(server, source, user, password):
    """Of a GET from that address of this machine."""
    with server.connect(source=source) as connection:
        lines = "".join(f"{name}: {value}\r\n" for name, value in basic(user, password).items())
        connection.send(f"GET /a HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n")
        return connection.read("GET").status


def test_what_is_slowed_says_for_how_long(server):
    for i in range(8):
        assert server.request("GET", "/a", basic("alice", f"x{i}")).status == 401
    answer = server.request("GET", "/a", basic("alice", "x"))
    assert answer.status == 429 and 1 <= int(answer.field("Retry-After")) <= 60


def test_who_guesses_keeps_out_neither_the_user_nor_his_neighbours(server):
    assert status_from(server, "127.3.0.2", "alice", "pencil") == 200
    guesses = [status_from(server, "127.3.0.1", "alice", f"x{i}") for i in range(16)]
    assert guesses == [401] * 8 + [429] * 8
    assert status_from(server, "127.3.0.1", "bob", "pencil") == 200, "a neighbour"
    assert status_from(server, "127.3.0.3", "alice", "pencil") == 200, "the user elsewhere"
    assert status_from(server, "127.3.0.1", "alice", "pencil") == 200, "his password was right before"


def test_a_telephone_with_an_old_password_counts_once(server):
    for _ in range(40):
        assert server.request("GET", "/a", basic("alice", "old")).status == 401
    assert server.request("GET", "/a", basic("alice", "pencil")).status == 200


def test_hashing_has_threads_and_a_queue_of_its_own(tmp_path):
    """Many wrong sign-ins at once, each of which costs long: who has signed in works on meanwhile, only so many
    wait, and the rest hears when to come again."""
    users = str(tmp_path / "users")
    done = subprocess.run(["htpasswd", "-cbBC", "13", users, "slow", "pencil"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("there is no htpasswd to make a slow hash")
    davit.add_user(users, "alice", "pencil")
    args = ["--users", users, "--limit", "hash_count=1", "--limit", "hash_queue=16", "--workers", "2"]
    with davit.Davit(args=args) as running:
        assert running.request("PUT", "/a", basic("alice", "pencil"), b"1").status == 201
        connections = [running.connect(300, source=f"127.4.0.{i + 1}") for i in range(40)]
        for i, connection in enumerate(connections):
            field = basic("slow", f"guess{i}")["Authorization"]
            connection.send(f"GET /a HTTP/1.1\r\nHost: localhost\r\nAuthorization: {field}\r\n\r\n")
        assert running.request("PUT", "/a", basic("alice", "pencil"), b"2").status == 204
        answered = select.select([connection.socket for connection in connections], [], [], 0)[0]
        assert len(answered) < 40, "it was not answered first"
        answers = [connection.read("GET") for connection in connections]
        for connection in connections:
            connection.close()
    statuses = [answer.status for answer in answers]
    assert set(statuses) == {401, 503} and statuses.count(503) >= 40 - 12 - 8, statuses
    assert all(int(answer.field("Retry-After")) >= 1 for answer in answers if answer.status == 503)


def timed(server, user, source):
    """Seconds that one wrong sign-in takes, from an address of this machine that has made none."""
    with socket.create_connection(server.address, 60, (source, 0)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        field = basic(user, "wrong")["Authorization"]
        begin = time.perf_counter()
        connection.sendall(f"GET /a HTTP/1.1\r\nHost: localhost\r\nAuthorization: {field}\r\n\r\n".encode())
        answer = connection.recv(65536)
        assert b" 401 " in answer, answer
        return time.perf_counter() - begin


def test_time_does_not_tell_whether_a_user_exists(server, record_property):
    known, unknown = [], []
    for i in range(7):
        for k, name in enumerate(("alice", "bob", "carol")):
            known.append(timed(server, name, f"127.1.{i}.{k + 1}"))
            unknown.append(timed(server, f"nobody{i}{k}", f"127.2.{i}.{k + 1}"))
    for name, values in (("known", known), ("unknown", unknown)):
        record_property(name, f"median {statistics.median(values):.4f} s of {len(values)}")
    # Statistics, not an assertion of the figure: only that a stranger is hashed at all.
    assert statistics.median(unknown) > statistics.median(known) / 3


def test_floods_of_parameters_are_refused(server):
    many = "Digest " + ", ".join(f"p{i}=x" for i in range(1000))
    assert server.request("GET", "/a", {"Authorization": many}).status == 401
    quoted = 'Digest username="' + "\\a" * 10000 + '"'
    assert server.request("GET", "/a", {"Authorization": quoted}).status == 401
    long = "Basic " + base64.b64encode(b"a:" + b"x" * 20000).decode()
    assert server.request("GET", "/a", {"Authorization": long}).status == 401
    lines = [("Authorization", "Basic YTpi")] * 100
    assert server.request("GET", "/a", lines).status == 400
    assert server.request("GET", "/a", {"Authorization": "Bearer " + "." * 20000}).status == 401


def test_a_body_is_not_wanted_before_the_sign_in(server):
    with server.connect() as connection:
        connection.send("PUT /b HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert connection.read("PUT").status == 401


def test_reload_changes_users_and_rules_and_drops_no_connection(server, folder):
    with session.Session(server) as client:
        client.expect(200, "GET", "/a", basic("alice", "pencil"))
        client.expect(401, "GET", "/a", basic("dave", "new"))
        kept = client.connection
        davit.add_user(str(folder / "users"), "dave", "new")
        subprocess.run([davit.BINARY, "user", "passwd", "alice", "--users", str(folder / "users"),
                        "--password-file", "-"], input="other\n", text=True, check=True)
        with open(folder / "davit.conf", "a", encoding="utf-8") as file:
            file.write('[rule "/a"]\ndeny = read for bob\n')
        client.expect(200, "GET", "/a", basic("bob", "pencil"))
        reload(server, "the settings have been reloaded")
        client.expect(200, "GET", "/a", basic("dave", "new"))
        client.expect(401, "GET", "/a", basic("alice", "pencil"))  # also where it was remembered
        client.expect(200, "GET", "/a", basic("alice", "other"))
        client.expect(403, "GET", "/a", basic("bob", "pencil"))
        assert client.connection is kept


@pytest.mark.parametrize("mistake,said", [
    ("[rule \"/\"]\nalow = all for users\n", "in [rule]; a rule has allow, deny and hidden"),
    ("[servr]\n", "there is no section [servr]; did you mean [server]?"),
    ("[server]\nusers = /not/there\n", "cannot open '/not/there'"),
    ("[server]\nschemes = bsic\n", "there is no sign-in scheme 'bsic'"),
    ("rubbish", "davit.conf:1: neither"),
    ("[server]\nothers-write = no\n", "cannot be both yes and no; to change it, restart davit"),
    ("[server]\nsync = yes\n", "cannot be both yes and no; to change it, restart davit"),
    ("[server]\nsync = yes\nothers-write = no\nread-only = yes\n", "sync needs a server that may write"),
    ("\ufeff[server]\n", "davit.conf:1: starts with a byte order mark"),
])
def test_reload_of_a_broken_file_keeps_the_old_settings(server, folder, mistake, said):
    (folder / "davit.conf").write_text(mistake)
    reload(server, "keeping the old settings")
    server.says(said)
    assert server.request("GET", "/a", basic("alice", "pencil")).status == 200
    assert server.request("GET", "/a").status == 401


@pytest.mark.parametrize("mistake,said", [
    ("\ufeffbob:\n", "line 1: starts with a byte order mark"),
    ("# us\nbob\n", "line 2: has no ':'"),
    ("# us\n\n bob:\n", "line 3: starts with a blank"),
    ("bob :\n", "line 1: has a blank before a ':'"),
    ("bob:$2y$05$8NYUrE8 \n", "line 1: ends with a blank"),
])
def test_what_nobody_sees_in_the_users_file_is_named(mistake, said, tmp_path):
    """By the server, and by `davit user`, which leaves the file as it is."""
    users = tmp_path / "users"
    users.write_text(mistake, encoding="utf-8")
    for command in (["serve", "--listen", "127.0.0.1:0", "--users", str(users), str(tmp_path)],
                    ["user", "add", "alice", "--users", str(users), "--password-file", "-"]):
        done = subprocess.run([davit.BINARY, *command], input="pencil\n", capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode and said in done.stderr, done.stderr
    assert users.read_text(encoding="utf-8") == mistake
    assert not os.path.exists(str(users) + ".keys")


def test_names_that_would_spoil_a_file_are_refused(tmp_path):
    for name in (" alice", "alice ", "al:ice", "al\nice", "@alice", ""):
        for command in (["user", "add", name, "--users", "users", "--password-file", "-"],
                        ["token", "add", name, "--tokens", "tokens"]):
            done = subprocess.run([davit.BINARY, *command], input="pencil\n", capture_output=True, text=True,
                                  cwd=tmp_path, timeout=60, check=False)
            assert done.returncode == 1 and "cannot be the name of a user" in done.stderr, (name, done)
    assert not os.listdir(tmp_path)


def test_the_file_of_htpasswd_is_read(folder, tmp_path):
    users = str(tmp_path / "htpasswd")
    for option in ("-cbB", "-b5"):
        name = "b" if "B" in option else "s"
        done = subprocess.run(["htpasswd", option, users, name, "pencil"], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("htpasswd cannot do that")
    davit.add_user(users, "y", "pencil")
    os.chmod(users, 0o644)
    assert subprocess.run(["htpasswd", "-vb", users, "y", "pencil"], capture_output=True,
                          check=False).returncode == 0
    with davit.Davit(args=["--users", users]) as server:
        for name in "bsy":
            assert server.request("PROPFIND", "/", {"Depth": "0", **basic(name, "pencil")}).status == 207
            assert server.request("PROPFIND", "/", {"Depth": "0", **basic(name, "pen")}).status == 401
    assert folder


def test_others_are_let_in_only_where_somebody_can_sign_in():
    done = subprocess.run([davit.BINARY, "serve", "--listen", "0.0.0.0:0", "/tmp"], capture_output=True,
                          text=True, timeout=30, check=False)
    assert done.returncode == 2 and "give --users FILE" in done.stderr


def test_a_proxy_that_is_trusted_says_who_the_client_is(folder):
    """Wrong sign-ins of one client do not slow the others behind the same proxy, nor can a client choose its address."""
    config = folder / "davit.conf"
    config.write_text(config.read_text() + '[rule "/near"]\ndeny = all for users\n'
                      'allow = read for users from 198.51.100.0/24\n')
    args = ["-c", str(config), "--trust-proxy", "127.0.0.1", "--access-log", str(folder / "log")]
    with davit.Davit(args=args) as running:
        os.mkdir(running.path("near"))

        def status(forwarded, user="alice", password="pencil", path="/", **more):
            fields = {"X-Forwarded-For": forwarded, "Depth": "0", **basic(user, password), **more}
            return running.request("PROPFIND", path, fields).status

        for i in range(8):
            assert status("203.0.113.5", "carol", f"x{i}") == 401
        assert status("203.0.113.5", "carol") == 429
        assert status("203.0.113.5, 127.0.0.1", "carol") == 429, "that was another proxy"
        assert status("198.51.100.7, 203.0.113.5", "carol") == 429, "the client itself said what comes first"
        assert status("203.0.113.6", "carol") == 207
        assert status("203.0.113.6", "carol", path="/near") == 403
        assert status("198.51.100.7", "carol", path="/near") == 207
        assert status("[2001:db8::1]:1234", "carol") == 207
        assert status("203.0.113.6", "bob", **{"X-Forwarded-Proto": "http"}) == 403, "others can read that"
        assert status("203.0.113.6", "bob", **{"X-Forwarded-Proto": "https"}) == 207
        lines = (folder / "log").read_text()
        assert "203.0.113.6 carol [" in lines and "2001:db8::1 carol [" in lines


def test_nobody_else_is_believed(server):
    for i in range(9):
        fields = {"X-Forwarded-For": f"203.0.113.{i}", **basic("alice", f"x{i}")}
        last = server.request("GET", "/a", fields)
    assert last.status == 429


# --- keys ---

def user(folder, *args, password="pencil"):
    done = subprocess.run([davit.BINARY, "user", *args, "--users", str(folder / "some"), "--password-file", "-"],
                          input=password + "\n", capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def listed(folder):
    return subprocess.run([davit.BINARY, "user", "list", "--users", str(folder / "some")], capture_output=True,
                          text=True, check=True).stdout.splitlines()


def test_keys_for_md5_are_made_when_they_are_asked_for(tmp_path):
    assert user(tmp_path, "add", "alice") == ""
    assert listed(tmp_path) == ["alice scram digest basic"]
    assert "md5=" not in (tmp_path / "some.keys").read_text()
    user(tmp_path, "add", "bob", "--digest-md5")
    assert "bob scram digest digest-md5 basic" in listed(tmp_path)
    assert "--digest-md5 makes one" in user(tmp_path, "add", "carol")


def test_keys_with_fewer_rounds_go_on_and_are_named(tmp_path):
    user(tmp_path, "add", "alice")
    keys = tmp_path / "some.keys"
    before = keys.read_text()
    assert "scram=600000," in before
    salts = [line for line in before.splitlines() if line.startswith(":salts=")]
    keys.write_text(before.replace("scram=600000,", "scram=15000,").replace(salts[0] + "\n", ""))
    assert listed(tmp_path) == ["alice scram:15000 digest basic"]
    with davit.Davit(args=["--users", str(tmp_path / "some")]) as running:
        running.says("the keys of 1 users for SCRAM have fewer than the 600000 rounds")
        running.says("other salts after each restart")
        assert rounds_of(running, "alice") == rounds_of(running, "nobody") == b"i=15000"
    user(tmp_path, "passwd", "alice", password="other")
    assert listed(tmp_path) == ["alice scram digest basic"]
    assert keys.read_text().count(":salts=") == 1


def first_of_scram(server, name):
    """What the server answers to the first message of SCRAM: nonce, salt, rounds."""
    data = base64.b64encode(f"n,,n={name},r=client".encode()).decode()
    answer = server.request("GET", "/", {"Authorization": f"SCRAM-SHA-256 data={data}"})
    step = re.search(r'data="([^"]+)"', answer.field("WWW-Authenticate")).group(1)
    return base64.b64decode(step).split(b",")


def rounds_of(server, name):
    return first_of_scram(server, name)[2]


def test_what_strangers_are_told_outlives_a_restart(tmp_path):
    user(tmp_path, "add", "alice")
    told = []
    for _ in range(2):
        with davit.Davit(args=["--users", str(tmp_path / "some")]) as running:
            assert "salts" not in running.stderr()
            told.append([first_of_scram(running, name)[1:] for name in ("alice", "nobody", "eve")])
        user(tmp_path, "add", f"more{len(told)}")
    assert told[0] == told[1]
