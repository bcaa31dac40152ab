"""One thing under several spellings: a rule, a mount, a home and a shared link are about the thing."""

import os
import subprocess
import unicodedata
import urllib.parse

import davit
import pytest
import session
from test_mounts import basic

CONFIG = """[server]
users = {folder}/users
tokens = {folder}/tokens
[mount "/{nfc}"]
root = {folder}/files
[mount "/{nfc}/pool"]
root = {folder}/pool
[mount "/home"]
root = {folder}/homes/%u
[rule "/"]
allow = all for users
[rule "/{nfd}/geheim"]
deny = all for users
"""

NFC = unicodedata.normalize("NFC", "Müll")
NFD = unicodedata.normalize("NFD", NFC)
USER = unicodedata.normalize("NFC", "jürgen")


def quoted(*names):
    return "/" + "/".join(urllib.parse.quote(name) for name in names)


class Mounted(davit.Davit):
    """A server whose mounts have a name that is spelled in two ways."""

    def __init__(self, folder):
        for name in ("files", "files/geheim", "pool", "homes", "homes/" + unicodedata.normalize("NFD", USER),
                     "files/" + NFD):
            os.mkdir(folder / name)
        davit.add_user(str(folder / "users"), USER, "pencil")
        (folder / "davit.conf").write_text(CONFIG.format(folder=folder, nfc=NFC, nfd=NFD))
        (folder / "files" / NFD / "a").write_text("shared")
        url = subprocess.run([davit.BINARY, "token", "add", USER, "--link", "--tokens", str(folder / "tokens"),
                              "--path", quoted(NFC, NFC)], capture_output=True, text=True, check=True)
        os.chmod(folder / "tokens", 0o644)
        self.link = url.stdout.strip()
        super().__init__(root=str(folder / "none"), args=["-c", str(folder / "davit.conf")])

    def operands(self):
        return []


@pytest.fixture(name="mounted")
def mounted_fixture(tmp_path):
    with Mounted(tmp_path) as running:
        running.folder = tmp_path
        running.client = session.Session(running)
        yield running
        running.client.close()


def expect(server, status, method, target, body=None, **fields):
    user = fields.pop("user", USER)
    return server.client.expect(status, method, target, {**basic(user), **fields}, body)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_mount_is_found_in_both_forms(mounted, form):
    name = unicodedata.normalize(form, NFC)
    expect(mounted, 201, "PUT", quoted(name, "x"), body="1")
    expect(mounted, 201, "COPY", quoted(name, "x"), Destination=quoted(name, "pool", "x"))
    assert os.listdir(mounted.folder / "pool") != []
    expect(mounted, 403, "DELETE", quoted(name, "pool"))
    expect(mounted, 403, "GET", quoted(name, "geheim"))
    found = expect(mounted, 207, "PROPFIND", quoted(name), Depth="1")
    paths = {urllib.parse.unquote(path.decode()) for path, _, _ in session.members(found.body)}
    assert f"/{name}/pool/" in paths and f"/{name}/x" in paths


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_home_is_the_users_in_both_forms(mounted, form):
    user = unicodedata.normalize(form, USER)
    expect(mounted, 201, "PUT", "/home/x", body="1", user=user)
    expect(mounted, 200, "GET", "/home/x", user=user)
    assert len(os.listdir(mounted.folder / "homes")) == 2, "one home, and davit's state"


def test_a_shared_link_leads_to_what_is_decomposed(mounted):
    assert mounted.client.expect(200, "GET", mounted.link + "a").body == b"shared"
    mounted.client.expect(201, "PUT", mounted.link + "b", body="x")
    assert sorted(os.listdir(mounted.folder / "files" / NFD)) == ["a", "b"]
