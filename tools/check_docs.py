#!/usr/bin/env python3
"""What the documentation points at is there: relative links with their anchors, and the files and
folders that stand in backticks (`src/...`, `docs/...`).
"""

import os
import re

from gate import Gate

_LINK = re.compile(r"(?<!\!)\[[^]]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|!\[[^]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"(`+)(.+?)\1")
_PATH = re.compile(r"(?:src|include|docs|tests|tools|bench|packaging)/[\w./+-]*\w/?")
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


def check_page(gate, path):
    for number, line in prose_lines(gate.read(path)):
        for code in _CODE.finditer(line):
            text = code.group(2).strip()
            if _PATH.fullmatch(text) and not os.path.exists(os.path.join(gate.root, text)):
                gate.find(path, number, "there is no %s" % text)
        for link in _LINK.finditer(_CODE.sub("", line)):
            check_link(gate, path, number, link.group(1) or link.group(2))


def main():
    gate = Gate(__doc__)
    gate.parse()
    for path in gate.files(["."], (".md",)):
        check_page(gate, path)
    gate.exit()


if __name__ == "__main__":
    main()
