#!/usr/bin/env python3
"""The size budget: how much a reader must hold in mind at once.

Functions: lines from the signature to the closing brace, parameters, nesting of control statements
(with or without braces; `else if` stands beside its `if`), and branches (if, loops and switch, as
clang-tidy's readability-function-size counts them). Files: lines and columns. Folders: .c files.
Tables of rows (*.def) are exempt.
"""

import os
import re
from collections import Counter

import ctokens
from gate import Gate

FUNCTION_MAX = {"lines": 70, "parameters": 5, "nesting": 3, "branches": 15}
FILE_LINES_MAX = {".c": 800, ".h": 200}
COLUMNS_MAX = 100
FOLDER_C_FILES_MAX = 15

# (file, function or "", what): the value that is let pass. Each with its reason. One that is no
# longer needed is a finding.
EXCEPTIONS = {
    # OpenSSL and nghttp2 call them, and say with what.
    ("src/io/tls.c", "free_material", "parameters"): 6,
    ("src/io/tls.c", "choose_protocol", "parameters"): 6,
    ("src/io/tls.c", "use_ticket", "parameters"): 6,
    ("src/wire/h2_send.c", "read_body", "parameters"): 7,
    ("src/wire/h2_send.c", "h2_send_data", "parameters"): 6,
    ("src/wire/h2_session.c", "header", "parameters"): 6,
    ("src/wire/h2_session.c", "invalid_header", "parameters"): 6,
    ("src/wire/h2_session.c", "data_chunk", "parameters"): 6,
}


def loop_macros(root):
    """The macros that .clang-format, too, is told are loops."""
    path = os.path.join(root, ".clang-format")
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as file:
        match = re.search(r"^ForEachMacros:\s*\[([^]]*)\]", file.read(), re.MULTILINE)
    return {name.strip() for name in match.group(1).split(",")} if match else set()


class Budget:
    """Compares what was measured with what is allowed, and remembers which exceptions it used."""

    def __init__(self, gate):
        self.gate = gate
        self.used = set()

    def hold(self, path, line, subject, what, value, allowed):
        key = (path, subject, what)
        if value <= allowed:
            return
        if EXCEPTIONS.get(key, 0) >= value:
            self.used.add(key)
            return
        name = subject + "(): " if subject else ""
        self.gate.find(path, line, "%s%d %s, at most %d" % (name, value, what, allowed))

    def close(self):
        for key in sorted(set(EXCEPTIONS) - self.used):
            if os.path.exists(os.path.join(self.gate.root, key[0])):
                self.gate.find(key[0], 1, "the exception for %s %s is not needed" % key[1:])


def check_file(gate, budget, path, loops):
    source = gate.read(path)
    lines = source.splitlines()
    budget.hold(path, 1, "", "lines", len(lines), FILE_LINES_MAX[os.path.splitext(path)[1]])
    for number, line in enumerate(lines, 1):
        budget.hold(path, number, "", "columns", len(line.expandtabs(8)), COLUMNS_MAX)
    try:
        functions = ctokens.functions_of(ctokens.tokenize(source), loops)
    except ctokens.TokenError as error:
        gate.find(path, error.line, str(error))
        return
    for function in functions:
        for what, allowed in FUNCTION_MAX.items():
            value = getattr(function, what)
            budget.hold(path, function.first_line, function.name, what, value, allowed)


def main():
    gate = Gate(__doc__)
    gate.parser.add_argument("folders", nargs="*", default=["src", "include"])
    options = gate.parse()
    budget = Budget(gate)
    loops = loop_macros(gate.root)
    c_files = Counter()
    for path in gate.files(options.folders, (".c", ".h")):
        check_file(gate, budget, path, loops)
        c_files[os.path.dirname(path)] += path.endswith(".c")
    for folder, count in c_files.items():
        budget.hold(folder, 0, "", ".c files", count, FOLDER_C_FILES_MAX)
    budget.close()
    gate.exit()


if __name__ == "__main__":
    main()
