"""Every 207 that a suite was answered with, read back at its end by `davit read --lint`: one process for
all of them."""

import os
import subprocess
import tempfile

import davit
import pytest

_folder = tempfile.TemporaryDirectory(prefix="davit-207-")  # pylint: disable=consider-using-with
_seen = set()


def keep(where, method, target, response):
    """A capture of the exchange, if its answer is a 207 that was not seen before. `target` may be unknown."""
    if response.status != 207 or not response.is_complete or "json" in response.field("Content-Type", ""):
        return
    head = f"{response.version} 207 {response.reason}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in response.fields
                    if name.lower() not in ("date", "content-length", "transfer-encoding"))
    capture = (head + "\r\n").encode("utf-8", "surrogateescape") + response.body
    if method and target:
        line = f"{method} {target} HTTP/1.1\r\n\r\n"
        capture = line.encode("utf-8", "surrogateescape") + capture
    if capture in _seen:
        return
    _seen.add(capture)
    name = f"{len(_seen):04}-{where.replace(os.sep, '-')}"
    with open(os.path.join(_folder.name, name), "wb") as file:
        file.write(capture)


def check():
    """Fails with all findings but notes."""
    if not _seen:
        pytest.skip("no 207 was served")
    done = subprocess.run([davit.BINARY, "read", "--lint", *sorted(os.listdir(_folder.name))],
                          cwd=_folder.name, capture_output=True, timeout=600, check=False)
    text = done.stdout.decode("utf-8", "replace")
    findings = [line for line in text.splitlines() if ": error L" in line or ": warning L" in line]
    assert done.returncode == 0 and not findings, "\n".join(findings + [done.stderr.decode()])
    assert text.count(" errors, ") == len(_seen)
