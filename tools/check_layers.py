#!/usr/bin/env python3
"""Folders are layers and arrows point down: each #include in src/ against docs/architecture.md's table.

That table is the only list of who may include whom, and of which library has its home where; it is
checked itself. A folder below a layer (dav/method) is part of it, unless it is in store/, where each
has its own row. Headers named *_priv.h are for their own folder. A header of the system or of a
library that no table names is a finding too: somebody has to decide where it lives. Within a layer
arrows make no circles (tools/circles.py says what one is) but those in tools/circles.txt.
"""

import os
from collections import namedtuple

import circles
import ctokens
from gate import Gate

# The page with the table; this repository's where the tree that is looked at has none.
TABLE = "docs/architecture.md"

# Headers of include/ are their layer's like any other; "davit/multistatus.h" is multistatus's.
PUBLIC = {"davit": "multistatus"}

# The only files that know backends by name.
BACKENDS_ARE_NAMED_IN = {"src/store/registry.c"}

# What backends provide: callers have the functions of store/store.h.
OF_STORES_ONLY = "store/backend.h"

# The table's names of libraries, and how their headers begin. One that begins in two ways is the
# longer one's.
LIBRARIES = {
    "brotli": "brotli/",
    "cmark-gfm": "cmark-gfm",
    "dlopen": "dlfcn.h",
    "expat": "expat.h",
    "fnmatch": "fnmatch.h",
    "glob": "glob.h",
    "iconv": "iconv.h",
    "jansson": "jansson.h",
    "libcrypt": "crypt.h",
    "libcurl": "curl/",
    "libidn2": "idn2.h",
    "nghttp2": "nghttp2/",
    "openssl": "openssl/",
    "openssl's verdicts": "openssl/x509_vfy.h",
    "regex": "regex.h",
    "sqlite3": "sqlite3.h",
    "utf8proc": "utf8proc.h",
    "zlib": "zlib.h",
    "zstd": "zstd.h",
}

# Headers of C that change nothing about a layer.
EVERYWHERE = set(
    "assert.h ctype.h errno.h inttypes.h limits.h stdarg.h stdatomic.h stdbool.h stddef.h stdint.h "
    "stdio.h stdlib.h string.h time.h".split()
)

# Layers that do no I/O and know no threads: EVERYWHERE and what is named here (inet_pton() reads
# an address and does nothing else).
WITHOUT_SYSTEM = {"text": {"arpa/inet.h"}, "xml": set(), "http": set(), "multistatus": set()}

# Threads are for those who own them; above io and store there are only executors.
WITH_THREADS = {"base", "io", "store", "access", "server", "cli"}

# What else of the system the other layers may use, by its beginning.
SYSTEM = (
    "arpa/ dirent.h fcntl.h getopt.h grp.h linux/ malloc.h netdb.h netinet/ poll.h pwd.h pthread.h resolv.h sched.h "
    "semaphore.h setjmp.h signal.h spawn.h sys/ syslog.h termios.h unistd.h".split()
)

# The circles that are let pass: "includes:" or "calls:", and the modules of one.
CIRCLES = "tools/circles.txt"


def layer_of(path):
    """"store/directory" for a backend's file, otherwise the first folder."""
    folders = os.path.dirname(path).split("/")
    folders[0] = PUBLIC.get(folders[0], folders[0])
    return "/".join(folders[:2]) if folders[0] == "store" else folders[0]


Layer = namedtuple("Layer", "may libraries")
LAYERS = {}  # as read_table() finds them


def words_of(cell):
    return {word.strip(" `") for word in cell.split(",")} - {""}


def read_table(gate):
    """The rows of TABLE: a layer's name: the layers that it may include, and its libraries."""
    has_own = os.path.exists(os.path.join(gate.root, TABLE))
    root = gate.root if has_own else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    with open(os.path.join(root, TABLE), encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in line.split("|")[1:-1]]
            if len(cells) == 4 and cells[0].startswith("`"):
                row = Layer(words_of(cells[2]), words_of(cells[3]))
                LAYERS.update((name.strip(" `"), row) for name in cells[0].split(","))
    return has_own


def check_table(gate, folders):
    """Each row has its folder, and arrows point up in it."""
    above = set()
    for layer, row in LAYERS.items():
        for name in sorted(row.may - above):
            gate.find(TABLE, 0, "%s may include %s, which does not stand above it" % (layer, name))
        for name in sorted(row.libraries - set(LIBRARIES)):
            gate.find(TABLE, 0, "%s: tools/check_layers.py does not know the headers of %s" % (layer, name))
        if layer not in folders:
            gate.find(TABLE, 0, "there is no src/%s/" % layer)
        above.add(layer)


def why_not_own(path, included):
    """What is wrong with a file of `src/` including another; None: nothing."""
    mine, other = layer_of(path), layer_of(included)
    if included.endswith("_priv.h") and os.path.dirname(path) != os.path.dirname(included):
        return "is for the files of %s/ only" % os.path.dirname(included)
    for layer in (mine, other):
        if layer not in LAYERS:
            return "%s/ is in no row of docs/architecture.md's table" % layer
    if included == OF_STORES_ONLY and mine.split("/")[0] != "store":
        return "is for stores: call one through store/store.h"
    if mine == other or other in LAYERS[mine].may or "src/" + path in BACKENDS_ARE_NAMED_IN:
        return None
    return "%s may not include %s" % (mine, other)


def library_of(included):
    """The name of the library whose header it is; None: it is the system's, or nobody's."""
    fitting = [name for name in LIBRARIES if included.startswith(LIBRARIES[name])]
    return max(fitting, key=lambda name: len(LIBRARIES[name]), default=None)


def why_not_system(path, included):
    """The same for a header in angle brackets."""
    mine = layer_of(path)
    if included in EVERYWHERE or mine not in LAYERS:
        return None
    library = library_of(included)
    if library:
        homes = sorted(layer for layer in LAYERS if library in LAYERS[layer].libraries)
        return None if mine in homes else "lives in %s" % " and ".join(homes)
    if not included.startswith(tuple(SYSTEM)):
        return "has no home: give it a row in tools/check_layers.py"
    if mine in WITHOUT_SYSTEM:
        allowed = included in WITHOUT_SYSTEM[mine]
        return None if allowed else "%s does no I/O: it may not use the system" % mine
    if included in ("pthread.h", "semaphore.h") and mine.split("/")[0] not in WITH_THREADS:
        return "%s knows threads only through base/executor.h" % mine
    return None


def listed_circles(gate):
    """What: the rows of CIRCLES about it, as (line, modules)."""
    listed = {"includes": [], "calls": []}
    if os.path.exists(os.path.join(gate.root, CIRCLES)):
        with open(os.path.join(gate.root, CIRCLES), encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                what, colon, modules = line.partition(":")
                if colon and not line.startswith("#"):
                    listed[what].append((number, set(modules.split())))
    return listed


def check_circles(gate, files):
    """Each circle must be listed, or be a part of one that is; each row must be whole."""
    listed = listed_circles(gate)
    passed = []
    for what in listed:
        arrows = circles.arrows_of(files, with_calls=what == "calls")
        found = [set(circle) for circle in circles.circles_of(arrows)]
        gate.counts.append("%d circles of %s" % (len(found), what))
        passed += [row for _, row in listed[what]]  # one of includes is one of calls too
        for circle in found:
            if not any(circle <= row for row in passed):
                told = circles.tell(sorted(circle), arrows)
                gate.find("src/" + min(circle), 0, "a circle of %s: %s" % (what, told))
        for line, row in listed[what]:
            gone = row.difference(*(circle for circle in found if circle <= row))
            if gone:
                gate.find(CIRCLES, line, "in no such circle any more: " + " ".join(sorted(gone)))


def main():
    gate = Gate(__doc__)
    gate.parse()
    has_table = read_table(gate)
    files = {}
    for path in gate.files(["src"], (".c", ".h", ".def")):
        inside = path[len("src/") :]
        files[inside] = circles.File(gate.read(path))
        for include in files[inside].includes:
            if include.is_system:
                why = why_not_system(inside, include.path)
            elif not any(os.path.exists(os.path.join(gate.root, folder, include.path))
                         for folder in ("src", "include")):
                why = "is not a path below src/ or include/"
            else:
                why = why_not_own(inside, include.path)
            if why:
                gate.find(path, include.line, "%s: %s" % (include.path, why))
    if has_table:
        check_table(gate, {layer_of(path) for path in files})
    check_circles(gate, files)
    gate.exit()


if __name__ == "__main__":
    main()
