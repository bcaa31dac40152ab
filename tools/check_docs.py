#!/usr/bin/env python3
"""What the documentation points at is there: relative links with their anchors, and files and
folders, in backticks or without. A path begins at the root (tests/wire/, or tests/wire/rfc9110-*.wire
for all of them), or is the end of a C file's (io/loop.c, loop.c). And docs/where.md says of each
thing where it is tested.
"""

import glob
import os
import re

from gate import Gate

_LINK = re.compile(r"(?<!\!)\[[^]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|!\[[^]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"(`+)(.+?)\1")
_PATH = re.compile(
    r"(?<![\w./<>*-])(?:(?:src|include|docs|tests|tools|bench|examples|packaging)/[\w./+*-]*[\w*]/?(?![\w<*])"
    r"|(?:\w+/)*\w+\.(?:c|h|def)\b)"
)
WHERE = "docs/where.md"
_FENCE = re.compile(r"^\s*(```|~~~)")


def prose_lines(source):
    """Lines with their numbers, without fenced blocks."""
    is_fenced = False
    for number, line in enumerate(source.splitlines(), 1):
        if _FENCE.match(line):
            is_fenced = not is_fenced
        elif not is_fenced:
            yield number, line


def anchors_of(source):
    """The anchors that a page's headings get, as GitHub makes them."""
    anchors = set()
    for _, line in prose_lines(source):
        match = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if not match:
            continue
        text = re.sub(r"[^\w\- ]", "", match.group(1).lower()).replace(" ", "-")
        number = 0
        while (text if not number else "%s-%d" % (text, number)) in anchors:
            number += 1
        anchors.add(text if not number else "%s-%d" % (text, number))
    return anchors


def check_link(gate, path, number, target):
    if re.match(r"[a-z][a-z0-9+.-]*:", target, re.IGNORECASE):
        return
    file, _, anchor = target.partition("#")
    found = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
    if file.startswith("/"):
        gate.find(path, number, "an absolute link: %s" % target)
    elif not os.path.exists(os.path.join(gate.root, found)):
        gate.find(path, number, "a link to nowhere: %s" % target)
    elif anchor and found.endswith(".md"):
        with open(os.path.join(gate.root, found), encoding="utf-8") as linked:
            if anchor.lower() not in anchors_of(linked.read()):
                gate.find(path, number, "no such heading: %s" % target)


def c_file_ends(gate):
    """Each way to name a C file: its path, without any number of its first folders."""
    paths = gate.files(["src", "include", "tests", "bench", "examples"], (".c", ".h", ".def"))
    return {"/".join(path.split("/")[at:]) for path in paths for at in range(path.count("/") + 1)}


def is_there(gate, path):
    return path in gate.c_files or glob.glob(os.path.join(gate.root, path))


def check_where(gate, path):
    """Each row of its table: a thing, where it is, and a test of it."""
    for number, line in prose_lines(gate.read(path)):
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        is_row = cells and cells[0] != "you look for" and not set(cells[0]) <= set("-")
        if is_row and (len(cells) != 3 or not _PATH.search(cells[2])):
            gate.find(path, number, "does not say where this is tested: %s" % cells[0])


def check_page(gate, path):
    for number, line in prose_lines(gate.read(path)):
        for found in _PATH.finditer(_LINK.sub("", line)):
            if not is_there(gate, found.group()):
                gate.find(path, number, "there is no %s" % found.group())
        for link in _LINK.finditer(_CODE.sub("", line)):
            check_link(gate, path, number, link.group(1) or link.group(2))


def main():
    gate = Gate(__doc__)
    gate.parse()
    gate.c_files = c_file_ends(gate)
    for path in gate.files(["."], (".md",)):
        check_page(gate, path)
        if path == WHERE:
            check_where(gate, path)
    gate.exit()


if __name__ == "__main__":
    main()
