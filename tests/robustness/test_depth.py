"""A tree that is nested deeper than any path reaches: other programs make such, and renames of
collections into each other do. It can be removed; what else cannot be done with it is said, and
nothing of it is lost."""

import contextlib
import ctypes
import os
import subprocess

import davit
import pytest
from session import Session, descriptors, litter, members, need_root, statuses, traced

LEVELS = 5000
MIDDLE = 1500  # so far a path reaches
WALKED = 400   # walk_depth


def make_tree(folder, levels=LEVELS):
    """`folder`/d/d/..., with a file "f" in each hundredth, as no path can: step by step."""
    fd = os.open(folder, os.O_RDONLY)
    for level in range(levels):
        os.mkdir("d", dir_fd=fd)
        inner = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
        if level % 100 == 0:
            os.close(os.open("f", os.O_WRONLY | os.O_CREAT, dir_fd=fd))
    os.close(fd)


def depth_of(folder):
    """How many collections named "d" there are within each other."""
    fd = os.open(folder, os.O_RDONLY)
    for depth in range(LEVELS + 1):
        try:
            inner = os.open("d", os.O_RDONLY, dir_fd=fd)
        except FileNotFoundError:
            os.close(fd)
            return depth
        os.close(fd)
        fd = inner
    os.close(fd)
    return LEVELS + 1


def at(level):
    return "/d" * level


@contextlib.contextmanager
def serve(**options):
    with davit.Davit(**options) as running:
        try:
            yield running
        finally:
            running.stop()
            subprocess.run(["rm", "-rf", running.root], check=True)  # shutil.rmtree() is recursive


@pytest.fixture
def server():
    with serve(args=["--depth-infinity", "allow"]) as running:
        yield running


@pytest.fixture
def client(server):
    with Session(server, timeout=300) as session:
        yield session


def test_a_tree_of_any_depth_is_deleted(server, client):
    make_tree(server.root)
    before = len(descriptors(server))
    client.expect(204, "DELETE", "/d")
    assert os.listdir(server.root) == [".davit"]
    assert len(descriptors(server)) <= before + 1  # the collection may be watched


def test_each_collection_is_opened_twice_at_most(server, client, tmp_path):
    make_tree(server.root)
    with traced(server, "openat2,getdents64,unlinkat", log=tmp_path / "log"):
        client.expect(204, "DELETE", "/d")
    text = (tmp_path / "log").read_text()
    assert LEVELS <= text.count("openat2(") < 2 * LEVELS + 100
    assert text.count("getdents64(") < 5 * LEVELS
    assert text.count("unlinkat(") < 3 * LEVELS


def test_what_is_locked_in_the_middle_stays(server, client):
    make_tree(server.root)
    token = client.lock(at(MIDDLE) + "/locked")  # makes it
    response = client.expect(207, "DELETE", "/d")
    assert statuses(response) == {at(MIDDLE) + "/locked": 423}
    assert depth_of(server.root) == MIDDLE
    assert os.listdir(server.root + at(MIDDLE)) == ["locked"]
    for level in range(1, MIDDLE):
        assert os.listdir(server.root + at(level)) == ["d"]
    assert isinstance(token, str)
    client.expect(204, "DELETE", "/d", {"If": f"<{server.url}{at(MIDDLE)}/locked> (<{token}>)"})
    assert os.listdir(server.root) == [".davit"]


def test_another_mount_in_the_middle_stays(server, client):
    need_root("mounting a file system")
    make_tree(server.root)
    point = os.fsencode(server.root + at(MIDDLE) + "/m")
    os.mkdir(point)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", point, b"tmpfs", 0, None) != 0:
        pytest.skip(f"mount: {os.strerror(ctypes.get_errno())}")
    try:
        with open(point + b"/kept", "wb"):
            pass
        response = client.expect(207, "DELETE", "/d")
        assert statuses(response) == {at(MIDDLE) + "/m/": 403}
        assert os.listdir(point) == [b"kept"] and depth_of(server.root) == MIDDLE
    finally:
        libc.umount2(point, 2)
    client.expect(204, "DELETE", "/d")


def test_a_tree_grown_by_renames_is_deleted(server, client):
    """Each MOVE doubles it; no path leads to its end in the end."""
    for name in range(12):
        client.expect(201, "MKCOL", f"/{name}")
    inner = "d" * 200
    os.makedirs(server.path("0", *[inner] * 15))
    for name in range(1, 12):
        os.makedirs(server.path(str(name), *[inner] * 15))
        end = f"/{name}" + f"/{inner}" * 15
        client.expect(201, "MOVE", f"/{name - 1}", {"Destination": f"{server.url}{end}/{name - 1}"})
    client.expect(204, "DELETE", "/11")
    assert os.listdir(server.root) == [".davit"]


def test_a_move_renames_it_and_an_overwriting_one_removes_it(server, client):
    make_tree(server.root)
    client.expect(201, "MOVE", "/d", {"Destination": f"{server.url}/x"})
    assert depth_of(server.path("x")) == LEVELS - 1
    client.expect(201, "PUT", "/f", body="new")
    client.expect(204, "MOVE", "/f", {"Destination": f"{server.url}/x"})
    assert client.expect(200, "GET", "/x").body == b"new"
    assert litter(server.root) == []


def test_a_move_member_by_member_says_what_stays(server, client):
    make_tree(server.root)
    client.lock(at(MIDDLE) + "/locked")
    response = client.expect(207, "MOVE", "/d", {"Destination": f"{server.url}/x"})
    assert statuses(response) == {at(WALKED + 2) + "/": 507}
    assert depth_of(server.root) == LEVELS  # what is too deep is where it was
    assert depth_of(server.path("x")) == WALKED


def test_members_so_deep_are_moved_and_copied(server, client):
    make_tree(server.root, 2000)
    for level in (1020, 1100, 1990):
        inner, outer = f"{at(level)}/c", f"/c{level}"
        client.expect(201, "MKCOL", inner)
        client.expect(201, "MOVE", inner, {"Destination": server.url + outer})
        client.expect(201, "COPY", outer, {"Destination": server.url + inner})
        client.expect(403, "MOVE", "/d", {"Destination": f"{server.url}{inner}/d"})
        client.expect(403, "COPY", at(3), {"Destination": f"{server.url}{inner}/d"})


def test_a_copy_says_what_it_leaves_out(server, client):
    make_tree(server.root)
    response = client.expect(207, "COPY", "/d", {"Destination": f"{server.url}/x"})
    assert statuses(response) == {at(WALKED + 2) + "/": 507}
    assert depth_of(server.root) == LEVELS and depth_of(server.path("x")) == WALKED


def test_a_listing_says_where_it_ends(server, client):
    make_tree(server.root)
    response = client.expect(207, "PROPFIND", "/d", {"Depth": "infinity"})
    ends = [path for path, code, _ in members(response.body) if code == 507]
    assert ends == [os.fsencode(at(WALKED + 2)) + b"/"]
    client.expect(207, "PROPFIND", at(MIDDLE), {"Depth": "1"})
    client.expect(200, "GET", at(MIDDLE) + "/")


def test_what_was_staged_so_deep_goes_at_the_start(server):
    server.kill()
    staging = server.path(".davit", "staging", "left")
    os.mkdir(staging)
    make_tree(staging)
    server.start()
    assert litter(server.root) == []


def test_no_more_descriptors_are_open_than_the_limit_says():
    with serve(args=["--limit", "walk_depth=20"],
               wrapper=["prlimit", "--nofile=150:150"]) as server:
        make_tree(server.root)
        with Session(server, timeout=300) as client:
            client.expect(204, "DELETE", "/d")
