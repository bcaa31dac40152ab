"""Shared objects that extend davit (include/davit/extension.h): the example, and such as cannot be
used. Each is compiled as its author would: with a plain C compiler and the headers."""

import glob
import os
import re
import shutil
import signal
import subprocess

import pytest

import davit

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
EXAMPLE = os.path.join(ROOT, "examples", "extension-words.c")
LIBRARY = os.path.join(os.path.dirname(os.path.abspath(davit.BINARY)), "src")
HEAD = '#include <davit/extension.h>\n'
WORDS = "urn:example:words"

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")


def compile_object(source, target):
    done = subprocess.run(
        ["cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-shared", "-fPIC",
         "-I", os.path.join(ROOT, "include"), source, "-o", target,
         "-L" + LIBRARY, "-Wl,--as-needed", "-ldavit", "-Wl,-rpath," + LIBRARY],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    os.chmod(target, 0o755)


@pytest.fixture(name="words", scope="module")
def fixture_words(tmp_path_factory):
    target = str(tmp_path_factory.mktemp("extension") / "words.so")
    compile_object(EXAMPLE, target)
    return target


def write_config(folder, *extensions):
    text = "[server]\nroot = %s\nanonymous = yes\n" % folder
    for name, path in extensions:
        text += '[extension "%s"]\nload = %s\n' % (name, path)
    config = str(folder / "davit.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(text)
    return config


def check(config):
    return subprocess.run([davit.BINARY, "config", "check", config], capture_output=True, text=True,
                          check=False, timeout=60)


def propfind(name):
    return ('<D:propfind xmlns:D="DAV:"><D:prop><w:%s xmlns:w="%s"/></D:prop></D:propfind>'
            % (name, WORDS)).encode()


def test_the_example_serves(words, tmp_path):
    root = tmp_path / "root"
    (root / "c").mkdir(parents=True)
    (root / "two words.txt").write_bytes(b"four words are here")
    config = str(tmp_path / "davit.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write('[server]\nanonymous = yes\n[rule "/"]\nallow = all for everyone\n'
                   '[rule "/c"]\ndeny = read for everyone\n'
                   '[extension "words"]\nload = %s\n' % words)
    with davit.Davit(str(root), args=("-c", config)) as server:
        done = server.request("OPTIONS", "/")
        assert "<urn:example:words>" in done.field("DAV") and "WORDS" in done.field("Allow")

        done = server.request("PROPFIND", "/", {"Depth": "1"}, propfind("count"))
        assert done.status == 207 and b">2<" in done.body
        assert done.body.count(b"404 Not Found") == 0

        done = server.request("PROPFIND", "/two%20words.txt", {"Depth": "0"},
                              b'<D:propfind xmlns:D="DAV:"><D:prop><D:supported-report-set/>'
                              b'<D:supported-method-set/></D:prop></D:propfind>')
        assert b'<x:report xmlns:x="urn:example:words"/>' in done.body
        assert b'<D:supported-method name="WORDS"/>' in done.body

        done = server.request("REPORT", "/two%20words.txt", {}, b'<report xmlns="%s"/>' % WORDS.encode())
        assert done.status == 207 and b"<D:href>/two%20words.txt</D:href>" in done.body
        assert done.field("Content-Type") == "application/xml; charset=utf-8"

        done = server.request("WORDS", "/two%20words.txt", {}, b"one two three")
        assert (done.status, done.body) == (200, b"3 words\n")
        assert done.field("X-Words") == "counted"
        done = server.request("WORDS", "/two%20words.txt")
        assert done.body == b"a file of 19 bytes\n"

        assert server.request("WORDS", "/none").status == 404
        assert server.request("WORDS", "/c/").status == 403  # the rules come first
        assert server.request("WORDSX", "/").status == 501
        assert server.request("WORDS", "/", {}, b"x" * 3000000).status == 413

        # A property of it is nobody's to set.
        done = server.request("PROPPATCH", "/two%20words.txt", {},
                              b'<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><w:count '
                              b'xmlns:w="urn:example:words">9</w:count></D:prop></D:set>'
                              b'</D:propertyupdate>')
        assert b"cannot-modify-protected-property" in done.body


def refused(folder, name, path):
    config = write_config(folder, (name, path))
    checked = check(config)
    assert checked.returncode != 0 and 'extension "%s"' % name in checked.stderr, checked
    return checked.stderr


EMPTY = "const struct davit_extension davit_extension = {.version = DAVIT_EXTENSION_VERSION, "
RUN = ("static void run(const struct davit_ext_calls *davit, struct davit_ext *call)\n"
       "{ davit->status(call, 204); }\n")
GET = ("static bool get(const struct davit_ext_calls *davit, struct davit_ext *call)\n"
       "{ return davit->write(call, \"1\", 1); }\n")
CANNOT = {
    "another version": (
        'const struct davit_extension davit_extension = {.version = 99, .name = "bad"};',
        "for version 99 of davit/extension.h, and this davit has version 1"),
    "no symbol": ("extern int x; int x;", "it has no symbol davit_extension"),
    "another name": (EMPTY + '.name = "good"};', "it calls itself 'good'"),
    "a token that is a list": (EMPTY + '.name = "bad", .token = "a, b"};', "its token"),
    "a method of davit's": (
        RUN + 'static const struct davit_ext_method m[] = {{"PUT", DAVIT_EXT_ON_FILE, run}, {0}};\n'
        + EMPTY + '.name = "bad", .methods = m};', "there is already a method 'PUT'"),
    "a method that is none": (
        RUN + 'static const struct davit_ext_method m[] = {{"P T", DAVIT_EXT_ON_FILE, run}, {0}};\n'
        + EMPTY + '.name = "bad", .methods = m};', "'P T' cannot be a method"),
    "a method that is nowhere": (
        RUN + 'static const struct davit_ext_method m[] = {{"PT", DAVIT_EXT_SAFE, run}, {0}};\n'
        + EMPTY + '.name = "bad", .methods = m};', "'PT' is allowed nowhere"),
    "a property of davit's": (
        GET + 'static const struct davit_ext_property p[] = {{"DAV:", "getetag", get}, {0}};\n'
        + EMPTY + '.name = "bad", .properties = p};', "there is already a property 'getetag'"),
    "a report of davit's": (
        RUN + 'static const struct davit_ext_report r[] = {{"DAV:", "sync-collection", '
        'DAVIT_EXT_ON_COLLECTION, run}, {0}};\n'
        + EMPTY + '.name = "bad", .reports = r};', "there is already a report 'sync-collection'"),
}


@pytest.mark.parametrize("what", CANNOT)
def test_what_cannot_be_used_is_refused(what, tmp_path):
    source, why = CANNOT[what]
    (tmp_path / "bad.c").write_text(HEAD + source + "\n")
    compile_object(str(tmp_path / "bad.c"), str(tmp_path / "bad.so"))
    assert why in refused(tmp_path, "bad", str(tmp_path / "bad.so"))


def test_a_start_says_what_a_check_says(words, tmp_path):
    config = write_config(tmp_path, ("another", words))
    done = subprocess.run([davit.BINARY, "serve", "-c", config, "--listen", "127.0.0.1:0"],
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0 and "it calls itself 'words'" in done.stderr
    assert check(config).stderr.split("[extension", 1)[1] in done.stderr


def test_files_that_are_not_safe_are_refused(words, tmp_path):
    copy = str(tmp_path / "words.so")
    shutil.copy(words, copy)
    for mode in (0o775, 0o757):
        os.chmod(copy, mode)
        assert "may be written by others" in refused(tmp_path, "words", copy)
    os.chmod(copy, 0o755)
    assert check(write_config(tmp_path, ("words", copy))).returncode == 0
    assert "no absolute path" in refused(tmp_path, "words", "words.so")
    assert "no plain file" in refused(tmp_path, "words", str(tmp_path))
    assert "cannot open" in refused(tmp_path, "words", str(tmp_path / "none.so"))
    (tmp_path / "text.so").write_text("this is no shared object\n")
    os.chmod(tmp_path / "text.so", 0o644)
    assert "cannot be loaded" in refused(tmp_path, "words", str(tmp_path / "text.so"))
    if os.geteuid() == 0:
        os.chown(copy, 12345, 12345)
        assert "belongs neither to root" in refused(tmp_path, "words", copy)


def test_one_file_under_two_names_is_refused(words, tmp_path):
    config = write_config(tmp_path, ("words", words), ("other", words))
    done = check(config)
    assert done.returncode != 0 and "it calls itself 'words'" in done.stderr
    (tmp_path / "davit.conf").write_text('[server]\nroot = /tmp\n[extension "words"]\n')
    done = check(config)
    assert done.returncode != 0 and "has no load = FILE" in done.stderr
    (tmp_path / "davit.conf").write_text('[server]\nroot = /tmp\n[extension]\nload = /x\n')
    assert "needs its name" in check(config).stderr


def test_a_reload_keeps_what_is_loaded(words, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    config = tmp_path / "davit.conf"
    text = "[server]\nanonymous = yes\n"
    loaded = '[extension "words"]\nload = %s\n' % words
    config.write_text(text + loaded)
    with davit.Davit(str(root), args=("-c", str(config))) as server:
        config.write_text(text)
        os.kill(server.process.pid, signal.SIGHUP)
        server.says("loading other extensions needs a restart")
        assert server.request("WORDS", "/").status == 200
        config.write_text(text + loaded)
        os.kill(server.process.pid, signal.SIGHUP)
        server.says("the settings have been reloaded")
        assert server.request("WORDS", "/").status == 200


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def test_each_row_is_documented():
    rows = set()
    for path in glob.glob(os.path.join(ROOT, "src", "extension", "**", "*.c"), recursive=True):
        rows |= set(re.findall(r"^    \.name = STR_INIT\(\"([^\"]+)\"\)", read(path), re.M))
    table = read("docs", "extensions.md").split("These are properties")[0]
    assert rows == set(re.findall(r"^\| `([^`]+)` \|", table, re.M))


def test_the_code_that_is_taught_is_the_code_that_is_there():
    there = read("examples", "extension-words.c") + read("src", "extension", "executable.c")
    blocks = re.findall(r"```c\n(.*?)```", read("docs", "extending.md"), re.S)
    assert len(blocks) >= 3
    for block in blocks:
        assert block in there, block
