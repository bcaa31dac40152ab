"""A client of its own make that speaks HTTP/2 where it is offered (litmus does not): rclone, with TLS that ends at the
gateway, and an origin that is asked over HTTP/2 and TLS as well."""

import os
import shutil
import subprocess

import pytest
import tls
from origins import DavitOrigin, Gateway

if not shutil.which("rclone"):
    pytest.skip("rclone is not installed", allow_module_level=True)

NAMES = ["space in name", "ümläut", "日本語", "e\u0301 decomposed", "100%", "%41", "a+b", "a&b", "a;b", "a=b", "a#b", "a?b",
         "a<b>", "a:b", "[a]", "a~b", "..dots", "x" * 200]


def tree(root):
    found = {}
    for folder, _, files in os.walk(root):
        for name in files:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, root)] = file.read()
    return found


@pytest.mark.parametrize("version", ["1.1", "2"])
def test_a_tree_goes_up_and_comes_down(version, started, tmp_path):
    pair = tls.make_pair(tmp_path / "pair", "localhost")
    origin = started(DavitOrigin(args=pair.args()))
    url = origin.url.replace("127.0.0.1", "localhost")
    keys = f"origin = {url}\norigin-ca = {pair.certificate}\norigin-http = {version}"
    gateway = started(Gateway({"/team": keys}, args=pair.args()))

    def rclone(*args):
        env = {**os.environ, "RCLONE_CONFIG": str(tmp_path / "rclone.conf"), "RCLONE_CONFIG_DAV_TYPE": "webdav",
               "RCLONE_CONFIG_DAV_URL": gateway.url.replace("127.0.0.1", "localhost") + "/team",
               "RCLONE_CONFIG_DAV_VENDOR": "owncloud", "RCLONE_CA_CERT": pair.certificate}
        done = subprocess.run(["rclone", "--retries", "1", *args], env=env, capture_output=True, text=True, timeout=300,
                              check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    for i, name in enumerate(NAMES):
        path = tmp_path / "local" / f"folder {i % 3}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(i * i * 300))
    rclone("sync", str(tmp_path / "local"), "dav:tree")
    assert tree(os.path.join(origin.tree, "inner", "tree")) == tree(tmp_path / "local")
    rclone("moveto", "dav:tree/folder 1", "dav:moved %20")
    rclone("moveto", "dav:moved %20", "dav:tree/folder 1")
    rclone("sync", "dav:tree", str(tmp_path / "back"))
    assert tree(tmp_path / "back") == tree(tmp_path / "local")
    gateway.says_of_access("HTTP/2")
    with open(gateway.access_log, encoding="utf-8") as log:
        assert "HTTP/1.1\"" not in log.read()
