"""The served directory is replaced, removed, hidden behind a mount, or comes back, while davit runs.
A listing that is empty because its directory has gone makes clients that synchronise delete their
copies: it must be 503, or the truth."""

import os
import shutil
import signal
import subprocess
import tempfile
import time

import davit
import pytest
from session import Session, need_root, wait_for

PATCH = ('<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><a xmlns="urn:x">kept</a></D:prop></D:set>'
         "</D:propertyupdate>")
NAMES = {b"/", b"/f", b"/d/"}


@pytest.fixture
def place():
    """A folder to move directories about in."""
    with tempfile.TemporaryDirectory(prefix="davit-root-") as folder:
        yield folder


def fill(root):
    os.makedirs(f"{root}/d")
    for name in ("f", "d/g"):
        with open(f"{root}/{name}", "w", encoding="ascii") as file:
            file.write("one")


@pytest.fixture(params=["inside", "outside"])
def served(request, place):
    fill(f"{place}/files")
    args = [] if request.param == "inside" else ["--state", f"{place}/state"]
    with davit.Davit(root=f"{place}/files", args=args) as server:
        with Session(server) as client:
            yield server, client


def names_of(client):
    return set(client.propfind("/", depth="1"))


def check_unavailable(client):
    """Whatever is asked, the answer is neither an empty collection nor a missing resource."""
    for method, target, fields, body in (
            ("PROPFIND", "/", {"Depth": "1"}, None), ("PROPFIND", "/", {"Depth": "infinity"}, None),
            ("PROPFIND", "/f", {"Depth": "0"}, None), ("GET", "/", None, None),
            ("GET", "/f", None, None), ("HEAD", "/d/g", None, None), ("GET", "/new", None, None),
            ("PUT", "/new", None, b"x"), ("PUT", "/f", None, b"x"), ("MKCOL", "/c", None, None),
            ("DELETE", "/f", None, None), ("COPY", "/f", {"Destination": "/f2"}, None),
            ("MOVE", "/d", {"Destination": "/d2"}, None), ("PROPPATCH", "/f", None, PATCH)):
        response = client.request(method, target, fields, body)
        assert response.status == 503, (method, target, response)
        assert response.field("Retry-After"), (method, target)


def test_a_directory_that_has_gone_is_503_until_it_is_back(served):
    server, client = served
    for _ in range(4):  # often enough to be remembered
        assert names_of(client) == NAMES
        client.expect(200, "GET", "/f")
    os.rename(server.root, server.root + ".away")
    shutil.copytree(server.root + ".away", server.root + ".copy")
    shutil.rmtree(server.root + ".away/d")
    os.unlink(server.root + ".away/f")
    check_unavailable(client)
    server.says("is gone; answering 503")
    shutil.rmtree(server.root + ".away")
    check_unavailable(client)
    assert server.stderr().count("is gone; answering 503") == 1, "it is said once"
    os.rename(server.root + ".copy", server.root)
    wait_for(lambda: client.request("GET", "/f").status == 200, "the directory to be served again")
    assert names_of(client) == NAMES


def test_what_is_learned_late_is_not_of_a_directory_that_has_gone(served):
    """Who learns a long listing learns the next one after the directory has gone."""
    server, client = served
    os.mkdir(f"{server.root}/long")
    for i in range(3000):
        with open(f"{server.root}/long/{i}", "w", encoding="ascii"):
            pass
    for _ in range(8):
        for path in ("/long/", "/"):
            client.expect(207, "PROPFIND", path, {"Depth": "1"})
        os.rename(server.root, server.root + ".away")
        for _ in range(20):
            for depth in "01":
                client.expect(503, "PROPFIND", "/", {"Depth": depth})
            time.sleep(0.005)
        os.rename(server.root + ".away", server.root)


def test_a_directory_that_was_moved_away_and_back_is_served_again(served):
    server, client = served
    lock = client.lock("/f")
    client.expect(207, "PROPPATCH", "/f", {"If": f"(<{lock}>)"}, PATCH)
    os.rename(server.root, server.root + ".away")
    client.expect(503, "PROPFIND", "/", {"Depth": "1"})
    os.rename(server.root + ".away", server.root)
    assert names_of(client) == NAMES
    assert client.propfind("/f")[b"/f"]["{urn:x}a"].text == "kept"
    client.expect(423, "PUT", "/f", None, b"x")
    client.expect(204, "PUT", "/f", {"If": f"(<{lock}>)"}, b"x")
    server.says("is back")


def test_a_restored_backup_is_served(served):
    """mv files bad; cp -a backup files; rm -rf bad"""
    server, client = served
    assert names_of(client) == NAMES
    shutil.copytree(server.root, server.root + ".backup",
                    ignore=shutil.ignore_patterns(".davit"))
    with open(server.root + ".backup/new", "w", encoding="ascii") as file:
        file.write("new")
    os.rename(server.root, server.root + ".bad")
    os.rename(server.root + ".backup", server.root)
    shutil.rmtree(server.root + ".bad")
    response = client.request("PROPFIND", "/", {"Depth": "1"})
    assert response.status == 503 or b"/new" in response.body
    wait_for(lambda: client.request("GET", "/new").status == 200, "the backup to be served")
    assert names_of(client) == NAMES | {b"/new"}
    client.expect(201, "PUT", "/more", None, b"x")
    assert os.path.exists(server.root + "/more")
    lock = client.lock("/f")
    client.expect(207, "PROPPATCH", "/f", {"If": f"(<{lock}>)"}, PATCH)
    server.kill()
    server.start()
    with Session(server) as again:
        again.expect(423, "PUT", "/f", None, b"x")
        assert again.propfind("/f")[b"/f"]["{urn:x}a"].text == "kept"


def test_after_sighup_the_directory_of_that_name_is_served(served):
    server, client = served
    os.rename(server.root, server.root + ".bad")
    fill(server.root)
    with open(server.root + "/new", "w", encoding="ascii") as file:
        file.write("new")
    server.process.send_signal(signal.SIGHUP)
    server.says("the settings have been reloaded")
    client.expect(200, "GET", "/new")
    assert names_of(client) == NAMES | {b"/new"}


def test_state_that_lies_elsewhere_is_that_of_the_new_directory(place):
    """The paths are the same, and so are locks and properties."""
    fill(f"{place}/files")
    with davit.Davit(root=f"{place}/files", args=["--state", f"{place}/state"]) as server:
        with Session(server) as client:
            lock = client.lock("/f")
            client.expect(207, "PROPPATCH", "/f", {"If": f"(<{lock}>)"}, PATCH)
            for round_number in range(3):
                os.rename(server.root, f"{server.root}.{round_number}")
                fill(server.root)
                wait_for(lambda: client.request("GET", "/f").status == 200, "the new directory")
                client.expect(423, "PUT", "/f", None, b"x")
                assert client.propfind("/f")[b"/f"]["{urn:x}a"].text == "kept"
                client.expect(204, "PUT", "/f", {"If": f"(<{lock}>)"}, b"x")
            another = client.lock("/d/g")
        server.kill()
        server.start()
        with Session(server) as client:
            client.expect(423, "PUT", "/f", None, b"x")
            client.expect(423, "PUT", "/d/g", None, b"x")
            client.expect(204, "UNLOCK", "/d/g", {"Lock-Token": f"<{another}>"})


def take_away(path):
    os.remove(path) if os.path.isfile(path) else shutil.rmtree(path)


@pytest.mark.parametrize("how", [take_away, lambda path: os.rename(path, path + ".moved")],
                         ids=["removed", "moved"])
@pytest.mark.parametrize("part", ["", "state.db", "state.db-wal", "state.db-shm", "locks.journal",
                                  "staging"])
def test_what_is_acknowledged_after_state_went_away_survives_a_kill(served, place, part, how):
    server, client = served
    state = f"{place}/state" if server.args else server.root + "/.davit"
    client.expect(207, "PROPPATCH", "/d/g", None, PATCH)
    before = client.lock("/d/g")
    how(os.path.join(state, part).rstrip("/"))
    client.expect(204, "PUT", "/f", None, b"two")
    client.expect(207, "PROPPATCH", "/f", None, PATCH)
    lock = client.lock("/f")
    server.kill()
    server.start()
    with Session(server) as again:
        for target, token in (("/d/g", before), ("/f", lock)):
            assert again.propfind(target)[target.encode()]["{urn:x}a"].text == "kept"
            again.expect(423, "PUT", target, None, b"x")
            again.expect(204, "UNLOCK", target, {"Lock-Token": f"<{token}>"})


def test_what_is_mounted_over_the_root_is_served(place):
    need_root("mounting a file system")
    fill(f"{place}/files")
    with davit.Davit(root=f"{place}/files") as server, Session(server) as client:
        for _ in range(4):
            assert names_of(client) == NAMES
            client.expect(200, "GET", "/f")
        subprocess.run(["mount", "-t", "tmpfs", "none", server.root], check=True)
        try:
            with open(server.root + "/f", "w", encoding="ascii") as file:
                file.write("above")
            wait_for(lambda: client.request("GET", "/f").body == b"above", "what is mounted")
            assert names_of(client) == {b"/", b"/f"}
        finally:
            subprocess.run(["umount", "-l", server.root], check=True)
        wait_for(lambda: client.request("GET", "/d/g").status == 200, "what was below")
        assert names_of(client) == NAMES


def test_a_root_that_is_unmounted_keeps_no_other_davit_from_starting(place):
    need_root("mounting a file system")
    os.mkdir(f"{place}/mounted")
    subprocess.run(["mount", "-t", "tmpfs", "none", f"{place}/mounted"], check=True)
    try:
        server = davit.Davit(root=f"{place}/mounted")
    finally:
        subprocess.run(["umount", "-l", f"{place}/mounted"], check=True)
    with server:
        fill(f"{place}/files")
        with davit.Davit(root=f"{place}/files") as other:
            assert other.request("GET", "/f").status == 200


def test_one_mount_that_has_gone_leaves_the_others(place):
    for name in ("a", "b"):
        fill(f"{place}/{name}")
    config = f"{place}/davit.conf"
    with open(config, "w", encoding="ascii") as file:
        file.write(f'[mount "/a"]\nroot = {place}/a\n[mount "/b"]\nroot = {place}/b\n')
    server = davit.Davit.__new__(davit.Davit)
    server.operands = lambda: ["-c", config]
    server.__init__(root=place)
    with server, Session(server) as client:
        os.rename(f"{place}/a", f"{place}/away")
        client.expect(503, "PROPFIND", "/a/", {"Depth": "1"})
        client.expect(200, "GET", "/b/f")
        client.expect(503, "MOVE", "/b/f", {"Destination": "/a/new"})
        client.expect(200, "GET", "/b/f")
        os.rename(f"{place}/away", f"{place}/a")
        client.expect(200, "GET", "/a/f")
