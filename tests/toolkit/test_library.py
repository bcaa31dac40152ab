"""libdavit as others meet it: installed, found by pkg-config, compiled as C11 and as C++17, linked
shared and static; with its public symbols and no others."""

import os
import re
import shutil
import subprocess

import pytest
from command import run

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("DAVIT_BUILD", os.path.dirname(os.environ.get("DAVIT", "")))
HEADERS = ("extension.h", "multistatus.h", "multistatus_reader.h", "multistatus_writer.h")

FAILED = b"""<?xml version="1.0"?><multistatus xmlns="DAV:"><response><href>/a</href>
<status>HTTP/1.1 200 OK</status></response><response><href>/b</href><status>HTTP/1.1 423 Locked</status>
<error><lock-token-submitted/></error></response></multistatus>"""


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """Where this very build is installed; what it was built with must be linked to the programs."""
    if not os.path.exists(os.path.join(BUILD, "build.ninja")):
        pytest.skip("no build directory: set DAVIT_BUILD")
    target = str(tmp_path_factory.mktemp("installed"))
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", target)
    found = run("find", target, "-name", "davit.pc").split()
    assert len(found) == 1
    return target, os.path.dirname(found[0])


def sanitizer():
    """The library of a build with sanitizers needs their runtime."""
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
        found = re.findall(r"-fsanitize=[\w,]+", file.read())
    return found[:1]


def pkg_config(prefix, *args):
    target, folder = prefix
    env = {**os.environ, "PKG_CONFIG_PATH": folder, "PKG_CONFIG_SYSROOT_DIR": target}
    return run("pkg-config", *args, "davit", env=env).split()


def library_dir(prefix):
    return os.path.dirname(prefix[1])


def try_program(program, prefix, is_shared):
    env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1"}
    if is_shared:
        env["LD_LIBRARY_PATH"] = library_dir(prefix)
    done = subprocess.run([program], input=FAILED, capture_output=True, env=env, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, b"423 /b (lock-token-submitted)\n207(ok=1,423=1)\n"), done
    done = subprocess.run([program], input=FAILED[:-20], capture_output=True, env=env, timeout=60,
                          check=False)
    assert done.returncode == 3 and b"cut off" in done.stderr


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_example_is_built_against_the_installed_library(prefix, tmp_path, compiler):
    if not shutil.which(compiler):
        pytest.skip("no " + compiler)
    if compiler == "clang" and sanitizer():
        pytest.skip("the runtime of another compiler's sanitizers")
    program = str(tmp_path / "summary")
    run(compiler, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", *sanitizer(),
        *pkg_config(prefix, "--cflags"), os.path.join(ROOT, "examples/multistatus-summary.c"),
        *pkg_config(prefix, "--libs"), "-o", program)
    linked = run("ldd", program, env={**os.environ, "LD_LIBRARY_PATH": library_dir(prefix)})
    assert re.search(r"libdavit\.so\.0 => " + re.escape(library_dir(prefix)), linked)
    try_program(program, prefix, True)


def test_the_example_is_linked_statically(prefix, tmp_path):
    program = str(tmp_path / "summary")
    libs = [re.sub("^-ldavit$", "-l:libdavit.a", word)
            for word in pkg_config(prefix, "--static", "--libs")]
    assert "-lexpat" in libs
    run("gcc", "-std=c11", *sanitizer(), *pkg_config(prefix, "--cflags"),
        os.path.join(ROOT, "examples/multistatus-summary.c"), *libs, "-o", program)
    assert "libdavit" not in run("ldd", program)
    try_program(program, prefix, False)


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("command", [
    ("gcc", "-std=c11"), ("clang", "-std=c11", "-Weverything", "-Wno-padded",
                          "-Wno-declaration-after-statement", "-Wno-unsafe-buffer-usage",
                          "-Wno-unknown-warning-option"),
    ("g++", "-std=c++17", "-Wold-style-cast"),
    ("clang++", "-std=c++17", "-Weverything", "-Wno-padded", "-Wno-c++98-compat",
     "-Wno-c++98-compat-pedantic", "-Wno-unknown-warning-option")])
def test_headers_are_clean(prefix, tmp_path, command, header):
    if not shutil.which(command[0]):
        pytest.skip("no " + command[0])
    source = tmp_path / ("x.cpp" if "++" in command[0] else "x.c")
    # With the same header twice, and used: in C++ as in C.
    source.write_text(
        f"#include <davit/{header}>\n#include <davit/{header}>\n"
        "extern int counts(const struct davit_ms_verdict *verdict);\n"
        "int counts(const struct davit_ms_verdict *verdict)\n{\n"
        "    return verdict->success_count == verdict->member_count;\n}\n")
    run(*command, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only",
        *pkg_config(prefix, "--cflags"), str(source))


def declared():
    names = set()
    for header in HEADERS:
        with open(os.path.join(ROOT, "include/davit", header), encoding="utf-8") as file:
            names |= set(re.findall(r"\b(davit_ms_\w+)\(", re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)))
    return names


def test_only_the_declared_symbols_are_exported_and_they_have_versions(prefix):
    shared = os.path.join(library_dir(prefix), "libdavit.so.0")
    exported = {line.split()[2] for line in run("nm", "-D", "--defined-only", shared).splitlines()
                if line.split()[1] not in ("A",)}
    own = {name for name in exported if not name.startswith("__")}
    assert own == {name + "@@DAVIT_0.1" for name in declared()}


def test_the_static_library_leaves_no_other_name_global(prefix):
    static = os.path.join(library_dir(prefix), "libdavit.a")
    lines = [line.split() for line in run("nm", "-g", "--defined-only", static).splitlines()]
    names = {words[2] for words in lines if len(words) == 3}
    assert {name for name in names if not name.startswith("__")} == declared()


def test_pages_are_installed(prefix):
    found = run("find", prefix[0], "-path", "*/man/man[13]/*", "-type", "f").split()
    names = {os.path.basename(path).removesuffix(".gz") for path in found}
    assert {"davit-read.1", "davit-explain.1", "davit-multistatus.3"} <= names
    for path in found:
        done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", path], capture_output=True,
                              text=True, check=False, env={**os.environ, "MANWIDTH": "100"}) \
            if shutil.which("man") else None
        assert done is None or (done.returncode == 0 and not done.stderr), (path, done)


def test_the_page_names_every_function():
    with open(os.path.join(ROOT, "docs/man/davit-multistatus.3"), encoding="utf-8") as file:
        page = file.read().replace("\\-", "-")
    assert declared() <= set(re.findall(r"davit_ms_\w+", page))
