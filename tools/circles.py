"""Circles among the files of src/: what a file stands on must not stand on it.

A module is x.c with x.h and x.def, and with x_priv.h, which is for x's siblings in the folder; one
that has no x beside it stands for itself. Two questions are asked:

includes: a module points at those whose headers it includes.
calls: besides, a header may declare what its siblings define (x_priv.h does, and backend.h), so
    that none includes the other. Who includes such a header points at each sibling of whose
    functions it names one.

Modules that reach each other are a circle. Calls through tables and callbacks are no arrows: they
are how the lower calls the upper. Nor is what include/ declares: who links it may call all of it.
"""

import os
import sys

import ctokens


class File:
    """What a file includes, defines, declares and names."""

    def __init__(self, source):
        tokens = ctokens.tokenize(source)
        code = ctokens.code_of(tokens)
        self.includes = ctokens.includes_of(tokens)
        self.defines = {function.name for function in ctokens.functions_of(tokens)}
        self.declares = {name.text for name, after in zip(code, code[1:]) if after.text == "("}
        self.names = {}  # name: the line where it stands first
        for token in code:
            if token.kind == ctokens.NAME:
                self.names.setdefault(token.text, token.line)


def _module_of(path, files):
    stem = os.path.splitext(path)[0]
    short = stem[: -len("_priv")] if stem.endswith("_priv") else stem
    return short if short + ".c" in files or short + ".h" in files else stem


def _definers_of(files):
    """(folder, function): the modules that define it."""
    definers = {}
    for path, file in files.items():
        for name in file.defines:
            definers.setdefault((os.path.dirname(path), name), set()).add(_module_of(path, files))
    return definers


def arrows_of(files, with_calls):
    """Module: {module that it points at: (file, line)}. `files`: path below src/: File."""
    definers = _definers_of(files)
    arrows = {_module_of(path, files): {} for path in files}
    for path, file in sorted(files.items()):
        mine = arrows[_module_of(path, files)]
        for include in file.includes:
            if include.path not in files:
                continue
            mine.setdefault(_module_of(include.path, files), (path, include.line))
            called = files[include.path].declares & set(file.names) - file.defines
            for name in sorted(called) if with_calls else ():
                for module in definers.get((os.path.dirname(include.path), name), ()):
                    mine.setdefault(module, (path, file.names[name]))
    for module, pointed in arrows.items():
        pointed.pop(module, None)
    return arrows


def circles_of(arrows):
    """The circles, as sorted lists of modules: Tarjan's strongly connected components."""
    sys.setrecursionlimit(10 * len(arrows) + 1000)
    order, lowest, stack, circles = {}, {}, [], []

    def visit(module):
        order[module] = lowest[module] = len(order)
        stack.append(module)
        for other in sorted(arrows[module]):
            if other not in order:
                visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in stack:
                lowest[module] = min(lowest[module], order[other])
        if lowest[module] == order[module]:
            start = stack.index(module)
            if len(stack) - start > 1:
                circles.append(sorted(stack[start:]))
            del stack[start:]

    for module in sorted(arrows):
        if module not in order:
            visit(module)
    return sorted(circles)


def tell(circle, arrows):
    """"a -> b (a.c:3), b -> a (b.c:1)": what has to go for the circle to open."""
    return ", ".join(
        "%s -> %s (%s:%d)" % ((module, other) + arrows[module][other])
        for module in circle
        for other in sorted(arrows[module])
        if other in circle
    )
