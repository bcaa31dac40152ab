#!/usr/bin/env python3
"""Comments that have to be there, and what must not be left lying about.

A .c file of more than 100 lines opens with an essay: the problem, the idea, the invariants. Nowhere
is there a note to do something later without the number of its issue, code under `#if 0`, or a
comment that is a statement.
"""

import re

import ctokens
from gate import Gate

ESSAY_FROM_LINES = 100
ESSAY_LINES = (6, 40)  # style.md asks for 8 to 40; one that is done in six is let be

_LATER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))")

# A line of a comment that is a whole C statement: it ends in ';' or '{', and what stands before
# reads as a call, an assignment, a return or a control statement. Prose can end in ';' but then
# has more words between.
_STATEMENT = re.compile(
    r"""^\s*\*?\s*(?:
        return\b[^.]*;
      | (?:\(void\)\s*!?)?[a-z_]\w*(?:(?:->|\.)\w+)*\([^;]*\);
      | (?:[a-z_]+\s+\*?)?[a-z_]\w*(?:(?:->|\.)\w+|\[[^]]*\])*\s*(?:[-+*/|&^]|<<|>>)?=[^=;]+;
      | (?:if|for|while|switch)\s*\(.*\)\s*\{?
      | \}\s*(?:else\s*\{)?
      | \#\s*(?:include|define)\b.*
    )\s*$""",
    re.VERBOSE,
)


def check_opening(gate, path, tokens, source):
    lines = source.count("\n")
    if lines <= ESSAY_FROM_LINES:
        return
    if not tokens or tokens[0].kind != ctokens.COMMENT or tokens[0].line != 1:
        gate.find(path, 1, "%d lines, and no essay at the top" % lines)
        return
    length = tokens[0].text.count("\n") + 1
    if not ESSAY_LINES[0] <= length <= ESSAY_LINES[1]:
        gate.find(path, 1, "an essay of %d lines; it should have %d to %d" % (length, *ESSAY_LINES))


def check_comment(gate, path, token):
    if token.text.startswith("//"):
        gate.find(path, token.line, "a // comment; write /* ... */")
    for offset, line in enumerate(token.text[2:].removesuffix("*/").split("\n")):
        later = _LATER.search(line)
        if later:
            gate.find(path, token.line + offset, "%s without an issue: (#123)" % later.group(1))
        # In a public header an indented line of a comment shows how to use it.
        is_example = path.startswith("include/") and re.match(r"\s*\*\s{5}", line)
        if _STATEMENT.match(line) and not is_example:
            gate.find(path, token.line + offset, "commented-out code")


def check_file(gate, path):
    source = gate.read(path)
    try:
        tokens = ctokens.tokenize(source)
    except ctokens.TokenError as error:
        gate.find(path, error.line, str(error))
        return
    if path.startswith("src/") and path.endswith(".c"):
        check_opening(gate, path, tokens, source)
    for token in tokens:
        if token.kind == ctokens.COMMENT:
            check_comment(gate, path, token)
        elif token.kind == ctokens.DIRECTIVE and re.match(r"#\s*if\s+0\b", token.text):
            gate.find(path, token.line, "code under #if 0")


def main():
    gate = Gate(__doc__)
    gate.parse()
    for path in gate.files(["src", "include", "tests"], (".c", ".h", ".def")):
        check_file(gate, path)
    gate.exit()


if __name__ == "__main__":
    main()
