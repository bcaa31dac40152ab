"""File systems that do not tell case apart, as the root and mounted below it: every spelling is the same thing."""

import os
import shutil
import subprocess
import sys
import time
import urllib.parse

import alias_fs
import davit
import pytest
import session
from test_mounts import basic

CONFIG = """[server]
users = {users}
root = {root}
[rule "/"]
allow = read, write, lock for everyone
[rule "{below}/Private"]
deny = all for everyone
allow = all for alice
[rule "{below}/SHARED"]
deny = write for everyone
"""

LOCK = ('<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
        "<D:locktype><D:write/></D:locktype></D:lockinfo>")
PATCH = ('<D:propertyupdate xmlns:D="DAV:" xmlns:x="urn:x"><D:set><D:prop><x:p>v</x:p></D:prop></D:set>'
         "</D:propertyupdate>")
ASK = '<D:propfind xmlns:D="DAV:" xmlns:x="urn:x"><D:prop><x:p/></D:prop></D:propfind>'


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        pytest.skip(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout.strip()


def mount_ntfs(image, place):
    run("mkfs.ntfs", "-q", "-F", "-f", image)
    run("lowntfs-3g", "-o", "ignore_case", image, place)


def mount_exfat_fuse(image, place):
    run("mkfs.exfat", image)
    device = run("losetup", "-f", "--show", image)
    try:
        run("mount.exfat-fuse", device, place)
    finally:
        subprocess.run(["losetup", "-d", device], check=False)  # goes when it is unmounted


def mount_vfat(image, place):
    run("mkfs.vfat", image)
    run("mount", "-o", "loop", image, place)


def mount_exfat(image, place):
    run("mkfs.exfat", image)
    run("mount", "-t", "exfat", "-o", "loop", image, place)


def mount_ext4(image, place):
    """Folds in marked directories only; the one that is tried is marked."""
    run("mkfs.ext4", "-q", "-O", "casefold", image)
    run("mount", "-o", "loop", image, place)
    os.rmdir(os.path.join(place, "lost+found"))
    run("chattr", "+F", place)


KINDS = {"ntfs": mount_ntfs, "exfat-fuse": mount_exfat_fuse, "vfat": mount_vfat, "exfat": mount_exfat,
         "ext4": mount_ext4}


class Folding:
    """A file system, and a server whose root it is, or in whose root it is mounted."""

    def __init__(self, folder, kind, below):
        if os.geteuid() != 0:
            pytest.skip("only root may mount")
        self.kind = kind
        self.below = below
        self.root = str(folder / "root")
        self.place = self.root + below
        self.image = str(folder / "image")
        os.makedirs(self.place)
        with open(self.image, "wb") as file:
            file.truncate(64 << 20)
        if shutil.which("mkfs." + kind.split("-")[0]) is None:
            pytest.skip("there is no mkfs." + kind.split("-")[0])
        KINDS[kind](self.image, self.place)
        self.users = str(folder / "users")
        davit.add_user(self.users, "alice", "pencil")
        self.config = str(folder / "davit.conf")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(users=self.users, root=self.root, below=below))
        for name in ("Private", "shared", ".davit"):
            os.makedirs(os.path.join(self.place, name), exist_ok=True)
            with open(os.path.join(self.place, name, "s"), "w", encoding="utf-8") as file:
                file.write("secret")

    def path(self, name):
        return self.below + "/" + name

    def names(self):
        return sorted(name for name in os.listdir(self.place) if name not in (".davit", "System Volume Information"))

    def unmount(self):
        for _ in range(50):
            if subprocess.run(["umount", self.place], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.1)
        subprocess.run(["umount", "-l", self.place], check=False)


class Server(davit.Davit):
    """Serves what a configuration names."""

    def operands(self):
        return []


@pytest.fixture(name="folding", params=[(kind, below) for kind in KINDS for below in ("", "/usb")],
                ids=lambda param: param[0] + ("-below" if param[1] else ""))
def folding_fixture(request, tmp_path):
    kind, below = request.param
    folding = Folding(tmp_path, kind, below)
    try:
        yield folding
    finally:
        folding.unmount()


@pytest.fixture(name="served")
def served_fixture(folding, tmp_path):
    with Server(root=str(tmp_path / "none"), args=["-c", folding.config]) as running:
        folding.server = running
        folding.client = session.Session(running)
        yield folding
        folding.client.close()


def test_rules_hold_in_every_case(served):
    for name in ("Private", "private", "PRIVATE", "pRIVATE"):
        served.client.expect(401, "GET", served.path(name + "/s"))
        served.client.expect(401, "PUT", served.path(name + "/new"), body="x")
        served.client.expect(200, "GET", served.path(name + "/s"), basic())
    for name in ("shared", "Shared", "SHARED"):
        served.client.expect(200, "GET", served.path(name + "/s"))
        served.client.expect(401, "PUT", served.path(name + "/s"), body="x")
    served.client.expect(401, "COPY", served.path("PRIVATE/s"), {"Destination": served.path("stolen")})
    assert "stolen" not in served.names()


def test_what_davit_keeps_is_hidden_in_every_case(served):
    for name in (".davit", ".DAVIT", ".Davit", ".davit.", ".DAVIT%20", ".davit%20.", "DAVIT~1", ".da%E2%80%8Dvit"):
        for target in (served.path(name + "/s"), served.path(name + "/state.db")):
            served.client.expect(404, "GET", target)
            served.client.expect((403, 404, 409), "PUT", target, body="x")
            served.client.expect((403, 404), "DELETE", target)
            served.client.expect((403, 404), "MOVE", target, {"Destination": served.path("stolen")})
        if name != "DAVIT~1":
            served.client.expect((403, 409), "PUT", served.path(name), body="x")
            served.client.expect((403, 405, 409), "MKCOL", served.path(name))
        served.client.expect((403, 404), "DELETE", served.path(name))
    assert os.path.exists(os.path.join(served.place, ".davit", "s"))
    assert "stolen" not in served.names()


def test_locks_and_properties_are_the_things(served):
    served.client.expect(201, "PUT", served.path("Report"), body="1")
    answer = served.client.expect(200, "LOCK", served.path("repoRT"), body=LOCK)
    token = answer.field("Lock-Token")
    for name in ("Report", "report", "REPORT"):
        served.client.expect(423, "PUT", served.path(name), body="x")
        served.client.expect(423, "DELETE", served.path(name))
        served.client.expect(423, "PROPPATCH", served.path(name), body=PATCH)
        served.client.expect(423, "LOCK", served.path(name), body=LOCK)
    served.client.expect(207, "PROPPATCH", served.path("rePort"), {"If": f"({token})"}, PATCH)
    served.client.expect(204, "PUT", served.path("REPORT"), {"If": f"({token})"}, "x")
    for name in ("Report", "report", "REPORT"):
        found = served.client.expect(207, "PROPFIND", served.path(name), {"Depth": "0"}, ASK)
        assert b">v</" in found.body
    served.client.expect(204, "UNLOCK", served.path("rEPORT"), {"Lock-Token": token})
    served.client.expect(204, "PUT", served.path("report"), body="y")
    assert [name.lower() for name in served.names()].count("report") == 1


def test_a_lock_makes_a_thing_in_every_case(served):
    if served.kind == "ntfs" and served.below:
        pytest.skip("it lists what is new in small letters, and below the root that is not found out")
    served.client.expect(201, "LOCK", served.path("Made"), body=LOCK)
    for name in ("Made", "made", "MADE"):
        served.client.expect(423, "PUT", served.path(name), body="x")


def test_a_change_of_case_loses_nothing(served):
    served.client.expect(201, "PUT", served.path("Old"), body="kept")
    served.client.expect(201, "MOVE", served.path("Old"), {"Destination": served.path("oLD")})
    assert served.client.expect(200, "GET", served.path("old")).body == b"kept"
    name = "old" if served.kind == "ntfs" else "oLD"  # with ignore_case it lists small letters
    assert name in served.names() and "Old" not in served.names()


def test_a_collection_is_locked_in_every_case(served):
    served.client.expect(201, "MKCOL", served.path("Col"))
    answer = served.client.expect(200, "LOCK", served.path("COL"), {"Depth": "infinity"}, LOCK)
    token = answer.field("Lock-Token")
    served.client.expect(423, "PUT", served.path("col/a"), body="x")
    served.client.expect(423, "MKCOL", served.path("cOL/b"))
    served.client.expect(423, "COPY", served.path("shared/s"), {"Destination": served.path("cOL/s")})
    tagged = {"If": f"<{served.path('col')}> ({token})"}
    served.client.expect(201, "PUT", served.path("COL/a"), tagged, "x")
    served.client.expect(204, "DELETE", served.path("cOl"), tagged)


def test_what_is_new_keeps_its_name_or_is_refused(served):
    served.client.expect(201, "PUT", served.path("Fresh"), body="x")
    served.client.expect(204, "PUT", served.path("fresh"), body="y")
    for name in ("end.", "end%20", "a:b"):
        served.client.expect(403, "PUT", served.path(name), body="x")
    assert [name.lower() for name in served.names()] == ["fresh", "private", "shared"]


def test_one_thing_is_never_copied_or_moved_onto_itself(served):
    served.client.expect(201, "PUT", served.path("Keep"), body="kept")
    served.client.expect(403, "COPY", served.path("Keep"), {"Destination": served.path("KEEP")})
    served.client.expect(201, "MKCOL", served.path("Col"))
    served.client.expect(201, "PUT", served.path("col/f"), body="kept")
    served.client.expect((403, 409), "MOVE", served.path("Col"), {"Destination": served.path("cOL/in")})
    served.client.expect((403, 409), "MOVE", served.path("Col/f"), {"Destination": served.path("cOL")})
    assert served.client.expect(200, "GET", served.path("keep")).body == b"kept"
    assert served.client.expect(200, "GET", served.path("COL/F")).body == b"kept"


def test_rules_hold_where_nothing_can_be_written(folding, tmp_path):
    with Server(root=str(tmp_path / "none"), args=["-c", folding.config, "--read-only"]) as running:
        client = session.Session(running)
        for name in ("Private", "private", "PRIVATE"):
            client.expect(401, "GET", folding.path(name + "/s"))
            client.expect(200, "GET", folding.path(name + "/s"), basic())
        for name in (".davit", ".DAVIT"):
            client.expect(404, "GET", folding.path(name + "/s"))
        client.close()


def test_what_davit_keeps_is_hidden_where_there_are_no_rules(folding):
    """There GET opens what it is asked for before anything is located."""
    with davit.Davit(root=folding.root) as running:
        client = session.Session(running)
        for name in (".davit", ".DAVIT", "DAVIT~1", ".davit."):
            client.expect(404, "GET", folding.path(name + "/s"))
            client.expect(404, "GET", folding.path(name + "/state.db"))
        for name in ("Private", "PRIVATE"):
            assert client.expect(200, "GET", folding.path(name + "/S")).body == b"secret"
        client.close()


@pytest.fixture(name="aliased", params=["", "/usb"], ids=["root", "below"])
def aliased_fixture(request, tmp_path):
    """What alias_fs.py mounts, served with rules for two of its collections."""
    if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
        pytest.skip("only root may mount, and where there is FUSE")
    below, root = request.param, str(tmp_path / "root")
    os.makedirs(root + below)
    davit.add_user(str(tmp_path / "users"), "alice", "pencil")
    config = tmp_path / "davit.conf"
    config.write_text(CONFIG.format(users=tmp_path / "users", root=root, below=below) +
                      f'[rule "{below}/Gehälter"]\ndeny = read for everyone\n', encoding="utf-8")
    with subprocess.Popen([sys.executable, alias_fs.__file__, root + below], stdout=subprocess.PIPE) as mounted:
        if mounted.stdout.readline() != b"mounted\n":
            pytest.skip("it cannot be mounted")
        try:
            options = [] if below else ["--read-only"]
            with Server(root=str(tmp_path / "none"), args=["-c", str(config), *options]) as running:
                running.below, running.root = below, root
                running.client = session.Session(running)
                yield running
                running.client.close()
        finally:
            subprocess.run(["umount", "-l", root + below], check=False)


def test_names_of_every_kind_are_one_thing(aliased):
    private = ("Private", "PRIVATE", "private.", "private. .", "PRIVAT~1", "privat~1", "Priv\u200date", "Ｐrivate")
    salaries = ("Gehälter", alias_fs.NFD, "GEHÄLTER", alias_fs.NFD.upper() + ".", alias_fs.short(alias_fs.NFD))
    for name in private + salaries:
        target = f"{aliased.below}/{urllib.parse.quote(name)}/s"
        aliased.client.expect(401, "GET", target)
        aliased.client.expect(401, "PROPFIND", target, {"Depth": "0"})
    for name in (".davit", ".DAVIT", "DAVIT~1", ".davit..", ".da\u200dvit", "davit~1", ".ＤＡＶＩＴ"):
        aliased.client.expect(404, "GET", f"{aliased.below}/{urllib.parse.quote(name)}/s")
    with davit.Davit(root=aliased.root, args=["--read-only"]) as running:  # without rules, which locate
        client = session.Session(running)
        for name in (".DAVIT", "DAVIT~1"):
            client.expect(404, "GET", f"{aliased.below}/{name}/s")
        client.expect(200, "GET", f"{aliased.below}/OPEN~1/A")
        client.close()
    for name in ("Open", "OPEN~1", "open."):
        assert aliased.client.expect(200, "GET", f"{aliased.below}/{name}/A").body == b"public"
