"""A body of any length passes in constant memory. Small here; the figures of the release build come from

    DAVIT=build/davit DAVIT_MEMORY=full pytest -s tests/toolkit/test_large.py
"""

import os
import subprocess
import time

import davit
import pytest

FULL = os.environ.get("DAVIT_MEMORY") == "full"
MEMBERS = 1000000 if FULL else 60000
GROWTH_MAX = 4 << 20

# Freed memory that is kept to find its misuse would look like growth.
ENV = {**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=16"}

MEMBER = ('<D:response><D:href>/folder/member-%08d.dat</D:href><D:propstat><D:prop><D:resourcetype/>'
          '<D:getcontentlength>1048576</D:getcontentlength>'
          '<D:getlastmodified>Sun, 06 Nov 1994 08:49:37 GMT</D:getlastmodified>'
          '<D:creationdate>1994-11-06T08:49:37Z</D:creationdate>'
          '<D:getetag>"5f3e2a1b-100000-17a2b3c4d5e6f"</D:getetag></D:prop>'
          '<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>')


def write_body(path, members):
    with open(path, "w", encoding="ascii") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">')
        for i in range(members):
            file.write(MEMBER % i)
        file.write("</D:multistatus>\n")
    return os.path.getsize(path)


def peak_and_seconds(path, *args):
    """The most memory that a run needs, as the kernel counts it, and its processor time."""
    with subprocess.Popen([davit.BINARY, "read", *args, path], stdout=subprocess.DEVNULL,
                          env=ENV) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss << 10, usage.ru_utime + usage.ru_stime


@pytest.mark.parametrize("args", [
    ("--format", "jsonl"), ("--format", "table"), ("--format", "csv"), ("--format", "summary"),
    ("--format", "jsonl", "--failed")], ids=" ".join)
def test_memory_does_not_grow_with_the_members(tmp_path, args):
    small, large = str(tmp_path / "small"), str(tmp_path / "large")
    write_body(small, 2000)
    size = write_body(large, MEMBERS)
    before, _ = peak_and_seconds(small, *args)
    began = time.monotonic()
    peak, seconds = peak_and_seconds(large, *args)
    print(f"{' '.join(args)}: {MEMBERS} members, {size / 1e6:.0f} MB, {size / seconds / 1e6:.0f} MB/s "
          f"of processor time ({time.monotonic() - began:.1f} s), peak {peak / (1 << 20):.1f} MiB "
          f"(2000 members: {before / (1 << 20):.1f} MiB)")
    assert peak - before < GROWTH_MAX


def test_the_linter_keeps_a_few_bytes_of_each_href(tmp_path):
    small, large = str(tmp_path / "small"), str(tmp_path / "large")
    write_body(small, 2000)
    write_body(large, MEMBERS)
    before, _ = peak_and_seconds(small, "--lint")
    peak, seconds = peak_and_seconds(large, "--lint")
    print(f"lint: {seconds:.1f} s, peak {peak / (1 << 20):.1f} MiB")
    assert peak - before < GROWTH_MAX + 48 * MEMBERS
