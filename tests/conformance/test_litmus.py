"""litmus, the WebDAV server test suite of neon's author: everything passes, and nothing is warned
about. The suites that run are those of the issue; each prints `N tests run: N passed, 0 failed`."""

import re
import shutil
import subprocess

import davit
import pytest

if not shutil.which("litmus"):
    pytest.skip("litmus is not installed", allow_module_level=True)


@pytest.mark.parametrize("suite", ["basic", "copymove", "props", "locks", "http"])
def test_litmus(suite, tmp_path):
    with davit.Davit() as server:
        done = subprocess.run(["litmus", server.url + "/"], env={"TESTS": suite, "PATH": "/usr/bin:/bin"},
                              cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    summary = re.search(r"of (\d+) tests run: (\d+) passed, (\d+) failed", done.stdout)
    print(summary and f"{suite}: {summary.group()}")
    assert done.returncode == 0 and summary, done.stdout + done.stderr
    assert summary.group(1) == summary.group(2) and int(summary.group(1)) > 3, done.stdout
    assert "WARNING" not in done.stdout and "warning" not in done.stdout, done.stdout
