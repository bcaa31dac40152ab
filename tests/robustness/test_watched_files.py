"""Files of users, tokens and certificates that change while the server runs: what they say holds without a signal,
however they are changed, and what is wrong with one is said once and changes nothing."""

import base64
import os
import socket
import ssl
import subprocess
import time

import davit
import pytest
import tls
from session import need_root, reload, wait_for

STAYS = "STAYS IN FORCE"


def basic(user, password="pencil"):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def command(*words, stdin="pencil\n"):
    done = subprocess.run([davit.BINARY, *map(str, words)], input=stdin, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(name="folder")
def folder_fixture(tmp_path):
    for name in ("alice", "bob"):
        davit.add_user(str(tmp_path / "users"), name, "pencil")
    (tmp_path / "davit.conf").write_text(
        f"[server]\nusers = {tmp_path}/users\ntokens = {tmp_path}/tokens\n"
        '[rule "/"]\nallow = all for users\n')
    return tmp_path


@pytest.fixture(name="server")
def server_fixture(folder):
    with davit.Davit(args=["-c", str(folder / "davit.conf")]) as running:
        yield running


def status(server, user, password="pencil"):
    return server.request("PROPFIND", "/", {**basic(user, password), "Depth": "0"}).status


def expect(server, wanted, user, password="pencil"):
    """Soon, and without a signal."""
    wait_for(lambda: status(server, user, password) == wanted, f"{wanted} for {user} in\n{server.stderr()}")


def test_what_davit_user_does_holds(server, folder):
    users = folder / "users"
    apps = folder / "apps"  # of one dave whom another program has removed, and of somebody else
    rows = [f"{digit * 12}:{name}:{digit * 64}:path=/\n" for digit, name in (("1", "dave"), ("2", "bob"))]
    apps.write_text("".join(rows))
    assert status(server, "dave") == 401
    command("user", "add", "dave", "--users", users, "--password-file", "-", "--app-passwords", apps)
    assert apps.read_text() == rows[1]
    expect(server, 207, "dave")
    assert status(server, "alice") == 207  # and is remembered
    command("user", "passwd", "alice", "--users", users, "--password-file", "-", stdin="other\n")
    expect(server, 401, "alice")
    assert status(server, "alice", "other") == 207
    command("user", "del", "bob", "--users", users)
    expect(server, 401, "bob")
    assert STAYS not in server.stderr() and "reloaded" not in server.stderr()


def test_what_davit_token_does_holds(server, folder):
    """The file is not there at first."""
    token = command("token", "add", "alice", "--tokens", folder / "tokens").strip()
    ask = {"Authorization": "Bearer " + token, "Depth": "0"}
    wait_for(lambda: server.request("PROPFIND", "/", ask).status == 207, f"the token in\n{server.stderr()}")
    name = command("token", "list", "--tokens", folder / "tokens").split()[0]
    command("token", "revoke", name, "--tokens", folder / "tokens")
    wait_for(lambda: server.request("PROPFIND", "/", ask).status == 401, f"its end in\n{server.stderr()}")


def with_carol(folder):
    copy = folder / "copy"
    copy.mkdir()
    for name in ("alice", "carol"):
        davit.add_user(str(copy / "users"), name, "pencil")
    return (copy / "users").read_text(), (copy / "users.keys").read_text()


def test_an_editor_that_renames_over(server, folder):
    text, keys = with_carol(folder)
    (folder / "users.keys").write_text(keys)
    (folder / ".users.swp").write_text(text)
    os.rename(folder / ".users.swp", folder / "users")
    expect(server, 207, "carol")
    assert status(server, "bob") == 401


def test_an_editor_that_moves_the_old_file_away_first(server, folder):
    text, keys = with_carol(folder)
    (folder / "users.keys").write_text(keys)
    os.rename(folder / "users", folder / "users~")
    (folder / "users").write_text(text)
    expect(server, 207, "carol")


def test_a_file_that_is_written_in_place(server, folder):
    text, keys = with_carol(folder)
    (folder / "users.keys").write_text(keys)
    with open(folder / "users", "r+", encoding="utf-8") as file:
        file.truncate()
        file.write(text)
    expect(server, 207, "carol")


def test_a_link_that_is_swapped(folder):
    """As Kubernetes mounts secrets: users -> ..data/users, ..data -> ..1, and ..data is replaced."""
    text, keys = with_carol(folder)
    for name, users, of_keys in (("..1", (folder / "users").read_text(), (folder / "users.keys").read_text()),
                                 ("..2", text, keys)):
        (folder / name).mkdir()
        (folder / name / "users").write_text(users)
        (folder / name / "users.keys").write_text(of_keys)
    os.symlink("..1", folder / "..data")
    for name in ("users", "users.keys"):
        os.remove(folder / name)
        os.symlink(f"..data/{name}", folder / name)
    with davit.Davit(args=["-c", str(folder / "davit.conf")]) as server:
        assert status(server, "bob") == 207
        os.symlink("..2", folder / "..tmp")
        os.rename(folder / "..tmp", folder / "..data")
        expect(server, 207, "carol")
        assert status(server, "bob") == 401


def test_a_faulty_file_keeps_the_old_one_and_is_named_once(server, folder):
    good = (folder / "users").read_text()
    (folder / "users").write_text(good + "no colon\n")
    server.says(STAYS)
    server.says("has no ':'")
    assert status(server, "alice") == 207 and status(server, "bob") == 207
    # What is wrong with one file keeps nothing of another, and is not told again with it.
    token = command("token", "add", "alice", "--tokens", folder / "tokens").strip()
    ask = {"Authorization": "Bearer " + token, "Depth": "0"}
    wait_for(lambda: server.request("PROPFIND", "/", ask).status == 207, "the token")
    assert server.stderr().count(STAYS) == 1, server.stderr()
    (folder / "users").write_text("".join(line for line in good.splitlines(True) if not line.startswith("bob")))
    expect(server, 401, "bob")
    assert server.stderr().count(STAYS) == 1
    os.remove(folder / "users")
    server.says(STAYS, 2)
    server.says("cannot open")
    assert status(server, "alice") == 207


def test_a_file_that_is_still_being_written_is_left_alone(server, folder):
    text = (folder / "users").read_text()
    with open(folder / "users", "w", encoding="utf-8", buffering=1) as file:
        file.write("# half\n")
        for _ in range(20):  # each a moment after the other
            file.write("# half\n")
            time.sleep(0.05)
            os.utime(folder / "users", ns=(0, time.time_ns()))
        file.write(text)
    davit.add_user(str(folder / "users"), "carol", "pencil")
    expect(server, 207, "carol")
    assert status(server, "bob") == 207


def test_who_takes_all_descriptors_does_not_stay(folder):
    """When he is removed the file cannot be opened; he is out as soon as it can be."""
    (folder / "root").mkdir()
    with open(folder / "root" / "big", "wb") as file:
        file.truncate(1 << 30)
    with davit.Davit(root=str(folder / "root"), args=["--users", str(folder / "users"), "--clear-passwords"],
                     wrapper=["prlimit", "--nofile=64:64"]) as server:
        held = []
        try:
            while "cannot open a file" not in server.stderr() and len(held) < 64:
                held.append(socket.create_connection(server.address))
                held[-1].sendall(b"GET /big HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " +
                                 basic("bob")["Authorization"].encode() + b"\r\n\r\n")
                held[-1].settimeout(10)
                held[-1].recv(1)
            command("user", "del", "bob", "--users", folder / "users")
            server.says(STAYS)
        finally:
            for one in held:
                one.close()
        expect(server, 401, "bob")
        assert server.stderr().count(STAYS) == 1


def test_a_token_that_is_cut_off_keeps_its_bounds(server, folder):
    """Its writer stalls, or the disk is full: what is there so far is a token without bounds."""
    token = command("token", "add", "alice", "--read-only", "--tokens", folder / "tokens").strip()
    ask = {"Authorization": "Bearer " + token, "Depth": "0"}
    wait_for(lambda: server.request("PROPFIND", "/", ask).status == 207, "the token")
    text = (folder / "tokens").read_text()
    (folder / "tokens").write_text(text[:text.index("read-only")])
    server.says(STAYS)
    server.says("has no line end: the file may have been cut off")
    assert server.request("PUT", "/new", ask, b"x").status == 403
    assert server.request("PROPFIND", "/", ask).status == 207


def test_the_configuration_is_not_read_with_it(server, folder):
    """It may be half edited, or wait for its hour."""
    with open(folder / "davit.conf", "a", encoding="utf-8") as file:
        file.write("deny = all for alice\n[nonsense\n")
    davit.add_user(str(folder / "users"), "dave", "pencil")
    expect(server, 207, "dave")
    assert status(server, "alice") == 207
    reload(server, "keeping the old settings")
    davit.add_user(str(folder / "users"), "erin", "pencil")
    expect(server, 207, "erin")


def test_files_that_only_sighup_has_named(server, folder):
    (folder / "more").mkdir()
    davit.add_user(str(folder / "more" / "users"), "alice", "pencil")
    config = (folder / "davit.conf").read_text()
    (folder / "davit.conf").write_text(config.replace(f"{folder}/users", f"{folder}/more/users"))
    reload(server)
    expect(server, 401, "bob")
    for name in ("dave", "erin"):  # twice: settings that are renewed are renewed again
        davit.add_user(str(folder / "more" / "users"), name, "pencil")
        expect(server, 207, name)
    reload(server)
    assert status(server, "erin") == 207


def test_certificates(tmp_path):
    """Also where the key comes a moment after the certificate: until then the old ones serve."""
    with tls.Server([tls.make_pair(tmp_path, "localhost")]) as server:
        before = ssl.get_server_certificate(server.address)
        (tmp_path / "new").mkdir()
        new = tls.make_pair(tmp_path / "new", "localhost")
        os.rename(new.certificate, tmp_path / "cert.pem")
        server.says("keeping the old certificates")
        assert ssl.get_server_certificate(server.address) == before
        os.rename(new.key, tmp_path / "key.pem")
        wait_for(lambda: ssl.get_server_certificate(server.address) != before, f"the new one in\n{server.stderr()}")
        assert server.stderr().count("keeping the old certificates") == 1


def test_a_file_that_it_may_not_look_at_is_named_once(tmp_path):
    """Without a process that opens files for it: it runs as somebody else from the start."""
    need_root("running as another user")
    for part in (tmp_path, *list(tmp_path.parents)[:3]):
        os.chmod(part, 0o755)
    secret = tmp_path / "secret"
    secret.mkdir()
    davit.add_user(str(secret / "users"), "alice", "pencil")
    root = tmp_path / "root"
    root.mkdir()
    os.chown(root, 65534, 65534)
    with davit.Davit(root=str(root), args=["--users", str(secret / "users")],
                     wrapper=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]) as server:
        assert status(server, "alice") == 207
        os.chmod(secret, 0o700)
        server.says("cannot be watched", 2)
        time.sleep(2)
        assert server.stderr().count("cannot be watched") == 2, "the users and their keys, once\n" + server.stderr()
        assert STAYS not in server.stderr() and status(server, "alice") == 207
