"""A small C tokenizer for the style gates.

It knows what a gate has to know to trust what it reads: comments, strings and character constants
(so that a brace in one is no brace), line continuations, and preprocessor lines as one token each
(so that a #define's braces do not unbalance a function). It does not preprocess.
"""

import re
from collections import namedtuple

COMMENT, DIRECTIVE, STRING, NAME, NUMBER, PUNCT = "comment directive string name number punct".split()

Token = namedtuple("Token", "kind text line end_line")

_PATTERN = re.compile(
    r"""
    (?P<space>   (?: [ \t\f\v\r\n] | \\\r?\n )+ )
  | (?P<comment> /\*.*?\*/ | //(?:[^\n\\]|\\.)* )
  | (?P<string>  (?:u8|[LuU])? " (?:[^"\\\n]|\\.)* " | [LuU]? ' (?:[^'\\\n]|\\.)* ' )
  | (?P<name>    [A-Za-z_]\w* )
  | (?P<number>  \.?[0-9] (?: [eEpP][+-] | [\w.] )* )
  | (?P<punct>   \.\.\. | <<= | >>= | -> | \+\+ | -- | && | \|\|
                 | <<|>> | [<>=!+*/%&|^-]=  | \#\# | [][(){};:,.?~<>=!+*/%&|^\#-] | \\ )
    """,
    re.VERBOSE | re.DOTALL,
)

# To the end of the line, over continuations, comments and strings.
_DIRECTIVE = re.compile(
    r"""\#(?: \\\r?\n | /\*.*?\*/ | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' | [^\n] )*""",
    re.VERBOSE | re.DOTALL,
)


class TokenError(Exception):
    def __init__(self, line, what):
        super().__init__(what)
        self.line = line


def tokenize(source):
    """All tokens of a source, in order, comments and preprocessor lines among them."""
    tokens = []
    at = 0
    line = 1
    is_line_start = True  # nothing but space and comments so far on this line
    while at < len(source):
        match = None
        if is_line_start and source[at] == "#":
            match, kind = _DIRECTIVE.match(source, at), DIRECTIVE
        if match is None:
            match = _PATTERN.match(source, at)
            kind = match.lastgroup if match else None
        if match is None:
            raise TokenError(line, "cannot read this as C: %r" % source[at : at + 20])
        text = match.group()
        end_line = line + text.count("\n")
        if kind != "space":
            tokens.append(Token(kind, text, line, end_line))
        is_line_start = "\n" in text if kind == "space" else is_line_start and kind == COMMENT
        at, line = match.end(), end_line
    return tokens


def code_of(tokens):
    """Without comments and preprocessor lines."""
    return [token for token in tokens if token.kind not in (COMMENT, DIRECTIVE)]


_INCLUDE = re.compile(r'#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')

Include = namedtuple("Include", "path is_system line")


def includes_of(tokens):
    """The includes of a file, in order."""
    found = []
    for token in tokens:
        match = _INCLUDE.match(token.text) if token.kind == DIRECTIVE else None
        if match:
            found.append(Include(match.group(1) or match.group(2), bool(match.group(2)), token.line))
    return found


# --- functions ---


class Function:
    """A function definition: where it is, and what check_size.py measures of it."""

    def __init__(self, name, first_line, last_line, parameters, nesting, branches):
        self.name = name
        self.first_line = first_line
        self.last_line = last_line
        self.lines = last_line - first_line + 1
        self.parameters = parameters
        self.nesting = nesting
        self.branches = branches


_CLOSING = {"(": ")", "{": "}", "[": "]"}


def _skip_group(code, at):
    """`at` is at an opening bracket; returns what stands behind its closing one."""
    depth = 0
    start = at
    while at < len(code):
        if code[at].text in _CLOSING:
            depth += 1
        elif code[at].text in _CLOSING.values():
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    raise TokenError(code[start].line, "'%s' is never closed" % code[start].text)


class _Body:
    """Reads the statements of a function body. `nesting` is how deep control statements stand in
    each other, with or without braces; `else if` stands beside its `if`. `branches` counts them."""

    def __init__(self, code, at, loops):
        self.code = code
        self.at = at
        self.loops = {"for", "while", "switch"} | loops
        self.nesting = 0
        self.branches = 0
        self._block(0)

    def _text(self, ahead=0):
        at = self.at + ahead
        if at >= len(self.code):
            raise TokenError(self.code[-1].line, "the file ends within a function")
        return self.code[at].text

    def _block(self, depth):
        self.at += 1
        while self._text() != "}":
            self._statement(depth)
        self.at += 1

    def _controlled(self, depth):
        self.nesting = max(self.nesting, depth + 1)
        self._statement(depth + 1)

    def _if(self, depth):
        self.branches += 1
        self.at = _skip_group(self.code, self.at + 1)
        self._controlled(depth)
        if self._text() != "else":
            return
        self.at += 1
        if self._text() == "if":
            self._if(depth)
        else:
            self._controlled(depth)

    def _statement(self, depth):
        word = self._text()
        if word == "{":
            self._block(depth)
        elif word == "if":
            self._if(depth)
        elif word in self.loops and self._text(1) == "(":
            self.branches += 1
            self.at = _skip_group(self.code, self.at + 1)
            self._controlled(depth)
        elif word == "do":
            self.branches += 1
            self.at += 1
            self._controlled(depth)
            self._plain()  # while (...);
        elif word in ("case", "default"):
            self._label()
        elif self.code[self.at].kind == NAME and self._text(1) == ":":
            self.at += 2
        else:
            self._plain()

    def _label(self):
        while self._text() != ":":
            self.at = self.at + 1 if self._text() not in _CLOSING else _skip_group(self.code, self.at)
        self.at += 1

    def _plain(self):
        while self._text() != ";":
            if self._text() == "}":
                return  # a macro that ends a block without a semicolon
            self.at = self.at + 1 if self._text() not in _CLOSING else _skip_group(self.code, self.at)
        self.at += 1


def _count_parameters(group):
    """`group` is what stands between a function's parentheses. "..." is not counted."""
    if not group or [token.text for token in group] == ["void"]:
        return 0
    depth = 0
    count = 1
    for token in group:
        depth += token.text in _CLOSING
        depth -= token.text in _CLOSING.values()
        count += token.text == "," and depth == 0
    return count - (group[-1].text == "...")


_NO_FUNCTION = {"__attribute__", "_Alignas", "_Static_assert", "__typeof__", "typeof", "sizeof"}


def _declarator(declaration):
    """The name and the parameters of the function that `declaration` begins, or None. A name with
    parentheses behind it that is not an attribute is one; one that returns a function pointer has
    its name and parameters within the first parentheses."""
    at = 0
    while at < len(declaration):
        token = declaration[at]
        if token.text == "=":
            return None  # an initializer
        if token.text != "(":
            at += 1
            continue
        end = _skip_group(declaration, at)
        before = declaration[at - 1] if at else None
        if declaration[at + 1].text == "*":
            return _declarator(declaration[at + 2 : end - 1])
        if before and before.kind == NAME and before.text not in _NO_FUNCTION:
            return before.text, declaration[at + 1 : end - 1]
        at = end
    return None


def functions_of(tokens, loops=frozenset()):
    """The function definitions of a file. `loops`: macros that are loops."""
    code = code_of(tokens)
    found = []
    start = at = 0
    while at < len(code):
        text = code[at].text
        if text == ";":
            start = at = at + 1
        elif text != "{":
            at = _skip_group(code, at) if text in _CLOSING else at + 1
        elif not _declarator(code[start:at]):
            at = _skip_group(code, at)  # a struct, an enum, an initializer: a ';' follows
        else:
            name, parameters = _declarator(code[start:at])
            body = _Body(code, at, set(loops))
            found.append(
                Function(
                    name,
                    code[start].line,
                    code[body.at - 1].line,
                    _count_parameters(parameters),
                    body.nesting,
                    body.branches,
                )
            )
            start = at = body.at
    return found
