"""`davit upload` beside a running server, and what uploads that nobody is sending cost it."""

import json
import os
import subprocess

import davit
import pytest

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture(name="server")
def running():
    with davit.Davit() as server:
        yield server


def create(server, name, size):
    answer = server.request("POST", "/" + name, {**TUS, "Upload-Length": str(size)}, b"")
    assert answer.status == 201, answer.body
    return answer.field("Location")


def command(server, *args):
    done = subprocess.run([davit.BINARY, "upload", *args, "--state", server.root],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def listed(server):
    status, text = command(server, "list", "--format", "json")
    assert status == 0, text
    return json.loads(text)["uploads"]


def test_what_has_begun_is_listed_and_removed(server):
    assert listed(server) == []
    url = create(server, "a%20b", 10)
    create(server, "c", 20)
    assert server.request("PATCH", url, {**BYTES, "Upload-Offset": "0"}, b"12345").status == 204
    uploads = {upload["target"]: upload for upload in listed(server)}
    assert sorted(uploads) == ["a b", "c"]
    first = uploads["a b"]
    assert (first["received"], first["size"], first["state"]) == (5, 10, "open")
    assert "5 B of 10 B" in command(server, "list")[1]
    assert command(server, "expire") == (0, "0 removed\n")
    assert command(server, "expire", uploads["c"]["id"]) == (0, "1 removed\n")
    assert command(server, "expire", uploads["c"]["id"])[0] == 1
    assert [upload["target"] for upload in listed(server)] == ["a b"]
    assert server.request("PATCH", url, {**BYTES, "Upload-Offset": "5"}, b"67890").status in (201, 204)
    assert [upload["state"] for upload in listed(server)] == ["done"]
    assert server.request("GET", "/a%20b").body == b"1234567890"


def test_one_that_was_removed_is_gone_for_its_client(server):
    url = create(server, "f", 10)
    assert command(server, "expire", listed(server)[0]["id"])[0] == 0
    assert server.request("PATCH", url, {**BYTES, "Upload-Offset": "0"}, b"12345").status in (404, 410)
    assert server.request("GET", "/f").status == 404


def test_uploads_that_wait_hold_nothing_open(server):
    create(server, "first", 10)
    folder = f"/proc/{server.process.pid}/fd"
    before = len(os.listdir(folder))
    for number in range(50):
        url = create(server, f"f{number}", 10)
        assert server.request("PATCH", url, {**BYTES, "Upload-Offset": "0"}, b"12345").status == 204
    assert len(os.listdir(folder)) <= before + 8  # connections that end at this moment
    assert len(listed(server)) == 51


def test_each_mount_keeps_its_own(tmp_path):
    """Two mounts are two stores, of which one has a quota; -c finds both."""
    for name in ("a", "b", "r"):
        (tmp_path / name).mkdir()
    config = tmp_path / "davit.conf"
    config.write_text(f'[mount "/a"]\nroot = {tmp_path}/a\n[mount "/a/b"]\nroot = {tmp_path}/b\nquota = 1M\n')
    with davit.Davit(root=str(tmp_path / "r"), args=["-c", str(config)]) as server:
        urls = [create(server, "a/x", 2000000), create(server, "a/b/x", 10)]
        over = server.request("POST", "/a/b/y", {**TUS, "Upload-Length": "2000000"}, b"")
        assert over.status == 507, over
        listing = subprocess.run([davit.BINARY, "upload", "list", "-c", str(config), "--format", "json"],
                                 capture_output=True, text=True, check=True)
        assert sorted(upload["size"] for upload in json.loads(listing.stdout)["uploads"]) == [10, 2000000]
        answer = server.request("PATCH", urls[1], {**BYTES, "Upload-Offset": "0"}, b"1234567890")
        assert answer.status == 204, answer
        assert (tmp_path / "b" / "x").read_bytes() == b"1234567890"
        assert not (tmp_path / "a" / "b").exists() or not os.listdir(tmp_path / "a" / "b")
        ids = [upload["id"] for upload in json.loads(listing.stdout)["uploads"] if upload["size"] != 10]
        removed = subprocess.run([davit.BINARY, "upload", "expire", "-c", str(config), *ids],
                                 capture_output=True, text=True, check=False)
        assert (removed.returncode, removed.stdout) == (0, "1 removed\n"), removed
