#!/usr/bin/env python3
"""The style gates themselves: each must find the fault that it is for, and nothing in clean code."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
sys.path.insert(0, TOOLS)

import ctokens  # noqa: E402

HEADER = "/* base/a.h: an example. */\n#pragma once\n"


def run_gate(gate, files, *arguments):
    """The findings of a gate over a tree of these files. @ROOT@ is where it stands."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text.replace("@ROOT@", root))
        script = os.path.join(TOOLS, "check_%s.py" % gate)
        arguments = [argument.replace("@ROOT@", root) for argument in arguments]
        command = [sys.executable, script, "--root", root] + arguments
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        findings = done.stdout.splitlines()[:-1]
        if done.stderr or done.returncode != (1 if findings else 0):
            raise AssertionError("%s: exit %d\n%s%s" % (gate, done.returncode, done.stdout, done.stderr))
        return findings


class Tokens(unittest.TestCase):
    def kinds(self, source):
        return [(token.kind, token.text) for token in ctokens.tokenize(source)]

    def test_brackets_in_text_are_no_brackets(self):
        source = "char a[] = \"{\\\"(\"; char b = '{'; /* } */ // )\nint c;"
        punct = [text for kind, text in self.kinds(source) if kind == ctokens.PUNCT]
        self.assertEqual(punct, ["[", "]", "=", ";", "=", ";", ";"])

    def test_a_directive_is_one_token(self):
        source = '#define X(a) \\\n    do { /* } */ \\\n    } while (0)\n  # if 1 /* a\n b */ && 2\nint c;'
        tokens = ctokens.tokenize(source)
        self.assertEqual([token.kind for token in tokens[:3]], ["directive", "directive", "name"])
        self.assertEqual([token.line for token in tokens[:3]], [1, 4, 6])

    def test_a_hash_within_a_line_is_punctuation(self):
        self.assertIn(("punct", "#"), self.kinds("a # b"))

    def test_numbers(self):
        for number in ["0x1fU", "1e+5", "1.5f", ".5", "0x1p-3", "10ULL"]:
            self.assertEqual(self.kinds(number), [("number", number)])

    def test_continued_strings_and_lines(self):
        self.assertEqual(len(self.kinds('"a\\\nb"')), 1)
        self.assertEqual([token.line for token in ctokens.tokenize("a \\\n b\nc")], [1, 2, 3])

    def test_what_is_not_c_is_said_with_its_line(self):
        with self.assertRaises(ctokens.TokenError) as caught:
            ctokens.tokenize("int a;\nint b = \"open;\n")
        self.assertEqual(caught.exception.line, 2)

    def test_includes(self):
        tokens = ctokens.tokenize('#include "a/b.h"\n/* #include "c.h" */\n# include <d.h> // x\n')
        self.assertEqual(ctokens.includes_of(tokens), [("a/b.h", False, 1), ("d.h", True, 3)])


class Functions(unittest.TestCase):
    def functions(self, source):
        return ctokens.functions_of(ctokens.tokenize(source), {"EACH"})

    def one(self, source):
        (function,) = self.functions(source)
        return function

    def measure(self, body):
        function = self.one("void f(void)\n{\n" + body + "\n}\n")
        return function.nesting, function.branches

    def test_only_definitions_are_functions(self):
        source = """
            struct s { int a; void (*fn)(int); };
            enum e { A = (1), B };
            static int declared(int a);
            static const struct s table[] = { {1, fn(2)}, {3} };
            _Static_assert(sizeof(int) == 4, "{");
            #define M(x) void x(void) { if (x) { }
            static void *defined(struct s *s, int (*fn)(int, int)) __attribute__((pure));
            static __attribute__((cold)) void *defined(struct s *s, int (*fn)(int, int))
            {
                return (struct s){.a = 1}.fn;
            }
            void (*returns_a_pointer(int a))(int, int) { return 0; }
        """
        names = [(found.name, found.parameters) for found in self.functions(source)]
        self.assertEqual(names, [("defined", 2), ("returns_a_pointer", 1)])

    def test_parameters(self):
        cases = {"void": 0, "": 0, "int a": 1, "int a, ...": 1, "int (*f)(int, int), char a[2]": 2}
        for parameters, count in cases.items():
            self.assertEqual(self.one("int f(%s) { }" % parameters).parameters, count, parameters)

    def test_lines_from_signature_to_brace(self):
        function = self.one("/* c */\n\nstatic int\nf(void)\n{\n    return 1;\n}\n")
        self.assertEqual((function.first_line, function.last_line, function.lines), (3, 7, 5))

    def test_nesting_and_branches(self):
        cases = [
            ("return;", (0, 0)),
            ("if (a) b();", (1, 1)),
            ("if (a) { b(); } else if (c) { d(); } else { e(); }", (1, 2)),
            ("for (;;) if (a) while (b) c();", (3, 3)),
            ("for (;;) { if (a) { do { b(); } while (c); } }", (3, 3)),
            ("{ { { a(); } } }", (0, 0)),
            ("switch (a) { case 1: b(); break; case (2): { if (c) d(); } default: e(); }", (2, 2)),
            ("switch (a) { case A ? 1 : 2: b(); }", (1, 1)),
            ("EACH (a, b) if (c) d();", (2, 2)),
            ("struct s t = {.f = {1, 2}, .g = (int[]){3}}; a = b ? c : d;", (0, 0)),
            ("again: if (a) goto again;", (1, 1)),
            ("if (a)\n#if X\nb();\n#endif\nc();", (1, 1)),
        ]
        for body, expected in cases:
            self.assertEqual(self.measure(body), expected, body)

    def test_else_nests_no_deeper_than_its_if(self):
        body = "if (a) b(); else { if (c) d(); else { if (e) f(); } }"
        self.assertEqual(self.measure(body), (3, 3))

    def test_a_real_file_is_read(self):
        with open(os.path.join(TOOLS, "..", "src", "base", "str.c"), encoding="utf-8") as file:
            names = {function.name for function in self.functions(file.read())}
        self.assertLessEqual({"str_of_c", "str_compare", "str_cut", "is_ows", "hex_value"}, names)


class Layers(unittest.TestCase):
    def findings(self, path, include):
        target = {"src/" + include[1:-1]: ""} if include.startswith('"') else {}
        return run_gate("layers", {**target, "src/" + path: "#include %s\n" % include})

    def test_down_is_fine(self):
        for path, include in [
            ("http/a.c", '"text/uri.h"'),
            ("wire/a.c", '"io/loop.h"'),
            ("wire/a.c", "<nghttp2/nghttp2.h>"),
            ("store/directory/a.c", '"store/store.h"'),
            ("store/directory/a.c", '"store/backend.h"'),
            ("store/view/view.c", '"store/backend.h"'),
            ("server/settings.h", '"store/view/view.h"'),
            ("store/directory/a.c", "<sqlite3.h>"),
            ("store/directory/a.c", '"store/directory/a_priv.h"'),
            ("store/registry.c", '"store/memory/memory.h"'),
            ("dav/method/put.c", '"exchange/exchange.h"'),
            ("dav/method/put.c", '"store/store.h"'),
            ("io/a.c", "<sys/epoll.h>"),
            ("base/a.c", "<string.h>"),
        ]:
            self.assertEqual(self.findings(path, include), [], (path, include))

    def test_up_and_across_is_found(self):
        for path, include, why in [
            ("base/a.c", '"text/uri.h"', "base may not include text"),
            ("text/a.c", '"xml/reader.h"', "text may not include xml"),
            ("store/a.c", '"http/status.h"', "store may not include http"),
            ("dav/a.c", '"wire/wire.h"', "dav may not include wire"),
            ("dav/a.c", '"store/directory/directory.h"', "dav may not include store/directory"),
            ("store/a.c", '"store/view/view.h"', "store may not include store/view"),
            ("store/directory/a.c", '"store/view/view.h"', "store/directory may not include store/view"),
            ("dav/a.c", '"store/backend.h"', "is for stores"),
            ("store/memory/a.c", '"store/directory/directory.h"', "store/memory may not include store/directory"),
            ("store/memory/a.c", "<sqlite3.h>", "lives in check and store/directory"),
            ("http/a.c", "<expat.h>", "lives in xml"),
            ("http/a.c", "<unistd.h>", "does no I/O"),
            ("dav/a.c", "<pthread.h>", "only through base/executor.h"),
            ("base/a.c", "<lua.h>", "has no home"),
            ("new/a.c", '"base/a.h"', "in no row"),
            ("wire/a.c", '"http/h_priv.h"', "for the files of http/ only"),
        ]:
            found = self.findings(path, include)
            self.assertEqual(len(found), 1, (path, include, found))
            self.assertRegex(found[0], r"^src/%s:1: .*%s" % (path, why))

    TABLE = "| folder | what it is | may include | libraries |\n|---|---|---|---|\n"

    def test_the_table_is_the_law(self):
        table = self.TABLE + "| `a` | | | `expat` |\n| `b`, `store/c` | words | a | |\n"
        files = {"src/a/a.h": "#include <expat.h>\n", "src/b/b.h": ""}
        files["src/store/c/c.c"] = '#include "a/a.h"\n'
        self.assertEqual(run_gate("layers", {**files, "docs/architecture.md": table}), [])
        files["src/a/a.c"] = '#include "b/b.h"\n#include <zlib.h>\n'
        found = run_gate("layers", {**files, "docs/architecture.md": table})
        self.assertEqual(len(found), 2, found)
        self.assertIn("a may not include b", found[0])

    def test_the_table_is_checked_itself(self):
        table = self.TABLE + "| `a` | | b | `expat`, `lua` |\n| `b` | | | |\n| `c` | | | |\n"
        found = run_gate("layers", {"src/a/a.h": "", "src/b/b.h": "", "docs/architecture.md": table})
        self.assertRegex(found[0], "a may include b, which does not stand above it")
        self.assertRegex(found[1], "does not know the headers of lua")
        self.assertRegex(found[2], "there is no src/c/")

    def test_a_path_that_is_not_below_src_is_found(self):
        found = run_gate("layers", {"src/base/a.c": '#include "arena.h"\n'})
        self.assertRegex(found[0], "not a path below src/")


class Circles(unittest.TestCase):
    def findings(self, files, listed=""):
        files = {"src/" + path: text for path, text in files.items()}
        return run_gate("layers", {**files, "tools/circles.txt": listed})

    def test_arrows_that_all_point_down(self):
        files = {
            "text/a.c": '#include "text/a.h"\n#include "text/b.h"\n',
            "text/a.h": '#include "text/c.h"\n',
            "text/b.c": '#include "text/b.h"\n#include "text/c.h"\n',
            "text/b.h": "",
            "text/c.h": '#include "base/a.h"\n/* #include "text/a.h" */\n',
            "base/a.h": "",
        }
        self.assertEqual(self.findings(files), [])

    CIRCLE = {
        "text/a.c": '#include "text/b.h"\n',
        "text/a.h": "",
        "text/b.c": '#include "base/d.h"\n#include "text/c.h"\n',
        "text/b.h": "",
        "text/c.h": '#include "text/a.h"\n',
        "text/e.c": '#include "text/a.h"\n',
        "base/d.h": "",
    }

    def test_a_circle_is_told_with_its_arrows(self):
        told = "text/a -> text/b (text/a.c:1), text/b -> text/c (text/b.c:2), text/c -> text/a (text/c.h:1)"
        found = self.findings(self.CIRCLE)
        self.assertEqual(found[1], "src/text/a:0: a circle of includes: " + told)
        self.assertEqual(len(found), 2)  # the other is that of calls

    def test_listed_circles_only_shrink(self):
        row = "# why: not\n\nincludes: text/a text/b text/c"
        self.assertEqual(self.findings(self.CIRCLE, row), [])
        found = self.findings(self.CIRCLE, row + " text/e")
        self.assertEqual(found, ["tools/circles.txt:3: in no such circle any more: text/e"])
        found = self.findings({"text/a.c": "", "text/b.c": ""}, "calls: text/a text/b")
        self.assertEqual(found, ["tools/circles.txt:1: in no such circle any more: text/a text/b"])
        found = self.findings(self.CIRCLE, "includes: text/a text/b")
        self.assertRegex(found[0], "a circle of calls")

    def test_a_header_of_siblings_hides_no_circle(self):
        files = {
            "text/a_priv.h": "void a(void);\nvoid b(void);\nvoid c(void);\n",
            "text/a.c": '#include "text/a_priv.h"\nvoid a(void)\n{\n    b();\n}\n',
            "text/b.c": '#include "text/a_priv.h"\nvoid b(void)\n{\n}\n',
            "text/c.c": '#include "text/a_priv.h"\nvoid c(void)\n{\n    b();\n}\n',
        }
        told = "a circle of calls: text/a -> text/b (text/a.c:4), text/b -> text/a (text/b.c:1)"
        self.assertEqual(self.findings(files), ["src/text/a:0: " + told])
        del files["text/a.c"]  # then it stands for itself, beneath both
        self.assertEqual(self.findings(files), [])


class Size(unittest.TestCase):
    def function(self, lines):
        return "int f(void)\n{\n" + "    a();\n" * (lines - 3) + "}\n"

    def findings(self, source, path="src/base/a.c"):
        return run_gate("size", {path: source})

    def test_at_the_limit_is_fine(self):
        self.assertEqual(self.findings(self.function(70)), [])
        self.assertEqual(self.findings("int f(int a, int b, int c, int d, int e)\n{\n}\n"), [])
        self.assertEqual(self.findings("/* %s */\n" % ("§" * 94)), [])
        self.assertEqual(self.findings("int a;\n" * 200, "src/base/a.h"), [])
        files = {"src/base/a.def": "ROW(1)\n" * 900, "src/base/a.c": "int a;\n"}
        self.assertEqual(run_gate("size", files), [])

    def test_beyond_it_is_found(self):
        for source, what in [
            (self.function(71), r"a\.c:1: f\(\): 71 lines, at most 70"),
            ("int f(int a, int b, int c, int d, int e, int g)\n{\n}\n", "6 parameters"),
            ("int f(void)\n{\nif (a) if (b) if (c) if (d) e();\n}\n", "4 nesting"),
            ("int f(void)\n{\n" + "if (a) b();\n" * 16 + "}\n", "16 branches"),
            ("/* %s */\n" % ("§" * 95), "101 columns"),
            ("int a;\n" * 801, "801 lines, at most 800"),
        ]:
            found = self.findings(source)
            self.assertEqual(len(found), 1, found)
            self.assertRegex(found[0], what)
        self.assertRegex(self.findings("int a;\n" * 201, "src/base/a.h")[0], "201 lines, at most 200")

    def test_folders_do_not_grow_without_end(self):
        files = {"src/base/f%d.c" % i: "int a;\n" for i in range(16)}
        self.assertRegex(run_gate("size", files)[0], r"^src/base:0: 16 \.c files, at most 15")


class Essays(unittest.TestCase):
    LONG = "int a;\n" * 101

    def findings(self, source, path="src/base/a.c"):
        return run_gate("essays", {path: source})

    def test_essays(self):
        essay = "/* One\n * two\n * three\n * four\n * five\n * six. */\n"
        self.assertEqual(self.findings(essay + self.LONG), [])
        self.assertEqual(self.findings("int a;\n" * 100), [])
        self.assertRegex(self.findings(self.LONG)[0], "no essay at the top")
        self.assertRegex(self.findings('#include "x"\n' + essay + self.LONG)[0], "no essay")
        self.assertRegex(self.findings("/* One. */\n" + self.LONG)[0], "essay of 1 lines")

    def test_notes_to_do_later(self):
        for word in ["TODO", "FIXME", "XXX"]:
            self.assertRegex(self.findings("/* %s: later */\n" % word)[0], word)
        self.assertEqual(self.findings("/* TODO(#12): later */\n"), [])
        self.assertEqual(self.findings('char *todo = "TODO";\n'), [])

    def test_code_that_is_kept_as_a_comment(self):
        for line in [
            "free(memory);",
            "x->count = 0;",
            "int left = max - used;",
            "return false;",
            "if (x->count > 3) {",
            "(void)close(fd);",
            "#include <stdio.h>",
        ]:
            self.assertRegex(self.findings("/* %s */\nint a;\n" % line)[0], "commented-out", line)
            self.assertRegex(self.findings("/*\n * %s\n */\nint a;\n" % line)[0], "a.c:2: comm", line)
        self.assertRegex(self.findings("#if 0\nint a;\n#endif\n")[0], "#if 0")
        self.assertRegex(self.findings("// words\n")[0], "a // comment")

    def test_prose_about_code_is_no_code(self):
        for line in [
            "calls free(memory); the owner must not",
            "return with the lock held; see there",
            "The claim is taken before; so check and change are one step.",
            "h1_scan() finds the end;",
            "if it is empty",
            "DATA: at least one byte was appended;",
            "1 = yes; 0 = no;",
        ]:
            self.assertEqual(self.findings("/* %s */\nint a;\n" % line), [], line)


class Headers(unittest.TestCase):
    COMMANDS = (
        '[{"directory": "@ROOT@", "file": "src/base/a.c",'
        ' "command": "gcc -Isrc -Wall -Wextra -Wpedantic -MD -MF a.d -o a.o -c src/base/a.c"}]'
    )

    def findings(self, source):
        files = {"src/base/a.h": source, "compile_commands.json": self.COMMANDS}
        return run_gate("headers", files, "--build", "@ROOT@")

    def test_a_header_that_stands_alone(self):
        self.assertEqual(self.findings(HEADER + "struct a { int b; };\n"), [])

    def test_what_it_lacks(self):
        for source, what in [
            (HEADER + "size_t f(void);\n", r"a\.h:3: does not compile alone: .*size_t"),
            ("/* base/a.h: x. */\n", "no #pragma once"),
            ("#pragma once\n", "does not open with a comment"),
            ("/* base/b.h: moved. */\n#pragma once\n", r"says that it is base/b\.h"),
        ]:
            self.assertRegex("\n".join(self.findings(source)), what)


class Docs(unittest.TestCase):
    def findings(self, page):
        files = {
            "docs/a.md": page,
            "docs/b.md": "# Title\n\n## Two words, `code` & more\n",
            "src/base/a.c": "",
            "tests/a.wire": "",
        }
        return run_gate("docs", files)

    def test_what_is_there(self):
        page = (
            "See [b](b.md), [up](../docs/b.md#title), [two](b.md#two-words-code--more),\n"
            "[web](https://example.com/x), [here](#self), `src/base/a.c`, `src/base/`,\n"
            "`tests/*.wire`, `src/<folder>/x.c`, `[no](link.md)`, a bare src/base/a.c, base/a.c, a.c.\n"
            "    src/base/a.c -> base/a.c\n\n# Self\n"
            "```\n[not](a-link.md) `src/not/there.c`\n```\n"
        )
        self.assertEqual(self.findings(page), [])

    def test_what_is_not(self):
        for page, what in [
            ("x\n[b](c.md)", "a.md:2: a link to nowhere: c.md"),
            ("[b](b.md#three)", "no such heading: b.md#three"),
            ("[b](#three)", "no such heading"),
            ("[b](/docs/b.md)", "an absolute link"),
            ("![b](b.png)", "a link to nowhere"),
            ("`src/base/b.c`", "there is no src/base/b.c"),
            ("see src/base/b.c.", "there is no src/base/b.c"),
            ("`text/a.c`", "there is no text/a.c"),
            ("    a.c -> b.h", "there is no b.h"),
            ("`tests/b*.wire`", "there is no tests/b*.wire"),
        ]:
            found = self.findings(page)
            self.assertEqual(len(found), 1, (page, found))
            self.assertIn(what, found[0])


    def test_where_it_is_tested(self):
        head = "| you look for | it is in | tested in |\n|---|---|---|\n"
        rows = "| a thing | `src/a.c` | `tests/a.py` |\n| b | `src/a.c` | |\n| c | `src/a.c` |\n"
        files = {"docs/where.md": head + rows, "src/a.c": "", "tests/a.py": ""}
        found = run_gate("docs", files)
        self.assertEqual(len(found), 2, found)
        self.assertRegex(found[0], "where.md:4: does not say where this is tested: b")


class Calls(unittest.TestCase):
    def findings(self, line, path="src/dav/a.c"):
        return run_gate("calls", {path: "void f(void)\n{\n    %s\n}\n" % line})

    def test_calls(self):
        self.assertRegex(self.findings("free(a);")[0], r"a\.c:3: free\(\): use mem_free\(\)")
        self.assertRegex(self.findings("x = time(NULL);")[0], "base/clock.h")
        self.assertEqual(self.findings("free(a);", "src/base/mem.c"), [])
        self.assertEqual(self.findings("a->free(b); a.free(b); g(a, free); /* free(a) */"), [])

    def test_calls_past_the_gate_of_stores(self):
        call = "inner->ops->stat(inner, path, &stat);"
        self.assertRegex(self.findings(call, "src/store/view/view.c")[0], "past the gate")
        self.assertEqual(self.findings(call, "src/store/store.c"), [])
        self.assertEqual(self.findings("fault->base.ops = &ops;", "src/store/fault/a.c"), [])


@unittest.skipUnless(shutil.which("clang-format"), "clang-format is not installed")
class Format(unittest.TestCase):
    def test_format(self):
        style = {".clang-format": "BasedOnStyle: LLVM\n"}
        self.assertEqual(run_gate("format", {**style, "src/a.c": "int a;\n"}), [])
        found = run_gate("format", {**style, "src/a.c": "int a;\nint   b;\n"})
        self.assertRegex(found[0], r"src/a\.c:2: not as clang-format")


if __name__ == "__main__":
    unittest.main()
