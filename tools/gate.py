"""What the style gates share: which files there are, and how findings are told.

A gate is a script of its own that prints `file:line: what` for each finding and exits with 1 when
there is one. It takes `--root DIR` so that tests/tools can point it at a tree with faults in it.
"""

import argparse
import os
import sys


class Gate:
    def __init__(self, description):
        self.parser = argparse.ArgumentParser(description=description)
        here = os.path.dirname(os.path.abspath(__file__))
        self.parser.add_argument("--root", default=os.path.dirname(here), help="the repository")
        self.findings = []
        self.checked = 0
        self.counts = []  # more to tell at the end: "3 of these"

    def parse(self):
        self.options = self.parser.parse_args()
        self.root = os.path.abspath(self.options.root)
        return self.options

    def files(self, folders, suffixes):
        """Paths relative to the root, sorted."""
        for folder in folders:
            for path, subfolders, names in os.walk(os.path.join(self.root, folder)):
                subfolders[:] = sorted(
                    name for name in subfolders if not name.startswith((".", "build", "__pycache__"))
                )
                for name in sorted(names):
                    if name.endswith(suffixes):
                        yield os.path.relpath(os.path.join(path, name), self.root)

    def read(self, path):
        self.checked += 1
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            return file.read()

    def find(self, path, line, what):
        self.findings.append((path, line, what))

    def exit(self):
        for path, line, what in sorted(set(self.findings)):
            print("%s:%d: %s" % (path, line, what))
        counts = ["%d files" % self.checked, *self.counts, "%d findings" % len(set(self.findings))]
        print(", ".join(counts))
        # A gate that looked at nothing has not passed.
        sys.exit(1 if self.findings or self.checked == 0 else 0)
