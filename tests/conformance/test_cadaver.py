"""cadaver, a command-line client over neon, driven through its standard input."""

import os
import shutil
import subprocess

import davit
import pytest

if not shutil.which("cadaver"):
    pytest.skip("cadaver is not installed", allow_module_level=True)


@pytest.fixture
def server():
    with davit.Davit() as running:
        yield running


@pytest.fixture
def cadaver(server, tmp_path):
    """Runs commands in one session; returns what it printed."""
    editor = tmp_path / "editor"
    # cadaver looks at the whole seconds of the file's time to see whether it was changed
    editor.write_text('#!/bin/sh\nprintf "edited\\n" >> "$1"; touch -d "1 hour" "$1"\n')
    editor.chmod(0o755)
    (tmp_path / "rc").write_text("")

    def run(*commands):
        env = {**os.environ, "HOME": str(tmp_path), "EDITOR": str(editor), "LANG": "C.UTF-8"}
        done = subprocess.run(["cadaver", "--rcfile=rc", server.url + "/"], cwd=tmp_path, env=env,
                              input="\n".join(commands) + "\nquit\n", capture_output=True,
                              text=True, timeout=60, check=False)
        output = done.stdout + done.stderr
        assert done.returncode == 0, output
        return output
    return run


def read(server, *names):
    with open(server.path(*names), encoding="utf-8") as file:
        return file.read()


def test_files_and_collections(server, cadaver, tmp_path):
    (tmp_path / "local").write_text("content\n")
    output = cadaver("put local a.txt", "mkcol d", "copy a.txt d/b.txt", "move a.txt d/c.txt", "ls",
                     "ls d", "get d/b.txt got", "cat d/c.txt")
    assert "failed" not in output and "Listing collection" in output, output
    assert sorted(os.listdir(server.path("d"))) == ["b.txt", "c.txt"]
    assert (tmp_path / "got").read_text() == "content\n" and "content" in output
    output = cadaver("delete d/b.txt", "rmcol d", "ls")
    assert "failed" not in output and "collection is empty" in output, output
    assert os.listdir(server.root) == [".davit"]


def test_several_at_a_time(server, cadaver, tmp_path):
    for name in ("one", "two", "with space"):
        (tmp_path / name).write_text(name)
    output = cadaver("mput one two", 'put "with space"', "ls")
    assert "failed" not in output, output
    assert sorted(os.listdir(server.root)) == [".davit", "one", "two", "with space"]
    for name in ("one", "two"):
        (tmp_path / name).unlink()
    cadaver("mget one two")
    assert (tmp_path / "one").read_text() == "one" and (tmp_path / "two").read_text() == "two"


def test_overwriting_can_be_switched_off(server, cadaver, tmp_path):
    (tmp_path / "local").write_text("new\n")
    cadaver("put local a")
    server.request("PUT", "/b", body="old\n")
    output = cadaver("unset overwrite", "copy a b")
    assert "412" in output and read(server, "b") == "old\n", output
    output = cadaver("copy a b")
    assert "succeeded" in output and read(server, "b") == "new\n", output


def test_locks(server, cadaver):
    server.request("PUT", "/f", body="old\n")
    output = cadaver("lock f", "showlocks", "discover f", "unlock f", "discover f")
    assert "Lock token" in output and "opaquelocktoken" in output or "urn:uuid:" in output, output
    assert "no locks found" in output, output
    output = cadaver("lock f")  # the session ends: the lock stays
    assert server.request("PUT", "/f", body="x").status == 423
    output = cadaver("steal f", "unlock f")
    assert "failed" not in output, output
    assert server.request("PUT", "/f", body="x").status == 204


def test_edit_locks_writes_and_unlocks(server, cadaver):
    server.request("PUT", "/f", body="old\n")
    output = cadaver("edit f")
    assert "failed" not in output and "Locking" in output, output
    assert read(server, "f") == "old\nedited\n"
    assert server.request("PUT", "/f", body="x").status == 204, "it is unlocked again"


def test_properties(server, cadaver):
    server.request("PUT", "/f", body="x")
    output = cadaver("set namespace urn:x", "propset f colour light-blue", "propget f colour",
                     "propnames f", "propdel f colour", "propget f colour")
    assert "light-blue" in output and "colour" in output, output
    before, after = output.split("propdel f colour")
    assert before.count("light-blue") == 2 and "light-blue" not in after, output
    assert "Could not fetch property: 404" in after, output


def test_what_is_wrong_is_said(server, cadaver):
    output = cadaver("get none", "delete none", "mkcol a/b", "cd none")
    assert output.count("404") >= 1 and "409" in output, output


def test_chexec(server, cadaver):
    """It asks only where DAV names Apache's set of properties."""
    server.request("PUT", "/f", body="#!/bin/sh\n")
    output = cadaver("chexec + f", "ls")
    assert "failed" not in output and "*f" in output.replace(" ", ""), output
    assert os.stat(server.path("f")).st_mode & 0o111
    output = cadaver("chexec - f", "ls")
    assert "failed" not in output and "*f" not in output.replace(" ", ""), output
    assert not os.stat(server.path("f")).st_mode & 0o111
