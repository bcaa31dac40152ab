"""gio and gvfs, what GNOME's file manager uses, without a desktop: a session bus of their own."""

import os
import shutil
import subprocess
import tempfile

import davit
import pytest

for program in ("gio", "dbus-run-session"):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed", allow_module_level=True)


@pytest.fixture
def server():
    with davit.Davit() as running:
        yield running


@pytest.fixture
def gio(server):
    """Runs lines of shell with the server mounted as $U; `set -e` makes each of them count."""
    def run(script):
        with tempfile.TemporaryDirectory(prefix="davit-gio-") as home:
            url = server.url.replace("http:", "dav:")
            script = f"set -e\nU={url}\ngio mount $U/\n{script}\ngio mount -u $U/\n"
            done = subprocess.run(
                ["dbus-run-session", "--", "sh", "-c", script], cwd=home, timeout=120, text=True,
                env={"HOME": home, "XDG_RUNTIME_DIR": home, "PATH": os.environ["PATH"],
                     "GVFS_DISABLE_FUSE": "1", "GIO_USE_VOLUME_MONITOR": "unix"},
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            if "volume doesn" in done.stdout or "not supported" in done.stdout.lower() and \
                    "location" in done.stdout.lower():
                pytest.skip(f"gvfs cannot mount dav here: {done.stdout}")
            if "Failed to start message bus" in done.stdout:
                pytest.skip(f"there is no message bus here: {done.stdout}")
            assert done.returncode == 0, done.stdout
            return done.stdout
    return run


def test_files_are_listed_copied_moved_and_removed(server, gio):
    server.request("PUT", "/hello ü.txt", body="")  # a name that must come through
    with open(server.path("hello.txt"), "w", encoding="ascii") as file:
        file.write("hello\n")
    output = gio("""
gio list $U/
gio cat $U/hello.txt
echo content > local
gio copy local $U/copy.txt
gio rename $U/copy.txt renamed.txt
gio mkdir $U/dir
gio move $U/renamed.txt $U/dir/moved.txt
gio copy $U/dir/moved.txt $U/dir/again.txt
gio list -l $U/dir
gio remove $U/hello.txt
""")
    assert "hello" in output and "moved.txt" in output, output
    assert sorted(os.listdir(server.path("dir"))) == ["again.txt", "moved.txt"]
    with open(server.path("dir", "moved.txt"), encoding="ascii") as file:
        assert file.read() == "content\n"
    assert not os.path.exists(server.path("hello.txt"))


def test_a_file_is_replaced_if_it_is_still_the_same(server, gio):
    """gvfs sends If-Match with the entity tag when it replaces a file."""
    server.request("PUT", "/f", body="old\n")
    output = gio("""
etag=$(gio info -a etag::value $U/f | sed -n 's/.*etag::value: //p')
echo new | gio save -e "$etag" $U/f
if echo lost | gio save -e '"0000000000000000"' $U/f; then exit 9; fi
gio cat $U/f
""")
    assert "new" in output
    assert server.request("GET", "/f").body == b"new\n"


def test_what_is_there_is_not_replaced_by_a_rename(server, gio):
    """A rename is a MOVE with Overwrite: F."""
    server.request("PUT", "/a", body="a")
    server.request("PUT", "/b", body="b")
    gio("if gio rename $U/a b; then exit 9; fi")
    assert server.request("GET", "/b").body == b"b" and server.request("GET", "/a").body == b"a"


def test_sizes_times_and_free_space(server, gio):
    server.request("PUT", "/f", {"X-OC-Mtime": "1000000000"}, b"12345")
    output = gio("gio info $U/f; gio info -f $U/")
    assert "size:  5" in output and "time::modified: 1000000000" in output, output
    assert "filesystem::free" in output, output
