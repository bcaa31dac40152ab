"""The README's `make install`, as a newcomer has it: in a copy of the sources where nothing has been built."""

import os
import shutil
import socket
import subprocess

import pytest
from command import run

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
FAILED = b"""<?xml version="1.0"?><multistatus xmlns="DAV:"><response><href>/a</href>
<status>HTTP/1.1 423 Locked</status></response></multistatus>"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    if not os.path.exists(os.path.join(ROOT, ".git")):
        pytest.skip("no clone: nothing says which files are sources")
    folder = tmp_path_factory.mktemp("install")
    for name in run("git", "-C", ROOT, "ls-files", "-z").split("\0"):
        if name and os.path.exists(os.path.join(ROOT, name)):
            os.makedirs(os.path.dirname(folder / "clone" / name), exist_ok=True)
            shutil.copy(os.path.join(ROOT, name), folder / "clone" / name)
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "DESTDIR", "DAVIT")}
    run("make", "-C", str(folder / "clone"), "install", f"PREFIX={folder}/prefix", env=env)
    return folder


def test_a_fresh_clone_installs_all_that_it_has(installed):
    prefix = installed / "prefix"
    assert run(prefix / "bin" / "davit", "--version").startswith("davit ")
    manuals = {name for _, _, names in os.walk(prefix / "share" / "man") for name in names}
    assert manuals == set(os.listdir(os.path.join(ROOT, "docs", "man")))


def test_the_sample_that_is_served_has_no_broken_link(installed):
    """`make serve`, without what it would build again."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with subprocess.Popen(["tools/serve.sh", address, ""], cwd=installed / "clone", stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as server:
        try:
            assert any(line.startswith("listening on") for line in server.stderr)
            said = run(installed / "prefix" / "bin" / "davit", "check", f"http://{address}/")
        finally:
            server.terminate()
    assert "0 broken" not in said and " ok" in said, said


def test_a_program_is_built_with_what_was_installed(installed):
    found = run("find", str(installed / "prefix"), "-name", "davit.pc").split()
    assert len(found) == 1
    env = {**os.environ, "PKG_CONFIG_PATH": os.path.dirname(found[0])}
    flags = run("pkg-config", "--cflags", "--libs", "davit", env=env).split()
    program = str(installed / "summary")
    run("cc", "-o", program, os.path.join(ROOT, "examples", "multistatus-summary.c"), *flags)
    libraries = os.path.dirname(os.path.dirname(found[0]))
    done = subprocess.run([program], input=FAILED, capture_output=True, check=False,
                          env={**os.environ, "LD_LIBRARY_PATH": libraries})
    assert (done.returncode, done.stdout) == (1, b"423 /a\n207(ok=0,423=1)\n"), done
