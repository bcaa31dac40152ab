#!/usr/bin/env python3
"""Every header stands on its own: it compiles alone, twice in one file does no harm, and it opens
with a comment that says its path and what it is for.

The compiler and its flags come from the build's compile_commands.json: each header is compiled as
its own folder is.
"""

import json
import os
import re
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor

from gate import Gate

_OPENING = re.compile(r"/\* (\S+\.h): \S")


def flags_by_folder(build):
    """Folder below the root: (compiler and flags, directory to run in)."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        commands = json.load(file)
    flags = {}
    for command in commands:
        words = iter(shlex.split(command["command"]))
        kept = []
        for word in words:
            if word in ("-o", "-MF", "-MQ", "-MT"):
                next(words)
            elif word not in ("-c", "-MD", command["file"]):
                kept.append(word)
        path = os.path.realpath(os.path.join(command["directory"], command["file"]))
        flags[os.path.dirname(path)] = (kept, command["directory"])
    return flags


def compile_alone(gate, flags, path):
    """The compiler's complaints about a file that is nothing but this header, twice."""
    folder = os.path.realpath(os.path.join(gate.root, os.path.dirname(path)))
    words, directory = flags.get(folder) or next(iter(flags.values()))
    include = '#include "%s"\n' % path.split("/", 1)[1]
    # Something must be defined, or -Wpedantic complains of an empty file.
    source = include * 2 + "extern int nothing_else;\n"
    done = subprocess.run(
        words + ["-fsyntax-only", "-Werror", "-x", "c", "-"],
        input=source, cwd=directory, capture_output=True, text=True, check=False,
    )
    return done.stderr if done.returncode else ""


def check_opening(gate, path):
    source = gate.read(path)
    match = _OPENING.match(source)
    if not match:
        gate.find(path, 1, "does not open with a comment '/* %s: what it is'" % path.split("/", 1)[1])
    elif match.group(1) != path.split("/", 1)[1]:
        gate.find(path, 1, "its first line says that it is %s" % match.group(1))
    if not re.search(r"^#pragma once$", source, re.MULTILINE):
        gate.find(path, 1, "has no #pragma once")


def main():
    gate = Gate(__doc__)
    gate.parser.add_argument("--build", required=True, help="the build directory")
    options = gate.parse()
    flags = flags_by_folder(options.build)
    paths = list(gate.files(["src", "include"], (".h",)))
    for path in paths:
        check_opening(gate, path)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = pool.map(lambda path: compile_alone(gate, flags, path), paths)
    for path, complaint in zip(paths, complaints):
        errors = re.findall(r":(\d+):\d+: (?:fatal )?error: (.*)", complaint)
        if complaint and not errors:
            errors = [("1", complaint.strip().splitlines()[-1])]
        for line, text in errors[:3]:
            gate.find(path, int(line), "does not compile alone: " + text)
    gate.exit()


if __name__ == "__main__":
    main()
