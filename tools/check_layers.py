#!/usr/bin/env python3
"""Folders are layers and arrows point down: each #include in src/ against the tables below.

The tables are docs/architecture.md's "who may include whom". A folder below a layer (dav/method)
is part of it. Headers named *_priv.h are for their own folder. A header of the system or of a
library that no table names is a finding too: somebody has to decide where it lives. Within a layer
arrows make no circles (tools/circles.py says what one is) but those in tools/circles.txt.
"""

import os

import circles
import ctokens
from gate import Gate

FOUNDATION = {"base"}
PURE = FOUNDATION | {"text", "xml", "stream"}
CONTRACTS = {"store", "access"}

# Layer: what it may include besides itself.
LAYERS = {
    "base": set(),
    "text": FOUNDATION,
    "xml": FOUNDATION,
    "stream": FOUNDATION,
    "http": PURE,
    "io": PURE,
    "multistatus": PURE | {"http"},
    "wire": FOUNDATION | {"text", "stream", "http", "io"},
    "store": FOUNDATION | {"text", "stream"},
    "access": FOUNDATION | {"text", "http"},
    "exchange": PURE | {"http", "multistatus", "access"},
    "dav": PURE | CONTRACTS | {"http", "multistatus", "exchange"},
    "client": PURE | {"http", "io", "multistatus"},
    "gateway": PURE | CONTRACTS | {"http", "multistatus", "exchange", "dav", "client"},
    "extension": PURE | CONTRACTS | {"http", "multistatus", "exchange", "dav"},
    "check": PURE | {"http", "io", "multistatus", "client"},
    "server": PURE | CONTRACTS
    | {"http", "io", "multistatus", "wire", "exchange", "dav", "client", "gateway", "extension"},
    "cli": PURE | CONTRACTS
    | {"http", "io", "multistatus", "wire", "exchange", "dav", "client", "gateway", "extension", "check", "server"},
}

# A backend is a folder of store/. It sees the contract, never another backend.
BACKEND_MAY_ALSO = {"store/cluster": {"client"}}

# Headers of include/ are their layer's like any other; "davit/multistatus.h" is multistatus's.
PUBLIC = {"davit": "multistatus"}

# Folders of store/ that are no backend: they are made of stores, for all who may see the contract.
MADE_OF_STORES = {"store/view"}

# The only files that know backends by name.
BACKENDS_ARE_NAMED_IN = {"src/store/registry.c"}

# What backends provide: callers have the functions of store/store.h.
OF_STORES_ONLY = "store/backend.h"

# Third-party headers, by their beginning, and their one home (access and io share TLS).
HOMES = {
    "expat.h": {"xml"},
    "zlib.h": {"stream"},
    "openssl/x509_vfy.h": {"access", "client", "io"},
    "openssl/": {"io", "access"},
    "nghttp2/": {"wire"},
    "sqlite3.h": {"check", "store/directory"},
    "utf8proc.h": {"text"},
    "libpq-fe.h": {"store/cluster"},
    "crypt.h": {"access"},
    "jansson.h": {"access"},
    "curl/": {"client"},
    "dlfcn.h": {"client"},
    "idn2.h": {"check"},
    "iconv.h": {"check"},
    "regex.h": {"check"},
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
    "signal.h spawn.h sys/ syslog.h termios.h unistd.h".split()
)

# The circles that are let pass: "includes:" or "calls:", and the modules of one.
CIRCLES = "tools/circles.txt"


def layer_of(path):
    """"store/directory" for a backend's file, otherwise the first folder."""
    folders = os.path.dirname(path).split("/")
    folders[0] = PUBLIC.get(folders[0], folders[0])
    return "/".join(folders[:2]) if folders[0] == "store" else folders[0]


def why_not_own(path, included):
    """What is wrong with a file of `src/` including another; None: nothing."""
    mine, other = layer_of(path), layer_of(included)
    if included.endswith("_priv.h") and os.path.dirname(path) != os.path.dirname(included):
        return "is for the files of %s/ only" % os.path.dirname(included)
    if mine == other:
        return None
    may = LAYERS.get(mine.split("/")[0])
    if other in MADE_OF_STORES:
        return None if may and "store" in may else "%s may not include %s" % (mine, other)
    if "/" in other:  # a backend
        if "src/" + path in BACKENDS_ARE_NAMED_IN:
            return None
        return "is a backend's: only %s may know it" % ", ".join(sorted(BACKENDS_ARE_NAMED_IN))
    if included == OF_STORES_ONLY and mine.split("/")[0] != "store":
        return "is for stores: call one through store/store.h"
    if "/" in mine and other == "store":
        return None
    if may is None:
        return "%s/ is in no row of the layer table" % mine
    if other in may | BACKEND_MAY_ALSO.get(mine, set()):
        return None
    if other not in LAYERS:
        return "%s/ is in no row of the layer table" % other
    return "%s may not include %s" % (mine, other)


def why_not_system(path, included):
    """The same for a header in angle brackets."""
    mine = layer_of(path)
    if included in EVERYWHERE:
        return None
    for header, homes in HOMES.items():
        if included.startswith(header):
            return None if mine in homes else "lives in %s" % " and ".join(sorted(homes))
    if not included.startswith(tuple(SYSTEM)):
        return "has no home: give it a row in tools/check_layers.py"
    if mine in WITHOUT_SYSTEM:
        allowed = included in WITHOUT_SYSTEM[mine]
        return None if allowed else "%s does no I/O: it may not use the system" % mine
    if included == "pthread.h" and mine.split("/")[0] not in WITH_THREADS:
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
    check_circles(gate, files)
    gate.exit()


if __name__ == "__main__":
    main()
