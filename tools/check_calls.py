#!/usr/bin/env python3
"""Calls that only one file may make. base/banned.h makes malloc and its like compile errors; this
finds what a macro cannot: `free` is also a member's name, and some C library functions allocate
behind the caller's back. And a store is called through its gate, by another store too.
"""

import ctokens
from gate import Gate

# Call: (the files that may make it, what the others use).
OWNED = {
    # unicode.c: utf8proc gives what it made with malloc().
    "free": ({"src/base/mem.c", "src/text/unicode.c"}, "mem_free()"),
    "strdup": (set(), "mem_copy_text() or arena_text()"),
    "strndup": (set(), "mem_copy_text() or arena_text()"),
    "asprintf": (set(), "buf_addf()"),
    "vasprintf": (set(), "buf_addf()"),
    "reallocarray": (set(), "mem_resize()"),
    "aligned_alloc": (set(), "mem_new() or an arena"),
    "posix_memalign": (set(), "mem_new() or an arena"),
    "getline": (set(), "a struct buf"),
    "clock_gettime": ({"src/base/clock.c"}, "base/clock.h, which tests can hold still"),
    "gettimeofday": (set(), "base/clock.h, which tests can hold still"),
    "time": (set(), "base/clock.h, which tests can hold still"),
    "rand": (set(), "base/random.h"),
    "random": (set(), "base/random.h"),
    "getrandom": ({"src/base/random.c"}, "base/random.h"),
    "strerror": (set(), "err_sys(), which is safe between threads"),
    "abort": ({"src/base/mem.c"}, "BUG()"),
    "exit": ({"src/cli/main.c"}, "a return value"),
}


GATE = "src/store/store.c"


def check_file(gate, path):
    code = ctokens.code_of(ctokens.tokenize(gate.read(path)))
    for table, arrow in zip(code, code[1:]):
        is_call = table.text == "ops" and arrow.text == "->"
        if is_call and path.startswith("src/store/") and path != GATE:
            gate.find(path, table.line, "a call past the gate: use the functions of store/store.h")
    for before, token, after in zip(code, code[1:], code[2:]):
        owners, instead = OWNED.get(token.text, (None, None))
        is_call = after.text == "(" and before.text not in (".", "->")
        if owners is not None and is_call and path not in owners:
            gate.find(path, token.line, "%s(): use %s" % (token.text, instead))


def main():
    gate = Gate(__doc__)
    gate.parse()
    for path in gate.files(["src"], (".c", ".h")):
        check_file(gate, path)
    gate.exit()


if __name__ == "__main__":
    main()
