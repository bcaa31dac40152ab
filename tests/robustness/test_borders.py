"""Borders within one file system that a rename does not pass: a project that a directory hands down, encryption, the
lower layer of an overlay. All methods work across them, and what is encrypted is never on the disk as it is."""

import ctypes
import fcntl
import os
import struct
import subprocess

import davit
import pytest
from session import Session, litter, mounted, need_root

PATCH = ('<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><a xmlns="urn:x">kept</a></D:prop></D:set>'
         "</D:propertyupdate>")

ADD_ENCRYPTION_KEY, SET_ENCRYPTION_POLICY = 0xC0506617, 0x800C6613
IDENTIFIER, AES_256_XTS, AES_256_CTS = 2, 1, 4


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{' '.join(command)}: {done.stderr.strip()}")


class Key:
    """A key that a file system has been given (fscrypt)."""

    def __init__(self, point):
        argument = bytearray(struct.pack("<II32sII32s", IDENTIFIER, 0, b"", 64, 0, b"") + os.urandom(64))
        with Directory(point) as fd:
            fcntl.ioctl(fd, ADD_ENCRYPTION_KEY, argument)
        self.identifier = bytes(argument[8:24])

    def encrypt(self, path):
        policy = struct.pack("<BBBB4s16s", 2, AES_256_XTS, AES_256_CTS, 0, b"", self.identifier)
        with Directory(path) as fd:
            fcntl.ioctl(fd, SET_ENCRYPTION_POLICY, policy)


class Directory:
    def __init__(self, path):
        self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)

    def __enter__(self):
        return self.fd

    def __exit__(self, *_):
        os.close(self.fd)


def image(folder, size, *make):
    need_root("making a file system")
    path = str(folder / "image")
    with open(path, "wb") as file:
        file.truncate(size)
    run(*make, path)
    return path


@pytest.fixture(name="project")
def project_fixture(tmp_path):
    with mounted("-o", "loop", source=image(tmp_path, 400 << 20, "mkfs.xfs", "-q")) as root:
        os.mkdir(f"{root}/special")
        run("chattr", "+P", "-p", "5", f"{root}/special")
        yield root


@pytest.fixture(name="encrypted")
def encrypted_fixture(tmp_path):
    path = image(tmp_path, 64 << 20, "mkfs.ext4", "-q", "-O", "encrypt")
    with mounted("-o", "loop", source=path) as root:
        os.mkdir(f"{root}/special")
        try:
            Key(root).encrypt(f"{root}/special")
        except OSError as error:
            pytest.skip(f"this kernel does not encrypt: {error}")
        yield root


@pytest.fixture(name="overlay")
def overlay_fixture(tmp_path):
    for name in ("lower", "upper", "work"):
        os.mkdir(tmp_path / name)
    for name in ("special/d", "special/old/d"):  # in the lower layer
        os.makedirs(tmp_path / "lower" / name)
        (tmp_path / "lower" / name / "f").write_text("low")
    options = f"lowerdir={tmp_path}/lower,upperdir={tmp_path}/upper,workdir={tmp_path}/work"
    with mounted("-t", "overlay", "-o", options) as root:
        yield root


@pytest.fixture(name="root", params=["project", "encrypted", "overlay"])
def root_fixture(request):
    return request.getfixturevalue(request.param)


def read(root, path):
    with open(f"{root}/{path}", encoding="ascii") as file:
        return file.read()


def make_tree(client, path):
    client.expect(201, "MKCOL", path)
    client.expect(201, "MKCOL", path + "/d")
    for name in ("f", "d/g"):
        client.expect(201, "PUT", f"{path}/{name}", None, b"of " + path.encode() + b"/" + name.encode())
    client.expect(207, "PROPPATCH", path + "/d/g", None, PATCH)


def kept(client, path):
    return client.propfind(path)[path.encode()]["{urn:x}a"].text == "kept"


def test_uploads(root):
    with davit.Davit(root=root) as server, Session(server) as client:
        client.expect(201, "PUT", "/special/f", None, b"one")
        client.expect(204, "PUT", "/special/f", None, b"two")
        assert read(root, "special/f") == "two"
        assert not litter(root)


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
@pytest.mark.parametrize("source,target", [("/plain", "/special/new"), ("/special/tree", "/new")])
def test_a_tree_passes(root, method, source, target):
    with davit.Davit(root=root) as server, Session(server) as client:
        make_tree(client, source)
        client.expect(201, method, source, {"Destination": target})
        assert read(root, target[1:] + "/d/g") == f"of {source}/d/g"
        assert kept(client, target + "/d/g")
        client.expect(404 if method == "MOVE" else 200, "GET", source + "/f")
        make_tree(client, "/other")
        client.expect(204, method, "/other", {"Destination": target})
        assert read(root, target[1:] + "/d/g") == "of /other/d/g"
        assert not litter(root)


@pytest.mark.parametrize("method", ["COPY", "MOVE"])
def test_a_file_passes_and_replaces(root, method):
    with davit.Davit(root=root) as server, Session(server) as client:
        for name in ("/f", "/special/f", "/special/g"):
            client.expect(201, "PUT", name, None, name.encode())
        client.expect(207, "PROPPATCH", "/f", None, PATCH)
        client.expect(204, method, "/f", {"Destination": "/special/f"})
        assert read(root, "special/f") == "/f" and kept(client, "/special/f")
        client.expect(412, method, "/special/g", {"Destination": "/special/f", "Overwrite": "F"})
        assert read(root, "special/f") == "/f"
        assert not litter(root)


def test_a_directory_of_the_lower_layer_moves(overlay):
    with davit.Davit(root=overlay) as server, Session(server) as client:
        client.expect(201, "MOVE", "/special/d", {"Destination": "/special/moved"})
        assert read(overlay, "special/moved/f") == "low"
        client.expect(404, "GET", "/special/d/f")
        client.expect(204, "MOVE", "/special/moved", {"Destination": "/special/old"})
        assert read(overlay, "special/old/f") == "low"
        assert not os.path.exists(f"{overlay}/special/old/d")


def test_a_directory_of_the_lower_layer_moves_around_a_lock(overlay):
    """Member by member: what is locked stays, and the 207 names it."""
    with davit.Davit(root=overlay) as server, Session(server) as client:
        client.lock("/special/old/d/f")
        response = client.expect(207, "MOVE", "/special", {"Destination": "/moved"})
        assert b"/special/old/d/f" in response.body and b"423" in response.body
        assert read(overlay, "special/old/d/f") == "low"
        assert read(overlay, "moved/d/f") == "low"


def test_what_is_encrypted_is_never_on_the_disk_as_it_is(encrypted, tmp_path):
    secret = b"a secret that nobody else has written " * 4096
    with davit.Davit(root=encrypted) as server, Session(server) as client:
        client.expect(201, "MKCOL", "/special/d")
        client.expect(201, "PUT", "/special/d/f", None, secret)
        client.expect(204, "PUT", "/special/d/f", None, secret)
        client.expect(201, "COPY", "/special/d/f", {"Destination": "/special/g"})
        client.expect(201, "COPY", "/special/d", {"Destination": "/special/e"})
        client.expect(201, "MOVE", "/special/e", {"Destination": "/special/h"})
        with open(f"{encrypted}/special/h/f", "rb") as file:
            assert file.read() == secret
        ctypes.CDLL(None).sync()
        with open(tmp_path / "image", "rb") as file:
            assert secret[:38] not in file.read()
