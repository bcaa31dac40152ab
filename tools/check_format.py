#!/usr/bin/env python3
"""clang-format has nothing to change. tools/format.sh makes it so."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from gate import Gate

MAJOR = "14"  # another major lays some lines out differently


def clang_format():
    """The pinned clang-format, by either of its names; None: it is not installed."""
    for name in ("clang-format-" + MAJOR, "clang-format"):
        try:
            version = subprocess.run([name, "--version"], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        if re.search(r"version %s\." % MAJOR, version.stdout):
            return name
    return None


def main():
    gate = Gate(__doc__)
    gate.parse()
    tool = clang_format()
    if not tool:
        print("clang-format %s is not installed: not checked" % MAJOR)
        raise SystemExit(77)  # meson: skipped
    paths = list(gate.files(["src", "include", "tests"], (".c", ".h")))
    gate.checked = len(paths)

    def check(path):
        command = [tool, "--dry-run", "--Werror", "--style=file", os.path.join(gate.root, path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, done in zip(paths, pool.map(check, paths)):
            lines = re.findall(r":(\d+):\d+: error: code should be", done.stderr)
            if done.returncode:
                first = int(lines[0]) if lines else 1
                gate.find(path, first, "not as clang-format would have it: run tools/format.sh")
    gate.exit()


if __name__ == "__main__":
    main()
