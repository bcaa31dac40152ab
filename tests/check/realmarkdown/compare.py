#!/usr/bin/env python3
"""Compares `davit check` with remark and github-slugger over real Markdown: compare.py FOLDER [PART...]

All files of FOLDER that end in .md or .markdown are read by both, or those of them whose names have a
PART in them. Printed is each link that only one of them sees, each that stands on another line, and
each fragment that only one of them misses; then the figures. The exit status is 1 when there is a
difference that no row of EXPLAINED accounts for. Needs node, and the packages of package.json
(`make realmarkdown` fetches them).
"""

import collections
import json
import os
import re
import subprocess
import sys
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
DAVIT = os.environ.get("DAVIT", HERE + "/../../../build/davit")
NODE_MODULES = os.environ.get("REALMARKDOWN", HERE + "/../../../build/realmarkdown")
BATCH = 400

# What both read differently for a reason: (which, a regular expression for the line that is printed).
EXPLAINED = [
    # Addresses that remark makes links of behind the parser's back: "<www.x>", "[https://x]". GFM 6.9
    # asks for a space, a line's begin, or one of "*_~(" before them.
    ("unseen", r"^unseen \S+:0 "),
]

KINDS = {("markdown", "link"), ("markdown", "image"), ("a", "href"), ("img", "src")}
NOWHERE = re.compile(r"^[\s\x00-\x20]*(javascript|data|blob|about):", re.I)
LINES = re.compile(r"^L\d+(C\d+)?(-L?\d+(C\d+)?)?$")


def files_of(folder, parts):
    found = []
    for path, _, names in os.walk(os.path.realpath(folder)):
        for name in names:
            file = path + "/" + name
            if name.lower().endswith((".md", ".markdown")) and not os.path.islink(file):
                found.append(file)
    return sorted(file for file in found if not parts or any(part in file for part in parts))


def spelled(url):
    """The URL in one spelling, since remark encodes what CommonMark's other readers leave."""
    url = urllib.parse.quote(url.strip(" \t\r\n\f"), safe="".join(map(chr, range(33, 127))))
    return re.sub(r'["<>\[\\\]^`{|}]', lambda found: "%%%02X" % ord(found[0]), url).replace("%25", "%")


def by_davit(files):
    """File -> its links as (URL, line, verdict)."""
    links = {file: [] for file in files}
    for start in range(0, len(files), BATCH):
        command = [DAVIT, "check", "-v", "-q", "-o", "jsonl", "--exclude", "^(https?|ftp|mailto|tel|xmpp):"]
        run = subprocess.run(command + files[start:start + BATCH], stdout=subprocess.PIPE, check=False)
        assert run.returncode in (0, 1), run.returncode
        for row in map(json.loads, run.stdout.decode("utf-8", "replace").splitlines()):
            page = urllib.parse.unquote(row.get("page", ""))[len("file://"):]
            if page in links and (row["element"], row["attribute"]) in KINDS:
                links[page].append((row["raw"], row["line"], row["verdict"]))
    return links


def by_remark(files):
    run = subprocess.run(["node", "--stack-size=8000", NODE_MODULES + "/oracle.js"],
                         input="\n".join(files).encode(), stdout=subprocess.PIPE, check=True)
    return {row["file"]: row for row in map(json.loads, run.stdout.decode("utf-8", "surrogatepass").splitlines())}


def is_missing(file, url, remark):
    """Whether remark's names say that the fragment of the URL is missing; None: it is not known."""
    if re.match(r"^[a-zA-Z][a-zA-Z0-9+.-]*:|^//", url) or "#" not in url:
        return None
    path, fragment = url.split("#", 1)
    path = urllib.parse.unquote(path.split("?")[0])
    target = os.path.normpath(os.path.join(os.path.dirname(file), path)) if path else file
    fragment = urllib.parse.unquote(fragment)
    if target not in remark or "names" not in remark[target] or not fragment:
        return None
    names = {name.lower() for name in remark[target]["names"]}
    wanted = fragment.lower()
    if wanted == "top" or wanted[0] in "!/" or LINES.match(fragment):
        return False
    return not names & {wanted, "user-content-" + wanted, wanted.removeprefix("user-content-")}


def differences(file, davit, remark):
    """Lines that say what only one of them has."""
    ours, theirs = collections.defaultdict(list), collections.defaultdict(list)
    for url, line, _ in davit:
        ours[spelled(url)].append(line)
    for url, first, last in remark[file]["links"]:
        if not NOWHERE.match(url):
            theirs[spelled(url)].append((first, last))
    for url in sorted(set(ours) | set(theirs)):
        for _ in range(len(theirs[url]) - len(ours[url])):
            yield "unseen %s:%s %s" % (file, theirs[url][0][0], url)
        for _ in range(len(ours[url]) - len(theirs[url])):
            yield "invented %s:%s %s" % (file, ours[url][0], url)
        if len(ours[url]) == len(theirs[url]):
            for line, (first, last) in zip(sorted(ours[url]), sorted(theirs[url])):
                if first and not first <= line <= last:
                    yield "line %s:%s %s: remark says %s" % (file, line, url, first)
    for url, line, verdict in davit:
        missing = is_missing(file, url, remark)
        if missing is not None and missing != (verdict == "fragment-missing"):
            yield "%s %s:%s %s" % ("silent" if missing else "alarm", file, line, url)


def main():
    files = files_of(sys.argv[1], sys.argv[2:])
    remark = by_remark(files)
    files = [file for file in files if "links" in remark.get(file, {})]
    davit = by_davit(files)
    counts = collections.Counter(files=len(files))
    for file in files:
        counts["links of davit"] += len(davit[file])
        counts["links of remark"] += sum(not NOWHERE.match(link[0]) for link in remark[file]["links"])
        counts["missing fragments"] += sum(verdict == "fragment-missing" for _, _, verdict in davit[file])
        for line in differences(file, davit[file], remark):
            explained = any(line.startswith(which) and re.search(pattern, line) for which, pattern in EXPLAINED)
            counts["explained" if explained else line.split()[0]] += 1
            if not explained:
                print(line)
    print(", ".join("%s: %d" % item for item in counts.items()))
    faults = sum(counts[what] for what in ("unseen", "invented", "line", "silent", "alarm"))
    print("%d faults" % faults)
    return faults > 0


if __name__ == "__main__":
    sys.exit(main())
