"""Collections as zip and tar (src/extension/archive/): read by what others read archives with.

DAVIT_ARCHIVES=full: with a hundred thousand members, and with a file of more than 4 GiB."""

import io
import os
import shutil
import subprocess
import tarfile
import zipfile

import davit
import pytest

FULL = os.environ.get("DAVIT_ARCHIVES") == "full"
NOTES = "NOT IN THIS ARCHIVE"
MOMENT = 784111776  # an even second, as zip has them


@pytest.fixture(name="server")
def one_server(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    with davit.Davit(str(root)) as server:
        yield server


def made(server, path, content=b"", mtime=MOMENT):
    full = os.path.join(os.fsencode(server.path()), os.fsencode(path))
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "wb") as file:
        file.write(content)
    os.utime(full, (mtime, mtime))
    return full


def fetched(server, target):
    response = server.request("GET", target)
    assert response.status == 200 and response.is_complete
    return io.BytesIO(response.body)


def zip_of(server, path):
    archive = zipfile.ZipFile(fetched(server, path + "?zip"))
    assert archive.testzip() is None
    return archive


def tar_of(server, path):
    return tarfile.open(fileobj=fetched(server, path + "?tar"))


def test_all_members_are_in_it_with_times_and_modes(server):
    made(server, "d/a.txt", b"hello")
    made(server, "d/ä/€.bin", bytes(range(256)) * 1000)
    os.chmod(made(server, "d/run", b"#!"), 0o755)
    made(server, "d/empty")
    os.makedirs(server.path("d/none"))
    archive = zip_of(server, "/d/")
    assert sorted(archive.namelist()) == ["d/", "d/a.txt", "d/empty", "d/none/", "d/run", "d/ä/", "d/ä/€.bin"]
    assert archive.read("d/ä/€.bin") == bytes(range(256)) * 1000
    info = archive.getinfo("d/a.txt")
    assert info.date_time == (1994, 11, 6, 8, 49, 36) and info.compress_type == zipfile.ZIP_STORED
    assert archive.getinfo("d/run").external_attr >> 16 == 0o100755 and info.external_attr >> 16 == 0o100644
    tar = tar_of(server, "/d/")
    assert sorted(tar.getnames()) == ["d", "d/a.txt", "d/empty", "d/none", "d/run", "d/ä", "d/ä/€.bin"]
    assert tar.extractfile("d/ä/€.bin").read() == bytes(range(256)) * 1000
    assert tar.getmember("d/a.txt").mtime == MOMENT and tar.getmember("d/run").mode == 0o755


def test_the_root_has_no_folder_around_it(server):
    made(server, "a", b"1")
    assert zip_of(server, "/").namelist() == ["a"]
    assert tar_of(server, "/").getnames() == ["a"]


def test_names_that_mean_something_elsewhere_are_made_plain(server):
    made(server, b"d/..\\..\\evil", b"1")
    made(server, b"d/line\nend", b"2")
    made(server, b"d/bad\xff%", b"3")
    made(server, "d/" + "n" * 150 + "/" + "ü" * 100, b"4")
    for names, text in ((zip_of(server, "/d/").namelist(), None), (tar_of(server, "/d/").getnames(), None)):
        assert "d/..%5C..%5Cevil" in names and "d/line%0Aend" in names and "d/bad%FF%25" in names
        assert "d/" + "n" * 150 + "/" + "ü" * 100 in names
        assert names[-1] == f"d/{NOTES}.txt", text
    notes = zip_of(server, "/d/").read(f"d/{NOTES}.txt").decode()
    assert notes.count("is called otherwise") == 3


def test_links_are_what_they_lead_to_and_not_entered(server):
    made(server, "d/file", b"content")
    made(server, "other/inside", b"1")
    os.symlink("file", server.path("d/link"))
    os.symlink("../other", server.path("d/folder"))
    os.symlink("/etc/passwd", server.path("d/out"))
    archive = zip_of(server, "/d/")
    assert archive.read("d/link") == b"content"
    assert sorted(archive.namelist()) == ["d/", f"d/{NOTES}.txt", "d/file", "d/folder/", "d/link"]
    assert b"d/folder: a link to a collection" in archive.read(f"d/{NOTES}.txt")


def test_the_notes_take_no_name_that_is_taken(server):
    made(server, f"d/{NOTES}.txt", b"mine")
    made(server, b"d/a\\b", b"1")
    archive = zip_of(server, "/d/")
    assert archive.read(f"d/{NOTES}.txt") == b"mine"
    assert archive.namelist()[-1] == f"d/{NOTES} (2).txt"


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_file_that_becomes_shorter_is_named(server, kind):
    path = made(server, "d/a", b"x" * (24 << 20))
    made(server, "d/b", b"after")
    with server.connect() as client:
        client.send(f"GET /d/?{kind} HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode())
        while len(client.buffer) < 100000:  # it has begun; a small part of it is ahead of the client
            assert client._fill()
        os.truncate(path, 100)
        response = client.read()
    assert response.is_complete
    if kind == "zip":
        archive = zipfile.ZipFile(io.BytesIO(response.body))
        assert archive.testzip() is None
        assert archive.getinfo("d/a").file_size < 24 << 20
        notes = archive.read(f"d/{NOTES}.txt").decode()
        other = archive.read("d/b")
    else:
        tar = tarfile.open(fileobj=io.BytesIO(response.body))
        assert tar.getmember("d/a").size == 24 << 20
        notes = tar.extractfile(f"d/{NOTES}.txt").read().decode()
        other = tar.extractfile("d/b").read()
    assert "d/a: could not be read to its end" in notes and other == b"after"


def saved(server, target, path):
    subprocess.run(["curl", "-sf", "-o", path, f"http://{server.host}{target}"], check=True)
    return path


@pytest.mark.parametrize("tool", [["unzip", "-tqq"], ["bsdtar", "-tf"], ["zipinfo", "-t"]])
def test_other_readers_take_it(server, tmp_path, tool):
    if not shutil.which(tool[0]):
        pytest.skip(f"{tool[0]} is not installed")
    made(server, "d/ä/€.bin", b"x" * 100000)
    made(server, "d/old", b"", -1)
    made(server, "d/new", b"", 5000000000)
    archive = saved(server, "/d/?zip", tmp_path / "d.zip")
    subprocess.run([*tool, archive], check=True, stdout=subprocess.DEVNULL)
    if tool[0] == "bsdtar":
        tar = saved(server, "/d/?tar", tmp_path / "d.tar")
        names = subprocess.run([*tool, tar], check=True, stdout=subprocess.PIPE).stdout
        assert len(names.splitlines()) == 5
        subprocess.run(["tar", "-tf", tar], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.skipif(not FULL, reason="takes long: DAVIT_ARCHIVES=full")
def test_more_members_than_the_old_form_counts(server, tmp_path):
    os.makedirs(server.path("d"))
    for i in range(100000):
        with open(server.path(f"d/{i}"), "wb"):
            pass
    archive = saved(server, "/d/?zip", tmp_path / "d.zip")
    with zipfile.ZipFile(archive) as file:
        assert len(file.namelist()) == 100001
    subprocess.run(["unzip", "-tqq", archive], check=True)


@pytest.mark.skipif(not FULL, reason="takes long: DAVIT_ARCHIVES=full")
def test_more_bytes_than_the_old_form_counts(server, tmp_path):
    for name, size in (("a", (4 << 30) + 5), ("b", 7)):
        made(server, "d/" + name)
        os.truncate(server.path("d/" + name), size)
    archive = saved(server, "/d/?zip", tmp_path / "d.zip")
    subprocess.run(["unzip", "-tqq", archive], check=True)
    with zipfile.ZipFile(archive) as file:
        assert file.getinfo("d/a").file_size == (4 << 30) + 5 and file.start_dir > 1 << 32
